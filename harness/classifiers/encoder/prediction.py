"""A network and rows in, scores and probabilities out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from harness.classifiers.encoder.batching import Batch, TokenizedRows, batches, shared_batches, sorted_order
from harness.classifiers.protocol import Examples
from harness.values.labels import LabelSet
from harness.values.progress import progress

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import Network

Item = TypeVar("Item")
Result_co = TypeVar("Result_co", covariant=True)

CHUNK_SIZE = 512
"""Examples that are tokenized, and sorted by length, together."""

FIRST_CHUNK_SIZE = 128
"""Examples of the first chunk: nothing is computed until they are tokenized."""

QUEUED_PER_CORE = 3
"""Batches a core that are being computed or wait for it, so that no core runs out of work."""


@contextmanager
def torch_pool(threads: int) -> Iterator[Executor]:
    """Open threads in each of which PyTorch computes on one core; afterwards it uses as many as before.

    Cores that share a batch wait for each other after every product; where another program slows one of them
    down, they wait most of the time.
    """
    import torch

    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        # The number applies to the thread that sets it, and to all threads that are started later.
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Preprocessing:
    """How examples become tokens.

    Attributes
    ----------
    tokenize : callable
        Of examples; their tokens.
    padding : int
        The padding token.
    rows_per_example : int
        How many rows of tokens an example becomes, next to each other; each gives its share of the scores.
    """

    tokenize: Callable[[Examples], TokenizedRows]
    padding: int
    rows_per_example: int = 1


class BatchEngine(Protocol[Result_co]):
    """What computes something of each batch, several batches at once.

    Attributes
    ----------
    budget : int
        Padded tokens of the batches that suit it: enough to fill the processor, few enough for its cache.
    parallel : int
        How many batches it computes at the same time, at most.
    """

    budget: int
    parallel: int

    def pool(self) -> AbstractContextManager[Executor]:
        """Open as many threads, each of which computes a batch on a core of its own."""

    def scores(self, batch: Batch) -> Result_co:
        """Return what is computed of a batch, row by row in the order of ``batch.rows``."""


class EncoderEngine(BatchEngine["NDArray[np.float64]"], Protocol):
    """What computes the scores of batches; see :mod:`harness.classifiers.encoder.engines`."""

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """Return the outputs of the head, ``(rows, outputs)``, in the order of ``batch.rows``."""


def device() -> torch.device:
    """Return where to compute: the first GPU, if there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def token_budget(device: str) -> int:
    """Return how many padded tokens a batch has: enough to fill the device, few enough for its cache."""
    return 1024 if device == "cpu" else 16384


def predict_scores(network: Network, rows: TokenizedRows, padding: int) -> NDArray[np.float64]:
    """Compute the outputs of the head in fp32.

    Parameters
    ----------
    network : Network
        Left in evaluation mode.
    rows : TokenizedRows
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
    order = sorted_order(rows.lengths, token_budget(device().type))
    network.eval()
    with torch.inference_mode():
        for batch in progress(batches(rows, order, padding), "predicting", len(order), "batches"):
            result[batch.rows] = network(batch).double().cpu().numpy()
    return result


def stream_scores(
    engine: EncoderEngine, preprocessing: Preprocessing, examples: Examples, outputs: int
) -> NDArray[np.float64]:
    """Compute examples while the next ones are being tokenized.

    Parameters
    ----------
    engine : EncoderEngine
    preprocessing : Preprocessing
    examples : sequence of Example
        Any number of them.
    outputs : int
        Scores an example.

    Returns
    -------
    (n, outputs) array
        In the order of the examples.
    """
    # Batches come in any order of the rows; each knows its own.
    per_example = preprocessing.rows_per_example
    result = np.zeros((len(examples) * per_example, outputs // per_example))
    # Closed here, after an error too: the garbage collector might close it in the very thread that it would
    # have to wait for.
    with closing(_batch_chunks(engine, preprocessing, examples)) as batches:
        for batch, scores in compute(engine, batches):
            result[batch.rows] = scores
    return result.reshape(len(examples), outputs)


def _batch_chunks(
    engine: EncoderEngine, preprocessing: Preprocessing, examples: Examples
) -> Generator[Batch]:
    """Tokenize examples chunk by chunk, and batch each chunk."""
    slices = chunks(len(examples))
    with closing(prefetch(preprocessing.tokenize(examples[chunk]) for chunk in slices)) as tokenized:
        for chunk, rows in progress(zip(slices, tokenized, strict=True), "predicting", len(slices), "chunks"):
            # A single chunk is divided over the cores, so that none waits while another computes all of it.
            share = -(-int(rows.lengths.sum()) // engine.parallel) if len(slices) == 1 else engine.budget
            for batch in shared_batches(rows, min(share, engine.budget), preprocessing.padding):
                yield replace(batch, rows=batch.rows + chunk.start * preprocessing.rows_per_example)


def chunks(count: int) -> list[slice]:
    """Cut so many examples into chunks, each at most twice as long as the one before.

    Examples
    --------
    >>> [chunk.stop - chunk.start for chunk in chunks(1500)]
    [128, 256, 512, 512, 92]
    """
    slices, start, size = [], 0, FIRST_CHUNK_SIZE
    while start < count:
        slices.append(slice(start, min(start + size, count)))
        start, size = start + size, min(2 * size, CHUNK_SIZE)
    return slices


def compute(engine: BatchEngine[Result_co], batches: Iterable[Batch]) -> Iterator[tuple[Batch, Result_co]]:
    """Compute batches, as many at once as the engine does; yield each with its scores, in order.

    No more than :data:`QUEUED_PER_CORE` a core are taken from ``batches`` ahead of what is yielded.
    """
    batches = iter(batches)
    first = list(islice(batches, engine.parallel))
    every = chain(first, batches)
    # With fewer batches than cores, all cores share each batch instead.
    if engine.parallel == 1 or len(first) < engine.parallel:
        for batch in every:
            yield batch, engine.scores(batch)
        return
    queue: deque[tuple[Batch, Future[Result_co]]] = deque()
    with engine.pool() as pool:
        for batch in every:
            queue.append((batch, pool.submit(engine.scores, batch)))
            if len(queue) == QUEUED_PER_CORE * engine.parallel:
                finished, scores = queue.popleft()
                yield finished, scores.result()
        for finished, scores in queue:
            yield finished, scores.result()


def prefetch(items: Iterator[Item]) -> Generator[Item]:
    """Yield items while a thread makes the next one."""
    # No item is equal to it, whereas None could be one.
    end: Any = object()
    with ThreadPoolExecutor(1) as thread:
        upcoming = thread.submit(next, items, end)
        while (item := upcoming.result()) is not end:
            upcoming = thread.submit(next, items, end)
            yield item


def probabilities(raw: NDArray[np.float64], labels: LabelSet) -> NDArray[np.float64]:
    """Turn scores into probabilities, ``(n, k)``: a softmax, or a sigmoid each for a multi-label task."""
    if labels.multi:
        # The same as 1 / (1 + exp(-x)), without its overflow.
        return np.asarray((1 + np.tanh(raw / 2)) / 2)
    powers: Any = np.exp(raw - raw.max(axis=1, keepdims=True)) if len(raw) else raw
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def mean_loss(proba: NDArray[np.float64], codes: NDArray[np.int64], labels: LabelSet) -> float:
    """Return the mean negative log of the probability of the truth, in nats."""
    of_truth = np.where(codes == 1, proba, 1 - proba) if labels.multi else proba[np.arange(len(proba)), codes]
    # A probability that was rounded to 0 would make the mean infinite.
    return float(-np.log(np.maximum(of_truth, 1e-12)).mean())


def f1_macro(truth: NDArray[np.int64], predicted: NDArray[np.int64], labels: LabelSet) -> float:
    """Return the unweighted mean over all labels of 2tp / (2tp + fp + fn), 0 where that is 0 / 0."""
    if not labels.multi:
        truth, predicted = (np.eye(len(labels), dtype=np.int64)[codes] for codes in (truth, predicted))
    true_positives = (truth & predicted).sum(axis=0)
    occurrences = truth.sum(axis=0) + predicted.sum(axis=0)
    return float((2 * true_positives / np.maximum(occurrences, 1)).mean())
