"""A language in, its rules of speech out: who could speak, to whom words are attributed, what is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.articles.actors import Actor, Attribution, find_actors
from harness.articles.antecedents import Contested, brought_up, newcomer, precedes_english
from harness.articles.attributions import find_attributions, says_after_quotation
from harness.articles.comments import is_commented_on
from harness.articles.foreign_actors import find_actors_in
from harness.articles.foreign_attributions import find_attributions_in
from harness.articles.foreign_people import find_people_in
from harness.articles.foreign_quotations import blank_marked, closes_first, still_open
from harness.articles.grammar import ENGLISH, Grammar, grammar_of
from harness.articles.mark_styles import with_curly_marks
from harness.articles.mentions import PartyMention
from harness.articles.people import Person, find_people
from harness.articles.quotation_tags import speaker_in_tag, speaker_in_tag_of, tag_beside_quotation
from harness.articles.quotations import (
    blank_quotations,
    closes_quotation,
    quotation_continues,
    words_after_quotation,
)
from harness.articles.transcripts import speaker_of
from harness.articles.word_lists import words_of
from harness.values.parties import Span


class SpeechRules(Protocol):
    """What finds whose view a sentence gives, in a language."""

    @property
    def openers(self) -> str:
        """The marks that open a quotation."""

    @property
    def closers(self) -> str:
        """The marks that close one."""

    @property
    def marks(self) -> str:
        """All quotation marks."""

    @property
    def has_verbs(self) -> bool:
        """Whether verbs of saying are known; else quotation marks alone tell that somebody speaks."""

    def marked(self, paragraph: str) -> str:
        """Write the quotation marks of a paragraph as the rules expect them, letter for letter."""

    def people(self, text: str, excluded: Iterable[Span]) -> list[Person]:
        """Find persons; ``excluded`` are spans of something else."""

    def actors(self, text: str, mentions: Sequence[PartyMention], surnames: dict[str, str]) -> list[Actor]:
        """List who could speak."""

    def attributions(
        self, text: str, cast: Sequence[Actor], *, transcript: bool, posts: bool, inside: bool
    ) -> list[Attribution]:
        """Find to whom words or judgements are attributed, the heaviest evidence first."""

    def blank(self, text: str, *, inside: bool = False) -> str:
        """Blank what is quoted, marks included, by straight marks."""

    def continues(self, text: str, inside: bool) -> bool:
        """Whether a quotation is open at the end of a sentence."""

    def closes(self, text: str) -> bool:
        """Whether a text closes a quotation that it does not open."""

    def says_after(self, text: str, *, inside: bool) -> bool:
        """Whether a verb of saying follows a quotation, whoever its subject is."""

    def tag(self, text: str, *, inside: bool) -> Span | None:
        """Find the words beside a quotation that say whose it is, whatever their verb."""

    def speaker_in(self, text: str, tag: Span, cast: Sequence[Actor], *, inside: bool) -> Actor | None:
        """Find whom a tag names as the speaker, where it is clear."""

    def brought_up(self, bare: str, cast: Sequence[Actor], current: str) -> Actor | Contested | None:
        """Find whom a sentence brings up for a later "he"; ``current`` names who was meant so far."""

    def reported(self, text: str) -> bool:
        """Whether a sentence is in the mood of reported speech."""


_SMALL = words_of("small_in_titles")
_WRITER = words_of("writer")


@dataclass(frozen=True)
class EnglishSpeech:
    """The rules of English; see :mod:`harness.articles.attributions`."""

    openers: str = '“"'
    closers: str = '”"'
    marks: str = '“”"'
    has_verbs: bool = True

    def marked(self, paragraph: str) -> str:
        """Write quotations between curly double marks, whatever style they are in."""
        return with_curly_marks(paragraph)

    def people(self, text: str, excluded: Iterable[Span]) -> list[Person]:
        """Find persons."""
        return find_people(text, excluded)

    def actors(self, text: str, mentions: Sequence[PartyMention], surnames: dict[str, str]) -> list[Actor]:
        """List who could speak."""
        return find_actors(text, mentions, surnames)

    def attributions(
        self, text: str, cast: Sequence[Actor], *, transcript: bool, posts: bool, inside: bool
    ) -> list[Attribution]:
        """Find attributions."""
        return find_attributions(text, cast, transcript=transcript, posts=posts, inside=inside)

    def blank(self, text: str, *, inside: bool = False) -> str:
        """Blank quotations."""
        return blank_quotations(text, inside=inside)

    def continues(self, text: str, inside: bool) -> bool:
        """Whether a quotation is open at the end."""
        return quotation_continues(text, inside)

    def closes(self, text: str) -> bool:
        """Whether a text closes a quotation that it does not open."""
        return closes_quotation(text)

    def says_after(self, text: str, *, inside: bool) -> bool:
        """Whether a verb of saying follows a quotation."""
        return says_after_quotation(text, inside=inside)

    def tag(self, text: str, *, inside: bool) -> Span | None:
        """Find the words beside a quotation; not where the writer comments on it, or speaks as "I"."""
        bare = self.blank(text, inside=inside)
        tag = tag_beside_quotation(text, bare, _SMALL)
        if tag is None or is_commented_on(bare, tag[0]):
            return None
        return None if _WRITER & {*bare[slice(*tag)].strip(" ,").lower().split()[:1]} else tag

    def speaker_in(self, text: str, tag: Span, cast: Sequence[Actor], *, inside: bool) -> Actor | None:
        """Find whom a tag names."""
        return speaker_in_tag(text, self.blank(text, inside=inside), tag, cast)

    def brought_up(self, bare: str, cast: Sequence[Actor], current: str) -> Actor | Contested | None:
        """Find whom a sentence brings up."""
        return brought_up(bare, cast, current, precedes_english) or newcomer(bare)

    def reported(self, text: str) -> bool:  # noqa: ARG002 (English has no such mood)
        """Never: English has no mood of reported speech."""
        return False


@dataclass(frozen=True)
class ForeignSpeech:
    """The rules of another language, which are data: see :class:`harness.articles.grammar.Grammar`."""

    grammar: Grammar

    @property
    def has_verbs(self) -> bool:
        """Whether verbs of saying are known."""
        return bool(self.grammar.say)

    @property
    def openers(self) -> str:
        """The marks that open a quotation."""
        return "".join(self.grammar.openers)

    @property
    def closers(self) -> str:
        """The marks that close one."""
        return self.grammar.closers

    @property
    def marks(self) -> str:
        """All quotation marks."""
        return self.openers + self.grammar.closers

    def marked(self, paragraph: str) -> str:
        """Leave marks as they are: what closes a quotation depends on what opened it."""
        return paragraph

    def people(self, text: str, excluded: Iterable[Span]) -> list[Person]:
        """Find persons."""
        return find_people_in(text, self.grammar, excluded)

    def actors(self, text: str, mentions: Sequence[PartyMention], surnames: dict[str, str]) -> list[Actor]:
        """List who could speak."""
        return find_actors_in(text, self.grammar, mentions, surnames)

    def attributions(
        self,
        text: str,
        cast: Sequence[Actor],
        *,
        transcript: bool,
        posts: bool,
        inside: bool,
    ) -> list[Attribution]:
        """Find attributions; a post is its author's view, a line of minutes that of its speaker."""
        if posts:
            return []
        speaker = speaker_of(text, self.grammar, cast) if transcript else None
        if speaker is not None:
            return [Attribution(speaker, 0, 4)]
        return find_attributions_in(text, self.grammar, cast, inside=inside)

    def blank(self, text: str, *, inside: bool = False) -> str:
        """Blank quotations."""
        return blank_marked(text, self.grammar, inside=inside)

    def continues(self, text: str, inside: bool) -> bool:
        """Whether a quotation is open at the end."""
        return still_open(text, self.grammar, inside=inside)

    def closes(self, text: str) -> bool:
        """Whether a text closes a quotation that it does not open."""
        return closes_first(text, self.grammar)

    def says_after(self, text: str, *, inside: bool) -> bool:
        """Whether a verb of saying follows a quotation."""
        following = words_after_quotation(text, self.blank(text, inside=inside))
        return any(
            self.grammar.say & {*words} or " ".join(words).startswith(self.grammar.impersonal)
            for _, words in following
        )

    def tag(self, text: str, *, inside: bool) -> Span | None:
        """Find the words beside a quotation."""
        small = self.grammar.determiners | self.grammar.prepositions | self.grammar.genitive
        return tag_beside_quotation(text, self.blank(text, inside=inside), small)

    def speaker_in(self, text: str, tag: Span, cast: Sequence[Actor], *, inside: bool) -> Actor | None:
        """Find whom a tag names; without words of the language nobody."""
        bare = self.blank(text, inside=inside)
        return speaker_in_tag_of(bare, tag, self.grammar, cast) if self.has_verbs else None

    def brought_up(self, bare: str, cast: Sequence[Actor], current: str) -> Actor | Contested | None:
        """Find whom a sentence brings up."""
        grammar = self.grammar
        small = grammar.determiners | grammar.adverbs
        # "Der polnische Präsident Andrzej Duda": the adjective is the state's.
        states = (actor for actor in cast if actor.kind == "party" and not actor.leader)
        small |= {
            word for actor in states for word in bare[actor.start : actor.end].split() if word.islower()
        }

        def precedes(word: str) -> bool:
            return word.lower() in small or grammar.is_title(word)

        return brought_up(bare, cast, current, precedes)

    def reported(self, text: str) -> bool:
        """Whether a sentence is in the mood of reported speech: "Er habe davon nichts gewusst"."""
        return re.search(self.grammar.reported, self.blank(text)) is not None


ENGLISH_SPEECH = EnglishSpeech()


def speech_of(language: str) -> SpeechRules:
    """Return the rules of a language; in one that has none, quotation marks are all that is known."""
    return ENGLISH_SPEECH if language == ENGLISH else ForeignSpeech(grammar_of(language))
