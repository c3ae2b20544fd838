"""Draws of a score, and what each cluster adds to it, in; a 95 % interval out that holds for few items.

Three things make a plain percentile interval of resampled clusters too narrow, and each has its remedy:

- *Few clusters, or unequal ones.* A resample varies too little, since a large cluster pulls the score toward
  itself. The jackknife, which leaves out one cluster at a time, errs the other way (Efron & Stein 1981): the
  interval is widened to its variance, and by Student's t with as many degrees of freedom as the jackknife's
  values show (Satterthwaite 1946, with fourth moments in place of known variances).
- *Few items of a label.* If all of five are right, all resamples are. To the counts of each draw,
  pseudo-counts are added: gamma variables, so that without clusters a row of the table is a draw from the
  posterior under Jeffreys' prior. In a corpus of articles they are scaled to what one article holds of the
  label: five rows of one article are one case, not five.
- *Scores at the edge.* The value itself always is inside.

The interval is the wider of the widened one and the smoothed one at either end. How often it covers is
simulated in ``experiments/statistics``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.statistics.bootstrap import CONFIDENCE_LEVEL, MAX_UNDEFINED, quantiles
from harness.scoring.statistics.few_clusters import expanded
from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.values.labels import LabelSet

    Array = NDArray[np.floating[Any]]
    Statistic = Callable[[Array], Array]

PRIOR, MAX_PRIOR_PER_ROW = 0.5, 1.5
"""Shape of the pseudo-count of each cell (Jeffreys), and at most of a row: many labels share it."""


@dataclass(frozen=True)
class ClusterSums:
    """A score as a function of sums over clusters.

    Attributes
    ----------
    cells : (n_clusters, n_seeds, *rest) array
        What each cluster adds.
    statistic : callable
        Maps sums ``(..., n_seeds, *rest)`` to scores ``(..., n_seeds)``, or ``(..., n_seeds, k)``.
    """

    cells: NDArray[Any]
    statistic: Statistic

    def left_out(self) -> NDArray[np.float64]:
        """Return the score without each cluster in turn, mean over seeds: ``(n_clusters,)`` or with ``k``."""
        totals = self.cells.sum(axis=0, dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.asarray(self.statistic(totals - self.cells), dtype=np.float64)
        return np.asarray(values.mean(axis=1))


def pseudo_counts(cells: NDArray[Any], labels: LabelSet, n_draws: int, seed: int) -> NDArray[np.float64]:
    """Draw what is added to the table of each draw.

    Parameters
    ----------
    cells : (n_clusters, n_seeds, *rest, k) array
        Tables with truth on the last axis but one, predictions on the last, where a column for missing ones
        may stand at the end.
    labels : LabelSet
        Of the tables. What is drawn for a label does not depend on its place among the others.
    n_draws, seed : int

    Returns
    -------
    (n_draws, 1, *rest, k) array
        Equal for all seeds: they predict the same items.
    """
    of_truth = cells[:, 0].sum(axis=-1, dtype=np.float64)
    totals = of_truth.sum(axis=0)
    # Items of the label that one cluster holds, as an item meets them; 1 where items are independent.
    per_cluster = np.divide((of_truth**2).sum(axis=0), totals, out=np.ones_like(totals), where=totals > 0)
    shape = min(PRIOR, MAX_PRIOR_PER_ROW / cells.shape[-1])
    drawn = _gamma(seed, shape, (n_draws, *cells.shape[2:]))
    rank = np.argsort(np.argsort(labels.names))
    columns = np.append(rank, np.arange(len(rank), cells.shape[-1]))
    drawn = drawn[:, rank] if labels.multi else drawn[:, rank][:, :, columns]
    return np.asarray((drawn * per_cluster[..., None])[:, None], dtype=np.float64)


@lru_cache(8)
def _gamma(seed: int, shape: float, size: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw gamma variables; every split of every classifier has the same ones, which nobody may change."""
    drawn = seeds.generator(seed, "bootstrap", "pseudo-counts").standard_gamma(shape, size=size)
    drawn.flags.writeable = False
    return drawn


def widened_level(left_out: Array, item_variance: float, variance: float, clusters: float) -> float:
    """Return the share of draws that the interval has to contain.

    Parameters
    ----------
    left_out : (n_clusters,) array
        The score without each cluster.
    item_variance, variance : float
        Of the draws: over items alone, and over items and seeds.
    clusters : float
        Effective number of clusters, used where the jackknife has no value.

    Returns
    -------
    float
        In (0, 1), at least the confidence level.
    """
    from scipy.stats import norm, t

    n = len(left_out)
    deviations = left_out - left_out.mean()
    squares = float((deviations**2).sum())
    if not math.isfinite(squares) or squares == 0 or not item_variance > 0 or not variance > 0:
        return expanded(CONFIDENCE_LEVEL, clusters)
    jackknife = squares * (n - 1) / n
    # What seeds add to the variance stays as it is.
    ratio = math.sqrt((variance + max(0.0, jackknife - item_variance)) / variance)
    # For normal values the fourth moment is three times the squared second one.
    freedom = min(max(3 * squares**2 / float((deviations**4).sum()), 1.0), n - 1)
    half_width = ratio * t.ppf((1 + CONFIDENCE_LEVEL) / 2, freedom)
    return float(1 - 2 * norm.sf(half_width))


def ends(draws: Array, level: float) -> tuple[float, float]:
    """Return the percentile interval of one score's draws; NaN where too many have no value.

    See :func:`harness.scoring.statistics.bootstrap.interval` for the kind of quantiles.
    """
    defined = draws[~np.isnan(draws)]
    if len(defined) < (1 - MAX_UNDEFINED) * len(draws) or not len(draws):
        return math.nan, math.nan
    low, high = quantiles(np.asarray(defined, dtype=np.float64), ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def wider(plain: tuple[float, float], smoothed: tuple[float, float], value: float) -> tuple[float, float]:
    """Return the interval from the lowest to the highest of all; NaN where the plain one is."""
    if math.isnan(plain[0]) or math.isnan(value):
        return plain
    bounds = [*plain, *smoothed, value]
    return min(bounds), max(bounds)
