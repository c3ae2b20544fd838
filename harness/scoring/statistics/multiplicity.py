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
    """Group runs so that two share a group exactly where they cannot be told apart.

    Such ties are not transitive: of three runs the outer ones may differ while the middle one is tied with
    both. It then is in two groups, of which each gets a letter: a compact letter display.

    Parameters
    ----------
    ranked : sequence of str
        From best to worst.
    separable : collection of frozenset
        Pairs whose difference is established.

    Returns
    -------
    tuple of tuple of str
        No group is part of another; ordered by their first members, then by the others.

    References
    ----------
    Piepho 2004, An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons ("insert and
    absorb").

    Examples
    --------
    >>> tie_groups(["a", "b", "c"], [frozenset("ac")])
    (('a', 'b'), ('b', 'c'))
    """
    rank = {name: index for index, name in enumerate(ranked)}
    groups: set[frozenset[str]] = {frozenset(ranked)} if ranked else set()
    for pair in separable:
        # Insert: a group that holds both is split in two, each without one of them.
        split = {group - {name} if pair <= group else group for group in groups for name in pair}
        # Absorb: a group inside another says nothing new.
        groups = {group for group in split if not any(group < other for other in split)}
    ordered = [tuple(sorted(group, key=rank.__getitem__)) for group in groups]
    return tuple(sorted(ordered, key=lambda group: [rank[name] for name in group]))
