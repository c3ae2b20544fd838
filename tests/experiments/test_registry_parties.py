"""The lists of parties are read as their heads say: who has a name for certain, and who shares it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from experiments.reading import registry_leaders, registry_parties
from experiments.reading.registry_parties import (
    FOLDER,
    listed_name,
    listed_parties,
    parties,
    read_names,
    sourced_lines,
    with_names,
)
from harness.values.parties.translations import shipped_in

STATES = {"SE": "Sweden", "DK": "Denmark", "NO": "Norway", "FI": "Finland"}
RECORDS = {
    "Sweden": {"name": "Sweden", "demonyms": ["Swedish"]},
    "Denmark": {"name": "Denmark", "demonyms": ["Danish"]},
    "Norway": {"name": "Norway", "demonyms": ["Norwegian"]},
    "Finland": {"name": "Finland"},
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch):
    """Write a list of parties, or of their names, that is read in place of the real ones."""
    monkeypatch.setattr(registry_leaders, "FOLDER", tmp_path)
    monkeypatch.setattr(registry_parties, "FOLDER", tmp_path)

    def written(*rows: str, file: str = "parties.txt") -> None:
        for name in ("parties.txt", "parties_since.txt", "party_names.txt"):
            (tmp_path / name).write_text("#   a  a book\n", encoding="utf-8")
        (tmp_path / file).write_text("\n".join(("#   a  a book", *rows, "")), encoding="utf-8")

    return written


def made(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in parties(STATES, RECORDS | more)}


@pytest.mark.parametrize("file", ["parties_since.txt", "party_names.txt"])
def test_every_line_has_a_source_and_every_source_a_line(file: str) -> None:
    named = re.findall(r"^#   (\w)  ", (FOLDER / file).read_text(encoding="utf-8"), re.MULTILINE)
    letters = [letters for _, letters in sourced_lines(file)]
    assert set(named) == set("".join(letters))
    assert "" not in letters


def test_a_source_that_the_head_lacks_is_refused(write) -> None:
    write("SE: SD | Saffron Party | Saffranspartiet [b]")
    with pytest.raises(ValueError, match="names no source 'b'"):
        listed_parties()


def test_parties_of_more_than_fifty_parliaments_are_listed_once() -> None:
    listed = listed_parties()
    assert len({party.code for party in listed}) > 50
    seen = Counter((party.code, party.english.key) for party in listed)
    assert [party for party, count in seen.items() if count > 1] == []


@pytest.mark.parametrize(
    ("cell", "text", "is_sure"),
    [
        ("Saffron Party", "Saffron Party", True),
        ("Saffron Party?", "Saffron Party", False),
        ("Schwedendemokraten", "Schwedendemokraten", True),
        ("Saffron", "Saffron", False),
        (" SPÖ! ", "SPÖ", True),
    ],
)
def test_a_name_is_certain_by_its_length_or_flag(cell: str, text: str, is_sure: bool) -> None:
    name = listed_name(cell)
    assert (name.text, name.is_sure) == (text, is_sure)


def test_a_party_has_its_names(write) -> None:
    write("SE: SAF! | Saffron Party | Saffranspartiet [a]", "DK: OCH | Ochre List | Okkerlisten")
    assert made() == {
        "Saffron Party": {"name": "Saffron Party", "kind": "party", "aliases": ["Saffranspartiet", "SAF"]},
        "Ochre List": {
            "name": "Ochre List",
            "kind": "party",
            "aliases": ["Okkerlisten"],
            "ambiguous": ["OCH"],
        },
    }


def test_a_name_of_two_or_three_is_left_to_the_article(write) -> None:
    write(*(f"{code}: | Saffron! | " for code in ("SE", "DK", "NO")))
    assert made()["Saffron (Norway)"] == {
        "name": "Saffron (Norway)",
        "kind": "party",
        "aliases": ["Norwegian Saffron"],
        "ambiguous": ["Saffron"],
    }


@pytest.mark.parametrize(
    ("name", "codes"), [("Saffron Party", STATES), ("The Saffron Party", ("SE", "DK")), ("Saffron?", ("SE",))]
)
def test_a_name_that_tells_too_little_stands_only_beside_its_state(write, name: str, codes) -> None:
    write(*(f"{code}: | {name} | " for code in codes))
    assert {form for entry in made().values() for form in entry.get("ambiguous", ())} == set()
    plain = name.removeprefix("The ").removesuffix("?")
    assert f"Swedish {plain}" in {form for entry in made().values() for form in entry["aliases"]}


def test_a_name_that_another_entry_has_stays_its_own(write) -> None:
    write("SE: SAF! | Saffron! | Saffranspartiet")
    entries = made(Ostrelia={"name": "Ostrelia", "aliases": ["SAF"], "ambiguous": ["Saffron"]})
    assert entries["Saffron (Sweden)"]["aliases"] == ["Swedish Saffron", "Saffranspartiet"]


def test_more_names_are_read_by_language(write) -> None:
    write(
        "Saffron Party | Saffron; Crocus? | Rote Safranpartei | Parti safran | Azafrán? [a]",
        file="party_names.txt",
    )
    assert read_names() == {
        "Saffron Party": {
            "aliases": ["Saffron"],
            "ambiguous": ["Crocus"],
            "names": {
                "de": {"names": ["Rote Safranpartei", "Roten Safranpartei"]},
                "fr": {"names": ["Parti safran"]},
                "es": {"ambiguous": ["Azafrán"]},
            },
        }
    }


def test_more_names_leave_those_of_the_record_where_they_are() -> None:
    record = {"name": "Saffron Party", "ambiguous": ["Saffron"]}
    more = {"aliases": ["Saffron", "Crocus Party"], "names": {"fr": {"names": ["Parti safran"]}}}
    assert with_names(record, more) == record | {"aliases": ["Crocus Party"], "names": more["names"]}


@pytest.mark.parametrize(
    ("language", "form", "party"),
    [
        ("de", "Schwedendemokraten", "Sweden Democrats"),
        ("de", "Dänischen Volkspartei", "Danish People's Party"),
        ("fr", "Démocrates de Suède", "Sweden Democrats"),
        ("es", "Alternativa para Alemania", "Alternative for Germany"),
        ("en", "Samajwadi Party", "Samajwadi Party"),
        ("en", "Green Party", None),
    ],
)
def test_the_registry_that_ships_finds_them(language: str, form: str, party: str | None) -> None:
    found = [each.certain.party for each in shipped_in(language).forms(f"({form})") if each.certain]
    assert found == ([party] if party else [])
