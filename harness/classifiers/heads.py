"""Rows of features and labels in, a linear head out; rows and a head in, probabilities out.

A head holds plain arrays, whichever method fitted it: it is saved without pickle, and after loading it
predicts the same bits.
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
    Features = NDArray[np.float64] | csr_matrix

Link = Literal["softmax", "sigmoid", "shares"]
_FILE = "head.npz"
# As many as scikit-learn's CalibratedClassifierCV has by default.
_PLATT_FOLDS = 5
_TINY = 1e-300
"""Added to sigmoids before they are divided by their sum, which may underflow to 0."""


@dataclass(frozen=True)
class Head:
    """Weights, and the function that turns scores into probabilities.

    Attributes
    ----------
    weights : (n_features, n_labels) array
    bias : (n_labels,) array
        Infinite for a label of no training row, or of every one.
    link : {"softmax", "sigmoid", "shares"}
        ``softmax`` over the labels; a ``sigmoid`` per label; or sigmoids divided by their sum.
    """

    weights: Reals
    bias: Reals
    link: Link

    def proba(self, rows: Features) -> Reals:
        """Return ``(n, n_labels)`` probabilities; for ``softmax`` and ``shares`` rows sum to 1."""
        from scipy.special import expit, softmax

        scores = np.asarray(rows @ self.weights) + self.bias
        if self.link == "softmax":
            return np.asarray(softmax(scores, axis=1))
        proba = np.asarray(expit(scores))
        if self.link == "sigmoid":
            return proba
        # Where all sigmoids underflow, every label gets the same share.
        return np.asarray((proba + _TINY) / (proba + _TINY).sum(axis=1, keepdims=True))

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
        with arrays(path) as by_name:
            link: Link = by_name["link"].item()
            head = cls(by_name["weights"], by_name["bias"], link)
        expect_labels(path, len(head.bias), len(labels))
        return head


def logistic(rows: Features, codes: Codes, labels: LabelSet, *, C: float, balanced: bool = False) -> Head:
    """Fit a logistic regression: one over all labels, or for a multi-label task one per label.

    Parameters
    ----------
    rows : (n, n_features) array or sparse matrix
    codes : (n,) or (n, n_labels) array
    labels : LabelSet
    C : float
        Inverse strength of the L2 penalty, as in scikit-learn.
    balanced : bool
        Whether labels get equal total weight, however rare they are.

    Returns
    -------
    Head
        A label without rows gets probability 0.
    """
    if labels.multi:
        return _each_label(rows, codes, lambda bits: _logistic(rows, bits, C, balanced), "sigmoid")
    present = np.unique(codes)
    weights = np.zeros((rows.shape[1], len(labels)))
    bias = np.full(len(labels), -np.inf)
    bias[present] = 0.0
    if len(present) > 1:
        weights[:, present], bias[present] = _logistic(rows, codes, C, balanced)
    return Head(weights, bias, "softmax")


def svm(rows: Features, codes: Codes, labels: LabelSet, *, C: float, balanced: bool = False) -> Head:
    """Fit a linear support vector machine per label, with probabilities by Platt scaling (Platt 1999).

    The sigmoid that turns margins into probabilities is fitted on the margins of five held-out folds of
    ``rows``; for a single-label task the sigmoids of a row are then divided by their sum. Parameters and
    result are those of :func:`logistic`.
    """
    bits = codes if labels.multi else np.eye(len(labels), dtype=np.int64)[codes]
    link: Link = "sigmoid" if labels.multi else "shares"
    return _each_label(rows, bits, lambda of_label: _platt(rows, of_label, C, balanced), link)


def _each_label(rows: Features, bits: Codes, fit: Callable[[Codes], tuple[Reals, Reals]], link: Link) -> Head:
    """Fit a binary model for each label that some rows have and some have not."""
    weights = np.zeros((rows.shape[1], bits.shape[1]))
    bias = np.where(bits.any(axis=0), np.inf, -np.inf)
    for label in np.flatnonzero(bits.any(axis=0) & ~bits.all(axis=0)):
        # A softmax over two classes is a sigmoid of the difference of their scores.
        columns, offsets = fit(bits[:, label])
        weights[:, label], bias[label] = columns[:, 1] - columns[:, 0], offsets[1] - offsets[0]
    return Head(weights, bias, link)


def _logistic(rows: Features, codes: Codes, C: float, balanced: bool) -> tuple[Reals, Reals]:
    """Return a column of weights and a bias for every class that occurs."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=C, class_weight="balanced" if balanced else None, max_iter=2000)
    model.fit(_not_empty(rows), codes)
    weights, bias = model.coef_.T[: rows.shape[1]], model.intercept_
    if weights.shape[1] > 1:
        return weights, bias
    # With two classes scikit-learn fits the second alone: the first has score 0.
    return np.hstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])


def _platt(rows: Features, bits: Codes, C: float, balanced: bool) -> tuple[Reals, Reals]:
    weights, bias = _margins(rows, bits, C, balanced)
    fold = _folds(bits)
    # The margins of training rows are too large, so that those of held-out rows take their place; with a
    # single row of a class nothing can be held out.
    margins = np.asarray(rows @ weights + bias)
    for number in range(fold.max() + 1 if fold.any() else 0):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        fold_weights, fold_bias = _margins(rows[inside], bits[inside], C, balanced)
        margins[outside] = np.asarray(rows[outside] @ fold_weights + fold_bias)
    # Unweighted even where the margins are balanced: the probabilities are to have the shares of training.
    slope, shift = _logistic(margins[:, None], bits, 1.0, balanced=False)
    return slope[0] * weights[:, None], slope[0] * bias + shift


def _folds(bits: Codes) -> Codes:
    """Deal out the rows of each class in turn, so that every fold leaves both classes to learn from."""
    members = [np.flatnonzero(bits == value) for value in (0, 1)]
    fold = np.zeros(len(bits), dtype=np.int64)
    for rows in members:
        fold[rows] = np.arange(len(rows)) % min(_PLATT_FOLDS, *map(len, members))
    return fold


def _margins(rows: Features, bits: Codes, C: float, balanced: bool) -> tuple[Reals, float]:
    from sklearn.svm import LinearSVC

    # With more features than rows liblinear draws the order of its steps: a fixed seed makes it
    # deterministic.
    model = LinearSVC(C=C, class_weight="balanced" if balanced else None, max_iter=20_000, random_state=0)
    model.fit(_not_empty(rows), bits)
    return model.coef_[0][: rows.shape[1]], float(model.intercept_[0])


def _not_empty(rows: Features) -> Features:
    """Give rows without features a constant one: scikit-learn requires at least one."""
    return rows if rows.shape[1] else np.zeros((rows.shape[0], 1))
