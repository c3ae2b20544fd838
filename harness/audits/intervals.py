"""Numbers of items in, their mean with a 95 % interval out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import effective_number
from harness.scoring.limitations import MIN_ITEMS
from harness.scoring.statistics.agreement import alpha_of, coincidences
from harness.scoring.statistics.bootstrap import bootstrap, by_cluster, interval
from harness.values.findings import Measure

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

DRAWS = 2_000


def mean(name: str, values: Any, clusters: Any) -> Measure:
    """Average items, and resample their groups.

    Parameters
    ----------
    name : str
        Of the measure.
    values : (n,) array
        One an item; NaN ones are left out.
    clusters : (n,) array
        The group of each.
    """
    values, clusters = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    kept = ~np.isnan(values)
    if not kept.any():
        return Measure(name, math.nan)
    _, codes = np.unique(clusters[kept], return_inverse=True)
    pairs = np.stack([values[kept], np.ones(int(kept.sum()))], axis=1)
    cells = by_cluster(pairs, codes, int(codes.max()) + 1)[:, None, :]
    low, high = _interval(bootstrap(_ratio, cells, draws=DRAWS), codes)
    return Measure(name, float(values[kept].mean()), float(low), float(high), int(kept.sum()))


def rate(name: str, hits: Any, clusters: Any) -> Measure:
    """Return the share of items that are hits, and resample their groups.

    Resamples of items that are all alike are alike too, however few there are. Where the share is 0 or 1 the
    interval is therefore Wilson's (1927), of as many cases as there are groups of equal size.

    Parameters
    ----------
    name : str
        Of the measure.
    hits : (n,) array
        In [0, 1], one an item; NaN ones are left out.
    clusters : (n,) array
        The group of each.

    Returns
    -------
    Measure
        Without an interval where there are fewer than :data:`harness.scoring.limitations.MIN_ITEMS` items.
    """
    hits = np.asarray(hits, dtype=np.float64)
    found = mean(name, hits, clusters)
    if found.n < MIN_ITEMS or math.isnan(found.low):
        return replace(found, low=math.nan, high=math.nan)
    if found.value not in (0, 1):
        return found
    low, high = _all_alike(found.value, np.asarray(clusters)[~np.isnan(hits)])
    return replace(found, low=low, high=high)


def gap(name: str, hits: Any, inside: Any, clusters: Any) -> Measure:
    """Return the share of hits inside less that outside; resample the groups of all; ``n`` counts inside.

    Where both shares are 0 or 1 the interval is Newcombe's (1998, method 10), of Wilson's of each.
    """
    values, inside = np.asarray(hits, dtype=np.float64), np.asarray(inside, dtype=np.float64)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    columns = np.stack([values * inside, inside, values * (1 - inside), 1 - inside], axis=1)
    cells = by_cluster(columns, codes, int(codes.max()) + 1)[:, None, :]
    low, high = _interval(bootstrap(_gap, cells, draws=DRAWS), codes)
    whole = columns.sum(axis=0)
    if not (whole[1] and whole[3]):
        return Measure(name, math.nan, n=int(whole[1]))
    one, other = float(whole[0] / whole[1]), float(whole[2] / whole[3])
    value = one - other
    if {one, other} <= {0.0, 1.0} and not math.isnan(low):
        (low_of, high_of), (others_low, others_high) = (
            _all_alike(share_of, codes[inside == side]) for share_of, side in ((one, 1), (other, 0))
        )
        low = value - math.hypot(one - low_of, others_high - other)
        high = value + math.hypot(high_of - one, other - others_low)
    return Measure(name, value, float(low), float(high), int(whole[1]))


def share(name: str, hits: int, n: int) -> Measure:
    """Return a share of independent cases with Wilson's interval (1927)."""
    return Measure(name, hits / n, *_wilson(hits, n), n) if n else Measure(name, math.nan)


def kappa(name: str, one: Sequence[int], other: Sequence[int], k: int, clusters: Any) -> Measure:
    """Return Cohen's kappa (1960) of two labellings of the same items, with the groups resampled.

    0 where one of them always gives the same label: it then agrees by chance alone. Where both always agree
    the interval is that of the share on which they do, see :func:`rate`, put in terms of kappa.
    """
    first, second = np.asarray(one, dtype=np.int64), np.asarray(other, dtype=np.int64)
    if not len(first):
        return Measure(name, math.nan)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    places = first * k + second
    counted = by_cluster(np.eye(k * k)[places], codes, int(codes.max()) + 1)
    cells = counted.reshape(-1, 1, k, k)
    low, high = _interval(bootstrap(_kappa, cells, draws=DRAWS), codes)
    value = float(_kappa(cells.sum(axis=0)[None])[0, 0])
    if value == 1 and not math.isnan(low):
        by_chance = float((np.bincount(first) ** 2).sum()) / len(first) ** 2
        low = (_all_alike(1.0, codes)[0] - by_chance) / (1 - by_chance)
    return Measure(name, value, float(low), float(high), len(first))


def alphas(name: str, votes: Sequence[Sequence[Sequence[Hashable]]], clusters: Any) -> Measure:
    """Return Krippendorff's alpha with the groups resampled; of several questions the mean of their alphas.

    Where all people agree the interval is that of the share of items on which they do, see :func:`rate`, put
    in terms of alpha.

    Parameters
    ----------
    name : str
        Of the measure.
    votes : sequence of sequences
        One a question: of each item the votes, one a person; two or more.
    clusters : (n,) array
        The group of each item.

    Returns
    -------
    Measure
        NaN where no question was ever answered in two ways; such questions are left out of the mean.
    """
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    names = list(dict.fromkeys(vote for items in votes for item in items for vote in item))
    cells = np.stack([_coincidences(items, names, codes) for items in votes], axis=1)
    whole = cells.sum(axis=0)
    found = alpha_of(whole)
    answered = ~np.isnan(found)
    if not answered.any():
        return Measure(name, math.nan, n=len(codes))
    low, high = _interval(bootstrap(_mean_alpha, cells[:, None, answered], draws=DRAWS), codes)
    value = float(found[answered].mean())
    if value == 1 and not math.isnan(low):
        marginal = whole[answered].sum(axis=-1)
        by_chance = ((marginal / marginal.sum(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
        low = ((_all_alike(1.0, codes)[0] - by_chance) / (1 - by_chance)).mean()
    return Measure(name, value, float(low), float(high), len(codes))


def shown(measure: Measure) -> str:
    """Write a share as a person reads it: ``12 % (8 to 17)``."""
    if math.isnan(measure.value):
        return "unknown"
    if math.isnan(measure.low):
        return f"{100 * measure.value:.0f} %"
    return f"{100 * measure.value:.0f} % ({100 * measure.low:.0f} to {100 * measure.high:.0f})"


def _wilson(hits: float, n: float) -> tuple[float, float]:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(hits, n, alpha=0.05, method="wilson")
    return float(low), float(high)


def _all_alike(value: float, clusters: NDArray[np.int64]) -> tuple[float, float]:
    """Return Wilson's interval of a share of 0 or 1, of as many cases as there are groups of equal size."""
    groups = effective_number(np.unique(clusters, return_inverse=True)[1])
    low, high = _wilson(value * groups, groups)
    return (low, 1.0) if value else (0.0, high)


def _interval(draws: NDArray[np.float64], codes: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return the interval of draws of clusters of unequal size, counted as their effective number."""
    return interval(draws, clusters=effective_number(codes))


def _ratio(totals: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals[..., 0] / totals[..., 1])


def _gap(totals: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals[..., 0] / totals[..., 1] - totals[..., 2] / totals[..., 3])


def _coincidences(items: Sequence[Sequence[Hashable]], names: Sequence[Hashable], codes: Any) -> Any:
    """Count pairs of votes, ``(n_clusters, k, k)``."""
    return by_cluster(np.stack([coincidences([item], names) for item in items]), codes, int(codes.max()) + 1)


def _mean_alpha(tables: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return the mean alpha over questions, of those that are known in the draw."""
    found = alpha_of(tables)
    known = ~np.isnan(found)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, found, 0).sum(axis=-1) / known.sum(axis=-1))


def _kappa(tables: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    n = tables.sum(axis=(-2, -1))
    observed = np.trace(tables, axis1=-2, axis2=-1) / n
    expected = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / n**2
    certain = expected >= 1 - 1e-12
    return np.where(certain, 0.0, (observed - expected) / np.where(certain, 1.0, 1 - expected))
