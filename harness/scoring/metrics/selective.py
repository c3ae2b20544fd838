"""Confidence and correctness of predictions in, risk at each coverage out: what abstaining would gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import ratio
from harness.scoring.metrics.metric import Metric
from harness.values.labels import confidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Codes = NDArray[np.int64]


def errors(truth: Codes, predicted: Codes) -> NDArray[np.float64]:
    """Return 1 for each wrong item, in a multi-label task for each with any wrong label; ``(n,)``."""
    wrong = truth != predicted
    return np.asarray(wrong.any(axis=1) if wrong.ndim > 1 else wrong, dtype=np.float64)


def risk_coverage(sure: Array, wrong: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Return how the error rate grows if items are served in order of falling confidence.

    Parameters
    ----------
    sure, wrong : (n,) array
        Confidence, and 1 for an error. Items of equal confidence are served together.
    weights : (draws, n) array
        How often each item counts.

    Returns
    -------
    thresholds : (m,) array
        The distinct confidences, falling.
    coverage, risk : (draws, m) array
        Share of items with at least this confidence, and the share of errors among them; 0 if there are none.

    References
    ----------
    El-Yaniv & Wiener 2010, On the Foundations of Noise-free Selective Classification.
    """
    order = np.argsort(-sure, kind="stable")
    # Ties end where the confidence changes: a threshold cannot separate them.
    last = np.flatnonzero(np.append(np.diff(sure[order]) != 0, True))
    times = weights.take(order, axis=1).astype(np.float64, copy=False)
    served = np.cumsum(times, axis=1)[:, last]
    failed = np.cumsum(times * wrong[order], axis=1)[:, last]
    return sure[order][last], ratio(served, served[:, -1:]), ratio(failed, served)


def aurc(truth: Codes, proba: Array, predicted: Codes, weights: Array) -> Array:
    """Return the area under the risk-coverage curve.

    Parameters
    ----------
    truth, proba, predicted
        See :mod:`harness.scoring.metrics.metric`.
    weights : (..., n) array
        How often each item counts.

    Returns
    -------
    ndarray
        ``(...)``, in ``[0, 1]``: the mean over items of the error rate among items at least as confident. A
        missing prediction is an error, and less confident than any other.
    """
    flat = weights.reshape(-1, weights.shape[-1])
    sure = confidence(proba, predicted)
    # A missing prediction is served last, below every confidence.
    sure = np.where(np.isnan(sure), -1.0, sure)
    _, coverage, risk = risk_coverage(sure, errors(truth, predicted), flat)
    # Weighted by the items that each threshold adds: with ties, not by rank.
    steps = np.diff(coverage, axis=1, prepend=0.0)
    return np.asarray((steps * risk).sum(axis=1)).reshape(weights.shape[:-1])


AURC = Metric(
    "aurc",
    aurc,
    "table",
    "both",
    direction="lower",
    reference="mean over items of the risk at their confidence; Geifman & El-Yaniv 2017, Geifman et al. 2019",
    probabilities=True,
    weighted=True,
    takes_predicted=True,
    gloss="the share of wrong labels, averaged over how many of the most confident ones are kept",
)
