"""Parties in, the matcher over their names out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from harness.values.parties.matching import OPEN_END, Form, Matcher, Meaning, Mention, Span, find_name, within

Kind = Literal["party", "government", "country", "alliance", "person"]


@dataclass(frozen=True)
class Leader:
    """A person whose name stands for a party, between two dates (ISO, the second exclusive).

    Attributes
    ----------
    short : tuple of str, or None
        Forms that count once the full name was given; None stands for the last word of the name.
    """

    name: str
    aliases: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    short: tuple[str, ...] | None = None

    @property
    def short_forms(self) -> tuple[str, ...]:
        """Forms that count once the article has given the full name."""
        last = self.name.rsplit(" ", 1)[-1]
        forms = (last,) if self.short is None and last != self.name else self.short or ()
        return tuple(form for form in forms if form not in self.aliases)


@dataclass(frozen=True)
class Party:
    """A named political actor and everything it is called; see :mod:`harness.values.parties`."""

    name: str
    kind: Kind = "party"
    aliases: tuple[str, ...] = ()
    leaders: tuple[Leader, ...] = ()
    ambiguous: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()
    demonyms: tuple[str, ...] = ()

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Every form that is certain to be a mention: name, aliases, leaders and their aliases."""
        people = (form for leader in self.leaders for form in (leader.name, *leader.aliases))
        own = (form for form in (self.name, *self.aliases) if form not in self.ambiguous)
        return tuple(dict.fromkeys((*own, *people)))

    def meanings(self) -> Iterator[tuple[str, Meaning]]:
        """Yield every form with what it stands for."""
        for form in (self.name, *self.aliases):
            if form not in self.ambiguous:
                yield form, Meaning(self.name, "name")
        for leader in self.leaders:
            period = (leader.name, leader.since, leader.until or OPEN_END)
            for form in (leader.name, *leader.aliases):
                yield form, Meaning(self.name, "leader", *period)
            for form in leader.short_forms:
                yield form, Meaning(self.name, "short", *period)
        for form in self.ambiguous:
            yield form, Meaning(self.name, "ambiguous")
        for form in self.demonyms:
            yield form, Meaning(self.name, "demonym")
        for form in self.excepted:
            yield form, Meaning(self.name, "except")


@dataclass(frozen=True)
class Registry:
    """All parties that are known, and the matcher over their names."""

    parties: tuple[Party, ...] = ()
    _by_name: Mapping[str, Party] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {party.name: party for party in self.parties})

    def get(self, name: str) -> Party | None:
        """Return the party of that canonical name, or None where it is not registered."""
        return self._by_name.get(name)

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(tuple(pair for party in self.parties for pair in party.meanings()))

    def forms(self, text: str, date: str = "") -> list[Form]:
        """Find every form of every party, certain or not, with its possible meanings.

        Parameters
        ----------
        text : str
            Any length; case counts, except that a name in capitals is found too, and one that begins a
            sentence.
        date : str
            ISO; leaders out of office then mean nobody. Without one all of them count.

        Returns
        -------
        list of Form
            In order of appearance. Of overlapping matches the first is kept, of those that start together the
            longest; a match inside a word is none, a possessive is one. A longer phrase that is excepted
            stands for itself and is left out.
        """
        found = (Form(one.start, one.end, within(one.meanings, date)) for one in self._matcher.find(text))
        return [one for one in found if any(meaning.how != "except" for meaning in one.meanings)]

    def mentions(self, text: str, date: str = "") -> list[Mention]:
        """Find every party that a text names for certain.

        Parameters
        ----------
        text, date : str
            See :meth:`forms`. Of several parties that a leader stood for, the latest counts.

        Returns
        -------
        list of Mention
            In order of appearance, without overlaps.
        """
        sure = ((one, one.certain) for one in self.forms(text, date))
        return [Mention(one.start, one.end, found.party) for one, found in sure if found is not None]

    def spans(self, text: str, target: str) -> tuple[Span, ...]:
        """Find where a text names one party.

        A registered party is found by all its names; any other target by its own name, whatever the case.

        Returns
        -------
        tuple of (int, int)
            In order of appearance; empty where the party is not named.
        """
        if self.get(target) is not None:
            return tuple((m.start, m.end) for m in self.mentions(text) if m.party == target)
        return find_name(text, target)

    def to_records(self) -> list[dict[str, Any]]:
        """Return the registry as plain data, as :func:`harness.values.parties.from_records` takes it."""
        return [_record(party) for party in self.parties]


EMPTY = Registry()


def _record(party: Party) -> dict[str, Any]:
    """Write a party down; what is rarely set is left out where it is not."""
    made: dict[str, Any] = {
        "name": party.name,
        "kind": party.kind,
        "aliases": list(party.aliases),
        "leaders": [_leader_record(one) for one in party.leaders],
    }
    rare = {"ambiguous": party.ambiguous, "except": party.excepted, "demonyms": party.demonyms}
    return made | {key: list(forms) for key, forms in rare.items() if forms}


def _leader_record(leader: Leader) -> dict[str, Any]:
    made: dict[str, Any] = {"name": leader.name, "aliases": list(leader.aliases), "from": leader.since}
    if leader.until:
        made["until"] = leader.until
    if leader.short is not None:
        made["short"] = list(leader.short)
    return made
