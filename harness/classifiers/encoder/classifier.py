"""Examples and labels in, the probabilities of a fine-tuned encoder out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.classifiers import checkpoints
from harness.classifiers.encoder.assembly import (
    check_max_tokens,
    make_network,
    make_tokenizer,
    padding_token,
)
from harness.classifiers.encoder.network_classifier import NetworkClassifier
from harness.classifiers.encoder.options import Options
from harness.classifiers.protocol import Labelled
from harness.values import seeds
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from harness.classifiers.encoder.objectives import Objective

# Saved models hold this address, so that it must not change.
LOADER = "harness.classifiers.encoder:load"


class Encoder(NetworkClassifier):
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
        A folder of its own in which :meth:`fit` saves its state after each epoch, and every ten
        minutes within one, and resumes from it.
    curves_ : list of dict
        One an epoch: ``train_loss``, ``validation_loss``, ``validation_f1_macro``.
    """

    deterministic = False
    multithreaded = True

    def __init__(
        self, options: Options, labels: LabelSet, seed: int, objective: Objective | None = None
    ) -> None:
        self.options = options
        self.objective = objective
        super().__init__(labels)
        self.seed = seed
        self.checkpoint_dir: Path | None = None
        self.on_step: Callable[[float], None] | None = None
        self.n_steps = options.epochs

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
        check_max_tokens(options.checkpoint, options.max_tokens, body.config)
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
            run.on_step = self.on_step
            self.curves_: list[dict[str, float]] = run.run(train_rows, validation_rows)
        self.set_network(tokenizer, network)

    def save(self, folder: Path) -> str:
        """Write weights (safetensors), tokenizer and settings (JSON); return the loader's address."""
        from harness.classifiers.encoder import storage

        self._check_fitted()
        storage.write(folder, self.network_, self.tokenizer_, self.options, self.seed)
        return LOADER


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
