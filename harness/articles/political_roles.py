"""A name and the words beside it in a sentence in, what they make of it out: a party, a state, a person.

English, with the titles of the other languages that articles are read in; the words are in ``names.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.articles.grammar import Grammar
from harness.articles.word_lists import FORMS, NAMES, TITLES, either, words_of
from harness.values.parties import Kind
from harness.values.parties.folding import fold

Role = tuple[Kind, str]
"""What a name may be, and the words that say so."""


_NOUNS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("party", words_of("party_nouns", NAMES)),
    ("country", words_of("country_nouns", NAMES)),
    ("government", words_of("government_nouns", NAMES)),
)
"""Nouns that say of a name what it is."""

_OF_STATES, _OF_PARTIES = words_of("beside_states", NAMES), words_of("beside_parties", NAMES)
_ACTS, _VOTES = words_of("acts", NAMES), words_of("votes", NAMES)
_LAST_OF_PARTIES = words_of("ends_of_parties", NAMES)
STARTERS = words_of("starters", NAMES)

_BEFORE_STATE = re.compile(
    r"(?i)\b(?:government|president|prime minister|parliament|capital|king|army) of (?:the )?$"
)
_BEFORE_PARTY = re.compile(
    r"(?i)\b(?:leader|leaders|chair|chairman|chairwoman|members?|mps|head) of (?:the )?$"
)
_BEFORE_OPPOSITION = re.compile(rf"(?i)\b(?:{either('sides', NAMES)}) $")
_BEFORE_ABROAD = re.compile(rf"(?i)\b(?:{either('abroad', NAMES)}) $")
_APPOSITION = re.compile(
    r",\s(?:who\s(?:leads|led|heads|chairs)"
    rf"|(?:the\s)?(?:[\w’'-]+\s){{0,3}}(?:{either('offices_of_persons', NAMES)}|MP)\b)"
)
_ACRONYM = re.compile(r"[A-Z]{2,6}")


@dataclass(frozen=True)
class Occurrence:
    """A run of capitalised words: ``text[start:end]``, titles and first words of the sentence left out.

    Attributes
    ----------
    name : str
    start, end : int
    titles : tuple of str
        Before it, in the run.
    inside : bool
        Whether it stands where a capital is no matter of course: not at the beginning of a sentence.
    """

    name: str
    start: int
    end: int
    titles: tuple[str, ...]
    inside: bool


def is_title(word: str, grammar: Grammar | None) -> bool:
    """Whether a word is a title or an office before a name."""
    if grammar is not None:
        return grammar.is_title(word)
    # "Democratic leader" is a title, "Democratic Left" a name.
    return word.lower().rstrip(".") in TITLES - {"democratic", "republican"}


def roles(text: str, name: Occurrence, grammar: Grammar | None) -> Iterator[tuple[Kind, str]]:
    """Yield what the words of a name and those beside it make of it, and which words these are."""
    kind = _kind_of_its_nouns(name.name.split(" "))
    if kind is not None:
        yield kind
        return
    before, after = fold(text[: name.start]).text, fold(text[name.end : name.end + 80]).text
    yield from _roles_before(before, after, name, grammar)
    if role := _role_after(before, after, name):
        yield role


def _kind_of_its_nouns(words: list[str]) -> tuple[Kind, str] | None:
    for word in (words[-1], words[0]) if len(words) > 1 else ():
        for kind, nouns in _NOUNS:
            if word in nouns:
                return kind, word
    return ("party", words[-1]) if len(words) > 1 and words[-1] in _LAST_OF_PARTIES else None


def _roles_before(
    before: str, after: str, name: Occurrence, grammar: Grammar | None
) -> Iterator[tuple[Kind, str]]:
    """Yield a title, an office or a clause that makes a person of a name, and what stands before a body."""
    previous = re.search(r"([\w-]+)\s+$", before)
    title = name.titles[-1] if name.titles else previous.group(1) if previous is not None else ""
    courtesy = title.lower().rstrip(".") in ("mr", "mrs", "ms", "miss", "dr", "")
    if is_title(title, grammar) and not courtesy and title.capitalize() not in STARTERS:
        yield "person", title
    elif beside := _APPOSITION.match(after):
        yield "person", beside.group().strip(", ")
    by_kind: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("country", _BEFORE_STATE),
        ("country", _BEFORE_ABROAD),
        ("party", _BEFORE_OPPOSITION),
        ("party", _BEFORE_PARTY),
    )
    for kind, pattern in by_kind:
        if match := pattern.search(before):
            yield kind, match.group().strip()
            return


def _role_after(before: str, after: str, name: Occurrence) -> tuple[Kind, str] | None:
    """Return the noun or verb behind a name, and what it makes of it."""
    following = re.match(r"(?:'s?)?\s([\w-]+)(?:\s([\w-]+))?", after)
    noun, second = ((word or "").lower() for word in following.groups()) if following else ("", "")
    acts = noun in _ACTS or noun in FORMS
    if noun in _OF_PARTIES | _VOTES or (
        acts and _ACRONYM.fullmatch(name.name) is not None and before.lower().endswith("the ")
    ):
        return "party", noun
    if noun in _OF_STATES:
        return "country", noun
    # "Varna's energy minister"
    return ("country", second) if after.startswith(("'s ", "' ")) and second in _OF_STATES else None
