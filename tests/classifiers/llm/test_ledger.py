from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.classifiers.llm.answer_store import AnswerStore, Database
from harness.classifiers.llm.ledger import Charge, Ledger, Prices
from harness.classifiers.llm.transports import Answer
from harness.classifiers.remote import BudgetError
from harness.values.errors import ClassifierError
from tests.sentences import numbers


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "cache" / "llm.sqlite")
    yield opened
    opened.close()


def test_the_worst_case_is_reserved_and_the_cost_is_spent(database: Database) -> None:
    ledger = Ledger(database, "here", budget=1.0)
    with ledger.reserving(0.75) as reservation:
        assert ledger.total() == 0.75
        reservation.cost = 0.25
    assert ledger.total() == 0.25


def test_the_budget_may_be_reached_and_not_passed(database: Database) -> None:
    ledger = Ledger(database, "here", budget=1.0)
    with ledger.reserving(0.5), ledger.reserving(0.5):
        assert ledger.total() == 1.0
    # Neither said what it cost, so that both count in full.
    with pytest.raises(BudgetError, match="0.0001"), ledger.reserving(0.0001):
        pass
    assert ledger.total() == 1.0


def test_what_does_not_fit_waits_for_what_is_on_its_way(database: Database) -> None:
    ledger = Ledger(database, "here", budget=1.0)
    first, waits = ledger.reserving(0.75), []
    reservation = first.__enter__()

    def settle(seconds: float) -> None:
        waits.append(seconds)
        reservation.cost = 0.25
        first.__exit__(None, None, None)

    with ledger.reserving(0.5, settle) as second:
        assert ledger.total() == 0.75
        second.cost = 0.125
    assert len(waits) == 1
    assert ledger.total() == 0.375


def test_a_wait_ends_where_there_is_nothing_to_wait_for(database: Database) -> None:
    ledger = Ledger(database, "here", budget=1.0)

    def give_up(_: float) -> None:
        raise KeyboardInterrupt

    with ledger.reserving(0.75), pytest.raises(KeyboardInterrupt), ledger.reserving(0.5, give_up):
        pass
    assert ledger.total() == 0.75


@pytest.mark.parametrize(
    ("process", "seconds"),
    [(2**22 + 1, 600.0), (os.getpid(), -1.0), (None, None)],
    ids=["killed", "late", "old"],
)
def test_what_was_killed_stays_spent_and_is_not_waited_for(
    process: int | None, seconds: float | None, database: Database
) -> None:
    until = None if seconds is None else time.time() + seconds
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO reserved (scope, amount, process, until) VALUES ('here', 0.75, ?, ?)",
            (process, until),
        )
    ledger = Ledger(database, "here", budget=1.0)
    with ledger.reserving(0.25) as reservation:
        reservation.cost = 0.0
    assert ledger.settled() == 0.75
    with pytest.raises(BudgetError, match="killed"), ledger.reserving(0.5):
        pass


def test_a_request_of_another_process_is_waited_for(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO reserved (scope, amount, process, until) VALUES ('here', 0.75, ?, ?)",
            (os.getppid(), time.time() + 600),
        )

    def settle(_: float) -> None:
        with database.writing() as connection:
            connection.execute("DELETE FROM reserved WHERE amount = 0.75")

    assert Ledger(database, "here").settled() == 0
    with Ledger(database, "here", budget=1.0).reserving(0.5, settle):
        assert Ledger(database, "here").total() == 0.5


def test_a_file_of_before_gets_the_new_columns(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "CREATE TABLE reserved (id INTEGER PRIMARY KEY, scope TEXT NOT NULL, amount REAL NOT NULL)"
        )
        old.execute("INSERT INTO reserved (scope, amount) VALUES ('here', 0.5)")
        old.commit()
    for _ in range(2):
        database = Database(path)
        with Ledger(database, "here", budget=1.0).reserving(0.5) as reservation:
            assert Ledger(database, "here").total() == 1.0
            reservation.cost = 0.0
        database.close()


def test_a_budget_that_is_too_small_says_what_is_left_and_what_would_fit(database: Database) -> None:
    with Ledger(database, "here").reserving(5.0):
        pass
    # Of 2 since then, 1.5 is spent.
    ledger = Ledger(database, "here", budget=7.0, before=5.0)
    with ledger.reserving(1.5):
        pass
    charge = Charge(ledger, Prices(1e6, 1e6), 1, 0)
    with pytest.raises(BudgetError) as caught, charge.reserving():
        pass
    assert numbers(str(caught.value)) == [1, 2, 0.5, 1.5]
    assert "max_tokens" not in str(caught.value)
    longer = Charge(ledger, Prices(1e6, 1e6), 1, 4000)
    with pytest.raises(BudgetError, match="max_tokens"), longer.reserving():
        pass


def test_what_was_not_charged_is_free(database: Database) -> None:
    ledger = Ledger(database, "here", budget=1.0)
    with ledger.reserving(1.0) as reservation:
        reservation.cost = 0.0
    assert ledger.total() == 0.0


def test_an_error_counts_as_the_worst_case(database: Database) -> None:
    ledger = Ledger(database, "here")
    with pytest.raises(ValueError, match="lost"), ledger.reserving(0.5):
        raise ValueError("lost")
    assert ledger.total() == 0.5


def test_other_models_have_other_accounts(database: Database) -> None:
    with Ledger(database, "here").reserving(0.5):
        assert Ledger(database, "there").total() == 0


def test_a_charge_is_what_the_server_counts(database: Database) -> None:
    charge = Charge(Ledger(database, "here"), Prices(1.0, 10.0), 1000, 100)
    with charge.reserving() as reservation:
        assert charge.ledger.total() == pytest.approx(0.002)
        reservation.cost = charge.cost({"prompt_tokens": 500, "completion_tokens": 1})
    assert charge.ledger.total() == pytest.approx(0.00051)
    assert charge.cost({"prompt_tokens": 500}) is None


def spend(path: Path) -> int:
    database, sent = Database(path), 0
    ledger = Ledger(database, "here", budget=10.0)
    try:
        while True:
            with ledger.reserving(0.5):
                sent += 1
    except BudgetError:
        return sent
    finally:
        database.close()


def test_processes_share_the_budget(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert sum(pool.map(spend, [path, path])) == 20


def test_answers_are_kept(database: Database) -> None:
    store = AnswerStore(database, "http://here/v1", "tiny")
    digest = store.digest("/x", {"prompt": "a"}, 0)
    assert store.get(digest) is None
    answer = Answer({"a": 0.5, "b": 0.5}, "a", mass=0.9, model="tiny-2", input_tokens=3, output_tokens=1)
    store.add(digest, answer, 0.1)
    assert store.get(digest) == answer
    refused = Answer({}, failure="refused")
    store.add(store.digest("/x", {"prompt": "b"}, 0), refused, 0.1)
    kept_again = store.get(store.digest("/x", {"prompt": "b"}, 0))
    assert kept_again is not None
    assert kept_again.failure == "refused"


def test_everything_that_makes_a_request_is_in_its_digest(database: Database) -> None:
    stores = [AnswerStore(database, url, model) for url in ("u", "v") for model in ("m", "n")]
    digests = {
        store.digest(path, {"prompt": prompt}, repeat)
        for store in stores
        for path in ("/x", "/y")
        for prompt in ("a", "b")
        for repeat in (0, 1)
    }
    assert len(digests) == 32


def test_the_file_holds_no_text(database: Database, tmp_path: Path) -> None:
    store = AnswerStore(database, "http://here/v1", "tiny")
    store.add(store.digest("/x", {"prompt": "the canary sang"}, 0), Answer({}, "neutral"), 0.1)
    database.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert b"canary" not in content
    assert b"neutral" in content


def test_the_kind_of_request_is_remembered(database: Database) -> None:
    store = AnswerStore(database, "http://here/v1", "tiny")
    assert store.api() == ""
    store.keep_api("logprobs")
    assert store.api() == "logprobs"
    assert AnswerStore(database, "http://here/v1", "other").api() == ""


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(ClassifierError, match=r"llm\.sqlite"):
        Database(path)
