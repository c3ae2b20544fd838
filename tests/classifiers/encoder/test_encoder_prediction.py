"""Batches of one chunk follow those of another; every row comes back in its position."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder import prediction
from harness.classifiers.encoder.batching import Batch, Tokenizer
from harness.classifiers.encoder.prediction import Preprocessing, chunks, compute, stream_scores
from harness.classifiers.protocol import Example
from tests.classifiers import tiny_models


class Echo:
    """Returns each row's number of tokens; records the sizes of batches and the threads that call it."""

    def __init__(self, budget: int, parallel: int) -> None:
        self.budget, self.parallel = budget, parallel
        self.sizes: list[int] = []
        self.threads: set[int] = set()

    def pool(self) -> AbstractContextManager[Executor]:
        return ThreadPoolExecutor(self.parallel)

    def scores(self, batch: Batch) -> Any:
        self.sizes.append(batch.tokens.size)
        self.threads.add(threading.get_ident())
        text = np.arange(len(batch.rows)) if batch.text is None else batch.text
        return batch.attention.sum(axis=1)[text][:, None].astype(float)


PREPROCESSING = Preprocessing(Tokenizer(tiny_models.tokenizer(), "none", 64), 0)


def examples(count: int) -> list[Example]:
    lengths = np.random.default_rng(1).integers(1, 30, count)
    return [Example(" ".join(["good"] * int(length))) for length in lengths]


@pytest.mark.parametrize("parallel", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 40, 127, 128, 129, 1500])
def test_every_row_comes_back_in_its_position(count: int, parallel: int) -> None:
    engine = Echo(64, parallel)
    some = examples(count)
    scores = stream_scores(engine, PREPROCESSING, some, 1)
    # Two tokens stand around a text.
    assert scores[:, 0].tolist() == [len(example.text.split()) + 2 for example in some]


@pytest.mark.parametrize(("parallel", "least"), [(1, 1), (2, 2), (4, 4)])
def test_few_rows_are_divided_over_the_cores(parallel: int, least: int) -> None:
    engine = Echo(10_000, parallel)
    stream_scores(engine, PREPROCESSING, examples(40), 1)
    assert len(engine.sizes) >= least
    assert len(engine.sizes) <= 2 * least
    assert max(engine.sizes) <= 2 * sum(engine.sizes) / len(engine.sizes)


@pytest.mark.parametrize(("count", "batches"), [(1, 1), (3, 3)])
def test_fewer_batches_than_cores_are_computed_in_turn(count: int, batches: int) -> None:
    engine = Echo(1, 4)
    given = list(prediction.shared_batches(PREPROCESSING.tokenize(examples(count)), 1, 0))
    assert len(given) == batches
    computed = [batch for batch, _ in compute(engine, given)]
    assert all(batch is other for batch, other in zip(computed, given, strict=True))
    assert engine.threads == {threading.get_ident()}


def test_no_more_batches_are_made_than_the_queue_holds() -> None:
    engine, produced = Echo(64, 2), 0

    def endless() -> Any:
        nonlocal produced
        (batch,) = prediction.shared_batches(PREPROCESSING.tokenize(examples(1)), 64, 0)
        while True:
            produced += 1
            yield batch

    results = compute(engine, endless())
    for consumed in range(1, 20):
        next(results)
        assert produced <= consumed + prediction.QUEUED_PER_CORE * engine.parallel
    results.close()  # type: ignore[attr-defined]


def test_what_an_engine_raises_is_raised() -> None:
    class Broken(Echo):
        def scores(self, batch: Batch) -> Any:
            raise ValueError("broken")

    threads = threading.active_count()
    with pytest.raises(ValueError, match="broken"):
        stream_scores(Broken(64, 2), PREPROCESSING, examples(300), 1)
    # They ended with the call, although the error still refers to what started them.
    assert threading.active_count() == threads


def test_chunks_grow_and_leave_nothing_out() -> None:
    assert chunks(0) == []
    assert chunks(1) == [slice(0, 1)]
    slices = chunks(2_000)
    assert [row for chunk in slices for row in range(chunk.start, chunk.stop)] == list(range(2_000))
    assert slices[0].stop == prediction.FIRST_CHUNK_SIZE
    assert max(chunk.stop - chunk.start for chunk in slices) == prediction.CHUNK_SIZE
