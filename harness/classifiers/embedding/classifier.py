"""Vectors of a frozen sentence encoder in, probabilities out: a logistic regression learns what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers import checkpoints
from harness.classifiers.checkpoints import MINILM
from harness.classifiers.embedding.vectors import Reader
from harness.classifiers.heads import Head, logistic
from harness.classifiers.protocol import Examples, Labelled, Target
from harness.classifiers.saved_files import reading
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILE, _ENCODER = "embedding.json", "encoder"
_AT_ONCE = 4096


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
    """Make a logistic regression over the vectors of a frozen encoder.

    The defaults were chosen on the development rows of NewsMTSC.

    Parameters
    ----------
    checkpoint : str
        Any encoder with a fast tokenizer, see :mod:`harness.classifiers.checkpoints`.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`. Where it is not ``none``, the states
        over the target's mention, in its context, are averaged apart from those over the sentence.
    layers : int
        How many of the encoder's last layers are averaged, at least 1; all of them where it has fewer.
    C : float
        Inverse strength of the L2 penalty on standardized vectors; above 0.
    balanced : bool
        Whether every label counts the same in sum, however rare it is in training.
    max_tokens : int
        At least 16; longer rows are cut to a window around the target.
    labels : LabelSet
        Handed in.

    Raises
    ------
    ConfigError
        With every option that is out of range, or where the checkpoint is not there.
    """
    wrong = (
        ("layers", layers < 1, f"should be at least 1, got {layers}"),
        ("C", not C > 0, f"should be above 0, got {C}"),
        ("max_tokens", max_tokens < 16, f"should be at least 16, got {max_tokens}"),
    )
    problems = [Problem(where, what) for where, is_wrong, what in wrong if is_wrong]
    try:
        checkpoints.check(checkpoint)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Embedding(Reader(checkpoint, target, max_tokens, layers), C, balanced, labels)


class Embedding:
    """A reader and a head.

    Parameters
    ----------
    reader : Reader
        The frozen encoder.
    C, balanced
        See :func:`embedding`.
    labels : LabelSet

    Attributes
    ----------
    head_ : Head
    """

    deterministic = True

    def __init__(self, reader: Reader, C: float, balanced: bool, labels: LabelSet) -> None:
        self.reader, self.C, self.balanced, self.labels = reader, C, balanced, labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing to select)
        """Learn the weights from ``train``; the encoder stays as it is.

        Raises
        ------
        ClassifierError
            Where the checkpoint's files are missing or damaged.
        """
        rows = self.reader.vectors(train.examples).astype(np.float64)
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        scale = np.where(spread > 0, spread, 1)
        head = logistic((rows - mean) / scale, train.codes, self.labels, C=self.C, balanced=self.balanced)
        # The head then reads the vectors as they are.
        weights = head.weights / scale[:, None]
        self.head_ = replace(head, weights=weights, bias=head.bias - mean @ weights)

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities."""
        parts = [
            self.head_.proba(self.reader.vectors(examples[start : start + _AT_ONCE]).astype(np.float64))
            for start in range(0, len(examples), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)))

    def save(self, folder: Path) -> str:
        """Write the head, and the encoder with its tokenizer beside it; return the loader's address."""
        state = {
            "target": self.reader.target,
            "layers": self.reader.layers,
            "max_tokens": self.reader.max_tokens,
        }
        (folder / _FILE).write_text(json.dumps(state) + "\n", encoding="utf-8")
        self.head_.write(folder)
        self.reader.copy(folder / _ENCODER)
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
        encoder = str((folder / _ENCODER).resolve())
        reader = Reader(encoder, state["target"], int(state["max_tokens"]), int(state["layers"]))
    made = Embedding(reader, 1.0, False, labels)
    made.head_ = Head.read(folder, labels)
    return made
