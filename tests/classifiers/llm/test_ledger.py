from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.classifiers.llm.answer_store import AnswerStore, Database
from harness.classifiers.llm.ledger import BudgetError, Charge, Ledger, Prices
from harness.classifiers.llm.transports import Answer
from harness.values.errors import ClassifierError


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
        with pytest.raises(BudgetError, match="0.0001"), ledger.reserving(0.0001):
            pass
    # Neither said what it cost, so that both count in full.
    assert ledger.total() == 1.0


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
