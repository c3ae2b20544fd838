"""Words in, counts of n-grams out.

An n-gram has a number, its key. If only n-grams *near* the target are counted, those before it and those
after it have different keys, and one whose nearest word is ``d`` words away counts
``exp(-(d - 1) / window)``.

The counts of a row depend on its own words, in their order: neither the other rows nor the size of a batch
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

# Integers of NumPy overflow silently: a larger key would be that of another n-gram.
_MAX_KEY = 2**62
# Larger than any distance, so that a minimum passes over it.
_NOT_NEAR = 2**62


@dataclass(frozen=True)
class Vocabulary:
    """Texts with numbers: the index of each. Others have -1.

    Parameters
    ----------
    texts : tuple of str
        All different.
    """

    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.texts)}

    def of(self, texts: Iterable[str]) -> Integers:
        """Return the number of each text."""
        return np.fromiter(map(self._number.get, texts, repeat(-1)), dtype=np.int64)


@dataclass(frozen=True)
class WordGrams:
    """N-grams of words of a vocabulary.

    A key is a number in base ``len(words) + 1``. Its digits are the words' numbers plus 1, at most
    ``longest`` of them; near the target there is a digit in front of them: 1 before it, 2 after it.

    Parameters
    ----------
    words : Vocabulary
    longest : int
        Words in an n-gram, at most.
    window : float, optional
        In words; with it, only n-grams near the target are counted.

    Raises
    ------
    ClassifierError
        Where keys would not fit into 64 bits.
    """

    words: Vocabulary
    longest: int
    window: float | None = None

    def __post_init__(self) -> None:
        if 3 * (len(self.words) + 1) ** self.longest > _MAX_KEY:
            raise ClassifierError(
                f"{len(self.words):,} words have too many n-grams of {self.longest}; raise min_count"
            )

    def count(self, tokens: Tokens) -> tuple[Integers, csr_matrix]:
        """Return the keys that occur, ascending, and their counts, ``(rows, keys)``."""
        key, row, weight = self._by_row(tokens)
        keys, column = np.unique(key, return_inverse=True)
        return keys, _table(row, column, weight, (tokens.n_rows, len(keys)))

    def count_known(self, tokens: Tokens, keys: Integers) -> csr_matrix:
        """Return the counts of these keys, which must ascend, ``(rows, keys)``."""
        key, row, weight = self._by_row(tokens)
        column = np.searchsorted(keys, key)
        is_listed = column < len(keys)
        is_listed[is_listed] = keys[column[is_listed]] == key[is_listed]
        shape = (tokens.n_rows, len(keys))
        return _table(row[is_listed], column[is_listed], weight[is_listed], shape)

    def occurrences(self, tokens: Tokens) -> tuple[Integers, Integers, Integers, Reals]:
        """Return for every occurrence its key, its first word, its number of words and its weight."""
        parts = list(self._by_length(tokens))
        key, start, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        length = np.repeat(np.arange(1, len(parts) + 1), [len(part[0]) for part in parts])
        return key, start, length, weight

    def _by_row(self, tokens: Tokens) -> tuple[Integers, Integers, Reals]:
        parts = list(self._by_length(tokens))
        key, start, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        row = tokens.row[start]
        # Stable, so that the weights of a row are added in the same order whatever other rows there are: in
        # another order the last bits differ.
        order = np.argsort(row, kind="stable")
        return key[order], row[order], weight[order]

    def _by_length(self, tokens: Tokens) -> Iterator[tuple[Integers, Integers, Reals]]:
        """Yield the n-grams of each length, the shorter first: keys, first words, weights."""
        digit, base = self.words.of(tokens.words)[tokens.code] + 1, len(self.words) + 1
        # Distance and side in one number, so that a minimum finds the side of the nearest word: its last bit.
        nearness = np.where(tokens.offset == 0, _NOT_NEAR, 2 * np.abs(tokens.offset) + (tokens.offset > 0))
        start = np.flatnonzero(digit)
        key, nearest = digit[start], nearness[start]
        for length in range(1, self.longest + 1):
            if length > 1:
                # N-grams grow by a word, if it is in the vocabulary and in the same row.
                last = start + length - 1
                grows = last < len(digit)
                grows[grows] = (digit[last[grows]] > 0) & (
                    tokens.row[last[grows]] == tokens.row[start[grows]]
                )
                start, last = start[grows], last[grows]
                key = key[grows] * base + digit[last]
                nearest = np.minimum(nearest[grows], nearness[last])
            if self.window is None:
                yield key, start, np.ones(len(start))
                continue
            near = nearest < _NOT_NEAR
            side, distance = nearest[near] % 2 + 1, nearest[near] // 2
            # Decaying weights instead of a sharp window: where the text about a target ends is not known.
            weight = np.exp(-(distance - 1) / self.window)
            yield key[near] + side * base**self.longest, start[near], weight


@dataclass(frozen=True)
class CharGrams:
    """N-grams of the characters inside words; a word includes the spaces at its ends.

    A key is an n-gram's number; after the target, its number plus ``len(grams)``.

    Parameters
    ----------
    grams : Vocabulary
    lengths : tuple of int
        Shortest and longest, in characters; a shorter word counts as one n-gram.
    window : float, optional
        As in :class:`WordGrams`.
    """

    grams: Vocabulary
    lengths: tuple[int, int]
    window: float | None = None

    def count(self, tokens: Tokens) -> tuple[Integers, csr_matrix]:
        """Return all keys and their counts, ``(rows, keys)``."""
        from scipy.sparse import hstack

        # Distinct words are cut into n-grams once; two sparse products replace a loop over all words.
        inside = self._inside(tokens.words)
        tables = [words @ inside for words in self._words(tokens)]
        return np.arange(len(tables) * len(self.grams)), hstack(tables, format="csr")

    def count_known(self, tokens: Tokens, keys: Integers) -> csr_matrix:
        """Return the counts of these keys, which must ascend, ``(rows, keys)``."""
        from scipy.sparse import csr_matrix, hstack

        inside, size = self._inside(tokens.words), len(self.grams)
        tables = [
            words @ inside[:, keys[(keys >= first) & (keys < first + size)] - first]
            for first, words in zip((0, size), self._words(tokens), strict=False)
        ]
        return csr_matrix(hstack(tables, format="csr"))

    def occurrences(self, tokens: Tokens) -> tuple[Integers, Integers, Integers, Reals]:
        """Return for every n-gram and word that holds it its key, the word, 1 and its weight."""
        inside, size = self._inside(tokens.words), len(self.grams)
        keys, starts, weights = [], [], []
        sides = (
            (tokens.offset < 0, tokens.offset > 0)
            if self.window is not None
            else (tokens.offset == tokens.offset,)
        )
        for side, first in zip(sides, (0, size), strict=False):
            indices = np.flatnonzero(side)
            table = inside[tokens.code[indices]].tocoo()
            keys.append(table.col + first)
            starts.append(indices[table.row])
            near = (
                1.0
                if self.window is None
                else np.exp(-(np.abs(tokens.offset[indices[table.row]]) - 1) / self.window)
            )
            weights.append(table.data * near)
        key = np.concatenate(keys).astype(np.int64)
        ones = np.ones(len(key), dtype=np.int64)
        return key, np.concatenate(starts), ones, np.concatenate(weights)

    def _inside(self, words: tuple[str, ...]) -> csr_matrix:
        """Count every n-gram in every word, ``(words, grams)``."""
        grams = [char_grams_of(word, self.lengths) for word in words]
        row = np.repeat(np.arange(len(words)), [len(of_word) for of_word in grams])
        column = self.grams.of(gram for of_word in grams for gram in of_word)
        is_listed = column >= 0
        shape = (len(words), len(self.grams))
        return _table(row[is_listed], column[is_listed], np.ones(is_listed.sum()), shape)

    def _words(self, tokens: Tokens) -> list[csr_matrix]:
        """Count every word in every row; near the target, separately before and after it."""
        shape = (tokens.n_rows, len(tokens.words))
        if self.window is None:
            return [_table(tokens.row, tokens.code, np.ones(len(tokens.row)), shape)]
        tables = []
        for side in (tokens.offset < 0, tokens.offset > 0):
            weight = np.exp(-(np.abs(tokens.offset[side]) - 1) / self.window)
            tables.append(_table(tokens.row[side], tokens.code[side], weight, shape))
        return tables


def char_grams_of(word: str, lengths: tuple[int, int]) -> list[str]:
    """Return the n-grams of a word's characters.

    Examples
    --------
    >>> char_grams_of("no", (3, 5))
    [' no', 'no ', ' no ']
    """
    if word in MARKS:
        return []
    # As char_wb of scikit-learn: with the spaces, beginnings and ends of words are n-grams of their own.
    padded = f" {word} "
    size = len(padded)
    return [
        padded[start : start + length]
        for length in range(lengths[0], min(lengths[1], size) + 1)
        for start in range(size - length + 1)
    ] or [padded]


def _table(row: Integers, column: Integers, value: Reals, shape: tuple[int, int]) -> csr_matrix:
    """Return a sparse table with these values; ``row`` must never decrease."""
    # In that order the arrays are those of the table itself: nothing need be sorted.
    from scipy.sparse import csr_matrix

    ends = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=ends[1:])
    return csr_matrix((value, column, ends), shape=shape)
