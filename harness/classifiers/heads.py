"""Rows of features and codes in, a linear head out; rows and a head in, probabilities out.

A head is plain arrays, whatever made it: it is saved without pickle and gives the same bits when loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.classifiers.saved_files import arrays, expect_labels
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Rows = NDArray[np.float64] | csr_matrix

Link = Literal["softmax", "sigmoid", "shares"]
_FILE = "head.npz"
_FOLDS = 5
_TINY = 1e-300


@dataclass(frozen=True)
class Head:
    """Weights, and how scores become probabilities.

    Attributes
    ----------
    weights : (n_features, n_labels) array
    bias : (n_labels,) array
        Infinite for a label that no training row carries, or that every one does.
    link : {"softmax", "sigmoid", "shares"}
        ``softmax`` over the labels; a ``sigmoid`` each; or sigmoids divided by their sum.
    """

    weights: Reals
    bias: Reals
    link: Link

    def proba(self, rows: Rows) -> Reals:
        """Return ``(n, n_labels)`` probabilities; for ``softmax`` and ``shares`` rows sum to 1."""
        from scipy.special import expit, softmax

        scores = np.asarray(rows @ self.weights) + self.bias
        if self.link == "softmax":
            return np.asarray(softmax(scores, axis=1))
        found = np.asarray(expit(scores))
        if self.link == "sigmoid":
            return found
        # Where nothing is likely at all, no label is likelier than another.
        return np.asarray((found + _TINY) / (found + _TINY).sum(axis=1, keepdims=True))

    def write(self, folder: Path) -> None:
        """Write the arrays; :meth:`read` returns an equal head."""
        np.savez_compressed(folder / _FILE, weights=self.weights, bias=self.bias, link=np.array(self.link))

    @classmethod
    def read(cls, folder: Path, labels: LabelSet) -> Head:
        """Read what :meth:`write` wrote.

        Raises
        ------
        ClassifierError
            Where the file is missing or damaged, or has another number of labels.
        """
        path = folder / _FILE
        with arrays(path) as found:
            link: Link = found["link"].item()
            made = cls(found["weights"], found["bias"], link)
        expect_labels(path, len(made.bias), len(labels))
        return made


def logistic(rows: Rows, codes: Codes, labels: LabelSet, *, C: float, balanced: bool = False) -> Head:
    """Fit a logistic regression: one over all labels, or for a multi-label task one a label.

    Parameters
    ----------
    rows : (n, n_features) array or sparse matrix
    codes : (n,) or (n, n_labels) array
    labels : LabelSet
    C : float
        Inverse strength of the L2 penalty, as in scikit-learn.
    balanced : bool
        Whether every label counts the same in sum, however rare.

    Returns
    -------
    Head
        A label that no row carries gets probability 0.
    """
    if labels.multi:
        return _each_label(rows, codes, lambda one: _logistic(rows, one, C, balanced), "sigmoid")
    present = np.unique(codes)
    weights = np.zeros((rows.shape[1], len(labels)))
    bias = np.full(len(labels), -np.inf)
    bias[present] = 0.0
    if len(present) > 1:
        weights[:, present], bias[present] = _logistic(rows, codes, C, balanced)
    return Head(weights, bias, "softmax")


def svm(rows: Rows, codes: Codes, labels: LabelSet, *, C: float, balanced: bool = False) -> Head:
    """Fit a linear support vector machine a label, with probabilities by Platt scaling.

    The sigmoid that turns margins into probabilities is fitted on margins of five held-out folds of ``rows``;
    for a single-label task the sigmoids of a row are then divided by their sum. Parameters and result are
    those of :func:`logistic`.
    """
    bits = codes if labels.multi else np.eye(len(labels), dtype=np.int64)[codes]
    link: Link = "sigmoid" if labels.multi else "shares"
    return _each_label(rows, bits, lambda one: _platt(rows, one, C, balanced), link)


def _each_label(rows: Rows, bits: Codes, fit: Callable[[Codes], tuple[Reals, Reals]], link: Link) -> Head:
    weights = np.zeros((rows.shape[1], bits.shape[1]))
    bias = np.where(bits.any(axis=0), np.inf, -np.inf)
    for label in np.flatnonzero(bits.any(axis=0) & ~bits.all(axis=0)):
        both, offsets = fit(bits[:, label])
        weights[:, label], bias[label] = both[:, 1] - both[:, 0], offsets[1] - offsets[0]
    return Head(weights, bias, link)


def _logistic(rows: Rows, codes: Codes, C: float, balanced: bool) -> tuple[Reals, Reals]:
    """Return a column and a bias for every class that occurs."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=C, class_weight="balanced" if balanced else None, max_iter=2000)
    model.fit(_not_empty(rows), codes)
    weights, bias = model.coef_.T[: rows.shape[1]], model.intercept_
    if weights.shape[1] > 1:
        return weights, bias
    return np.hstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])


def _platt(rows: Rows, bits: Codes, C: float, balanced: bool) -> tuple[Reals, Reals]:
    weights, bias = _margins(rows, bits, C, balanced)
    fold = _folds(bits)
    # With a single row of a class nothing can be held out: then the margins are those of training.
    held_out = np.asarray(rows @ weights + bias)
    for number in range(fold.max() + 1 if fold.any() else 0):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        part, offset = _margins(rows[inside], bits[inside], C, balanced)
        held_out[outside] = np.asarray(rows[outside] @ part + offset)
    slope, shift = _logistic(held_out[:, None], bits, 1.0, balanced=False)
    return slope[0] * weights[:, None], slope[0] * bias + shift


def _folds(bits: Codes) -> Codes:
    """Deal the rows of both classes out in turn, so that every fold leaves both to learn from."""
    members = [np.flatnonzero(bits == value) for value in (0, 1)]
    fold = np.zeros(len(bits), dtype=np.int64)
    for rows in members:
        fold[rows] = np.arange(len(rows)) % min(_FOLDS, *map(len, members))
    return fold


def _margins(rows: Rows, bits: Codes, C: float, balanced: bool) -> tuple[Reals, float]:
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=C, class_weight="balanced" if balanced else None, max_iter=20_000, random_state=0)
    model.fit(_not_empty(rows), bits)
    return model.coef_[0][: rows.shape[1]], float(model.intercept_[0])


def _not_empty(rows: Rows) -> Rows:
    """Give rows without any feature one that says nothing: scikit-learn asks for one."""
    return rows if rows.shape[1] else np.zeros((rows.shape[0], 1))
