"""A Comparison in, what it found out, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.scoring.comparison.comparison import Comparison, Pair
from harness.values.formatting import interval, number

MAX_PAIRS = 8
"""So many pairs get a sentence of their own; of more, only those with the leader of each tie group."""


LONGEST_NAME = 26
"""Names that are longer than this are cut where they stand in a table or a figure."""


def findings(comparison: Comparison) -> tuple[str, ...]:
    """Say in full sentences which runs differ, and what it would take to know of the others.

    Examples
    --------
    >>> findings(comparison)                                                 # doctest: +SKIP
    ('linear and embedding cannot be told apart on 1,034 items; 3,100 would be needed.',)
    """
    if comparison.reference:
        return tuple(_against_one(comparison))
    pairs = list(comparison.pairs)
    if len(pairs) > MAX_PAIRS:
        leaders = [group[0] for group in comparison.groups]
        pairs = [pair for pair in pairs if _of_leader(comparison, pair, leaders)]
    return tuple(_sentence(comparison, pair) for pair in pairs)


def _of_leader(comparison: Comparison, pair: Pair, leaders: list[str]) -> bool:
    """Keep what shows the groups: each leader with its own group, and with the next leader."""
    one, other = (comparison.entry(name).group for name in (pair.better, pair.worse))
    if pair.better in leaders and one == other:
        return True
    return pair.better in leaders and pair.worse in leaders and abs(one - other) == 1


def _sentence(comparison: Comparison, pair: Pair) -> str:
    found, n = pair.difference, comparison.n_items
    if math.isnan(found.p):
        return f"Whether {pair.better} beats {pair.worse} cannot be said: the difference has no interval."
    if pair.separable:
        gap = abs(found.value)
        low, high = sorted((abs(found.low), abs(found.high)))
        by = f"{number(gap)} ({interval(low, high)})"
        return f"{pair.better} beats {pair.worse} by {by} in {comparison.metric}."
    start = f"{pair.better} and {pair.worse} cannot be told apart on {n:,} items"
    if found.value == 0:
        return f"{start}: their {comparison.metric} is the same."
    if math.isinf(pair.needed):
        return f"{start}; more items alone would not do, since seeds differ as much: more seeds would."
    return f"{start}; {rounded(pair.needed):,} would be needed."


def _against_one(comparison: Comparison) -> Iterator[str]:
    name = comparison.reference
    told = [pair for pair in comparison.pairs if pair.separable]
    better = sum(pair.worse == name for pair in told)
    worse = sum(pair.better == name for pair in told)
    left = len(comparison.pairs) - len(told)
    yield (
        f"{len(comparison.entries)} runs are too many for every pair, so all were compared with {name}:"
        f" {better} beat it, it beats {worse}, and {left} cannot be told from it on"
        f" {comparison.n_items:,} items."
    )


def power(comparison: Comparison) -> Iterator[str]:
    """Yield what the comparison could have found: the middle one of the pairs' detectable differences."""
    detectable = sorted(pair.detectable for pair in comparison.pairs if not math.isnan(pair.detectable))
    if detectable:
        middle = detectable[len(detectable) // 2]
        yield f"A true difference of about {number(middle)} would be found 8 times in 10."


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """Cut a long name in the middle: its beginning and its end tell it from others.

    Examples
    --------
    >>> shortened("newsmtsc-encoder/encoder-large", 15)
    'newsmts…r-large'
    """
    left = (most - 1) // 2
    return name if len(name) <= most else f"{name[:left]}…{name[len(name) - (most - 1 - left) :]}"


def rounded(items: float) -> int:
    """Round a number of items up to two digits: it is an estimate.

    Examples
    --------
    >>> rounded(3_021), rounded(87), rounded(100)
    (3100, 87, 100)
    """
    step: int = 10 ** max(0, len(str(int(items))) - 2)
    return math.ceil(items / step) * step
