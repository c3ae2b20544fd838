"""The shipped registry and a language in, the registry with the forms of that language out.

What a language calls the parties of ``world.yaml`` is in ``world.LANGUAGE.yaml``, by canonical name. The
canonical name stays the party's name in every table, so that articles in several languages are counted
together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.values.errors import CorpusError, Problem, suggest
from harness.values.parties.records import WORLD, from_records, shipped, shipped_states
from harness.values.parties.registry import Registry
from harness.values.yaml_files import read_yaml

FOLDER = WORLD.parent
KEYS = ("names", "ambiguous", "except", "demonyms", "leaders", "drop", "new")
ADJECTIVE_ENDINGS = ("", "e", "er", "en", "es", "em")
"""Endings of a German adjective, which ``russisch*`` stands for."""


def languages() -> tuple[str, ...]:
    """Return the languages that the shipped registry has names in, by code."""
    return ("en", *sorted(path.suffixes[0][1:] for path in FOLDER.glob("world.*.yaml")))


@cache
def shipped_in(language: str) -> Registry:
    """Return the shipped registry in a language; in one that it does not know, with English names."""
    path = FOLDER / f"world.{language}.yaml"
    if not path.is_file():
        return shipped()
    of_states = {
        entry["name"]: entry["names"][language]
        for entry in shipped_states()
        if language in entry.get("names", {})
    }
    return translated(shipped(), path, of_states)


def translated(
    registry: Registry, path: Path, more: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> Registry:
    """Add what a language calls parties.

    Parameters
    ----------
    registry : Registry
    path : Path
        A file as ``world.de.yaml``, whose head says what it holds.
    more : mapping
        Entries for parties that the file leaves out.

    Raises
    ------
    CorpusError
        With every party and key that does not exist, or that gives two parties one name.
    """
    forms = {**more, **read_yaml(path)}
    genitive = path.suffixes[0] == ".de"
    problems = list(_faults(registry, forms, path.name))
    if problems:
        raise CorpusError(problems)
    records = [
        _translated(dict(record), forms.get(record["name"], {}), genitive) for record in registry.to_records()
    ]
    new = [
        _translated({"name": name, "kind": entry["new"]}, entry, genitive)
        for name, entry in forms.items()
        if "new" in entry
    ]
    return from_records([*records, *new], where=path.name)


def _faults(registry: Registry, forms: Mapping[str, Mapping[str, Any]], where: str) -> Iterator[Problem]:
    names = [party.name for party in registry.parties]
    for name, entry in forms.items():
        if ("new" in entry) == (name in names):
            what = "is in world.yaml already" if "new" in entry else "is no party of world.yaml"
            yield Problem(f"{where}: {name}", what, suggest(name, names))
            continue
        yield from (
            Problem(f"{where}: {name}: {key}", "is no key", suggest(key, KEYS))
            for key in entry
            if key not in KEYS
        )
        party = registry.get(name)
        leaders = [leader.name for leader in party.leaders] if party is not None else []
        yield from (
            Problem(
                f"{where}: {name}: {leader}", "is no leader of it in world.yaml", suggest(leader, leaders)
            )
            for leader in entry.get("leaders", {})
            if leader not in leaders
        )


def _translated(record: dict[str, Any], entry: Mapping[str, Any], genitive: bool) -> dict[str, Any]:
    dropped = set(entry.get("drop", ()))
    ambiguous = [*record.get("ambiguous", ()), *_with_genitive(entry.get("ambiguous", ()), genitive)]
    aliases = [*record.get("aliases", ()), *entry.get("names", ()), record["name"]]
    certain = [form for form in _with_genitive(aliases, genitive) if form not in ambiguous]
    record |= {
        "aliases": [form for form in certain if form not in dropped | {record["name"]}],
        "ambiguous": list(dict.fromkeys(ambiguous)),
        "except": list(dict.fromkeys([*record.get("except", ()), *entry.get("except", ())])),
        # English people and adjectives are other words, or none, in another language.
        "demonyms": list(
            dict.fromkeys(form for word in entry.get("demonyms", ()) for form in inflected(word))
        ),
    }
    leaders = []
    for leader in record.get("leaders", ()):
        spelled = [*leader["aliases"], *entry.get("leaders", {}).get(leader["name"], ()), leader["name"]]
        with_genitive = [form for form in _with_genitive(spelled, genitive) if form != leader["name"]]
        leaders.append(
            _with_short_genitive(leader, genitive) | {"aliases": list(dict.fromkeys(with_genitive))}
        )
    return record | {"leaders": leaders}


@cache
def in_language(registry: Registry, language: str) -> Registry:
    """Return a registry of one's own with the forms that a language makes of its names.

    Only German is known to make any: the -s of the genitive, where no other party has that name.
    """
    if language != "de":
        return registry
    taken = {form for party in registry.parties for form, _ in party.meanings()}
    records = []
    for record in registry.to_records():
        leaders = [
            _with_short_genitive(leader, True)
            | {"aliases": [*leader["aliases"], *_genitives([leader["name"], *leader["aliases"]], taken)]}
            for leader in record["leaders"]
        ]
        ambiguous = record.get("ambiguous", [])
        certain = [form for form in (record["name"], *record["aliases"]) if form not in ambiguous]
        forms = {
            "aliases": [*record["aliases"], *_genitives(certain, taken)],
            "ambiguous": [*ambiguous, *_genitives(ambiguous, taken)],
        }
        records.append(record | forms | {"leaders": leaders})
    return from_records(records)


def _genitives(forms: Sequence[str], taken: Collection[str]) -> list[str]:
    return [form for form in _with_genitive(forms, True)[len(dict.fromkeys(forms)) :] if form not in taken]


def _with_short_genitive(leader: Mapping[str, Any], genitive: bool) -> dict[str, Any]:
    """Add the genitive of the forms that count once a leader was named in full: "Brandts Rede"."""
    if not genitive:
        return dict(leader)
    name = str(leader["name"])
    last = [name.rsplit(" ", 1)[-1]] if " " in name else []
    return {**leader, "short": _with_genitive(leader.get("short", last), True)}


def _with_genitive(forms: Iterable[str], genitive: bool) -> list[str]:
    """Add the -s of the German genitive: "Russlands Präsident", "Macrons"; after s, x and z there is none."""
    listed = list(dict.fromkeys(forms))
    if not genitive:
        return listed
    return listed + [f"{form}s" for form in listed if form[-1].isalpha() and form[-1].lower() not in "sxzß"]


def inflected(word: str) -> list[str]:
    """Return the forms that an entry stands for.

    Examples
    --------
    >>> inflected("allemand|e|s"), inflected("russisch*")[:3]
    (['allemand', 'allemande', 'allemands'], ['russisch', 'russische', 'russischer'])
    """
    if word.endswith("*"):
        return [word[:-1] + ending for ending in ADJECTIVE_ENDINGS]
    stem, *endings = word.split("|")
    return [stem, *(stem + ending for ending in endings)]
