"""Lists of parties in ``registry/`` in, parties as a registry has them out.

A line of ``parties.txt`` and ``parties_since.txt`` is "AT: SPÖ! | Social Democratic Party of Austria |
Sozialdemokratische Partei Österreichs [a]", as their heads say; ``party_names.txt`` adds what else a party is
called, in English and in other languages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.reading.registry_leaders import FOLDER, lines, with_plain
from harness.values.parties.folding import name_key

LISTS = ("parties.txt", "parties_since.txt")
LANGUAGES = ("de", "fr", "es")

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

_MOST_OWNERS = 3
"""Parties that may share a name which the article decides; "Green Party" of more tells no state."""

_PARTY_EXCEPTED: Mapping[str, tuple[str, ...]] = {
    "Vox (Spain)": ("Vox Media", "Vox pop", "Vox populi", "Vox Populi")
}
_SOURCES = re.compile(r" \[(\w+)\]$")
# "Dänische Volkspartei", "Vereinigte Arabische Liste": with an article the adjectives end in -en, too.
_ADJECTIVES = re.compile(r"(?:[A-ZÄÖÜ][\w-]*e )+(?=[A-ZÄÖÜ])")


@dataclass(frozen=True)
class ListedName:
    """A name in a list: "!" is taken for the party's wherever it stands, "?" only where the article tells."""

    text: str
    flag: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether it names the party for certain; a name of several words does, unless it is flagged."""
        telling = " " in self.text or len(self.text) >= _SHORTEST
        return self.flag == "!" or (telling and not self.flag)

    @property
    def key(self) -> str:
        """By which names are compared."""
        return name_key(self.text)


@dataclass(frozen=True)
class ListedParty:
    """A line of a list of parties."""

    code: str
    acronym: ListedName
    english: ListedName
    own: ListedName

    @property
    def keys(self) -> set[str]:
        """Those of all its names."""
        return {name.key for name in (self.acronym, self.english, self.own) if name.text}

    @property
    def is_generic(self) -> bool:
        """Whether parties of other states may have the name, too."""
        words = set(self.english.text.lower().replace("–", " ").replace("-", " ").split())
        return not self.english.is_sure or (words <= _GENERIC and not self.english.flag)


def listed_name(cell: str) -> ListedName:
    """Read a cell: "SPÖ!", "Die Mitte?"."""
    cell = cell.strip()
    return ListedName(cell[:-1], cell[-1]) if cell.endswith(("!", "?")) else ListedName(cell)


def listed_parties() -> list[ListedParty]:
    """Read both lists.

    Raises
    ------
    ValueError
        For a line with a source that the head of its list lacks.
    """
    return [_listed(line) for file in LISTS for line, _ in sourced_lines(file)]


def sourced_lines(file: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a list without their sources, and the letters of those.

    Raises
    ------
    ValueError
        For a source that the head of the list lacks.
    """
    heads = set(re.findall(r"^#   (\w)  ", (FOLDER / file).read_text(encoding="utf-8"), re.MULTILINE))
    for line in lines(file):
        match = _SOURCES.search(line)
        letters = match[1] if match else ""
        if unknown := set(letters) - heads:
            raise ValueError(f"{file}: the head names no source {''.join(sorted(unknown))!r}: {line!r}")
        yield _SOURCES.sub("", line), letters


def _listed(line: str) -> ListedParty:
    code, _, cells = line.partition(":")
    acronym, english, own = (listed_name(cell) for cell in cells.split("|"))
    return ListedParty(code, acronym, english, own)


def parties(states: Mapping[str, str], records: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Make the parties of the lists.

    Parameters
    ----------
    states : mapping
        Code of a state → its canonical name.
    records : mapping
        Canonical name → the states, bodies and parties described already. A name of theirs is left out: it
        is theirs for certain.
    """
    listed = listed_parties()
    theirs = {
        name_key(form)
        for record in records.values()
        for form in (record["name"], *record.get("aliases", ()), *record.get("ambiguous", ()))
    }
    owners = Counter(key for party in listed for key in party.keys)
    for party in listed:
        state = states[party.code]
        yield _party(party, state, records[state], theirs, owners)


def _party(
    party: ListedParty,
    state: str,
    record: Mapping[str, Any],
    theirs: Collection[str],
    owners: Mapping[str, int],
) -> dict[str, Any]:
    english = party.english.text
    is_free = party.english.key not in theirs
    is_plain = is_free and owners[party.english.key] == 1 and not party.is_generic
    name = english if is_plain else f"{english} ({state})"
    sure, unsure = [], []
    if not is_plain:
        # "Norwegian Progress Party"; the name alone is left to the article, of several parties, too.
        of_state = "New Zealand" if party.code == "NZ" else (*record.get("demonyms", ()), state)[0]
        sure.append(f"{of_state} {english.removeprefix('The ')}")
        unsure += [english] if is_free and not _is_vague(party.english, owners) else []
    for form in (party.own, party.acronym):
        if len(form.text) < 3 or form.key in theirs or form.text == english or _is_vague(form, owners):
            continue
        is_sure = (form.is_sure if form is party.own else form.flag == "!") and owners[form.key] == 1
        (sure if is_sure else unsure).append(form.text)
    entry = {
        "name": name,
        "kind": "party",
        "aliases": with_plain(sure, spaced=True),
        "ambiguous": with_plain(unsure, spaced=True),
        "except": list(_PARTY_EXCEPTED.get(name, ())),
    }
    return {key: value for key, value in entry.items() if value}


def _is_vague(name: ListedName, owners: Mapping[str, int]) -> bool:
    """Whether a name tells too little: "Horizons", "The Left" of several parties, "Green Party" of many."""
    if " " not in name.text and name.flag == "?":
        return True
    return owners[name.key] > (1 if name.text.startswith("The ") else _MOST_OWNERS)


def read_names() -> dict[str, dict[str, Any]]:
    """Read ``party_names.txt``: canonical name → what else the party is called.

    Returns
    -------
    dict
        Entries to be added: ``aliases`` and ``ambiguous`` in every language, ``names`` by language.
    """
    entries = {}
    for line, _ in sourced_lines("party_names.txt"):
        name, *cells = line.split("|")
        english, *others = ([listed_name(form) for form in cell.split(";") if form.strip()] for cell in cells)
        names = {
            language: _forms([*forms, *_declined(forms)] if language == "de" else forms, "names")
            for language, forms in zip(LANGUAGES, others, strict=True)
            if forms
        }
        entries[name.strip()] = _forms(english, "aliases") | ({"names": names} if names else {})
    return entries


def _forms(names: Sequence[ListedName], sure: str) -> dict[str, list[str]]:
    listed = {
        # Short names, too, are certain here unless they are flagged: the list is written form by form.
        sure: with_plain([name.text for name in names if name.flag != "?"], spaced=True),
        "ambiguous": with_plain([name.text for name in names if name.flag == "?"], spaced=True),
    }
    return {key: forms for key, forms in listed.items() if forms}


def _declined(names: Sequence[ListedName]) -> list[ListedName]:
    return [
        ListedName(match[0].replace("e ", "en ") + name.text[match.end() :], name.flag)
        for name in names
        if (match := _ADJECTIVES.match(name.text))
    ]


def with_names(record: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Add an entry of :func:`read_names` to a record; what the record has already stays where it is."""
    present = {record["name"], *record.get("aliases", ()), *record.get("ambiguous", ())}
    merged = dict(record)
    for key in ("aliases", "ambiguous"):
        if forms := [form for form in more.get(key, ()) if form not in present]:
            merged[key] = [*record.get(key, ()), *forms]
    return merged | ({"names": more["names"]} if "names" in more else {})
