from __future__ import annotations

import pytest

from harness.classifiers.llm.pacing import Circuit, Pace, ServerGoneError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_limits_nothing_waits() -> None:
    pace = Pace(clock=Clock())
    assert [pace.delay(1000) for _ in range(3)] == [0, 0, 0]


def test_requests_a_minute_space_the_turns() -> None:
    pace = Pace(requests=30, clock=Clock())
    assert [pace.delay(0) for _ in range(3)] == [0, 2, 4]


def test_tokens_a_minute_space_the_turns() -> None:
    # 600 a minute are 10 a second: 50 tokens take 5 seconds, 20 take 2.
    pace = Pace(tokens=600, clock=Clock())
    assert [pace.delay(50), pace.delay(20), pace.delay(0)] == [0, 5, 7]


def test_a_refusal_slows_down_and_answers_speed_up_again() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    clock.now = 101
    pace.refused(100.5, wait=3)
    assert pace.delay(0) == 3
    assert pace.interval == pytest.approx(0.1)
    pace.answered()
    assert pace.interval == pytest.approx(0.095)
    for _ in range(100):
        pace.answered()
    assert pace.interval == 0


def test_refusals_of_requests_in_flight_together_count_once() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    clock.now = 101
    for _ in range(8):
        pace.refused(100.5, wait=0)
    assert pace.interval == pytest.approx(0.1)
    clock.now = 102
    pace.refused(101.5, wait=0)
    assert pace.interval == pytest.approx(0.2)


def test_answers_never_pass_the_limit() -> None:
    pace = Pace(requests=60, clock=Clock())
    for _ in range(50):
        pace.answered()
    assert pace.interval == 1


def test_the_circuit_opens_after_failures_in_a_row() -> None:
    circuit = Circuit(3)
    for _ in range(2):
        circuit.failed("gone")
    circuit.succeeded()
    for _ in range(2):
        circuit.failed("gone")
    circuit.check()
    circuit.failed("gone for good")
    circuit.open("another reason")
    with pytest.raises(ServerGoneError, match="gone for good"):
        circuit.check()
