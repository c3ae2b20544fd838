"""What a form may stand for: ambiguous ones, demonyms, short names, dated leaders; the shipped registry."""

from __future__ import annotations

import re

import pytest

from harness.values.errors import CorpusError
from harness.values.parties import Registry, from_records, shipped

RECORDS = [
    {
        "name": "Ostrel",
        "kind": "country",
        "aliases": ["Ostrelian Republic"],
        "ambiguous": ["Varna"],
        "except": ["Varna Gazette"],
        "demonyms": ["Ostrelian"],
        "leaders": [{"name": "Jon Hale", "aliases": ["Hale"], "from": "2030-01-01", "until": "2034-06-30"}],
    },
    {
        "name": "Union",
        "ambiguous": ["Varna"],
        "leaders": [
            {"name": "Jon Hale", "aliases": ["Hale"], "from": "2034-06-30"},
            {"name": "Li Mara", "short": ["Li"], "from": "2030-01-01"},
        ],
    },
]


@pytest.fixture
def registry() -> Registry:
    return from_records(RECORDS)


def found(registry: Registry, text: str, date: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (text[one.start : one.end], [(meaning.party, meaning.how) for meaning in one.meanings])
        for one in registry.forms(text, date)
    ]


def test_every_meaning_of_a_form_is_named(registry: Registry) -> None:
    assert found(registry, "Varna and Ostrelian Li") == [
        ("Varna", [("Ostrel", "ambiguous"), ("Union", "ambiguous")]),
        ("Ostrelian", [("Ostrel", "demonym")]),
        ("Li", [("Union", "short")]),
    ]


def test_a_longer_phrase_that_is_excepted_hides_the_form_in_it(registry: Registry) -> None:
    assert found(registry, "The Varna Gazette said") == []


def test_what_is_not_certain_is_no_mention(registry: Registry) -> None:
    text = "Varna told Ostrelian reporters that Li met the Ostrelian Republic."
    assert [(text[m.start : m.end], m.party) for m in registry.mentions(text)] == [
        ("Ostrelian Republic", "Ostrel")
    ]


@pytest.mark.parametrize(
    ("date", "party"),
    [
        ("2029-12-31", None),
        ("2030-01-01", "Ostrel"),
        ("2034-06-29", "Ostrel"),
        ("2034-06-30", "Union"),
        ("2034-06-30T08:00", "Union"),
        ("", "Union"),
    ],
)
def test_a_leader_stands_for_the_party_of_the_day(registry: Registry, date: str, party: str | None) -> None:
    assert [one.party for one in registry.mentions("Jon Hale left.", date)] == ([party] if party else [])


def test_a_name_counts_before_a_leader() -> None:
    registry = from_records([{"name": "Hale"}, {"name": "Ostrel", "leaders": [{"name": "Hale"}]}])
    assert [one.party for one in registry.mentions("Hale won.")] == ["Hale"]


def test_the_last_word_of_a_leaders_name_is_a_short_form(registry: Registry) -> None:
    made = from_records([{"name": "Ostrel", "leaders": [{"name": "Ada Crane"}, {"name": "Prud"}]}])
    assert found(made, "Crane met Prud.") == [
        ("Crane", [("Ostrel", "short")]),
        ("Prud", [("Ostrel", "leader")]),
    ]
    assert found(registry, "Mara won.") == []


def test_records_make_the_same_registry_again(registry: Registry) -> None:
    assert from_records(registry.to_records()) == registry


def test_what_is_rarely_set_is_left_out_of_records() -> None:
    assert from_records([{"name": "Ostrel"}]).to_records() == [
        {"name": "Ostrel", "kind": "party", "aliases": [], "leaders": []}
    ]


def test_every_fault_is_named() -> None:
    records = [
        {"name": "A", "aliases": "Ay"},
        {"name": "B", "leaders": [{"from": "2030-01-01"}]},
        {"name": "C", "aliases": ["D"]},
        {"name": "D"},
    ]
    with pytest.raises(CorpusError) as raised:
        from_records(records, where="p.yaml")
    assert str(raised.value) == (
        "p.yaml: entry 1: aliases: is not a list: 'Ay'; write [Ay]\n"
        "p.yaml: entry 2: leaders: has one without a name: {'from': '2030-01-01'}\n"
        "p.yaml: entry 4: 'D' already names 'C'"
    )


def test_the_shipped_registry_knows_states_alliances_and_parties() -> None:
    kinds = {party.kind for party in shipped().parties}
    assert {"country", "alliance", "party"} <= kinds
    assert len(shipped().parties) > 100
    assert shipped() is shipped()


@pytest.mark.parametrize(
    ("text", "date", "expected"),
    [
        ("The White House and the Kremlin spoke.", "", ["United States", "Russia"]),
        ("The Washington Post left.", "", []),
        ("Trump spoke.", "2018-05-01", ["United States"]),
        ("Trump spoke.", "2022-05-01", ["Republican Party"]),
        ("Trump spoke.", "2025-05-01", ["United States"]),
        ("NATO’s Jens Stoltenberg spoke.", "2024-06-18", ["NATO", "NATO"]),
        ("New Mexico and Northern Ireland voted.", "", []),
        ("South Sudan met South Korea.", "", ["South Korea"]),
    ],
)
def test_the_shipped_registry_reads_news(text: str, date: str, expected: list[str]) -> None:
    assert [one.party for one in shipped().mentions(text, date)] == expected


def test_dates_of_the_shipped_registry_are_dates_in_order() -> None:
    for party in shipped().parties:
        for leader in party.leaders:
            for date in (leader.since, leader.until):
                assert not date or re.fullmatch(r"\d{4}-\d\d-\d\d", date), leader
            assert not leader.until or leader.since < leader.until, leader


def test_keys_dates_and_names_that_are_wrong_are_all_told() -> None:
    leader = {"name": "Mara Crane", "form": "2020-01-01", "until": "soon", "aliases": "Crane"}
    records = [{"name": "Varna"}, {"name": "Varna"}, {"name": "Tolm", "alias": [], "leaders": [leader]}]
    with pytest.raises(CorpusError) as caught:
        from_records(records)
    said = [
        "parties: entry 2: 'Varna' is there twice",
        "parties: entry 3: alias: is no key of a registry; did you mean 'aliases'?",
        "parties: entry 3: Mara Crane: form: is no key of a registry; did you mean 'from'?",
        "parties: entry 3: Mara Crane: aliases: is not a list: 'Crane'; write [Crane]",
        "parties: entry 3: Mara Crane: until: is not like 2030-01-31: 'soon'",
    ]
    assert str(caught.value).splitlines() == said


def test_an_empty_form_is_refused() -> None:
    leader = {"name": "Mara Crane", "short": [" "]}
    with pytest.raises(CorpusError) as caught:
        from_records([{"name": "Varna", "aliases": ["", "VA"], "leaders": [leader]}])
    assert str(caught.value).splitlines() == [
        "parties: entry 1: aliases: holds an empty form",
        "parties: entry 1: Mara Crane: short: holds an empty form",
    ]
