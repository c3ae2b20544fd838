"""Values of items in, their mean, share, gap or agreement as a Measure with a 95 % interval out.

Groups of items are resampled. Where all items agree, all resamples agree too and would give an interval of no
width: Wilson's interval of as many cases as there are groups replaces it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import effective_number
from harness.scoring.statistics.bootstrap import bootstrap, by_cluster, interval
from harness.scoring.statistics.krippendorff import alpha_of, coincidences
from harness.values.findings import Measure
from harness.values.formatting import percent, percent_interval
from harness.values.minimums import MIN_ITEMS
from harness.values.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

# Each bound rests on fifty of them. Comparisons take five times as many: a corrected p-value needs more.
DRAWS = 2_000


def mean(name: str, values: Any, clusters: Any) -> Measure:
    """Return the mean of items, with their groups resampled.

    Parameters
    ----------
    name : str
        Of the measure.
    values : (n,) array
        One per item; NaN values are ignored.
    clusters : (n,) array
        The group of each item.
    """
    values, clusters = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    defined = ~np.isnan(values)
    if not defined.any():
        return Measure(name, math.nan)
    _, codes = np.unique(clusters[defined], return_inverse=True)
    # Sum and count by group: the mean of a resample is the ratio of the two.
    pairs = np.stack([values[defined], np.ones(int(defined.sum()))], axis=1)
    cells = by_cluster(pairs, codes, int(codes.max()) + 1)[:, None, :]
    low, high = _interval(bootstrap(_ratio, cells, draws=DRAWS), codes)
    return Measure(name, float(values[defined].mean()), float(low), float(high), int(defined.sum()))


def rate(name: str, hits: Any, clusters: Any) -> Measure:
    """Return the share of items that are hits, with their groups resampled.

    Where all resamples are equal, it has Wilson's interval (1927) instead, of as many cases as there are
    equal-sized groups: all items are hits, or none is, or every group has the same share of them.

    Parameters
    ----------
    name : str
        Of the measure.
    hits : (n,) array
        In [0, 1], one per item; NaN values are ignored.
    clusters : (n,) array
        The group of each item.

    Returns
    -------
    Measure
        Without an interval for fewer than :data:`harness.values.minimums.MIN_ITEMS` items.
    """
    hits = np.asarray(hits, dtype=np.float64)
    measure = mean(name, hits, clusters)
    if measure.n < MIN_ITEMS or math.isnan(measure.low):
        return replace(measure, low=math.nan, high=math.nan)
    # Up to rounding: sums of groups are divided in another order.
    if measure.high - measure.low > 1e-12:
        return measure
    low, high = _unanimous(measure.value, np.asarray(clusters)[~np.isnan(hits)])
    return replace(measure, low=low, high=high)


def gap(name: str, hits: Any, inside: Any, clusters: Any) -> Measure:
    """Return the share of hits inside minus that outside, with the groups of all items resampled.

    If both shares are 0 or 1, the interval is Newcombe's (1998, method 10), from Wilson's interval of each.

    Parameters
    ----------
    name : str
        Of the measure.
    hits, inside : (n,) array
        In [0, 1], and whether the item is inside.
    clusters : (n,) array
        The group of each item.

    Returns
    -------
    Measure
        In [-1, 1]; ``n`` counts the items inside.
    """
    values, inside = np.asarray(hits, dtype=np.float64), np.asarray(inside, dtype=np.float64)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    # Both sides in one resample: a group may have items on either.
    columns = np.stack([values * inside, inside, values * (1 - inside), 1 - inside], axis=1)
    cells = by_cluster(columns, codes, int(codes.max()) + 1)[:, None, :]
    low, high = _interval(bootstrap(_gap, cells, draws=DRAWS), codes)
    whole = columns.sum(axis=0)
    if not (whole[1] and whole[3]):
        return Measure(name, math.nan, n=int(whole[1]))
    share_inside, share_outside = float(whole[0] / whole[1]), float(whole[2] / whole[3])
    value = share_inside - share_outside
    if {share_inside, share_outside} <= {0.0, 1.0} and not math.isnan(low):
        (low_inside, high_inside), (low_outside, high_outside) = (
            _unanimous(share, codes[inside == side])
            for share, side in ((share_inside, 1), (share_outside, 0))
        )
        # The distances to Wilson's limits add up in squares, as those of two independent shares.
        low = value - math.hypot(share_inside - low_inside, high_outside - share_outside)
        high = value + math.hypot(high_inside - share_inside, share_outside - low_outside)
    return Measure(name, value, float(low), float(high), int(whole[1]))


def share(name: str, hits: int, n: int) -> Measure:
    """Return a share of independent cases with Wilson's interval (1927)."""
    return Measure(name, hits / n, *wilson(hits, n), n) if n else Measure(name, math.nan)


def kappa(name: str, first: Sequence[int], second: Sequence[int], k: int, clusters: Any) -> Measure:
    """Return Cohen's kappa (1960) of two labellings of the same items, with their groups resampled.

    0 if one of them always gives the same label, because it then agrees by chance only. For full agreement
    the interval is that of the share of agreement, see :func:`rate`, converted to kappa.

    Parameters
    ----------
    name : str
        Of the measure.
    first, second : sequence of int
        Label codes below ``k``.
    k : int
        Number of labels.
    clusters : (n,) array
        The group of each item.
    """
    codes_a, codes_b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if not len(codes_a):
        return Measure(name, math.nan)
    _, groups = np.unique(np.asarray(clusters), return_inverse=True)
    # A pair of labels is one of k² codes: sums over one-hot codes are tables of agreement.
    tables = by_cluster(np.eye(k * k)[codes_a * k + codes_b], groups, int(groups.max()) + 1)
    cells = tables.reshape(-1, 1, k, k)
    low, high = _interval(bootstrap(_kappa, cells, draws=DRAWS), groups)
    value = float(_kappa(cells.sum(axis=0)[None])[0, 0])
    if value == 1 and not math.isnan(low):
        # Both give the same labels, so chance agreement is the sum of the squared shares.
        by_chance = float((np.bincount(codes_a) ** 2).sum()) / len(codes_a) ** 2
        low = (_unanimous(1.0, groups)[0] - by_chance) / (1 - by_chance)
    return Measure(name, value, float(low), float(high), len(codes_a))


def alphas(name: str, votes: Sequence[Sequence[Sequence[Hashable]]], clusters: Any) -> Measure:
    """Return Krippendorff's alpha with the groups resampled; for several questions, the mean of their alphas.

    For full agreement the interval is that of the share of agreement, see :func:`rate`, converted to alpha.

    Parameters
    ----------
    name : str
        Of the measure.
    votes : sequence of sequences
        One per question: for each item its votes, one per person, two or more.
    clusters : (n,) array
        The group of each item.

    Returns
    -------
    Measure
        NaN if no question was answered in two ways; such questions are not averaged over.
    """
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    names = list(dict.fromkeys(vote for items in votes for item in items for vote in item))
    cells = np.stack([_coincidences(items, names, codes) for items in votes], axis=1)
    whole = cells.sum(axis=0)
    alpha = alpha_of(whole)
    defined = ~np.isnan(alpha)
    if not defined.any():
        return Measure(name, math.nan, n=len(codes))
    low, high = _interval(bootstrap(_mean_alpha, cells[:, None, defined], draws=DRAWS), codes)
    value = float(alpha[defined].mean())
    if value == 1 and not math.isnan(low):
        marginal = whole[defined].sum(axis=-1)
        # As for kappa: what people agree on by chance is the sum of the squared shares of the labels.
        by_chance = ((marginal / marginal.sum(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
        low = ((_unanimous(1.0, codes)[0] - by_chance) / (1 - by_chance)).mean()
    return Measure(name, value, float(low), float(high), len(codes))


def format_share(measure: Measure) -> str:
    """Format a share with its interval: ``12 % (8 to 17)``."""
    share = percent(measure.value, unit=" %", missing="unknown")
    if math.isnan(measure.value) or math.isnan(measure.low):
        return share
    return f"{share} ({percent_interval(measure.low, measure.high, between=' to ', unit='')})"


def _unanimous(value: float, clusters: NDArray[np.int64]) -> tuple[float, float]:
    """Return Wilson's interval of a share, of as many cases as there are equal-sized groups."""
    groups = effective_number(np.unique(clusters, return_inverse=True)[1])
    low, high = wilson(value * groups, groups)
    # Rounding would leave out the bound itself.
    return (0.0 if value == 0 else low), (1.0 if value == 1 else high)


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
    """Return the mean alpha over the questions for which it is defined in the draw."""
    alpha = alpha_of(tables)
    defined = ~np.isnan(alpha)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(defined, alpha, 0).sum(axis=-1) / defined.sum(axis=-1))


def _kappa(tables: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    n = tables.sum(axis=(-2, -1))
    observed = np.trace(tables, axis1=-2, axis2=-1) / n
    expected = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / n**2
    # If one label is all that occurs, agreement by chance is 1, up to rounding, and kappa is undefined.
    certain = expected >= 1 - 1e-12
    return np.where(certain, 0.0, (observed - expected) / np.where(certain, 1.0, 1 - expected))
