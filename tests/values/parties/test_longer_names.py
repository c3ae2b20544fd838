"""Words and marks beside a name that make another name of it: a place, a firm, somebody else, an address."""

from __future__ import annotations

import pytest

from harness.values.parties import EMPTY, find_name, from_records, shipped
from harness.values.parties.translations import shipped_in

PARTIES = from_records(
    [
        {"name": "Ostrelia", "kind": "country", "aliases": ["Varna"]},
        {"name": "Tolm", "kind": "country", "aliases": ["Tolm Palace"]},
        {
            "name": "Coast Party",
            "leaders": [
                {"name": "Joe Hale", "aliases": ["Hale"]},
                {"name": "Andrés Manuel Prud", "aliases": ["Prud"]},
            ],
        },
        {"name": "Ines Orrin", "kind": "person", "aliases": ["Orrin"]},
    ]
)


def certain(text: str) -> list[str]:
    return [text[mention.start : mention.end] for mention in PARTIES.mentions(text)]


@pytest.mark.parametrize(
    "text",
    [
        "They left **South** Ostrelia.",
        "They left <b>South</b> Ostrelia.",
        "They left <i>South </i>Ostrelia.",
        "They left “South” Ostrelia.",
        "They left South **Ostrelia**.",
        "They left the “Republic of” ‘Ostrelia’.",
        "They left South-\nOstrelia.",
        "Soviet Ostrelia fell.",
        "They study ancient Ostrelia.",
        "Ottoman Ostrelia fell.",
        "the war in French Tolm",
        "then Ostrelia City fell",
        "the Ostrelia Stock Exchange",
        "the Varna Agreement",
        "the Varna State University",
        "the Ostrelia Grand Prix",
        "then Air Ostrelia flew",
        "on Mt. Ostrelia",
        "then Dynamo Varna won",
        "the Times of Ostrelia",
        "He lives in Varna, Ohio, now.",
        "He lives in Varna, New York.",
        "the Coast Party of Tolmland",
    ],
)
def test_a_place_a_firm_or_a_state_of_the_past_is_not_the_party(text: str) -> None:
    assert certain(text) == []
    assert any(form.partial for form in PARTIES.forms(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("North &amp; South, Ostrelia said", ["Ostrelia"]),
        ("They left the south. Ostrelia said no.", ["Ostrelia"]),
        ("exports to Ostrelia, Texas and Ohio", ["Ostrelia"]),
        ("exports to Ostrelia, Texas, Utah and Ohio", ["Ostrelia"]),
        ("the French Tolm Palace", ["Tolm Palace"]),
        ("The Head of Ostrelia spoke.", ["Ostrelia"]),
        ("An Agreement Is Near, Ostrelia City Mayor Says", ["Ostrelia"]),
        ("The Nazi Hale and Air Hale", ["Hale", "Hale"]),
    ],
)
def test_what_only_looks_like_a_longer_name_stays_certain(text: str, expected: list[str]) -> None:
    assert certain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Mary Hale spoke.",
        "MARY HALE SPOKE",
        "Then Mary L. Hale spoke.",
        "“Amy” Hale spoke.",
        "Kathy Ostrelia sang.",
        "Mary Orrin spoke.",
    ],
)
def test_somebody_else_of_the_name_is_not_the_leader(text: str) -> None:
    assert certain(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Joseph Hale and Joseph R. Hale spoke.", ["Hale", "Hale"]),
        ("Andres Manuel Prud spoke.", ["Prud"]),
        ("Joe Anthony Hale spoke.", ["Hale"]),
        ("They asked Mary Joe Hale spoke.", ["Joe Hale"]),
        ("President Hale and Ms. Hale met on Monday Hale said.", ["Hale"] * 3),
        ("Mary, Hale and Mary's Hale", ["Hale", "Hale"]),
        ("Will Hale go? May Hale stay?", ["Hale", "Hale"]),
        ("Inès Orrin spoke.", ["Orrin"]),
    ],
)
def test_a_leader_may_be_called_by_another_form_of_the_first_name(text: str, expected: list[str]) -> None:
    assert certain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/2030/Ostrelia",
        "see http://example.org/a-Ostrelia-b for more",
        "see www.Ostrelia.example",
        "write to Ostrelia@example.org",
        "write to info@Ostrelia.example",
        "open Ostrelia.pdf",
        "open Ostrelia_2030.html now",
        "an O$ is not the Ostrelia$",
    ],
)
def test_an_address_is_no_mention(text: str) -> None:
    assert certain(text) == []
    assert find_name(text, "Ostrelia") == ()
    assert not EMPTY.names(text, "Ostrelia")


@pytest.mark.parametrize(
    "text",
    [
        "[Ostrelia](https://example.org/Ostrelia)",
        '<a href="https://example.org/Ostrelia">Ostrelia</a>',
        "Ostrelia/Tolmland ties",
        "Ostrelia.Then they left",
        "Ostrelia:http://example.org",
        "@Ostrelia.",
        "_Ostrelia_ and more",
        "__Ostrelia__",
        "Ostrelia, www.example.org",
    ],
)
def test_a_name_beside_an_address_or_set_off_is_a_mention(text: str) -> None:
    assert certain(text) == ["Ostrelia"]
    assert find_name(text, "Ostrelia")[-1:] == tuple(
        (mention.start, mention.end) for mention in PARTIES.mentions(text)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CALL US NOW", []),
        ("THOSE WHO VOTE", []),
        ("US", ["United States"]),
        ("(US)", ["United States"]),
        ("The US won.", ["United States"]),
        ("a US$5bn deal", []),
        ("EU WINS", ["European Union"]),
    ],
)
def test_an_acronym_that_is_a_word_is_unsure_in_capitals(text: str, expected: list[str]) -> None:
    assert [mention.party for mention in shipped().mentions(text)] == expected


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        ("Tolm's League won.", ["Tolm", "League (Tolm)"]),
        ("The Tolm League won.", ["Tolm", "League (Tolm)"]),
        ("Tolm’s League won.", ["Tolm", "League (Tolm)"]),
        ("Ostrel's League won.", ["Ostrel", "League"]),
        ("Of Tolm, the League won.", ["Tolm", "League"]),
    ],
)
def test_a_party_beside_its_state_is_that_of_the_state(text: str, parties: list[str]) -> None:
    registry = from_records(
        [
            {"name": "League"},
            {"name": "League (Tolm)"},
            {"name": "Tolm", "kind": "country"},
            {"name": "Ostrel", "kind": "country"},
        ]
    )
    assert [mention.party for mention in registry.mentions(text)] == parties


@pytest.mark.parametrize(
    ("language", "text", "parties"),
    [
        ("en", "Austria-Hungary fell.", []),
        ("de", "Österreich-Ungarn fiel.", []),
        ("fr", "L'Autriche-Hongrie tomba.", []),
        ("es", "Austria-Hungría cayó.", []),
        ("de", "Nazi-Deutschland fiel, Mexiko-Stadt auch.", []),
        ("fr", "Allemagne nazie, Russie soviétique", []),
        ("fr", "Russie unie et France Inter", ["United Russia"]),
        ("fr", "le golfe de Guinée", []),
        ("de", "Bosnien-Herzegowina und Bosnien", ["Bosnia and Herzegovina"] * 2),
        ("en", "Guinea worms by the Niger river, and a Turkey sandwich", []),
        ("es", "Rusia Unida y Ciudad de México", ["United Russia"]),
        ("en", "St. Kitts and Nevis, St Vincent and the Grenadines, Guinea Bissau", 3),
        ("en", "the Ministry of Labour and the State Department of Education", []),
        ("en", "Kataib Hezbollah and the Pakistani Taliban", []),
        ("en", "Canada's Conservative Party", ["Conservative Party of Canada"]),
        ("en", "a bull in a China shop with Brazil nuts", []),
        ("en", "Donald Trump, Jr., Barron Trump and Trump Plaza", []),
    ],
)
def test_the_shipped_lists_know_what_rules_cannot(language: str, text: str, parties: list[str] | int) -> None:
    mentioned = [mention.party for mention in shipped_in(language).mentions(text)]
    assert (len(mentioned) if isinstance(parties, int) else mentioned) == parties
