"""The shipped registry in other languages: every form of every language, and files with one fault each."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.values.errors import CorpusError
from harness.values.parties import from_records, shipped
from harness.values.parties.translations import (
    FOLDER,
    in_language,
    inflected,
    languages,
    shipped_in,
    translated,
)

CONGOS = {"Democratic Republic of the Congo", "Republic of the Congo"}
"""Their adjective is ambiguous."""
# "Granadino" is of the town of Granada, too.
WITHOUT_ADJECTIVE = {"de": {"Saint Kitts and Nevis"}, "es": {"Grenada"}}
FOREIGN = [code for code in languages() if code != "en"]


def test_the_languages_are_those_of_the_files() -> None:
    assert languages() == ("en", "de", "es", "fr")
    assert shipped_in("en") is shipped_in("pl") is shipped()


@pytest.mark.parametrize("code", FOREIGN)
def test_every_certain_form_names_its_party(code: str) -> None:
    registry = shipped_in(code)
    for party in registry.parties:
        for form in (party.name, *party.aliases):
            if form not in party.ambiguous and form not in party.excepted:
                (mention,) = registry.mentions(f"— {form}.") or (None,)
                assert mention is not None, form
                assert mention.party == party.name, form


@pytest.mark.parametrize("code", FOREIGN)
def test_parties_keep_their_canonical_names_and_leaders(code: str) -> None:
    registry = shipped_in(code)
    assert [party.name for party in shipped().parties] == [
        party.name for party in registry.parties if shipped().get(party.name) is not None
    ]
    for party in shipped().parties:
        assert [leader.name for leader in party.leaders] == [
            leader.name for leader in registry.parties[shipped().parties.index(party)].leaders
        ]


@pytest.mark.parametrize("code", FOREIGN)
def test_every_state_has_an_adjective(code: str) -> None:
    without = {
        party.name for party in shipped_in(code).parties if party.kind == "country" and not party.demonyms
    }
    assert without == CONGOS | WITHOUT_ADJECTIVE.get(code, set())


@pytest.mark.parametrize(
    ("code", "text", "party"),
    [
        ("de", "Die kenianische Regierung", "Kenya"),
        ("de", "der kroatischen Präsidentin", "Croatia"),
        ("de", "Die Rumänen wählen", "Romania"),
        ("de", "Das emiratische Ministerium", "United Arab Emirates"),
        ("fr", "la présidente ivoirienne", "Ivory Coast"),
        ("fr", "Les Sénégalais votent", "Senegal"),
        ("fr", "le gouvernement letton", "Latvia"),
        ("es", "la ministra gabonesa", "Gabon"),
        ("es", "los marroquíes", "Morocco"),
        ("es", "el presidente kirguís", "Kyrgyzstan"),
    ],
)
def test_adjectives_and_people_of_every_state_are_found(code: str, text: str, party: str) -> None:
    (form,) = shipped_in(code).forms(text)
    assert [(meaning.party, meaning.how) for meaning in form.meanings] == [(party, "demonym")]


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            "de",
            "Russlands Präsident und Macrons Berater trafen sich im Weißen Haus.",
            ["Russia", "France", "United States"],
        ),
        ("de", "Die Europäische Union und die CDU", ["European Union", "CDU/CSU"]),
        ("de", "Sie saß im Grünen. Nordirland schwieg.", []),
        ("fr", "L’Allemagne, les États-Unis et Volodymyr Zelensky", ["Germany", "United States", "Ukraine"]),
        ("fr", "UN NOUVEAU PÉAGE. La guerre du Vietnam. L'Irlande du Nord.", []),
        ("es", "EE. UU., Corea del Norte y Vladímir Putin", ["United States", "North Korea", "Russia"]),
        ("es", "UN NUEVO PEAJE. Irlanda del Norte. El acuerdo de París.", []),
    ],
)
def test_texts(code: str, text: str, expected: list[str]) -> None:
    assert [mention.party for mention in shipped_in(code).mentions(text)] == expected


def test_english_is_as_it_was() -> None:
    foreign = "Deutschland and Allemagne"
    assert [mention.party for mention in shipped().mentions(foreign)] == []


def test_entries_stand_for_their_inflections() -> None:
    assert inflected("allemand|e|s|es") == ["allemand", "allemande", "allemands", "allemandes"]
    assert inflected("russisch*") == [
        "russisch",
        "russische",
        "russischer",
        "russischen",
        "russisches",
        "russischem",
    ]


SMALL = from_records(
    [{"name": "Varna", "kind": "country", "leaders": [{"name": "Ada Crane"}]}, {"name": "Ostrel"}]
)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("Varnaa: {names: [W]}", ["Varnaa"]),
        ("Varna: {new: party, names: [W]}", ["Varna"]),
        ("Varna: {name: [W]}", ["Varna: name"]),
        ("Varna: {leaders: {Ada Krane: [A]}}", ["Varna: Ada Krane"]),
        ("Varna: {names: [Wax]}\nOstrel: {names: [Wax]}", ["entry 2"]),
    ],
)
def test_faults_are_named(text: str, where: list[str], tmp_path: Path) -> None:
    path = tmp_path / "world.de.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        translated(SMALL, path)
    assert [problem.where for problem in caught.value.problems] == [
        f"world.de.yaml: {place}" for place in where
    ]


def test_the_genitive_is_german(tmp_path: Path) -> None:
    for code, expected in (("de", ["Warna", "Warnas", "Varnas"]), ("fr", ["Warna"])):
        path = tmp_path / f"world.{code}.yaml"
        path.write_text("Varna: {names: [Warna]}", encoding="utf-8")
        party = translated(SMALL, path).get("Varna")
        assert party is not None
        assert sorted(party.aliases) == sorted(expected)


def test_all_files_are_in_the_package() -> None:
    assert {path.name for path in FOLDER.glob("world*.yaml")} == {
        "world.yaml", *(f"world.{code}.yaml" for code in FOREIGN),
    }  # fmt: skip


def test_a_registry_of_one_s_own_gets_the_german_genitive() -> None:
    registry = from_records(
        [
            {"name": "Ostrelien", "leaders": ["Harald Brand"], "ambiguous": ["Hale"]},
            {"name": "Bund"},
            {"name": "Bunds"},
        ]
    )
    german = in_language(registry, "de")
    mentions = german.mentions("Ostreliens Bund, Harald Brands Bunds")
    assert [mention.party for mention in mentions] == ["Ostrelien", "Bund", "Ostrelien", "Bunds"]
    assert {meaning.how for form in german.forms("Hales Brands") for meaning in form.meanings} == {
        "ambiguous",
        "short",
    }
    assert in_language(registry, "en") is registry
