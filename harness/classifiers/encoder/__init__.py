"""A pretrained transformer in, a classifier fine-tuned on labelled examples out."""

from __future__ import annotations

from pathlib import Path

from harness.classifiers.checkpoints import MINILM, check
from harness.classifiers.encoder.classifier import Encoder, read
from harness.classifiers.encoder.options import (
    REGULARIZATION,
    SCHEDULE,
    Options,
    Pooling,
    Precision,
    Regularization,
    Schedule,
)
from harness.classifiers.protocol import Target
from harness.values.labels import LabelSet


def encoder(
    *,
    checkpoint: str = MINILM,
    target: Target = "marked_pair",
    pooling: Pooling = "cls_target",
    epochs: int = 3,
    learning_rate: float = 1e-4,
    batch_size: int = 32,
    max_tokens: int = 128,
    layers: int | None = None,
    precision: Precision = "auto",
    schedule: Schedule = SCHEDULE,
    regularization: Regularization = REGULARIZATION,
    labels: LabelSet,
    seed: int,
) -> Encoder:
    """Fine-tune a pretrained transformer; the defaults are what ``experiments/encoder`` found best.

    Parameters
    ----------
    checkpoint : str
        The pretrained model, see :mod:`harness.classifiers.checkpoints`: any encoder with a fast tokenizer.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`.
    pooling : {"cls", "mean", "target", "cls_target"}
        The hidden states that the head reads. Where the text does not name the target, the mean over the
        sentence replaces that over the target's tokens.
    epochs : int
        At least 1; the best epoch on the validation rows is kept.
    learning_rate : float
        The highest rate of the schedule; above 0.
    batch_size : int
        Rows of average length a batch. Batches have equal numbers of tokens: the shorter the rows, the more.
    max_tokens : int
        At least 16; longer rows are cut to a window around the target.
    layers : int, optional
        How many of its layers are kept, evenly spaced, the last among them; left out, all. Fewer are faster.
    precision : {"auto", "fp32", "bf16"}
        What training computes in; evaluation is always fp32.
    schedule : Schedule
        The optimizer's plan.
    regularization : Regularization
        What keeps it from overfitting.
    labels : LabelSet
        Passed in by the harness. A softmax over them, or a sigmoid each for a multi-label task.
    seed : int
        Passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range.
    """
    check(checkpoint)
    options = Options(
        checkpoint=checkpoint,
        target=target,
        pooling=pooling,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        max_tokens=max_tokens,
        layers=layers,
        precision=precision,
        schedule=schedule,
        regularization=regularization,
    )
    options.check()
    return Encoder(options, labels, seed)


def load(folder: Path, labels: LabelSet) -> Encoder:
    """Read a saved encoder; see :func:`harness.classifiers.encoder.classifier.read`."""
    return read(folder, labels)
