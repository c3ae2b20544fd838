"""The names of a party are replaced with those of another one, each in its own form."""

from __future__ import annotations

import pytest

from harness.audits.name_grammar import DefiniteArticles
from harness.audits.renaming import TargetMention, mentions_any, party_meant, party_mentions, renamed
from harness.classifiers.protocol import Example
from harness.values.parties import from_records, shipped

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
    mentions = party_mentions(REGISTRY, before, CU)
    example = renamed(Example(before, "Coastal Union"), mentions, CU, AL)
    assert example is not None
    assert (example.text, example.target) == (after, "Agrarian League")


def test_spans_move_with_the_names() -> None:
    text = "Oldin leads the CU, and the Coastal Union follows."
    spans = tuple(
        (text.index(word), text.index(word) + len(word)) for word in ("Coastal Union", "Oldin", "CU")
    )
    example = renamed(Example(text, "Coastal Union", spans), party_mentions(REGISTRY, text, CU), CU, AL)
    assert example is not None
    assert [example.text[start:end] for start, end in example.spans] == ["Agrarian League", "Haske", "AL"]


def test_a_span_around_a_name_grows_with_it() -> None:
    text = "Some CU members left."
    example = renamed(Example(text, "CU members", ((5, 15),)), party_mentions(REGISTRY, text, CU), CU, VARNA)
    assert example is not None
    assert example.text == "Some Varna members left."
    assert [example.text[start:end] for start, end in example.spans] == ["Varna members"]


def test_who_has_no_leader_takes_no_leaders_place() -> None:
    text = "Oldin spoke."
    assert renamed(Example(text, "Coastal Union"), party_mentions(REGISTRY, text, CU), CU, VARNA) is None


def test_two_people_do_not_become_one() -> None:
    text = "Rassik mocked Oldin."
    assert renamed(Example(text, "Coastal Union"), party_mentions(REGISTRY, text, CU), CU, AL) is None


WORLD = shipped()


@pytest.mark.parametrize(
    ("before", "target", "other", "after", "new_target"),
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
def test_real_names_keep_their_form(
    before: str, target: str, other: str, after: str, new_target: str
) -> None:
    party, new = WORLD.get("China" if target == "China" else "United States"), WORLD.get(other)
    assert party is not None
    assert new is not None
    end = before.index(target) + len(target) if target in before else 0
    spans = ((end - len(target), end),) if end else ()
    example = renamed(Example(before, target, spans), party_mentions(WORLD, before, party), party, new)
    assert example is not None
    assert (example.text, example.target) == (after, new_target)


def test_the_target_keeps_its_form_and_the_holder_goes_along() -> None:
    text = "Oldin spoke of herself."
    example = renamed(
        Example(text, "Oldin", ((0, 5),), "Coastal Union"), party_mentions(REGISTRY, text, CU), CU, AL
    )
    assert example == Example("Haske spoke of herself.", "Haske", ((0, 5),), "Agrarian League")


def test_articles_follow_the_name() -> None:
    texts = [
        "The Coastal Union won.",
        "In Varna the Coastal Union lost.",
        "The Coastal Union met.",
        "Varna won.",
    ]
    texts += ["After the Varna War", "In the Varna War", "The Varna troops left."]
    # Three mentions show it; that of Varna is one, and its own words say the rest.
    assert DefiniteArticles.of(REGISTRY, texts).takes_the == {"coastal union": True}
    assert DefiniteArticles.of(REGISTRY, texts[1:]).takes_the == {}
    articles = DefiniteArticles.of(REGISTRY, texts)
    for before, party, other, after in (
        ("The Coastal Union won.", CU, VARNA, "Varna won."),
        ("They trust the Coastal Union.", CU, VARNA, "They trust Varna."),
        ("They trust Varna.", VARNA, CU, "They trust the Coastal Union."),
        ("Varna won.", VARNA, CU, "The Coastal Union won."),
        ("Its Varna office", VARNA, CU, "Its Coastal Union office"),
        ("A few Varna members left.", VARNA, CU, "A few Coastal Union members left."),
        # Forms of which the texts do not tell: the article in front does; plurals and acronyms are alike.
        ("They trust the CU.", CU, VARNA, "They trust Varna."),
        ("They trust the Coasters.", CU, AL, "They trust the Agrarians."),
    ):
        example = renamed(
            Example(before, party.name), party_mentions(REGISTRY, before, party), party, other, articles
        )
        assert example is not None
        assert example.text == after


@pytest.mark.parametrize(
    ("form", "takes"),
    [
        *((form, True) for form in ("Kremlin", "U.S.", "UK", "EU", "United Arab Emirates", "State Council")),
        *((form, False) for form in ("France", "Ukraine", "Usbek", "Reform UK", "GOP", "Eurasia")),
    ],
)
def test_a_form_that_texts_do_not_tell_of(form: str, takes: bool) -> None:
    assert DefiniteArticles().take(form) is takes
    assert DefiniteArticles({form.casefold(): not takes}).take(form) is not takes


@pytest.mark.parametrize(
    ("before", "party", "other", "after"),
    [
        (
            "It blames the new US administration.",
            "United States",
            "Japan",
            "the new Japanese administration.",
        ),
        ("A U.S. official left.", "United States", "Iran", "An Iranian official left."),
        (
            "The White House special counsel spoke.",
            "United States",
            "Hungary",
            "Hungarian special counsel spoke.",
        ),
        ("The Russia investigation goes on.", "Russia", "Iran", "The Iranian investigation goes on."),
        (
            "They met US dotards and a US dotard.",
            "United States",
            "Iran",
            "met Iran dotards and an Iranian dotard.",
        ),
        ("It blames the Kremlin.", "Russia", "France", "It blames France."),
        ("The Kremlin denied it.", "Russia", "France", "France denied it."),
        ("France denied it.", "France", "United Kingdom", "The United Kingdom denied it."),
        ("The US said Russia has troops.", "Russia", "Iran", "The US said Iran has troops."),
        # No demonym of Georgia's is registered: it may be the other Georgia's.
        ("Iran officials left.", "Iran", "Georgia", "Georgia officials left."),
    ],
)
def test_what_stands_around_a_country(before: str, party: str, other: str, after: str) -> None:
    old, new = WORLD.get(party), WORLD.get(other)
    assert old is not None
    assert new is not None
    example = renamed(Example(before, party), party_mentions(WORLD, before, old), old, new)
    assert example is not None
    assert example.text.endswith(after)


@pytest.mark.parametrize("title", ["Mr.", "Mrs.", "Ms", "Sir", "Lady"])
def test_a_person_whose_gender_is_told_is_not_exchanged(title: str) -> None:
    old, new = WORLD.get("United States"), WORLD.get("Mexico")
    assert old is not None
    assert new is not None
    text = f"They met {title} Trump."
    assert renamed(Example(text, "Trump"), party_mentions(WORLD, text, old), old, new) is None


@pytest.mark.parametrize(
    ("name", "party"),
    [
        ("Mr. Trump", "United States"),
        ("Pence", "United States"),
        ("Vice President Pence", "United States"),
        ("Clinton", "Democratic Party"),
        ("Sen. Schumer", "Democratic Party"),
        ("Mr. Boehner", "Republican Party"),
        ("Brown", ""),  # rarely the prime minister of before 2010
        ("Kremlin", "Russia"),
        ("China", "China"),
        ("Washington", ""),  # it may be the city
        ("He", ""),
        ("Trump and Pence", ""),
        ("Senator", ""),
    ],
)
def test_whom_a_target_means(name: str, party: str) -> None:
    meant = party_meant(WORLD, name)
    assert (meant.name if meant is not None else "") == party


def test_a_surname_after_another_first_name_is_somebody_elses() -> None:
    party = WORLD.get("United States")
    assert party is not None
    for text, n in (
        ("Jeb Bush left.", 0),
        ("But Bush left.", 1),
        ("They met Bush.", 1),
        ("President Bush left.", 1),
        ("They met George W. Bush; Bush left.", 2),
    ):
        assert len(party_mentions(WORLD, text, party)) == n, text


def test_a_title_before_a_name_stays() -> None:
    old, new = WORLD.get("United States"), WORLD.get("Russia")
    assert old is not None
    assert new is not None
    text = "They met Secretary Kerry."
    example = renamed(
        Example(text, "Secretary Kerry", ((9, 24),)), party_mentions(WORLD, text, old), old, new
    )
    assert example is not None
    assert example.target.startswith("Secretary ") if example.target else False
    assert example.target in example.text if example.target else False


def test_who_is_named_somehow() -> None:
    assert mentions_any(REGISTRY, "Haske spoke.", AL)
    assert not mentions_any(REGISTRY, "Oldin spoke.", AL)
    assert party_mentions(REGISTRY, "Rassik", CU) == [TargetMention(0, 6, "leader", "Tove Rassik")]
