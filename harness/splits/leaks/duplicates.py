"""Sentences in, pairs of duplicates out: exact ones by their words, near ones by shingles or by vectors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from harness.splits.leaks.coded_texts import CodedTexts
from harness.values.parties.folding import fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]

# Changing two of a sentence's 18 words, or three of 25, leaves about this much.
NEAR_JACCARD = 0.7
"""Jaccard similarity over words and pairs of words from which on two sentences are near duplicates."""

# Shorter sentences are alike without being copies: "He did not comment."
MIN_WORDS = 5
"""Sentences with fewer words are not compared, unless they are equal."""

# Two sentences of similarity s agree in at least one band with probability 1 - (1 - s^4)^16: 0.99 at s = 0.7,
# more than 0.999 at 0.8, and 0.64 at 0.5, whose candidates the full comparison then discards.
BANDS, BAND_ROWS = 16, 4
"""Of the MinHash signatures."""

# One near duplicate is enough to report a row: a sentence with a thousand variants need not meet them all.
MAX_NEIGHBOURS = 4
"""Each sentence is compared with so many of those that agree with it in a band, at most."""

# Measured: 5 of the 12 paraphrases in the behaviour audit reach it, and with a row of train or dev none of
# partyline's 448 test rows, 20 of NewsMTSC's 1,034. At 0.85 it is 11 of 12, 11 and 164; at 0.7 nearly all.
NEAR_COSINE = 0.9
"""Cosine of two sentences' vectors (packaged MiniLM) from which on they are near duplicates."""

MAX_COMPARED_PAIRS = 2_000_000
"""With more candidates than this, the estimate from the signatures stands for the similarity."""

SIGNATURE_BLOCK = 4_096
"""Texts whose signatures are computed together: some 150,000 shingles, which stay in cache."""

PAIR_MULTIPLIER = np.uint32(0x9E3779B1)
"""Odd, so that a pair of words and the same words in the other order have different hashes."""

WORD = re.compile(r"\w+")
# The same for ASCII, which halves the time of a text: a small letter, a digit, an underscore, or a space.
_ASCII_WORDS = {code: chr(code).lower() if WORD.match(chr(code)) else " " for code in range(128)}

# About twice the standard error of the estimate from 64 values: sqrt(0.7 * 0.3 / 64) = 0.057.
ESTIMATE_MARGIN = 0.1
"""Candidates whose estimate is lower than the threshold by more are not compared."""


def normalised(text: str) -> str:
    """Return the words of a text, without case and punctuation; the text itself if it has no words.

    Examples
    --------
    >>> normalised("“Varna’s  bridge” opened!")
    'varna s bridge opened'
    """
    # NFKC makes full-width letters and ligatures plain ones; casefold also turns "ß" into "ss". Letters are
    # joined and characters that are not seen left out first, as in the search for names.
    plain = fold(text).text
    if plain.isascii():
        return " ".join(plain.translate(_ASCII_WORDS).split()) or plain.strip()
    folded = unicodedata.normalize("NFKC", plain).casefold()
    return " ".join(WORD.findall(folded)) or folded.strip()


def near_pairs(coded: CodedTexts, threshold: float = NEAR_JACCARD) -> list[tuple[int, int, float]]:
    """Find the pairs of texts that share most of their words and pairs of words.

    Candidates are texts whose MinHash signatures (Broder 1997) agree in a band; candidates are then compared
    in full.

    Parameters
    ----------
    coded : CodedTexts
    threshold : float
        Jaccard similarity, in (0, 1].

    Returns
    -------
    list of (int, int, float)
        Two indices, the smaller first, and their similarity.

    Notes
    -----
    An index, as libraries have it, is not used: of a sentence with a thousand variants it returns all of
    them, for each of the thousand. Here each is compared with a few of them, which is enough to know that it
    has near duplicates.
    """
    texts, is_long = coded.texts, coded.lengths >= MIN_WORDS
    long = np.flatnonzero(is_long)
    if len(long) < 2:
        return []
    # Each with each, 100,000 sentences would need 5 billion comparisons; with bands the whole gate takes 4 s
    # (experiments/performance).
    signatures = _signatures(coded.hashes[np.repeat(is_long, coded.lengths)], coded.lengths[is_long])
    first, second = _candidates(signatures)
    similarity = _agreement(signatures, first, second)
    likely = similarity >= threshold - ESTIMATE_MARGIN
    first, second, similarity = long[first[likely]], long[second[likely]], similarity[likely]
    if len(first) <= MAX_COMPARED_PAIRS:
        exact = [jaccard(shingles(texts[i]), shingles(texts[j])) for i, j in zip(first, second, strict=True)]
        similarity = np.array(exact, dtype=float)
    near = similarity >= threshold
    pairs = zip(first[near].tolist(), second[near].tolist(), similarity[near].tolist(), strict=True)
    return [(min(i, j), max(i, j), share) for i, j, share in pairs]


def near_vectors(
    texts: Sequence[str], encode: Callable[[Sequence[str]], NDArray[np.floating]], threshold: float
) -> list[tuple[int, int, float]]:
    """Find pairs of texts whose vectors point in nearly the same direction.

    Of each text's neighbours the nearest :data:`MAX_NEIGHBOURS` before it and as many after it count, so that
    a low threshold on many texts does not fill the memory.

    Parameters
    ----------
    texts : sequence of str
    encode : callable
        Texts → ``(n, size)`` array.
    threshold : float
        Cosine, in (0, 1].

    Returns
    -------
    list of (int, int, float)
        Two indices, the smaller first, and their cosine.
    """
    vectors = np.asarray(encode(list(texts)), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    cosine_of: dict[tuple[int, int], float] = {}
    # Blocks of rows hold 4 M cosines (16 MB): the whole matrix of 50,000 texts would take 10 GB.
    block = max(1, 2**22 // max(1, len(texts)))
    for start in range(0, len(texts), block):
        rows = np.arange(start, min(start + block, len(texts)))
        cosines = vectors[rows] @ vectors.T
        columns = np.arange(len(texts))
        for side in (columns < rows[:, None], columns > rows[:, None]):
            for row, column, cosine in _nearest(np.where(side, cosines, -np.inf), threshold):
                pair = min(row + start, column), max(row + start, column)
                cosine_of[pair] = cosine
    return [(*pair, cosine) for pair, cosine in sorted(cosine_of.items())]


def shingles(text: str) -> frozenset[str]:
    """Return the words of a normalised text and its pairs of neighbouring words."""
    words = text.split(" ")
    return frozenset([*words, *(f"{word} {following}" for word, following in pairwise(words))])


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the size of the intersection of two sets, divided by that of their union.

    Examples
    --------
    >>> jaccard(frozenset("ab"), frozenset("bc"))   # b, of a, b and c
    0.3333333333333333
    """
    shared = len(first & second)
    return shared / (len(first) + len(second) - shared)


def _nearest(cosines: NDArray[np.float32], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Yield the few highest cosines of each row that reach a threshold: row, column, cosine."""
    count = min(MAX_NEIGHBOURS, cosines.shape[1])
    # argpartition finds the highest without sorting the rest.
    columns = np.argpartition(cosines, -count, axis=1)[:, -count:]
    highest = np.take_along_axis(cosines, columns, axis=1)
    for row, rank in zip(*np.nonzero(highest >= threshold), strict=True):
        yield int(row), int(columns[row, rank]), float(highest[row, rank])


def _signatures(hashes: NDArray[np.uint32], lengths: Indices) -> NDArray[np.uint32]:
    """Return the MinHash signatures of texts, ``(n, BANDS * BAND_ROWS)``.

    The permutations are those of datasketch 2 with seed 1, whose loop builds an object a text.

    Parameters
    ----------
    hashes : (m,) array of uint32
        Of the words of all texts.
    lengths : (n,) array of int
        Words of each text, 1 or more.
    """
    # An odd multiplier makes the map modulo 2^32 one to one.
    stream, count = np.random.RandomState(1), BANDS * BAND_ROWS
    multipliers = stream.randint(0, 2**31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    summands = stream.randint(0, 2**32, count, dtype=np.uint32)
    signatures = np.empty((len(lengths), BANDS * BAND_ROWS), dtype=np.uint32)
    ends = np.cumsum(lengths)
    for start in range(0, len(lengths), SIGNATURE_BLOCK):
        texts = slice(start, start + SIGNATURE_BLOCK)
        first = ends[start] - lengths[start]
        last = ends[texts] - first
        mixed = _shingle_hashes(hashes[first : first + last[-1]], last - 1)
        starts = 2 * (last - lengths[texts])
        for column, (multiplier, summand) in enumerate(zip(multipliers, summands, strict=True)):
            permuted = mixed * multiplier + summand
            signatures[texts, column] = np.minimum.reduceat(permuted, starts)
    return signatures


def _shingle_hashes(words: NDArray[np.uint32], last: Indices) -> NDArray[np.uint32]:
    """Return 32 bits for each of the :func:`shingles` of texts, ``(2 * m,)``.

    Parameters
    ----------
    words : (m,) array of uint32
        Hashes of the words of all texts.
    last : (n,) array of int
        The index of each text's last word, which begins no pair: it stands there twice.
    """
    mixed = _mixed(words)
    following = np.append(words[1:], np.uint32(0))
    pairs = _mixed(mixed * PAIR_MULTIPLIER + following)
    pairs[last] = mixed[last]
    return np.stack([mixed, pairs], axis=1).ravel()


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread hashes over all 32 bits: MurmurHash3's finalizer."""
    mixed = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return mixed ^ (mixed >> np.uint32(16))


def _candidates(signatures: NDArray[np.uint32]) -> tuple[Indices, Indices]:
    """Pair texts that agree in a band, each with its next neighbours in an order drawn anew for each band."""
    # A pair (i, j) is coded as i * n + j, so that np.unique removes duplicates fast.
    n, codes = len(signatures), []
    draw = np.random.default_rng(0)
    multipliers = draw.integers(2**63, size=BAND_ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    for band in range(BANDS):
        rows = signatures[:, band * BAND_ROWS : (band + 1) * BAND_ROWS]
        # One number for a band's values, which is sorted fast; those of equal values are equal.
        keys = rows.astype(np.uint64) @ multipliers
        order = draw.permutation(n)
        order = order[np.argsort(keys[order], kind="stable")]
        ordered = rows[order]
        for step in range(1, MAX_NEIGHBOURS + 1):
            equal = np.flatnonzero((ordered[step:] == ordered[:-step]).all(axis=1))
            ends = np.sort(np.stack([order[equal], order[equal + step]]), axis=0)
            codes.append(ends[0].astype(np.int64) * n + ends[1])
    first, second = np.divmod(np.unique(np.concatenate(codes)), n)
    return first, second


def _agreement(signatures: NDArray[np.uint32], first: Indices, second: Indices) -> NDArray[np.float64]:
    """Estimate the similarity of pairs by the share of their signatures that agrees (Broder 1997)."""

    def blocks() -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(first), 2**16):
            pairs = slice(start, start + 2**16)
            yield (signatures[first[pairs]] == signatures[second[pairs]]).mean(axis=1)

    return np.concatenate([*blocks(), np.empty(0)])
