"""Examples in, their words out: flat arrays with the distance of each word from the target.

Language-neutral: a word is a run of letters and digits; any other character but space is a word by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.classifiers.inputs import Marks, View, view
from harness.classifiers.protocol import Example, Examples, Target
from harness.values.parties import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

MASK, OPEN, CLOSE = "<target>", "<t>", "</t>"
"""Words in place of a mention, or around it; no text contains them, since ``<`` is a word by itself."""

MARKS = frozenset((MASK, OPEN, CLOSE))

# Runs are cut at 40 characters: a text in a script without spaces must not become one huge word.
_WORD = re.compile(r"\w{1,40}(?:['’]\w{1,40})?|[^\w\s]")
_PLAIN = Marks("", "", "")


@dataclass(frozen=True)
class Tokens:
    """The words of some rows, one row after the other.

    Attributes
    ----------
    words : tuple of str
        The distinct words, in lower case.
    code : (n,) int array
        Index in ``words`` of each word of each row, in reading order.
    row : (n,) int array
        The row of each word; never decreasing.
    offset : (n,) int array
        Distance in words from the nearest mention of the target, negative before it and positive after it; 0
        inside a mention, or if there is none.
    n_rows : int
        Rows, including those without words.
    """

    words: tuple[str, ...]
    code: Integers
    row: Integers
    offset: Integers
    n_rows: int


def split_words(text: str) -> list[str]:
    """Split a text into words, in lower case.

    Examples
    --------
    >>> split_words("Varna’s mayor: “No!”")
    ['varna’s', 'mayor', ':', '“', 'no', '!', '”']
    """
    return _WORD.findall(text.lower())


def word_spans(example: Example, target: Target) -> list[Span]:
    """Return the spans in the text of the words that :func:`tokenize` returns; of a mark, its mention."""
    spans = sorted(example.spans) if example.target is not None else []
    if target in ("none", "pair") or not spans:
        return list(_spans_between(example.text, 0, len(example.text)))
    word_spans: list[Span] = []
    mentions: set[Span] = set()
    position = 0
    for start, end in spans:
        mention = (start, end)
        # A mention that is listed twice appears twice; one that overlaps another does not appear.
        if start < position and mention not in mentions:
            continue
        mentions.add(mention)
        inside = [mention, *_spans_between(example.text, start, end), mention]
        word_spans += [
            *_spans_between(example.text, position, start),
            *([mention] if target == "masked" else inside),
        ]
        position = end
    return [*word_spans, *_spans_between(example.text, position, len(example.text))]


def _spans_between(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    # A few letters have a lower case of two characters ("İ"), so that offsets in the two differ.
    origin = [index for index, character in enumerate(piece) for _ in character.lower()]
    for match in _WORD.finditer(piece.lower()):
        yield start + origin[match.start()], start + origin[match.end() - 1] + 1


def views_of(examples: Examples, target: Target) -> list[View]:
    """Return the input for each example, without marks in the text: they become words of their own."""
    return [view(example, target, _PLAIN) for example in examples]


def tokenize(views: Sequence[View], target: Target) -> Tokens:
    """Split the sentences of views into words, with every mention of the target masked or marked.

    Parameters
    ----------
    views : sequence of View
        From :func:`views_of`.
    target : str
        See :mod:`harness.classifiers.inputs`.
    """
    builder = _TokensBuilder()
    for row in views:
        if target not in ("none", "pair") and row.spans:
            builder.add_with_mentions(row, masked=target == "masked")
        else:
            builder.add_without_distance(split_words(row.text))
        builder.end_row()
    return builder.tokens()


def tokenize_second(views: Sequence[View]) -> Tokens:
    """Split the second texts of views into words."""
    builder = _TokensBuilder()
    for row in views:
        builder.add_without_distance(split_words(row.pair) if row.pair else [])
        builder.end_row()
    return builder.tokens()


class _TokensBuilder:
    """Collects words row by row; in lists, since most rows are short."""

    def __init__(self) -> None:
        # A new word gets the next number.
        self.codes: defaultdict[str, int] = defaultdict()
        self.codes.default_factory = self.codes.__len__
        self.code: list[int] = []
        self.offset: list[int] = []
        self.ends = [0]

    def add_with_mentions(self, row: View, *, masked: bool) -> None:
        """Add the words of a text with mentions."""
        position = 0
        for number, (start, end) in enumerate(sorted(row.spans)):
            self._add_gap(split_words(row.text[position:start]), after=number > 0, before=True)
            mention = [MASK] if masked else [OPEN, *split_words(row.text[start:end]), CLOSE]
            self.add_without_distance(mention)
            position = end
        self._add_gap(split_words(row.text[position:]), after=True, before=False)

    def add_without_distance(self, words: list[str]) -> None:
        """Add the words of a mention, or of a text without one."""
        self._add(words, [0] * len(words))

    def end_row(self) -> None:
        self.ends.append(len(self.code))

    def tokens(self) -> Tokens:
        ends = np.array(self.ends, dtype=np.int64)
        row = np.repeat(np.arange(len(ends) - 1), ends[1:] - ends[:-1])
        code, offset = (np.array(numbers, dtype=np.int64) for numbers in (self.code, self.offset))
        return Tokens(tuple(self.codes), code, row, offset, len(ends) - 1)

    def _add_gap(self, words: list[str], *, after: bool, before: bool) -> None:
        """Add the words after a mention, before one, or between two: distances are from the nearer one."""
        n = len(words)
        # Between two mentions the first half is after the one, the second half before the other.
        following = (n + 1) // 2 if after and before else n * after
        self._add(words, [*range(1, following + 1), *range(following - n, 0)])

    def _add(self, words: list[str], offset: list[int]) -> None:
        self.code += map(self.codes.__getitem__, words)
        self.offset += offset
