from __future__ import annotations

from pathlib import Path

import pytest
from golden import Golden

from harness.values.errors import CorpusError
from harness.values.parties import EMPTY, Mention, Registry, find_name, from_records, read

RECORDS = [
    {
        "name": "Coastal Union",
        "aliases": ["CU", "Coast"],
        "leaders": [{"name": "Mara Oldin", "aliases": ["Oldin"], "from": "2030-01-01"}],
    },
    {"name": "Union of Smallholders", "aliases": ["Smallholders"]},
    {"name": "Varna", "kind": "country", "aliases": ["Varnans"]},
]


@pytest.fixture
def registry() -> Registry:
    return from_records(RECORDS)


def mentions(registry: Registry, text: str) -> list[tuple[str, str]]:
    return [(text[mention.start : mention.end], mention.party) for mention in registry.mentions(text)]


def test_names_aliases_and_leaders_are_mentions(registry: Registry) -> None:
    text = "Oldin said the CU would not join the Smallholders in Varna."
    assert mentions(registry, text) == [
        ("Oldin", "Coastal Union"),
        ("CU", "Coastal Union"),
        ("Smallholders", "Union of Smallholders"),
        ("Varna", "Varna"),
    ]


def test_of_overlapping_names_the_longest_counts(registry: Registry) -> None:
    assert mentions(registry, "Mara Oldin and the Coastal Union") == [
        ("Mara Oldin", "Coastal Union"),
        ("Coastal Union", "Coastal Union"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Varna's harbour", 1),
        ("Varna’s harbour", 1),
        ("(Varna)", 1),
        ("VARNA WINS", 1),
        ("Varnadale", 0),
        ("Nova_Varna", 0),
        ("varna", 0),
        ("", 0),
    ],
)
def test_word_boundaries_possessives_and_capitals(registry: Registry, text: str, expected: int) -> None:
    assert len(registry.mentions(text)) == expected


def test_an_alias_may_begin_a_sentence() -> None:
    registry = from_records([{"name": "Coastal Union", "aliases": ["the Union"]}])
    assert mentions(registry, "The Union won. Then the Union lost; THE UNION left.") == [
        ("The Union", "Coastal Union"),
        ("the Union", "Coastal Union"),
        ("THE UNION", "Coastal Union"),
    ]


def test_short_acronyms_match_in_one_case_only(registry: Registry) -> None:
    assert registry.mentions("cu later") == []


def test_spans_of_an_unregistered_target_are_found_by_its_name(registry: Registry) -> None:
    assert registry.spans("the harbour board met; Harbour Board vetoed", "Harbour Board") == (
        (4, 17),
        (23, 36),
    )
    assert registry.spans("nobody is named", "Coastal Union") == ()


def test_an_empty_registry_finds_nothing() -> None:
    assert EMPTY.mentions("Varna") == []
    assert EMPTY.spans("Varna", "Varna") == ((0, 5),)


def test_names_are_text_not_patterns() -> None:
    assert find_name("Who? (X.) won", "(X.)") == ((5, 9),)
    assert find_name("anything", "  ") == ()


def test_records_round_trip(registry: Registry) -> None:
    assert from_records(registry.to_records()) == registry


def test_mentions_are_ordered_values() -> None:
    assert sorted([Mention(5, 6, "b"), Mention(1, 2, "a")])[0].party == "a"


def test_a_registry_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text("- name: Varna\n  kind: country\n  aliases: [Varnans]\n", encoding="utf-8")
    assert read(path).mentions("Varnans vote")[0].party == "Varna"


def test_a_registry_that_is_no_list_is_refused(tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "parties.yaml"
    path.write_text("name: Varna\n", encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read(path)
    assert [problem.where for problem in caught.value.problems] == [str(path)]
    golden("values/parties-no-list", str(caught.value).replace(str(path), path.name))
