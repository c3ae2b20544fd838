"""Examples in, the probabilities of a network out: by the exact engine, or by a faster one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.encoder.assembly import padding_token
from harness.classifiers.encoder.batching import TokenizedRows
from harness.classifiers.encoder.prediction import Preprocessing
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.engines.service import Service
    from harness.classifiers.encoder.network import ScoringNetwork


class NetworkClassifier:
    """What a classifier whose scores a network computes has of it: engines, and how they are chosen.

    Parameters
    ----------
    labels : LabelSet
        One score each: a softmax over them, or a sigmoid each for a multi-label task.

    Attributes
    ----------
    rows_per_example : int
        How many rows of tokens an example becomes, see
        :class:`harness.classifiers.encoder.prediction.Preprocessing`.
    """

    rows_per_example = 1

    def __init__(self, labels: LabelSet) -> None:
        self.labels = labels
        self._service: Service | None = None

    @cached_property
    def network_(self) -> Any:
        """The network, a :class:`harness.classifiers.encoder.network.ScoringNetwork`."""
        if self._service is None:
            raise ClassifierError("the encoder has not been fitted: call fit first")
        return self._service.network

    def set_network(self, tokenizer: Any, network: ScoringNetwork) -> None:
        """Use a fitted network."""
        self.tokenizer_ = tokenizer
        self.network_ = network

    def set_service(self, tokenizer: Any, service: Service) -> None:
        """Use a saved network; it is loaded when it is needed."""
        self.tokenizer_ = tokenizer
        self._service = service

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities in label order; in fp32 unless :meth:`use` chose another engine."""
        from harness.classifiers.encoder.prediction import probabilities

        return probabilities(self.scores(examples), self.labels)

    def scores(self, examples: Examples) -> NDArray[np.float64]:
        """Return the outputs of the network, ``(n, k)``, from which probabilities are computed."""
        from harness.classifiers.encoder.engines.computing import TorchEngine
        from harness.classifiers.encoder.prediction import stream_scores

        self._check_fitted()
        # Headlines and agency copy repeat: equal examples are computed once.
        index: dict[Example, int] = {}
        indices = [index.setdefault(example, len(index)) for example in examples]
        if self._service is not None:
            raw = self._service.scores(self._preprocessing, list(index))
        else:
            engine = TorchEngine(self.network_)
            raw = stream_scores(engine, self._preprocessing, list(index), len(self.labels))
        return raw[indices] if indices else raw

    def use(self, engine: str) -> None:
        """Choose the engine; see :mod:`harness.classifiers.encoder.engines`.

        Parameters
        ----------
        engine : {"auto", "fp32", "onnx", "bf16", "int8"}

        Raises
        ------
        ClassifierError
            Where the engine cannot serve this model.
        """
        if self._service is not None:
            self._service.use(engine)
        elif engine not in ("auto", "fp32"):
            raise ClassifierError(f"the engine {engine} serves a saved model only")

    def accelerate(self, folder: Path, seen: Examples, held: Labelled) -> dict[str, dict[str, Any]]:
        """Add engines to a folder that this was loaded from; see :mod:`harness.classifiers.protocol`."""
        from harness.classifiers.encoder.engines import packing

        setup = [seen[row] for row in packing.evenly_spaced(seen, packing.SETUP_ROWS)]
        rows = packing.evenly_spaced(held.examples, packing.MAX_TEST_ROWS)
        test = Labelled([held.examples[row] for row in rows], held.codes[rows])
        # Engines are set up with training rows and tested on others: a threshold always fits its own rows.
        trials = packing.EngineTrials(
            # On the CPU, from which it is exported.
            self.network_.cpu(),
            folder / checkpoints.WEIGHTS,
            self._preprocessing,
            self.labels,
            (setup, test),
        )
        record = trials.record()
        record.write(folder)
        return record.summary()

    @property
    def _preprocessing(self) -> Preprocessing:
        tokenize: Callable[[Examples], TokenizedRows] = self.tokenizer_
        return Preprocessing(tokenize, padding_token(self.tokenizer_.backend), self.rows_per_example)

    def _check_fitted(self) -> None:
        if not hasattr(self, "tokenizer_"):
            raise ClassifierError("the encoder has not been fitted: call fit first")
