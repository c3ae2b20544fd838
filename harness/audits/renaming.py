"""A sentence and two parties in, the same sentence about the other party out: every name, in its own form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.audits.name_grammar import HONORIFIC, TITLES, Articles, belongs, indefinite, is_namesakes
from harness.classifiers.protocol import Example
from harness.values.parties import Form, Leader, Party, Registry, Span

LONGEST_ACRONYM = 5
NONE_KNOWN = Articles()
OF_PLURALS = re.compile(r"(?<=[sS])['’](?!\w)")


@dataclass(frozen=True)
class Naming:
    """A place where a text names a party, and how.

    Attributes
    ----------
    start, end : int
    how : {"name", "leader", "short", "demonym"}
    leader : str
        Whose name it is; empty for the party's own.
    """

    start: int
    end: int
    how: str
    leader: str = ""


def namings(registry: Registry, text: str, party: Party) -> list[Naming]:
    """Find every form of a party in a text: its names, its people's, its demonyms.

    Parameters
    ----------
    registry : Registry
        That knows the party.
    text : str
    party : Party

    Returns
    -------
    list of Naming
        In order; a form that may mean another party is none.
    """
    found = []
    for form in registry.forms(text):
        meant = _meaning(form, party.name)
        if meant is not None and not (meant[0] == "short" and is_namesakes(text, form.start)):
            found.append(Naming(form.start, form.end, *meant))
    return found


def names_any(registry: Registry, text: str, party: Party) -> bool:
    """Say whether a text may name a party, by whichever form."""
    return any(
        meaning.party == party.name and meaning.how != "except"
        for form in registry.forms(text)
        for meaning in form.meanings
    )


def whom(registry: Registry, name: str) -> Party | None:
    """Return the party that a name alone means, title aside; None where it may mean several, or none."""
    bare = TITLES.sub("", name.strip())
    known = registry.get(bare)
    if known is not None:
        return known
    whole = [form for form in registry.forms(bare) if form.end - form.start == len(bare)]
    parties = {one.party for form in whole for one in form.meanings}
    return next(
        (party for party in map(registry.get, sorted(parties)) if party and _meaning(whole[0], party.name)),
        None,
    )


def renamed(
    example: Example,
    found: Sequence[Naming],
    party: Party,
    other: Party,
    articles: Articles = NONE_KNOWN,
) -> Example | None:
    """Put another party in the place of one.

    Names stay in their form: capitals, possessives, acronyms, demonyms, full names and surnames of people.
    Articles are those that the new names take. Before a noun a country goes by its demonym, if it has one.

    Parameters
    ----------
    example : Example
        Whose target is ``party``.
    found : sequence of Naming
        Where its text names the party.
    party, other : Party
    articles : Articles
        Which names take ``the``.

    Returns
    -------
    Example or None
        None where the other party lacks a form that is needed, such as a leader, where two people would
        become one, and behind "Mr.", "Mrs.", "Sir" and their like: whether somebody is a woman is not known.
    """
    if _merges_people(found, party, other) or _tells_gender(example.text, found):
        return None
    pieces: list[str] = []
    moved: list[tuple[Span, Span]] = []
    position = length = 0
    for one in found:
        within = one.how == "name" and belongs(example.text, one.start, one.end)
        mention = example.text[one.start : one.end]
        form = counterpart(mention, one, party, other, within=within)
        if form is None:
            return None
        if form.endswith(".") and example.text.startswith(".", one.end):
            form = form[:-1]
        gap = indefinite(example.text[position : one.start], form)
        if one.how == "name" and not within:
            gap = articles.fitted(gap, mention, form, at_start=not position)
        pieces += [gap, form]
        length += len(gap) + len(form)
        moved.append(((one.start, one.end), (length - len(form), length)))
        position = one.end
        if _bare_apostrophe(example.text, position) and not form.endswith(("s", "S")):
            # The possessive of a plural: Greens' becomes Labour's.
            pieces.append(example.text[position] + "s")
            length += 2
            position += 1
    pieces.append(example.text[position:])
    return Example(
        "".join(pieces),
        _renamed_target(example, found, party, other),
        tuple(_moved(span, moved) for span in example.spans),
        other.name if example.holder == party.name else example.holder,
    )


def counterpart(
    mention: str, naming: Naming, party: Party, other: Party, *, within: bool = False
) -> str | None:
    """Return what the other party is called where one is called ``mention``; ``within``: before a noun."""
    if within and other.kind == "country" and other.demonyms:
        form: str | None = other.demonyms[0]
    elif naming.how == "demonym":
        form = _like(mention, party.demonyms, other.demonyms)
    elif naming.leader:
        form = _of_leader(mention, naming.leader, party, other)
    else:
        form = _own_name(mention, party, other)
    if form is None:
        return None
    return form.upper() if _is_shouted(mention, party) else form


def _own_name(mention: str, party: Party, other: Party) -> str:
    forms = (other.name, *other.aliases)
    if _is_acronym(mention) and not _is_shouted(mention, party):
        return next((form for form in forms if _is_acronym(form)), other.name)
    if _is_plural(mention):
        return next((form for form in forms if _is_plural(form)), other.name)
    return other.name


def _of_leader(mention: str, name: str, party: Party, other: Party) -> str | None:
    person = _stand_in(name, party, other)
    if person is None:
        return None
    for old, new in ((name, person.name), (name.rsplit(" ", 1)[-1], _surname(person))):
        place = mention.casefold().find(old.casefold())
        if place >= 0:
            return mention[:place] + new + mention[place + len(old) :]
    return person.name


def _stand_in(name: str, party: Party, other: Party) -> Leader | None:
    """Return who of the other party takes a person's place: registries put the head first."""
    people = _people(other)
    place = [one.name for one in _people(party)].index(name)
    return people[min(place, len(people) - 1)] if people else None


def _merges_people(found: Sequence[Naming], party: Party, other: Party) -> bool:
    """Say whether two people of a text would get one name: who mocks another cannot mock himself instead."""
    named = {one.leader for one in found if one.leader}
    others = [_stand_in(name, party, other) for name in named]
    return len({one.name for one in others if one is not None}) < len(named)


def _tells_gender(text: str, found: Sequence[Naming]) -> bool:
    return any(one.leader and HONORIFIC.search(text[: one.start]) for one in found)


def _people(party: Party) -> list[Leader]:
    """Return a party's leaders, each once: one may have been in office twice."""
    return list({one.name: one for one in party.leaders}.values())


def _surname(leader: Leader) -> str:
    """Return what stands for a person once the full name was given: not always the last word of it."""
    ends = [form for form in leader.aliases if leader.name.endswith(f" {form}")]
    return (*ends, *leader.short_forms, leader.name)[0]


def _like(mention: str, forms: Sequence[str], others: Sequence[str]) -> str | None:
    if not others:
        return None
    place = next((k for k, form in enumerate(forms) if form.casefold() == mention.casefold()), 0)
    return others[min(place, len(others) - 1)]


def _meaning(form: Form, party: str) -> tuple[str, str] | None:
    sure = form.certain
    if sure is not None:
        return (sure.how, sure.leader) if sure.party == party else None
    meant = {(one.party, one.how, one.leader) for one in form.meanings if one.how in ("short", "demonym")}
    if {owner for owner, _, _ in meant} == {party}:
        _, how, leader = min(meant)
        return how, leader
    return None


def _renamed_target(example: Example, found: Sequence[Naming], party: Party, other: Party) -> str:
    """Return the name that the renamed example is asked about, in the form that it was asked about before."""
    target = str(example.target)
    if target == party.name:
        return other.name
    within = [one for one in found if any(_overlap(span, one) for span in example.spans)]
    title = target[: len(target) - len(TITLES.sub("", target))]
    name = target.removeprefix(title)
    for one in (*within, *found):
        mention = example.text[one.start : one.end]
        if name == mention or (one.leader and name == mention.rsplit(" ", 1)[-1]):
            return title + (counterpart(name, one, party, other) or other.name)
    return other.name


def _overlap(span: Span, naming: Naming) -> bool:
    return span[0] < naming.end and naming.start < span[1]


def _moved(span: Span, moved: Sequence[tuple[Span, Span]]) -> Span:
    """Return where a span stands after names before it and in it have become longer or shorter."""
    start, end = span
    shift_start = shift_end = 0
    for (old_start, old_end), (new_start, new_end) in moved:
        if old_end <= start:
            shift_start = new_end - old_end
        elif old_start <= start:
            shift_start = new_start - max(start, old_start)
        if old_end <= end:
            shift_end = new_end - old_end
        elif old_start < end:
            shift_end = new_end - end
    return start + shift_start, end + shift_end


def _bare_apostrophe(text: str, position: int) -> bool:
    """Say whether a word that ends in s is followed by an apostrophe and no letter."""
    return OF_PLURALS.match(text, position) is not None


def _is_acronym(form: str) -> bool:
    letters = form.replace(".", "")
    return letters.isupper() and len(letters) <= LONGEST_ACRONYM and " " not in form


def _is_shouted(mention: str, party: Party) -> bool:
    """Say whether a name stands in capitals that it is not registered with, however short it is."""
    people = (form for one in party.leaders for form in (one.name, *one.aliases, *one.short_forms))
    return mention.isupper() and mention not in {party.name, *party.aliases, *party.demonyms, *people}


def _is_plural(form: str) -> bool:
    return " " not in form and form.endswith("s") and not _is_acronym(form)
