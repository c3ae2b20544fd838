"""Sentences and a registry in, who is named in each out: for certain, as the article says, or unsurely."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.articles.people import find_people
from harness.articles.sentences import Sentence
from harness.articles.word_lists import CAPITALS, NOT_PEOPLE, OFFICES, TITLES
from harness.values.parties import Form, Registry, Span
from harness.values.parties.matching import Meaning

ReferenceKind = Literal["name", "leader", "demonym", "title", "description", "pronoun"]
LINKED: frozenset[ReferenceKind] = frozenset({"title", "description", "pronoun"})
"""Not named, but meant: by an office, as "the party", by a pronoun."""


@dataclass(frozen=True)
class PartyMention:
    """A party in a sentence: ``sentence.text[start:end]`` for every span.

    Attributes
    ----------
    party : str
        Its canonical name.
    spans : tuple of (int, int)
        In order, at least one.
    how : str
        The most certain way it is referred to.
    sure : bool
        Whether the form or the article leaves no other reading; what is not sure is shown, and not counted.
    leader : str
        The leader that the first span names, if one.
    """

    party: str
    spans: tuple[Span, ...]
    how: ReferenceKind
    sure: bool = True
    leader: str = ""


@dataclass(frozen=True)
class _Hit:
    span: Span
    party: str
    how: ReferenceKind
    sure: bool
    leader: str = ""


@dataclass
class _Known:
    """What an article has told so far."""

    certain: Counter[str] = field(default_factory=Counter)
    leaders: dict[str, str] = field(default_factory=dict)
    surnames: dict[str, set[str]] = field(default_factory=dict)
    titles: dict[str, set[tuple[str, str]]] = field(default_factory=dict)


def find_mentions(
    found: Sequence[Sentence], registry: Registry, *, date: str = "", linked: bool = True
) -> list[list[PartyMention]]:
    """Find which parties every sentence names.

    Parameters
    ----------
    found : sequence of Sentence
        All of an article; what is left out names nobody.
    registry : Registry
    date : str
        ISO, of the article: leaders out of office then do not count. Without one all do.
    linked : bool
        Whether offices ("the president"), descriptions ("the party") and pronouns count where they can mean
        one party only.

    Returns
    -------
    list of list of PartyMention
        One list a sentence, each party once, in order of its first span.
    """
    forms = [registry.forms(one.text, date) if one.read else [] for one in found]
    known = _known(found, forms)
    hits = [
        [hit for form in of_one if (hit := _hit(sentence.text, form, known)) is not None]
        for sentence, of_one in zip(found, forms, strict=True)
    ]
    if linked:
        _link(found, hits, registry, known)
    return [_merged(of_one) for of_one in hits]


def _merged(hits: list[_Hit]) -> list[PartyMention]:
    order: tuple[ReferenceKind, ...] = ("name", "leader", "demonym", "title", "description", "pronoun")
    made = []
    for party in dict.fromkeys(hit.party for hit in sorted(hits, key=lambda one: one.span)):
        mine = sorted((hit for hit in hits if hit.party == party), key=lambda one: one.span)
        sure = [hit for hit in mine if hit.sure] or mine
        how = min((hit.how for hit in sure), key=order.index)
        made.append(PartyMention(party, tuple(hit.span for hit in sure), how, sure[0].sure, sure[0].leader))
    return made


def _known(found: Sequence[Sentence], forms: Sequence[list[Form]]) -> _Known:
    known = _Known()
    for sentence, of_one in zip(found, forms, strict=True):
        taken = [(form.start, form.end) for form in of_one if form.certain is not None]
        for form in of_one:
            meaning = form.certain
            if meaning is not None:
                known.certain[meaning.party] += 1
                if meaning.leader:
                    known.leaders[meaning.leader] = meaning.party
                    known.surnames.setdefault(meaning.leader.rsplit(" ", 1)[-1], set()).add(meaning.leader)
        if sentence.read:
            for person in find_people(sentence.text, taken):
                if " " in person.name:
                    known.surnames.setdefault(person.surname, set()).add(person.name)
    return known


def _hit(text: str, form: Form, known: _Known) -> _Hit | None:
    span = (form.start, form.end)
    sure = form.certain
    if sure is not None:
        shouted = form.end - form.start <= 3 and text.isupper()
        certain = not shouted and not (text[slice(*span)] in CAPITALS and _is_city(text, span))
        return _Hit(span, sure.party, "leader" if sure.leader else "name", certain, sure.leader)
    of_article = [one for one in form.meanings if one.how == "short" and one.leader in known.leaders]
    if of_article:
        return _short(text, span, of_article, known)
    demonym = next((one for one in form.meanings if one.how == "demonym"), None)
    if demonym is not None:
        return _Hit(span, demonym.party, "demonym", _is_office(text, form.end))
    candidates = [one for one in form.meanings if one.how == "ambiguous"]
    return _ambiguous(text, span, candidates, known) if candidates else None


def _short(text: str, span: Span, meanings: list[Meaning], known: _Known) -> _Hit | None:
    """A surname stands for the leader that the article gave in full, unless somebody else bears it too."""
    if _before_is_name(text, span[0]):
        return None
    form = text[slice(*span)]
    bearers = known.surnames.get(form, set()) | {one.leader for one in meanings}
    return _Hit(span, meanings[0].party, "leader", len(bearers) == 1, meanings[0].leader)


def _is_office(text: str, end: int) -> bool:
    """Whether an office or a body of the state follows: "Russian president", "Korean foreign ministry"."""
    words = re.findall(r"[\w’'-]+|[^\w\s]", text[end : end + 60])[:3]
    return bool(words) and (
        words[0].lower() in OFFICES or (len(words) > 1 and words[0].islower() and words[1].lower() in OFFICES)
    )


_PLACE = re.compile(
    r"(?i)\b(?:in|near|at|from|to|around|outside|across|through|downtown|central|of)\s+(?:\w+ern\s+)?$"
)
_PLACE_AFTER = re.compile(r",?\s+(?:D\.?C\.?\b|street|hotel|airport|suburb|[Ss]tate\b)|,\s+[A-Z][a-z]+,")


_INSIDE = re.compile(
    r"(?i)\b(?:in|inside|near|at|around|outside|across|through|throughout|downtown|central"
    r"|(?:fl[ey]w?|flights?|flying|travel\w*|arriv\w+|return\w*|went|trips?|visits?|trains?|came|bound|roads?|moved?)\s+(?:\w+\s+)?(?:to|from|for))"
    r"\s+(?:\w+ern\s+)?$"
)


def _is_city(text: str, span: Span) -> bool:
    """Whether a capital may be the city alone: "throughout Pyongyang", "flew to Moscow", "Seoul airport"."""
    return _INSIDE.search(text[: span[0]]) is not None or _PLACE_AFTER.match(text[span[1] :]) is not None


def _ambiguous(text: str, span: Span, meanings: list[Meaning], known: _Known) -> _Hit | None:
    form = text[slice(*span)]
    own_name = any(one.party == form for one in meanings)
    if form in known.surnames or _before_is_name(text, span[0]) or _is_courtesy(text, span[0]):
        return None
    named = [one.party for one in meanings if known.certain[one.party]]
    party = max(named, key=lambda name: known.certain[name]) if named else meanings[0].party
    place = _PLACE.search(text[: span[0]]) is not None or _PLACE_AFTER.match(text[span[1] :]) is not None
    sure = len(named) == 1 and (own_name or not place)
    return _Hit(span, party, "name", sure)


def _before_is_name(text: str, start: int) -> bool:
    """Whether a first name or initial stands before: "Mary Washington"."""
    match = re.search(r"([\w.’'-]+)\s+$", text[:start])
    if match is None:
        return False
    word = match.group(1)
    low = word.lower().rstrip(".")
    known = low in TITLES or low in NOT_PEOPLE or low.endswith("ly")
    return word[0].isupper() and not known and not re.search(r"[’']s?$", word) and not word.isupper()


def _is_courtesy(text: str, start: int) -> bool:
    return re.search(r"\b(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+$", text[:start]) is not None


_PRONOUN = re.compile(r"(?:^|(?<=[\s“\"(—-]))([Hh]e|[Ss]he)\b")
_OFFICE = (
    r"((?:prime |foreign |defen[cs]e |interior |finance )?(?:president|minister|premier|chancellor|chairman|"
    r"chairwoman|leader|secretary[- ]general|spokesman|spokeswoman|spokesperson))"
)
_TITLE = re.compile(rf"(?i)\bthe\s+{_OFFICE}\b(?!\s+of\b)")
_TITLED = re.compile(rf"(?i)\b{_OFFICE}\s+$")
_DESCRIPTIONS = {
    "party": re.compile(r"\b[Tt]he (party)\b(?!['’]s? \w+ (?:member|leader))"),
    "alliance": re.compile(r"\b[Tt]he (alliance|bloc)\b"),
    "government": re.compile(r"\b[Tt]he (government)\b"),
    "country": re.compile(r"\b[Tt]he (country)\b"),
}


def _link(found: Sequence[Sentence], hits: list[list[_Hit]], registry: Registry, known: _Known) -> None:
    """Add what is meant without being named, where one reading is left."""
    before: list[tuple[Sentence, list[_Hit]]] = []
    for sentence, mine in zip(found, hits, strict=True):
        if not sentence.read:
            continue
        added = [*_titles(sentence, mine, known), *_pronouns(sentence, mine, before, known)]
        added += _descriptions(sentence, mine, before, registry)
        for hit in mine:
            title = _TITLED.search(sentence.text[: hit.span[0]]) or _TITLED.search(
                sentence.text[slice(*hit.span)].replace(hit.leader.rsplit(" ", 1)[-1], "")
                if hit.leader
                else ""
            )
            if hit.leader and title:
                known.titles.setdefault(title.group(1).lower(), set()).add((hit.party, hit.leader))
        mine += [one for one in added if all(one.party != hit.party for hit in mine)]
        before.append((sentence, mine))


def _titles(sentence: Sentence, mine: list[_Hit], known: _Known) -> list[_Hit]:
    made = []
    for match in _TITLE.finditer(sentence.text):
        holders = known.titles.get(match.group(1).lower(), set())
        follows = any(0 <= hit.span[0] - match.end() <= 1 for hit in mine)
        if len(holders) == 1 and not follows:
            party, leader = next(iter(holders))
            made.append(_Hit(match.span(1), party, "title", True, leader))
    return made


def _pronouns(
    sentence: Sentence, mine: list[_Hit], before: list[tuple[Sentence, list[_Hit]]], known: _Known
) -> list[_Hit]:
    """Link "he" and "she" to the one person that the sentence before names, if this one names none before."""
    match = _PRONOUN.search(sentence.text)
    if match is None or not before or sentence.paragraph - before[-1][0].paragraph > 1:
        return []
    last, last_hits = before[-1]
    if _persons(sentence.text[: match.start()], mine, known):
        return []
    persons = _persons(last.text, last_hits, known)
    leaders = {(hit.party, hit.leader) for hit in last_hits if hit.leader and hit.sure}
    if len(leaders) != 1 or len(persons) != 1 or persons != {leader for _, leader in leaders}:
        return []
    party, leader = next(iter(leaders))
    return [_Hit(match.span(1), party, "pronoun", True, leader)]


def _persons(text: str, hits: list[_Hit], known: _Known) -> set[str]:
    inside = [hit for hit in hits if hit.span[1] <= len(text)]
    others = find_people(text, [hit.span for hit in inside], known.surnames)
    return {hit.leader for hit in inside if hit.leader} | {one.name for one in others}


def _descriptions(
    sentence: Sentence, mine: list[_Hit], before: list[tuple[Sentence, list[_Hit]]], registry: Registry
) -> list[_Hit]:
    made = []
    for kind, pattern in _DESCRIPTIONS.items():
        match = pattern.search(sentence.text)
        if match is None:
            continue
        near = [hit for one, hits in before[-2:] if sentence.paragraph - one.paragraph <= 1 for hit in hits]
        parties = {
            hit.party
            for hit in [*near, *(one for one in mine if one.span[0] < match.start())]
            if hit.sure and (party := registry.get(hit.party)) is not None and _fits(party.kind, kind)
        }
        if len(parties) == 1:
            made.append(_Hit(match.span(1), parties.pop(), "description", True))
    return made


def _fits(kind: str, wanted: str) -> bool:
    return kind == wanted or (wanted == "government" and kind == "country")
