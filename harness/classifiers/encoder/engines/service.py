"""Examples in, scores out: by the requested engine, or by the fastest that agrees with fp32."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from harness.classifiers.checkpoints import WEIGHTS
from harness.classifiers.encoder.engines import choice
from harness.classifiers.encoder.engines.acceptance import gaps
from harness.classifiers.encoder.engines.computing import NAMES, EngineName, OnnxEngine, TorchEngine
from harness.classifiers.encoder.engines.record import EXACT_GRAPH, INT8_GRAPH, EngineRecord
from harness.classifiers.encoder.prediction import (
    EncoderEngine,
    Preprocessing,
    probabilities,
    stream_scores,
)
from harness.classifiers.protocol import Examples
from harness.values.errors import ClassifierError, HarnessError, HarnessWarning
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import ScoringNetwork

RequestedEngine = Literal["auto"] | EngineName

MIN_ROWS_TO_MEASURE = 256
"""Rows that must be requested before engines are measured: for fewer, measuring costs more than it saves."""

MEASURED_ROWS = 48
"""Rows that engines are measured on."""

MEASURED_ROWS_ON_GPU = 1024
"""The same where there is a GPU: fewer would not fill it."""


class Service:
    """The engines of a saved encoder.

    Parameters
    ----------
    folder : Path
        Holds what :mod:`.record` describes.
    record : EngineRecord or None
        None where there is ``fp32`` alone.
    labels : LabelSet
    load_network : callable
        Called once at most.
    """

    def __init__(
        self,
        folder: Path,
        record: EngineRecord | None,
        labels: LabelSet,
        load_network: Callable[[], ScoringNetwork],
    ) -> None:
        self.folder, self.record, self.labels = folder, record, labels
        self._load_network = load_network
        self._engines: dict[EngineName, EncoderEngine] = {}
        self._requested_rows = 0
        self._chosen: EngineName | None = None
        self.requested: RequestedEngine = "fp32"

    @property
    def offered(self) -> list[EngineName]:
        """The engines that may serve the model on this machine, the exact one first."""
        offers = self.record.offers if self.record is not None else {}
        return ["fp32", *(name for name in NAMES if name in offers and choice.has_instructions_for(name))]

    def use(self, engine: str) -> None:
        """Choose the engine.

        Parameters
        ----------
        engine : {"auto", "fp32", "onnx", "bf16", "int8"}
            ``auto`` takes the fastest, and PyTorch in fp32 where another fails.

        Raises
        ------
        ClassifierError
            Where there is no such engine, or it was refused for this model, or is not for this processor.
        """
        if engine != "auto" and engine not in NAMES:
            raise ClassifierError(f"there is no engine {engine!r}; known: auto, {', '.join(NAMES)}")
        if engine not in ("auto", *self.offered):
            raise ClassifierError(f"the engine {engine} cannot serve this model: {self._why_not(engine)}")
        self.requested, self._chosen = cast("RequestedEngine", engine), None

    def scores(self, preprocessing: Preprocessing, examples: Examples) -> NDArray[np.float64]:
        """Return the outputs of the head, ``(n, outputs)``; rows that a fast engine is unsure of, exactly."""
        name = self._engine_name(preprocessing, examples)
        if name != "fp32":
            try:
                return self._fast_scores(name, preprocessing, examples)
            except HarnessError as error:
                # A package may be missing, or a graph damaged. Whoever names an engine gets it, or an error.
                if self.requested != "auto":
                    raise
                self._chosen = "fp32"
                _warn(name, error)
        return stream_scores(self.exact, preprocessing, examples, len(self.labels))

    @cached_property
    def network(self) -> ScoringNetwork:
        """The network, in PyTorch."""
        return self._load_network()

    @cached_property
    def exact(self) -> TorchEngine:
        """PyTorch in fp32."""
        return TorchEngine(self.network)

    def _fast_scores(
        self, name: EngineName, preprocessing: Preprocessing, examples: Examples
    ) -> NDArray[np.float64]:
        assert self.record is not None
        outputs = len(self.labels)
        raw = stream_scores(self._engine(name), preprocessing, examples, outputs)
        # Rounding changes a label only where two are nearly as likely: such rows are computed again.
        unsure = gaps(probabilities(raw, self.labels), self.labels) < self.record.offers[name].narrow
        rows = np.flatnonzero(unsure).tolist()
        if rows:
            again = [examples[row] for row in rows]
            raw[rows] = stream_scores(self._exact_for(name), preprocessing, again, outputs)
        return raw

    def _engine(self, name: EngineName) -> EncoderEngine:
        if name == "fp32":
            return self.exact
        if name == "onnx":
            return self._exact_graph
        if name not in self._engines:
            self._engines[name] = (
                self._graph(INT8_GRAPH) if name == "int8" else TorchEngine(self.network, "bf16")
            )
        return self._engines[name]

    def _exact_for(self, name: EngineName) -> EncoderEngine:
        """Return the exact engine that recomputes rows; for int8 in the same library, without PyTorch."""
        return self._exact_graph if name == "int8" else self.exact

    @cached_property
    def _exact_graph(self) -> OnnxEngine:
        return self._graph(EXACT_GRAPH, WEIGHTS)

    def _graph(self, file: str, *read: str) -> OnnxEngine:
        """Open a graph once it, and the files that it reads, are known to be those that were tested."""
        assert self.record is not None
        for name in (file, *read):
            self.record.check(self.folder / name)
        return OnnxEngine(self.folder / file)

    def _engine_name(self, preprocessing: Preprocessing, examples: Examples) -> EngineName:
        """Return the requested engine; for ``auto`` the fastest, or until it is measured the likeliest."""
        if self.requested != "auto":
            return self.requested
        if self._chosen is None:
            rates = self._rates(preprocessing, examples)
            if rates:
                self._chosen = choice.fastest(rates)
        # The last of the names: where the processor has instructions for it, int8 is the fastest as a rule,
        # elsewhere ONNX Runtime (experiments/performance/results.md).
        return self._chosen or self.offered[-1]

    def _rates(self, preprocessing: Preprocessing, examples: Examples) -> dict[EngineName, float]:
        """Return rows a second of the engines on offer; empty while measuring is not worth its time."""
        offered = self.offered
        if self.record is None or len(offered) == 1:
            return {"fp32": 0.0}
        rates = choice.cached_rates(self.record.weights)
        if rates is None:
            self._requested_rows += len(examples)
            if self._requested_rows < MIN_ROWS_TO_MEASURE:
                return {}
            rates = self._measure(offered, preprocessing, examples)
            choice.cache_rates(self.record.weights, rates)
        # An engine that failed to open was not measured.
        return {name: rates[name] for name in offered if name in rates}

    def _measure(
        self, offered: Sequence[EngineName], preprocessing: Preprocessing, examples: Examples
    ) -> dict[EngineName, float]:
        count = MEASURED_ROWS_ON_GPU if choice.gpus() else MEASURED_ROWS
        # From all over the rows: files are often sorted, by source or by length.
        some = examples[:: max(len(examples) // count, 1)][:count]
        engines: dict[EngineName, EncoderEngine] = {}
        for name in offered:
            try:
                engines[name] = self._engine(name)
            except HarnessError as error:
                _warn(name, error)
        return choice.measure_rates(engines, preprocessing.tokenize(some), preprocessing.padding)

    def _why_not(self, engine: str) -> str:
        record = self.record
        if record is None:
            return "it was packed with fp32 alone"
        if engine in record.refused:
            return record.refused[engine]  # type: ignore[index]
        if engine in record.offers:
            return "this processor has no instructions for it"
        return "it was not tried when the model was packed"


def _warn(name: EngineName, error: HarnessError) -> None:
    warnings.warn(f"the engine {name} failed, fp32 takes over: {error}", HarnessWarning, stacklevel=4)
