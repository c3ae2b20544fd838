"""The connection against a server that fails in every way."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.classifiers.llm.answer_store import Database
from harness.classifiers.llm.connection import (
    MAX_BYTES,
    Connection,
    DeclinedError,
    UnansweredError,
    UnsupportedError,
)
from harness.classifiers.llm.ledger import Charge, Ledger, Prices
from harness.classifiers.llm.pacing import MAX_INTERVAL, MAX_REFUSED, Pace, ServerGoneError
from harness.classifiers.llm.window import ordered
from harness.classifiers.remote import BudgetError
from harness.values.errors import ClassifierError
from tests.classifiers.llm.stub_server import Played, Script, serving

OK = Played({"model": "tiny", "answer": 1})


def after(*failures: Played) -> Script:
    """Play the failures first, one a request, then answer."""
    return lambda request: failures[request.number] if request.number < len(failures) else OK


class Recording(Connection):
    """A connection that notes its waits, and waits for nothing."""

    def __init__(self, url: str, **options: Any) -> None:
        self.waits: list[float] = []
        super().__init__(url, **{"sleep": self.waits.append, "concurrency": 2, "timeout": 5.0, **options})


Connect = Callable[..., Recording]


@pytest.fixture
def connection() -> Iterator[Connect]:
    """Open connections, which are closed after the test."""
    opened: list[Recording] = []

    def connect(url: str, **options: Any) -> Recording:
        opened.append(Recording(url, **options))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


FAILURES = {
    "429": Played({"error": {"message": "slow down"}}, 429),
    "429 with Retry-After": Played({}, 429, {"Retry-After": "7"}),
    "500": Played(b"oops", 500),
    "503": Played({"error": {"message": "loading model"}}, 503),
    "cut": Played(cut=True),
    "no JSON": Played(b"<html>"),
    "no object": Played([1, 2]),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_is_sent_again(failure: str, connection: Connect) -> None:
    with serving(after(FAILURES[failure], FAILURES[failure])) as stub:
        opened = connection(stub.url)
        reply = opened.post("/chat/completions", {"a": 1})
    assert reply.data == OK.body
    assert reply.retries == 2
    assert [request.path for request in stub.requests] == ["/v1/chat/completions"] * 3
    assert {request.body["a"] for request in stub.requests} == {1}


def test_retry_after_is_waited_for(connection: Connect) -> None:
    with serving(after(FAILURES["429 with Retry-After"])) as stub:
        opened = connection(stub.url)
        opened.post("/x", {})
    assert max(opened.waits) >= 7


def test_waits_grow_and_are_spread(connection: Connect) -> None:
    with serving(after(*[FAILURES["500"]] * 5)) as stub:
        opened = connection(stub.url, attempts=6, concurrency=10)
        opened.post("/x", {})
    waits = opened.waits
    assert len(waits) == 5
    assert all(0 <= wait <= 2**number for number, wait in enumerate(waits))


def test_a_wait_that_is_too_long_ends_it(connection: Connect) -> None:
    away = after(Played({}, 429, {"Retry-After": "86400"}))
    with serving(away) as stub, pytest.raises(ServerGoneError, match="86,400"):
        connection(stub.url).post("/x", {})
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    "failure",
    [Played(OK.body, delay=1.0), Played({"x": "y" * 200}, drip=0.05)],
    ids=["hang", "slow drip"],
)
def test_an_attempt_ends_at_the_deadline(failure: Played, connection: Connect) -> None:
    with serving(after(failure)) as stub:
        began = time.monotonic()
        assert connection(stub.url, timeout=0.2).post("/x", {}).retries == 1
        assert time.monotonic() - began < 0.9
    assert len(stub.requests) == 2


def test_too_long_an_answer_is_not_read(connection: Connect) -> None:
    with serving(after(Played(b" " * (MAX_BYTES + 1)))) as stub:
        assert connection(stub.url).post("/x", {}).retries == 1


class Clock:
    """Moved by what waits, so that minutes pass at once."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lines: list[tuple[float, str]] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def notify(self, line: str) -> None:
        self.lines.append((self.now, line))


def waiting_for(script: Script, connection: Connect, count: int, **options: Any) -> tuple[Clock, str]:
    """Ask so many things one after the other; return what was said meanwhile, and the error, if any."""
    clock = Clock()
    made = {"pace": Pace(clock=clock), "sleep": clock.sleep, "notify": clock.notify, "attempts": 100}
    with serving(script) as stub:
        opened = connection(stub.url, **made | options)
        try:
            for number in range(count):
                opened.post("/x", {"item": number})
        except ServerGoneError as error:
            return clock, str(error)
    return clock, ""


def test_a_server_that_refuses_everything_is_waited_for_aloud_and_not_for_ever(connection: Connect) -> None:
    clock, error = waiting_for(lambda _: FAILURES["429"], connection, 1)
    assert "429" in error
    assert MAX_REFUSED < clock.now - 100 < MAX_REFUSED + 2 * MAX_INTERVAL
    assert {line.split(":")[0] for _, line in clock.lines} == {"waiting"}
    moments = [moment for moment, _ in clock.lines]
    # Waits grow and are drawn at random: the first that is long is said, whichever it is.
    assert moments[0] - 100 < 30
    assert all(30 <= after - before < 120 for before, after in itertools.pairwise(moments))
    assert len(moments) >= 4


def test_a_server_that_breaks_down_is_waited_for_aloud(connection: Connect) -> None:
    clock, error = waiting_for(lambda _: FAILURES["503"], connection, 1, concurrency=8)
    assert "503" in error
    assert len(clock.lines) >= 2
    assert all("503" in line for _, line in clock.lines)


def test_a_server_that_refuses_now_and_then_is_not_spoken_of(connection: Connect) -> None:
    clock, error = waiting_for(
        lambda request: FAILURES["429"] if request.number % 3 == 0 else OK, connection, 60
    )
    assert error == ""
    assert clock.lines == []


def test_a_long_wait_that_the_server_asks_for_is_said_at_once(connection: Connect) -> None:
    clock, _ = waiting_for(after(FAILURES["429 with Retry-After"]), connection, 1)
    assert [moment for moment, _ in clock.lines] == [100]


def test_at_last_it_gives_up(connection: Connect) -> None:
    with serving(lambda _: FAILURES["429"]) as stub, pytest.raises(UnansweredError, match="429"):
        connection(stub.url, attempts=3).post("/x", {})
    assert len(stub.requests) == 3


def test_a_server_that_is_gone_is_not_asked_on_and_on(connection: Connect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    opened = connection(f"http://127.0.0.1:{port}/v1", concurrency=2, attempts=8)
    with pytest.raises(ServerGoneError, match=str(port)):
        list(ordered(lambda item: opened.post("/x", {"item": item}), range(1000), 2))
    assert opened.circuit.opened.is_set()
    waits = len(opened.waits)
    with pytest.raises(ServerGoneError):
        opened.post("/x", {})
    assert len(opened.waits) == waits


@pytest.mark.parametrize(
    ("played", "error"),
    [
        (Played({"error": {"code": "content_filter", "message": "no"}}, 400), DeclinedError),
        (Played({"error": {"message": "unknown url"}}, 404), UnsupportedError),
        (Played({"detail": "Method Not Allowed"}, 405), UnsupportedError),
        (Played({"error": {"code": "insufficient_quota", "message": "pay"}}, 429), ClassifierError),
        (Played({"error": "bad"}, 400), UnsupportedError),
        (Played({}, 401), ClassifierError),
    ],
)
def test_what_will_not_change_is_not_sent_again(
    played: Played, error: type[ClassifierError], connection: Connect
) -> None:
    with serving(lambda _: played) as stub, pytest.raises(ClassifierError) as caught:
        connection(stub.url).post("/x", {})
    assert type(caught.value) is error
    assert len(stub.requests) == 1


def test_the_key_is_sent_and_does_not_follow_a_redirect(connection: Connect) -> None:
    with serving(lambda _: OK) as other:
        away = Played({}, 307, {"Location": f"{other.url}/x"})
        with serving(lambda _: away) as stub, pytest.raises(ClassifierError, match="307"):
            connection(stub.url, key="canary-key").post("/x", {"text": "secret text"})
    assert stub.requests[0].headers["authorization"].split() == ["Bearer", "canary-key"]
    assert other.requests == []
    assert "canary-key" not in repr(connection(stub.url, key="canary-key"))


def test_without_a_key_none_is_sent(connection: Connect) -> None:
    with serving(lambda _: OK) as stub:
        connection(stub.url).post("/x", {})
    assert "authorization" not in stub.requests[0].headers


@pytest.fixture
def slow_server() -> Iterator[Script]:
    return lambda _: Played(OK.body, delay=0.05)


def test_threads_ask_at_the_same_time(slow_server: Script, connection: Connect) -> None:
    with serving(slow_server) as stub:
        opened = connection(stub.url, concurrency=4, timeout=10.0)

        def ask(item: int) -> int:
            return opened.post("/x", {"item": item}).retries

        assert list(ordered(ask, range(40), 4)) == [0] * 40
    assert stub.most_at_once == 4


def test_a_limit_of_ones_own_is_kept(connection: Connect) -> None:
    with serving(lambda _: OK) as stub:
        opened = connection(stub.url, pace=Pace(requests=60))
        for _ in range(3):
            opened.post("/x", {})
    # The turns are a second apart; nothing slept, so that each waits for all before it.
    assert [round(wait) for wait in opened.waits] == [1, 2]


@pytest.fixture
def charge(tmp_path: Path) -> Iterator[Charge]:
    database = Database(tmp_path / "llm.sqlite")
    # A million tokens cost 1: an attempt at most 0.002, and the answer below 0.001.
    yield Charge(Ledger(database, "here", budget=0.005), Prices(1.0, 1.0), 1000, 1000)
    database.close()


PAID = Played({"usage": {"prompt_tokens": 900, "completion_tokens": 100}})


@pytest.mark.parametrize(
    ("failure", "cost"),
    [(FAILURES["429"], 0.001), (FAILURES["cut"], 0.003), (FAILURES["500"], 0.003)],
    ids=["refused", "cut", "broken"],
)
def test_attempts_that_may_be_charged_are_counted(
    failure: Played, cost: float, connection: Connect, charge: Charge
) -> None:
    with serving(lambda request: failure if request.number == 0 else PAID) as stub:
        connection(stub.url).post("/x", {}, charge=charge)
    assert charge.ledger.total() == pytest.approx(cost)


def test_the_budget_stops_requests_before_it_is_passed(connection: Connect, charge: Charge) -> None:
    with serving(lambda _: PAID) as stub:
        opened = connection(stub.url)
        for _ in range(4):
            opened.post("/x", {}, charge=charge)
        with pytest.raises(BudgetError):
            opened.post("/x", {}, charge=charge)
    # After four there is 0.001 left, and an attempt may cost 0.002.
    assert len(stub.requests) == 4
    assert charge.ledger.total() == pytest.approx(0.004)


def test_requests_beside_each_other_wait_for_room_in_the_budget(charge: Charge, connection: Connect) -> None:
    # Two of a worst case of 0.002 fit beside each other; each costs 0.0001, a fiftieth of the budget.
    cheap = Played({"usage": {"prompt_tokens": 90, "completion_tokens": 10}}, delay=0.01)
    with serving(lambda _: cheap) as stub:
        opened = connection(stub.url, concurrency=8, sleep=None)
        sent = list(ordered(lambda item: opened.post("/x", {"item": item}, charge=charge), range(30), 8))
        assert len(sent) == len(stub.requests) == 30
        assert stub.most_at_once == 2
        # The last one is sent where 0.002 are left, and after it less are.
        with pytest.raises(BudgetError):
            list(ordered(lambda item: opened.post("/x", {"item": item}, charge=charge), range(30), 8))
    assert len(stub.requests) == 31
    assert charge.ledger.total() == pytest.approx(0.0031)
    # A wait for room is not a slow answer.
    assert max(reply.seconds for reply in sent) < 0.5


def test_what_waits_for_room_stops_with_the_run(charge: Charge, connection: Connect) -> None:
    with serving(lambda _: PAID) as stub:
        opened = connection(stub.url, sleep=None)
        with charge.reserving(), charge.reserving(), ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(opened.post, "/x", {}, charge=charge) for _ in range(2)]
            opened.circuit.open("stopped")
            for future in waiting:
                with pytest.raises(ServerGoneError, match="stopped"):
                    future.result(10)
    assert stub.requests == []


@pytest.mark.parametrize("status", [401, 404])
def test_what_is_turned_away_costs_nothing(status: int, connection: Connect, charge: Charge) -> None:
    with serving(lambda _: Played({}, status)) as stub, pytest.raises(ClassifierError):
        connection(stub.url).post("/x", {}, charge=charge)
    assert charge.ledger.total() == 0
