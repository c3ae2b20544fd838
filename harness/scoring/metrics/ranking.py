"""Probabilities as scores to rank by in, how well they put the items of each label first out.

An item without a prediction has no place in the order: by average precision it is never reached, and by the
area under the ROC curve nothing is said of the pairs that it is in, which count half, as ties do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import ratio
from harness.scoring.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Codes = NDArray[np.int64]


def average_precision(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the mean precision over the ranks of the true items, one value per label.

    Parameters
    ----------
    truth : (n,) or (n, k) array
        Codes, each label then against the rest; or 0 and 1.
    proba : (n, k) array
        Scores to rank by; items with equal scores share a rank.
    weights : (..., n) array
        How often each item counts.

    Returns
    -------
    ndarray
        ``(..., k)``, in [0, 1]; 0 for a label without a true item.
    """
    times = weights.reshape(-1, weights.shape[-1])
    columns = [_precision(true, scores, times) for true, scores in _one_vs_rest(truth, proba)]
    return np.stack(columns, axis=-1).reshape(*weights.shape[:-1], proba.shape[1])


def average_precision_macro(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the mean of :func:`average_precision` over the declared labels."""
    return np.asarray(average_precision(truth, proba, weights).mean(axis=-1))


def _precision(true: NDArray[np.bool_], scores: Array, times: Array) -> Array:
    """Return the average precision of one label, from ``(draws, n)`` to ``(draws,)``."""
    if not true.any():
        return np.zeros(len(times))
    order = _ranking(-scores)
    order_true, sorted_scores = order[true[order]], -scores[order]
    if not len(order_true):
        return np.zeros(len(times))
    # Only ranks with a true item contribute to the sum.
    ranks, first = np.unique(-scores[order_true], return_index=True)
    last = np.searchsorted(sorted_scores, ranks, side="right") - 1
    n_ranked = _cumulated(times, order).take(last, axis=1)
    n_hits = _cumulated(times, order_true)
    if len(ranks) < len(order_true):
        n_hits = n_hits.take(np.append(first[1:], len(order_true)) - 1, axis=1)
    hits = np.diff(n_hits, axis=1, prepend=0.0)
    # A draw without any item up to a rank has no hits there: dividing by the smallest number leaves the 0.
    np.maximum(n_ranked, np.finfo(np.float64).tiny, out=n_ranked)
    hits *= n_hits
    hits /= n_ranked
    # True items without a score are never reached.
    n_true = n_hits[:, -1] if len(order_true) == true.sum() else _total(times, true)
    return ratio(hits.sum(axis=1), n_true)


def _ranking(scores: Array) -> NDArray[np.int64]:
    """Return the items that have a score, in order of it."""
    ranked = np.flatnonzero(~np.isnan(scores))
    return ranked[np.argsort(scores[ranked], kind="stable")]


def _total(times: Array, chosen: NDArray[np.bool_]) -> Array:
    return np.asarray(times.take(np.flatnonzero(chosen), axis=1).sum(axis=1, dtype=np.float64))


def _cumulated(times: Array, order: NDArray[np.int64]) -> Array:
    """Cumulate how often items count, in an order."""
    return np.asarray(times.take(order, axis=1).cumsum(axis=1, dtype=np.float64))


def auroc(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the probability that an item of a label has a higher score for it than another item has.

    Parameters
    ----------
    truth, proba, weights
        See :func:`average_precision`; items with equal scores count half.

    Returns
    -------
    ndarray
        ``(..., k)``, in [0, 1]; 0.5 for a label that all items have, or none.
    """
    times = weights.reshape(-1, weights.shape[-1])
    columns = [_area(true, scores, times) for true, scores in _one_vs_rest(truth, proba)]
    return np.stack(columns, axis=-1).reshape(*weights.shape[:-1], proba.shape[1])


def _one_vs_rest(truth: Codes, proba: Array) -> Iterator[tuple[NDArray[np.bool_], Array]]:
    """Yield for each label which items have it, and their probabilities of it."""
    for k in range(proba.shape[1]):
        yield (truth == k if truth.ndim == 1 else truth[:, k] == 1), proba[:, k]


def _area(true: NDArray[np.bool_], scores: Array, times: Array) -> Array:
    """Return the area under the ROC curve of one label, from ``(draws, n)`` to ``(draws,)``."""
    order = _ranking(scores)
    order_true, order_false = order[true[order]], order[~true[order]]
    of_true = times.take(order_true, axis=1)
    below = np.zeros((len(times), 1 + len(order_false)))
    below[:, 1:] = _cumulated(times, order_false)
    first, last = (
        np.searchsorted(scores[order_false], scores[order_true], side=side) for side in ("left", "right")
    )
    won = np.einsum("ij,ij->i", of_true, below.take(first, axis=1))
    if (first < last).any():
        # Those with the same score are below by half.
        won = (won + np.einsum("ij,ij->i", of_true, below.take(last, axis=1))) / 2
    pairs = of_true.sum(axis=1, dtype=np.float64) * below[:, -1]
    if len(order) < len(scores):
        every = _total(times, true) * _total(times, ~true)
        won, pairs = won + (every - pairs) / 2, every
    return np.where(pairs > 0, ratio(won, pairs), 0.5)


AVERAGE_PRECISION = Metric(
    "average_precision",
    average_precision,
    "table",
    "both",
    reference="no interpolation, as scikit-learn; Manning et al. 2008, ch. 8",
    probabilities=True,
    per_label=True,
    weighted=True,
    gloss="how well the probabilities of a label put the items that have it first",
)
AVERAGE_PRECISION_MACRO = Metric(
    "average_precision_macro",
    average_precision_macro,
    "table",
    "both",
    reference="mean average precision over the declared labels",
    probabilities=True,
    weighted=True,
    gloss="how well the probabilities put the items that have a label first, mean over labels",
)
AUROC = Metric(
    "auroc",
    auroc,
    "table",
    "both",
    reference="each label against the rest, ties count half; Hanley & McNeil 1982",
    probabilities=True,
    per_label=True,
    weighted=True,
    gloss="how often an item of a label gets a higher probability of it than another item",
)
