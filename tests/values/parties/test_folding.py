"""Names are found however apostrophes, hyphens, spaces and accents are typed, with exact spans."""

from __future__ import annotations

import itertools

import pytest

from harness.values.parties import find_name, from_records, shipped
from harness.values.parties.folding import fold

PARTIES = from_records(
    [
        {"name": "People's Alliance", "kind": "party", "leaders": ["Tarik Brandt"]},
        {"name": "Saffron Party"},
        {"name": "Coast-Union", "aliases": ["Élan"]},
    ]
)


@pytest.mark.parametrize(
    ("text", "party", "surface"),
    [
        ("The People’s Alliance’s offer", "People's Alliance", "People’s Alliance"),
        ("the Peopleʼs Alliance", "People's Alliance", "Peopleʼs Alliance"),
        ("THE PEOPLE’S ALLIANCE WINS", "People's Alliance", "PEOPLE’S ALLIANCE"),
        ("Saffron\u00a0Party", "Saffron Party", "Saffron\u00a0Party"),
        ("Saffron \u00a0 Party", "Saffron Party", "Saffron \u00a0 Party"),
        ("Saffron\u202fParty", "Saffron Party", "Saffron\u202fParty"),
        ("Saffron\nParty", "Saffron Party", "Saffron\nParty"),
        ("Saf\u00adfron Party", "Saffron Party", "Saf\u00adfron Party"),
        ("Saffron\u200b Party", "Saffron Party", "Saffron\u200b Party"),
        ("\ufeffSaffron Party", "Saffron Party", "Saffron Party"),
        ("Coast\u2011Union", "Coast-Union", "Coast\u2011Union"),
        ("E\u0301lan", "Coast-Union", "E\u0301lan"),
        ("said Tarik Brandt", "People's Alliance", "Tarik Brandt"),
    ],
)
def test_a_name_is_found_with_its_span(text: str, party: str, surface: str) -> None:
    (mention,) = PARTIES.mentions(text)
    assert (mention.party, text[mention.start : mention.end]) == (party, surface)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Democratic People’s Republic of Korea", ["North Korea"]),
        ("The People’s Republic of China", ["China"]),
        ("South\u00a0 Sudan and Northern\u00a0 Ireland", ["South Sudan"]),
        ("United\u00a0 States, North\u202fKorea", ["United States", "North Korea"]),
    ],
)
def test_longer_names_are_not_taken_for_shorter_ones(text: str, expected: list[str]) -> None:
    assert [mention.party for mention in shipped().mentions(text)] == expected


def test_a_name_outside_the_registry_is_found_alike() -> None:
    text = "the Baker’s\u00a0 Guild"
    assert find_name(text, "baker's guild") == ((4, 18),)


@pytest.mark.parametrize(
    "text", ["", "plain", "a  b", "’\u00ad\u200b", "e\u0301\u0301", "\u0301", " \u00a0 "]
)
def test_offsets_lead_back_to_the_original(text: str) -> None:
    folded = fold(text)
    spans = [folded.original(index, index + 1) for index in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
