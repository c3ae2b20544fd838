"""The sentences of an article and the parties they mention in, whose view each sentence gives out.

The holder of a sentence is its writer, unless its words or its judgement are attributed to somebody: by
quotation marks, by a verb of saying or judging with its subject, by "according to", by a speaker's name and a
colon. A sentence that continues somebody's words has the same holder. What is particular to a language is in
:mod:`harness.articles.speech`.

Which verbs of English are of saying and of judging is in ``languages/en.yaml``. Its rules were written on the
train and dev articles of Partyline and the train stories of SEESAW; experiments/holders says how often they
are right. How often those of other languages are is not known.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.articles import interviews, text_kinds, transcripts
from harness.articles.actors import Actor, Attribution
from harness.articles.antecedents import CONTESTED, antecedent_of, opens_with_phrase
from harness.articles.full_names import fullest_names
from harness.articles.genders import agrees
from harness.articles.mentions import PartyMention
from harness.articles.people import description_at_end
from harness.articles.quotations import MIN_QUOTED
from harness.articles.sentences import Sentence
from harness.articles.speech import ENGLISH_SPEECH, SpeechRules

HolderKind = Literal["writer", "party", "person", "other", "unknown"]

OWN_VOICE, QUOTED = "own voice", "quoted"
VOICES = (OWN_VOICE, QUOTED)
"""Who speaks: the outlet itself, or somebody whom it quotes or reports."""


@dataclass(frozen=True)
class Holder:
    """Whose view a sentence gives.

    Attributes
    ----------
    kind : {"writer", "party", "person", "other", "unknown"}
        ``writer``; a ``party`` or somebody who speaks for it; a ``person``; ``other``, a description;
        ``unknown``, somebody who is quoted and not named.
    name : str
        Canonical name of the party, fullest form of the person's name, or the description; empty for the
        writer and for somebody unknown.
    via : str
        Who speaks for the party, as named in the sentence.
    quoted : bool
        Whether words of the sentence stand in quotation marks.
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
    def voice(self) -> str:
        """One of :data:`VOICES`."""
        return OWN_VOICE if self.own_voice else QUOTED

    @property
    def label(self) -> str:
        """``writer``, the name, or ``unknown``."""
        return self.name or self.kind


WRITER = Holder()
UNKNOWN = Holder("unknown", quoted=True)


def find_holders(
    sentences: Sequence[Sentence],
    mentions: Sequence[Sequence[PartyMention]],
    rules: SpeechRules = ENGLISH_SPEECH,
) -> list[Holder]:
    """Find whose view every sentence gives.

    Parameters
    ----------
    sentences : sequence of Sentence, length n
        All of an article, in order.
    mentions : sequence of sequence of PartyMention, length n
        As :func:`harness.articles.mentions.find_mentions` returns.
    rules : SpeechRules
        Those of the article's language.

    Returns
    -------
    list of Holder, length n
        The writer for sentences that are no part of the article.
    """
    sentences = _with_marks(sentences, rules)
    # What kind of text it is shows in all of its sentences, so that they are looked at before any of them.
    surnames = fullest_names(sentences, mentions, rules)
    kind = _TextKind(
        rules, transcript=text_kinds.is_transcript(sentences), posts=text_kinds.are_posts(sentences)
    )
    release_opening = text_kinds.opening_of_release(sentences) if rules is ENGLISH_SPEECH else None
    holders: list[Holder] = []
    state = _State()
    closing = _closing_paragraphs(sentences, rules)
    leaders = {name for in_sentence in mentions for mention in in_sentence for name in mention.leaders} - {""}
    leaders |= set(surnames.values())
    answers, speaker = _interview(sentences, mentions, rules)
    turns = transcripts.turns(sentences, transcript=kind.transcript)
    introduced = transcripts.set_off(sentences)
    quoted_lines = transcripts.quoted_lines(sentences)
    for number, (sentence, in_sentence) in enumerate(zip(sentences, mentions, strict=True)):
        if not sentence.in_article:
            holders.append(WRITER)
            if sentence.kind == "credit":  # who posted: the post may go on after it
                state = replace(state, paragraph=sentence.paragraph)
            continue
        if sentence.paragraph != state.paragraph and (
            sentence.paragraph not in closing or sentence.text.startswith(tuple(rules.openers))
        ):
            # The mark that should close the quotation is missing, and nobody speaks for the rest of an
            # article; or the quotation is opened again.
            state = replace(state, inside=False)
        cast = rules.actors(sentence.text, in_sentence, surnames)
        holder = _holder(sentence, cast, state, surnames, kind)
        if number in answers and holder.kind in ("writer", "unknown"):
            holder = replace(speaker, quoted=holder.quoted)
        elif number in turns and holder.kind in ("writer", "unknown"):
            holder = replace(holders[turns[number]], quoted=holder.quoted)
        elif number in introduced and holder.kind == "writer":
            holder = replace(holders[introduced[number]], quoted=False)
        elif number in quoted_lines and holder.kind == "writer":
            holder = UNKNOWN if state.holder.kind == "writer" else replace(state.holder, quoted=True)
        state = state.after(sentence, holder, cast, (rules, surnames, leaders))
        by_leader = holder.via in {mention.leader for mention in in_sentence if mention.leader}
        # "The Guild of Bakers thanks Varna" in the guild's own release: the guild is the writer.
        if sentence is release_opening and text_kinds.names_itself(sentence) and not by_leader:
            holder = WRITER
        holders.append(holder)
    if rules is not ENGLISH_SPEECH:
        holders = _with_dialogue(sentences, holders, turns)
    return _with_later_speakers(sentences, holders, rules)


def _with_dialogue(
    sentences: Sequence[Sentence], holders: Sequence[Holder], turns: Mapping[int, int]
) -> list[Holder]:
    """Give the turns of a dialogue that name nobody to somebody unknown: "—Varna mintió."."""
    opening = {number for number, sentence in enumerate(sentences) if transcripts.is_dash(sentence)}
    # Where no line with a dash says whose it is, they may be items of a list.
    if all(holders[number].kind == "writer" for number in opening):
        return list(holders)
    return [
        UNKNOWN if turns.get(number, number) in opening and holder.kind == "writer" else holder
        for number, holder in enumerate(holders)
    ]


def _with_marks(sentences: Sequence[Sentence], rules: SpeechRules) -> list[Sentence]:
    """Return the sentences with the marks of quotation that the rules read; all offsets stay."""
    marked: list[Sentence] = []
    for _, group in itertools.groupby(sentences, key=lambda sentence: sentence.paragraph):
        paragraph = list(group)
        # A quotation may begin in one sentence and end in another.
        rest = rules.marked(" ".join(sentence.text for sentence in paragraph))
        for sentence in paragraph:
            size = len(sentence.text)
            marked.append(replace(sentence, text=rest[:size]))
            rest = rest[size + 1 :]
    return marked


def _interview(
    sentences: Sequence[Sentence], mentions: Sequence[Sequence[PartyMention]], rules: SpeechRules
) -> tuple[frozenset[int], Holder]:
    """Return the sentences that are answers in an interview, and who gives them."""
    interview = interviews.answered(sentences)
    if interview is None and rules is ENGLISH_SPEECH:
        interview = interviews.answered_without_labels(sentences)
    if interview is None:
        return frozenset(), WRITER
    begin, answers = interview
    name, mention = interviews.who_answers(sentences, mentions, rules, begin)
    if mention is not None:
        return answers, Holder("party", mention.party, name)
    return answers, Holder("person", name) if name else UNKNOWN


def _closing_paragraphs(sentences: Sequence[Sentence], rules: SpeechRules) -> set[int]:
    """Return the paragraphs that continue a quotation of the one before: they open it again, or close it."""
    parts: dict[int, list[str]] = {}
    for sentence in sentences:
        parts.setdefault(sentence.paragraph, []).append(sentence.text)
    texts = {number: " ".join(of_paragraph).strip() for number, of_paragraph in parts.items()}
    # Of a longer speech the paragraphs in between have no mark at all.
    numbers = sorted(texts)
    return {
        number
        for index, number in enumerate(numbers)
        if texts[number].startswith(tuple(rules.openers))
        or rules.closes(" ".join(texts[later] for later in numbers[index : index + _MAX_SPOKEN]))
    }


# Paragraphs after which a quotation that was not closed is taken for one whose mark was forgotten.
_MAX_SPOKEN = 4


@dataclass(frozen=True)
class _State:
    """What the sentences before leave open.

    Attributes
    ----------
    holder : Holder
        Of the last sentence.
    paragraph : int
        Of the last sentence; -2, before any, is near no paragraph.
    inside : bool
        Whether a quotation goes on.
    invites : bool
        Whether the last sentence ended with a colon.
    person : Holder
        Whom "he" or "she" may mean: the last holder, or who was the subject of a sentence since then.
    post : bool
        Whether the last sentence began with an emoji, as a line of a post does.
    """

    holder: Holder = WRITER
    paragraph: int = -2
    inside: bool = False
    invites: bool = False
    person: Holder = WRITER
    post: bool = False

    def after(
        self,
        sentence: Sentence,
        holder: Holder,
        cast: Sequence[Actor],
        within: tuple[SpeechRules, dict[str, str], Collection[str]],
    ) -> _State:
        """Return what is open after a sentence; "he" may mean a person or a leader, and not a country."""
        rules, surnames, leaders = within
        text = sentence.text
        person = self.person
        if holder.kind == "person" or (holder.kind == "party" and holder.via in leaders):
            person = holder
        elif text:
            subject = rules.brought_up(rules.blank(text, inside=self.inside), cast, person.name)
            if subject is not None:
                person = UNKNOWN if subject == CONTESTED else _as_holder(subject, surnames, quoted=False)
        return _State(
            holder=holder,
            paragraph=sentence.paragraph,
            inside=rules.continues(text, self.inside),
            invites=text.rstrip().endswith(":"),
            person=person,
            post=not text[:1].isascii() and not text[:1].isalpha() and text[:1] not in "„“”‘’«»—–…",
        )


@dataclass(frozen=True)
class _TextKind:
    """What is true of all sentences of a text: the rules of its language, minutes, a thread of posts."""

    rules: SpeechRules
    transcript: bool
    posts: bool


def _holder(
    sentence: Sentence,
    cast: Sequence[Actor],
    state: _State,
    surnames: dict[str, str],
    kind: _TextKind,
) -> Holder:
    """Find the holder of a sentence: to whom it attributes something, or whose words it continues."""
    text, rules = sentence.text, kind.rules
    attributions = rules.attributions(
        text, cast, transcript=kind.transcript, posts=kind.posts, inside=state.inside
    )
    # Words go on over one paragraph break; after more of them somebody else may speak.
    near = sentence.paragraph - state.paragraph <= 1
    for attribution in attributions:
        holder = _attributed(attribution, (text, rules), cast, state if near else _State(), surnames)
        if holder is not None:
            return holder
    quoted = any(mark in text for mark in rules.marks)
    # A quotation with a tag whose verb no list has: "fired back". A post is its author's own.
    tag = rules.tag(text, inside=state.inside) if quoted and not kind.posts else None
    speaker = rules.speaker_in(text, tag, cast, inside=state.inside) if tag is not None else None
    if tag is not None and speaker is not None:
        attribution = Attribution(speaker, tag[0], 1)
        holder = _attributed(attribution, (text, rules), cast, state if near else _State(), surnames)
        if holder is not None:
            return holder
    all_quoted = not rules.blank(text, inside=state.inside).strip(' ".,;:!?—–-')
    # Nothing is attributed: the sentence may continue the words of the holder before.
    if near and state.holder.kind != "writer":
        if state.inside or all_quoted or (state.invites and quoted):
            return replace(state.holder, quoted=True)
        if rules.reported(text):
            return replace(state.holder, quoted=False)
        if state.post and not text[:1].isascii() and not text[:1].isalpha() and text[:1] not in "“‘«—–…":
            return state.holder
    # Words in quotation marks are not the outlet's, though nobody says whose they are.
    pronoun = any(each.actor.kind == "pronoun" for each in attributions)
    if quoted and (
        tag is not None
        or (all_quoted and len(text.split()) >= MIN_QUOTED)
        or ((pronoun or not rules.has_verbs) and _quotes_words(text, rules))
        or rules.says_after(text, inside=state.inside)
    ):
        return UNKNOWN
    return WRITER


def _quotes_words(text: str, rules: SpeechRules) -> bool:
    quotations = re.findall(f"[{rules.openers}]([^{rules.marks}]+)", text)
    return any(len(words.split()) >= MIN_QUOTED for words in quotations)


def _attributed(
    attribution: Attribution,
    within: tuple[str, SpeechRules],
    cast: Sequence[Actor],
    state: _State,
    surnames: dict[str, str],
) -> Holder | None:
    """Return the holder that an attribution means, or None where it is a pronoun that means nobody."""
    text, rules = within
    # Single marks count around fifteen characters and more with an end of clause: others are apostrophes.
    single = re.search(r"(?<!\w)['‘]\w[^'’]{15,}[,.!?]['’]", text) is not None
    quoted = single or any(mark in text for mark in rules.marks)
    actor = attribution.actor
    if actor.kind == "pronoun":
        bare = rules.blank(text)
        people = [replace(each, name=surnames.get(each.name, each.name)) for each in cast]
        antecedent = antecedent_of(bare, actor, people)
        # No person before the pronoun: the sentence may begin with a description ("The baker, who").
        described = (
            description_at_end(" ".join(re.split(r"[,;\"]", bare)[0].split()[:5]))
            if antecedent is None and rules is ENGLISH_SPEECH and not opens_with_phrase(bare)
            else None
        )
        if described is not None:
            return Holder("other", described[0], quoted=quoted)
        if antecedent is None or antecedent == CONTESTED:
            person = state.person
            if person.kind != "writer" and agrees(actor.name, person.via or person.name):
                return replace(person, quoted=quoted)
            return None if antecedent is None else replace(UNKNOWN, quoted=quoted)
        actor = antecedent
    return _as_holder(actor, surnames, quoted=quoted)


def _as_holder(actor: Actor, surnames: dict[str, str], *, quoted: bool) -> Holder:
    name = surnames.get(actor.name, actor.name) if actor.kind == "person" else actor.name
    kind: HolderKind = "party" if actor.kind == "party" else "person" if actor.kind == "person" else "other"
    return Holder(kind, name, actor.via, quoted)


def _with_later_speakers(
    sentences: Sequence[Sentence], holders: list[Holder], rules: SpeechRules
) -> list[Holder]:
    """Give a sentence that is all quotation to the speaker named in the sentence after it.

    From the last sentence to the first, so that several quoted sentences in a row get the speaker after them.
    """
    for index in range(len(holders) - 2, -1, -1):
        sentence, following = sentences[index], sentences[index + 1]
        if (
            holders[index].kind not in ("writer", "unknown")
            or not sentence.in_article
            or not holders[index + 1].quoted
        ):
            continue
        text = sentence.text.strip()
        begins = text.startswith(tuple(rules.openers))
        continues = rules.continues(text, False)
        ends = text.endswith(tuple(rules.closers)) and sentence.paragraph == following.paragraph
        if begins and following.paragraph - sentence.paragraph <= 1 and (continues or ends):
            holders[index] = holders[index + 1]
    return holders
