"""A language's code in, its words of speech, its quotation marks and its rules of names out.

What English articles need is in ``english.txt`` and in code of its own. Other languages are data:
``languages/de.yaml``. A language without a file has quotation marks alone: what stands in them is somebody's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from harness.values.parties import Span
from harness.values.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "languages"
ENGLISH = "en"

OPENERS = {"“": "”", "„": "“”", "«": "»", "「": "」", '"': '"'}
"""Opening quotation mark → what closes it, in a language without rules of its own."""


@dataclass(frozen=True)
class Grammar:
    """How a language says who speaks. Words are in lower case.

    Attributes
    ----------
    openers : mapping
        Opening quotation mark → the marks that close it.
    say, after_only, judge : frozenset of str
        Forms of verbs of saying; those that stand after what is said alone ("so Merz"); forms of verbs of
        judging.
    compound_judge, auxiliary : frozenset of str
        Participles that judge after an auxiliary ("a critiqué"), and the auxiliaries.
    participle : Pattern
        Which forms of saying need an auxiliary.
    participles, agent : frozenset of str
        Participles of judging, and what names who judges ("par", "von").
    being : Pattern
        The auxiliary of the passive.
    clause : frozenset of str
        What begins a clause that tells what is said.
    according_before, according_after : tuple of str
        "laut" before a source, "zufolge" after it.
    genitive, determiners, adverbs, prepositions, subordinate, negation : frozenset of str
    pronouns : frozenset of str
    clitics : Pattern or None
        A pronoun that is part of the verb: "dit-il".
    subjectless : bool
        Whether a verb needs no subject: "añadió".
    titles, not_people, group_nouns, offices : frozenset of str
    title_ending, noun_before_name, adjectives : Pattern
        Endings of titles, of nouns that may stand before a full name, and of adjectives.
    reported : Pattern
        The mood of reported speech: a sentence in it goes on with what somebody says.
    descriptions : mapping
        Kind of party → how it is meant without its name: "die Partei".
    ordinals : frozenset of str
        What follows the full stop of an ordinal: "3. Oktober".
    """

    openers: Mapping[str, str]
    say: frozenset[str]
    after_only: frozenset[str]
    judge: frozenset[str]
    compound_judge: frozenset[str]
    auxiliary: frozenset[str]
    participle: re.Pattern[str]
    participles: frozenset[str]
    agent: frozenset[str]
    being: re.Pattern[str]
    clause: frozenset[str]
    according_before: tuple[str, ...]
    according_after: tuple[str, ...]
    genitive: frozenset[str]
    determiners: frozenset[str]
    adverbs: frozenset[str]
    prepositions: frozenset[str]
    subordinate: frozenset[str]
    negation: frozenset[str]
    pronouns: frozenset[str]
    clitics: re.Pattern[str]
    subjectless: bool
    titles: frozenset[str]
    title_ending: re.Pattern[str]
    noun_before_name: re.Pattern[str]
    adjectives: re.Pattern[str]
    not_people: frozenset[str]
    group_nouns: frozenset[str]
    offices: frozenset[str]
    reported: re.Pattern[str]
    descriptions: Mapping[str, tuple[str, ...]]
    ordinals: frozenset[str]

    @property
    def closers(self) -> str:
        """All marks that close a quotation."""
        return "".join(dict.fromkeys("".join(self.openers.values())))

    def is_title(self, word: str) -> bool:
        """Whether a word may stand before a name: "Bundeskanzler", "SPD-Chefin", "ministre"."""
        lower = word.lower().strip(".,")
        last = lower.rsplit("-", 1)[-1]
        return lower in self.titles or last in self.titles or self.title_ending.search(lower) is not None

    def office_beside(self, text: str, span: Span) -> Span | None:
        """Return the span of an adjective with the office beside it: "russische Regierung"."""
        after = re.match(r"\s+(?:[a-zà-ÿ]+\s+)?([^\W\d_][\w-]*)", text[span[1] :])
        before = re.search(r"([^\W\d_][\w-]*)\s+$", text[: span[0]])
        if before is not None and self._is_office(before.group(1)):
            return before.start(1), span[1]
        if after is not None and self._is_office(after.group(1)):
            return span[0], span[1] + after.end()
        return None

    def _is_office(self, word: str) -> bool:
        lower = word.lower()
        return lower in self.offices or lower.rsplit("-", 1)[-1] in self.offices


def languages() -> tuple[str, ...]:
    """Return the languages whose rules of speech are known, by code."""
    return (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def grammar_of(language: str) -> Grammar:
    """Return the rules of a language other than English; quotation marks alone where it has none."""
    path = FOLDER / f"{language}.yaml"
    data: dict[str, Any] = read_yaml(path) if path.is_file() else {}
    return Grammar(
        **{each.name: _value(each.name, str(each.type), data.get(each.name)) for each in fields(Grammar)}
    )


def _value(name: str, kind: str, value: Any) -> Any:
    """Turn a value of a file into the type of its attribute; what is left out is empty."""
    if name == "openers":
        return dict(value or OPENERS)
    if name == "descriptions":
        return {key: tuple(forms) for key, forms in (value or {}).items()}
    if kind.startswith("re.Pattern"):
        # Without a pattern nothing matches.
        return re.compile(value or r"(?!)", re.IGNORECASE)
    if kind == "bool":
        return bool(value)
    if kind.startswith("tuple"):
        return tuple(shlex.split(str(value or "").replace("'", "\\'")))
    words = str(value or "").split()
    return frozenset(words if name == "ordinals" else map(str.lower, words))
