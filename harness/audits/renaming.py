"""A sentence and two parties in, the same sentence about the other party out: every name, in its own form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.classifiers.protocol import Example
from harness.parties import Form, Leader, Party, Registry, Span

LONGEST_ACRONYM = 5
VOWELS = frozenset("AEIOUaeiou")
OF_PLURALS = re.compile(r"(?<=[sS])['’](?!\w)")
THE = re.compile(r"\b[Tt]he\s+$")
MORE = re.compile(r"[ -][A-Z]")
DETERMINER = re.compile(
    r"\b(?:an?|the|this|that|its|their|our|his|her|no|any|every|each|'s|’s)\s+$", re.IGNORECASE
)


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
        if meant is not None:
            found.append(Naming(form.start, form.end, *meant))
    return found


def names_any(registry: Registry, text: str, party: Party) -> bool:
    """Say whether a text may name a party, by whichever form."""
    return any(
        meaning.party == party.name and meaning.how != "except"
        for form in registry.forms(text)
        for meaning in form.meanings
    )


def with_article(registry: Registry, texts: Iterable[str]) -> frozenset[str]:
    """Return the parties whose own name mostly follows ``the`` in texts."""
    counts: dict[str, list[bool]] = {}
    for text in texts:
        for mention in registry.mentions(text):
            # In "the Vietnam War" the article is not Vietnam's.
            alone = not MORE.match(text, mention.end)
            if alone and text[mention.start : mention.end] == mention.party:
                counts.setdefault(mention.party, []).append(bool(THE.search(text[: mention.start])))
    return frozenset(party for party, found in counts.items() if sum(found) * 2 > len(found))


def renamed(
    example: Example,
    found: Sequence[Naming],
    party: Party,
    other: Party,
    articled: frozenset[str] = frozenset(),
) -> Example | None:
    """Put another party in the place of one.

    Names stay in their form: capitals, possessives, acronyms, demonyms, full names and surnames of people;
    the article before a name is the one that the new name takes.

    Parameters
    ----------
    example : Example
        Whose target is ``party``.
    found : sequence of Naming
        Where its text names the party.
    party, other : Party
    articled : frozenset of str
        Parties whose name takes ``the``, see :func:`with_article`.

    Returns
    -------
    Example or None
        None where the other party lacks a form that is needed, such as a leader, or where two people would
        become one.
    """
    if _merges_people(found, party, other):
        return None
    pieces: list[str] = []
    moved: list[tuple[Span, Span]] = []
    position = length = 0
    for one in found:
        form = counterpart(example.text[one.start : one.end], one, party, other)
        if form is None:
            return None
        if form.endswith(".") and example.text.startswith(".", one.end):
            form = form[:-1]
        gap = example.text[position : one.start]
        if (party.name in articled) != (other.name in articled) and one.how == "name":
            gap = _with_the(gap, at_start=not position) if other.name in articled else THE.sub("", gap)
        gap = _indefinite(gap, form)
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


def counterpart(mention: str, naming: Naming, party: Party, other: Party) -> str | None:
    """Return what the other party is called where one party is called ``mention``."""
    if naming.how == "demonym":
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
    for one in (*within, *found):
        mention = example.text[one.start : one.end]
        if target == mention or (one.leader and target == mention.rsplit(" ", 1)[-1]):
            return counterpart(target, one, party, other) or other.name
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


def _with_the(gap: str, *, at_start: bool) -> str:
    """Write ``the`` before a name, unless another word of its kind stands there."""
    if DETERMINER.search(gap):
        return gap
    return gap + ("The " if at_start and not gap.strip() else "the ")


def _indefinite(gap: str, form: str) -> str:
    """Write ``a`` or ``an`` before a name as it sounds, or as near as its first letter tells."""

    def fitting(match: re.Match[str]) -> str:
        article = match["article"][0] + ("n" if form[:1] in VOWELS else "")
        return article + match["space"]

    return re.sub(r"\b(?P<article>[Aa]n?)(?P<space>\s+)$", fitting, gap)


def _is_acronym(form: str) -> bool:
    letters = form.replace(".", "")
    return letters.isupper() and len(letters) <= LONGEST_ACRONYM and " " not in form


def _is_shouted(mention: str, party: Party) -> bool:
    """Say whether a name stands in capitals that it is not registered with, however short it is."""
    people = (form for one in party.leaders for form in (one.name, *one.aliases, *one.short_forms))
    return mention.isupper() and mention not in {party.name, *party.aliases, *party.demonyms, *people}


def _is_plural(form: str) -> bool:
    return " " not in form and form.endswith("s") and not _is_acronym(form)
