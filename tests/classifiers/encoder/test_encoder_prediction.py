"""Batches of one stretch follow those of another; every row comes back at its place."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder import prediction
from harness.classifiers.encoder.batching import Batch, Tokenizer
from harness.classifiers.encoder.prediction import Reading, computed, streamed, stretches
from harness.classifiers.protocol import Example
from tests.classifiers import tiny_models


class Echo:
    """Returns each row's number of tokens, and notes the batches and how many it is asked for at once."""

    def __init__(self, budget: int, at_once: int) -> None:
        self.budget, self.at_once = budget, at_once
        self.sizes: list[int] = []
        self.threads: set[int] = set()

    def pool(self) -> AbstractContextManager[Executor]:
        return ThreadPoolExecutor(self.at_once)

    def scores(self, batch: Batch) -> Any:
        self.sizes.append(batch.tokens.size)
        self.threads.add(threading.get_ident())
        text = np.arange(len(batch.rows)) if batch.text is None else batch.text
        return batch.attention.sum(axis=1)[text][:, None].astype(float)


READING = Reading(Tokenizer(tiny_models.tokenizer(), "none", 64), 0)


def examples(count: int) -> list[Example]:
    lengths = np.random.default_rng(1).integers(1, 30, count)
    return [Example(" ".join(["good"] * int(length))) for length in lengths]


@pytest.mark.parametrize("at_once", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 40, 127, 128, 129, 1500])
def test_every_row_comes_back_at_its_place(count: int, at_once: int) -> None:
    engine = Echo(64, at_once)
    some = examples(count)
    found = streamed(engine, READING, some, 1)
    # Two tokens stand around a text.
    assert found[:, 0].tolist() == [len(one.text.split()) + 2 for one in some]


@pytest.mark.parametrize(("at_once", "least"), [(1, 1), (2, 2), (4, 4)])
def test_few_rows_are_shared_out(at_once: int, least: int) -> None:
    engine = Echo(10_000, at_once)
    streamed(engine, READING, examples(40), 1)
    assert len(engine.sizes) >= least
    assert len(engine.sizes) <= 2 * least
    assert max(engine.sizes) <= 2 * sum(engine.sizes) / len(engine.sizes)


@pytest.mark.parametrize(("count", "batches"), [(1, 1), (3, 3)])
def test_fewer_batches_than_cores_are_computed_in_turn(count: int, batches: int) -> None:
    engine = Echo(1, 4)
    one = list(prediction.shared_batches(READING.rows(examples(count)), 1, 0))
    assert len(one) == batches
    assert [batch is other for batch, (other, _) in zip(one, computed(engine, one), strict=True)] == [
        True
    ] * batches
    assert engine.threads == {threading.get_ident()}


def test_no_more_batches_are_made_than_are_waited_for() -> None:
    engine, made = Echo(64, 2), 0

    def endless() -> Any:
        nonlocal made
        (batch,) = prediction.shared_batches(READING.rows(examples(1)), 64, 0)
        while True:
            made += 1
            yield batch

    results = computed(engine, endless())
    for taken in range(1, 20):
        next(results)
        assert made <= taken + prediction.WAITING * engine.at_once
    results.close()  # type: ignore[attr-defined]


def test_what_an_engine_raises_is_raised() -> None:
    class Broken(Echo):
        def scores(self, batch: Batch) -> Any:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        streamed(Broken(64, 2), READING, examples(300), 1)


def test_stretches_grow_and_leave_nothing_out() -> None:
    assert stretches(0) == []
    assert stretches(1) == [slice(0, 1)]
    found = stretches(2_000)
    assert [at for part in found for at in range(part.start, part.stop)] == list(range(2_000))
    assert found[0].stop == prediction.FIRST
    assert max(part.stop - part.start for part in found) == prediction.STRETCH
