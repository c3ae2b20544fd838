"""Hits of many groups in; each group's gap to the rest, with intervals that hold for all gaps at once, out.

The largest of many gaps is large by chance alone. Its interval has to hold however many were looked at: the
bootstrap gives the distribution of the largest standardised deviation (max-T), which knows that gaps which
rest on the same items move together and costs less than a correction by their number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import effective_number
from harness.scoring.statistics.bootstrap import CONFIDENCE_LEVEL, Draws, by_cluster, totals
from harness.scoring.statistics.few_clusters import half_width
from harness.values import seeds
from harness.values.minimums import MIN_GOLD_ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DRAWS = 4_000
"""A corrected p-value of .05 rests on 200 of them."""


@dataclass(frozen=True)
class Contrast:
    """A share inside a group of items and outside it.

    Attributes
    ----------
    hits : (n,) array
        In [0, 1], one per item.
    inside : (n,) array of bool
        The items of the group.
    counted : (n,) array of bool
        Items that the share is of, inside and outside: those with a label, say.
    """

    hits: Array
    inside: Mask
    counted: Mask


@dataclass(frozen=True)
class Gap:
    """The share inside minus that outside.

    Attributes
    ----------
    share, rest, value : float
        Shares in [0, 1], and their difference.
    low, high : float
        95 % interval of this gap by itself.
    low_all, high_all : float
        Interval that holds for all gaps together: with a probability of 95 % none of them leaves out its
        true value.
    p : float
        That the true gap is 0, corrected for the number of gaps.
    n, clusters : int
        Items of the share inside the group, and their clusters.
    """

    share: float
    rest: float
    value: float
    low: float
    high: float
    low_all: float
    high_all: float
    p: float
    n: int
    clusters: int


def simultaneous_gaps(
    contrasts: Sequence[Contrast],
    clusters: NDArray[np.int64],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = CONFIDENCE_LEVEL,
) -> list[Gap]:
    """Return the gap of each contrast, on the same resamples of clusters.

    Parameters
    ----------
    contrasts : sequence of Contrast
        Each counts items both inside and outside.
    clusters : (n,) array
        Codes from 0 without gaps.
    draws, seed : int
        Of the bootstrap.
    level : float
        In (0, 1).

    References
    ----------
    Westfall & Young 1993, Resampling-Based Multiple Testing; Romano & Wolf 2005, Exact and Approximate
    Stepdown Methods for Multiple Hypothesis Testing (here the single step, which has intervals).

    Notes
    -----
    Intervals are studentised and symmetric; those that rest on few clusters are wider, as Student's t is. The
    variance of an arm with fewer than ten hits or misses is not taken to be below that of independent items
    at its own rate, with half a hit and half a miss added, nor at the rate of both arms together: resamples
    of a rare event vary too little, of none not at all.
    """
    if not contrasts:
        return []
    cells = np.stack([_cells(contrast, clusters) for contrast in contrasts], axis=1)
    whole = cells.sum(axis=0)
    shares = whole[:, [0, 2]] / whole[:, [1, 3]]
    value = shares[:, 0] - shares[:, 1]
    blocks = Draws(len(cells), draws, seed).blocks(cells[0].size)
    drawn = np.concatenate([_gaps(totals(block, cells)) for block in blocks]) - value
    variance = np.nanvar(drawn, axis=0, ddof=1)
    least = np.maximum(variance, [_least_variance(each, clusters) for each in contrasts])
    # Clusters that all have one rate: resamples of them do not vary at all, and other clusters would.
    least = np.where(least > 0, least, [_variance_of_items(each) for each in contrasts])
    se = np.sqrt(least)
    # What resamples of rare events lack is made up for by noise, or the largest deviation would be too small.
    noise = seeds.generator(seed, "simultaneous").standard_normal(drawn.shape)
    drawn += noise * np.sqrt(least - variance)
    # A draw without an item of some group says nothing of that one gap, and its maximum is over the others.
    largest = np.nanmax(np.abs(drawn) / se, axis=1, initial=0.0)
    return [
        _gap_of(contrast, clusters, tuple(map(float, numbers)), float(error), largest, level)
        for contrast, numbers, error in zip(contrasts, shares, se, strict=True)
    ]


def _gap_of(
    contrast: Contrast,
    clusters: NDArray[np.int64],
    shares: tuple[float, ...],
    se: float,
    largest: Array,
    level: float,
) -> Gap:
    """Return one gap from its two shares, its standard error and the largest deviations of all draws."""
    inside, outside = (clusters[arm & contrast.counted] for arm in (contrast.inside, ~contrast.inside))
    effective = min(effective_number(_codes(inside)), effective_number(_codes(outside)))
    difference = shares[0] - shares[1]
    critical = float(np.quantile(largest, level, method="higher"))
    alone, together = (
        se * _in_deviations(quantile, effective) for quantile in (_normal_quantile((1 + level) / 2), critical)
    )
    extreme = _normal_deviation(abs(difference) / se, effective)
    return Gap(
        share=shares[0],
        rest=shares[1],
        value=difference,
        low=difference - alone,
        high=difference + alone,
        low_all=difference - together,
        high_all=difference + together,
        p=(1 + int((largest >= extreme).sum())) / (1 + len(largest)),
        n=len(inside),
        clusters=len(np.unique(inside)),
    )


def _cells(contrast: Contrast, clusters: NDArray[np.int64]) -> Array:
    """Return hits and items inside, hits and items outside of each cluster, ``(n_clusters, 4)``."""
    inside = (contrast.inside & contrast.counted).astype(float)
    outside = (~contrast.inside & contrast.counted).astype(float)
    columns = [contrast.hits * inside, inside, contrast.hits * outside, outside]
    return by_cluster(np.stack(columns, axis=1), clusters, int(clusters.max()) + 1)


def _gaps(sums: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3])


def _least_variance(contrast: Contrast, clusters: NDArray[np.int64]) -> float:
    """Return a lower bound of the variance of a gap: that of its arms with rare hits or misses."""
    bound = 0.0
    pooled = float(contrast.hits[contrast.counted].mean())
    for arm in (contrast.inside & contrast.counted, ~contrast.inside & contrast.counted):
        hits = contrast.hits[arm]
        if min(hits.sum(), (1 - hits).sum()) >= MIN_GOLD_ITEMS:
            continue
        mean = (hits.sum() + 0.5) / (len(hits) + 1)
        of_items = ((hits**2).sum() + 0.5) / (len(hits) + 1) - mean**2
        # Where no hit was seen, one may yet be expected: were there no gap, the rate would be that of all.
        of_items = max(of_items, pooled * (1 - pooled))
        # How alike the items of a cluster are cannot be seen where all are: it counts as one item then.
        unanimous = np.ptp(hits) == 0
        bound += of_items / (effective_number(_codes(clusters[arm])) if unanimous else len(hits))
    return bound


def _variance_of_items(contrast: Contrast) -> float:
    """Return the variance of a gap between independent items of the same rate."""
    pooled = float(contrast.hits[contrast.counted].mean())
    arms = (contrast.inside & contrast.counted, ~contrast.inside & contrast.counted)
    return pooled * (1 - pooled) * sum(1 / int(arm.sum()) for arm in arms)


def _codes(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(clusters, return_inverse=True)[1]


def _normal_quantile(share: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(share))


def _in_deviations(quantile: float, clusters: float) -> float:
    """Return half the width of an interval from few clusters, of a normal quantile."""
    from scipy.stats import norm

    if clusters <= 1:
        return math.inf
    return half_width(float(1 - 2 * norm.sf(quantile)), clusters, clusters - 1)


def _normal_deviation(distance: float, clusters: float) -> float:
    """Return the normal quantile whose interval from few clusters is just as wide: the inverse."""
    from scipy.stats import norm, t

    if clusters <= 1:
        return 0.0
    return float(norm.isf(t.sf(distance * math.sqrt((clusters - 1) / clusters), clusters - 1)))
