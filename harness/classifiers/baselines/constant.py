"""Training labels in, the same probabilities for every example out: what a classifier must beat.

None reads a word, so none takes a ``target`` setting.
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
    """Make a classifier that always gives the most frequent training label, with probability 1.

    For a multi-label task each label is decided apart: probability 1 where at least half of the training
    rows carry it, else 0. Ties between labels go to the one that stands first.

    Parameters
    ----------
    labels : LabelSet
        Handed in.
    """
    return Constant("majority", labels)


def prior(*, labels: LabelSet) -> Constant:
    """Make a classifier that always gives the shares of the training labels, whatever the text.

    It decides as :func:`majority` does, but its probabilities are calibrated: the floor for log loss and
    Brier score. A label that no training row carries gets 0.

    Parameters
    ----------
    labels : LabelSet
        Handed in.
    """
    return Constant("prior", labels)


def every_label(*, labels: LabelSet) -> Constant:
    """Make a classifier that always gives every label, with probability 1: for tasks with several labels.

    Where most labels are frequent, its macro-F1 is hard to beat.

    Parameters
    ----------
    labels : LabelSet
        Handed in.

    Raises
    ------
    ConfigError
        For a single-label task.
    """
    if not labels.multi:
        raise ConfigError([Problem("", "gives all labels at once, and here a row has one", "use majority")])
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
        What every example gets, in label order.
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
        made = Constant(state["rule"], labels)
        made.proba_ = tuple(float(share) for share in state["proba"])
    expect_labels(path, len(made.proba_), len(labels))
    return made
