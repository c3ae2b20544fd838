"""p-values of many comparisons in, corrected p-values and tie groups out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

SIGNIFICANCE_LEVEL = 0.05
"""A difference is established if its corrected p-value is at most this."""


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Correct p-values for their number, so that the probability of any false positive stays at the level.

    Comparisons without a p-value (NaN) keep none, and do not count towards the number.

    Parameters
    ----------
    p_values : sequence of float
        In [0, 1], or NaN.

    Returns
    -------
    tuple of float
        In [0, 1], in the same order.

    Notes
    -----
    The tests compare it with statsmodels' ``multipletests``. That function itself is not used because it runs
    the garbage collector at each call: half a second, many times per report.

    References
    ----------
    Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.

    Examples
    --------
    >>> holm([0.25, 0.5, 0.125])
    (0.5, 0.5, 0.375)
    """
    ordered = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    corrected, least = [math.nan] * len(p_values), 0.0
    for rank, (p, index) in enumerate(ordered):
        # Step down: a corrected p-value is never smaller than that of a smaller p-value.
        least = max(least, min(1.0, p * (len(ordered) - rank)))
        corrected[index] = least
    return tuple(corrected)


def tie_groups(ranked: Sequence[str], separable: Collection[frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Group runs that cannot be told apart from the best run of their group.

    The best run leads the first group; every run that is not separable from it joins, even if it ranks below
    a run that is. The best of the others leads the next group, and so on.

    Parameters
    ----------
    ranked : sequence of str
        From best to worst.
    separable : collection of frozenset
        Pairs whose difference is established.

    Returns
    -------
    tuple of tuple of str
        Each run is in exactly one group; best group first.

    Examples
    --------
    >>> tie_groups(["a", "b", "c"], [frozenset("ac"), frozenset("bc")])
    (('a', 'b'), ('c',))
    """
    groups: list[tuple[str, ...]] = []
    remaining = list(ranked)
    while remaining:
        group = tuple(name for name in remaining if frozenset((remaining[0], name)) not in separable)
        groups.append(group)
        remaining = [name for name in remaining if name not in group]
    return tuple(groups)
