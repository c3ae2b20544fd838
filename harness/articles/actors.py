"""A sentence and the parties that it mentions in, the actors who could speak in it out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.articles.mentions import PartyMention
from harness.articles.people import description_at_end, find_people, is_staff
from harness.articles.word_lists import TITLES, either
from harness.values.parties import Span

ActorKind = Literal["party", "person", "group", "pronoun"]

# A description in lower case, as far as what usually follows it: "two officials familiar with".
_DESCRIPTION = re.compile(
    r"((?:[\w’'-]+\s+){0,4}?[a-z][\w’'-]+)"
    rf"(?=\s+(?:{either('description_ends')})\b|[,.;:!?\"]|\s*$)"
)
_DESCRIPTION_BEGINS = re.compile(rf"(?i)(?:{either('description_begins')})\b")


@dataclass(frozen=True, order=True)
class Actor:
    """Somebody who could be the source of words or of a judgement: ``text[start:end]``.

    Attributes
    ----------
    start, end : int
        Character offsets in the sentence; ``end`` is exclusive.
    kind : {"party", "person", "group", "pronoun"}
    name : str
        Canonical name of a party, a person's name without titles, the description of a group ("two shop
        stewards"), or the pronoun in lower case.
    via : str
        Who speaks for a party, as written; empty for other kinds.
    leader : bool
        Whether the party is mentioned by its leader's name.
    """

    start: int
    end: int
    kind: ActorKind
    name: str
    via: str = ""
    leader: bool = False


@dataclass(frozen=True)
class Attribution:
    """Words or a judgement that a sentence attributes to somebody.

    Attributes
    ----------
    actor : Actor
        To whom.
    position : int
        Character offset of what signals it: the verb, "according to", the colon.
    weight : float
        How strong the evidence is: 0.9 is weak, 1 a hint, 2 an ordinary verb of saying, 3 and more holds
        even where the writer speaks as "I". The scale is this package's own; the weights were set on the
        errors of Partyline's train and dev.
    """

    actor: Actor
    position: int
    weight: float


def find_actors(text: str, mentions: Sequence[PartyMention], surnames: dict[str, str]) -> list[Actor]:
    """List the actors of a sentence, in order.

    Parameters
    ----------
    text : str
    mentions : sequence of PartyMention
        Parties in the sentence; those of which it is unsure that they are meant are no actors.
    surnames : dict
        Surname → fullest form of the name, of the persons whom the article has introduced.
    """
    # Unsure mentions are excluded from persons and from actors: better no speaker than a wrong one.
    spans = [span for mention in mentions for span in mention.spans]
    actors = [
        # "Ostrel's Mara Crane": the second span is the leader, who speaks.
        Actor(start, end, "party", mention.party, leader or text[start:end], bool(leader))
        for mention in mentions
        if mention.sure
        for (start, end), leader in zip(mention.spans, mention.leaders, strict=True)
    ]
    actors += [
        Actor(person.start, person.end, "person", person.name)
        for person in find_people(text, spans, surnames)
    ]
    actors += label_in_capitals(text, spans, surnames)
    actors += [
        # "it" is no actor: it stands for things and clauses as well ("it is said").
        Actor(match.start(), match.end(), "pronoun", match.group().lower())
        for match in re.finditer(r"\b(?:[Hh]e|[Ss]he|[Tt]hey)\b", text)
        if not any(start <= match.start() < end for start, end in spans)
    ]
    return sorted(actors)


def label_in_capitals(text: str, spans: Sequence[Span], surnames: Mapping[str, str]) -> list[Actor]:
    """Read a surname in capitals that opens a line of minutes: "ORRIN: ...".

    Parameters
    ----------
    text : str
        A sentence.
    spans : sequence of (int, int)
        What is something else, such as mentions of parties.
    surnames : mapping
        Surname → fullest form of the name: of other words in capitals it is not known that they are names.
    """
    label = re.match(r"([^\W\d_]{2,}) ?:\s", text)
    if label is None or not label[1].isupper() or any(start < label.end() for start, _ in spans):
        return []
    names = [name for surname, name in surnames.items() if surname.upper() == label[1]]
    return [Actor(0, label.end(1), "person", name) for name in names[:1]]


def actor_at(text: str, bare: str, position: int, cast: Sequence[Actor]) -> Actor | None:
    """Read the actor that begins at an offset, after an article and titles.

    Parameters
    ----------
    text : str
        A sentence.
    bare : str
        The same, its quotations blanked: :func:`harness.articles.quotations.blank_quotations`.
    position : int
        Where the actor would begin: after "by", "according to", "said".
    cast : sequence of Actor
        The actors of the sentence.
    """
    for actor in cast:
        words = text[position : actor.start].split()
        # Titles pile up ("former deputy prime minister"); more words than six are a clause.
        if actor.start < position or len(words) > 6:
            continue
        if all(may_precede_name(word) for word in words) or (
            len(words) > 1
            and may_precede_name(words[-1])
            and all(may_precede_name(word) or word[0].isupper() for word in words)
        ):
            return with_staff(bare, actor) if _can_speak(bare, actor) else None
    # Nobody whom the cast knows by name: a description.
    nouns = _DESCRIPTION.match(bare[position:])
    description = description_at_end(nouns.group(1)) if nouns else None
    if nouns is None or description is None or re.search(r"[A-Z]", nouns.group(1)[1:]):
        return None
    # Without an article only a plural or a listed noun speaks: "by critics", not "by surprise".
    begins = _DESCRIPTION_BEGINS.match(nouns.group(1)) is not None
    if not begins and description_at_end(nouns.group(1).split()[0]) is None:
        return None
    return Actor(position, position + nouns.end(), "group", description[0])


def _can_speak(bare: str, actor: Actor) -> bool:
    """Whether what belongs to somebody can speak: their office can, their honour guard's welcome cannot."""
    possession = re.match(r"[’']s?\s+(?:own\s+)?((?:[a-z][\w-]*\s*){1,2})", bare[actor.end :])
    if possession is None:
        return True
    words = possession.group(1).split()
    return is_staff(words[0]) or is_staff(words[-1]) or description_at_end("the " + words[0]) is not None


def may_precede_name(word: str) -> bool:
    """Whether a word may stand between a verb and a name: an article, a title, "sluice-keeper"."""
    lower = word.lower().strip(".,#")
    return (
        lower in TITLES
        or lower in ("the", "a", "an", "even", "former", "then")
        or description_at_end(f"the {lower}") is not None
    )


def with_staff(bare: str, actor: Actor) -> Actor:
    """Include the words after a name: a party's office speaks for the party, somebody's sister does not."""
    match = re.match(r"[’']s?\s+((?:own\s+)?[a-z][\w-]*(?:\s+[a-z][\w-]*)?)", bare[actor.end :])
    if match is None or actor.kind == "pronoun":
        return actor
    words = match.group(1).removeprefix("own ").split()
    # "foreign ministry" before "foreign": two words may be an office where one is none.
    for size in (len(words), 1):
        if is_staff(" ".join(words[:size])):
            return (
                actor
                if actor.kind == "party"
                else Actor(actor.start, actor.end, "group", " ".join(words[:size]))
            )
    if description_at_end("the " + words[0]) is not None:
        return Actor(actor.start, actor.end, "group", words[0])
    return actor
