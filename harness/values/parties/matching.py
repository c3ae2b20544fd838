"""Forms with their meanings in, their occurrences in a text out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Span = tuple[int, int]
How = Literal["name", "leader", "short", "ambiguous", "demonym", "except"]

OPEN_END = "9999-12-31"
"""The end of a meaning that still holds; ISO dates compare as strings."""


@dataclass(frozen=True, order=True)
class Mention:
    """A party named in a text: ``text[start:end]``."""

    start: int
    end: int
    party: str


@dataclass(frozen=True)
class Meaning:
    """A party that a form may refer to.

    Attributes
    ----------
    party : str
        Canonical name.
    how : str
        ``name`` and ``leader`` are certain; ``short``, ``ambiguous`` and ``demonym`` depend on the article;
        ``except`` is no mention.
    leader : str
        The leader whose name the form is, or the empty string.
    since, until : str
        ISO dates between which it holds, the second exclusive.
    """

    party: str
    how: How
    leader: str = ""
    since: str = ""
    until: str = OPEN_END

    def holds(self, date: str) -> bool:
        """Whether the form refers to the party on a day; without a date it does."""
        # Only the day: an article's date may go on with a time.
        return not date or self.since <= date[: len("2030-01-01")] < self.until


@dataclass(frozen=True)
class Form:
    """A form found in a text, ``text[start:end]``, with its possible meanings, at least one."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]

    @property
    def certain(self) -> Meaning | None:
        """The meaning beyond doubt; a name before a leader, and of two leaders the later in office."""
        # "Hale" as the name of a party outweighs a leader called Hale.
        certain = [meaning for meaning in self.meanings if meaning.how in ("name", "leader")]
        return max(
            certain, key=lambda meaning: (meaning.how == "name", meaning.until, meaning.since), default=None
        )


@dataclass(frozen=True)
class Matcher:
    """Finds many forms in one pass over a text (Aho & Corasick 1975).

    Parameters
    ----------
    forms : tuple of (str, Meaning)
        A form may be listed several times, with different meanings.
    """

    forms: tuple[tuple[str, Meaning], ...]

    @cached_property
    def _automaton(self) -> Any:
        import ahocorasick

        meanings: dict[str, dict[Meaning, None]] = {}
        for form, meaning in self.forms:
            # Headlines are set in capitals, and "the Union" may begin a sentence. Up to three letters,
            # capitals may be another word: "us" and "US".
            capitals = form.upper() if len(form) > 3 else form
            for spelling in {form, form[:1].upper() + form[1:], capitals}:
                # A dict is a set that remembers the order, on which nothing may depend by chance.
                folded = fold(spelling).text
                # Accents are one character with their letter in a registry, and often two in a text.
                for typed in {folded, unicodedata.normalize("NFD", folded)}:
                    meanings.setdefault(typed, {})[meaning] = None
        automaton = ahocorasick.Automaton()
        for spelling, of_spelling in meanings.items():
            automaton.add_word(spelling, (len(spelling), tuple(of_spelling)))
        automaton.make_automaton()
        return automaton

    def find(self, text: str) -> list[Form]:
        """Find forms as whole words.

        Returns
        -------
        list of Form
            In order of appearance. Of overlapping matches the first counts, of those that start together the
            longest.
        """
        if not self.forms:
            # An automaton without words cannot be built.
            return []
        folded = fold(text)
        matches = [
            Form(*folded.original(last + 1 - length, last + 1), meanings)
            for last, (length, meanings) in self._automaton.iter(folded.text)
            if _is_whole_word(folded.text, last + 1 - length, last + 1)
        ]
        return _without_overlaps(matches)


# One apostrophe, hyphen and space for the many that are typed: ’ and ʼ, the hyphen that does not break,
# spaces of all widths.
_ALIKE = {
    **dict.fromkeys("’‘ʼʹ′＇´`", "'"),
    **dict.fromkeys("‐‑‒﹣－", "-"),
}
# Characters that are not seen: zero-width spaces and joiners, the soft hyphen, marks of direction.
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


@dataclass(frozen=True)
class FoldedText:
    """A text as it is searched, and where each of its characters came from.

    Attributes
    ----------
    text : str
    starts, ends : sequence of int, or None
        Offsets in the original of each character; None where the text is unchanged.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def original(self, start: int, end: int) -> Span:
        """Return the span in the original of a span that is not empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> FoldedText:
    """Write alike what is read alike: apostrophes, hyphens, runs of spaces.

    Characters that are not seen are left out: a soft hyphen, a zero-width space.

    Examples
    --------
    >>> folded = fold("The People’s\u00a0 Alli\u00adance")
    >>> folded.text, folded.original(4, 21)
    ("The People's Alliance", (4, 23))
    """
    if text.isascii() and "  " not in text and not _BREAKS.search(text):
        return FoldedText(text)
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, character in enumerate(text):
        if character in _UNSEEN:
            continue
        plain = " " if character.isspace() else _ALIKE.get(character, character)
        if plain == " " and characters and characters[-1] == " ":
            ends[-1] = index + 1
            continue
        characters.append(plain)
        starts.append(index)
        ends.append(index + 1)
    return FoldedText("".join(characters), starts, ends)


_BREAKS = re.compile(r"[`\t\n\r\v\f]")


def find_name(text: str, name: str) -> tuple[Span, ...]:
    """Find a name in a text as a whole word, whatever the case.

    Examples
    --------
    >>> find_name("Varna's mayor left Varna.", "varna")
    ((0, 5), (19, 24))
    """
    if not name.strip():
        return ()
    folded = fold(text)
    # Not \b, which after a name that ends in a full stop, as "U.S." does, demands a letter.
    folded_name = fold(name.strip()).text
    typed = {folded_name, unicodedata.normalize("NFD", folded_name)}
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(typed)))})(?!\w)"
    matches = re.finditer(pattern, folded.text, flags=re.IGNORECASE)
    return tuple(folded.original(*match.span()) for match in matches)


def within(meanings: Iterable[Meaning], date: str) -> tuple[Meaning, ...]:
    """Return the meanings that hold on a day."""
    return tuple(meaning for meaning in meanings if meaning.holds(date))


def _is_whole_word(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_is_word(before) or _is_word(after))


def _is_word(character: str) -> bool:
    # As \w in find_name: both searches mean the same by a whole word.
    return character.isalnum() or character == "_"


def _without_overlaps(matches: Sequence[Form]) -> list[Form]:
    # Sorted by start, the longest first, so that a single pass suffices.
    chosen: list[Form] = []
    for form in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not chosen or form.start >= chosen[-1].end:
            chosen.append(form)
    return chosen
