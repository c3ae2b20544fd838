from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from harness.classifiers.protocol import Example, Examples
from harness.serving.probability_cache import MAX_TEXT_LENGTH, ProbabilityCache


class TextLength:
    """Answers with the length of each text, and records the texts of every call."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, examples: Examples) -> Any:
        self.calls.append([example.text for example in examples])
        return np.array([[len(example.text), 0.0] for example in examples]).reshape(-1, 2)


def untargeted(*texts: str) -> list[Example]:
    return [Example(text) for text in texts]


def test_cached_rows_are_returned_in_the_order_of_the_examples() -> None:
    cache, compute = ProbabilityCache(3), TextLength()
    cache.lookup(compute, untargeted("a", "bb"))
    assert cache.lookup(compute, untargeted("ccc", "bb", "dddd", "a"))[:, 0].tolist() == [3, 2, 4, 1]
    assert compute.calls == [["a", "bb"], ["ccc", "dddd"]]


def test_the_least_recently_used_example_is_dropped_first() -> None:
    cache, compute = ProbabilityCache(2), TextLength()
    cache.lookup(compute, untargeted("a", "bb"))
    cache.lookup(compute, untargeted("a"))
    cache.lookup(compute, untargeted("ccc"))
    cache.lookup(compute, untargeted("a", "bb"))
    assert compute.calls == [["a", "bb"], ["ccc"], ["bb"]]


@pytest.mark.parametrize(("length", "times"), [(MAX_TEXT_LENGTH, 1), (MAX_TEXT_LENGTH + 1, 2)])
def test_long_texts_are_not_cached(length: int, times: int) -> None:
    cache, compute = ProbabilityCache(2), TextLength()
    for _ in range(2):
        cache.lookup(compute, untargeted("a" * length))
    assert len(compute.calls) == times


def test_the_target_is_part_of_the_key() -> None:
    cache, compute = ProbabilityCache(9), TextLength()
    for target in ("Varna", "Coast", "Varna"):
        cache.lookup(compute, [Example("a", target)])
    assert len(compute.calls) == 2


def test_no_examples_have_the_shape_of_some() -> None:
    assert ProbabilityCache(2).lookup(TextLength(), []).shape == (0, 2)


def test_too_few_rows_are_returned_as_they_are_for_the_caller_to_refuse() -> None:
    cache = ProbabilityCache(2)
    assert cache.lookup(lambda examples: np.zeros((1, 2)), untargeted("a", "b")).shape == (1, 2)
    assert TextLength()(untargeted("a")).shape == cache.lookup(TextLength(), untargeted("a")).shape


def test_threads_may_share_it() -> None:
    cache, compute, wrong = ProbabilityCache(5), TextLength(), list[Any]()

    def work(first: int) -> None:
        for n in range(200):
            texts = ["x" * ((first + n + k) % 9 + 1) for k in range(3)]
            if cache.lookup(compute, untargeted(*texts))[:, 0].tolist() != [len(text) for text in texts]:
                wrong.append(texts)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
