"""Many comparisons in, corrected p-values and tie groups out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

LEVEL = 0.05


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Correct p-values for their number, so that the chance of any false alarm stays at the level.

    Comparisons without a p-value (NaN) keep none, and do not count towards the number.

    Notes
    -----
    The tests hold it to statsmodels' ``multipletests``, which collects the garbage of the whole process at
    each call: half a second, many times a report.

    References
    ----------
    Holm 1979.

    Examples
    --------
    >>> holm([0.25, 0.5, 0.125])
    (0.5, 0.5, 0.375)
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    corrected, least = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        corrected[place] = least
    return tuple(corrected)


def tie_groups(ranked: Sequence[str], separable: Collection[frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Group runs that cannot be told from the best of their group.

    The best run leads the first group; every run that is not separable from it joins, even one that ranks
    below a run which is separable. The best of the others leads the next group, and so on.

    Parameters
    ----------
    ranked : sequence of str
        From best to worst.
    separable : collection of frozenset
        Pairs whose difference is established.

    Returns
    -------
    tuple of tuple of str
        Every run in one group, best group first.

    Examples
    --------
    >>> tie_groups(["a", "b", "c"], [frozenset("ac"), frozenset("bc")])
    (('a', 'b'), ('c',))
    """
    groups: list[tuple[str, ...]] = []
    left = list(ranked)
    while left:
        group = tuple(name for name in left if frozenset((left[0], name)) not in separable)
        groups.append(group)
        left = [name for name in left if name not in group]
    return tuple(groups)
