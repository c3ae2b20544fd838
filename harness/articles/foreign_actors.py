"""A sentence, its parties and a language in, the actors who could speak in it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.articles.actors import Actor, label_in_capitals
from harness.articles.datelines import dateline_end
from harness.articles.foreign_people import find_people_in
from harness.articles.foreign_phrases import words_of
from harness.articles.grammar import Grammar
from harness.articles.mentions import PartyMention
from harness.values.parties import Span

_TOKEN = re.compile(r"[^\W\d_][\w-]*[’']?|\d+")


def find_actors_in(
    text: str, grammar: Grammar, mentions: Sequence[PartyMention], surnames: Mapping[str, str]
) -> list[Actor]:
    """List the actors of a sentence, in order, as :func:`harness.articles.actors.find_actors` does."""
    spans = [span for mention in mentions for span in mention.spans]
    # A name in capitals before an adjective is that of a body: "Estado Mayor ucraniano".
    bodies = [(grammar.office_beside(text, span), span) for span in spans if text[slice(*span)].islower()]
    spans += [body for body, span in bodies if body is not None and body[0] < span[0]]
    actors = [
        _party(text, grammar, mention, span) for mention in mentions if mention.sure for span in mention.spans
    ]
    actors += [
        Actor(person.start, person.end, "person", person.name)
        for person in find_people_in(text, grammar, spans, surnames)
    ]
    actors += label_in_capitals(text, spans, surnames)
    # "MADRID, 3 Mar. (EUROPA PRESS) - ": an agency in a dateline says nothing.
    dateline = dateline_end(text)
    actors = [actor for actor in actors if actor.start >= dateline or "(" not in text[:dateline]]
    # "der SPD-Vorsitzende Lars Klingbeil": the party is in the title of the one who speaks.
    named = {actor.start for actor in actors if actor.kind == "person"}
    actors = [actor for actor in actors if _end_of_compound(text, actor) not in named]
    taken = [(actor.start, actor.end) for actor in actors]
    # Of what may be a party it is not sure that it is meant, but somebody speaks: "El PP considera que".
    actors += [
        Actor(start, end, "group", text[start:end])
        for mention in mentions
        if not mention.sure and mention.reference == "name"
        for start, end in mention.spans
        if not _overlaps(Actor(start, end, "group", ""), taken)
        and {*words_of(text[:start].lower())[-1:]} <= grammar.determiners
    ]
    taken += spans
    actors += [actor for actor in _described(text, grammar) if not _overlaps(actor, taken)]
    return sorted(actors)


def _end_of_compound(text: str, actor: Actor) -> int:
    """Return where the word after a compound with a party's name begins; -1 where it is no compound."""
    compound = re.match(r"-\w[\w-]*\s+", text[actor.end :]) if actor.kind == "party" else None
    return actor.end + compound.end() if compound else -1


def _overlaps(actor: Actor, spans: Iterable[Span]) -> bool:
    return any(start < actor.end and actor.start < end for start, end in spans)


def _party(text: str, grammar: Grammar, mention: PartyMention, span: Span) -> Actor:
    """Return a party as an actor, with the office that speaks for it: "ein Sprecher der Bundesregierung"."""
    start, end = span
    if mention.reference == "demonym" or text[start:end].islower():
        start, end = grammar.office_beside(text, span) or span
    elif grammar.genitive & {*words_of(text[:start].lower())[-1:]}:
        # "Ministerio de Defensa de Ucrania"
        start = grammar.body_before(text, start) or start
    before = list(_TOKEN.finditer(text[:start]))[-4:]
    # "ministre allemande des Affaires étrangères" is found by its adjective, a genitive by its noun.
    for token in reversed(before):
        word = token.group().lower()
        # "Nach Angaben der russischen Regierung": the noun names the source, and is no office.
        if word in grammar.accounts and word in {
            each.lower().split()[-1] for each in grammar.according_before
        }:
            break
        if (word in grammar.offices or grammar.is_title(word)) and word not in grammar.determiners:
            between = text[token.end() : start].lower().replace("’", "'").split()
            if between and all(part in grammar.genitive for part in between):
                start = token.start()
            break
    # Of "Frankreichs Präsident Emmanuel Macron" the name alone is the leader's.
    leader = dict(zip(mention.spans, mention.leaders, strict=False)).get(span, "")
    return Actor(start, end, "party", mention.party, leader or text[start:end], bool(leader))


def _described(text: str, grammar: Grammar) -> Iterator[Actor]:
    """Yield nouns for people who speak, and pronouns."""
    for token in _TOKEN.finditer(text):
        lower = token.group().lower()
        if lower in grammar.pronouns:
            yield Actor(token.start(), token.end(), "pronoun", lower)
        elif lower in grammar.group_nouns:
            start = token.start()
            before = re.search(r"([^\W\d_]+)\s+$", text[:start])
            # "Premier ministre": a title of two words.
            if before is not None and lower in grammar.titles and before[1].lower() in grammar.titles:
                start = start if before[1].lower() in grammar.determiners else before.start(1)
            yield Actor(start, token.end(), "group", text[start : token.end()])
