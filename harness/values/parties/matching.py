"""Forms with their meanings in, where a text has them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Span = tuple[int, int]
How = Literal["name", "leader", "short", "ambiguous", "demonym", "except"]

OPEN_END = "9999-12-31"


@dataclass(frozen=True, order=True)
class Mention:
    """A party named in a text: ``text[start:end]``."""

    start: int
    end: int
    party: str


@dataclass(frozen=True)
class Meaning:
    """What a form may stand for.

    Attributes
    ----------
    party : str
    how : str
        ``name`` and ``leader`` are certain; ``short``, ``ambiguous`` and ``demonym`` depend on the article;
        ``except`` is no mention.
    leader : str
        Whose name it is.
    since, until : str
        ISO dates between which it holds.
    """

    party: str
    how: How
    leader: str = ""
    since: str = ""
    until: str = OPEN_END

    def holds(self, date: str) -> bool:
        """Whether it stands for the party on a day; without a date it does."""
        return not date or self.since <= date[: len("2030-01-01")] < self.until


@dataclass(frozen=True)
class Form:
    """A form found in a text, ``text[start:end]``, with what it may stand for: at least one meaning."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]

    @property
    def certain(self) -> Meaning | None:
        """What it stands for beyond doubt; a name before a leader, and of two leaders the later in office."""
        sure = [one for one in self.meanings if one.how in ("name", "leader")]
        return max(sure, key=lambda one: (one.how == "name", one.until, one.since), default=None)


@dataclass(frozen=True)
class Matcher:
    """Finds many forms at once.

    Parameters
    ----------
    forms : tuple of (str, Meaning)
        A form may stand there several times, with different meanings.
    """

    forms: tuple[tuple[str, Meaning], ...]

    @cached_property
    def _automaton(self) -> Any:
        import ahocorasick

        meanings: dict[str, dict[Meaning, None]] = {}
        for form, meaning in self.forms:
            capitals = form.upper() if len(form) > 3 else form
            for shape in {form, form[:1].upper() + form[1:], capitals}:
                meanings.setdefault(shape, {})[meaning] = None
        machine = ahocorasick.Automaton()
        for shape, found in meanings.items():
            machine.add_word(shape, (len(shape), tuple(found)))
        machine.make_automaton()
        return machine

    def find(self, text: str) -> list[Form]:
        """Find forms as words of their own.

        Returns
        -------
        list of Form
            In order of appearance. Of overlapping ones the first is kept, of those that start together the
            longest.
        """
        if not self.forms:
            return []
        found = [
            Form(last + 1 - length, last + 1, meanings)
            for last, (length, meanings) in self._automaton.iter(text)
            if _stands_alone(text, last + 1 - length, last + 1)
        ]
        return _without_overlaps(found)


def find_name(text: str, name: str) -> tuple[Span, ...]:
    """Find a name in a text as a word of its own, whatever the case.

    Examples
    --------
    >>> find_name("Varna's mayor left Varna.", "varna")
    ((0, 5), (19, 24))
    """
    if not name.strip():
        return ()
    pattern = rf"(?<!\w){re.escape(name.strip())}(?!\w)"
    return tuple(match.span() for match in re.finditer(pattern, text, flags=re.IGNORECASE))


def within(meanings: Iterable[Meaning], date: str) -> tuple[Meaning, ...]:
    """Keep the meanings that hold on a day."""
    return tuple(one for one in meanings if one.holds(date))


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_is_word(before) or _is_word(after))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _without_overlaps(found: Sequence[Form]) -> list[Form]:
    kept: list[Form] = []
    for one in sorted(found, key=lambda form: (form.start, -form.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept
