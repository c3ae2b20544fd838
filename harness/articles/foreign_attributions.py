"""A sentence, its actors and a language in, to whom it attributes words or judgements out.

The rules are few and the same for all languages of :mod:`harness.articles.grammar`: a name before a colon, a
source after "selon", a verb of saying or judging with its subject. A subject stands right before its verb, or
right after it where a quotation or another part of the sentence comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.articles.actors import Actor, Attribution
from harness.articles.foreign_quotations import blank_marked
from harness.articles.grammar import Grammar

_TOKEN = re.compile(r"[^\W\d_][\w-]*[’']?")
# What a source may be that no rule knows: "selon les derniers chiffres".
_SOURCE = re.compile(r"((?:[^\W_][\w’'-]*\s+){0,4}?[^\W_][\w’'-]*)(?=\s*[,.;:\"]|\s*$)")
_MAX_WORDS = 5
"""Words between a verb and its subject, at most."""


def find_attributions_in(
    text: str, grammar: Grammar, cast: Sequence[Actor], *, inside: bool = False
) -> list[Attribution]:
    """Find to whom a sentence attributes words or judgements.

    Parameters
    ----------
    text : str
    grammar : Grammar
    cast : sequence of Actor
        The actors of the sentence, in order.
    inside : bool
        Whether a quotation is open at the beginning of the sentence.

    Returns
    -------
    list of Attribution
        The heaviest first; of equal weight, rounded down, the earlier one.
    """
    bare = blank_marked(text, grammar, inside=inside)
    # Whoever stands inside a quotation is spoken about, and does not speak.
    speakers = [actor for actor in cast if bare[actor.start] != '"']
    attributions = [*_before_colon(bare, speakers), *_sources(bare, grammar, speakers)]
    for token in _TOKEN.finditer(bare):
        attributions += _Verb(bare, grammar, speakers, token.start(), token.end()).attributions()
    return sorted(attributions, key=lambda each: (-int(each.weight), each.position))


def _before_colon(bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read the speaker before a colon and a quotation: "Macron : « … »"."""
    match = re.match(r"([^:\"]{2,60}?)\s*:\s*\"", bare)
    for actor in cast if match else ():
        if match is not None and actor.end == match.end(1) and actor.kind != "pronoun":
            yield Attribution(actor, 0, 2.5)


def _sources(bare: str, grammar: Grammar, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Read a source: "selon le ministère", "nach Angaben der Polizei", "Angaben der Polizei zufolge"."""
    for phrase in grammar.according_before:
        for match in re.finditer(rf"(?<!\w){re.escape(phrase)}\s+", bare, re.IGNORECASE):
            actor = _noun_phrase_after(bare, match.end(), grammar, cast) or _unknown(
                bare, match.end(), grammar
            )
            if actor is not None:
                yield Attribution(actor, match.start(), 3)
    for word in grammar.according_after:
        for match in re.finditer(rf"\s+{re.escape(word)}\b", bare, re.IGNORECASE):
            before = next((actor for actor in reversed(cast) if actor.end == match.start()), None)
            if before is not None:
                yield Attribution(before, match.start(), 3)


def _unknown(bare: str, start: int, grammar: Grammar) -> Actor | None:
    """Read a source that is nobody the rules know, by its own words, without articles."""
    match = _SOURCE.match(bare, start)
    words = match.group(1).split() if match else []
    while words and words[0].lower() in grammar.determiners | grammar.genitive:
        words = words[1:]
    if match is None or not words:
        return None
    return Actor(start, match.end(), "group", " ".join(words))


def _noun_phrase_after(bare: str, start: int, grammar: Grammar, cast: Sequence[Actor]) -> Actor | None:
    """Return the actor with whom the words at an offset begin, after articles, titles and adverbs."""
    for actor in cast:
        if actor.start < start:
            continue
        between = bare[start : actor.start]
        words = between.replace("’", "' ").replace("'", "' ").split()
        if len(words) > _MAX_WORDS or re.search(r"[,;:.!?\"]", between):
            return None
        unknown = [word for word in words if not _may_precede(word.rstrip("'"), grammar)]
        # One noun that no list has may say what somebody is: "explique la pêcheuse Anne Riou".
        if not unknown or (
            len(unknown) == 1 and actor.kind == "person" and unknown[0].lower() not in grammar.prepositions
        ):
            return actor
        return None
    return None


def _may_precede(word: str, grammar: Grammar) -> bool:
    lower = word.lower()
    return (
        lower in grammar.determiners
        or lower in grammar.genitive
        or lower in grammar.adverbs
        or grammar.is_title(word)
        or lower.endswith(grammar.adjective_endings)
    )


@dataclass(frozen=True)
class _Verb:
    """A word of a sentence that may be a verb of saying or judging: ``bare[start:end]``."""

    bare: str
    grammar: Grammar
    cast: Sequence[Actor]
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.bare[self.start : self.end].lower()

    def attributions(self) -> Iterator[Attribution]:
        """Yield what it attributes, at most once."""
        word = self._without_clitic()
        grammar = self.grammar
        if any(actor.start <= self.start < actor.end for actor in self.cast if actor.kind != "group"):
            return
        if word in grammar.participles and self._is_passive():
            agent = self._agent()
            if agent is not None:
                yield Attribution(agent, self.start, 2)
            return
        compound = self._auxiliary() is not None
        judges = word in grammar.judge or (word in grammar.compound_judge and compound)
        says = word in grammar.say and (compound or not word.endswith(grammar.participle_endings))
        only_after = word in grammar.after_only and self._is_inverted()
        if not (judges or says or only_after) or self._is_negated() or self._depends():
            return
        if says and not judges and not self._has_content():
            return
        actor = self._subject(only_after=only_after)
        if actor is not None:
            yield Attribution(actor, self.start, 2.5 if '"' in self.bare else 2)

    def _without_clitic(self) -> str:
        return self.grammar.clitics.sub("", self.word)

    def _auxiliary(self) -> re.Match[str] | None:
        """Find the auxiliary of a participle: "a également déclaré", "a-t-il déclaré", "hat ... gesagt"."""
        words = "|".join(map(re.escape, sorted(self.grammar.auxiliary))) or "(?!)"
        clause = self.bare[self._clause_start() : self.start]
        matches = list(re.finditer(rf"(?<![\w-])(?:{words})(?:(?:-t)?-\w+)?(?!\w)", clause, re.IGNORECASE))
        return matches[-1] if matches else None

    def _clause_start(self) -> int:
        """Return where the clause of the verb begins: after the last quotation, semicolon, dash or comma."""
        return max(self.bare.rfind(mark, 0, self.start) for mark in ',;:"(—–') + 1

    @property
    def _begin(self) -> int:
        """Where the verb begins, its auxiliary included."""
        auxiliary = self._auxiliary()
        return self.start if auxiliary is None else self._clause_start() + auxiliary.start()

    def _is_inverted(self) -> bool:
        """Whether what is said stands before the verb: "…, dijo Sánchez"."""
        before = self.bare[: self._begin].rstrip()
        return before[-1:] in {",", '"', "!", "?", "–", "—"} or before.endswith('",')

    def _is_negated(self) -> bool:
        # "Das stimmt nicht, sagte Kohl": another clause's negation is not the verb's.
        before = self.bare[self._clause_start() : self.start]
        near = [*_TOKEN.findall(before)[-3:], *_TOKEN.findall(self.bare[self.end :])[:1]]
        return any(word.lower() in self.grammar.negation for word in near)

    def _depends(self) -> bool:
        """Whether the verb stands in a clause that depends on another: "que le ministre dénonce"."""
        words = _TOKEN.findall(self.bare[self._clause_start() : self.start])
        # The first words of the sentence are no relative pronoun: "Die Regierung sagte".
        begins = self._clause_start() == 0
        return bool(words) and not begins and words[0].lower() in self.grammar.subordinate and len(words) > 1

    def _is_passive(self) -> bool:
        return self.grammar.passive.search(self.bare[max(0, self.start - 90) : self.start]) is not None

    def _agent(self) -> Actor | None:
        """Find who acts in the passive: "critiqué par l'opposition", "von der Opposition kritisiert"."""
        words = "|".join(map(re.escape, sorted(self.grammar.agent)))
        after = re.match(rf"\s+(?:\w+\s+){{0,2}}(?:{words})\s+", self.bare[self.end :])
        if after is not None:
            return _noun_phrase_after(self.bare, self.end + after.end(), self.grammar, self.cast)
        for match in re.finditer(rf"(?<!\w)(?:{words})\s+", self.bare[: self.start]):
            actor = _noun_phrase_after(self.bare, match.end(), self.grammar, self.cast)
            if actor is not None and actor.end < self.start:
                return actor
        return None

    def _has_content(self) -> bool:
        """Whether something is said: a quotation, a clause, a colon."""
        after = self.bare[self.end : self.end + 90]
        if '"' in self.bare or self._is_inverted() or ":" in after:
            return True
        words = [word.lower().replace("’", "'") for word in _TOKEN.findall(after)]
        clause = {word.replace("’", "'") for word in self.grammar.clause}
        return bool(clause & set(words)) or (self.grammar.comma_before_clause and "," in after)

    def _subject(self, *, only_after: bool) -> Actor | None:
        clitic = self.grammar.clitics.search(self.word)
        auxiliary = self._auxiliary()
        clitic = clitic or (self.grammar.clitics.search(auxiliary.group()) if auxiliary else None)
        if clitic is not None:
            return Actor(self.start, self.end, "pronoun", clitic.group(1).lower())
        begin = self._begin
        after = _noun_phrase_after(self.bare, self.end, self.grammar, self.cast)
        before = None if only_after else self._right_before(begin)
        inverted = self._is_inverted()
        actor = (after or before) if inverted else (before or after or self._first_of_clause(begin))
        if actor is None and self.grammar.subjectless and inverted:
            # "…", añadió: the subject is whoever spoke last.
            return Actor(self.start, self.end, "pronoun", "")
        return actor

    def _right_before(self, begin: int) -> Actor | None:
        """Return the actor right before the verb, but for adverbs and what stands between commas."""
        for actor in reversed(self.cast):
            if actor.end > begin or self._follows_preposition(actor):
                continue
            between = self.bare[actor.end : begin]
            apposition = re.fullmatch(r",[^,;:\"]{2,80},\s*", between) is not None
            words = between.split()
            adverbs = len(words) <= 2 and not re.search(r"[,;:\"]", between)
            if apposition or (
                adverbs and not any(word.lower() in self.grammar.prepositions for word in words)
            ):
                return actor
        return None

    def _first_of_clause(self, begin: int) -> Actor | None:
        start = self._clause_start()
        for actor in self.cast:
            if start <= actor.start and actor.end <= begin and not self._follows_preposition(actor):
                return actor
        return None

    def _follows_preposition(self, actor: Actor) -> bool:
        """Whether an actor is no subject: "mit Präsident Putin", "contre le PS"."""
        words = [word.rstrip("’'").lower() for word in _TOKEN.findall(self.bare[: actor.start])]
        while words and words[-1] not in self.grammar.prepositions and _may_precede(words[-1], self.grammar):
            words.pop()
        # "Des experts" at the beginning is an article, not "de" with one.
        if len(words) == 1 and words[0] in self.grammar.genitive:
            return False
        elided = {word.rstrip("’'") for word in self.grammar.prepositions}
        return bool(words) and words[-1] in elided
