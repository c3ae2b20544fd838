"""Normalised texts in, their words as numbers out, so that sequences of words are compared by arithmetic."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CodedTexts:
    """Texts, and the words of all of them one after the other.

    Attributes
    ----------
    texts : sequence of str
        All different, as :func:`harness.splits.leaks.duplicates.normalised` returns them.
    lengths : (n,) array of int
        Words of each text, 1 or more.
    codes : (m,) array of int
        A number from 0 for each word of each text; the same word has the same number.
    vocabulary : tuple of str
        The word of each number.
    """

    texts: Sequence[str]
    lengths: Indices
    codes: Indices
    vocabulary: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str]) -> CodedTexts:
        """Number the words of texts, in the order in which they appear."""
        code_of = _Codes()
        lengths = np.array([text.count(" ") + 1 for text in texts], dtype=np.int64)
        words = chain.from_iterable(text.split(" ") for text in texts)
        codes = np.fromiter(map(code_of.__getitem__, words), dtype=np.int64, count=lengths.sum())
        return cls(texts, lengths, codes, tuple(code_of))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def text_of(self) -> Indices:
        """The index of the text that each word is in; shape (m,)."""
        return np.repeat(np.arange(len(self.texts)), self.lengths)

    @property
    def hashes(self) -> NDArray[np.uint32]:
        """The CRC-32 of each word of each text, which does not depend on the other texts; shape (m,)."""
        crc_of_code = np.array([zlib.crc32(word.encode()) for word in self.vocabulary], dtype=np.uint32)
        return crc_of_code[self.codes] if len(self.codes) else np.empty(0, dtype=np.uint32)


class _Codes(dict[str, int]):
    """A number for each word, in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        code = self[word] = len(self)
        return code
