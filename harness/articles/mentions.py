"""The sentences of an article and a registry in, the parties that each mentions out.

A mention is sure where its form can mean one party only, or where the article settles it: a surname after the
full name, an ambiguous name after a plain one. What stays unsure is shown, and not counted. A mention
may also be linked: an office, "the party" or a pronoun, where it can mean one party only (a few English rules
of coreference; of other languages only "the party").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.articles.broken_lines import join_lines
from harness.articles.datelines import dateline_end, is_city
from harness.articles.descriptions import described, fits, is_about
from harness.articles.first_names import follows_first_name, full_name
from harness.articles.foreign_people import find_people_in
from harness.articles.genders import agrees
from harness.articles.grammar import Grammar
from harness.articles.introduced_names import add_introduced
from harness.articles.people import Person, find_people
from harness.articles.sentences import Sentence
from harness.articles.state_bodies import is_body, is_office
from harness.articles.word_lists import CAPITALS, either
from harness.values.parties import Form, Registry, Span
from harness.values.parties.forms import Meaning

ReferenceKind = Literal["name", "leader", "demonym", "title", "description", "pronoun"]
BY_CERTAINTY: tuple[ReferenceKind, ...] = ("name", "leader", "demonym", "title", "description", "pronoun")
"""Ways to refer to a party, the most certain first."""

LINKED: frozenset[ReferenceKind] = frozenset({"title", "description", "pronoun"})
"""Ways to mean a party without naming it: by an office, as "the party", by a pronoun."""


@dataclass(frozen=True)
class PartyMention:
    """A party in a sentence: ``sentence.text[start:end]`` for every span.

    Attributes
    ----------
    party : str
        Its canonical name.
    spans : tuple of (int, int)
        Character offsets in the sentence, in order; at least one. Ends are exclusive.
    reference : {"name", "leader", "demonym", "title", "description", "pronoun"}
        The most certain way in which the sentence refers to it.
    sure : bool
        Whether the form or the article leaves no other reading; what is unsure is shown, and not counted.
    leader : str
        The leader whom the first span names; empty where it names none.
    leaders : tuple of str
        The same for every span: none for "French", and Emmanuel Macron for the name behind it.
    """

    party: str
    spans: tuple[Span, ...]
    reference: ReferenceKind
    sure: bool = True
    leader: str = ""
    leaders: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class _Hit:
    """One span that refers to a party."""

    span: Span
    party: str
    reference: ReferenceKind
    sure: bool
    leader: str = ""


@dataclass
class _Context:
    """What the whole article says about names.

    Attributes
    ----------
    counts : Counter
        Party → how often a form names it for certain.
    leaders : dict
        Leader named in full → party.
    surnames : dict
        Surname → the full names that bear it, of leaders and of others.
    titles : dict
        Title → the (party, leader) pairs that bear it: filled in while sentences are read in order.
    grammar : Grammar or None
        Of the article's language; None for English.
    """

    counts: Counter[str] = field(default_factory=Counter)
    leaders: dict[str, str] = field(default_factory=dict)
    surnames: dict[str, set[str]] = field(default_factory=dict)
    titles: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    grammar: Grammar | None = None

    def people(self, text: str, excluded: list[Span]) -> list[Person]:
        """Find persons by the rules of the article's language."""
        if self.grammar is None:
            return find_people(text, excluded)
        return find_people_in(text, self.grammar, excluded)


def find_mentions(
    sentences: Sequence[Sentence],
    registry: Registry,
    *,
    date: str = "",
    linked: bool = True,
    grammar: Grammar | None = None,
) -> list[list[PartyMention]]:
    """Find which parties every sentence mentions.

    Parameters
    ----------
    sentences : sequence of Sentence, length n
        All of an article, in order. Sentences that are no part of the article mention nobody.
    registry : Registry
    date : str
        ISO, of the article: leaders who were out of office on that day do not count. Without one all do.
    linked : bool
        Whether offices ("the president"), descriptions ("the party") and pronouns count where they can mean
        one party only.
    grammar : Grammar, optional
        Of the article's language; left out, English.

    Returns
    -------
    list of list of PartyMention, length n
        Each party once a sentence, in order of its first span.
    """
    forms = [registry.forms(sentence.text, date) if sentence.in_article else [] for sentence in sentences]
    _leave_out_dateline(sentences, forms, registry)
    join_lines(sentences, forms, registry)
    add_introduced(sentences, forms)
    context = _context(sentences, forms, grammar)
    hits = [
        [hit for form in in_sentence if (hit := _hit(sentence.text, form, context)) is not None]
        for sentence, in_sentence in zip(sentences, forms, strict=True)
    ]
    if linked:
        _add_linked(sentences, hits, registry, context)
    return [_merged(in_sentence) for in_sentence in hits]


def _leave_out_dateline(sentences: Sequence[Sentence], forms: list[list[Form]], registry: Registry) -> None:
    """Leave out, in place, the states in the dateline of an article: "BEIJING — The pandas are back"."""
    opening = next((n for n, sentence in enumerate(sentences) if sentence.kind == "body"), None)
    if opening is None:
        return
    text = sentences[opening].text
    end = dateline_end(text)

    def may_act(form: Form) -> bool:
        # A leader or a party before a dash is no place.
        parties = [registry.get(meaning.party) for meaning in form.meanings if not meaning.leader]
        states = [party for party in parties if party is not None and party.kind in _STATES]
        return len(states) < len(form.meanings) and not is_city(text[form.start : form.end])

    forms[opening] = [form for form in forms[opening] if form.end > end or may_act(form)]


_STATES = ("country", "government")


def _merged(hits: list[_Hit]) -> list[PartyMention]:
    """Merge the spans of each party; where some are sure, only those."""
    mentions = []
    for party in dict.fromkeys(hit.party for hit in sorted(hits, key=lambda hit: hit.span)):
        of_party = sorted((hit for hit in hits if hit.party == party), key=lambda hit: hit.span)
        # A sure mention settles that the party is meant; unsure spans beside it may be a person or a place.
        best = [hit for hit in of_party if hit.sure] or of_party
        reference = min((hit.reference for hit in best), key=BY_CERTAINTY.index)
        spans = tuple(hit.span for hit in best)
        leaders = tuple(hit.leader for hit in best)
        mentions.append(PartyMention(party, spans, reference, best[0].sure, leaders[0], leaders))
    return mentions


def _context(sentences: Sequence[Sentence], forms: Sequence[list[Form]], grammar: Grammar | None) -> _Context:
    context = _Context(grammar=grammar)
    for sentence, in_sentence in zip(sentences, forms, strict=True):
        certain = [(form, form.certain) for form in in_sentence if form.certain is not None]
        for _, meaning in certain:
            context.counts[meaning.party] += 1
            if meaning.leader:
                context.leaders[meaning.leader] = meaning.party
                surname = meaning.leader.rsplit(" ", 1)[-1]
                context.surnames.setdefault(surname, set()).add(meaning.leader)
        if sentence.in_article:
            for person in context.people(sentence.text, [(form.start, form.end) for form, _ in certain]):
                if name := full_name(person.name, sentence.text[person.end :], grammar):
                    context.surnames.setdefault(person.surname, set()).add(name)
    return context


def _hit(text: str, form: Form, context: _Context) -> _Hit | None:
    """Read a form by what the article says; None where it means no party here."""
    span = (form.start, form.end)
    if form.partial:
        return _partial(text, span, form)
    certain = form.certain
    if certain is not None:
        # In a line of capitals "US" may be "us"; a capital may be the city alone.
        in_capitals = form.end - form.start <= 3 and text.isupper()
        sure = not in_capitals and not (text[slice(*span)] in CAPITALS and _is_city(text, span))
        return _Hit(span, certain.party, "leader" if certain.leader else "name", sure, certain.leader)
    introduced = [
        meaning for meaning in form.meanings if meaning.how == "short" and meaning.leader in context.leaders
    ]
    if introduced:
        return _surname(text, span, introduced, context)
    demonym = next((meaning for meaning in form.meanings if meaning.how == "demonym"), None)
    if demonym is not None:
        # "Ostrelian officials" are the state; "an Ostrelian tenor" is not.
        if context.grammar is not None:
            return _Hit(span, demonym.party, "demonym", context.grammar.office_beside(text, span) is not None)
        return _Hit(span, demonym.party, "demonym", is_office(text, form.end))
    candidates = [meaning for meaning in form.meanings if meaning.how == "ambiguous"]
    return _ambiguous(text, span, candidates, context) if candidates else None


def _partial(text: str, span: Span, form: Form) -> _Hit | None:
    """Read what may be part of a longer name as the likeliest party; a surname alone as nobody.

    It is unsure, unless that longer name is that of a body of the state.
    """
    others = (meaning for meaning in form.meanings if meaning.how in ("ambiguous", "demonym"))
    meaning = form.likeliest or next(others, None)
    if meaning is None:
        return None
    how: ReferenceKind = "leader" if meaning.leader else "demonym" if meaning.how == "demonym" else "name"
    return _Hit(span, meaning.party, how, how == "demonym" and is_body(text, form.end), meaning.leader)


def _surname(text: str, span: Span, meanings: list[Meaning], context: _Context) -> _Hit | None:
    """Read a surname as the leader whom the article gave in full; unsure where somebody else bears it too."""
    if follows_first_name(text, span[0], context.grammar):
        return None
    form = text[slice(*span)]
    bearers = context.surnames.get(form, set()) | {meaning.leader for meaning in meanings}
    return _Hit(span, meanings[0].party, "leader", len(bearers) == 1, meanings[0].leader)


# "in Hale", "Hale street": a name that is ambiguous may be the place.
_PLACE = re.compile(rf"(?i)\b(?:{either('place_before')})\s+(?:\w+ern\s+)?$")
_PLACE_AFTER = re.compile(r",?\s+(?:D\.?C\.?\b|street|hotel|airport|suburb|[Ss]tate\b)|,\s+[A-Z][a-z]+,")
# The same for a capital, with verbs of travel: "flew to Moscow"; "aid from Seoul" is the government's.
_INSIDE = re.compile(
    rf"(?i)\b(?:{either('city_before')}|(?:{either('travel')})\s+(?:\w+\s+)?(?:to|from|for))"
    r"\s+(?:\w+ern\s+)?$"
)


def _is_city(text: str, span: Span) -> bool:
    """Whether a capital may be the city alone: "throughout Pyongyang", "flew to Moscow", "Seoul airport"."""
    return _INSIDE.search(text[: span[0]]) is not None or _PLACE_AFTER.match(text[span[1] :]) is not None


def _ambiguous(text: str, span: Span, meanings: list[Meaning], context: _Context) -> _Hit | None:
    """Read an ambiguous name as the party that the article names elsewhere; else it stays unsure."""
    form = text[slice(*span)]
    is_canonical = any(meaning.party == form for meaning in meanings)
    if (
        form in context.surnames
        or follows_first_name(text, span[0], context.grammar)
        or _follows_courtesy(text, span[0])
    ):
        return None
    named = [meaning.party for meaning in meanings if context.counts[meaning.party]]
    # Of several candidates the one that the article names most.
    party = max(named, key=lambda name: context.counts[name]) if named else meanings[0].party
    is_place = _PLACE.search(text[: span[0]]) is not None or _PLACE_AFTER.match(text[span[1] :]) is not None
    sure = len(named) == 1 and (is_canonical or not is_place)
    return _Hit(span, party, "name", sure)


def _follows_courtesy(text: str, start: int) -> bool:
    return re.search(r"\b(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+$", text[:start]) is not None


_PRONOUN = re.compile(r"(?:^|(?<=[\s“\"(—-]))([Hh]e|[Ss]he)\b")
_OFFICE = rf"((?:prime |foreign |defen[cs]e |interior |finance )?(?:{either('lone_offices')}))"
# "the president", but not "the president of the club".
_TITLE = re.compile(rf"(?i)\bthe\s+{_OFFICE}\b(?!\s+of\b)")
# "President " before a name.
_TITLED = re.compile(rf"(?i)\b{_OFFICE}\s+$")


def _add_linked(
    sentences: Sequence[Sentence], hits: list[list[_Hit]], registry: Registry, context: _Context
) -> None:
    """Add to ``hits``, in place, what means a party without naming it, where one reading is possible."""
    before: list[tuple[Sentence, list[_Hit]]] = []
    for sentence, in_sentence in zip(sentences, hits, strict=True):
        if not sentence.in_article:
            continue
        linked = _descriptions(sentence, in_sentence, before, (registry, context.grammar))
        if context.grammar is None:
            linked = [
                *_titles(sentence, in_sentence, context),
                *_pronouns(sentence, in_sentence, before, context),
                *linked,
            ]
        # After the titles of this sentence were read: "the president" needs a title in a sentence before.
        for hit in in_sentence:
            title = _title_of(sentence.text, hit)
            if title:
                context.titles.setdefault(title, set()).add((hit.party, hit.leader))
        in_sentence += [other for other in linked if all(other.party != hit.party for hit in in_sentence)]
        before.append((sentence, in_sentence))


def _title_of(text: str, hit: _Hit) -> str:
    """Return the title before a leader's surname, in lower case; empty where there is none."""
    if not hit.leader:
        return ""
    surname = hit.leader.rsplit(" ", 1)[-1]
    match = _TITLED.search(text[: hit.span[0]]) or _TITLED.search(text[slice(*hit.span)].replace(surname, ""))
    return match.group(1).lower() if match else ""


def _titles(sentence: Sentence, in_sentence: list[_Hit], context: _Context) -> list[_Hit]:
    """Read "the president" as the one leader whom the article has given that title."""
    hits = []
    for match in _TITLE.finditer(sentence.text):
        holders = context.titles.get(match.group(1).lower(), set())
        # "the president Mara Crane" names her already.
        precedes_name = any(0 <= hit.span[0] - match.end() <= 1 for hit in in_sentence)
        if len(holders) == 1 and not precedes_name:
            party, leader = next(iter(holders))
            hits.append(_Hit(match.span(1), party, "title", True, leader))
    return hits


def _pronouns(
    sentence: Sentence,
    in_sentence: list[_Hit],
    before: list[tuple[Sentence, list[_Hit]]],
    context: _Context,
) -> list[_Hit]:
    """Read "he" or "she" as the only person of the sentence before, if this one names none before it."""
    match = _PRONOUN.search(sentence.text)
    if match is None or not before or sentence.paragraph - before[-1][0].paragraph > 1:
        return []
    previous, previous_hits = before[-1]
    # "Ada Orrin said he won": the pronoun may be anybody whom this sentence names first.
    if _persons(sentence.text[: match.start()], in_sentence, context):
        return []
    persons = _persons(previous.text, previous_hits, context)
    leaders = {(hit.party, hit.leader) for hit in previous_hits if hit.leader and hit.sure}
    # A second person in the sentence before would be another reading.
    if len(leaders) != 1 or len(persons) != 1 or persons != {leader for _, leader in leaders}:
        return []
    party, leader = next(iter(leaders))
    return [_Hit(match.span(1), party, "pronoun", True, leader)] if agrees(match[1], leader) else []


def _persons(text: str, hits: list[_Hit], context: _Context) -> set[str]:
    """Return the names of leaders and of other persons in a text."""
    within = [hit for hit in hits if hit.span[1] <= len(text)]
    persons = find_people(text, [hit.span for hit in within], context.surnames)
    return {hit.leader for hit in within if hit.leader} | {person.name for person in persons}


def _descriptions(
    sentence: Sentence,
    in_sentence: list[_Hit],
    before: list[tuple[Sentence, list[_Hit]]],
    known_by: tuple[Registry, Grammar | None],
) -> list[_Hit]:
    """Read "the party" as the only party of that kind in the two sentences before and so far in this one."""
    registry, grammar = known_by
    hits = []
    for kind, span in described(sentence.text, grammar):
        near = [
            (previous.text, hit)
            # Farther back the description is more likely to mean another party.
            for previous, previous_hits in before[-2:]
            if sentence.paragraph - previous.paragraph <= 1
            for hit in previous_hits
        ]
        near += [(sentence.text, hit) for hit in in_sentence if hit.span[0] < span[0]]
        fitting = [
            (text, hit)
            for text, hit in near
            if hit.sure and (party := registry.get(hit.party)) is not None and fits(party.kind, kind)
        ]
        if len({hit.party for _, hit in fitting}) == 1:
            sure = any(is_about(text, hit.span, kind, grammar) for text, hit in fitting)
            hits.append(_Hit(span, fitting[0][1].party, "description", sure))
    return hits
