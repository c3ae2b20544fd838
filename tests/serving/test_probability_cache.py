from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from harness.classifiers.protocol import Example, Examples
from harness.serving.probability_cache import LONGEST, ProbabilityCache


class Asked:
    """Says how long a text is; notes what it was asked."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []

    def __call__(self, examples: Examples) -> Any:
        self.texts.append([one.text for one in examples])
        return np.array([[len(one.text), 0.0] for one in examples]).reshape(-1, 2)


def some(*texts: str) -> list[Example]:
    return [Example(text) for text in texts]


def test_what_was_asked_lately_is_known_in_the_order_asked() -> None:
    window, ask = ProbabilityCache(3), Asked()
    window.lookup(ask, some("a", "bb"))
    assert window.lookup(ask, some("ccc", "bb", "dddd", "a"))[:, 0].tolist() == [3, 2, 4, 1]
    assert ask.texts == [["a", "bb"], ["ccc", "dddd"]]


def test_of_more_than_fit_the_oldest_goes() -> None:
    window, ask = ProbabilityCache(2), Asked()
    window.lookup(ask, some("a", "bb"))
    window.lookup(ask, some("a"))
    window.lookup(ask, some("ccc"))
    window.lookup(ask, some("a", "bb"))
    assert ask.texts == [["a", "bb"], ["ccc"], ["bb"]]


@pytest.mark.parametrize(("length", "times"), [(LONGEST, 1), (LONGEST + 1, 2)])
def test_long_texts_are_not_kept(length: int, times: int) -> None:
    window, ask = ProbabilityCache(2), Asked()
    for _ in range(2):
        window.lookup(ask, some("a" * length))
    assert len(ask.texts) == times


def test_the_target_is_part_of_the_question() -> None:
    window, ask = ProbabilityCache(9), Asked()
    for target in ("Varna", "Coast", "Varna"):
        window.lookup(ask, [Example("a", target)])
    assert len(ask.texts) == 2


def test_no_examples_have_the_shape_of_some() -> None:
    assert ProbabilityCache(2).lookup(Asked(), []).shape == (0, 2)


def test_too_few_answers_are_handed_on_to_be_refused() -> None:
    window = ProbabilityCache(2)
    assert window.lookup(lambda examples: np.zeros((1, 2)), some("a", "b")).shape == (1, 2)
    assert Asked()(some("a")).shape == window.lookup(Asked(), some("a")).shape


def test_threads_may_share_it() -> None:
    window, ask, wrong = ProbabilityCache(5), Asked(), list[Any]()

    def work(first: int) -> None:
        for n in range(200):
            texts = ["x" * ((first + n + k) % 9 + 1) for k in range(3)]
            if window.lookup(ask, some(*texts))[:, 0].tolist() != [len(text) for text in texts]:
                wrong.append(texts)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
