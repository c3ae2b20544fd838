"""Distinct texts in, pairs out of which one holds the other, or that have a passage in common.

Jaccard similarity is blind to a sentence that stands inside a paragraph: the union is the whole paragraph.
Containment divides by the shorter text alone (Broder 1997). Candidates are texts that share a sequence of
words; a sequence that very many texts share pairs each with a few of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.splits.leaks.coded_texts import CodedTexts
from harness.splits.leaks.duplicates import MAX_COMPARED_PAIRS, MAX_NEIGHBOURS, MIN_WORDS, shingles
from harness.splits.leaks.repeats import PASSAGE_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Windows = tuple[NDArray[np.uint64], Indices]

# Of 18 words with two changed apart from each other, 29 of 35 words and pairs are left: 0.83. Sentences of
# one subject share up to half of them with an article of 500 words.
NEAR_CONTAINMENT = 0.8
"""Share of a text's words and pairs of words in a longer text, from which on it stands in it."""

# Of a text with two words changed, five words in a row are left of 17.
ANCHOR_WORDS = 5
"""Texts that share so many words in a row are compared."""

MAX_PASSAGE_TEXTS = 10
"""A passage of more texts than this is a formula, and does not link them."""

MIN_BOILERPLATE_WORDS = 4
MIN_BOILERPLATE_TEXTS = 20
"""So many texts begin, or end, with the same words before these count as boilerplate."""


@dataclass(frozen=True)
class Containment:
    """A text that stands in a longer one.

    Attributes
    ----------
    inner, outer : int
        Indices of the texts.
    share : float
        Share of the inner one's words and pairs of words that the outer one has, in (0, 1].
    verbatim : bool
        Whether it stands there word for word.
    """

    inner: int
    outer: int
    share: float
    verbatim: bool


def contained(coded: CodedTexts, threshold: float = NEAR_CONTAINMENT) -> list[Containment]:
    """Find texts that stand in longer ones.

    Parameters
    ----------
    coded : CodedTexts
    threshold : float
        Share of words and pairs of words, in (0, 1].

    Returns
    -------
    list of Containment
        With a few of the texts that a text stands in, where there are many.
    """
    texts = coded.texts
    first, second = _sharing(windows(coded, ANCHOR_WORDS), len(texts))
    sets: dict[int, frozenset[str]] = {}

    def shingles_of(index: int) -> frozenset[str]:
        if index not in sets:
            sets[index] = shingles(texts[index])
        return sets[index]

    pairs = []
    for pair in zip(first[:MAX_COMPARED_PAIRS].tolist(), second[:MAX_COMPARED_PAIRS].tolist(), strict=True):
        inner, outer = sorted(pair, key=lambda index: (len(shingles_of(index)), index))
        share = len(shingles_of(inner) & shingles_of(outer)) / len(shingles_of(inner))
        if share >= threshold:
            pairs.append(Containment(inner, outer, share, stands_in(texts[inner], texts[outer])))
    return pairs


def stands_in(inner: str, outer: str) -> bool:
    """Say whether a normalised text stands in another one word for word.

    Examples
    --------
    >>> stands_in("opened the bridge", "he opened the bridge"), stands_in("pen", "he opened")
    (True, False)
    """
    return f" {inner} " in f" {outer} "


def linked(coded: CodedTexts) -> list[tuple[int, int]]:
    """Return pairs of texts that share a passage, and so are probably from one article; the smaller first."""
    first, second = _sharing(windows(coded, PASSAGE_WORDS), len(coded), MAX_PASSAGE_TEXTS)
    return list(zip(first.tolist(), second.tolist(), strict=True))


def without_boilerplate(texts: Sequence[str]) -> list[str]:
    """Return texts without what many of them begin or end with.

    A text of which fewer than :data:`harness.splits.leaks.duplicates.MIN_WORDS` words would be left stays as
    it is: what its likes differ in is not a text of its own.

    Parameters
    ----------
    texts : sequence of str
        All different, as :func:`harness.splits.leaks.duplicates.normalised` returns them.
    """
    starts, ends = _common_starts(texts, 1), _common_starts(texts, -1)
    rests = list(texts)
    for index in starts.keys() | ends.keys():
        words = texts[index].split(" ")
        rest = words[starts.get(index, 0) : len(words) - ends.get(index, 0)]
        if len(rest) >= MIN_WORDS:
            rests[index] = " ".join(rest)
    return rests


def windows(coded: CodedTexts, size: int) -> Windows:
    """Return the sequences of words of all texts.

    Parameters
    ----------
    coded : CodedTexts
    size : int
        Words of a sequence.

    Returns
    -------
    hashes : (n,) array of uint64
        Of each sequence; each once a text, in ascending order.
    texts : (n,) array of int
        The text that it is in.
    """
    codes, text_of = coded.codes, coded.text_of
    if len(codes) < size:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    draw = np.random.default_rng(0)
    values = draw.integers(2**64, size=len(coded.vocabulary), dtype=np.uint64)[codes]
    # Weighted sums of random numbers: of ten million sequences, two collide with a chance of 3 in a million.
    hashes = np.zeros(len(codes) - size + 1, dtype=np.uint64)
    for step in range(size):
        factor = draw.integers(2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        hashes += values[step : step + len(hashes)] * factor
    # A sequence that would begin in one text and end in the next is none.
    whole = text_of[: len(hashes)] == text_of[size - 1 :]
    hashes, text_of = hashes[whole], text_of[: len(hashes)][whole]
    # Texts are in order already, and stay so within a sequence.
    order = np.argsort(hashes, kind="stable")
    hashes, text_of = hashes[order], text_of[order]
    new = np.ones(len(hashes), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (text_of[1:] != text_of[:-1])
    return hashes[new], text_of[new]


def _sharing(sequences: Windows, n_texts: int, max_texts: int | None = None) -> tuple[Indices, Indices]:
    """Pair texts that share a sequence, each with its next neighbours in an order drawn for each sequence."""
    hashes, of_text = sequences
    # Nearly all sequences are of one text: these need not be sorted again.
    equal = hashes[1:] == hashes[:-1]
    common = np.append(equal, False) | np.append(False, equal) if len(hashes) else equal
    hashes, of_text = hashes[common], of_text[common]
    if max_texts is not None and len(hashes):
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        rare = counts[inverse] <= max_texts
        hashes, of_text = hashes[rare], of_text[rare]
    # Mixed with the sequence, so that texts that share several are not always the same ones' neighbours.
    mixed = (hashes ^ of_text.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    order = np.lexsort((mixed, hashes))
    hashes, of_text = hashes[order], of_text[order]
    codes = [np.empty(0, dtype=np.int64)]
    # All texts of a rare sequence, of a common one the next few.
    for step in range(1, MAX_NEIGHBOURS + 1 if max_texts is None else max_texts):
        equal = np.flatnonzero(hashes[step:] == hashes[:-step])
        ends = np.sort(np.stack([of_text[equal], of_text[equal + step]]), axis=0)
        codes.append(np.unique(ends[0] * n_texts + ends[1]))
    first, second = np.divmod(np.unique(np.concatenate(codes)), max(1, n_texts))
    return first, second


def _common_starts(texts: Sequence[str], direction: int) -> dict[int, int]:
    """Return how many words texts begin with, or end with at -1, that many others do, of those that do."""
    starts: dict[int, int] = {}
    length, left = MIN_BOILERPLATE_WORDS, list(range(len(texts)))
    # Longer beginnings are looked for where shorter ones are common: most texts leave in the first round.
    while left:
        keys = {k: key for k in left if (key := _edge(texts[k], length, direction)) is not None}
        counts = Counter(keys.values())
        left = [k for k, key in keys.items() if counts[key] >= MIN_BOILERPLATE_TEXTS]
        starts.update(dict.fromkeys(left, length))
        length += 1
    return starts


def _edge(text: str, words: int, direction: int) -> str | None:
    """Return the first words of a text, or at -1 the last ones; None where it has fewer."""
    # Split no further than needed: it is asked of every text.
    parts = text.split(" ", words) if direction > 0 else text.rsplit(" ", words)
    if len(parts) < words:
        return None
    if len(parts) == words:
        return text
    return text[: -len(parts[-1]) - 1] if direction > 0 else text[len(parts[0]) + 1 :]
