"""Texts that are kept apart and new texts in; which of the new ones repeat one of the others out."""

from __future__ import annotations

from collections.abc import Sequence

from harness.splits.leaks.duplicates import near_vectors, normalised
from harness.splits.leaks.evidence import Encode
from harness.splits.leaks.likeness import likeness
from harness.splits.leaks.repeats import AlikePair, Likeness, Repeat, TwoParts, repeats


def resembling(
    apart: Sequence[tuple[str, str]],
    texts: Sequence[str],
    near: float,
    *,
    encode: Encode | None = None,
    cosine: float | None = None,
) -> dict[int, Repeat]:
    """Find texts that repeat others, as a whole, inside a longer one, or nearly.

    Parameters
    ----------
    apart : sequence of (str, str)
        Id and text of each row that nothing may repeat.
    texts : sequence of str
        New ones.
    near : float
        Jaccard similarity of near duplicates, in (0, 1].
    encode : callable, optional
        Texts → ``(n, size)`` array; used where ``cosine`` is given.
    cosine : float, optional
        Texts whose vectors have at least this cosine are near duplicates too.

    Returns
    -------
    dict
        Position of a text → what it repeats: ``of`` is an id of ``apart``.
    """
    words = [normalised(text) for text in (*(text for _, text in apart), *texts)]
    distinct = list(dict.fromkeys(words))
    alike = likeness(distinct, near)
    if encode is not None and cosine is not None:
        by_vectors = [
            AlikePair(alike.rest_of[distinct[i]], alike.rest_of[distinct[j]], share)
            for i, j, share in near_vectors(distinct, encode, cosine)
        ]
        alike = Likeness(alike.rest_of, [*alike.pairs, *by_vectors])
    # Ids of a corpus are texts of any kind: these begin with a character that none of them has.
    new = {f"\x1dnew {number}": number for number in range(len(texts))}
    ids = [id_ for id_, _ in apart]
    # What nothing may repeat stands where train usually does, so that each repeat of it is found.
    fold = TwoParts(tuple(ids), tuple(new))
    return {new[repeat.id]: repeat for repeat in repeats([*ids, *new], words, [fold], alike)}
