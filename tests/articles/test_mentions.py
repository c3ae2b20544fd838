from __future__ import annotations

import pytest

from harness.articles.mentions import PartyMention, find_mentions
from harness.articles.sentences import split_sentences
from harness.values.parties import from_records, shipped

REGISTRY = from_records(
    [
        {
            "name": "Ostrel",
            "kind": "country",
            "ambiguous": ["Hale"],
            "demonyms": ["Ostrelian"],
            "leaders": [{"name": "Mara Crane", "from": "2030-01-01"}],
        },
        {"name": "Coastal Union", "aliases": ["CU"], "leaders": [{"name": "Jon Bray", "aliases": ["Bray"]}]},
        {"name": "Varna", "kind": "country"},
        {"name": "Harbour Party", "ambiguous": ["Haven"], "leaders": [{"name": "John Bray"}]},
    ]
)


def mentioned(text: str, *, linked: bool = True, date: str = "") -> list[list[tuple[str, str, bool]]]:
    sentences = split_sentences(text)
    return [
        [(mention.party, mention.reference, mention.sure) for mention in in_sentence]
        for in_sentence in find_mentions(sentences, REGISTRY, date=date, linked=linked)
    ]


def test_a_party_stands_once_a_sentence_with_all_its_spans() -> None:
    (mentions,) = find_mentions(split_sentences("Ostrel said Ostrel's ships were Ostrelian ships."), REGISTRY)
    assert mentions == [PartyMention("Ostrel", ((0, 6), (12, 18)), "name")]


def test_a_surname_counts_once_the_article_gave_the_name() -> None:
    assert mentioned("Crane left.") == [[]]
    assert mentioned("Mara Crane came. Crane left.") == [[("Ostrel", "leader", True)]] * 2


def test_a_surname_that_two_bear_is_unsure() -> None:
    text = "Mara Crane came. So did Ada Crane. Crane left."
    assert mentioned(text)[2] == [("Ostrel", "leader", False)]
    assert mentioned("Mara Crane came. Then Ada Crane left.")[1] == []


def test_a_leader_out_of_office_is_nobody() -> None:
    assert mentioned("Mara Crane came.", date="2029-01-01") == [[]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ostrelian officials left.", [("Ostrel", "demonym", True)]),
        ("The Ostrelian foreign ministry left.", [("Ostrel", "demonym", True)]),
        ("The Ostrelian Ministry of Works left.", [("Ostrel", "demonym", True)]),
        ("The Ostrelian Works and Harbours Minister left.", [("Ostrel", "demonym", True)]),
        ("The Ostrelian Air Force left.", [("Ostrel", "demonym", True)]),
        ("The Ostrelian National Border Guard left.", [("Ostrel", "demonym", True)]),
        ("An Ostrelian tenor sang.", [("Ostrel", "demonym", False)]),
        ("The Ostrelian Chess Federation left.", [("Ostrel", "demonym", False)]),
        ("An Ostrelian Air carrier left.", [("Ostrel", "demonym", False)]),
    ],
)
def test_a_demonym_names_the_state_beside_an_office(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert mentioned(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ostrel waited. Hale answered.", [("Ostrel", "name", True)]),
        ("Ostrel waited. They met in Hale.", [("Ostrel", "name", False)]),
        ("Nobody waited. Hale answered.", [("Ostrel", "name", False)]),
        ("Ostrel waited. Ada Hale answered.", []),
        ("Ada Hale waited. Hale answered.", []),
        ("Ostrel waited. Mr Hale answered.", []),
    ],
)
def test_the_article_settles_an_ambiguous_name(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert mentioned(text)[1] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jon Bray came. He won.", [("Coastal Union", "pronoun", True)]),
        ("Jon Bray met Ada Orrin. He won.", []),
        ("John Bray came. She won.", []),
        ("Jon Bray met Mara Crane. He won.", []),
        ("Jon Bray came. Ada Orrin said he won.", []),
        ("Jon Bray came.\n\nIt rained.\n\nHe won.", []),
        ("The Coastal Union came. The party won.", [("Coastal Union", "description", True)]),
        ("The Coastal Union came. The country won.", []),
        ("Varna met Ostrel. The country won.", []),
    ],
)
def test_what_is_meant_counts_where_one_reading_is_left(
    text: str, expected: list[tuple[str, str, bool]]
) -> None:
    assert mentioned(text)[-1] == expected
    assert mentioned(text, linked=False)[-1] == []


def test_an_office_means_its_one_holder() -> None:
    text = "President Mara Crane came. It rained. The president left."
    assert mentioned(text)[2] == [("Ostrel", "title", True)]
    assert mentioned("Chancellor Jon Bray met Chancellor Mara Crane. The chancellor left.")[1] == []


def test_what_is_left_out_names_nobody() -> None:
    assert mentioned("Varna won.\nRead next: Ostrel loses") == [[("Varna", "name", True)], []]


def test_capitals_do_not_make_a_name_of_a_pronoun() -> None:
    (mentions,) = find_mentions(split_sentences("THEY TOLD US NOTHING."), shipped())
    assert [(mention.party, mention.sure) for mention in mentions] == [("United States", False)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Harbour party won.", [("Harbour Party", "name", True)]),
        ("The HARBOUR PARTY won.", [("Harbour Party", "name", True)]),
        ("The harbour party was loud.", []),
    ],
)
def test_the_noun_of_a_name_may_be_small(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert mentioned(text) == [expected]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("The Harbour Party (HP) won. HP left.", [("Harbour Party", "name", True)]),
        ("The Harbour Party (GROUP) won. GROUP left.", []),
        ("HP left.", []),
        ("The Coast Unionists (CU) won. Coast Unionists left.", [("Coastal Union", "name", True)]),
        ("The Tilla Unionists (CU) won. Tilla Unionists left.", []),
        ("Carla Ungers (CU) won. Carla Unger left.", []),
        ("The Coast Unionists (CU) won. Varna's Coast Unionists left.", [("Varna", "name", True)]),
        ("The Coast Unionists (CU) won. The Bray Coast Unionists left.", [("Coastal Union", "name", True)]),
    ],
)
def test_an_article_introduces_names_in_brackets(text: str, last: list[tuple[str, str, bool]]) -> None:
    assert mentioned(text)[-1] == last


def test_a_title_of_before_hides_no_leader() -> None:
    (mentions,) = find_mentions(
        split_sentences("It is former President Donald Trump."), shipped(), date="2024-09-25"
    )
    assert [(mention.party, mention.sure) for mention in mentions] == [("Republican Party", True)]


@pytest.mark.parametrize(
    ("text", "party", "sure"),
    [
        ("A Tory minister left.", "Conservative Party", [True]),
        ("John Tory left.", "", []),
        ("Reform UK won. Ten joined Reform.", "Reform UK", [True, True]),
        ("Reform UK won. Reform gained ten seats.", "Reform UK", [True, True]),
        ("Reform UK won. The Welfare Reform Bill fell. Reform of the law is due.", "Reform UK", [True]),
        ("Downing Street waited. No 10 denied it.", "United Kingdom", [True, True]),
        ("The striker wore Number 10.", "United Kingdom", [False]),
    ],
)
def test_what_british_papers_call_them(text: str, party: str, sure: list[bool]) -> None:
    mentions = find_mentions(split_sentences(text), shipped())
    assert [(each.party, each.sure) for found in mentions for each in found] == [
        (party, each) for each in sure
    ]


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("They left for South\nVarna on Monday.", False),
        ("They met Mary\nBray on Monday.", False),
        ("They left the city\nVarna was empty.", True),
        ("They left the South.\nVarna was empty.", True),
    ],
)
def test_a_name_that_begins_a_line_may_be_part_of_a_longer_one(text: str, sure: bool) -> None:
    assert [mention[2] for in_sentence in mentioned(text) for mention in in_sentence] == [sure]


def test_washington_the_person_the_paper_and_the_government() -> None:
    text = "The United States waited. Denzel Washington sang for the Washington Post. Washington answered."
    mentions = [
        [(mention.party, mention.sure) for mention in in_sentence]
        for in_sentence in find_mentions(split_sentences(text), shipped())
    ]
    assert mentions == [[("United States", True)], [], []]


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Banners hung throughout Pyongyang.", False),
        ("He flew to Pyongyang.", False),
        ("They left Pyongyang airport.", False),
        ("He hailed Pyongyang.", True),
        ("Aid came with help from Pyongyang.", True),
        ("Banners hung in Pyongyang, and North Korea paid.", True),
    ],
)
def test_a_capital_after_a_word_of_place_may_be_the_city(text: str, sure: bool) -> None:
    ((mention,),) = find_mentions(split_sentences(text), shipped())
    assert (mention.party, mention.sure) == ("North Korea", sure)


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Varna lost. The government was silent.", [True]),
        ("Men who spied for Varna fled. The government was silent. The country was calm.", [False, False]),
        ("A tax on steel from neighbouring Varna rose. Traders blamed the government.", [False]),
        ("In Varna, a strike began. The government was silent.", [True]),
        ("A strike began in Varna. The government was silent.", [False]),
        ("The president of Varna spoke. The country listened.", [True]),
        ("Fear of Varna grew. The country listened.", [False]),
        ("They sued for the Coastal Union. The party was silent.", [True]),
    ],
)
def test_the_government_is_that_of_the_state_which_a_sentence_is_about(text: str, sure: list[bool]) -> None:
    described = [m for in_sentence in mentioned(text) for m in in_sentence if m[1] == "description"]
    assert [mention[2] for mention in described] == sure


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("VARNA — The bridge fell.", []),
        ("VARNA, March 3 (Wire) - The bridge fell.", []),
        ("Lesk, Varna – A bridge fell.", []),
        ("Varna/Lesk, 3 mar (wire).- A bridge fell.", []),
        ("LESK, Varna. A bridge fell.", []),
        ("VARNA (wire) -- Ostrel lost the bridge.", ["Ostrel"]),
        ("VARNA. The bridge fell. Varna lied.", ["Varna"]),
        ("The bridge fell.\n\nVARNA — The bridge fell.", ["Varna"]),
        ("Varna – a town on a hill – lost.", ["Varna"]),
        ("Varna, Ostrel – and nobody else – lost.", ["Varna", "Ostrel"]),
        ("Jon Bray – The bridge fell.", ["Coastal Union"]),
        ("Coastal Union – The bridge fell.", ["Coastal Union"]),
        ("Varna lost. The bridge fell.", ["Varna"]),
    ],
)
def test_a_dateline_names_nobody(text: str, named: list[str]) -> None:
    assert [mention[0] for in_sentence in mentioned(text) for mention in in_sentence] == named


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Can Crane win? Crane left.", [True, True]),
        ("Unlike Crane, he left. Crane left.", [True, True]),
        ("“Did Crane win?” Crane left.", [True, True]),
        ("Will Crane win? Crane left.", [True, True]),
        ("Will Crane sang. Crane left.", [False]),
        ("Oda Crane sang. Crane left.", [False]),
        ("Can Ada Crane win? Crane left.", [False]),
    ],
)
def test_what_begins_a_sentence_is_no_first_name(text: str, sure: list[bool]) -> None:
    first, *rest = [
        mention[2] for in_sentence in mentioned(f"Mara Crane won. {text}") for mention in in_sentence
    ]
    assert first
    assert rest == sure
