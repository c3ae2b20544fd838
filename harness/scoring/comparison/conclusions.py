"""A Comparison in, its conclusions as plain sentences out."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.scoring.comparison.ranking import Comparison, Pair
from harness.values.formatting import counted, interval, number, rounded_up

MAX_PAIRS = 8
"""With more pairs than this, only those that involve the leader of a tie group get a sentence."""

TIES = "runs with a letter in common cannot be told apart."
"""What the letters of ties mean, wherever they stand."""

MAX_NAME_LETTERS = 26
"""Longer names are shortened in tables and figures."""


def conclusions(comparison: Comparison) -> tuple[str, ...]:
    """Say in full sentences which runs differ, and what it would take to separate the others.

    Examples
    --------
    >>> conclusions(comparison)                                                 # doctest: +SKIP
    ('linear beats majority by 0.383 (0.338 to 0.427) in f1_macro.',)
    """
    if comparison.reference:
        return (_against_reference(comparison),)
    pairs = list(comparison.pairs)
    if len(pairs) > MAX_PAIRS:
        leaders = list(dict.fromkeys(group[0] for group in comparison.groups))
        pairs = [pair for pair in pairs if _shows_groups(pair, leaders)]
    return tuple(_sentence(comparison, pair) for pair in pairs)


def _shows_groups(pair: Pair, leaders: list[str]) -> bool:
    """Return whether a pair shows the tie groups: a leader with its own group, or with the next leader."""
    # Pairs of a leader with its group show the ties, pairs of leaders the steps between groups.
    if pair.better not in leaders:
        return False
    if not pair.separable:
        return True
    return pair.worse in leaders and leaders.index(pair.worse) - leaders.index(pair.better) == 1


def _sentence(comparison: Comparison, pair: Pair) -> str:
    difference, n = pair.difference, comparison.n_items
    if math.isnan(difference.p):
        return f"Whether {pair.better} beats {pair.worse} is unknown: the difference has no interval."
    if pair.separable:
        # Differences of "lower is better" metrics are negative: the gain is reported as positive.
        low, high = sorted((abs(difference.low), abs(difference.high)))
        return (
            f"{pair.better} beats {pair.worse} by {number(abs(difference.value))} ({interval(low, high)})"
            f" in {comparison.metric}."
        )
    start = f"{pair.better} and {pair.worse} cannot be told apart on {counted(n, 'item')}"
    if difference.value == 0:
        return f"{start}: their {comparison.metric} is the same."
    if math.isinf(pair.needed):
        return f"{start}; more items would not suffice, because seeds vary as much: more seeds are needed."
    about = f"about {rounded_up(pair.needed):,} would be needed if the difference is as measured"
    # The interval contains 0, so that there is a least number, but no largest one.
    least = f", at least {rounded_up(pair.needed_at_least):,} in any case" if pair.needed_at_least > n else ""
    return f"{start}; {about}{least}."


def _against_reference(comparison: Comparison) -> str:
    name = comparison.reference
    established = [pair for pair in comparison.pairs if pair.separable]
    better = sum(pair.worse == name for pair in established)
    worse = sum(pair.better == name for pair in established)
    unknown = sum(math.isnan(pair.difference.p) for pair in comparison.pairs)
    tied = len(comparison.pairs) - len(established) - unknown
    without = f"; of {unknown} nothing is known, for the difference has no interval" if unknown else ""
    return (
        f"{counted(len(comparison.runs), 'run')} are too many to compare every pair, so all were"
        f" compared with {name}:"
        f" {better} beat it, it beats {worse}, and {tied} cannot be told from it on"
        f" {counted(comparison.n_items, 'item')}{without}."
    )


def power(comparison: Comparison) -> Iterator[str]:
    """Yield what the comparison could have detected: the median of the pairs' detectable differences."""
    detectable = sorted(pair.detectable for pair in comparison.pairs if not math.isnan(pair.detectable))
    if detectable:
        median = detectable[len(detectable) // 2]
        yield f"A true difference of about {number(median)} would be detected 8 times in 10."


def shortened(name: str, max_letters: int = MAX_NAME_LETTERS) -> str:
    """Cut a long name in the middle: its beginning and its end distinguish it from others.

    Examples
    --------
    >>> shortened("newsmtsc-encoder/encoder-large", 15)
    'newsmts…r-large'
    """
    head = (max_letters - 1) // 2
    tail = max_letters - 1 - head
    return name if len(name) <= max_letters else f"{name[:head]}…{name[len(name) - tail :]}"
