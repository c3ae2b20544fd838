"""However a name is typed, it is found with the span of what was typed, and never means another party."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.serving.input_rows import examples
from harness.values.parties import EMPTY, Registry, find_name, from_records, shipped
from harness.values.parties.folding import fold, name_key

PARTIES = from_records(
    [
        {"name": "People's Alliance", "leaders": ["Séan O'Riordáin"]},
        {"name": "Saffron Party", "aliases": ["Saffrons"]},
        {"name": "Coast-Union", "aliases": ["Élan vital"]},
        {"name": "Weiße Liste", "aliases": ["Straßenbund"]},
        {"name": "Işık Partisi", "leaders": ["Kılıç Çınar"]},
        {"name": "Ostrelia", "kind": "country", "aliases": ["Republic of Ostrelia"]},
    ]
)
NAMES = [
    (form, party.name)
    for party in PARTIES.parties
    for form in party.surfaces
    if form != "Saffrons"  # a longer name has more places to decorate
]
SHIPPED = shipped()

APOSTROPHES = "'’‘ʼʻ′＇´`"
SPACES = [" ", "\u00a0", "\u202f", "\u2009", "  ", "\n", "\t", " \u00a0 ", "\u3000", "&nbsp;"]
DASHES = "-‐‑‒–—−－"
UNSEEN = ["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u200e"]
SURROUNDINGS = [("", ""), ("🔥", "🔥"), ("“", "”"), ("🇺🇳 ", "!"), ("(", ")"), ("said ", "’s vote"), ("", "²")]


@st.composite
def decorated(draw: st.DrawFn, name: str) -> str:
    """Type a name with other apostrophes, spaces, dashes and marks, and characters that are not seen."""
    case: Callable[[str], str] = draw(st.sampled_from([str, str.upper, fullwidth, turkish_capitals]))
    typed = []
    for index, plain in enumerate(case(name)):
        if plain == "'":
            character = draw(st.sampled_from([*APOSTROPHES, "&rsquo;", "&#39;"]))
        elif plain == " ":
            character = draw(st.sampled_from(SPACES))
        elif plain == "-":
            character = draw(st.sampled_from(DASHES))
        else:
            form = draw(st.sampled_from(["NFC", "NFD"]))
            character = unicodedata.normalize(form, plain)
        if index and draw(st.integers(0, 9)) == 0:
            typed.append(draw(st.sampled_from(UNSEEN)))
        typed.append(character)
    return "".join(typed)


def fullwidth(name: str) -> str:
    return "".join(
        chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalpha() else letter for letter in name
    )


def turkish_capitals(name: str) -> str:
    return name.replace("i", "İ").replace("ı", "I").upper()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_decorated_name_is_found_with_the_span_of_the_decorated_name(data: st.DataObject) -> None:
    name, party = data.draw(st.sampled_from(NAMES))
    typed = data.draw(decorated(name))
    before, after = data.draw(st.sampled_from(SURROUNDINGS))
    text = f"{before}{typed}{after}"
    mentions = [(mention.party, text[mention.start : mention.end]) for mention in PARTIES.mentions(text)]
    assert mentions == [(party, typed)]
    assert [text[slice(*span)] for span in PARTIES.spans(text, party)] == [typed]
    assert [text[slice(*span)] for span in find_name(text, name)] == [typed]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_decoration_makes_another_party_certain(data: st.DataObject) -> None:
    party = data.draw(st.sampled_from(SHIPPED.parties))
    name = data.draw(st.sampled_from(sorted({party.name, *party.surfaces})))
    typed = data.draw(decorated(name))
    before, after = data.draw(st.sampled_from(SURROUNDINGS))
    certain = {mention.party for mention in SHIPPED.mentions(f"{before}{typed}{after}")}
    # A leader may have led several parties.
    assert certain <= {mention.party for mention in SHIPPED.mentions(name)} | {party.name}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_offsets_of_any_text_lead_back_to_it_in_order(text: str) -> None:
    folded = fold(text)
    spans = [folded.original(index, index + 1) for index in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    assert fold(folded.text).text == folded.text or "&" in folded.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#SaffronParty wins", ["SaffronParty"]),
        ("ask @saffronparty now", ["saffronparty"]),
        ("＃Saffron_Party!", ["Saffron_Party"]),
        ("@PeoplesAlliance", ["PeoplesAlliance"]),
        ("#CoastUnion", ["CoastUnion"]),
        ("#SaffronPartyUK", []),
        ("mail@saffronparty.example", []),
        ("#unsaffronparty", []),
    ],
)
def test_hashtags_and_handles_name_parties(text: str, expected: list[str]) -> None:
    assert [text[mention.start : mention.end] for mention in PARTIES.mentions(text)] == expected


def test_a_hashtag_of_two_parties_is_nobody_s_for_certain() -> None:
    registry = from_records([{"name": "Co Ast"}, {"name": "COAST"}])
    assert registry.mentions("#coast") == []
    assert [mention.party for mention in registry.mentions("Co Ast")] == ["Co Ast"]


def test_marks_piled_on_letters_are_no_letters() -> None:
    text = "the " + "".join(letter + "\u0301\u0316" * 5 for letter in "Saffrons") + " won"
    (mention,) = PARTIES.mentions(text)
    assert (mention.party, text[mention.start : mention.end]) == ("Saffron Party", text[4:-4])


ARABIC = from_records([{"name": "Sudan", "kind": "country", "aliases": ["السودان"]}, {"name": "لبنان"}])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("قال السودان", ["السودان"]),
        ("والسودان", ["السودان"]),
        ("بالسودان وفي السودانِ", ["السودان", "السودانِ"]),
        ("للسودان", ["للسودان"]),
        ("فلبنان ولبنان", ["لبنان", "لبنان"]),
        ("جنوب السودان", []),
        ("السودانية", []),
    ],
)
def test_prefixes_of_arabic_are_no_part_of_a_name(text: str, expected: list[str]) -> None:
    assert [text[mention.start : mention.end] for mention in ARABIC.mentions(text)] == expected


SHORTER = from_records(
    [
        {"name": "Sudan", "kind": "country", "demonyms": ["Sudanese"]},
        {"name": "Ireland", "kind": "country"},
        {"name": "Guinea", "kind": "country"},
        {"name": "China", "kind": "country"},
        {"name": "Democrats", "aliases": ["Coast"], "leaders": ["Ada Orrin"]},
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        "Troops left South Sudan.",
        "troops left South\u00a0 Sudan",
        "SOUTH SUDAN SIGNS",
        "Voters in Northern Ireland",
        "The People’s Republic of China",
        "Equatorial Guinea and Papua New Guinea",
        "Guinea-Bissau",
        "the South China Sea",
        "le Soudan et l'Irlande du Nord".replace("Irlande", "Ireland"),
        "The Social Democrats and the Christian Democrats",
        "Coast Alliance",
    ],
)
def test_a_name_inside_a_longer_one_is_unsure(text: str) -> None:
    assert SHORTER.mentions(text) == []
    forms = SHORTER.forms(text)
    assert forms
    assert all(form.partial for form in forms)


@pytest.mark.parametrize(
    "before", ['"', "“", "«", "'", "(", "[", "– ", "—", "/", "Anti-", "1990-", "*", "“'"]
)
@pytest.mark.parametrize(
    "name",
    [
        "South Sudan",
        "Northern Ireland",
        "People's Republic of China",
        "Christian Democrats",
        "Papua New Guinea",
    ],
)
def test_a_longer_name_behind_a_mark_is_unsure_too(before: str, name: str) -> None:
    text = f"They left {before}{name}."
    assert SHORTER.mentions(text) == []
    assert all(form.partial for form in SHORTER.forms(text))
    assert find_name(text, "Sudan") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The south of Sudan", ["Sudan"]),
        ("New Sudan sanctions took effect", ["Sudan"]),
        ("Trade Deal Brings New China Tariffs Home", ["China"]),
        ("House Democrats met", ["Democrats"]),
        ("then Democratic Ada Orrin met", ["Democrats"]),
        ("Republic of letters, Ireland", ["Ireland"]),
        ("the bank of Ireland's river", ["Ireland"]),
    ],
)
def test_other_words_beside_a_name_leave_it_certain(text: str, expected: list[str]) -> None:
    assert [mention.party for mention in SHORTER.mentions(text)] == expected


def test_a_target_is_found_in_rows_to_label_however_it_is_typed() -> None:
    import pandas as pd

    rows = pd.DataFrame(
        {
            "text": ["The People’s\u00a0Alliance won.", "#SaffronParty lost.", "South Sudan signed."],
            "target": ["PEOPLE'S Alliance", "Saffron Party", "Sudan"],
        }
    )
    registries: list[Registry] = [PARTIES, EMPTY]
    for registry in registries:
        items = examples(rows, "stance", registry)
        assert [[item.text[slice(*span)] for span in item.spans] for item in items] == [
            ["People’s\u00a0Alliance"],
            ["SaffronParty"],
            [],
        ]


PIECES = st.sampled_from(
    [
        "Sudan",
        "sudan",
        "South",
        "Republic of",
        "Ireland",
        "ville",
        "#",
        "(",
        " ",
        "  ",
        "-",
        "'s",
        "\u00ad",
        "\u0308",
        "&amp;",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PIECES, max_size=8).map("".join),
    st.sampled_from(["Sudan", "Ireland", " Sudan", "South Sudan", ""]),
)
def test_whether_a_text_names_a_party_is_whether_it_is_found(text: str, target: str) -> None:
    registries: list[Registry] = [EMPTY, SHORTER]
    for registry in registries:
        assert registry.names(text, target) == bool(registry.spans(text, target))


def test_keys_of_names_agree_where_the_names_do() -> None:
    assert name_key("PEOPLE’S  ALLIANCE ") == name_key("People's Alliance")
    assert name_key("Weiße Liste") == name_key("WEISSE LISTE")
    assert name_key("IŞIK PARTİSİ") == name_key("Işık Partisi")
    assert name_key("Saffron Party") != name_key("Saffron Parties")
