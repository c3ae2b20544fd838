"""A sentence, its actors and a language in, the sources that it names without a verb of its own out.

"Selon le ministère", "Angaben der Polizei zufolge", "wie ein Sprecher mitteilte", "hieß es aus dem Kreml",
"nach eigenen Angaben".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from harness.articles.actors import Actor, Attribution
from harness.articles.foreign_phrases import (
    TOKEN,
    actor_after,
    description_at,
    follows_preposition,
    is_titled,
    name_at,
    office_at,
    source_at,
    words_of,
)
from harness.articles.grammar import Grammar

# "Dem Bundesamt für Migration", "Medienberichten" before "zufolge".
_PHRASE = re.compile(r"\b(?:dem|den|der|einem|einer)\s+((?:[\w-]+\s+){0,4}[\w-]+)$|^([A-ZÄÖÜ][\w-]+)$", re.I)
_WEIGHT = 3
# Tokens up to a verb behind "comme", and the letters of those before it.
_MAX_SMALL = 5


def sources_in(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Yield the sources that a sentence names, its quotations blanked.

    Parameters
    ----------
    bare : str
        Each character of a quotation is a straight mark.
    grammar : Grammar
    cast : sequence of Actor
        Who could speak, in order.

    Yields
    ------
    Attribution
    """
    clauses = [*_manner(bare, grammar, cast), *_views(bare, grammar)]
    yield from clauses
    yield from _before_source(bare, grammar, cast, {each.position for each in clauses})
    yield from _behind_source(bare, grammar, cast)
    yield from _heard(bare, grammar, cast)
    yield from _accounts(bare, grammar, cast)
    view = _view(bare, grammar, cast)
    if view is not None:
        yield view


def _either(phrases: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(phrases, key=len, reverse=True))) or "(?!)"


def _before_source(
    bare: str, grammar: Grammar, cast: Sequence[Actor], taken: set[int]
) -> Iterator[Attribution]:
    """Read "selon le ministère", "nach Angaben der Polizei"; not what is a clause: "según dijo Ruiz"."""
    for phrase in grammar.according_before:
        for match in re.finditer(rf"(?<!\w){re.escape(phrase)}\s+", bare, re.IGNORECASE):
            actor = (
                actor_after(bare, match.end(), grammar, cast)
                or source_at(bare, match.end(), grammar)
                or description_at(bare, match.end(), grammar)
            )
            if actor is not None and match.start() not in taken:
                yield Attribution(actor, match.start(), _WEIGHT)


def _behind_source(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read "der Polizei zufolge", "dem SPD-Politiker zufolge", "Medienberichten zufolge"."""
    for match in re.finditer(rf"\s+(?:{_either(grammar.according_after)})\b", bare, re.IGNORECASE):
        before = bare[: match.start()]
        actor = next(
            (
                each
                for each in reversed(cast)
                if each.end <= len(before) and re.fullmatch(r"(?:-[\w-]+)?", before[each.end :])
            ),
            None,
        )
        phrase = None if actor is not None else _PHRASE.search(before)
        # "Den Angaben zufolge": of whoever gave them before.
        if phrase is not None and words_of(before)[-1].lower() not in grammar.accounts:
            name = phrase[1] or phrase[2]
            actor = Actor(phrase.end() - len(name), phrase.end(), "group", name)
        if actor is not None:
            yield Attribution(actor, match.start(), _WEIGHT)


def _manner(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read a clause that says who says so: "wie Merz am Montag sagte", "comme l'a dit Macron"."""
    for match in re.finditer(rf"(?<!\w)(?:{_either(grammar.manner)})\s+", bare, re.IGNORECASE):
        begin = match.end()
        if grammar.comma_before_clause:
            actor = _subject_before(bare, begin, grammar, cast)
        else:
            verb = _verb_at(bare, begin, grammar)
            actor = None if verb is None else _subject_behind(bare, verb.end(), grammar, cast)
        if actor is not None:
            yield Attribution(actor, match.start(), _WEIGHT)


def _verb_at(bare: str, begin: int, grammar: Grammar) -> re.Match[str] | None:
    """Return the verb of saying at an offset, behind small words: "l'a déjà dit"."""
    for token in itertools.islice(TOKEN.finditer(bare, begin), _MAX_SMALL):
        if token.group().lower() in grammar.say | grammar.behind_quotations:
            return token if re.search(r"[,;:\"]", bare[begin : token.start()]) is None else None
        if len(token.group()) > _MAX_SMALL:
            break
    return None


def _subject_before(bare: str, begin: int, grammar: Grammar, cast: Sequence[Actor]) -> Actor | None:
    """Return the subject of a clause that its verb ends: "wie ein Sprecher am Montag mitteilte"."""
    clause = re.compile(r"[^,;:\"–—()!?]*?(?=[,;:\"–—()!?]|\.?\s*$)").match(bare, begin)
    words = words_of(clause.group()) if clause is not None else []
    if words and words[-1].lower() in grammar.auxiliary:
        words.pop()
    if not words or words[-1].lower() not in grammar.say:
        return None
    actor = (
        actor_after(bare, begin, grammar, cast)
        or name_at(bare, begin, grammar)
        or office_at(bare, begin, grammar)
    )
    between = words_of(bare[actor.end : clause.end()])[:-1] if actor and clause else []
    # "wie Merz das findet": an object makes it a clause of its own.
    behind = grammar.prepositions | grammar.genitive | grammar.adverbs | grammar.say
    objects = grammar.pronouns | {"das", "es", "dies", "ihn"}
    if actor is None or (between and between[0].lower() not in behind - objects):
        return None
    return actor


def _subject_behind(bare: str, end: int, grammar: Grammar, cast: Sequence[Actor]) -> Actor | None:
    """Return the subject behind the verb of such a clause; in Spanish it may be left out."""
    actor = (
        actor_after(bare, end, grammar, cast) or name_at(bare, end, grammar) or office_at(bare, end, grammar)
    )
    if actor is None and grammar.subjectless and re.compile(r"\s*[,.;:]|\s*$").match(bare, end):
        return Actor(end, end, "pronoun", "")
    return actor or description_at(bare, end, grammar)


def _heard(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read whose camp says so: "hieß es aus dem Kreml", "In der CSU heißt es", "dit-on à Matignon"."""
    for match in re.finditer(rf"(?<!\w)(?:{_either(grammar.heard)})(?!\w)", bare, re.IGNORECASE):
        camp = re.compile(rf"\s+(?:\w+\s+){{0,2}}?(?:{_either([*grammar.within])})\s+", re.IGNORECASE)
        behind = camp.match(bare, match.end())
        actor = actor_after(bare, behind.end(), grammar, cast) if behind is not None else None
        clause = max(bare.rfind(mark, 0, match.start()) for mark in ',;:"(—–') + 1
        for other in cast if actor is None else ():
            first = words_of(bare[clause : other.start].lower())[:1]
            if clause <= other.start < match.start() and {*first} & grammar.within:
                actor = other
                break
        if actor is not None and actor.kind != "pronoun":
            yield Attribution(actor, match.start(), _WEIGHT)


def _accounts(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read an account by its adjective, or as that of the subject: "nach eigenen Angaben"."""
    for actor in cast:
        last = words_of(bare[actor.start : actor.end])[-1:]
        if actor.kind == "party" and last and last[0].lower() in grammar.accounts:
            yield Attribution(actor, actor.start, _WEIGHT)
    match = re.search(rf"(?<!\w)(?:{_either(grammar.own_account)})(?!\w)", bare, re.IGNORECASE)
    subject = next((each for each in cast if not follows_preposition(bare, each, grammar)), None)
    if match is not None and subject is not None:
        yield Attribution(subject, match.start(), _WEIGHT)


def _views(bare: str, grammar: Grammar) -> Iterator[Attribution]:
    """Read the view of somebody named before: "selon lui", "a su juicio"."""
    for match in re.finditer(rf"(?<!\w)(?:{_either(grammar.his_view)})(?!\w)", bare, re.IGNORECASE):
        yield Attribution(Actor(match.start(), match.end(), "pronoun", ""), match.start(), _WEIGHT)


def _view(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Attribution | None:
    """Read in whose view something is that is quoted: "Pour Anne Riou, maire de Lesk, c'est « un échec »"."""
    match = re.match(rf"(?:{_either(grammar.in_view_of)})\s+", bare, re.IGNORECASE)
    if match is None or '"' not in bare:
        return None
    named = (
        each
        for each in cast
        if (each.kind == "person" or each.leader) and is_titled(bare[match.end() : each.start], grammar)
    )
    actor = next(named, None) or office_at(bare, match.end(), grammar)
    if actor is None:
        return None
    # "Für Merz ist der Plan „überfällig“": German has no comma there.
    is_so = bool({*words_of(bare[actor.end :].lower())[:1]} & grammar.being) and grammar.comma_before_clause
    return Attribution(actor, 0, 2) if is_so or bare[actor.end : actor.end + 1] == "," else None
