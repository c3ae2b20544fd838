"""Two fitted shares in; their difference with its interval and p-value out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.scoring.statistics.corrected_share import ShareFit
from harness.scoring.statistics.sample_design import SampleDesign
from harness.scoring.statistics.share_intervals import LEVEL

# 12 powers of ten, halved so often: a p-value is within a thousandth of its value.
_POWERS, _BISECTIONS = 12.0, 16


@dataclass(frozen=True)
class ShareDifference:
    """A difference of two shares, in [-1, 1], with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
    p : float
        Probability of a difference as large if there is none: the smallest error probability at which the
        interval leaves out 0.
    """

    value: float
    low: float
    high: float
    p: float


def share_difference(
    first: ShareFit, second: ShareFit, design: SampleDesign, *, stream: bool = False
) -> ShareDifference:
    """Estimate by how much the first share exceeds the second.

    Parameters
    ----------
    first, second : ShareFit
        Of two groups, labelled in one sample.
    design : SampleDesign
        Of that sample.
    stream : bool
        Whether the difference is that in the stream of articles, rather than in these very rows.

    Notes
    -----
    The interval is put together from those of the two shares (MOVER: Zou & Donner 2008; for independent
    proportions it is that of Newcombe 1998), so that small shares keep their skewed intervals. Their
    correlation is that of shared strata; in the stream, that of shared articles.

    Examples
    --------
    Two exact shares, 10 of 20 and 2 of 20:

    >>> of_articles = (np.zeros(0, int), np.zeros(0))
    >>> first, second = (
    ...     ShareFit(share, (0.0, 0.0), (19, 19), (20.0, 20.0), 0.0, np.zeros(2), of_articles)
    ...     for share in (0.5, 0.1)
    ... )
    >>> design = SampleDesign.of(np.full(2, 0.1), np.zeros(2, int), article=np.zeros(2, int))
    >>> difference = share_difference(first, second, design)
    >>> round(difference.value, 3), round(difference.low, 3), round(difference.high, 3)
    (0.4, 0.085, 0.644)
    """
    value = first.value - second.value
    correlation = _correlation(first, second, design, stream=stream)
    low, high = _bounds(first, second, correlation, LEVEL, stream=stream)
    # Levels are halved by powers of ten: a small p-value is as exact as a large one.
    inside, outside = -_POWERS, 0.0
    for _ in range(_BISECTIONS):
        power = (inside + outside) / 2
        below, above = _bounds(first, second, correlation, 1 - 10**power, stream=stream)
        if below <= 0 <= above:
            inside = power
        else:
            outside = power
    p = 1.0 if value == 0 else 10**outside
    return ShareDifference(value, low, high, p)


def _bounds(
    first: ShareFit, second: ShareFit, correlation: float, level: float, *, stream: bool
) -> tuple[float, float]:
    (low_1, high_1), (low_2, high_2) = (fit.bounds(level, stream=stream) for fit in (first, second))
    below_1, above_1 = first.value - low_1, high_1 - first.value
    below_2, above_2 = second.value - low_2, high_2 - second.value
    down = below_1**2 + above_2**2 - 2 * correlation * below_1 * above_2
    up = above_1**2 + below_2**2 - 2 * correlation * above_1 * below_2
    value = first.value - second.value
    return value - math.sqrt(max(down, 0.0)), value + math.sqrt(max(up, 0.0))


def _correlation(first: ShareFit, second: ShareFit, design: SampleDesign, *, stream: bool) -> float:
    """Return the correlation of two estimates, by that of their residuals, or of their articles."""
    if stream:
        both, at_1, at_2 = np.intersect1d(first.articles[0], second.articles[0], return_indices=True)
        covariance = float((first.articles[1][at_1] * second.articles[1][at_2]).sum()) if len(both) else 0.0
        spreads = [float((fit.articles[1] ** 2).sum()) for fit in (first, second)]
    else:
        spreads = [design.variance(fit.influence) for fit in (first, second)]
        covariance = (design.variance(first.influence + second.influence) - sum(spreads)) / 2
    product = math.sqrt(spreads[0] * spreads[1])
    return min(max(covariance / product, -1.0), 1.0) if product > 0 else 0.0
