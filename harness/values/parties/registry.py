"""Parties in, a registry that finds them in texts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from harness.values.parties.forms import OPEN_END, Form, Meaning, Mention, Span

if TYPE_CHECKING:
    from harness.values.parties.matching import Matcher

Kind = Literal["party", "government", "country", "alliance", "person"]


@dataclass(frozen=True)
class Leader:
    """A person whose name counts as a mention of a party.

    Attributes
    ----------
    name : str
    aliases : tuple of str
        Forms that always count.
    since, until : str
        ISO dates of the time in office, the second exclusive; empty where it is open.
    short : tuple of str, or None
        Forms that count once the article has given the full name; None for the last word of the name.
    """

    name: str
    aliases: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    short: tuple[str, ...] | None = None

    @property
    def short_forms(self) -> tuple[str, ...]:
        """Forms that count once the article has given the full name."""
        # News names a person in full once and by the last word of the name afterwards.
        last = self.name.rsplit(" ", 1)[-1]
        forms = (last,) if self.short is None and last != self.name else self.short or ()
        return tuple(form for form in forms if form not in self.aliases)


@dataclass(frozen=True)
class Party:
    """A named political actor with all its forms; see :mod:`harness.values.parties`."""

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
        names = (form for form in (self.name, *self.aliases) if form not in self.ambiguous)
        return tuple(dict.fromkeys((*names, *people)))

    def meanings(self) -> Iterator[tuple[str, Meaning]]:
        """Yield every form with its meaning."""
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


MAX_ASKED = 10_000
"""Names whose party a registry remembers."""


@dataclass(frozen=True)
class Registry:
    """Parties by name, and where a text mentions them."""

    parties: tuple[Party, ...] = ()
    _by_name: Mapping[str, Party] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The dataclass is frozen, so that a registry can be shared and cached.
        object.__setattr__(self, "_by_name", {party.name: party for party in self.parties})

    def get(self, name: str) -> Party | None:
        """Return the party of that canonical name, or None where it is not registered."""
        return self._by_name.get(name)

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {party.name: party.kind for party in self.parties}

    @cached_property
    def _matcher(self) -> Matcher:
        # Here, not above: a model that is served with spans searches for no name.
        from harness.values.parties.matching import Matcher

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
            In order of appearance. Of overlapping matches the first counts, of those that start together the
            longest; a match inside a word does not count, a possessive does. A phrase listed under ``except``
            hides the forms inside it. Apostrophes, dashes, spaces and letters count however they are typed,
            see :mod:`harness.values.parties.folding`; what may be part of a longer name is ``partial``.
        """
        # Dates are compared after the search, so that one automaton serves the articles of all days.
        matches = self._matcher.find(text, self._kinds, date)
        forms = [form for form in matches if any(meaning.how != "except" for meaning in form.meanings)]
        return self._with_states(forms, text) if len(forms) > 1 else forms

    def _with_states(self, forms: list[Form], text: str) -> list[Form]:
        """Read "Norway's Labour Party" as the "Labour Party (Norway)", where there is one."""
        read = forms[:1]
        for before, form in pairwise(forms):
            # Nearly all are far apart.
            if form.start - before.end <= len("'s "):
                read.append(self._with_state(before, form, text[before.end : form.start]))
            else:
                read.append(form)
        return read

    def _with_state(self, before: Form, form: Form, gap: str) -> Form:
        state, party = before.certain, form.certain
        if state is None or party is None or gap not in ("'s ", "’s ", " "):
            return form
        name = f"{party.party} ({state.party})"
        return replace(form, meanings=(Meaning(name, "name"),)) if name in self._by_name else form

    def mentions(self, text: str, date: str = "") -> list[Mention]:
        """Find every certain mention of a party.

        Parameters
        ----------
        text, date : str
            See :meth:`forms`. Of several parties that a leader has led, the latest counts.

        Returns
        -------
        list of Mention
            In order of appearance, without overlaps.
        """
        certain = ((form, form.certain) for form in self.forms(text, date))
        return [
            Mention(form.start, form.end, meaning.party) for form, meaning in certain if meaning is not None
        ]

    def spans(self, text: str, target: str) -> tuple[Span, ...]:
        """Find where a text names a party.

        A registered party is found by all its names; any other target by its own name, whatever the case.

        Returns
        -------
        tuple of (int, int)
            In order of appearance; empty where the party is not named.
        """
        from harness.values.parties.matching import find_name

        party = self._party_of(target)
        if party is not None:
            mentions = (mention for mention in self.mentions(text) if mention.party == party.name)
            return tuple((mention.start, mention.end) for mention in mentions)
        return find_name(text, target)

    def names(self, text: str, target: str) -> bool:
        """Say whether a text names a party: whether :meth:`spans` finds any, mostly for less."""
        from harness.values.parties.matching import is_plainly_named

        # What hides a registered name, and what else it is called, is known to the search alone.
        plain = self._party_of(target) is None and is_plainly_named(text, target)
        return plain or bool(self.spans(text, target))

    def _party_of(self, target: str) -> Party | None:
        """Return the party of a name, however it is spelt; a corpus asks for a few of them very often."""
        # Read once and returned as read: another thread may forget it meanwhile.
        party = self._asked.get(target, ...)
        if party is ...:
            from harness.values.parties.folding import name_key

            if len(self._asked) >= MAX_ASKED:
                self._asked.clear()
            party = self._asked[target] = self.get(target) or self._by_key.get(name_key(target))
        return party

    @cached_property
    def _asked(self) -> dict[str, Party | None]:
        return {}

    @cached_property
    def _by_key(self) -> dict[str, Party]:
        """Parties by what the spellings of their name have in common."""
        from harness.values.parties.folding import name_key

        # Reversed: of two names that differ in case alone the first is meant.
        return {name_key(party.name): party for party in reversed(self.parties)}

    def to_records(self) -> list[dict[str, Any]]:
        """Return the registry as plain data, as :func:`harness.values.parties.from_records` takes it."""
        return [_record(party) for party in self.parties]


EMPTY = Registry()


def _record(party: Party) -> dict[str, Any]:
    """Return a party as plain data; keys that are rarely used are left out where they are empty."""
    record: dict[str, Any] = {
        "name": party.name,
        "kind": party.kind,
        "aliases": list(party.aliases),
        "leaders": [_leader_record(leader) for leader in party.leaders],
    }
    rare = {"ambiguous": party.ambiguous, "except": party.excepted, "demonyms": party.demonyms}
    return record | {key: list(forms) for key, forms in rare.items() if forms}


def _leader_record(leader: Leader) -> dict[str, Any]:
    record: dict[str, Any] = {"name": leader.name, "aliases": list(leader.aliases), "from": leader.since}
    if leader.until:
        record["until"] = leader.until
    if leader.short is not None:
        record["short"] = list(leader.short)
    return record
