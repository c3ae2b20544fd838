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
    # Items on the first axis: sorting then moves whole rows, and sums over items run along all draws at once.
    times = np.ascontiguousarray(weights.reshape(-1, weights.shape[-1]).T, dtype=np.float64)
    columns = [_precision(true, scores, times) for true, scores in _one_vs_rest(truth, proba)]
    return np.stack(columns, axis=-1).reshape(*weights.shape[:-1], proba.shape[1])


def average_precision_macro(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the mean of :func:`average_precision` over the declared labels."""
    return np.asarray(average_precision(truth, proba, weights).mean(axis=-1))


def _precision(true: NDArray[np.bool_], scores: Array, times: Array) -> Array:
    """Return the average precision of one label, from ``(n, draws)`` to ``(draws,)``."""
    if not true.any():
        return np.zeros(times.shape[1])
    ranked = ~np.isnan(scores)
    if not ranked.all():
        reached = ratio(times[true & ranked].sum(axis=0), times[true].sum(axis=0))
        return _precision(true[ranked], scores[ranked], times[ranked]) * reached
    order = np.argsort(-scores, kind="stable")
    order_true, sorted_scores = order[true[order]], -scores[order]
    # Only ranks with a true item contribute to the sum.
    ranks, first = np.unique(-scores[order_true], return_index=True)
    last = np.searchsorted(sorted_scores, ranks, side="right") - 1
    n_ranked = np.cumsum(times[order], axis=0)[last]
    hits = times[order_true]
    if len(ranks) < len(hits):
        hits = np.add.reduceat(hits, first, axis=0)
    n_hits = np.cumsum(hits, axis=0)
    # A draw without any item up to a rank has no hits there: dividing by the smallest number leaves the 0.
    np.maximum(n_ranked, np.finfo(np.float64).tiny, out=n_ranked)
    return ratio((hits * n_hits / n_ranked).sum(axis=0), n_hits[-1])


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
    times = np.ascontiguousarray(weights.reshape(-1, weights.shape[-1]).T, dtype=np.float64)
    columns = [_area(true, scores, times) for true, scores in _one_vs_rest(truth, proba)]
    return np.stack(columns, axis=-1).reshape(*weights.shape[:-1], proba.shape[1])


def _one_vs_rest(truth: Codes, proba: Array) -> Iterator[tuple[NDArray[np.bool_], Array]]:
    """Yield for each label which items have it, and their probabilities of it."""
    for k in range(proba.shape[1]):
        yield (truth == k if truth.ndim == 1 else truth[:, k] == 1), proba[:, k]


def _area(true: NDArray[np.bool_], scores: Array, times: Array) -> Array:
    """Return the area under the ROC curve of one label, from ``(n, draws)`` to ``(draws,)``."""
    ranked = ~np.isnan(scores)
    if not ranked.all():
        all_pairs, pairs = (
            times[true & inside].sum(axis=0) * times[~true & inside].sum(axis=0) for inside in (True, ranked)
        )
        won = _area(true[ranked], scores[ranked], times[ranked]) * pairs if ranked.any() else 0.0
        return np.where(all_pairs > 0, ratio(won + (all_pairs - pairs) / 2, all_pairs), 0.5)
    order = np.argsort(scores, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(scores[order]) != 0))
    ordered = times[order]
    ranked_true, ranked_false = (
        np.add.reduceat(ordered * chosen[order, None], first, axis=0) for chosen in (true, ~true)
    )
    below = np.cumsum(ranked_false, axis=0) - ranked_false
    pairs = ranked_true.sum(axis=0) * ranked_false.sum(axis=0)
    won = (ranked_true * (below + ranked_false / 2)).sum(axis=0)
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
