"""A sentence about one party in, the same sentence about another party out: each name in its own form.

A swapped name is only a fair test if the sentence stays grammatical and plausible. So names keep their form
(acronym, plural, leader, demonym, capitals), articles follow the new name, and a sentence that does not allow
it is not renamed at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.audits.name_grammar import (
    HONORIFIC,
    TITLES,
    DefiniteArticles,
    before,
    indefinite,
    is_namesake,
    modifies_noun,
)
from harness.classifiers.protocol import Example
from harness.values.parties import Form, Leader, Party, Registry, Span, find_name
from harness.values.parties.folding import name_key

# Longer words in capitals are mostly names in a headline that is set in capitals.
MAX_ACRONYM_LETTERS = 5
NO_ARTICLES = DefiniteArticles()
PLURAL_POSSESSIVE = re.compile(r"(?<=[sS])['’](?!\w)")


@dataclass(frozen=True)
class TargetMention:
    """Where a text names a party, and by which kind of name.

    Attributes
    ----------
    start, end : int
    how : {"name", "leader", "short", "demonym"}
    leader : str
        The person whose name it is; empty for the party's own name.
    """

    start: int
    end: int
    how: str
    leader: str = ""


def party_mentions(registry: Registry, text: str, party: Party) -> list[TargetMention]:
    """Find every mention of a party in a text: its names, its people's names, its demonyms.

    Parameters
    ----------
    registry : Registry
        Must contain the party.
    text : str
    party : Party

    Returns
    -------
    list of TargetMention
        In order, without forms that may mean another party.
    """
    mentions = []
    for form in registry.forms(text):
        meaning = _meaning(form, party.name)
        if meaning is not None and not (meaning[0] == "short" and is_namesake(text, form.start)):
            mentions.append(TargetMention(form.start, form.end, *meaning))
    return mentions


def mentions_any(registry: Registry, text: str, party: Party) -> bool:
    """Return whether a text may name a party, by any form."""
    return any(
        meaning.party == party.name and meaning.how != "except"
        for form in registry.forms(text)
        for meaning in form.meanings
    )


def party_meant(registry: Registry, name: str) -> Party | None:
    """Return the party that a name means by itself, title aside; None if it may mean several, or none."""
    bare = TITLES.sub("", name.strip())
    registered = registry.get(bare)
    if registered is not None:
        return registered
    # "Trump and Pence" contains two forms, none of which is the whole name.
    whole = [form for form in registry.forms(bare) if form.end - form.start == len(bare)]
    parties = {meaning.party for form in whole for meaning in form.meanings}
    return next(
        (party for party in map(registry.get, sorted(parties)) if party and _meaning(whole[0], party.name)),
        None,
    )


def renamed(
    example: Example,
    mentions: Sequence[TargetMention],
    party: Party,
    other: Party,
    articles: DefiniteArticles = NO_ARTICLES,
) -> Example | None:
    """Replace the names of a party with those of another one.

    Names keep their form: capitals, possessives, acronyms, demonyms, full names and surnames of people.
    Articles are those of the new names. Before a noun, a country is named by its demonym, if it has one.

    Parameters
    ----------
    example : Example
        Whose target is ``party``.
    mentions : sequence of TargetMention
        Of the party in its text.
    party, other : Party
    articles : DefiniteArticles
        Which names take ``the``.

    Returns
    -------
    Example or None
        None if the other party lacks a form that is needed, such as a leader, if two people would become one,
        or after "Mr.", "Mrs.", "Sir" and the like: the gender of the other person is not known.
    """
    if _merges_people(mentions, party, other) or _tells_gender(example.text, mentions):
        return None
    pieces: list[str] = []
    replaced: list[tuple[Span, Span]] = []
    position = length = 0
    for mention in mentions:
        before_noun = mention.how == "name" and modifies_noun(example.text, mention.start, mention.end)
        name = example.text[mention.start : mention.end]
        form = counterpart(name, mention, party, other, before_noun=before_noun)
        if form is None:
            return None
        # "the U.S." at the end of a sentence must not end with two stops.
        if form.endswith(".") and example.text.startswith(".", mention.end):
            form = form[:-1]
        gap = indefinite(example.text[position : mention.start], form)
        if mention.how == "name" and not before_noun:
            gap = articles.fitted(gap, name, form, at_start=not position)
        pieces += [gap, form]
        length += len(gap) + len(form)
        replaced.append(((mention.start, mention.end), (length - len(form), length)))
        position = mention.end
        if _bare_apostrophe(example.text, position) and not form.endswith(("s", "S")):
            # The possessive of a plural: Greens' becomes Labour's.
            pieces.append(example.text[position] + "s")
            length += 2
            position += 1
    pieces.append(example.text[position:])
    return Example(
        "".join(pieces),
        _renamed_target(example, mentions, party, other),
        tuple(_moved(span, replaced) for span in example.spans),
        other.name if example.holder == party.name else example.holder,
    )


def counterpart(
    name: str, mention: TargetMention, party: Party, other: Party, *, before_noun: bool = False
) -> str | None:
    """Return the form of the other party that corresponds to ``name``; None if it has no such form."""
    if before_noun and other.kind == "country" and other.demonyms:
        form: str | None = other.demonyms[0]
    elif mention.how == "demonym":
        form = _same_position(name, party.demonyms, other.demonyms)
    elif mention.leader:
        form = _leader_name(name, mention.leader, party, other)
    else:
        form = _party_name(name, party, other)
    if form is None:
        return None
    return form.upper() if _is_shouted(name, party) else form


def _party_name(name: str, party: Party, other: Party) -> str:
    # An acronym is replaced by an acronym, if the other party has one, and a plural by a plural.
    forms = (other.name, *other.aliases)
    if _is_acronym(name) and not _is_shouted(name, party):
        return next((form for form in forms if _is_acronym(form)), other.name)
    if _is_plural(name):
        return next((form for form in forms if _is_plural(form)), other.name)
    return other.name


def _leader_name(name: str, leader: str, party: Party, other: Party) -> str | None:
    person = _stand_in(leader, party, other)
    if person is None:
        return None
    # The full name first: "Mara Oldin" contains "Oldin".
    for old, new in ((leader, person.name), (leader.rsplit(" ", 1)[-1], _surname(person))):
        # The text may have other apostrophes and spaces than the registry.
        for start, end in find_name(name, old):
            return name[:start] + new + name[end:]
    return person.name


def _stand_in(leader: str, party: Party, other: Party) -> Leader | None:
    """Return who of the other party replaces a person; registries list the head first."""
    people = _people(other)
    # The head of one party becomes the head of the other, the second the second.
    rank = [person.name for person in _people(party)].index(leader)
    return people[min(rank, len(people) - 1)] if people else None


def _merges_people(mentions: Sequence[TargetMention], party: Party, other: Party) -> bool:
    """Return whether two people of a text would get one name: "A mocks B" must not become "C mocks C"."""
    leaders = {mention.leader for mention in mentions if mention.leader}
    others = [_stand_in(leader, party, other) for leader in leaders]
    return len({person.name for person in others if person is not None}) < len(leaders)


def _tells_gender(text: str, mentions: Sequence[TargetMention]) -> bool:
    return any(mention.leader and HONORIFIC.search(before(text, mention.start)) for mention in mentions)


def _people(party: Party) -> list[Leader]:
    """Return a party's leaders, each once: a leader may have been in office twice."""
    return list({leader.name: leader for leader in party.leaders}.values())


def _surname(leader: Leader) -> str:
    """Return the short form of a person after the full name was given: not always its last word."""
    ends = [form for form in leader.aliases if leader.name.endswith(f" {form}")]
    return (*ends, *leader.short_forms, leader.name)[0]


def _same_position(name: str, forms: Sequence[str], others: Sequence[str]) -> str | None:
    if not others:
        return None
    # Registries list demonyms in one order, adjectives before people: "Canadians" becomes "Mexicans".
    index = next((k for k, form in enumerate(forms) if name_key(form) == name_key(name)), 0)
    return others[min(index, len(others) - 1)]


def _meaning(form: Form, party: str) -> tuple[str, str] | None:
    if form.partial:
        return None
    certain = form.certain
    if certain is not None:
        return (certain.how, certain.leader) if certain.party == party else None
    meanings = {
        (meaning.party, meaning.how, meaning.leader)
        for meaning in form.meanings
        if meaning.how in ("short", "demonym")
    }
    if {owner for owner, _, _ in meanings} == {party}:
        # Several people of the party may bear the name: the first by alphabet, since sets have no order.
        _, how, leader = min(meanings)
        return how, leader
    return None


def _renamed_target(example: Example, mentions: Sequence[TargetMention], party: Party, other: Party) -> str:
    """Return the target of the renamed example, in the form that the target had before."""
    target = str(example.target)
    if target == party.name:
        return other.name
    within = [mention for mention in mentions if any(_overlap(span, mention) for span in example.spans)]
    title = target[: len(target) - len(TITLES.sub("", target))]
    name = target.removeprefix(title)
    for mention in (*within, *mentions):
        mentioned = example.text[mention.start : mention.end]
        is_mention = name_key(name) == name_key(mentioned)
        if is_mention or (mention.leader and name_key(name) == name_key(mentioned.split()[-1])):
            return title + (counterpart(name, mention, party, other) or other.name)
    return other.name


def _overlap(span: Span, mention: TargetMention) -> bool:
    return span[0] < mention.end and mention.start < span[1]


def _moved(span: Span, replaced: Sequence[tuple[Span, Span]]) -> Span:
    """Return a span after names before it and in it have become longer or shorter."""
    start, end = span
    shift_start = shift_end = 0
    for (old_start, old_end), (new_start, new_end) in replaced:
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
    """Return whether a word that ends in s is followed by an apostrophe and no letter."""
    return PLURAL_POSSESSIVE.match(text, position) is not None


def _is_acronym(form: str) -> bool:
    letters = form.replace(".", "")
    return letters.isupper() and len(letters) <= MAX_ACRONYM_LETTERS and " " not in form


def _is_shouted(name: str, party: Party) -> bool:
    """Return whether a name is in capitals that are not its registered spelling, however short it is."""
    people = (
        form for leader in party.leaders for form in (leader.name, *leader.aliases, *leader.short_forms)
    )
    return name.isupper() and name not in {party.name, *party.aliases, *party.demonyms, *people}


def _is_plural(form: str) -> bool:
    return " " not in form and form.endswith("s") and not _is_acronym(form)
