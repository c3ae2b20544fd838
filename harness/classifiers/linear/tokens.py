"""Examples in, their words out: flat arrays that know how far each word stands from the target.

Language-neutral: a word is a run of letters and digits, anything else but space is a word of its own.
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
"""Stand for a mention, or around it; no text yields them, since ``<`` is always a word of its own."""

MARKS = frozenset((MASK, OPEN, CLOSE))

# Long runs are cut: scripts without spaces, and what somebody's cat typed, must not become one huge word.
_WORD = re.compile(r"\w{1,40}(?:['’]\w{1,40})?|[^\w\s]")
_PLAIN = Marks("", "", "")


@dataclass(frozen=True)
class Tokens:
    """The words of some rows, one after the other.

    Attributes
    ----------
    words : tuple of str
        The distinct ones, in lower case.
    code : (n,) int array
        Position in ``words`` of every word of every row, in order of reading.
    row : (n,) int array
        Which row it stands in; never decreasing.
    offset : (n,) int array
        Words from the nearest mention of the target, below 0 before it and above 0 after it; 0 within a
        mention, or where there is none.
    n_rows : int
        Rows without any word included.
    """

    words: tuple[str, ...]
    code: Integers
    row: Integers
    offset: Integers
    n_rows: int


def split(text: str) -> list[str]:
    """Split a text into words, in lower case.

    Examples
    --------
    >>> split("Varna’s mayor: “No!”")
    ['varna’s', 'mayor', ':', '“', 'no', '!', '”']
    """
    return _WORD.findall(text.lower())


def word_spans(example: Example, target: Target) -> list[Span]:
    """Return where the words that :func:`tokens` gives stand in the text; of a mark, its mention."""
    spans = sorted(example.spans) if example.target is not None else []
    if target in ("none", "pair") or not spans:
        return list(_places(example.text, 0, len(example.text)))
    found: list[Span] = []
    shown_once: set[Span] = set()
    position = 0
    for start, end in spans:
        mention = (start, end)
        # A mention that is given twice is shown twice, one that overlaps another not at all.
        if start < position and mention not in shown_once:
            continue
        shown_once.add(mention)
        inside = [mention, *_places(example.text, start, end), mention]
        found += [*_places(example.text, position, start), *([mention] if target == "masked" else inside)]
        position = end
    return [*found, *_places(example.text, position, len(example.text))]


def _places(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    low = piece.lower()
    # A few letters have a small form of two characters.
    origin = [place for place, one in enumerate(piece) for _ in one.lower()]
    for match in _WORD.finditer(low):
        yield start + origin[match.start()], start + origin[match.end() - 1] + 1


def shown(examples: Examples, target: Target) -> list[View]:
    """Show examples as asked, without writing anything into them."""
    return [view(example, target, _PLAIN) for example in examples]


def tokens(views: Sequence[View], target: Target) -> Tokens:
    """Split the sentences of :func:`shown` into words, with every mention of the target masked or marked."""
    gathered = _Gathered()
    for seen in views:
        if target not in ("none", "pair") and seen.spans:
            gathered.around(seen, masked=target == "masked")
        else:
            gathered.apart(split(seen.text))
        gathered.end_row()
    return gathered.tokens()


def second_tokens(views: Sequence[View]) -> Tokens:
    """Split the second texts of :func:`shown`."""
    gathered = _Gathered()
    for seen in views:
        gathered.apart(split(seen.pair) if seen.pair else [])
        gathered.end_row()
    return gathered.tokens()


class _Gathered:
    """Words, row by row; in lists, since most rows are short."""

    def __init__(self) -> None:
        # A word that is new gets the next number.
        self.codes: defaultdict[str, int] = defaultdict()
        self.codes.default_factory = self.codes.__len__
        self.code: list[int] = []
        self.offset: list[int] = []
        self.ends = [0]

    def around(self, seen: View, *, masked: bool) -> None:
        """Add a text with mentions."""
        position = 0
        for number, (start, end) in enumerate(sorted(seen.spans)):
            self._gap(split(seen.text[position:start]), after=number > 0, before=True)
            self.apart([MASK] if masked else [OPEN, *split(seen.text[start:end]), CLOSE])
            position = end
        self._gap(split(seen.text[position:]), after=True, before=False)

    def apart(self, words: list[str]) -> None:
        """Add words that no mention is near, or that are one."""
        self._add(words, [0] * len(words))

    def end_row(self) -> None:
        self.ends.append(len(self.code))

    def tokens(self) -> Tokens:
        ends = np.array(self.ends, dtype=np.int64)
        row = np.repeat(np.arange(len(ends) - 1), ends[1:] - ends[:-1])
        code, offset = (np.array(one, dtype=np.int64) for one in (self.code, self.offset))
        return Tokens(tuple(self.codes), code, row, offset, len(ends) - 1)

    def _gap(self, words: list[str], *, after: bool, before: bool) -> None:
        """Add words that stand after a mention, before one, or between two: the nearer one counts."""
        n = len(words)
        following = (n + 1) // 2 if after and before else n * after
        self._add(words, [*range(1, following + 1), *range(following - n, 0)])

    def _add(self, words: list[str], offset: list[int]) -> None:
        self.code += map(self.codes.__getitem__, words)
        self.offset += offset
