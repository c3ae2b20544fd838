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
from harness.articles.foreign_colons import before_colon
from harness.articles.foreign_phrases import (
    TOKEN,
    actor_after,
    description_at,
    follows_preposition,
    is_noun_phrase,
    is_titled,
    name_at,
    office_at,
    words_of,
)
from harness.articles.foreign_quotations import blank_marked
from harness.articles.foreign_sources import sources_in
from harness.articles.grammar import Grammar

_MAX_SUBJECT = 200
"""Characters of a subject with an apposition, at most."""
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
# What stands right before a verb that follows a quotation; a short one without a mark is a title.
_QUOTED_BEFORE = re.compile(r"\"\s*[,–—-]$|\"{25}$|^[–—].*[–—]$")


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
    attributions = [*before_colon(bare, grammar, speakers), *sources_in(bare, grammar, speakers)]
    for token in TOKEN.finditer(bare):
        attributions += _Verb(bare, grammar, speakers, token.start(), token.end()).attributions()
    return sorted(attributions, key=lambda each: (-int(each.weight), each.position))


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
        if self._is_noun() or any(
            actor.start <= self.start < actor.end for actor in self.cast if actor.kind != "group"
        ):
            return
        if word in grammar.participles and self._is_passive():
            agent = self._agent()
            if agent is not None:
                yield Attribution(agent, self.start, 2)
            return
        compound = self._auxiliary() is not None
        judges = word in grammar.judge or (word in grammar.compound_judge and compound)
        judges = judges or self._has_particle(word)
        says = word in grammar.say and (compound or not word.endswith(grammar.participle_endings))
        only_after = (word in grammar.after_only and self._is_inverted()) or (
            word in grammar.behind_quotations and self._follows_quotation()
        )
        if not (judges or says or only_after) or self._is_negated() or self._depends():
            return
        if says and not judges and not self._has_content():
            return
        actor = self._subject(only_after=only_after, says=says)
        if actor is not None:
            yield Attribution(actor, self.start, 2.5 if '"' in self.bare else 2)

    def _has_particle(self, word: str) -> bool:
        """Whether other words make it a verb of judging: "zeigte sich", "lehnte … ab"."""
        behind = self.bare[self.start :].lower()
        if any(re.match(rf"{re.escape(phrase)}(?!\w)", behind) for phrase in self.grammar.shown):
            return True
        particles = {each.split()[1] for each in self.grammar.separable if each.split()[0] == word}
        clause = re.split(r"[,;:.!?–—]", self.bare[self.end :])[0]
        return bool(particles & {*words_of(clause)[-1:]})

    def _is_noun(self) -> bool:
        """Whether it has an article and a genitive: "la critique de Macron"."""
        before = words_of(self.bare[max(0, self.start - 20) : self.start].lower())[-1:]
        after = words_of(self.bare[self.end : self.end + _MAX_SUBJECT].lower())[:1]
        joined = self.grammar.genitive & self.grammar.prepositions
        return bool({*before} & self.grammar.determiners and {*after} & joined)

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

    def _follows_quotation(self) -> bool:
        return _QUOTED_BEFORE.search(self.bare[: self._begin].rstrip()) is not None

    def _is_negated(self) -> bool:
        # "Das stimmt nicht, sagte Kohl": another clause's negation is not the verb's.
        before = self.bare[self._clause_start() : self.start]
        near = [*TOKEN.findall(before)[-3:], *TOKEN.findall(self.bare[self.end :])[:1]]
        return any(word.lower() in self.grammar.negation for word in near)

    def _depends(self) -> bool:
        """Whether the verb stands in a clause that depends on another: "que le ministre dénonce"."""
        words = TOKEN.findall(self.bare[self._clause_start() : self.start])
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
            return actor_after(self.bare, self.end + after.end(), self.grammar, self.cast)
        for match in re.finditer(rf"(?<!\w)(?:{words})\s+", self.bare[: self.start]):
            actor = actor_after(self.bare, match.end(), self.grammar, self.cast)
            if actor is not None and actor.end < self.start:
                return actor
        return None

    def _has_content(self) -> bool:
        """Whether something is said: a quotation, a clause, a colon."""
        after = self.bare[self.end : self.end + 90]
        if '"' in self.bare or self._is_inverted() or ":" in after:
            return True
        words = [word.lower().replace("’", "'") for word in TOKEN.findall(after)]
        clause = {word.replace("’", "'") for word in self.grammar.clause}
        return bool(clause & set(words)) or (self.grammar.comma_before_clause and "," in after)

    def _subject(self, *, only_after: bool, says: bool) -> Actor | None:
        clitic = self.grammar.clitics.search(self.word)
        auxiliary = self._auxiliary()
        clitic = clitic or (self.grammar.clitics.search(auxiliary.group()) if auxiliary else None)
        if clitic is not None:
            return Actor(self.start, self.end, "pronoun", clitic.group(1).lower())
        begin = self._begin
        apposed = self._apposed(begin)
        if apposed is not None:
            return apposed
        after = actor_after(self.bare, self.end, self.grammar, self.cast)
        if after is None and auxiliary is not None and self.grammar.comma_before_clause:
            # A German participle ends its clause: "…, hat Merz gesagt".
            behind = self._clause_start() + auxiliary.end()
            after = actor_after(self.bare, behind, self.grammar, self.cast)
        before = None if only_after else self._right_before(begin)
        if not self._is_inverted():
            # "Die Opposition in Varna warf Merz vor": whoever begins a clause acts.
            first = self._first_of_clause(begin)
            begins = first is not None and self._is_titled_from(self._clause_start(), first)
            subject = before or (first if begins else None) or self._office(begin)
            subject = subject or (None if self._is_object(after) else after) or first
            return subject or (self._left_out(begin) if says else None)
        if after is not None and after.kind != "person":
            after = self._named_behind(after)
        office = (
            office_at(self.bare, self.end, self.grammar) if says and not self.grammar.subjectless else None
        )
        return after or before or office or self._unknown_after(says=says)

    def _office(self, begin: int) -> Actor | None:
        """Return an office with which the clause begins: "El líder socialista dijo"."""
        subject = office_at(self.bare[:begin], self._clause_start(), self.grammar)
        between = words_of(self.bare[subject.end : begin].lower()) if subject is not None else []
        verbs = self.grammar.say | self.grammar.judge | self.grammar.being | self.grammar.subordinate
        return None if verbs & {*between} else subject

    def _left_out(self, begin: int) -> Actor | None:
        """Return an office behind the verb, or who spoke last where the verb begins: "Y añadió que"."""
        before = words_of(self.bare[self._clause_start() : begin].lower())
        small = self.grammar.adverbs | self.grammar.pronouns | self.grammar.determiners
        office = office_at(self.bare, self.end, self.grammar)
        if office is None and self.grammar.subjectless and all(w in small or len(w) <= 2 for w in before):
            return Actor(self.start, self.end, "pronoun", "")
        return office

    def _is_object(self, after: Actor | None) -> bool:
        """Whether a clause word follows without its comma: "Pelo bezeichnete die AfD als Gefahr"."""
        behind = words_of(self.bare[after.end : after.end + _MAX_SUBJECT].lower())[:1] if after else []
        joined = after is not None and self.bare[after.end : after.end + 1].isspace()
        return (
            self.grammar.comma_before_clause
            and joined
            and bool({*behind} & (self.grammar.subordinate - self.grammar.determiners))
        )

    def _named_behind(self, after: Actor) -> Actor:
        """Return the name behind a description and a comma: "respondió la ministra, Ana Ruiz"."""
        comma = self.bare.find(",", after.end, after.end + _MAX_SUBJECT)
        if comma < 0 or not is_noun_phrase(self.bare[self.end : comma], self.grammar):
            return after
        return next(
            (
                actor
                for actor in self.cast
                if (actor.kind == "person" or actor.leader)
                and not self.bare[comma + 1 : actor.start].strip()
                and actor.start > comma
            ),
            after,
        )

    def _unknown_after(self, *, says: bool) -> Actor | None:
        """Return who follows the verb that no list has; in a language without subjects, who spoke last."""
        follows = self._follows_quotation()
        # Without a quotation a noun behind the verb may be its object: "tras la cumbre, anunció la medida".
        named = follows or (says and self.grammar.subjectless)
        name = name_at(self.bare, self.end, self.grammar) if named else None
        described = description_at(self.bare, self.end, self.grammar) if follows else None
        if self.grammar.subjectless and name is None and (described is None or self._is_office(described)):
            # "…", añadió: the subject is whoever spoke last, and so is "el presidente".
            return Actor(self.start, self.end, "pronoun", "")
        return name or described

    def _is_office(self, described: Actor) -> bool:
        """Whether a description is an office alone with the definite article."""
        article = words_of(self.bare[self.end : described.start])[-1:]
        return self.grammar.is_title(described.name) and all(map(self.grammar.is_title, article))

    def _apposed(self, begin: int) -> Actor | None:
        """Find a subject of two parts, whose second comma ends it: "Le ministre, Anne Riou, dénonce".

        The name may come first ("Anne Riou, la ministre, dénonce"), with a clause behind it. Without this
        rule the comma before the verb would look like the end of what is said.
        """
        before = self._without_particles(self.bare[:begin])
        comma = before.rfind(",", 0, -1)
        first = max(before.rfind(mark, 0, max(comma, 0)) for mark in ',;:"—–') + 1
        if not before.endswith(",") or comma < 0 or len(before) - first > _MAX_SUBJECT:
            return None
        # A party in brackets may stand behind either part: "Anna Ott (CDU)".
        end = first + len(_IN_BRACKETS.sub("", before[first:comma]))
        inner_end = comma + len(_IN_BRACKETS.sub("", before[comma:-1]))
        description, inserted = before[first:end], before[comma + 1 : inner_end]
        describes = is_noun_phrase(description, self.grammar)
        for actor in self.cast if describes else ():
            ends = actor.end == inner_end and self._is_titled_from(comma + 1, actor)
            # "Die Nato, die EU, ...": two parties are a list.
            parties = {each.name for each in self.cast if each.end == end and each.kind == "party"}
            if ends and (
                actor.kind == "person"
                or (actor.kind == "party" and (actor.leader or parties <= {actor.name}))
            ):
                return actor
        for actor in self.cast if self._is_inserted(comma + 1, inserted) else ():
            if actor.end == end and actor.kind != "pronoun" and self._is_titled_from(first, actor):
                return actor
        name = name_at(self.bare, comma + 1, self.grammar)
        if describes and name is not None and name.end == inner_end:
            return name
        # "Hamás, por su parte, celebró": whoever is contrasted acts.
        if inserted.strip().lower() not in self.grammar.contrasts:
            return None
        return name_at(self.bare, first, self.grammar) or description_at(
            self.bare[:comma], first, self.grammar
        )

    def _without_particles(self, before: str) -> str:
        """Leave out up to two small words between a comma and the verb: "…, le reprochó"."""
        match = re.search(r",((?:\s+[^\W\d_]+){1,2})\s*$", before[-_MAX_SUBJECT:])
        words = match[1].split() if match else []
        if match is None or any(
            not word.islower() or word in self.grammar.prepositions | self.grammar.subordinate
            for word in words
        ):
            return before.rstrip()
        return before.rstrip()[: -len(match[1])].rstrip()

    def _is_inserted(self, start: int, text: str) -> bool:
        """Whether words between commas say more of whoever stands before them; in a list, others follow."""
        words = words_of(text.lower())
        if not words or any(
            actor.kind == "party"
            and actor.end == start + len(text)
            and not self.grammar.is_title(self.bare[actor.start : actor.end].split()[0])
            and not follows_preposition(self.bare, actor, self.grammar)
            for actor in self.cast
        ):
            return False
        return words[0] in self.grammar.subordinate or not (self.grammar.say | self.grammar.judge) & {*words}

    def _is_titled_from(self, start: int, actor: Actor) -> bool:
        return is_titled(self.bare[start : actor.start], self.grammar)

    def _right_before(self, begin: int) -> Actor | None:
        """Return the actor right before the verb, but for adverbs and what stands between commas."""
        for actor in reversed(self.cast):
            if actor.end > begin or follows_preposition(self.bare, actor, self.grammar):
                continue
            between = self._behind_party(actor, begin)
            apposition = re.fullmatch(r",[^,;:\"]{2,80},\s*", between) is not None
            words = between.split()
            adverbs = len(words) <= 2 and not re.search(r"[,;:\"]", between)
            if apposition or (
                adverbs and not any(word.lower() in self.grammar.prepositions for word in words)
            ):
                return actor
        return None

    def _behind_party(self, actor: Actor, begin: int) -> str:
        """Return the words between an actor and the verb, without a person's party: "Ott von der CDU"."""
        for party in self.cast if actor.kind == "person" else ():
            words = words_of(self.bare[actor.end : party.start].lower())
            joins = self.grammar.genitive | self.grammar.determiners
            if actor.end < party.start and party.end <= begin and words and joins.issuperset(words):
                return self.bare[party.end : begin]
        return self.bare[actor.end : begin]

    def _first_of_clause(self, begin: int) -> Actor | None:
        start = self._clause_start()
        for actor in self.cast:
            if (
                start <= actor.start
                and actor.end <= begin
                and not follows_preposition(self.bare, actor, self.grammar)
            ):
                return actor
        return None
