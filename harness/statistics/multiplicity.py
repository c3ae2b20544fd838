"""Many comparisons in, corrected p-values and tie groups out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

LEVEL = 0.05


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Correct p-values for their number, so that the chance of any false alarm stays at the level.

    Comparisons without a p-value (NaN) keep none, and do not count towards the number.

    References
    ----------
    Holm 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    from statsmodels.stats.multitest import multipletests

    known = [p for p in p_values if not math.isnan(p)]
    corrected = iter(multipletests(known, method="holm")[1].tolist() if known else [])
    return tuple(math.nan if math.isnan(p) else next(corrected) for p in p_values)


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
