"""Distinct texts in, what is alike of them out: by Jaccard, by containment, beyond boilerplate."""

from __future__ import annotations

from collections.abc import Sequence

from harness.splits.leaks.duplicates import near_pairs
from harness.splits.leaks.passages import contained, without_boilerplate
from harness.splits.leaks.repeats import Likeness, Pair, verbatim_kind


def likeness(texts: Sequence[str], near: float) -> Likeness:
    """Find texts that are alike.

    What many texts begin or end with is left out first: it would make unlike sentences near duplicates, and
    hide the equality of others.

    Parameters
    ----------
    texts : sequence of str
        All different, as :func:`harness.splits.leaks.duplicates.normalised` returns them.
    near : float
        Jaccard similarity of near duplicates, in (0, 1].
    """
    rest_of = dict(zip(texts, without_boilerplate(texts), strict=True))
    rests = list(dict.fromkeys(rest_of.values()))
    pairs = [Pair(rests[i], rests[j], share) for i, j, share in near_pairs(rests, near)]
    pairs += [
        Pair(
            rests[each.inner],
            rests[each.outer],
            each.share,
            verbatim_kind(rests[each.inner]) if each.verbatim else "near",
        )
        for each in contained(rests)
    ]
    return Likeness(rest_of, pairs)
