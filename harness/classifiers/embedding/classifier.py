"""Examples in, probabilities out: a logistic regression over the vectors of a frozen sentence encoder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.checkpoints import MINILM
from harness.classifiers.embedding.vectors import FrozenEncoder
from harness.classifiers.heads import Head, logistic
from harness.classifiers.protocol import Examples, Labelled, Target
from harness.classifiers.saved_files import reading
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILE, _ENCODER = "embedding.json", "encoder"
_BATCH_ROWS = 4096
"""Rows whose vectors are in memory at a time."""


def embedding(
    *,
    checkpoint: str = MINILM,
    target: Target = "pair",
    layers: int = 3,
    C: float = 0.003,
    balanced: bool = True,
    max_tokens: int = 128,
    labels: LabelSet,
) -> Embedding:
    """Fit a logistic regression over the vectors of a frozen encoder.

    The defaults were chosen on the development rows of NewsMTSC.

    Parameters
    ----------
    checkpoint : str
        Any encoder with a fast tokenizer, see :mod:`harness.classifiers.checkpoints`.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`. Unless it is ``none``, a vector holds
        the mean state over the mention of the target, in its context, after that over the sentence.
    layers : int
        How many of the encoder's last layers are averaged, at least 1; all of them where it has fewer.
    C : float
        Inverse strength of the L2 penalty on standardized vectors; above 0.
    balanced : bool
        Whether labels get equal total weight, however rare they are in training.
    max_tokens : int
        At least 16; longer rows are cut to a window around the target.
    labels : LabelSet
        Of the task; passed in by the harness.

    Raises
    ------
    ConfigError
        With every option that is out of range, or a checkpoint that does not exist.
    """
    checks = (
        ("layers", layers < 1, f"should be at least 1, got {layers}"),
        ("C", not C > 0, f"should be above 0, got {C}"),
        ("max_tokens", max_tokens < 16, f"should be at least 16, got {max_tokens}"),
    )
    problems = [Problem(where, what) for where, is_wrong, what in checks if is_wrong]
    try:
        checkpoints.check(checkpoint)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Embedding(FrozenEncoder(checkpoint, target, max_tokens, layers), C, balanced, labels)


class Embedding:
    """A frozen encoder and a linear head.

    Parameters
    ----------
    encoder : FrozenEncoder
    C, balanced
        See :func:`embedding`.
    labels : LabelSet

    Attributes
    ----------
    head_ : Head
    """

    deterministic = True
    multithreaded = True

    def __init__(self, encoder: FrozenEncoder, C: float, balanced: bool, labels: LabelSet) -> None:
        self.encoder, self.C, self.balanced, self.labels = encoder, C, balanced, labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing to select)
        """Fit the head on ``train``; the encoder stays as it is.

        Raises
        ------
        ClassifierError
            Where the checkpoint's files are missing or damaged.
        """
        # Standardized, since a few dimensions of an encoder are many times as large as the others and would
        # hardly be penalized. One that never varies, as of a mention that no row has, becomes 0, not NaN.
        rows = self.encoder.vectors(train.examples).astype(np.float64)
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1)
        head = logistic((rows - mean) / scale, train.codes, self.labels, C=self.C, balanced=self.balanced)
        # The standardization is folded into the weights, so that the head takes the vectors as they are.
        weights = head.weights / scale[:, None]
        self.head_ = replace(head, weights=weights, bias=head.bias - mean @ weights)

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities."""
        parts = [
            self.head_.proba(self.encoder.vectors(examples[start : start + _BATCH_ROWS]).astype(np.float64))
            for start in range(0, len(examples), _BATCH_ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)))

    def save(self, folder: Path) -> str:
        """Write the head, the encoder and its tokenizer; return the loader's address."""
        state = {
            "target": self.encoder.target,
            "layers": self.encoder.layers,
            "max_tokens": self.encoder.max_tokens,
        }
        (folder / _FILE).write_text(json.dumps(state) + "\n", encoding="utf-8")
        self.head_.write(folder)
        self.encoder.copy(folder / _ENCODER)
        return "harness.classifiers.embedding.classifier:load"


def load(folder: Path, labels: LabelSet) -> Embedding:
    """Read what :meth:`Embedding.save` wrote.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged, or has another number of labels.
    """
    path = folder / _FILE
    with reading(path):
        state = json.loads(path.read_text(encoding="utf-8"))
        checkpoint = str((folder / _ENCODER).resolve())
        encoder = FrozenEncoder(checkpoint, state["target"], int(state["max_tokens"]), int(state["layers"]))
    classifier = Embedding(encoder, 1.0, False, labels)
    classifier.head_ = Head.read(folder, labels)
    return classifier
