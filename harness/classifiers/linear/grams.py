"""Words in, counts of n-grams out.

An n-gram has a key, a number. Where n-grams *near* the target are asked for, those before it and those after
it have keys of their own, and one whose nearest word stands ``d`` words away counts
``exp(-(d - 1) / window)``; all others are left out.

A row's counts come from its own words in their own order: neither its neighbours nor the size of a batch
change a bit of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.linear.tokens import MARKS, Tokens
from harness.values.errors import ClassifierError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]

_LARGEST_KEY = 2**62
_NOT_NEAR = 2**62


@dataclass(frozen=True)
class Numbers:
    """Texts, each with a number: its place. What is not among them has -1."""

    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.texts)}

    def of(self, texts: Iterable[str]) -> Integers:
        """Look texts up."""
        return np.fromiter(map(self._number.get, texts, repeat(-1)), dtype=np.int64)


@dataclass(frozen=True)
class WordGrams:
    """N-grams of known words.

    A key is a numeral in base ``len(words) + 1``: the words' numbers plus 1, ``longest`` digits at most, and
    near the target a digit in front of them, 1 before it and 2 after it.

    Parameters
    ----------
    words : Numbers
    longest : int
        Words an n-gram has at most.
    window : float, optional
        In words; only n-grams near the target are counted.
    """

    words: Numbers
    longest: int
    window: float | None = None

    def __post_init__(self) -> None:
        if 3 * (len(self.words) + 1) ** self.longest > _LARGEST_KEY:
            raise ClassifierError(
                f"{len(self.words):,} words have too many n-grams of {self.longest}; raise min_count"
            )

    def count(self, found: Tokens) -> tuple[Integers, csr_matrix]:
        """Return the keys that occur, ascending, and their counts, ``(rows, keys)``."""
        key, row, weight = self._occurrences(found)
        keys, column = np.unique(key, return_inverse=True)
        return keys, _table(row, column, weight, (found.n_rows, len(keys)))

    def count_known(self, found: Tokens, keys: Integers) -> csr_matrix:
        """Return the counts of these keys, which ascend, ``(rows, keys)``."""
        key, row, weight = self._occurrences(found)
        column = np.searchsorted(keys, key)
        known = column < len(keys)
        known[known] = keys[column[known]] == key[known]
        return _table(row[known], column[known], weight[known], (found.n_rows, len(keys)))

    def places(self, found: Tokens) -> tuple[Integers, Integers, Integers, Reals]:
        """Return every occurrence: its key, its first word and how many words it has, and its weight."""
        parts = list(self._by_length(found))
        key, start, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        length = np.repeat(np.arange(1, len(parts) + 1), [len(part[0]) for part in parts])
        return key, start, length, weight

    def _occurrences(self, found: Tokens) -> tuple[Integers, Integers, Reals]:
        parts = list(self._by_length(found))
        key, start, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        row = found.row[start]
        order = np.argsort(row, kind="stable")
        return key[order], row[order], weight[order]

    def _by_length(self, found: Tokens) -> Iterator[tuple[Integers, Integers, Reals]]:
        digit, base = self.words.of(found.words)[found.code] + 1, len(self.words) + 1
        # Sorts by distance; its last bit is the side.
        nearness = np.where(found.offset == 0, _NOT_NEAR, 2 * np.abs(found.offset) + (found.offset > 0))
        start = np.flatnonzero(digit)
        key, nearest = digit[start], nearness[start]
        for length in range(1, self.longest + 1):
            if length > 1:
                last = start + length - 1
                kept = last < len(digit)
                kept[kept] = (digit[last[kept]] > 0) & (found.row[last[kept]] == found.row[start[kept]])
                start, last = start[kept], last[kept]
                key = key[kept] * base + digit[last]
                nearest = np.minimum(nearest[kept], nearness[last])
            if self.window is None:
                yield key, start, np.ones(len(start))
                continue
            near = nearest < _NOT_NEAR
            side, distance = nearest[near] % 2 + 1, nearest[near] // 2
            weight = np.exp(-(distance - 1) / self.window)
            yield key[near] + side * base**self.longest, start[near], weight


@dataclass(frozen=True)
class CharGrams:
    """N-grams of the characters inside words; the space at both ends of a word is part of it.

    A key is an n-gram's number; after the target ``len(grams)`` more.

    Parameters
    ----------
    grams : Numbers
    lengths : tuple of int
        Shortest and longest, in characters; a word that is shorter counts as one n-gram.
    window : float, optional
        As in :class:`WordGrams`.
    """

    grams: Numbers
    lengths: tuple[int, int]
    window: float | None = None

    def count(self, found: Tokens) -> tuple[Integers, csr_matrix]:
        """Return all keys and their counts, ``(rows, keys)``."""
        from scipy.sparse import hstack

        inside = self._inside(found.words)
        tables = [words @ inside for words in self._words(found)]
        return np.arange(len(tables) * len(self.grams)), hstack(tables, format="csr")

    def count_known(self, found: Tokens, keys: Integers) -> csr_matrix:
        """Return the counts of these keys, which ascend, ``(rows, keys)``."""
        from scipy.sparse import csr_matrix, hstack

        inside, size = self._inside(found.words), len(self.grams)
        tables = [
            words @ inside[:, keys[(keys >= first) & (keys < first + size)] - first]
            for first, words in zip((0, size), self._words(found), strict=False)
        ]
        return csr_matrix(hstack(tables, format="csr"))

    def places(self, found: Tokens) -> tuple[Integers, Integers, Integers, Reals]:
        """Return every n-gram's occurrences in words: its key, the word, 1, and its weight."""
        inside, size = self._inside(found.words), len(self.grams)
        keys, starts, weights = [], [], []
        sides = (
            (found.offset < 0, found.offset > 0)
            if self.window is not None
            else (found.offset == found.offset,)
        )
        for side, first in zip(sides, (0, size), strict=False):
            place = np.flatnonzero(side)
            table = inside[found.code[place]].tocoo()
            keys.append(table.col + first)
            starts.append(place[table.row])
            near = (
                1.0
                if self.window is None
                else np.exp(-(np.abs(found.offset[place[table.row]]) - 1) / self.window)
            )
            weights.append(table.data * near)
        key = np.concatenate(keys).astype(np.int64)
        ones = np.ones(len(key), dtype=np.int64)
        return key, np.concatenate(starts), ones, np.concatenate(weights)

    def _inside(self, words: tuple[str, ...]) -> csr_matrix:
        """Return how often every n-gram stands in every word, ``(words, grams)``."""
        pieces = [pieces_of(word, self.lengths) for word in words]
        row = np.repeat(np.arange(len(words)), [len(one) for one in pieces])
        column = self.grams.of(piece for one in pieces for piece in one)
        known = column >= 0
        return _table(row[known], column[known], np.ones(known.sum()), (len(words), len(self.grams)))

    def _words(self, found: Tokens) -> list[csr_matrix]:
        """Return how often every word stands in every row, near the target before and after it apart."""
        shape = (found.n_rows, len(found.words))
        if self.window is None:
            return [_table(found.row, found.code, np.ones(len(found.row)), shape)]
        tables = []
        for side in (found.offset < 0, found.offset > 0):
            weight = np.exp(-(np.abs(found.offset[side]) - 1) / self.window)
            tables.append(_table(found.row[side], found.code[side], weight, shape))
        return tables


def pieces_of(word: str, lengths: tuple[int, int]) -> list[str]:
    """Cut a word into n-grams of characters.

    Examples
    --------
    >>> pieces_of("no", (3, 5))
    [' no', 'no ', ' no ']
    """
    if word in MARKS:
        return []
    padded = f" {word} "
    size = len(padded)
    return [
        padded[start : start + length]
        for length in range(lengths[0], min(lengths[1], size) + 1)
        for start in range(size - length + 1)
    ] or [padded]


def _table(row: Integers, column: Integers, value: Reals, shape: tuple[int, int]) -> csr_matrix:
    """Set values in a table; ``row`` never decreases."""
    from scipy.sparse import csr_matrix

    ends = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=ends[1:])
    return csr_matrix((value, column, ends), shape=shape)
