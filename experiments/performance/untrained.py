"""A folder in, the packaged encoder with a fresh head in it out; and what times several ways of labelling.

A fresh head is as fast as a trained one; no figure of quality comes from it.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from experiments.performance.inference import rate
from harness.classifiers import checkpoints
from harness.classifiers.encoder import encoder as new_encoder
from harness.classifiers.encoder.assembly import make_network, make_tokenizer, padding_token
from harness.classifiers.encoder.batching import Batch, shared_batches
from harness.classifiers.encoder.engines.computing import CORE_BUDGET
from harness.classifiers.encoder.engines.packing import evenly_spaced
from harness.classifiers.encoder.network import Network
from harness.classifiers.encoder.prediction import EncoderEngine, Preprocessing, probabilities, stream_scores
from harness.classifiers.encoder.storage import write
from harness.classifiers.encoder.training import seeded
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.values.labels import STANCE

BESIDE = "Where something else runs beside it, processor time says more than the clock."
"""What every section says of its two clocks."""

Way = TypeVar("Way")


class Untrained(NamedTuple):
    """The network, the file of its weights, and how examples become its tokens."""

    network: Network
    weights: Path
    preprocessing: Preprocessing

    def batches(self, examples: Examples) -> list[Batch]:
        """Return examples as an engine on a processor takes them."""
        rows = self.preprocessing.tokenize(examples)
        return list(shared_batches(rows, CORE_BUDGET, self.preprocessing.padding))


def untrained(folder: Path, layers: int | None = None) -> Untrained:
    """Write the packaged encoder with a fresh head, and with so many of its layers, into a folder."""
    options = new_encoder(layers=layers, labels=STANCE, seed=1).options
    backend = checkpoints.load_tokenizer(options.checkpoint)
    with seeded(1):
        network = make_network(options, checkpoints.load_body(options.checkpoint), STANCE).eval()
    tokenizer = make_tokenizer(options, backend)
    write(folder, network, tokenizer, options, 1)
    return Untrained(network, folder / checkpoints.WEIGHTS, Preprocessing(tokenizer, padding_token(backend)))


def some(part: Labelled, count: int) -> list[Example]:
    """Return examples of a part at equal distances."""
    return [part.examples[row] for row in evenly_spaced(part.examples, count)]


def use_threads(count: int) -> None:
    """Let so many threads compute, as in a process that is started with that ``OMP_NUM_THREADS``."""
    import torch

    os.environ["OMP_NUM_THREADS"] = str(count)
    torch.set_num_threads(count)


def proba(engine: EncoderEngine, model: Untrained, examples: Examples) -> NDArray[np.float64]:
    """Label examples as an evaluation does."""
    return probabilities(stream_scores(engine, model.preprocessing, examples, len(STANCE)), STANCE)


def by_turns(
    ways: Mapping[Way, Callable[[Examples], object]], examples: Sequence[Example], turns: int
) -> dict[Way, list[tuple[float, float]]]:
    """Return the rates of each way of labelling, by the clock and by processor time, one pair a turn."""
    rates: dict[Way, list[tuple[float, float]]] = {way: [] for way in ways}
    for turn in range(turns + 1):
        for way, label in ways.items():
            rated = rate(examples, partial(label, examples))
            # The first turn warms up.
            if turn:
                rates[way].append(rated)
    return rates


def middle(
    rates: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Return the medians of the ratios of each turn, by the clock and by processor time."""
    clock, processor = (
        statistics.median(a[at] / b[at] for a, b in zip(rates, others, strict=True)) for at in (0, 1)
    )
    return clock, processor
