"""The shipped registry holds every state, in four languages, and keeps states of alike names apart."""

from __future__ import annotations

import pytest

from harness.articles.mentions import find_mentions
from harness.articles.sentences import split_sentences
from harness.values.parties import shipped
from harness.values.parties.records import is_date, shipped_states
from harness.values.parties.translations import shipped_in

STATES = [party for party in shipped().parties if party.kind == "country"]


def test_it_holds_every_member_and_observer_of_the_united_nations_taiwan_and_kosovo() -> None:
    # 193 members and the Holy See, Taiwan, Kosovo; the Palestinian Authority is a government.
    assert len([party for party in STATES if party.name != "Palestinian Authority"]) == 196
    assert shipped().get("Palestinian Authority") is not None
    assert {"Kenya", "Romania", "Portugal", "Czechia", "Tuvalu", "Holy See", "Kosovo"} <= {
        party.name for party in STATES
    }


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_every_state_has_a_name_in_every_language(language: str) -> None:
    names = {
        "de": {"Kenya": "Kenia", "Czechia": "Tschechien", "Ivory Coast": "Elfenbeinküste"},
        "fr": {"Kenya": "Kenya", "Czechia": "Tchéquie", "Ivory Coast": "Côte d’Ivoire"},
        "es": {"Kenya": "Kenia", "Czechia": "Chequia", "Ivory Coast": "Costa de Marfil"},
    }[language]
    registry = shipped_in(language)
    for party, name in names.items():
        assert [mention.party for mention in registry.mentions(f"… {name}, …")] == [party]
    without = [
        entry["name"]
        for entry in shipped_states()
        if entry.get("kind") == "country" and language not in entry.get("names", {})
    ]
    assert without == []


def test_every_leader_of_the_open_data_has_a_day() -> None:
    leaders = [leader for entry in shipped_states() for leader in entry.get("leaders", ())]
    assert len(leaders) > 1300
    assert all(is_date(leader["from"]) and is_date(leader.get("until", "2000-01-01")) for leader in leaders)


@pytest.mark.parametrize(
    ("text", "date", "parties"),
    [
        ("William Ruto met Mia Mottley.", "2024-05-01", ["Kenya", "Barbados"]),
        ("William Ruto met Mia Mottley.", "2010-05-01", []),
        ("Uhuru Kenyatta spoke.", "2022-12-31", ["Kenya"]),
        ("Uhuru Kenyatta spoke.", "2023-01-01", []),
        ("Tony Blair met Gerhard Schroeder.", "2003-03-20", ["United Kingdom", "Germany"]),
        ("Tony Blair met Gerhard Schroeder.", "2012-03-20", []),
        ("Donald Tusk spoke.", "2010-05-01", ["Poland"]),
        ("Donald Tusk spoke.", "2016-05-01", ["European Union"]),
        ("Matteo Renzi spoke.", "2015-05-01", ["Italy"]),
        ("Matteo Renzi spoke.", "2018-05-01", ["Democratic Party (Italy)"]),
        ("David Cameron spoke.", "2008-05-01", ["Conservative Party"]),
        ("David Cameron spoke.", "2014-05-01", ["United Kingdom"]),
        ("Harry Reid met John Boehner.", "2013-05-01", ["Democratic Party", "Republican Party"]),
        ("Lee Myung-bak met Lee Jae-myung.", "2010-05-01", ["South Korea"]),
    ],
)
def test_leaders_count_while_they_are_in_office(text: str, date: str, parties: list[str]) -> None:
    assert [mention.party for mention in shipped().mentions(text, date)] == parties


def read(text: str) -> list[tuple[str, bool]]:
    (mentions,) = find_mentions(split_sentences(text), shipped())
    return [(mention.party, mention.sure) for mention in mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The vote in Niger worried Nigeria.", [("Niger", True), ("Nigeria", True)]),
        ("The Niger Delta is in Nigeria.", [("Nigeria", True)]),
        (
            "Guinea, Guinea-Bissau and Equatorial Guinea signed.",
            ["Guinea", "Guinea-Bissau", "Equatorial Guinea"],
        ),
        ("Papua New Guinea signed.", [("Papua New Guinea", True)]),
        ("The Guinea pigs slept.", []),
        ("Dominica and the Dominican Republic signed.", ["Dominica", "Dominican Republic"]),
        ("The Dominican president spoke.", [("Dominica", False)]),
        ("American Samoa voted.", []),
        ("Northern Ireland voted.", []),
        ("The Republic of Ireland voted.", [("Ireland", True)]),
        ("North Korea and South Korea signed.", ["North Korea", "South Korea"]),
        ("The Republic of China and the People’s Republic of China signed.", ["Taiwan", "China"]),
        ("Congo signed.", [("Democratic Republic of the Congo", False)]),
        (
            "Congo-Brazzaville and DR Congo signed.",
            ["Republic of the Congo", "Democratic Republic of the Congo"],
        ),
        ("The Republic of the Congo signed.", [("Republic of the Congo", True)]),
        ("Chad Reed sang.", [("Chad", False)]),
        ("The Republic of Chad signed.", [("Chad", True)]),
        ("The turkey was cold.", []),
        ("Turkey recipes for the holidays.", []),
        ("Jordan Reed sang.", [("Jordan", False)]),
        ("South Sudan and Sudan signed.", ["South Sudan", "Sudan"]),
        ("The Panama Papers were read.", []),
        ("The Republic of Macedonia signed.", [("North Macedonia", True)]),
        ("Alexander of Macedonia died.", [("North Macedonia", False)]),
    ],
)
def test_states_of_alike_names_are_kept_apart(text: str, expected: list[tuple[str, bool] | str]) -> None:
    wanted = [item if isinstance(item, tuple) else (item, True) for item in expected]
    assert read(text) == wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Downing Street answered the Kremlin.", ["United Kingdom", "Russia"]),
        ("The White House and the Élysée agreed.", ["United States", "France"]),
        ("The White House Correspondents’ Dinner was long.", []),
        ("Brussels has an answer.", [("European Union", False)]),
        ("Brussels and the EU agreed.", ["European Union"]),
        ("Brussels is in Belgium.", ["Belgium"]),
        ("The West has an answer.", [("The West", False)]),
        ("Western governments say that the West has an answer.", ["The West"]),
        ("The West Bank is quiet, the West Wing is long.", []),
        ("Tony Blair met Bill English. Blair spoke English.", ["United Kingdom", "New Zealand"]),
        ("Sherrod Brown, Brown and Michael Park spoke.", []),
    ],
)
def test_seats_of_government_are_what_they_are(text: str, expected: list[tuple[str, bool] | str]) -> None:
    mentions: dict[str, bool] = {}
    for in_sentence in find_mentions(split_sentences(text), shipped()):
        for mention in in_sentence:
            mentions[mention.party] = mentions.get(mention.party, False) or mention.sure
    wanted = [item if isinstance(item, tuple) else (item, True) for item in expected]
    assert sorted(mentions.items()) == sorted(wanted)


@pytest.mark.parametrize(
    ("language", "text", "parties"),
    [
        ("de", "Kenias Präsident", ["Kenya"]),
        ("de", "Die Weltgesundheitsorganisation", ["World Health Organization"]),
        ("fr", "Maurice dort", []),
        ("fr", "le FMI et la République tchèque", ["International Monetary Fund", "Czechia"]),
        ("es", "la OMS y Guinea Ecuatorial", ["World Health Organization", "Equatorial Guinea"]),
        ("de", "Südsudan", ["South Sudan"]),
    ],
)
def test_states_and_bodies_are_found_in_other_languages(language: str, text: str, parties: list[str]) -> None:
    assert [mention.party for mention in shipped_in(language).mentions(text)] == parties
