"""What a registry finds in a text: forms with their meanings, and mentions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Span = tuple[int, int]
How = Literal["name", "leader", "short", "ambiguous", "demonym", "except"]

CERTAIN: tuple[How, ...] = ("name", "leader")
"""Meanings beyond doubt."""

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
    """A form found in a text, ``text[start:end]``, with its possible meanings, at least one.

    Attributes
    ----------
    partial : bool
        Whether the words around it may make a longer name of it, which nobody listed: "Sudan" in "South
        Sudan". Nothing is certain then.
    """

    start: int
    end: int
    meanings: tuple[Meaning, ...]
    partial: bool = False

    @property
    def certain(self) -> Meaning | None:
        """The meaning beyond doubt; None where there is none."""
        return None if self.partial else self.likeliest

    @property
    def is_surname(self) -> bool:
        """Whether it is nothing but what an article calls leaders whom it has named in full."""
        return all(meaning.how == "short" for meaning in self.meanings)

    @property
    def likeliest(self) -> Meaning | None:
        """A name before a leader, and of two leaders the later in office; None where it is neither."""
        # "Hale" as the name of a party outweighs a leader called Hale.
        certain = [meaning for meaning in self.meanings if meaning.how in CERTAIN]
        return max(
            certain, key=lambda meaning: (meaning.how == "name", meaning.until, meaning.since), default=None
        )


def within(meanings: Iterable[Meaning], date: str) -> tuple[Meaning, ...]:
    """Return the meanings that hold on a day."""
    return tuple(meaning for meaning in meanings if meaning.holds(date))
