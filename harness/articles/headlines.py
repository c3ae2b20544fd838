"""A sentence and its actors in, the same as other sentences are written out, where it is a headline.

"Crane Slams Varna Over Toll", "CRANE SLAMS VARNA": in Title Case and in capitals verbs look like names. Names
of the actors keep their capitals, other words lose them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.articles.actors import Actor
from harness.articles.people import find_people, is_staff
from harness.articles.word_lists import AGENTS, FORMS, NOUNS
from harness.values.parties.longer_names import is_headline

_SPACED = re.compile(r"(?<![\w’'-])[A-Za-z]+(?![\w’'-])")


def without_capitals(bare: str, cast: Sequence[Actor]) -> tuple[str, list[Actor]]:
    """Write a headline as other sentences are: "Crane slams Varna over toll".

    Parameters
    ----------
    bare : str
        A sentence, its quotations blanked: :func:`harness.articles.quotations.blank_quotations`.
    cast : sequence of Actor
        Its actors, in order.

    Returns
    -------
    (str, list of Actor)
        The sentence, character for character, and its actors: a person ends where a verb begins ("Ada Orrin
        Slams"). Both as they were where it is no headline, or has no verb in capitals.
    """
    # Headlines have few and short words: "Crane Hits Out".
    if not is_headline(bare, letters=3, least=2):
        return bare, list(cast)
    # Who seems to be named "Ada Orrin Slams Varna" is looked for again before the verb.
    actors = [actor for actor in cast if actor.kind != "person"]
    verb = next((word for word in _SPACED.finditer(bare) if _is_verb(bare, word, actors)), None)
    if verb is None:
        return bare, list(cast)
    actors += [actor for actor in cast if actor.kind == "person" and verb.end() <= actor.start]
    actors += [
        Actor(person.start, person.end, "person", person.name)
        for person in find_people(bare[: verb.start()], [(actor.start, actor.end) for actor in actors])
        if not _is_group(person.surname)
    ]
    capitals = {offset for actor in actors for offset in range(actor.start, actor.end)}
    lower = "".join(
        letter if offset in capitals or not letter.isascii() else letter.lower()
        for offset, letter in enumerate(bare)
    )
    return lower, sorted(actors)


def _is_group(word: str) -> bool:
    """Whether a word of a headline means people: "City Leaders"."""
    return word.lower() in AGENTS or is_staff(word)


def _is_verb(bare: str, word: re.Match[str], actors: Sequence[Actor]) -> bool:
    """Whether a word in capitals is a verb of saying or judging, behind an actor."""
    form = word.group().lower()
    if word.group() == form or form not in FORMS or word.start() == 0:
        return False
    if any(actor.start <= word.start() < actor.end for actor in actors):
        return False
    # "Ostrel Bank Rules": a noun, unless a name or a quotation follows it.
    follows = word.end() + 1
    return (
        form not in NOUNS
        or bare[follows : follows + 1] == '"'
        or any(actor.start == follows for actor in actors)
    )
