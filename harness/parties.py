"""Party names and aliases in, mentions out.

A registry is a YAML list, one entry a party::

    - name: Coastal Union
      kind: party                  # party | government | country | alliance
      aliases: [the Union, CU]
      leaders:
        - {name: Mara Oldin, aliases: [Oldin], from: 2030-01-01}

A leader's name counts as a mention of the party.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from harness.errors import CorpusError, Problem

Kind = Literal["party", "government", "country", "alliance", "person"]
Span = tuple[int, int]


@dataclass(frozen=True)
class Leader:
    """A person whose name stands for a party, from a date (ISO) on."""

    name: str
    aliases: tuple[str, ...] = ()
    since: str = ""


@dataclass(frozen=True)
class Party:
    """A named political actor and everything it is called."""

    name: str
    kind: Kind = "party"
    aliases: tuple[str, ...] = ()
    leaders: tuple[Leader, ...] = ()

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Every form that counts as a mention: name, aliases, leaders and their aliases."""
        people = (form for leader in self.leaders for form in (leader.name, *leader.aliases))
        return tuple(dict.fromkeys((self.name, *self.aliases, *people)))


@dataclass(frozen=True, order=True)
class Mention:
    """A party named in a text: ``text[start:end]``."""

    start: int
    end: int
    party: str


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
    def _automaton(self) -> Any:
        import ahocorasick

        machine = ahocorasick.Automaton()
        for party in self.parties:
            for form in party.surfaces:
                capitals = form.upper() if len(form) > 3 else form
                for shape in {form, form[:1].upper() + form[1:], capitals}:
                    machine.add_word(shape, (len(shape), party.name))
        machine.make_automaton()
        return machine

    def mentions(self, text: str) -> list[Mention]:
        """Find every party that a text names.

        Parameters
        ----------
        text : str
            Any length; case counts, except that a name in capitals is found too, and one that begins a
            sentence.

        Returns
        -------
        list of Mention
            In order of appearance. Of overlapping matches the first is kept, of those that start together the
            longest; a match inside a word is none, a possessive is one.
        """
        if not self.parties:
            return []
        found = [
            Mention(last + 1 - length, last + 1, name)
            for last, (length, name) in self._automaton.iter(text)
            if _stands_alone(text, last + 1 - length, last + 1)
        ]
        return _without_overlaps(found)

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
        """Return the registry as plain data, as :func:`from_records` takes it."""
        return [
            {
                "name": party.name,
                "kind": party.kind,
                "aliases": list(party.aliases),
                "leaders": [
                    {"name": one.name, "aliases": list(one.aliases), "from": one.since}
                    for one in party.leaders
                ],
            }
            for party in self.parties
        ]


EMPTY = Registry()


def find_name(text: str, name: str) -> tuple[Span, ...]:
    """Find a name in a text as a word of its own, whatever the case.

    Examples
    --------
    >>> find_name("Varna's mayor left Varna.", "varna")
    ((0, 5), (19, 24))
    """
    import re

    if not name.strip():
        return ()
    pattern = rf"(?<!\w){re.escape(name.strip())}(?!\w)"
    return tuple(match.span() for match in re.finditer(pattern, text, flags=re.IGNORECASE))


def from_records(records: Sequence[Mapping[str, Any]], where: str = "parties") -> Registry:
    """Build a registry from plain data.

    Parameters
    ----------
    records : sequence of mappings
        As in the module's docstring.
    where : str
        Named in problems.

    Raises
    ------
    CorpusError
        Naming every entry that lacks a name, has an unknown kind or shares a name with another party.
    """
    problems: list[Problem] = []
    parties: list[Party] = []
    owner: dict[str, str] = {}
    for number, record in enumerate(records, start=1):
        place = f"{where}: entry {number}"
        name = str(record.get("name") or "").strip()
        kind = record.get("kind", "party")
        if not name:
            problems.append(Problem(place, "has no name"))
            continue
        if kind not in get_args(Kind):
            problems.append(
                Problem(place, f"unknown kind {kind!r}", f"use one of {', '.join(get_args(Kind))}")
            )
            continue
        party = Party(name, kind, _words(record.get("aliases")), _leaders(record.get("leaders") or ()))
        for form in party.surfaces:
            if owner.setdefault(form, name) != name:
                problems.append(Problem(place, f"{form!r} already names {owner[form]!r}"))
        parties.append(party)
    if problems:
        raise CorpusError(problems)
    return Registry(tuple(parties))


def read(path: Path) -> Registry:
    """Read a registry from a YAML file; see :func:`from_records` for what may be wrong with it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        records = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise CorpusError([Problem(str(path), f"cannot be read: {error}")]) from error
    if not isinstance(records, list) or not all(isinstance(one, Mapping) for one in records):
        raise CorpusError([Problem(str(path), "is not a list of parties")])
    return from_records(records, where=str(path))


def _leaders(records: Iterable[Mapping[str, Any]]) -> tuple[Leader, ...]:
    return tuple(
        Leader(str(one["name"]), _words(one.get("aliases")), str(one.get("from") or "")) for one in records
    )


def _words(values: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (_is_word(before) or _is_word(after))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _without_overlaps(found: list[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept
