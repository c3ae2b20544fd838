"""A network and rows in, scores and probabilities out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from harness.classifiers.encoder.batching import Batch, Rows, batches, shared_batches, sorted_order
from harness.classifiers.protocol import Examples
from harness.values.labels import LabelSet
from harness.values.progress import progress

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from harness.classifiers.encoder.engines.computing import Engine
    from harness.classifiers.encoder.network import Network

Item = TypeVar("Item")

STRETCH = 512
"""Examples that are tokenized, and sorted by length, together."""

FIRST = 128
"""The first of them: nothing is computed before they are tokenized."""

WAITING = 3
"""Batches a core that are computed or wait for it, so that none is without one."""


@dataclass(frozen=True)
class Reading:
    """How examples become tokens.

    Attributes
    ----------
    rows : callable
        Of examples; their tokens.
    padding : int
        The padding token.
    """

    rows: Callable[[Examples], Rows]
    padding: int


def device() -> torch.device:
    """Return where to compute: the first GPU, if there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def budget(device: str) -> int:
    """Return how many padded tokens a batch has: enough to fill the device, few enough for its cache."""
    return 1024 if device == "cpu" else 16384


def scores(network: Network, rows: Rows, padding: int) -> NDArray[np.float64]:
    """Compute in fp32 what the head gives.

    Parameters
    ----------
    network : Network
        Left in evaluation mode.
    rows : Rows
        Any number of them.
    padding : int
        The padding token.

    Returns
    -------
    (n, outputs) array
        In the order of the rows.
    """
    import torch

    result = np.zeros((len(rows.lengths), network.head.out_features))
    order = sorted_order(rows.lengths, budget(device().type))
    network.eval()
    with torch.inference_mode():
        for batch in progress(batches(rows, order, padding), "predicting", len(order)):
            result[batch.rows] = network(batch).double().cpu().numpy()
    return result


def streamed(engine: Engine, reading: Reading, examples: Examples, outputs: int) -> NDArray[np.float64]:
    """Compute examples, while the next ones are being tokenized.

    Parameters
    ----------
    engine : Engine
        Whichever.
    reading : Reading
    examples : sequence of Example
        Any number of them.
    outputs : int
        Scores a row.

    Returns
    -------
    (n, outputs) array
        In the order of the examples.
    """
    result = np.zeros((len(examples), outputs))
    for batch, found in computed(engine, _batched(engine, reading, examples)):
        result[batch.rows] = found
    return result


def _batched(engine: Engine, reading: Reading, examples: Examples) -> Iterator[Batch]:
    """Tokenize examples stretch by stretch, and batch each."""
    parts = stretches(len(examples))
    read = ahead(reading.rows(examples[part]) for part in parts)
    for part, rows in progress(zip(parts, read, strict=True), "predicting", len(parts)):
        # Few rows are shared out, so that no core waits for another to compute them all.
        share = -(-int(rows.lengths.sum()) // engine.at_once) if len(parts) == 1 else engine.budget
        for batch in shared_batches(rows, min(share, engine.budget), reading.padding):
            yield replace(batch, rows=batch.rows + part.start)


def stretches(count: int) -> list[slice]:
    """Cut so many examples into stretches, each at most twice as long as the one before.

    Examples
    --------
    >>> [part.stop - part.start for part in stretches(1500)]
    [128, 256, 512, 512, 92]
    """
    found, at, size = [], 0, FIRST
    while at < count:
        found.append(slice(at, min(at + size, count)))
        at, size = at + size, min(2 * size, STRETCH)
    return found


def computed(engine: Engine, batches: Iterable[Batch]) -> Iterator[tuple[Batch, NDArray[np.float64]]]:
    """Compute batches, as many at once as the engine may be asked for; yield each with its scores."""
    batches = iter(batches)
    first = list(islice(batches, engine.at_once))
    every = chain(first, batches)
    # Fewer of them than cores: these share each batch.
    if engine.at_once == 1 or len(first) < engine.at_once:
        for batch in every:
            yield batch, engine.scores(batch)
        return
    waiting: deque[tuple[Batch, Future[NDArray[np.float64]]]] = deque()
    with engine.pool() as pool:
        for batch in every:
            waiting.append((batch, pool.submit(engine.scores, batch)))
            if len(waiting) == WAITING * engine.at_once:
                done, scores = waiting.popleft()
                yield done, scores.result()
        for done, scores in waiting:
            yield done, scores.result()


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Hand items on; the next one is made in a thread of its own meanwhile."""
    end: Any = object()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(next, items, end)
        while (item := waiting.result()) is not end:
            waiting = thread.submit(next, items, end)
            yield item


def probabilities(raw: NDArray[np.float64], labels: LabelSet) -> NDArray[np.float64]:
    """Turn scores into probabilities: a softmax over labels, a sigmoid each where several may apply."""
    if labels.multi:
        # The same as 1 / (1 + exp(-x)), without its overflow.
        return np.asarray((1 + np.tanh(raw / 2)) / 2)
    powers: Any = np.exp(raw - raw.max(axis=1, keepdims=True)) if len(raw) else raw
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def mean_loss(proba: NDArray[np.float64], codes: NDArray[np.int64], labels: LabelSet) -> float:
    """Return the mean negative log of the probability given to the truth."""
    given = np.where(codes == 1, proba, 1 - proba) if labels.multi else proba[np.arange(len(proba)), codes]
    return float(-np.log(np.maximum(given, 1e-12)).mean())


def f1_macro(truth: NDArray[np.int64], predicted: NDArray[np.int64], labels: LabelSet) -> float:
    """Return the unweighted mean over all labels of 2tp / (2tp + fp + fn), 0 where that is 0 / 0."""
    if not labels.multi:
        truth, predicted = (np.eye(len(labels), dtype=np.int64)[codes] for codes in (truth, predicted))
    hits = (truth & predicted).sum(axis=0)
    named = truth.sum(axis=0) + predicted.sum(axis=0)
    return float((2 * hits / np.maximum(named, 1)).mean())
