"""A pretrained transformer in, fine-tuned to tell labels apart."""

from __future__ import annotations

from pathlib import Path

from harness.classifiers.checkpoints import MINILM, check
from harness.classifiers.encoder.classifier import Encoder
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
    precision: Precision = "auto",
    schedule: Schedule = SCHEDULE,
    regularization: Regularization = REGULARIZATION,
    labels: LabelSet,
    seed: int,
) -> Encoder:
    """Make a pretrained transformer that is fine-tuned on the training rows.

    The defaults are what ``experiments/encoder`` found best for the packaged MiniLM.

    Parameters
    ----------
    checkpoint : str
        What to start from, see :mod:`harness.classifiers.checkpoints`: any encoder with a fast tokenizer.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`.
    pooling : {"cls", "mean", "target", "cls_target"}
        What the head reads; where no target is shown or named, the sentence stands for its tokens.
    epochs : int
        At least 1; the best of them on the validation rows is kept.
    learning_rate : float
        The highest of the schedule; above 0.
    batch_size : int
        Rows of average length a batch; a batch of short rows has more of them, one of long rows fewer.
    max_tokens : int
        At least 16; longer rows are cut to a window around the target.
    precision : {"auto", "fp32", "bf16"}
        What training computes in; evaluation is always fp32.
    schedule : Schedule
        The optimizer's plan.
    regularization : Regularization
        What keeps it from learning by heart.
    labels : LabelSet
        Handed in. A softmax over them, or a sigmoid each for a multi-label task.
    seed : int
        Handed in.

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
        precision=precision,
        schedule=schedule,
        regularization=regularization,
    )
    options.check()
    return Encoder(options, labels, seed)


def load(folder: Path, labels: LabelSet) -> Encoder:
    """Read an encoder that was saved; the labels are those it learned, in their order."""
    from harness.classifiers.encoder.storage import read

    return read(folder, labels)
