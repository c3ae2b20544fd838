"""Sentences and who is named in them in, whose view each sentence gives out.

The holder of a sentence is its writer, unless its words or its judgement are attributed to somebody: by
quotation marks, by a verb of saying or judging with its subject, by "according to", by a speaker's name and a
colon. A sentence that goes on with somebody's words has the same holder. English.

What counts as a judgement or a saying is in ``english.txt``. The rules were written on the
training and development articles of Partyline and the training stories of SEESAW.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.articles.actors import Actor, Attribution, find_actors
from harness.articles.attributions import find_attributions
from harness.articles.mentions import PartyMention
from harness.articles.people import description_at_end, find_people
from harness.articles.quotations import blank_quotations, quotation_continues
from harness.articles.sentences import Sentence

HolderKind = Literal["writer", "party", "person", "other"]


@dataclass(frozen=True)
class Holder:
    """Whose view a sentence gives.

    Attributes
    ----------
    kind : str
        ``writer``; a ``party`` or somebody who speaks for it; a ``person``; ``other``, a description.
    name : str
        Canonical name of the party, fullest form of the person's name, or the description; empty for the
        writer.
    via : str
        Who speaks for the party, as named in the sentence.
    quoted : bool
        Whether words stand in quotation marks.
    """

    kind: HolderKind = "writer"
    name: str = ""
    via: str = ""
    quoted: bool = False

    @property
    def own_voice(self) -> bool:
        """Whether the outlet itself speaks."""
        return self.kind == "writer"

    @property
    def label(self) -> str:
        """The holder in one word: "writer" or the name."""
        return self.name or "writer"


WRITER = Holder()


def find_holders(found: Sequence[Sentence], named: Sequence[Sequence[PartyMention]]) -> list[Holder]:
    """Say whose view every sentence gives.

    Parameters
    ----------
    found : sequence of Sentence
        All of an article, in order.
    named : sequence of sequence of PartyMention
        As :func:`harness.articles.mentions.find_mentions` returns.

    Returns
    -------
    list of Holder
        One a sentence.
    """
    surnames = _surnames(found, named)
    transcript = _is_transcript(found)
    posts = _are_posts(found)
    issued = _issued(found)
    made: list[Holder] = []
    state = _State()
    leaders = {one.leader for of_one in named for one in of_one if one.leader}
    for sentence, mine in zip(found, named, strict=True):
        if not sentence.read:
            made.append(WRITER)
            if sentence.kind == "credit":  # who posted: the post may go on after it
                state = replace(state, paragraph=sentence.paragraph)
            continue
        holder = _holder(sentence, mine, state, surnames, transcript=transcript, posts=posts)
        state = state.after(sentence, holder, leaders)
        led = holder.via in {one.leader for one in mine if one.leader}
        if sentence is issued and _OF_ITSELF.match(sentence.text) and not led:
            holder = WRITER
        made.append(holder)
    return _looked_ahead(found, made)


@dataclass(frozen=True)
class _State:
    """What the sentences before have left open."""

    holder: Holder = WRITER
    paragraph: int = -2
    inside: bool = False
    invites: bool = False
    person: Holder = WRITER
    post: bool = False

    def after(self, sentence: Sentence, holder: Holder, leaders: Collection[str]) -> _State:
        """Return what is open after a sentence; "he" may go on with a person, and not with a country."""
        person = holder.kind == "person" or (holder.kind == "party" and holder.via in leaders)
        text = sentence.text
        return _State(
            holder=holder,
            paragraph=sentence.paragraph,
            inside=quotation_continues(text, self.inside),
            invites=text.rstrip().endswith(":"),
            person=holder if person else self.person,
            post=not text[:1].isascii() and not text[:1].isalpha() and text[:1] not in "“”‘’«»—–…",
        )


def _holder(
    sentence: Sentence,
    named: Sequence[PartyMention],
    state: _State,
    surnames: dict[str, str],
    *,
    transcript: bool,
    posts: bool,
) -> Holder:
    text = sentence.text
    cast = find_actors(text, named, surnames)
    found = find_attributions(text, cast, transcript=transcript, posts=posts, inside=state.inside)
    near = sentence.paragraph - state.paragraph <= 1
    for source in found:
        holder = _of(source, text, cast, state if near else _State(), surnames)
        if holder is not None:
            return holder
    quoted = bool(re.search('[“”"]', text))
    wholly = not blank_quotations(text, inside=state.inside).strip(' ".,;:!?—–-')
    if near and state.holder.kind != "writer":
        if state.inside or wholly or (state.invites and quoted):
            return replace(state.holder, quoted=True)
        if state.post and not text[:1].isascii() and not text[:1].isalpha() and text[:1] not in "“‘«—–…":
            return state.holder
    return WRITER


def _could_be(actor: Actor) -> bool:
    """Whether "he" or "she" may mean somebody: a person, or a party by the name of a person."""
    return actor.kind == "person" or (actor.kind == "party" and actor.leader)


def _of(
    source: Attribution, text: str, cast: Sequence[Actor], state: _State, surnames: dict[str, str]
) -> Holder | None:
    quoted = bool(re.search("[“”\"]|(?<!\\w)['‘]\\w[^'’]{15,}[,.!?]['’]", text))
    actor = source.actor
    if actor.kind == "pronoun":
        bare = blank_quotations(text)
        outside = (one for one in cast if one.end <= actor.start and bare[one.start] != '"')
        antecedent = next((one for one in outside if _could_be(one)), None)
        described = (
            description_at_end(" ".join(re.split(r"[,;\"]", bare)[0].split()[:5]))
            if antecedent is None
            else None
        )
        if described is not None:
            return Holder("other", described[0], quoted=quoted)
        if antecedent is None:
            return replace(state.person, quoted=quoted) if state.person.kind != "writer" else None
        actor = antecedent
    name = surnames.get(actor.name, actor.name) if actor.kind == "person" else actor.name
    kind: HolderKind = "party" if actor.kind == "party" else "person" if actor.kind == "person" else "other"
    return Holder(kind, name, actor.via, quoted)


def _looked_ahead(found: Sequence[Sentence], made: list[Holder]) -> list[Holder]:
    """A sentence that is all quotation belongs to the speaker named right after it in the paragraph."""
    for at in range(len(made) - 2, -1, -1):
        one, after = found[at], found[at + 1]
        if made[at].kind != "writer" or not one.read or not made[at + 1].quoted:
            continue
        text = one.text.strip()
        begins = text.startswith(("“", '"'))
        open_ = quotation_continues(text, False)
        closed = text.endswith(("”", '"')) and one.paragraph == after.paragraph
        if begins and after.paragraph - one.paragraph <= 1 and (open_ or closed):
            made[at] = made[at + 1]
    return made


def _surnames(found: Sequence[Sentence], named: Sequence[Sequence[PartyMention]]) -> dict[str, str]:
    """Map surnames to the fullest form of the name in the article."""
    fullest: dict[str, str] = {}
    for sentence, mine in zip(found, named, strict=True):
        if sentence.read or sentence.kind == "byline":
            for person in find_people(sentence.text, [span for one in mine for span in one.spans]):
                known = fullest.get(person.surname, "")
                if " " in person.name and len(person.name) > len(known):
                    fullest[person.surname] = person.name
    return fullest


_SPEAKER = re.compile(r"^(?:\S+\s+)?(?:The |Mr |Mrs |Ms |Miss |Dr )?[A-Z][\w’'-]+(?: [\w’'-]+){0,5}: ")
_OF_ITSELF = re.compile(
    r"(?=[^,.;:]*?(?:[a-z]\s+(?:and|of|for)\s+(?:[a-z]+\s+)?[A-Z]|\b(?:Alliance|Association|Board|Campaign|Centre|Coalition|"
    r"Committee|Company|Council|Federation|Foundation|Friends|Front|Group|Guild|Institute|League|Movement|Network|Party|"
    r"Society|Tenants|Trust|Union)\b))"
    r"(?:The\s+)?(?:[A-Z][\w’'-]*\s+(?:(?:and|of|for|the|in)\s+)*){2,8}(?:today\s+|now\s+|hereby\s+)?[a-z]+s\b"
)
_HANDLE = re.compile(r"^@\w+:|#\w|^RT @")


def _issued(found: Sequence[Sentence]) -> Sentence | None:
    """Return the first sentence of a release, where an organisation that goes on as "we" names itself."""
    read = [one for one in found if one.read and one.kind == "body"]
    ours = sum(re.search(r"\b(?:[Ww]e|[Oo]ur|us)\b", blank_quotations(one.text)) is not None for one in read)
    return read[0] if ours >= 2 else None


def _is_transcript(found: Sequence[Sentence]) -> bool:
    """Whether lines begin with who speaks, as in minutes and debates."""
    read = [one for one in found if one.kind == "body"]
    return len(read) > 2 and sum(bool(_SPEAKER.match(one.text)) for one in read) * 2 > len(read)


def _are_posts(found: Sequence[Sentence]) -> bool:
    """Whether the text is a thread of posts, each its author's own."""
    read = [one for one in found if one.read]
    handles = sum(bool(_HANDLE.match(one.text)) for one in read)
    lower = sum(
        one.text[:1].islower() or not re.search(r"[.!?…”\"')]$", one.text)
        for one in read
        if one.kind == "body"
    )
    announced = any(re.search(r"@\w+", one.text) for one in found[:3])
    return bool(read) and (handles * 2 > len(read) or (announced and lower * 2 > len(read)))
