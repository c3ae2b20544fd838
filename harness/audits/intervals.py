"""Numbers of items in, their mean with a 95 % interval out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.findings import Measure
from harness.samples import effective
from harness.statistics.bootstrap import bootstrap, by_cluster, interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

DRAWS = 2_000


def mean(name: str, values: Any, clusters: Any, fewest: int = 0) -> Measure:
    """Average items, and resample their groups.

    Parameters
    ----------
    name : str
        Of the measure.
    values : (n,) array
        One an item; NaN ones are left out.
    clusters : (n,) array
        The group of each.
    fewest : int
        Of fewer items there is no interval.
    """
    import numpy as np

    values, clusters = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    kept = ~np.isnan(values)
    if not kept.any():
        return Measure(name, math.nan)
    if kept.sum() < fewest:
        return Measure(name, float(values[kept].mean()), n=int(kept.sum()))
    _, codes = np.unique(clusters[kept], return_inverse=True)
    pairs = np.stack([values[kept], np.ones(int(kept.sum()))], axis=1)
    cells = by_cluster(pairs, codes, int(codes.max()) + 1)[:, None, :]
    low, high = _interval(bootstrap(_ratio, cells, draws=DRAWS), codes)
    return Measure(name, float(values[kept].mean()), float(low), float(high), int(kept.sum()))


def gap(name: str, values: Any, inside: Any, clusters: Any) -> Measure:
    """Take the mean inside less that outside, and resample the groups of all; ``n`` counts the inside."""
    import numpy as np

    values, inside = np.asarray(values, dtype=np.float64), np.asarray(inside, dtype=np.float64)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    columns = np.stack([values * inside, inside, values * (1 - inside), 1 - inside], axis=1)
    cells = by_cluster(columns, codes, int(codes.max()) + 1)[:, None, :]
    low, high = _interval(bootstrap(_gap, cells, draws=DRAWS), codes)
    whole = columns.sum(axis=0)
    value = whole[0] / whole[1] - whole[2] / whole[3] if whole[1] and whole[3] else math.nan
    return Measure(name, float(value), float(low), float(high), int(whole[1]))


def share(name: str, hits: int, n: int) -> Measure:
    """Return a share of independent cases with Wilson's interval (1927)."""
    from statsmodels.stats.proportion import proportion_confint

    if not n:
        return Measure(name, math.nan)
    low, high = proportion_confint(hits, n, alpha=0.05, method="wilson")
    return Measure(name, hits / n, float(low), float(high), n)


def kappa(name: str, one: Sequence[int], other: Sequence[int], k: int, clusters: Any) -> Measure:
    """Return Cohen's kappa (1960) of two labellings of the same items, with the groups resampled.

    0 where one of them always gives the same label: it then agrees by chance alone.
    """
    import numpy as np

    first, second = np.asarray(one, dtype=np.int64), np.asarray(other, dtype=np.int64)
    if not len(first):
        return Measure(name, math.nan)
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    places = first * k + second
    counted = by_cluster(np.eye(k * k)[places], codes, int(codes.max()) + 1)
    cells = counted.reshape(-1, 1, k, k)
    low, high = _interval(bootstrap(_kappa, cells, draws=DRAWS), codes)
    value = _kappa(cells.sum(axis=0)[None])[0, 0]
    return Measure(name, float(value), float(low), float(high), len(first))


def shown(measure: Measure) -> str:
    """Write a share as a person reads it: ``12 % (8 to 17)``."""
    if math.isnan(measure.value):
        return "unknown"
    if math.isnan(measure.low):
        return f"{100 * measure.value:.0f} %"
    return f"{100 * measure.value:.0f} % ({100 * measure.low:.0f} to {100 * measure.high:.0f})"


def _interval(draws: NDArray[np.float64], codes: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return the interval of draws of clusters of unequal size; see :func:`harness.samples.effective`."""
    return interval(draws, clusters=effective(codes))


def _ratio(totals: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals[..., 0] / totals[..., 1])


def _gap(totals: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals[..., 0] / totals[..., 1] - totals[..., 2] / totals[..., 3])


def _kappa(tables: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    import numpy as np

    n = tables.sum(axis=(-2, -1))
    observed = np.trace(tables, axis1=-2, axis2=-1) / n
    expected = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / n**2
    certain = expected >= 1 - 1e-12
    return np.where(certain, 0.0, (observed - expected) / np.where(certain, 1.0, 1 - expected))
