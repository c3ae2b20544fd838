"""Examples in, scores out by the engine that was asked for, or by the fastest that agrees with fp32."""

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
from harness.classifiers.encoder.engines.computing import (
    NAMES,
    Engine,
    EngineName,
    OnnxEngine,
    TorchEngine,
)
from harness.classifiers.encoder.engines.record import EXACT, SMALL, Record
from harness.classifiers.encoder.prediction import Reading, probabilities, streamed
from harness.classifiers.protocol import Examples
from harness.values.errors import ClassifierError, HarnessError, HarnessWarning
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.network import Network

Wanted = Literal["auto"] | EngineName

MEASURED_AFTER = 256
"""Rows asked for before engines are measured: for fewer, measuring costs more than it saves."""

MEASURED_ON = 48
"""Rows that they are measured on."""

MEASURED_ON_GPU = 1024
"""The same where there is a GPU, which so few as suffice elsewhere would not fill."""


class Service:
    """The engines of a saved encoder.

    Parameters
    ----------
    folder : Path
        Holds what :mod:`.record` describes.
    record : Record or None
        None where there is ``fp32`` alone.
    labels : LabelSet
    network : callable
        Loads the network; called once at most.
    """

    def __init__(
        self, folder: Path, record: Record | None, labels: LabelSet, network: Callable[[], Network]
    ) -> None:
        self.folder, self.record, self.labels = folder, record, labels
        self._load = network
        self._made: dict[EngineName, Engine] = {}
        self._seen = 0
        self._chosen: EngineName | None = None
        self.wanted: Wanted = "fp32"

    @property
    def offered(self) -> list[EngineName]:
        """The engines that may serve the model on this processor, the exact one first."""
        offers = self.record.offers if self.record is not None else {}
        return ["fp32", *(name for name in NAMES if name in offers and choice.multiplies(name))]

    def use(self, engine: str) -> None:
        """Choose the engine.

        Parameters
        ----------
        engine : {"auto", "fp32", "bf16", "int8"}
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
        self.wanted, self._chosen = cast("Wanted", engine), None

    def scores(self, reading: Reading, examples: Examples) -> NDArray[np.float64]:
        """Return what the head gives, ``(n, outputs)``; rows that a fast engine leaves open, exactly."""
        name = self._name(reading, examples)
        if name != "fp32":
            try:
                return self._fast(name, reading, examples)
            except HarnessError as error:
                if self.wanted != "auto":
                    raise
                self._chosen = "fp32"
                _warn(name, error)
        return streamed(self.exact, reading, examples, len(self.labels))

    @cached_property
    def network(self) -> Network:
        """The network, as PyTorch has it."""
        return self._load()

    @cached_property
    def exact(self) -> TorchEngine:
        """PyTorch in fp32."""
        return TorchEngine(self.network)

    def _fast(self, name: EngineName, reading: Reading, examples: Examples) -> NDArray[np.float64]:
        assert self.record is not None
        raw = streamed(self._engine(name), reading, examples, len(self.labels))
        open_ = gaps(probabilities(raw, self.labels), self.labels) < self.record.offers[name].narrow
        rows = np.flatnonzero(open_).tolist()
        if rows:
            again = [examples[row] for row in rows]
            raw[rows] = streamed(self._beside(name), reading, again, len(self.labels))
        return raw

    def _engine(self, name: EngineName) -> Engine:
        if name == "fp32":
            return self.exact
        if name not in self._made:
            self._made[name] = self._graph(SMALL) if name == "int8" else TorchEngine(self.network, "bf16")
        return self._made[name]

    def _beside(self, name: EngineName) -> Engine:
        """Return the exact engine beside a fast one: beside int8 in the same library, without PyTorch."""
        return self._exact_graph if name == "int8" else self.exact

    @cached_property
    def _exact_graph(self) -> OnnxEngine:
        return self._graph(EXACT, WEIGHTS)

    def _graph(self, file: str, *read: str) -> OnnxEngine:
        """Open a graph that, as what it reads, is what the engine was judged by."""
        assert self.record is not None
        for name in (file, *read):
            self.record.check(self.folder / name)
        return OnnxEngine(self.folder / file)

    def _name(self, reading: Reading, examples: Examples) -> EngineName:
        """Return the engine that was asked for; for ``auto`` the fastest, or the likeliest to be."""
        if self.wanted != "auto":
            return self.wanted
        if self._chosen is None:
            rates = self._rates(reading, examples)
            if rates:
                self._chosen = choice.fastest(rates)
        return self._chosen or self.offered[-1]

    def _rates(self, reading: Reading, examples: Examples) -> dict[EngineName, float]:
        """Return rows a second of the engines on offer; empty where they are not worth measuring yet."""
        offered = self.offered
        if self.record is None or len(offered) == 1:
            return {"fp32": 0.0}
        rates = choice.remembered(self.record.weights)
        if rates is None:
            self._seen += len(examples)
            if self._seen < MEASURED_AFTER:
                return {}
            rates = self._measured(offered, reading, examples)
            choice.remember(self.record.weights, rates)
        return {name: rates[name] for name in offered if name in rates}

    def _measured(
        self, offered: Sequence[EngineName], reading: Reading, examples: Examples
    ) -> dict[EngineName, float]:
        count = MEASURED_ON_GPU if choice.gpus() else MEASURED_ON
        some = examples[:: max(len(examples) // count, 1)][:count]
        engines: dict[EngineName, Engine] = {}
        for name in offered:
            try:
                engines[name] = self._engine(name)
            except HarnessError as error:
                _warn(name, error)
        return choice.measured(engines, reading.rows(some), reading.padding)

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
