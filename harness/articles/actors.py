"""A sentence and who is named in it in, those who could speak in it out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.articles.mentions import PartyMention
from harness.articles.people import description_at_end, find_people, is_staff
from harness.articles.word_lists import TITLES

ActorKind = Literal["party", "person", "group", "pronoun"]


@dataclass(frozen=True, order=True)
class Actor:
    """Somebody who could be a source: ``text[start:end]``.

    Attributes
    ----------
    kind : str
    name : str
        Canonical for a party, without title for a person, a description else.
    via : str
        Who speaks for a party, as written.
    """

    start: int
    end: int
    kind: ActorKind
    name: str
    via: str = ""
    leader: bool = False


@dataclass(frozen=True)
class Attribution:
    """An attribution: who, where in the sentence, and how weighty."""

    actor: Actor
    at: int
    weight: float


def find_actors(text: str, named: Sequence[PartyMention], surnames: dict[str, str]) -> list[Actor]:
    """List who is named in a sentence, in order."""
    spans = [span for one in named for span in one.spans]
    found = [
        Actor(start, end, "party", one.party, one.leader or text[start:end], bool(one.leader))
        for one in named
        if one.sure
        for start, end in one.spans
    ]
    found += [Actor(one.start, one.end, "person", one.name) for one in find_people(text, spans, surnames)]
    found += [
        Actor(match.start(), match.end(), "pronoun", match.group().lower())
        for match in re.finditer(r"\b(?:[Hh]e|[Ss]he|[Tt]hey)\b", text)
        if not any(start <= match.start() < end for start, end in spans)
    ]
    return sorted(found)


def actor_at(text: str, bare: str, at: int, cast: Sequence[Actor]) -> Actor | None:
    """Read the actor that begins at a place, after an article and titles."""
    for one in cast:
        words = text[at : one.start].split()
        if one.start < at or len(words) > 6:
            continue
        if all(may_precede_name(word) for word in words) or (
            len(words) > 1
            and may_precede_name(words[-1])
            and all(may_precede_name(word) or word[0].isupper() for word in words)
        ):
            return with_staff(bare, one) if _speaks(bare, one) else None
    nouns = re.match(
        r"((?:[\w’'-]+\s+){0,4}?[a-z][\w’'-]+)(?=\s+(?:who|whose|that|which|in|of|at|from|with|for|on|to|familiar|said|by|as|and|seen)\b|[,.;:!?\"]|\s*$)",
        bare[at:],
    )
    found = description_at_end(nouns.group(1)) if nouns else None
    begins = r"(?i)(?:the|an?|one|two|three|four|some|several|many|both|his|her|their|our|its|other|most)\b"
    if nouns is None or found is None or re.search(r"[A-Z]", nouns.group(1)[1:]):
        return None
    if not re.match(begins, nouns.group(1)) and description_at_end(nouns.group(1).split()[0]) is None:
        return None
    return Actor(at, at + nouns.end(), "group", found[0])


def _speaks(bare: str, actor: Actor) -> bool:
    """Whether what belongs to somebody can speak: an office can, an honour guard's welcome is none."""
    owned = re.match(r"[’']s?\s+(?:own\s+)?((?:[a-z][\w-]*\s*){1,2})", bare[actor.end :])
    if owned is None:
        return True
    words = owned.group(1).split()
    return is_staff(words[0]) or is_staff(words[-1]) or description_at_end("the " + words[0]) is not None


def may_precede_name(word: str) -> bool:
    """Whether a word may stand between a verb and a name: an article, a title, "sluice-keeper"."""
    low = word.lower().strip(".,#")
    return (
        low in TITLES
        or low in ("the", "a", "an", "even", "former", "then")
        or description_at_end(f"the {low}") is not None
    )


def with_staff(bare: str, actor: Actor) -> Actor:
    """Take the words after a name along: a party's office speaks for it, somebody's sister does not."""
    match = re.match(r"[’']s?\s+((?:own\s+)?[a-z][\w-]*(?:\s+[a-z][\w-]*)?)", bare[actor.end :])
    if match is None or actor.kind == "pronoun":
        return actor
    words = match.group(1).removeprefix("own ").split()
    for size in (len(words), 1):
        if is_staff(" ".join(words[:size])):
            return (
                actor
                if actor.kind == "party"
                else Actor(actor.start, actor.end, "group", " ".join(words[:size]))
            )
    found = description_at_end("the " + words[0])
    return Actor(actor.start, actor.end, "group", words[0]) if found else actor
