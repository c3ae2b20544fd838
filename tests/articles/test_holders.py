from __future__ import annotations

import pytest

from harness.articles.holders import find_holders
from harness.articles.mentions import find_mentions
from harness.articles.quotations import blank_quotations, quotation_continues
from harness.articles.sentences import Sentence, split_sentences
from harness.values.parties import from_records

REGISTRY = from_records(
    [
        {
            "name": "Ostrel",
            "kind": "country",
            "demonyms": ["Ostrelian"],
            "leaders": [{"name": "Mara Crane", "aliases": ["Crane"]}],
        },
        {"name": "Coastal Union", "leaders": [{"name": "Jon Bray", "aliases": ["Bray"]}]},
        {"name": "Varna", "kind": "country"},
    ]
)


def holder_labels(text: str) -> list[str]:
    sentences = split_sentences(text)
    return [holder.label for holder in find_holders(sentences, find_mentions(sentences, REGISTRY))]


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("Crane opened the bridge.", "writer"),
        ("Varna was told to wait.", "writer"),
        ("Neither Crane nor Bray blamed Varna.", "writer"),
        ("After Bray praised the bridge, it fell on Varna.", "writer"),
        ("Did Bray praise the bridge?", "writer"),
        ("Varna's promise was kept.", "writer"),
        ("Crane said Varna had lied.", "Ostrel"),
        ("Varna had lied, said Crane.", "Ostrel"),
        ("“Varna lied,” Crane said.", "Ostrel"),
        ("“Varna lied,” said Ada Orrin, a baker.", "Ada Orrin"),
        ("Crane, who was late, accused Varna of lying.", "Ostrel"),
        ("Crane's spokesman denied it.", "Ostrel"),
        ("Ostrelian officials blamed Varna.", "Ostrel"),
        ("Varna was condemned by the Coastal Union.", "Coastal Union"),
        ("According to Ada Orrin, Varna lied.", "Ada Orrin"),
        ("Varna lied, according to the Harbour Gazette.", "Harbour Gazette"),
        ("Critics say Varna lied.", "critics"),
        ("Two shop stewards warned Varna.", "two shop stewards"),
        ("Ada Orrin, a baker from Varna, praised the bridge.", "Ada Orrin"),
        ("President Mara Crane: “Varna lied.”", "Ostrel"),
        ("Varna, which the Coastal Union had called weak, won.", "writer"),
        ("Crane told us that she liked Varna.", "Ostrel"),
        ("I thank Varna, and Crane said so too.", "writer"),
    ],
)
def test_whose_view_a_sentence_gives(text: str, holder: str) -> None:
    assert holder_labels(text) == [holder]


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("Crane spoke to reporters. She praised Varna.", ["writer", "Ostrel"]),
        ("Crane said it was late. She praised Varna.", ["Ostrel", "Ostrel"]),
        ("“Varna lied. “It was bad,” Crane said.", None),
        ("“It is over,” Crane said. “Varna lied.”", ["Ostrel", "Ostrel"]),
        ("“It is over,” Crane said.\n“Varna lied.”", ["Ostrel", "Ostrel"]),
        ("“It is over,” Crane said.\nIt rained.", ["Ostrel", "writer"]),
        ("Crane made a promise:\n“Varna will pay.”", ["writer", "unknown"]),
        ("Crane made herself clear and added:\n“Varna will pay.”", ["Ostrel", "Ostrel"]),
        ("Ada Orrin lives here. “Varna lied,” Orrin said.", ["writer", "Ada Orrin"]),
        ("Lin Dawei lives here. Varna has lied, Lin said.", ["writer", "Lin Dawei"]),
    ],
)
def test_holders_across_sentences(text: str, holder: list[str] | None) -> None:
    labels = holder_labels(text)
    if holder is not None:
        assert labels == holder


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("Bray must go, she added.", "Ada Orrin"),
        ("Bray, she said, was late.", "Ada Orrin"),
        ("Bakers, she said, were late.", "Ada Orrin"),
        ("Had Bray left sooner, she says, Varna would have paid.", "Ada Orrin"),
        ("Asked whether Bray had lied, she said he had.", "Ada Orrin"),
        ("In a letter to Mara Crane, she said Varna had lied.", "Ada Orrin"),
        ("In her letter, she said Varna had lied.", "Ada Orrin"),
        ("His party would keep the toll, she vowed.", "Ada Orrin"),
        ("Speaking beside Bray, she said Varna had lied.", "Ada Orrin"),
        ("When Tilda Marsh left, she said Varna had lied.", "Tilda Marsh"),
        ("Tilda Marsh left the hall because, she said, it was late.", "Tilda Marsh"),
        ("Tilda Marsh left the hall and, she said, went home.", "Tilda Marsh"),
        ("The baker, who was late, said she was sorry.", "baker"),
        ("In her view, Varna lied.", "Ada Orrin"),
        ("The bakers, in her own words, lied to Varna.", "Ada Orrin"),
        ("Varna lied, in her opinion.", "Ada Orrin"),
        ("In her view of the harbour there were boats.", "writer"),
    ],
)
def test_she_is_who_spoke_last(text: str, holder: str) -> None:
    labels = holder_labels(f"Ada Orrin said it was late. {text}")
    assert labels[-1] == holder


@pytest.mark.parametrize(
    ("text", "holders"),
    [
        ("The harbour's manager in Lesk, Tilda Marsh, said it rained.", ["Tilda Marsh"] * 2),
        ("The Coastal Union's leader in Lesk, Tilda Marsh, said it rained.", ["Coastal Union"] * 2),
        ("The Coastal Union's members in Lesk said it rained.", ["Coastal Union", "Ada Orrin"]),
    ],
)
def test_she_may_speak_for_a_party(text: str, holders: list[str]) -> None:
    labels = holder_labels(f"Ada Orrin said it was late. {text} Varna had lied, she said.")
    assert labels[1:] == holders


def test_nobody_is_he_where_the_sentence_names_others() -> None:
    labels = holder_labels("Paul Marsh must go, he added.")
    assert labels == ["unknown"]


def test_a_colon_sets_off_a_paragraph() -> None:
    text = "Crane left. She said:\n\nI wait. Varna lied.\n\nIt rained."
    assert holder_labels(text) == ["writer", "Ostrel", "Ostrel", "Ostrel", "writer"]
    labels = holder_labels("It went so:\n\nVarna lied.\n\nIt rained.")
    assert labels == ["writer"] * 3


def test_a_post_goes_on_after_its_credit() -> None:
    text = (
        "Varna waits\n💬 President #Bray: We will build the bridge together with Varna.\n"
        "— Coastal Union (@cu) June 18, 2030\n❗️ To do this, we will raise the toll. pic.twitter.com/a"
    )
    assert holder_labels(text) == ["writer", "Coastal Union", "writer", "Coastal Union"]


def test_minutes_name_the_speaker() -> None:
    text = (
        "Bridge Bill\nCrane: I thank Varna for its patience.\nMr Bray: You thank a wall.\n"
        "The Member for Tilla: Order, please."
    )
    assert holder_labels(text)[1:] == ["Ostrel", "Coastal Union", "member for Tilla"]


def test_posts_are_their_authors_own() -> None:
    text = "@a: Crane says the bridge is fine, sure\n@b: Bray praised it, of all people\n@c: Varna lied again"
    assert holder_labels(text) == ["writer"] * 3


def test_what_is_quoted_is_said() -> None:
    sentences = split_sentences("“Varna lied,” Crane said. Crane praised Varna. Varna won.")
    holders = find_holders(sentences, find_mentions(sentences, REGISTRY))
    assert [(holder.kind, holder.via, holder.quoted, holder.voice) for holder in holders] == [
        ("party", "Mara Crane", True, "quoted"),
        ("party", "Mara Crane", False, "quoted"),
        ("writer", "", False, "own voice"),
    ]


@pytest.mark.parametrize(
    ("text", "inside", "expected"),
    [
        ("“We won,” he said.", False, "_________ he said."),
        ('"We won," he said.', False, "_________ he said."),
        ('It ended," he said.', False, "__________ he said."),
        ("It ended.” He left.", False, "__________ He left."),
        ("It went on.", True, "___________"),
        ("He said: “We won", False, "He said: _______"),
        ("The dog's bone and the cat's.", False, "The dog's bone and the cat's."),
        ("“It is appalling, Orrin said.", False, "_________________ Orrin said."),
    ],
)
def test_quotations_are_blanked(text: str, inside: bool, expected: str) -> None:
    assert blank_quotations(text, inside=inside).replace('"', "_") == expected


@pytest.mark.parametrize(
    ("text", "inside", "expected"),
    [
        ("“We won.", False, True),
        ("“We won.”", False, False),
        ("We won.", True, True),
        ("We won.”", True, False),
        ('"We won.', False, True),
        ('We won."', True, False),
    ],
)
def test_a_quotation_may_go_on(text: str, inside: bool, expected: bool) -> None:
    assert quotation_continues(text, inside) is expected


PARTIES_OF_TOLL = from_records(
    [
        {"name": "Saffron Party", "leaders": ["Ines Holm"]},
        {"name": "People's Alliance", "leaders": ["Tarik Brandt"]},
        {"name": "Harbour League"},
    ]
)


def labels(text: str) -> list[str]:
    sentences = split_sentences(text)
    return [holder.label for holder in find_holders(sentences, find_mentions(sentences, PARTIES_OF_TOLL))]


def test_a_quotation_that_is_not_closed_ends_with_its_paragraph() -> None:
    text = (
        "Ines Holm said: “The Harbour League lied about the toll.\n\n"
        "The council met on Tuesday. It rained.\n\nIt rained again on Friday."
    )
    assert labels(text) == ["Saffron Party", "writer", "writer", "writer"]


def test_a_long_quotation_goes_on_over_paragraphs() -> None:
    again = "Ines Holm said: “The League lied.\n\n“It lied again.\n\n“It always lies.”\n\nIt rained."
    assert labels(again) == ["Saffron Party"] * 3 + ["writer"]
    later = "Ines Holm said: “The League lied.\n\nIt lied again.\n\nIt always lies.”\n\nIt rained."
    assert labels(later) == ["Saffron Party"] * 3 + ["writer"]


def test_words_of_somebody_unknown_are_not_the_outlets() -> None:
    text = (
        "Ines Holm met Tarik Brandt on Monday.\n\n“The Harbour League is finished,” he said.\n\n"
        "It rained.\n\n“The Saffron Party is a disgrace and must go!”\n\nThe council met on Tuesday."
    )
    assert labels(text) == ["writer", "unknown", "writer", "unknown", "writer"]
    sentences = split_sentences(text)
    holders = find_holders(sentences, find_mentions(sentences, PARTIES_OF_TOLL))
    assert [holder.voice for holder in holders if holder.kind == "unknown"] == ["quoted", "quoted"]


@pytest.mark.parametrize(("text", "label"), [("“So sad.”", "writer"), ("“So very sad.”", "unknown")])
def test_two_words_in_marks_are_nobodys(text: str, label: str) -> None:
    assert labels(f"It rained.\n\n{text}") == ["writer", label]


INTERVIEW = """{opening}

Q: Did the Coastal Union lie?

A: The Coastal Union lied twice. It is good at that.

Q: What does Varna say?

A: Ada Orrin says that Varna is asleep. Varna snores.

{name} left. Varna did not answer."""


@pytest.mark.parametrize(
    ("opening", "name", "speaker"),
    [
        ("Tilda Marsh once ran the harbour of Varna.", "Marsh", "Tilda Marsh"),
        ("Jon Bray met us in Varna.", "Bray", "Coastal Union"),
        ("We met in Varna.", "Somebody", "unknown"),
    ],
)
def test_answers_of_an_interview_are_of_who_is_interviewed(opening: str, name: str, speaker: str) -> None:
    labels = holder_labels(INTERVIEW.format(opening=opening, name=name))
    answers = [speaker, speaker, "writer", "Ada Orrin", speaker]
    assert labels == ["writer", "writer", *answers, "writer", "writer"]


PLAIN_INTERVIEW = """{opening}

Did Varna lie to you?

It did. I saw it.

And Ostrel?

Crane says she paid. I doubt it.

We are told of a boat. What of that?

It sank.

{name} left. It rained."""


@pytest.mark.parametrize(
    ("opening", "speaker"),
    [("We spoke to Tilda Marsh in Lesk.", "Tilda Marsh"), ("Tilda Marsh lives in Lesk.", "writer")],
)
def test_questions_of_an_interview_need_no_letters(opening: str, speaker: str) -> None:
    labels = holder_labels(PLAIN_INTERVIEW.format(opening=opening, name="Marsh"))
    answers = ["writer", speaker, speaker, "writer", "Ostrel", speaker, "writer", "writer", speaker]
    assert labels == ["writer", *answers, "writer", "writer"]


def test_questions_of_an_explainer_are_no_interview() -> None:
    text = "We spoke to bakers in Lesk.\n\nWho pays you?\n\nVarna.\n\nWhy?\n\nIt must.\n\nWhen?\n\nIn May."
    assert set(holder_labels(text)) == {"writer"}


def test_one_letter_with_a_colon_is_no_interview() -> None:
    labels = holder_labels("Tilda Marsh wrote.\n\nA: Varna lied.\n\nB: Varna won.")
    assert set(labels) == {"writer"}


def test_a_line_without_text_is_read() -> None:
    sentences = [Sentence(1, "", 0, 0, 0, "body"), Sentence(2, "Crane said Varna lied.", 0, 22, 1, "body")]
    holders = find_holders(sentences, find_mentions(sentences, REGISTRY))
    assert [holder.label for holder in holders] == ["writer", "Ostrel"]
