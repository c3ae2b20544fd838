"""Possible meanings of forms: ambiguous ones, demonyms, short names, dated leaders; the shipped registry."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
from golden import Golden
from refused import listing, places, refused

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


def meanings(registry: Registry, text: str, date: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (text[form.start : form.end], [(meaning.party, meaning.how) for meaning in form.meanings])
        for form in registry.forms(text, date)
    ]


def test_every_meaning_of_a_form_is_named(registry: Registry) -> None:
    assert meanings(registry, "Varna and Ostrelian Li") == [
        ("Varna", [("Ostrel", "ambiguous"), ("Union", "ambiguous")]),
        ("Ostrelian", [("Ostrel", "demonym")]),
        ("Li", [("Union", "short")]),
    ]


def test_a_longer_phrase_that_is_excepted_hides_the_form_in_it(registry: Registry) -> None:
    assert meanings(registry, "The Varna Gazette said") == []


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
    assert [mention.party for mention in registry.mentions("Jon Hale left.", date)] == (
        [party] if party else []
    )


def test_a_name_counts_before_a_leader() -> None:
    registry = from_records([{"name": "Hale"}, {"name": "Ostrel", "leaders": [{"name": "Hale"}]}])
    assert [mention.party for mention in registry.mentions("Hale won.")] == ["Hale"]


def test_the_last_word_of_a_leaders_name_is_a_short_form(registry: Registry) -> None:
    leaders = from_records([{"name": "Ostrel", "leaders": [{"name": "Ada Crane"}, {"name": "Prud"}]}])
    assert meanings(leaders, "Crane met Prud.") == [
        ("Crane", [("Ostrel", "short")]),
        ("Prud", [("Ostrel", "leader")]),
    ]
    assert meanings(registry, "Mara won.") == []


def test_records_make_the_same_registry_again(registry: Registry) -> None:
    assert from_records(registry.to_records()) == registry


def test_what_is_rarely_set_is_left_out_of_records() -> None:
    assert from_records([{"name": "Ostrel"}]).to_records() == [
        {"name": "Ostrel", "kind": "party", "aliases": [], "leaders": []}
    ]


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
        ("South Sudan met South Korea.", "", ["South Sudan", "South Korea"]),
    ],
)
def test_the_shipped_registry_reads_news(text: str, date: str, expected: list[str]) -> None:
    assert [mention.party for mention in shipped().mentions(text, date)] == expected


def test_dates_of_the_shipped_registry_are_dates_in_order() -> None:
    for party in shipped().parties:
        for leader in party.leaders:
            for date in (leader.since, leader.until):
                assert not date or re.fullmatch(r"\d{4}-\d\d-\d\d", date), leader
            assert not leader.until or leader.since < leader.until, leader


CRANE = {"name": "Mara Crane", "form": "2020-01-01", "until": "soon", "aliases": "Crane"}
FAULTS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "names and kinds": (
        [
            {"aliases": ["X"]},
            {"name": "A", "kind": "club"},
            {"name": "B", "aliases": ["C"]},
            {"name": "C"},
        ],
        ["p.yaml: entry 1", "p.yaml: entry 2", "p.yaml: entry 4"],
    ),
    "lists and leaders": (
        [
            {"name": "A", "aliases": "Ay"},
            {"name": "B", "leaders": [{"from": "2030-01-01"}]},
            {"name": "C", "aliases": ["D"]},
            {"name": "D"},
        ],
        ["p.yaml: entry 1: aliases", "p.yaml: entry 2: leaders", "p.yaml: entry 4"],
    ),
    "keys and dates": (
        [{"name": "Varna"}, {"name": "Varna"}, {"name": "Tolm", "alias": [], "leaders": [CRANE]}],
        [
            "p.yaml: entry 2",
            "p.yaml: entry 3: alias",
            "p.yaml: entry 3: Mara Crane: form",
            "p.yaml: entry 3: Mara Crane: aliases",
            "p.yaml: entry 3: Mara Crane: until",
        ],
    ),
    "empty forms": (
        [{"name": "Varna", "aliases": ["", "VA"], "leaders": [{"name": "Mara Crane", "short": [" "]}]}],
        ["p.yaml: entry 1: aliases", "p.yaml: entry 1: Mara Crane: short"],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_every_fault_is_named(case: str) -> None:
    records, where = FAULTS[case]
    error = refused(partial(from_records, records, where="p.yaml"))
    assert type(error) is CorpusError
    assert places(error) == where


def test_faults_say_what_is_wrong(golden: Golden) -> None:
    cases = {case: partial(from_records, records, where="p.yaml") for case, (records, _) in FAULTS.items()}
    golden("values/parties", listing(cases))
