"""Confusion tables in, accuracy, precision, recall, F1 and correlation out.

Every average is over the *declared* labels, and a ratio with denominator 0 is 0: a label that is absent from
the test set and never predicted has F1 0 and lowers the macro average.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import missed, ratio
from harness.scoring.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


def accuracy(table: Array) -> Array:
    """Return the share of items on the diagonal of ``(..., k, k)``."""
    return ratio(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))


def balanced_accuracy(table: Array) -> Array:
    """Return the mean recall over the declared labels; an absent one counts as 0 (scikit-learn drops it)."""
    return np.asarray(ratio(np.diagonal(table, axis1=-2, axis2=-1), table.sum(axis=-1)).mean(axis=-1))


def precision(tables: Array) -> Array:
    """Return the share of true ones among the predicted, ``(..., k, 2, 2)`` to ``(..., k)``."""
    return ratio(tables[..., 1, 1], tables[..., :, 1].sum(axis=-1))


def recall(tables: Array) -> Array:
    """Return the share of predicted ones among the true, ``(..., k, 2, 2)`` to ``(..., k)``."""
    return ratio(tables[..., 1, 1], tables[..., 1, :].sum(axis=-1))


def f1(tables: Array) -> Array:
    """Return the harmonic mean of precision and recall, ``(..., k, 2, 2)`` to ``(..., k)``."""
    hits, wrong = tables[..., 1, 1], tables[..., 0, 1]
    return ratio(2 * hits, 2 * hits + wrong + missed(tables))


def f1_macro(tables: Array) -> Array:
    """Return the mean of the labels' F1 (not the F1 of mean precision and mean recall)."""
    return np.asarray(f1(tables).mean(axis=-1))


def mcc(table: Array) -> Array:
    """Return the multi-class correlation of truth and prediction, in [-1, 1]; 0 if either is constant.

    No answer counts as one more label, which is never true.
    """
    true, predicted, n = table.sum(axis=-1), table.sum(axis=-2), table.sum(axis=(-2, -1))
    # Gorodkin 2004, in the form with marginals.
    hits = np.trace(table, axis1=-2, axis2=-1)
    spread = (n**2 - (true**2).sum(axis=-1)) * (n**2 - (predicted**2).sum(axis=-1))
    # Rounding can push a perfect correlation past 1 by the last bit.
    covariance = hits * n - (true * predicted[..., : true.shape[-1]]).sum(axis=-1)
    return np.clip(ratio(covariance, np.sqrt(np.maximum(spread, 0.0))), -1.0, 1.0)


def expected_cost(table: Array, costs: Array | None = None) -> Array:
    """Return the mean cost of an item.

    Parameters
    ----------
    table : (..., k, k) array
        Counts as ``[truth, predicted]``, with or without a column for no answer.
    costs : (k, k) array, optional
        Of the same axes; left out, every error costs 1, and the mean is the share of errors. No answer costs
        as much as the dearest error of an item, as no metric may gain by a missing prediction.
    """
    k = table.shape[-2]
    if costs is None:
        costs = 1.0 - np.eye(k)
    if table.shape[-1] > k:
        costs = np.column_stack([costs, costs.max(axis=1)])
    return ratio((table * costs).sum(axis=(-2, -1)), table.sum(axis=(-2, -1)))


ACCURACY = Metric(
    "accuracy",
    accuracy,
    "counts",
    "single",
    reference="share of correctly labelled items",
    gloss="the share of items that are labelled correctly",
)
BALANCED_ACCURACY = Metric(
    "balanced_accuracy",
    balanced_accuracy,
    "counts",
    "single",
    averages_labels=True,
    reference="mean recall over the declared labels; Brodersen et al. 2010",
    gloss="the mean over labels of the share of its items that are recognised",
)
F1_MACRO = Metric(
    "f1_macro",
    f1_macro,
    "counts",
    "both",
    averages_labels=True,
    reference="mean of F1 over the declared labels; Opitz & Burst 2019, 'averaged F1'",
    gloss="the mean over labels of F1; rare labels count as much as common ones",
)
F1 = Metric(
    "f1",
    f1,
    "counts",
    "both",
    per_label=True,
    reference="van Rijsbergen 1979",
    gloss="high where a label is both recognised and rightly given",
)
PRECISION = Metric(
    "precision",
    precision,
    "counts",
    "both",
    per_label=True,
    reference="van Rijsbergen 1979",
    gloss="of the items that are given a label, the share that has it",
)
RECALL = Metric(
    "recall",
    recall,
    "counts",
    "both",
    per_label=True,
    reference="van Rijsbergen 1979",
    gloss="of the items that have a label, the share that is given it",
)
MCC = Metric(
    "mcc",
    mcc,
    "counts",
    "single",
    low=-1.0,
    reference="multi-class R_K; Gorodkin 2004",
    gloss="agreement of labels and truth beyond chance: 0 for guessing, 1 for none wrong",
)
EXPECTED_COST = Metric(
    "expected_cost",
    expected_cost,
    "counts",
    "single",
    direction="lower",
    needs_costs=True,
    reference="mean cost of an item, by the costs that the config states; Elkan 2001",
    gloss="what an item costs on average, by the costs of errors that the config states",
)
