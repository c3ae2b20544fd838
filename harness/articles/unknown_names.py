"""Sentences and a registry in, names in political roles that the registry lacks out.

A name counts as political where a noun of its own says so ("Saffron Party", "Ministry of Works"), where a
title or an office stands beside it ("Minister Ada Orrin", "the Varnan government", "leader of the Greens"),
or where an acronym acts ("the ONP voted"). Such names are proposals: a person decides which of them are
parties. English rules, with the titles of the other languages that articles are read in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.articles.grammar import Grammar
from harness.articles.political_roles import STARTERS, Occurrence, is_title, roles
from harness.articles.sentences import Sentence
from harness.articles.word_lists import NAMES, NOT_PEOPLE, TITLES, either, words_of
from harness.values.formatting import counted
from harness.values.parties import Kind, Registry
from harness.values.parties.folding import name_key

MAX_NAMED = 5
"""Names in a note; of more the number is given."""

MIN_SHARE = 0.25
"""Share of the sentences with a political name from which names outside the registry are spoken of."""

_MEMBERS = words_of("members", NAMES)
_WORD = r"[^\W\d_a-zß-öø-ÿ][\w’'-]*\w|[^\W\d_a-zß-öø-ÿ]\."
_LINK = rf"(?:{either('links', NAMES)})"
_RUN = re.compile(rf"(?:{_WORD})(?:[ ](?:{_LINK}[ ])?(?:{_WORD})){{0,5}}")
_ITS_ACRONYM = re.compile(r"\s\(([A-Z]{2,6})\)")


@dataclass(frozen=True)
class UnknownName:
    """A name that a registry lacks.

    Attributes
    ----------
    name : str
    kind : {"party", "government", "country", "alliance", "person"}
        What the words beside it suggest.
    sentences : int
        That name it.
    reasons : tuple of str
        The words that make it political, the most frequent first.
    aliases : tuple of str
        Acronyms in brackets behind it.
    """

    name: str
    kind: Kind
    sentences: int
    reasons: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return it as an entry of a registry."""
        record: dict[str, Any] = {"name": self.name, "kind": self.kind}
        return record | ({"aliases": list(self.aliases)} if self.aliases else {})


@dataclass
class _Seen:
    """What was seen of a name."""

    spellings: Counter[str] = field(default_factory=Counter)
    kinds: Counter[Kind] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    aliases: dict[str, None] = field(default_factory=dict)
    sentences: int = 0
    inside: bool = False  # once where a sentence does not begin


@dataclass
class UnknownNames:
    """Collects, sentence by sentence, the names that a registry lacks.

    Attributes
    ----------
    known_sentences : int
        That name a party of the registry for certain.
    unknown_sentences : int
        That name somebody else in a political role; set by :meth:`candidates`.
    """

    known_sentences: int = 0
    unknown_sentences: int = 0
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _in_sentences: list[frozenset[str]] = field(default_factory=list)

    def add(self, texts: Iterable[str], registry: Registry, grammar: Grammar | None = None) -> None:
        """Read sentences.

        Parameters
        ----------
        texts : iterable of str
        registry : Registry
        grammar : Grammar, optional
            Of their language; left out, English.
        """
        for text in texts:
            forms = registry.forms(text)
            self.known_sentences += any(form.certain is not None for form in forms)
            # A form that may be part of a longer name is the very sign of a name that is missing.
            whole = [form for form in forms if not form.partial]
            taken = [(form.start, form.end) for form in whole if not form.is_surname]
            # "Brown" is known by a leader's name; "Sherrod Brown" is somebody else.
            surnames = [(form.start, form.end) for form in whole if form.is_surname]
            names = set()
            for occurrence in _occurrences(text, grammar):
                # One character more: in "Vladimir Putin" the registry may have the surname alone.
                if any(start < occurrence.end + 2 and occurrence.start < end for start, end in taken):
                    continue
                if any(start <= occurrence.start < end for start, end in surnames):
                    continue
                key = name_key(occurrence.name)
                names.add(key)
                seen = self._seen.setdefault(key, _Seen())
                seen.spellings[occurrence.name] += 1
                seen.inside |= occurrence.inside
                for kind, reason in roles(text, occurrence, grammar):
                    seen.kinds[kind] += 1
                    seen.reasons[reason] += 1
                if acronym := _ITS_ACRONYM.match(text, occurrence.end):
                    seen.aliases[acronym.group(1)] = None
            for key in names:
                self._seen[key].sentences += 1
            if names:
                self._in_sentences.append(frozenset(names))

    def candidates(self, minimum: int = 1) -> list[UnknownName]:
        """Return the names in political roles, those that most sentences give first.

        Parameters
        ----------
        minimum : int
            Sentences that give it, at least.
        """
        short_forms = {name_key(alias) for seen in self._seen.values() for alias in seen.aliases}
        chosen = {
            key: seen
            for key, seen in self._seen.items()
            if seen.kinds
            and seen.sentences + self._by_surname(key, seen) >= minimum
            and key not in short_forms
            # What only ever begins sentences may be any word with a capital.
            and (seen.inside or " " in key)
        }
        self.unknown_sentences = sum(bool(names & chosen.keys()) for names in self._in_sentences)
        candidates = [
            UnknownName(
                name=seen.spellings.most_common(1)[0][0],
                kind=seen.kinds.most_common(1)[0][0],
                sentences=seen.sentences + self._by_surname(key, seen),
                reasons=tuple(reason for reason, _ in seen.reasons.most_common(3)),
                aliases=tuple(seen.aliases),
            )
            for key, seen in chosen.items()
        ]
        return sorted(candidates, key=lambda name: (-name.sentences, name.name))

    def merge(self, other: UnknownNames) -> None:
        """Add what was seen in another text."""
        self.known_sentences += other.known_sentences
        self._in_sentences += other._in_sentences
        for key, seen in other._seen.items():
            mine = self._seen.setdefault(key, _Seen())
            mine.spellings += seen.spellings
            mine.kinds += seen.kinds
            mine.reasons += seen.reasons
            mine.aliases |= seen.aliases
            mine.sentences += seen.sentences
            mine.inside |= seen.inside

    def _by_surname(self, key: str, seen: _Seen) -> int:
        """Return how many sentences give a person's surname alone."""
        if seen.kinds and seen.kinds.most_common(1)[0][0] == "person" and " " in key:
            alone = self._seen.get(key.rsplit(" ", 1)[-1])
            return alone.sentences if alone is not None else 0
        return 0

    def are_many(self) -> bool:
        """Whether so many sentences name somebody whom the registry lacks that a reader should know."""
        self.candidates()
        return self.unknown_sentences > 0 and self.unknown_sentences >= MIN_SHARE * (
            self.known_sentences + self.unknown_sentences
        )

    def note(self) -> str:
        """Say that names were passed over; empty where the registry has most of them."""
        names = self.candidates()
        if not names or not self.are_many():
            return ""
        listed = ", ".join(f"{name.name} {name.sentences}" for name in names[:MAX_NAMED])
        more = f", and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        return (
            f"{counted(len(names), 'name')} in political roles that the registry lacks, in"
            f" {counted(self.unknown_sentences, 'sentence')} ({listed}{more}): they have no rows. `harness"
            " parties find` writes them as entries for a registry of your own (--parties)"
        )


@dataclass
class UnknownInArticles:
    """Whom the registry lacks, over the articles in which it lacks many; who was asked for and is absent.

    Attributes
    ----------
    only : frozenset of str
        The parties that were asked for; empty where all are of interest.
    """

    only: frozenset[str] = frozenset()
    _names: UnknownNames = field(default_factory=UnknownNames)
    _articles: int = 0

    def add(self, names: UnknownNames) -> None:
        """Add the names of an article."""
        if names.are_many():
            self._articles += 1
            self._names.merge(names)

    def notes(self, n_articles: int, parties: Collection[str]) -> list[str]:
        """Return what a reader of that many articles, which mention these parties, should know."""
        absent = sorted(self.only - set(parties))
        notes = [f"no sentence names {name}, which --party asks for" for name in absent]
        if note := self._names.note():
            where = f"{self._articles:,} of {counted(n_articles, 'article')}: " if n_articles > 1 else ""
            notes.append(where + note)
        return notes


def unknown_names(
    sentences: Iterable[Sentence], registry: Registry, grammar: Grammar | None = None
) -> UnknownNames:
    """Collect the names that a registry lacks from the sentences of a text; headlines capitalise any word."""
    names = UnknownNames()
    names.add(
        (line.text for line in sentences if line.in_article and line.kind != "headline"), registry, grammar
    )
    return names


def _occurrences(text: str, grammar: Grammar | None) -> Iterator[Occurrence]:
    """Yield the runs of capitalised words of a sentence; of a headline in capitals none."""
    if text.isupper():
        return
    for match in _RUN.finditer(text):
        words = [(word.group(), match.start() + word.start()) for word in re.finditer(r"\S+", match.group())]
        begins = not text[: match.start()].strip(" \"'“”„«»‘’([")
        while words and words[0][0] in STARTERS:
            words, begins = words[1:], False
        titles = []
        while len(words) > 1 and (words[0][0].lower() in _MEMBERS or is_title(words[0][0], grammar)):
            titles.append(words[0][0])
            words, begins = words[1:], False
        # "President of Varna": the office is read from what stands before the name.
        while len(words) > 1 and words[0][0] in ("of", "for", "and", "the", "de", "von"):
            words, titles = words[1:], []
        if not words:
            continue
        start, (last, offset) = words[0][1], words[-1]
        end = offset + len(re.sub(r"[’']s?$|[.,]$", "", last))
        name = text[start:end]
        if len(name) > 1 and not (len(words) == 1 and name.lower() in NOT_PEOPLE | TITLES):
            yield Occurrence(" ".join(name.split()), start, end, tuple(titles), not begins)
