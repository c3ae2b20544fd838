"""Sentences in, those that repeat one another out: word for word, or nearly so."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

NEAR = 0.7
"""Shared words and pairs of words, of all that two sentences have, from which on they are near duplicates. A
sentence of 25 words with two of them changed has about this much in common with the original."""

MIN_WORDS = 5
"""Shorter sentences are alike without being copies."""

BANDS, ROWS = 16, 4
"""Of the signatures: two sentences that share 0.7 meet in a band 99 times in 100, at 0.8 all but always."""

NEIGHBOURS = 4
"""Of sentences that meet in a band, each is compared with so many of the others."""

ALIKE = 0.9
"""Cosine of two sentences' vectors (packaged MiniLM) from which on they are near duplicates: 5 of 12 pairs of
paraphrases in the suite of behaviour reach it, and beside train and dev none of partyline's 448 test rows and
20 of NewsMTSC's 1,034. At 0.85 those are 11 of 12, 11 and 164; at 0.7 all but a few."""

MAX_EXACT = 2_000_000
"""Beyond so many candidates the estimate of their signatures is taken as it is."""

MARGIN = 0.1
"""Twice the standard error of that estimate."""


def normalised(text: str) -> str:
    """Return the words of a text alone: no case, no punctuation, one space; the text itself if it has none.

    Examples
    --------
    >>> normalised("“Varna’s  bridge” opened!")
    'varna s bridge opened'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", folded)) or folded.strip()


def near_pairs(texts: Sequence[str], threshold: float = NEAR) -> list[tuple[int, int, float]]:
    """Find the pairs of texts that have most of their words, and pairs of words, in common.

    Candidates are texts whose MinHash signatures (Broder 1997) agree in a band; they are then compared in
    full.

    Parameters
    ----------
    texts : sequence of str
        Different ones, as :func:`normalised` returns them.
    threshold : float
        Jaccard similarity, in (0, 1].

    Returns
    -------
    list of (int, int, float)
        Two places, the smaller first, and their similarity.

    Notes
    -----
    datasketch makes the signatures. Its index is not used: asked for a sentence of which there are a thousand
    variants it returns them all, for each of the thousand. Here each is compared with a few of them, which
    is enough to know that it has near duplicates.
    """
    places = np.array([k for k, text in enumerate(texts) if text.count(" ") + 1 >= MIN_WORDS], dtype=int)
    if len(places) < 2:
        return []
    signatures = _signatures([texts[k] for k in places])
    first, second = _candidates(signatures)
    estimates = _agreeing(signatures, first, second)
    likely = estimates >= threshold - MARGIN
    first, second, estimates = places[first[likely]], places[second[likely]], estimates[likely]
    if len(first) <= MAX_EXACT:
        pairs = zip(first, second, strict=True)
        shared = [jaccard(shingles(texts[one]), shingles(texts[other])) for one, other in pairs]
        estimates = np.array(shared, dtype=float)
    kept = estimates >= threshold
    found = zip(first[kept].tolist(), second[kept].tolist(), estimates[kept].tolist(), strict=True)
    return [(min(one, other), max(one, other), share) for one, other, share in found]


def near_vectors(
    texts: Sequence[str], encode: Callable[[Sequence[str]], NDArray[np.floating]], threshold: float
) -> list[tuple[int, int, float]]:
    """Find pairs of texts whose vectors point the same way, as :func:`near_pairs` returns them.

    Of every text the nearest :data:`NEIGHBOURS` before it and as many after it are kept, so that a low
    threshold on many texts takes no memory.

    Parameters
    ----------
    texts : sequence of str
    encode : callable
        Texts → ``(n, size)``.
    threshold : float
        Cosine, in (0, 1].
    """
    vectors = np.asarray(encode(list(texts)), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    found: dict[tuple[int, int], float] = {}
    block = max(1, 2**22 // max(1, len(texts)))
    for start in range(0, len(texts), block):
        own = np.arange(start, min(start + block, len(texts)))
        cosines = vectors[own] @ vectors.T
        columns = np.arange(len(texts))
        for side in (columns < own[:, None], columns > own[:, None]):
            for row, column, cosine in _nearest(np.where(side, cosines, -np.inf), threshold):
                pair = min(row + start, column), max(row + start, column)
                found[pair] = cosine
    return [(*pair, cosine) for pair, cosine in sorted(found.items())]


def shingles(text: str) -> frozenset[str]:
    """Return the words of a normalised text and its pairs of neighbouring words."""
    words = text.split(" ")
    return frozenset([*words, *(f"{one} {other}" for one, other in pairwise(words))])


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return what two sets share, of all that they hold.

    Examples
    --------
    >>> jaccard(frozenset("ab"), frozenset("bc"))   # b, of a, b and c
    0.3333333333333333
    """
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _nearest(cosines: NDArray[np.float32], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Yield the highest few cosines of each row that reach a threshold: row, column, cosine."""
    few = min(NEIGHBOURS, cosines.shape[1])
    columns = np.argpartition(cosines, -few, axis=1)[:, -few:]
    highest = np.take_along_axis(cosines, columns, axis=1)
    for row, place in zip(*np.nonzero(highest >= threshold), strict=True):
        yield int(row), int(columns[row, place]), float(highest[row, place])


def _signatures(texts: Sequence[str]) -> NDArray[np.uint32]:
    from datasketch import MinHash

    encoded = ([shingle.encode() for shingle in shingles(text)] for text in texts)
    made = MinHash.generator(encoded, num_perm=BANDS * ROWS, seed=1, hashfunc=zlib.crc32)
    return np.stack([one.hashvalues.astype(np.uint32) for one in made])


def _candidates(signatures: NDArray[np.uint32]) -> tuple[Places, Places]:
    """Pair texts that agree in a band, each with its next neighbours in an order drawn anew for each band."""
    n, codes = len(signatures), []
    draw = np.random.default_rng(0)
    for band in range(BANDS):
        rows = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        keys = rows.view(np.dtype((np.void, rows.itemsize * ROWS))).ravel()
        order = draw.permutation(n)
        order = order[np.argsort(keys[order], kind="stable")]
        ordered = rows[order]
        for step in range(1, NEIGHBOURS + 1):
            alike = np.flatnonzero((ordered[step:] == ordered[:-step]).all(axis=1))
            ends = np.sort(np.stack([order[alike], order[alike + step]]), axis=0)
            codes.append(ends[0].astype(np.int64) * n + ends[1])
    first, second = np.divmod(np.unique(np.concatenate(codes)), n)
    return first, second


def _agreeing(signatures: NDArray[np.uint32], first: Places, second: Places) -> NDArray[np.float64]:
    """Estimate the similarity of pairs: the share of their signatures that agrees."""

    def blocks() -> Iterator[NDArray[np.float64]]:
        for start in range(0, len(first), 2**16):
            here = slice(start, start + 2**16)
            yield (signatures[first[here]] == signatures[second[here]]).mean(axis=1)

    return np.concatenate([*blocks(), np.empty(0)])
