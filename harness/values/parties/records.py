"""YAML files or plain data in, registries of parties out; all problems are reported at once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args

from harness.values.errors import CorpusError, Problem, suggest
from harness.values.parties.registry import Kind, Leader, Party, Registry

WORLD = Path(__file__).parent / "world.yaml"
STATES = Path(__file__).parent / "world_states.json"
"""States and bodies from open data, by experiments/reading/make_registry.py; JSON, which is read at once."""


def from_records(records: Sequence[Mapping[str, Any]], where: str = "parties") -> Registry:
    """Build a registry from plain data.

    Parameters
    ----------
    records : sequence of mappings
        See :mod:`harness.values.parties`.
    where : str
        Where the records are from; named in problems.

    Raises
    ------
    CorpusError
        With every entry that lacks a name, has an unknown kind or key, or shares a certain name with another
        party. Two parties may share a leader.
    """
    problems: list[Problem] = []
    parties: list[Party] = []
    owner: dict[str, str] = {}
    names: set[str] = set()
    for number, record in enumerate(records, start=1):
        entry = f"{where}: entry {number}"
        if faults := list(_faults(entry, record)):
            problems += faults
            # No party can be made of a faulty entry; the others are still checked.
            continue
        party = _party(record)
        if party.name in names:
            problems.append(Problem(entry, f"{party.name!r} is listed twice"))
        names.add(party.name)
        for form in party.surfaces:
            # A leader may change parties; a name or an alias of two parties would make every mention a guess.
            if owner.setdefault(form, party.name) != party.name and not _is_leader(party, form):
                problems.append(Problem(entry, f"{form!r} already names {owner[form]!r}"))
        parties.append(party)
    if problems:
        raise CorpusError(problems)
    return Registry(tuple(parties))


def read(path: Path) -> Registry:
    """Read a registry from a YAML file; see :func:`from_records` for what may be wrong with it."""
    # Here, not above: a served model has its parties as JSON.
    from ruamel.yaml.error import YAMLError

    from harness.values.unreadable import UnreadableError
    from harness.values.yaml_files import read_yaml

    try:
        records = read_yaml(path)
    except (UnreadableError, YAMLError) as error:
        raise CorpusError([Problem(str(path), str(error))]) from error.__cause__ or error
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise CorpusError([Problem(str(path), "is not a list of parties")])
    return from_records(records, where=str(path))


@cache
def shipped() -> Registry:
    """Return the registry that ships with the package: states, international bodies and major parties."""
    from harness.values.yaml_files import read_yaml

    records = {record["name"]: dict(record) for record in read_yaml(WORLD)}
    for entry in shipped_states():
        added = {key: value for key, value in entry.items() if key != "names"}
        if entry["name"] not in records:
            records[entry["name"]] = added
            continue
        # What is written by hand comes first, so that its leaders are the heads.
        record = records[entry["name"]]
        for key in (*LISTS, "leaders"):
            if key in added:
                record[key] = [*record.get(key, ()), *added[key]]
    return from_records(list(records.values()), where=WORLD.name)


@cache
def shipped_states() -> tuple[dict[str, Any], ...]:
    """Return the entries of ``world_states.json``; ``names`` are their forms in other languages."""
    entries = json.loads(STATES.read_text(encoding="utf-8"))
    return tuple(entry for entry in entries if "name" in entry)


LISTS = ("aliases", "ambiguous", "except", "demonyms")
PARTY_KEYS = ("name", "kind", *LISTS, "leaders")
LEADER_KEYS = ("name", "aliases", "from", "until", "short")


def _faults(entry: str, record: Mapping[str, Any]) -> Iterator[Problem]:
    if not str(record.get("name") or "").strip():
        yield Problem(entry, "has no name")
        return
    kind = record.get("kind", "party")
    if kind not in get_args(Kind):
        yield Problem(entry, f"unknown kind {kind!r}", f"use one of {', '.join(get_args(Kind))}")
    yield from _key_faults(entry, record, PARTY_KEYS, LISTS)
    for leader in record.get("leaders") or ():
        if isinstance(leader, str) and leader.strip():
            continue
        if not isinstance(leader, Mapping) or not str(leader.get("name") or "").strip():
            yield Problem(f"{entry}: leaders", f"lists a leader without a name: {leader!r}")
            continue
        where = f"{entry}: {leader['name']}"
        yield from _key_faults(where, leader, LEADER_KEYS, ("aliases", "short"))
        dates = [(key, str(leader.get(key) or "")) for key in ("from", "until")]
        yield from (
            Problem(f"{where}: {key}", f"is no date like 2030-01-31: {value!r}")
            for key, value in dates
            if value and not is_date(value)
        )


def _key_faults(
    where: str, record: Mapping[str, Any], allowed: Sequence[str], lists: Sequence[str]
) -> Iterator[Problem]:
    for key in record:
        if key not in allowed:
            yield Problem(f"{where}: {key}", "is no key of a registry", suggest(str(key), allowed))
    for key in lists:
        # A text is a sequence, too: each of its letters would become a form.
        if isinstance(record.get(key), str):
            yield Problem(f"{where}: {key}", f"is not a list: {record[key]!r}", f"write [{record[key]}]")
        elif any(not str(form).strip() for form in record.get(key) or ()):
            yield Problem(f"{where}: {key}", "holds an empty form")


def is_date(text: str) -> bool:
    """Whether a text is a day in ISO form."""
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    # From Python 3.11 on, fromisoformat reads 20300131 and 2030-W05-4 too.
    return len(text) == len("2030-01-31")


def _party(record: Mapping[str, Any]) -> Party:
    aliases, ambiguous, excepted, demonyms = (_strings(record.get(key)) for key in LISTS)
    return Party(
        name=str(record["name"]).strip(),
        kind=record.get("kind", "party"),
        aliases=aliases,
        leaders=_leaders(record.get("leaders") or ()),
        ambiguous=ambiguous,
        excepted=excepted,
        demonyms=demonyms,
    )


def _is_leader(party: Party, form: str) -> bool:
    return any(form in (leader.name, *leader.aliases) for leader in party.leaders)


def _leaders(leaders: Iterable[str | Mapping[str, Any]]) -> tuple[Leader, ...]:
    # A name alone is a leader of whom nothing else is known.
    records = [{"name": leader} if isinstance(leader, str) else leader for leader in leaders]
    return tuple(
        Leader(
            name=str(record["name"]).strip(),
            aliases=_strings(record.get("aliases")),
            # YAML reads 2030-01-01 as a date, which str() writes in the same form again.
            since=str(record.get("from") or ""),
            until=str(record.get("until") or ""),
            short=None if record.get("short") is None else _strings(record["short"]),
        )
        for record in records
    )


def _strings(values: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())
