"""Examples and labels in, the probabilities of a fine-tuned encoder out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.encoder.assembly import (
    check_max_tokens,
    make_network,
    make_tokenizer,
    padding_token,
)
from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.encoder.options import Options
from harness.classifiers.encoder.prediction import Preprocessing
from harness.classifiers.protocol import Example, Examples, Labelled
from harness.values import seeds
from harness.values.errors import ClassifierError
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.classifiers.encoder.engines.service import Service
    from harness.classifiers.encoder.network import Network
    from harness.classifiers.encoder.objectives import Objective

# Saved models hold this address, so that it must not change.
LOADER = "harness.classifiers.encoder:load"


class Encoder:
    """A fine-tuned pretrained transformer; see :func:`harness.classifiers.encoder.encoder`.

    Parameters
    ----------
    options : Options
        How it reads and learns.
    labels : LabelSet
        One probability each.
    seed : int
        Determines a training entirely: the same CPU then gives the same bytes. A GPU may round sums
        differently from run to run.
    objective : Objective, optional
        What the outputs stand for, where that is not one task's labels; codes are then its own.

    Attributes
    ----------
    checkpoint_dir : Path or None
        A folder of its own in which :meth:`fit` saves its state after each epoch, and resumes from it.
    curves_ : list of dict
        One an epoch: ``train_loss``, ``validation_loss``, ``validation_f1_macro``.
    """

    deterministic = False

    def __init__(
        self, options: Options, labels: LabelSet, seed: int, objective: Objective | None = None
    ) -> None:
        self.options = options
        self.objective = objective
        self.labels = labels
        self.seed = seed
        self.checkpoint_dir: Path | None = None
        self._service: Service | None = None

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        """Fine-tune on ``train``; keep the epoch that is best on ``validation``, or the last one.

        Raises
        ------
        ConfigError
            Where the checkpoint's name is malformed or leads nowhere.
        ClassifierError
            Where its files are damaged or do not fit the options, or the training diverges.
        """
        from harness.classifiers.encoder import token_cache, training
        from harness.classifiers.encoder.objectives import OneTask
        from harness.classifiers.encoder.prediction import device

        options = self.options
        backend = checkpoints.load_tokenizer(options.checkpoint)
        body = checkpoints.load_body(options.checkpoint)
        check_max_tokens(options, body.config)
        # Seeds the weights of the head and dropout; the order of the rows has a stream of its own.
        with training.seeded(seeds.derive(self.seed, "encoder", "weights")):
            tokenizer = make_tokenizer(options, backend)
            network = make_network(options, body, self.labels).to(device())

            def tokenized(part: Labelled) -> training.TrainingData:
                return training.TrainingData(token_cache.tokenize(tokenizer, part.examples), part.codes)

            validation_rows = None if validation is None else tokenized(validation)
            train_rows = tokenized(train)
            objective = self.objective or OneTask(self.labels)
            run = training.Training(
                network, options, objective, self.seed, padding_token(backend), self.checkpoint_dir
            )
            self.curves_: list[dict[str, float]] = run.run(train_rows, validation_rows)
        self.set_network(tokenizer, network)

    def set_network(self, tokenizer: Tokenizer, network: Network) -> None:
        """Use a fitted network."""
        self.tokenizer_ = tokenizer
        self.network_ = network

    def set_service(self, tokenizer: Tokenizer, service: Service) -> None:
        """Use a saved network; it is loaded when it is needed."""
        self.tokenizer_ = tokenizer
        self._service = service

    @cached_property
    def network_(self) -> Network:
        """The network."""
        if self._service is None:
            raise ClassifierError("the encoder has not been fitted: call fit first")
        return self._service.network

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities in label order; in fp32 unless :meth:`use` chose another engine."""
        from harness.classifiers.encoder.prediction import probabilities

        return probabilities(self.scores(examples), self.labels)

    def scores(self, examples: Examples) -> NDArray[np.float64]:
        """Return the outputs of the head, ``(n, k)``, from which probabilities are computed."""
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
        engine : {"auto", "fp32", "bf16", "int8"}

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

    def save(self, folder: Path) -> str:
        """Write weights (safetensors), tokenizer and settings (JSON); return the loader's address."""
        from harness.classifiers.encoder import storage

        self._check_fitted()
        storage.write(folder, self.network_, self.tokenizer_, self.options, self.seed)
        return LOADER

    @property
    def _preprocessing(self) -> Preprocessing:
        return Preprocessing(self.tokenizer_, padding_token(self.tokenizer_.backend))

    def _check_fitted(self) -> None:
        if not hasattr(self, "tokenizer_"):
            raise ClassifierError("the encoder has not been fitted: call fit first")


def read(folder: Path, labels: LabelSet) -> Encoder:
    """Read what :meth:`Encoder.save` wrote.

    Parameters
    ----------
    folder : Path
    labels : LabelSet
        Those that were learned, in their order.

    Raises
    ------
    ClassifierError
        Where a file is missing, truncated or not finite, or the labels are not as many as were learned.
    """
    from harness.classifiers.encoder import storage

    saved = storage.read(folder, labels)
    encoder = Encoder(saved.options, labels, saved.seed)
    encoder.set_service(saved.tokenizer, saved.service)
    return encoder
