"""A party's names go over into another's, each in its own form."""

from __future__ import annotations

import pytest

from harness.audits.renaming import Naming, names_any, namings, renamed, with_article
from harness.classifiers.protocol import Example
from harness.parties import from_records, shipped

REGISTRY = from_records(
    [
        {
            "name": "Coastal Union",
            "aliases": ["CU", "Coasters"],
            "demonyms": ["Coastal"],
            "leaders": [
                {"name": "Mara Oldin", "aliases": ["Oldin", "President Oldin", "President Mara Oldin"]},
                {"name": "Tove Rassik", "aliases": ["Rassik"]},
            ],
        },
        {
            "name": "Agrarian League",
            "aliases": ["AL", "Agrarians"],
            "demonyms": ["Agrarian"],
            "leaders": [{"name": "Bettin Haske", "aliases": ["Haske"]}],
        },
        {"name": "Varna", "kind": "country"},
    ]
)
CU, AL, VARNA = REGISTRY.parties


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The Coastal Union won.", "The Agrarian League won."),
        ("THE COASTAL UNION WON.", "THE AGRARIAN LEAGUE WON."),
        ("The Coastal Union's plan, the CU’s plan", "The Agrarian League's plan, the AL’s plan"),
        ("the Coasters' plan", "the Agrarians' plan"),
        ("A Coastal Union minister met a CU man.", "An Agrarian League minister met an AL man."),
        ("President Mara Oldin spoke; Oldin left.", "President Bettin Haske spoke; Haske left."),
        ("President Oldin of the Coastal Union", "President Haske of the Agrarian League"),
        ("THE CU OF OLDIN", "THE AL OF HASKE"),
        ("OLDIN SPOKE. MARA OLDIN LEFT.", "HASKE SPOKE. BETTIN HASKE LEFT."),
        ("Nobody is named.", "Nobody is named."),
    ],
)
def test_each_name_keeps_its_form(before: str, after: str) -> None:
    found = namings(REGISTRY, before, CU)
    made = renamed(Example(before, "Coastal Union"), found, CU, AL)
    assert made is not None
    assert (made.text, made.target) == (after, "Agrarian League")


def test_spans_move_with_the_names() -> None:
    text = "Oldin leads the CU, and the Coastal Union follows."
    spans = tuple(
        (text.index(word), text.index(word) + len(word)) for word in ("Coastal Union", "Oldin", "CU")
    )
    made = renamed(Example(text, "Coastal Union", spans), namings(REGISTRY, text, CU), CU, AL)
    assert made is not None
    assert [made.text[start:end] for start, end in made.spans] == ["Agrarian League", "Haske", "AL"]


def test_a_span_around_a_name_grows_with_it() -> None:
    text = "Some CU members left."
    made = renamed(Example(text, "CU members", ((5, 15),)), namings(REGISTRY, text, CU), CU, VARNA)
    assert made is not None
    assert made.text == "Some Varna members left."
    assert [made.text[start:end] for start, end in made.spans] == ["Varna members"]


def test_who_has_no_leader_takes_no_leaders_place() -> None:
    text = "Oldin spoke."
    assert renamed(Example(text, "Coastal Union"), namings(REGISTRY, text, CU), CU, VARNA) is None


def test_two_people_do_not_become_one() -> None:
    text = "Rassik mocked Oldin."
    assert renamed(Example(text, "Coastal Union"), namings(REGISTRY, text, CU), CU, AL) is None


WORLD = shipped()


@pytest.mark.parametrize(
    ("before", "target", "other", "after", "then"),
    [
        ("Donald Trump left; Trump spoke.", "Trump", "Russia", "Vladimir Putin left; Putin spoke.", "Putin"),
        ("TRUMP left.", "TRUMP", "Russia", "PUTIN left.", "PUTIN"),
        ("Trump left.", "Trump", "China", "Xi left.", "Xi"),
        ("Trump left.", "Trump", "Saudi Arabia", "bin Salman left.", "bin Salman"),
        ("They met Trump.", "Trump", "Philippines", "They met Marcos.", "Marcos"),
        (
            "It was Donald Trump.",
            "Donald Trump",
            "Philippines",
            "It was Ferdinand Marcos Jr.",
            "Ferdinand Marcos Jr.",
        ),
        ("CHINA won.", "China", "Russia", "RUSSIA won.", "Russia"),
        ("The U.S. won.", "United States", "United Kingdom", "The UK won.", "United Kingdom"),
    ],
)
def test_real_names_keep_their_form(before: str, target: str, other: str, after: str, then: str) -> None:
    party, new = WORLD.get("China" if target == "China" else "United States"), WORLD.get(other)
    assert party is not None
    assert new is not None
    end = before.index(target) + len(target) if target in before else 0
    spans = ((end - len(target), end),) if end else ()
    made = renamed(Example(before, target, spans), namings(WORLD, before, party), party, new)
    assert made is not None
    assert (made.text, made.target) == (after, then)


def test_the_target_keeps_its_form_and_the_holder_goes_along() -> None:
    text = "Oldin spoke of herself."
    made = renamed(Example(text, "Oldin", ((0, 5),), "Coastal Union"), namings(REGISTRY, text, CU), CU, AL)
    assert made == Example("Haske spoke of herself.", "Haske", ((0, 5),), "Agrarian League")


def test_articles_follow_the_name() -> None:
    texts = ["The Coastal Union won.", "In Varna the Coastal Union lost.", "Varna won."]
    texts += ["After the Varna War", "In the Varna War"]
    articled = with_article(REGISTRY, texts)
    assert articled == {"Coastal Union"}
    for before, party, other, after in (
        ("The Coastal Union won.", CU, VARNA, "Varna won."),
        ("They trust the Coastal Union.", CU, VARNA, "They trust Varna."),
        ("They trust Varna.", VARNA, CU, "They trust the Coastal Union."),
        ("Varna won.", VARNA, CU, "The Coastal Union won."),
        ("Its Varna office", VARNA, CU, "Its Coastal Union office"),
    ):
        made = renamed(Example(before, party.name), namings(REGISTRY, before, party), party, other, articled)
        assert made is not None
        assert made.text == after


def test_who_is_named_somehow() -> None:
    assert names_any(REGISTRY, "Haske spoke.", AL)
    assert not names_any(REGISTRY, "Oldin spoke.", AL)
    assert namings(REGISTRY, "Rassik", CU) == [Naming(0, 6, "leader", "Tove Rassik")]
