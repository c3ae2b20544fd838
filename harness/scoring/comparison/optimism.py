"""A Comparison in; how much too good the score of the best run is because it was chosen for it out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.comparison.ranking import Comparison
from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 20_000


def selection_optimism(comparison: Comparison) -> float:
    """Estimate by how much the score of the best run exceeds its true score on average (winner's curse).

    Scores are drawn again around their values, with the errors over items that the comparison measured, and
    the best run of each draw is chosen again. The values themselves hold such errors, and are spread out by
    them; they are first moved together by as much (Efron & Morris 1975, Stein's estimator).

    Returns
    -------
    float
        At least 0, in units of the metric, toward the better side; NaN where not all pairs were compared or a
        standard error is unknown.

    References
    ----------
    Tibshirani & Tibshirani 2009, A Bias Correction for the Minimum Error Rate in Cross-Validation.
    """
    errors = _covariance(comparison)
    if errors is None:
        return math.nan
    better = 1.0 if comparison.scalar_metric.higher_is_better else -1.0
    values = better * np.array([run.value for run in comparison.runs])
    centre = values.mean()
    # What all runs share cancels in comparing them: only the spread of the errors around their mean counts.
    n = len(values)
    noise = (np.trace(errors) - errors.sum() / n) / (n - 1)
    spread = values.var(ddof=1)
    shrink = max(0.0, 1 - noise / spread) if spread > 0 else 0.0
    stream = seeds.generator(0, "optimism", n)
    drawn = stream.multivariate_normal(np.zeros(n), errors, size=DRAWS, method="eigh")
    winners = (centre + shrink * (values - centre) + drawn).argmax(axis=1)
    return float(max(0.0, drawn[np.arange(DRAWS), winners].mean()))


def _covariance(comparison: Comparison) -> NDArray[np.float64] | None:
    """Return the covariance of the scores' errors over items, ``(n, n)`` in the order of the ranks."""
    runs = comparison.runs
    n = len(runs)
    if len(comparison.pairs) != n * (n - 1) // 2:
        return None
    covariance: NDArray[Any] = np.diag([run.item_se**2 for run in runs])
    for i in range(n):
        for j in range(i):
            of_difference = comparison.pair(runs[i].name, runs[j].name).difference.se_items
            covariance[i, j] = covariance[j, i] = (
                runs[i].item_se ** 2 + runs[j].item_se ** 2 - of_difference**2
            ) / 2
    return None if np.isnan(covariance).any() else covariance
