"""A share and what it is worth in independent labels in; its interval out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.values.proportions import wilson

LEVEL = 0.95
"""Confidence level of intervals."""


@dataclass(frozen=True)
class ShareEstimate:
    """A share in ``[0, 1]`` with its interval and standard error; NaN if it cannot be estimated."""

    value: float
    low: float
    high: float
    se: float


UNKNOWN_SHARE = ShareEstimate(math.nan, math.nan, math.nan, math.nan)


def score_interval(share: float, se: float, freedom: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's interval (1927) for the number of independent labels that a standard error is worth.

    It keeps its coverage near 0 and 1, where ``share ± t · se`` loses it (Franco, Little, Louis & Slud 2019).

    Examples
    --------
    >>> [round(bound, 3) for bound in score_interval(0.2, 0.04, 10_000)]
    [0.133, 0.289]
    """
    from scipy.special import stdtrit

    if se <= 0 or not 0 < share < 1:
        return share, share
    n, q = share * (1 - share) / se**2, float(stdtrit(freedom, (1 - level) / 2)) ** 2
    centre = (share + q / (2 * n)) / (1 + q / n)
    half_width = math.sqrt(q * (share * (1 - share) / n + q / (4 * n * n))) / (1 + q / n)
    return centre - half_width, centre + half_width


def exact_interval(share: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of Clopper & Pearson (1934); of weighted labels, for as many as they are worth.

    The latter is that of Korn & Graubard (1998).

    Examples
    --------
    >>> [round(bound, 4) for bound in exact_interval(0.0, 20)]
    [0.0, 0.1684]
    """
    from scipy.special import betaincinv

    if math.isinf(n):
        return share, share
    count, tail = share * n, (1 - level) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high


def naive_share(part: float, whole: float, *, level: float = LEVEL) -> ShareEstimate:
    """Return the share among the predictions, with Wilson's interval (1927) as if all of them were right.

    It is shown for contrast, because it is often published: it ignores the errors of the predictions.
    """
    if whole <= 0:
        return UNKNOWN_SHARE
    low, high = wilson(part, whole, level)
    value = part / whole
    return ShareEstimate(value, low, high, math.sqrt(value * (1 - value) / whole))
