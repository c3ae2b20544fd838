"""Forms with their meanings in, their occurrences in a text out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import ahocorasick

from harness.values.parties.folding import (
    fold,
    is_whole_word,
    lower,
    tag_key,
    tags,
    typed_forms,
    without_accents,
)
from harness.values.parties.forms import CERTAIN, Form, Meaning, Span, within
from harness.values.parties.longer_names import NO_KINDS, in_longer_name, is_part_of_state, is_suspect

_Match = tuple[int, int, tuple[Meaning, ...]]
"""Start and end in the folded text, and what the form may mean."""


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
        meanings: dict[str, dict[Meaning, None]] = {}
        for form, meaning in self.forms:
            for spelling in _spellings(form):
                # A dict is a set that remembers the order, on which nothing may depend by chance.
                for typed in typed_forms(spelling):
                    meanings.setdefault(typed, {})[meaning] = None
        automaton = ahocorasick.Automaton()
        for spelling, of_spelling in meanings.items():
            automaton.add_word(spelling, (len(spelling), tuple(of_spelling)))
        automaton.make_automaton()
        return automaton

    @cached_property
    def _tags(self) -> dict[str, tuple[Meaning, ...]]:
        """What a hashtag may mean: "saffronparty"."""
        meanings: dict[str, dict[Meaning, None]] = {}
        for form, meaning in self.forms:
            if key := tag_key(fold(form).text):
                meanings.setdefault(key, {})[meaning] = None
        return {key: _unsettled(tuple(of_key)) for key, of_key in meanings.items()}

    def find(self, text: str, kinds: Mapping[str, str] = NO_KINDS, date: str = "") -> list[Form]:
        """Find forms as whole words, and the hashtags and handles made of them.

        Parameters
        ----------
        text : str
        kinds : mapping
            Party → its kind; see :func:`harness.values.parties.longer_names.in_longer_name`.
        date : str
            ISO; what holds on another day is not found. Without one all is.

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
        plain = folded.text
        matches: list[_Match] = [
            (last + 1 - length, last + 1, meanings)
            for last, (length, meanings) in self._automaton.iter(plain)
            if is_whole_word(plain, last + 1 - length, last + 1)
        ]
        if "#" in plain or "@" in plain:
            by_key = self._tags
            matches += [(start, end, by_key[key]) for key, start, end in tags(plain) if key in by_key]
        if date:
            # Before overlaps are settled: "former President Mara Crane" is Mara Crane, of another party.
            holding = ((start, end, within(meanings, date)) for start, end, meanings in matches)
            matches = [match for match in holding if match[2]]
        return [
            Form(
                *folded.original(start, end),
                meanings,
                (is_suspect(plain, start, end) and in_longer_name(plain, start, end, meanings, kinds))
                or (plain[start:end] in _WORDS_IN_CAPITALS and _is_shouted(plain, start, end)),
            )
            for start, end, meanings in _without_overlaps(matches)
        ]


_WORDS_IN_CAPITALS = frozenset(["US", "WHO"])
"""Acronyms that a text in capitals cannot be told from words by: "CALL US"."""


def _is_shouted(text: str, start: int, end: int) -> bool:
    return text.isupper() and any(map(str.isalpha, text[:start] + text[end:]))


def _spellings(form: str) -> set[str]:
    """Return a form as headlines and the beginnings of sentences set it, folded."""
    spellings = {form, form[:1].upper() + form[1:]}
    # Some papers write the noun small: "the Labour party".
    if re.search(r"\w Party$", form):
        spellings |= {spelling[: -len("Party")] + "party" for spelling in spellings}
    # Up to three letters, capitals may be another word: "us" and "US".
    if len(form) > 3:
        titled = " ".join(word[:1].upper() + word[1:] for word in form.split(" "))
        spellings |= {form.upper(), titled}
    folded = {fold(spelling).text for spelling in spellings}
    # Capitals are often set without accents: ETATS-UNIS.
    return folded | {without_accents(text) for text in folded if text.isupper() and len(text) > 3}


def _unsettled(meanings: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
    """Return meanings of a tag, which has no case and no spaces: those of two parties are no longer sure."""
    certain = {meaning.party for meaning in meanings if meaning.how in CERTAIN}
    if len(certain) < 2:
        return meanings
    return tuple(
        replace(meaning, how="ambiguous") if meaning.how in CERTAIN else meaning for meaning in meanings
    )


def find_name(text: str, name: str) -> tuple[Span, ...]:
    """Find a name in a text as a whole word, whatever the case, and in hashtags and handles.

    A name that is part of another state's ("Sudan" in "South Sudan") is not found there.

    Examples
    --------
    >>> find_name("Varna's mayor left Varna.", "varna")
    ((0, 5), (19, 24))
    >>> find_name("#SaffronParty wins", "Saffron Party")
    ((1, 13),)
    """
    if not name.strip():
        return ()
    folded, searched = fold(text), _searched(name.strip())
    lowered = lower(folded.text)
    spans = {span for form in searched.forms for span in _occurrences(lowered, form)}
    if not spans and searched.bare:
        spans = set(_occurrences(folded.text, searched.bare))
    spans |= {(start, end) for key, start, end in tags(folded.text) if key == searched.tag}
    return tuple(
        folded.original(*span)
        for span in sorted(spans)
        # A target may be a topic, too: "eastern energy" is energy; what is part of a name has a capital.
        if folded.text[span[0]].islower() or not is_part_of_state(folded.text, *span)
    )


def is_plainly_named(text: str, name: str) -> bool:
    """Whether :func:`find_name` finds a name for sure: as it is written, in a text that reads as written."""
    start = text.find(name) if name.strip() else -1
    if start < 0 or fold(text).text != text:
        return False
    end = start + len(name)
    return is_whole_word(text, start, end) and not is_suspect(text, start, end)


@dataclass(frozen=True)
class _SearchedName:
    """What a name is searched by: its forms in lower case, in capitals without accents, as a tag."""

    forms: tuple[str, ...]
    bare: str
    tag: str


# A corpus has few targets and many rows.
@lru_cache(maxsize=4096)
def _searched(name: str) -> _SearchedName:
    folded = fold(name).text
    capitals = folded.upper()
    # Capitals are often set without accents, and then in capitals throughout.
    bare = without_accents(capitals)
    return _SearchedName(typed_forms(lower(folded)), bare if bare != capitals else "", tag_key(folded))


def _occurrences(text: str, name: str) -> Iterator[Span]:
    start = text.find(name) if name else -1
    while start >= 0:
        end = start + len(name)
        if is_whole_word(text, start, end):
            yield start, end
        start = text.find(name, end)


def _without_overlaps(matches: list[_Match]) -> list[_Match]:
    # Sorted by start, the longest first, so that a single pass suffices.
    chosen: list[_Match] = []
    for match in sorted(matches, key=lambda match: (match[0], -match[1])):
        if not chosen or match[0] >= chosen[-1][1]:
            chosen.append(match)
    return chosen
