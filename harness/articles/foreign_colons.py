"""A sentence with a colon before a quotation in, whose words they are out: "Friedrich Merz (CDU): „…“"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.articles.actors import Actor, Attribution
from harness.articles.foreign_phrases import (
    TOKEN,
    actor_after,
    is_noun_phrase,
    is_titled,
    name_at,
    words_of,
)
from harness.articles.grammar import Grammar


def before_colon(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read the speaker before a colon and a quotation: "Macron : « … »", "Friedrich Merz (CDU): „…“".

    Only what somebody is may stand before the name: in "Merz schrieb an Macron: „…“" the verb decides.

    Parameters
    ----------
    bare : str
        A sentence, each character of its quotations a straight mark.
    grammar : Grammar
    cast : sequence of Actor
        Who could speak, in order.

    Yields
    ------
    Attribution
        At most one.
    """
    match = re.match(r"([^:\"]{2,90}?)(?:\s*\([^()]*\))*\s*:\s*\"", bare)
    if match is None:
        return
    actor = next((each for each in cast if each.end == match.end(1) and each.kind != "pronoun"), None)
    if actor is not None and _begins_with(bare, actor, grammar, cast):
        yield Attribution(actor, 0, 2.5)
        return
    first = next((each for each in cast if is_titled(bare[: each.start], grammar)), None)
    name = name_at(bare, 0, grammar) if first is None or first.kind == "pronoun" else None
    if first is not None and (first.kind == "person" or first.leader):
        # "Macron à Trump : « … »": a person at the beginning, unless a verb has another subject.
        yield Attribution(first, 0, 1)
    elif name is not None and name.end == match.end(1):
        yield Attribution(name, 0, 2.5)
    elif name is not None:
        yield from _name_with_verb(match, name, grammar, cast)


def _name_with_verb(
    head: re.Match[str], name: Actor, grammar: Grammar, cast: Sequence[Actor]
) -> Iterator[Attribution]:
    """Read a name that no list has before a verb, of a headline: "Söder attackiert Grüne: „…“"."""
    bare = head.string
    # A pronoun or an auxiliary may stand between them: "Sánchez le dijo".
    tokens = list(TOKEN.finditer(bare, name.end, head.end(1)))[:2]
    verbs = grammar.say | grammar.judge | grammar.behind_quotations
    verb = next((token for token in tokens if token.group().lower() in verbs), None)
    if verb is None or tokens[0].group().lower() in grammar.prepositions:
        return
    after = actor_after(bare, verb.end(), grammar, cast)
    # What is judged stands last; in "Zuletzt sagte Merz: „…“" the verb has its subject behind it.
    judged = verb.group().lower() in grammar.judge and after is not None and after.end == head.end(1)
    if after is None or after.kind != "pronoun":
        yield Attribution(name, 0, 2.5 if judged else 1)


def _begins_with(bare: str, actor: Actor, grammar: Grammar, cast: Sequence[Actor]) -> bool:
    """Whether all that stands before an actor says what it is: "Russlands Präsident Putin"."""
    before = bare[: actor.start]
    for other in cast:
        # A party in the genitive belongs to the title behind it.
        if other.kind == "party" and other.end < actor.start and is_titled(before[: other.start], grammar):
            behind = words_of(before[other.end :])
            if behind and all(map(grammar.is_title, behind)):
                return True
    # "Die Kritik an Merz: „…“" is about him.
    about = any(word in grammar.prepositions | grammar.genitive for word in words_of(before.lower())[-1:])
    return is_titled(before, grammar) or (not about and is_noun_phrase(before, grammar))
