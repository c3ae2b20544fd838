"""The options of the encoder, and which values they may have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.classifiers.checkpoints import MINILM
from harness.classifiers.protocol import Target
from harness.values import legacy
from harness.values.errors import ConfigError, Problem

Precision = Literal["auto", "fp32", "bf16"]
"""What training computes in; ``auto`` is bf16 where the processor supports it. Evaluation is fp32."""

Pooling = Literal["cls", "mean", "target", "cls_target"]
"""What the head reads: the first token, the mean over all tokens, the mean over those of the target, or the
first token and the target's."""


@dataclass(frozen=True)
class Schedule:
    """The learning rate over the training, and how the optimizer (AdamW) treats the weights.

    Attributes
    ----------
    warmup : float
        Share of all steps, in [0, 1), over which the rate rises from 0; it then falls linearly to 0.
    weight_decay : float
        At least 0; not applied to biases and normalizations.
    clip : float
        The largest norm of the gradient; above 0.
    patience : int
        Training ends after so many epochs that improved neither the macro-F1 nor the loss on the validation
        rows; 0 for never.
    """

    # Warm-up, decay and clipping are those of BERT's own fine-tuning (code of Devlin et al. 2019).
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    # It cannot end the default three epochs; it is for longer trainings.
    patience: int = 3

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each value that is out of range."""
        yield from _within("schedule.warmup", self.warmup, 0 <= self.warmup < 1, "in [0, 1)")
        yield from _within("schedule.weight_decay", self.weight_decay, self.weight_decay >= 0, "at least 0")
        yield from _within("schedule.clip", self.clip, self.clip > 0, "above 0")
        yield from _within("schedule.patience", self.patience, self.patience >= 0, "at least 0")


@dataclass(frozen=True)
class Regularization:
    """What keeps the encoder from overfitting; 0 turns a term off.

    Attributes
    ----------
    dropout : float
        Before the head, in [0, 1).
    label_smoothing : float
        In [0, 1).
    r_drop : float
        Weight of the divergence between two passes with different dropout (R-Drop); at least 0. Doubles the
        training time.
    adversarial : float
        Norm of the adversarial step on the word embeddings (FGM); at least 0. Doubles the training time.
    class_weights : float
        Power of the inverse class frequency by which the loss is weighted, in [0, 1].
    """

    dropout: float = 0.1
    # Without smoothing the validation loss rises in the third epoch, from .55 to .66 on NewsMTSC, while the
    # training loss halves (experiments/encoder).
    label_smoothing: float = 0.1
    # Both gain about 1.3 points of macro-F1 on NewsMTSC's dev rows, and double the time: no defaults.
    r_drop: float = 0.0
    adversarial: float = 0.0
    # They add nothing on NewsMTSC (experiments/encoder). On GVFC, which has rare frames, 1.0 raised macro-F1
    # from .665 to .729 (experiments/public-corpora).
    class_weights: float = 0.0

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each value that is out of range."""
        for name in ("dropout", "label_smoothing"):
            value = getattr(self, name)
            yield from _within(f"regularization.{name}", value, 0 <= value < 1, "in [0, 1)")
        for name in ("r_drop", "adversarial"):
            value = getattr(self, name)
            yield from _within(f"regularization.{name}", value, value >= 0, "at least 0")
        value = self.class_weights
        yield from _within("regularization.class_weights", value, 0 <= value <= 1, "in [0, 1]")


SCHEDULE = Schedule()
REGULARIZATION = Regularization()


@dataclass(frozen=True)
class Options:
    """All options; see :func:`harness.classifiers.encoder.encoder`."""

    checkpoint: str = MINILM
    target: Target = "marked_pair"
    pooling: Pooling = "cls_target"
    epochs: int = 3
    learning_rate: float = 1e-4
    batch_size: int = 32
    max_tokens: int = 128
    layers: int | None = None
    precision: Precision = "auto"
    schedule: Schedule = SCHEDULE
    regularization: Regularization = REGULARIZATION

    def check(self) -> None:
        """Refuse values that are out of range.

        Raises
        ------
        ConfigError
            With every option that is out of range.
        """
        problems = [
            *_within("epochs", self.epochs, self.epochs >= 1, "at least 1"),
            *_within("learning_rate", self.learning_rate, self.learning_rate > 0, "above 0"),
            *_within("batch_size", self.batch_size, self.batch_size >= 1, "at least 1"),
            *_within("max_tokens", self.max_tokens, self.max_tokens >= 16, "at least 16"),
            *(() if self.layers is None else _within("layers", self.layers, self.layers >= 1, "at least 1")),
            *self.schedule.problems(),
            *self.regularization.problems(),
        ]
        if problems:
            raise ConfigError(problems)

    def to_record(self) -> dict[str, Any]:
        """Return the options as plain data.

        Without ``layers`` where all are kept, as in records that are older than that option: what a teacher
        said is looked up by its record.
        """
        record = asdict(self)
        return record if self.layers is not None else {k: v for k, v in record.items() if k != "layers"}


def from_record(record: dict[str, Any]) -> Options:
    """Build options from what :meth:`Options.to_record` returned.

    Options that were removed since are ignored: they shaped a training whose result is in the weights.
    """
    schedule = Schedule(**_without_removed("Schedule", record["schedule"]))
    regularization = Regularization(**_without_removed("Regularization", record["regularization"]))
    groups = {"schedule": schedule, "regularization": regularization}
    return Options(**_without_removed("Options", record) | groups)


def _without_removed(group: str, record: Mapping[str, Any]) -> dict[str, Any]:
    removed = legacy.OPTIONS.get(group, {})
    return {name: value for name, value in record.items() if name not in removed}


def _within(where: str, value: float, fits: bool, demand: str) -> list[Problem]:
    # Infinity passes a lower bound.
    valid = fits and math.isfinite(value)
    return [] if valid else [Problem(where, f"should be {demand}, got {value}")]
