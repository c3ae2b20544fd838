"""Training labels in, the same probabilities for every example out: what a classifier must beat.

These classifiers read no text, so that they take no ``target`` setting.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.classifiers.protocol import Examples, Labelled
from harness.classifiers.saved_files import expect_labels, reading
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rule = Literal["majority", "prior", "every_label"]
_FILE = "baseline.json"


def majority(*, labels: LabelSet) -> Constant:
    """Predict the most frequent training label for every example, with probability 1.

    For a multi-label task each label is decided separately: probability 1 if at least half of the training
    rows have it, else 0. Ties between labels go to the first of them.

    Parameters
    ----------
    labels : LabelSet
        Of the task; passed in by the harness.
    """
    return Constant("majority", labels)


def prior(*, labels: LabelSet) -> Constant:
    """Predict the shares of the labels in training for every example.

    The predicted label is that of :func:`majority`, but the probabilities are calibrated: the floor for log
    loss and Brier score. A label without training rows gets 0.

    Parameters
    ----------
    labels : LabelSet
        Of the task; passed in by the harness.
    """
    return Constant("prior", labels)


def every_label(*, labels: LabelSet) -> Constant:
    """Predict every label for every example, with probability 1: for multi-label tasks.

    Where most labels are frequent, its macro-F1 is hard to beat.

    Parameters
    ----------
    labels : LabelSet
        Of the task; passed in by the harness.

    Raises
    ------
    ConfigError
        For a single-label task.
    """
    if not labels.multi:
        what = "predicts all labels at once, and in this task a row has one"
        raise ConfigError([Problem("", what, "use majority")])
    return Constant("every_label", labels)


class Constant:
    """One row of probabilities, learned from the labels alone.

    Parameters
    ----------
    rule : {"majority", "prior", "every_label"}
    labels : LabelSet

    Attributes
    ----------
    proba_ : tuple of float
        The probabilities of every example, in label order.
    """

    deterministic = True

    def __init__(self, rule: Rule, labels: LabelSet) -> None:
        self.rule, self.labels = rule, labels

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:  # noqa: ARG002 (nothing to select)
        """Count the labels of ``train``."""
        if self.rule == "every_label":
            certain = np.ones(len(self.labels))
        elif self.labels.multi:
            shares = train.codes.mean(axis=0)
            # At half, too, as LabelSet.decide does: majority and prior then predict the same labels.
            certain = (shares >= 0.5).astype(np.float64)
        else:
            shares = np.bincount(train.codes, minlength=len(self.labels)) / len(train)
            certain = np.eye(len(self.labels))[shares.argmax()]
        self.proba_ = tuple((shares if self.rule == "prior" else certain).tolist())

    def predict_proba(self, examples: Examples) -> NDArray[np.float64]:
        """Return the same row for every example, ``(n, k)``."""
        return np.tile(np.array(self.proba_, dtype=np.float64), (len(examples), 1))

    def save(self, folder: Path) -> str:
        """Write the row as JSON; return the loader's address."""
        state = {"rule": self.rule, "proba": list(self.proba_)}
        (folder / _FILE).write_text(json.dumps(state) + "\n", encoding="utf-8")
        return "harness.classifiers.baselines.constant:load"


def load(folder: Path, labels: LabelSet) -> Constant:
    """Read what :meth:`Constant.save` wrote.

    Raises
    ------
    ClassifierError
        Where the file is missing or damaged, or has another number of labels.
    """
    path = folder / _FILE
    with reading(path):
        state = json.loads(path.read_text(encoding="utf-8"))
        classifier = Constant(state["rule"], labels)
        classifier.proba_ = tuple(float(share) for share in state["proba"])
    expect_labels(path, len(classifier.proba_), len(labels))
    return classifier
