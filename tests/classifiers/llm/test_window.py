from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from harness.classifiers.llm.window import AHEAD, ordered


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert list(ordered(slow_first, range(50), 4)) == [item * item for item in range(50)]


def test_nothing_in_nothing_out() -> None:
    assert list(ordered(str, [], 3)) == []


def test_items_are_taken_as_they_are_needed() -> None:
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for item in range(100_000):
            taken = item + 1
            yield item

    results = ordered(lambda item: item, source(), 2)
    assert [next(results) for _ in range(5)] == list(range(5))
    assert taken <= 5 + AHEAD * 2
    results.close()  # type: ignore[attr-defined]


def test_an_error_ends_it_and_begins_nothing_new() -> None:
    begun = []
    lock = threading.Lock()

    def work(item: int) -> int:
        with lock:
            begun.append(item)
        if item == 3:
            raise ValueError("three")
        time.sleep(0.005)
        return item

    with pytest.raises(ValueError, match="three"):
        list(ordered(work, range(1000), 2))
    assert len(begun) < 20


def test_what_waits_is_told_to_stop() -> None:
    stopped = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            raise ValueError("zero")
        return int(stopped.wait(10))

    began = time.monotonic()
    with pytest.raises(ValueError, match="zero"):
        list(ordered(work, range(8), 2, stop=lambda _: stopped.set()))
    assert time.monotonic() - began < 5


def test_a_reader_who_leaves_stops_it_too() -> None:
    errors: list[BaseException] = []
    results = ordered(lambda item: item, range(1000), 2, stop=errors.append)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert [type(error) for error in errors] == [GeneratorExit]
