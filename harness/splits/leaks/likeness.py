"""Distinct texts in, what is alike of them out: by Jaccard, by containment, beyond boilerplate."""

from __future__ import annotations

from collections.abc import Sequence

from harness.splits.leaks.coded_texts import CodedTexts
from harness.splits.leaks.duplicates import near_pairs
from harness.splits.leaks.passages import contained, without_boilerplate
from harness.splits.leaks.repeats import AlikePair, Likeness, verbatim_kind


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
    coded = CodedTexts.of(rests)
    near_share = {(i, j): share for i, j, share in near_pairs(coded, near)}
    pairs = [AlikePair(rests[i], rests[j], share) for (i, j), share in near_share.items()]
    for each in contained(coded):
        inner, outer = rests[each.inner], rests[each.outer]
        if each.verbatim:
            pairs.append(AlikePair(inner, outer, 1.0, verbatim_kind(inner)))
        # Texts of about one length are near duplicates by both measures: the smaller, Jaccard's, stands.
        elif (min(each.inner, each.outer), max(each.inner, each.outer)) not in near_share:
            pairs.append(AlikePair(inner, outer, each.share))
    return Likeness(rest_of, pairs)
