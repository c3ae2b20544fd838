"""A sentence and its actors in, whom "he" or "she" may mean in it and in the next one out.

Who has spoken last is meant until somebody else comes up as the subject of a sentence; where several are
named in one, nobody can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from harness.articles.actors import Actor, may_precede_name
from harness.articles.genders import agrees
from harness.articles.people import description_at_end
from harness.articles.word_lists import AGENT_ENDING, DOCUMENTS, FORMS, either, words_of

Contested = Literal["contested"]
CONTESTED: Contested = "contested"
"""Somebody who cannot be told from others."""

_LEAD_INS, _PLURALS = words_of("lead_ins"), words_of("plurals")
# "A baker from Lille": somebody new; "the baker" may be who has just spoken.
_NEW = re.compile(r"(?:A|An|Another|One)\s")
# "Crane and Bray": both are the subject.
_TOGETHER = re.compile(r"\s+(?:and|und|et|y|e)\b")
# Words that a description may have, its article included.
_MAX_WORDS = 5


def may_be_pronoun(actor: Actor) -> bool:
    """Whether "he" or "she" may mean somebody: a person, or a party by the name of a person."""
    return actor.kind == "person" or (actor.kind == "party" and actor.leader)


_ARTICLE = re.compile(r"(?i)\b(?:a|an|the|this|any)\s+$")
# "Asked about Bray,", "In a letter to Bray,": Bray is somebody else than "he" behind it.
_ASKED = re.compile(
    rf"(?i)^\W*(?:(?:{either('asked')})\b"
    r"|(?:in|during)\s+(?:an?|the|his|her|their)\s+(?:[\w-]+\s+){1,3}(?:to|with|alongside|beside)\s)[^\"]*,\s*$"
)
# A clause that depends on another, or a phrase before one: "When Bray left, he said".
_OPENING = re.compile(
    rf"(?i)^\W*(?:{either('subordinate')}|{either('lead_ins')}|{either('prepositions')}|as)\b"
)
_JOINT = re.compile(rf"(?i)\b(?:{either('subordinate')}|and|or|that|which|who|whom|as|so)\b")
# "he said", "she has argued", "he later told MPs".
_SAYS = re.compile(r"\s+(?:(?:\w+ly|also|later|then|once|has|had)\s+){0,2}(\w+)\b")


def antecedent_of(bare: str, pronoun: Actor, cast: Sequence[Actor]) -> Actor | Contested | None:
    """Return whom a sentence names before a pronoun of it that is said to speak.

    Parameters
    ----------
    bare : str
        A sentence, its quotations blanked.
    pronoun : Actor
    cast : sequence of Actor
        The actors of the sentence, in order, persons by their fullest names.

    Returns
    -------
    Actor, "contested" or None
        "contested" where those whom it names before are others: "Bray must go, he said" (a name does not
        mean who says the clause that it stands in; Chomsky 1981, principle C), "Asked about Bray, he said".
    """
    people = [
        actor
        for actor in cast
        if actor.end <= pronoun.start and may_be_pronoun(actor) and bare[actor.start] != '"'
    ]
    agreeing = [actor for actor in people if agrees(pronoun.name, actor.via or actor.name)]
    if (people and not agreeing) or is_inserted(bare, pronoun, people[0].end if people else 0):
        return CONTESTED
    return agreeing[0] if agreeing else None


def opens_with_phrase(bare: str) -> bool:
    """Whether a sentence begins with a phrase or clause before its subject: "In his letter, he said"."""
    return _OPENING.match(bare) is not None


def is_inserted(bare: str, pronoun: Actor, start: int) -> bool:
    """Whether a pronoun speaks of others than a sentence names before it, from an offset on."""
    before = bare[: pronoun.start]
    if _ASKED.match(before):
        return True
    says = _SAYS.match(bare, pronoun.end)
    # "Bakers, in her view, lied": a description before "her view" is not hers either.
    if start == 0 and pronoun.name != bare[pronoun.start : pronoun.end].lower():
        return True
    return (
        says is not None
        and FORMS.get(says[1], ("", ""))[1] == "say"
        and before.rstrip().endswith(",")
        and _OPENING.match(before) is None
        and _JOINT.search(before, start) is None
    )


def brought_up(
    bare: str, cast: Sequence[Actor], current: str, precedes: Callable[[str], bool]
) -> Actor | Contested | None:
    """Return whom a sentence brings up as its subject.

    Parameters
    ----------
    bare : str
        A sentence, its quotations blanked.
    cast : sequence of Actor
        Its actors, in order.
    current : str
        Name of who was meant so far; empty for nobody.
    precedes : callable
        Whether a word may stand between the beginning of a sentence and the name of its subject.

    Returns
    -------
    Actor, "contested" or None
        None where who was meant so far still is.
    """
    people = [actor for actor in cast if may_be_pronoun(actor) and bare[actor.start] != '"']
    # "A Crane ally", "the Crane campaign": not Crane.
    people = [
        actor
        for actor in people
        if not (_ARTICLE.search(bare[: actor.start]) and re.match(r"\s+[a-z]", bare[actor.end :]))
    ]
    # Whoever is only spoken about does not take the place of the one who spoke.
    if not people or not _is_subject(bare, people[0], precedes):
        return None
    first = people[0]
    if _TOGETHER.match(bare, first.end):
        return CONTESTED
    if len({actor.name for actor in people}) == 1:
        return first
    return None if current.endswith(first.name) else CONTESTED


def _is_subject(bare: str, actor: Actor, precedes: Callable[[str], bool]) -> bool:
    """Whether a name begins its sentence, but for titles, an article, a day and the like."""
    words = re.findall(r"[^\s,\"]+", bare[: actor.start])
    if len(words) > _MAX_WORDS or re.match(r"[’']", bare[actor.end :]):
        return False
    while words and precedes(words[-1]) and words[-1].lower() not in _LEAD_INS:
        words.pop()
    if words and words[-1].lower() in _LEAD_INS:
        return False
    return all(word[0].isupper() or precedes(word) for word in words)


def newcomer(bare: str) -> Actor | Contested | None:
    """Return the new person with whom an English sentence begins: "A baker from Lille"."""
    if _NEW.match(bare) is None:
        return None
    ends = [match.end() for match in re.finditer(r"[\w’'-]+(?=[\s,.;:])", bare)][:_MAX_WORDS]
    longest: tuple[str, int] | None = None
    for end in ends[1:]:
        described = description_at_end(bare[:end])
        if described is not None:
            longest = (described[0], end)
        elif longest is not None:
            break
    head = longest[0].split()[-1] if longest is not None else ""
    if longest is None or head.endswith("s") or head in DOCUMENTS | _PLURALS:
        return None
    # Of other words for people some mean many of them: "a crowd", "a panel".
    return Actor(0, longest[1], "group", longest[0]) if AGENT_ENDING.search(head) else CONTESTED


def precedes_english(word: str) -> bool:
    """Whether a word may stand before an English subject: an article, a title."""
    return may_precede_name(word) or word.lower() in _LEAD_INS
