"""Counts in; Wilson's interval of a share, and McNemar's p-value of a difference between two, out.

Equal to those of statsmodels, with which the tests compare them; that package takes half a second to load.
"""

from __future__ import annotations

import math
from functools import lru_cache


@lru_cache(4096)
def wilson(hits: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return both ends of the interval of ``hits`` in ``n`` independent cases.

    Parameters
    ----------
    hits, n : float
        Fractions are allowed: an effective number of cases.
    level : float
        In (0, 1).

    References
    ----------
    Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    from scipy.stats import norm

    share, quantile = hits / n, float(norm.isf((1 - level) / 2))
    square = quantile**2
    scale = 1 + square / n
    center = (share + square / (2 * n)) / scale
    half_width = quantile * math.sqrt(share * (1 - share) / n + square / (4 * n**2)) / scale
    return max(0.0, center - half_width), min(1.0, center + half_width)


def mcnemar_p(only_first: int, only_second: int, *, exact: bool) -> float:
    """Return the two-sided p-value of as many items on which one of two classifiers alone is right.

    Parameters
    ----------
    only_first, only_second : int
        Not both 0.
    exact : bool
        By the binomial distribution; else by chi-squared with continuity correction.

    References
    ----------
    McNemar 1947; Edwards 1948, for the correction.

    Examples
    --------
    >>> mcnemar_p(1, 5, exact=True)   # (1 + 6) / 2**6, on both sides
    0.21875
    """
    from scipy.stats import binom, chi2

    n = only_first + only_second
    if exact:
        return min(1.0, float(binom.cdf(min(only_first, only_second), n, 0.5) * 2))
    return float(chi2.sf((abs(only_first - only_second) - 1) ** 2 / n, 1))
