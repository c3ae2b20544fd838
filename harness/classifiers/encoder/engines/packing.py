"""A saved encoder and rows that it was not fitted on in, the fast engines that may serve it out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.encoder.batching import shared_batches
from harness.classifiers.encoder.engines import choice
from harness.classifiers.encoder.engines.acceptance import measure_agreement, recompute_below
from harness.classifiers.encoder.engines.computing import EngineName, OnnxEngine, TorchEngine
from harness.classifiers.encoder.engines.record import EXACT_GRAPH, INT8_GRAPH, EngineRecord, Offer, digest
from harness.classifiers.encoder.prediction import (
    EncoderEngine,
    Preprocessing,
    probabilities,
    stream_scores,
)
from harness.classifiers.protocol import Examples, Labelled
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import ScoringNetwork

SETUP_ROWS = 256
"""Training rows from which the scales of int8 are computed, and how far probabilities move."""

MAX_TEST_ROWS = 1_000
"""Held-out rows that an engine is tested on, at most."""

MAX_EXPORT_ERROR = 1e-3
"""How far an exported graph's probabilities may be from the network's, so that int8 can rest on it."""

MAX_ROUNDING = 1e-5
"""The same for a graph that is served as it is. MiniLM's are 2e-7 apart (experiments/performance)."""


class EngineTrials:
    """One network, some rows, and its exact probabilities of them.

    Parameters
    ----------
    network : ScoringNetwork
    weights : Path
        Its file; graphs are written into the same folder.
    preprocessing : Preprocessing
    labels : LabelSet
    rows : pair of Examples and Labelled
        Those to set engines up with, and those to test them on.
    """

    def __init__(
        self,
        network: ScoringNetwork,
        weights: Path,
        preprocessing: Preprocessing,
        labels: LabelSet,
        rows: tuple[Examples, Labelled],
    ) -> None:
        self.network, self.weights, self.preprocessing, self.labels = network, weights, preprocessing, labels
        self.setup, self.test = rows
        exact = TorchEngine(network)
        self.exact_setup = self._proba(exact, self.setup)
        self.exact_test = self._proba(exact, self.test.examples)

    def record(self) -> EngineRecord:
        """Try every fast engine."""
        offers: dict[EngineName, Offer] = {}
        refused: dict[EngineName, str] = {}
        makers: dict[EngineName, Callable[[], EncoderEngine]] = {
            "onnx": self._onnx,
            "bf16": self._bf16,
            "int8": self._int8,
        }
        for name, make in makers.items():
            try:
                offers[name] = self._try(make())
            except Exception as error:  # noqa: BLE001 (whatever fails, the model is served by fp32)
                refused[name] = str(error).strip() or type(error).__name__
        graphs = [self.weights.with_name(file) for file in (EXACT_GRAPH, INT8_GRAPH)]
        # Rows that int8 is unsure of are computed by the exact graph.
        readers: list[tuple[EngineName, ...]] = [("onnx", "int8"), ("int8",)]
        for file, engines in zip(graphs, readers, strict=True):
            if not offers.keys() & engines:
                file.unlink(missing_ok=True)
        weights = digest(self.weights)
        # The exact graph reads its weights from their file, so that this is checked with it.
        files = {file.name: digest(file) for file in graphs if file.exists()} | {self.weights.name: weights}
        return EngineRecord(weights, self.preprocessing.padding, offers, refused, files)

    def _try(self, engine: EncoderEngine) -> Offer:
        if not len(self.test):
            raise ClassifierError("there are no held-out rows to test it on")
        narrow = recompute_below(self.exact_setup, self._proba(engine, self.setup), self.labels)
        agreement = measure_agreement(
            self.exact_test,
            self._proba(engine, self.test.examples),
            self.test.codes,
            self.labels,
            narrow,
        )
        problem = agreement.problem()
        if problem:
            raise ClassifierError(problem)
        return Offer(narrow, agreement)

    def _bf16(self) -> EncoderEngine:
        if not choice.has_instructions_for("bf16"):
            raise ClassifierError("the processor that packed the model has no instructions for it")
        return TorchEngine(self.network, "bf16")

    @cached_property
    def _exact_graph(self) -> tuple[Path, float]:
        """The graph in fp32, and how far its probabilities are from the network's at most."""
        from harness.classifiers.encoder.engines.export import export

        exact = self.weights.with_name(EXACT_GRAPH)
        break_hard_link(self.weights)
        export(self.network, self.weights, exact)
        error = abs(self._proba(OnnxEngine(exact), self.setup) - self.exact_setup).max()
        # Written so that NaN fails, too.
        if not error < MAX_EXPORT_ERROR:
            raise ClassifierError(f"the exported graph computes something else: it is off by {error:.3g}")
        return exact, float(error)

    def _onnx(self) -> EncoderEngine:
        graph, error = self._exact_graph
        if error > MAX_ROUNDING:
            raise ClassifierError(f"its probabilities are up to {error:.3g} from PyTorch's")
        return OnnxEngine(graph)

    def _int8(self) -> EncoderEngine:
        from harness.classifiers.encoder.engines.quantization import quantize

        exact, int8 = self._exact_graph[0], self.weights.with_name(INT8_GRAPH)
        rows = self.preprocessing.tokenize(self.setup)
        batches = list(shared_batches(rows, OnnxEngine.budget, self.preprocessing.padding))
        quantize(exact, batches, int8)
        return OnnxEngine(int8)

    def _proba(self, engine: EncoderEngine, examples: Examples) -> NDArray[np.float64]:
        raw = stream_scores(engine, self.preprocessing, examples, len(self.labels))
        return probabilities(raw, self.labels)


def break_hard_link(file: Path) -> None:
    """Give a file that has several names a copy of its own: ONNX Runtime refuses hard links as weights."""
    if file.stat().st_nlink > 1:
        copy = file.with_name(f"{file.name}.copy")
        shutil.copy2(file, copy)
        copy.replace(file)


def evenly_spaced(examples: Examples, count: int) -> list[int]:
    """Return the numbers of ``count`` examples, or of all, at equal distances.

    Examples
    --------
    >>> evenly_spaced("abcdefgh", 3)
    [0, 2, 5]
    """
    n = min(count, len(examples))
    return [number * len(examples) // n for number in range(n)]
