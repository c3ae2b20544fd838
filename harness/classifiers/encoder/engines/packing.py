"""A saved encoder and rows it was not fitted on in, the fast engines that may serve it out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.encoder.batching import shared_batches
from harness.classifiers.encoder.engines import choice
from harness.classifiers.encoder.engines.acceptance import agreement, narrow_below
from harness.classifiers.encoder.engines.computing import (
    Engine,
    EngineName,
    OnnxEngine,
    TorchEngine,
)
from harness.classifiers.encoder.engines.record import EXACT, SMALL, Offer, Record, digest
from harness.classifiers.encoder.prediction import Reading, probabilities, streamed
from harness.classifiers.protocol import Examples, Labelled
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import Network

SEEN = 256
"""Training rows by which scales are set, and how far probabilities move."""

JUDGED = 1_000
"""Held-out rows that an engine is judged on at the most."""

NEAR = 1e-3
"""How far an exported graph's scores may be from those it was exported from; rounding gives 1e-5."""


class Trial:
    """One network, its rows, and what it says of them exactly.

    Parameters
    ----------
    network : Network
    weights : Path
        Its file; what is made is written beside it.
    reading : Reading
    labels : LabelSet
    rows : pair of Examples and Labelled
        Those to set engines up by, and those to judge them on.
    """

    def __init__(
        self,
        network: Network,
        weights: Path,
        reading: Reading,
        labels: LabelSet,
        rows: tuple[Examples, Labelled],
    ) -> None:
        self.network, self.weights, self.reading, self.labels = network, weights, reading, labels
        self.seen, self.held = rows
        exact = TorchEngine(network)
        self.exact = [self._proba(exact, some) for some in (self.seen, self.held.examples)]

    def record(self) -> Record:
        """Try every fast engine."""
        offers: dict[EngineName, Offer] = {}
        refused: dict[EngineName, str] = {}
        makers: dict[EngineName, Callable[[], Engine]] = {"bf16": self._bf16, "int8": self._int8}
        for name, make in makers.items():
            try:
                offers[name] = self._judged(make())
            except Exception as error:  # noqa: BLE001 (whatever it is, what was trained is served by fp32)
                refused[name] = str(error).strip() or type(error).__name__
        graphs = [self.weights.with_name(file) for file in (EXACT, SMALL)]
        if "int8" not in offers:
            for file in graphs:
                file.unlink(missing_ok=True)
        weights = digest(self.weights)
        # The exact graph reads the weights where they lie.
        files = {file.name: digest(file) for file in graphs if file.exists()} | {self.weights.name: weights}
        return Record(weights, self.reading.padding, offers, refused, files)

    def _judged(self, engine: Engine) -> Offer:
        if not len(self.held):
            raise ClassifierError("there are no held-out rows to judge it on")
        seen, held = (self._proba(engine, some) for some in (self.seen, self.held.examples))
        narrow = narrow_below(self.exact[0], seen, self.labels)
        found = agreement(self.exact[1], held, self.held.codes, self.labels, narrow)
        problem = found.problem()
        if problem:
            raise ClassifierError(problem)
        return Offer(narrow, found)

    def _bf16(self) -> Engine:
        if not choice.multiplies("bf16"):
            raise ClassifierError("it was packed on a processor without instructions for it")
        return TorchEngine(self.network, "bf16")

    def _int8(self) -> Engine:
        from harness.classifiers.encoder.engines.export import export
        from harness.classifiers.encoder.engines.quantization import quantize

        exact, small = (self.weights.with_name(file) for file in (EXACT, SMALL))
        own(self.weights)
        export(self.network, self.weights, exact)
        moved = abs(self._proba(OnnxEngine(exact), self.seen) - self.exact[0]).max()
        if not moved < NEAR:
            raise ClassifierError(f"the exported graph computes something else: it is off by {moved:.3g}")
        rows = self.reading.rows(self.seen)
        quantize(exact, list(shared_batches(rows, OnnxEngine.budget, self.reading.padding)), small)
        return OnnxEngine(small)

    def _proba(self, engine: Engine, examples: Examples) -> NDArray[np.float64]:
        return probabilities(streamed(engine, self.reading, examples, len(self.labels)), self.labels)


def own(file: Path) -> None:
    """Give a file that goes by several names a copy of its own: ONNX Runtime takes no other for weights."""
    if file.stat().st_nlink > 1:
        copy = file.with_name(f"{file.name}.copy")
        shutil.copy2(file, copy)
        copy.replace(file)


def spread(examples: Examples, count: int) -> list[int]:
    """Return the numbers of ``count`` examples, or of all, at equal distances.

    Examples
    --------
    >>> spread("abcdefgh", 3)
    [0, 2, 5]
    """
    n = min(count, len(examples))
    return [number * len(examples) // n for number in range(n)]
