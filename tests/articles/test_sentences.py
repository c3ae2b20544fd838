from __future__ import annotations

import dataclasses
import itertools

import pytest

from harness.articles.line_kinds import kind_of_line
from harness.articles.sentences import MAX_SENTENCE, split_sentences


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Oldin met Mr. Hale on Jan. 5 at 5 p.m. in Varna. They ate.", 2),
        ("Sen. Ada Crane, D-W.Va., left. J. K. Orrin stayed.", 2),
        ('"We will win." She sat down. "Yes!" he said, "we will." Then they left.', 4),
        ("He said: “We are done. Nobody came. It is over.” The crowd left.", 2),
        ("They rose 3.5 percent to $1.2 billion. See https://varna.example/a.b?c=d. Done.", 3),
        ("Well... maybe. I think… no. He paused ... and went on.", 3),
        ("Stop!! Really?! OK. #Varna @user won. Fine.", 5),
        ("(He was late.) They ate.", 2),
        ("We won 🎉 thank you. 🙏 To all of you.", 2),
    ],
)
def test_sentences_are_told_apart(text: str, expected: int) -> None:
    assert len(texts(text)) == expected, texts(text)


def test_a_link_stays_with_its_sentence() -> None:
    assert texts("Varna won. pic.twitter.com/abc") == ["Varna won. pic.twitter.com/abc"]


def test_a_long_speech_is_read_sentence_by_sentence() -> None:
    speech = "“" + " ".join(f"This is sentence number {n} of a long speech." for n in range(10)) + "”"
    assert len(texts(speech)) == 10
    assert texts(speech)[-1].endswith("”")


def test_bullets_and_numbers_are_no_part_of_a_sentence() -> None:
    assert texts("Plans:\n- Build it.\n• Pay for it.\n2. Leave it.") == [
        "Plans:",
        "Build it.",
        "Pay for it.",
        "Leave it.",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_offsets_are_those_of_the_original(newline: str) -> None:
    text = f"  \ufeffVarna’s bridge 🎉 fell.{newline}{newline}\tNobody was hurt, “we hope.” Nobody came. "
    sentences = split_sentences(text)
    assert len(sentences) >= 3
    assert all(sentence.text == text[sentence.start : sentence.end] for sentence in sentences)
    assert all(a.end <= b.start for a, b in itertools.pairwise(sentences))


def test_wrapped_lines_are_one_paragraph() -> None:
    text = (
        "The Coastal Union asked on Tuesday for a vote on the bridge, which\n"
        "it has called a waste of money since the day on which it was first\n"
        "drawn. Nobody answered."
    )
    first, second = split_sentences(text)
    assert (first.paragraph, second.paragraph) == (0, 0)
    assert first.text == text[first.start : first.end].replace("\n", " ")


def test_a_title_is_the_first_sentence_with_offsets_of_its_own() -> None:
    sentences = split_sentences("The bridge fell.", title=" Bridge falls ")
    assert [dataclasses.astuple(sentence) for sentence in sentences] == [
        (1, "Bridge falls", 1, 13, -1, "headline"),
        (2, "The bridge fell.", 0, 16, 0, "body"),
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Read next: The Union's new leader", "boilerplate"),
        ("Read more books, she said.", "body"),
        ("Dive deeper", "boilerplate"),
        ("Share this article", "boilerplate"),
        ("Share prices fell", "heading"),
        ("Share | Tweet | Email", "boilerplate"),
        ("Sign up for our newsletter", "boilerplate"),
        ("Follow us on Chirrup", "boilerplate"),
        ("© 2030 The Ledger. All rights reserved.", "boilerplate"),
        ("Photo: Ada Crane / Ledger", "boilerplate"),
        ("Reporting by Ada Crane; editing by Jon Hale", "boilerplate"),
        ("This article was updated on Monday.", "boilerplate"),
        ("More from the government was expected.", "body"),
        ("By Ada Crane and Jon Hale", "byline"),
        ("By noon the Union had lost.", "body"),
        ("VARNA, 11 March", "dateline"),
        ("Monday, June 18, 2030", "dateline"),
        ("— Varna Harbour 🇧🇬 (@varna) June 18, 2030", "credit"),
        ("What the Union wants", "heading"),
        ("The Union won.", "body"),
    ],
)
def test_kinds_of_lines(line: str, kind: str) -> None:
    assert kind_of_line(line, first=False, alone=False) == kind


def test_a_first_line_without_a_full_stop_is_the_headline() -> None:
    assert kind_of_line("Union wins in Varna", first=True, alone=False) == "headline"
    assert kind_of_line("Union wins in Varna", first=True, alone=True) == "body"


@pytest.mark.parametrize(
    "text",
    [
        "word " * 60_000,
        "x" * 300_000,
        "." * 300_000,
        "😀" * 100_000,
        '"' * 100_000,
        "\n" * 300_000,
        "A. " * 30_000,
        "قال الرئيس. " * 3_000,
        "(a.) " * 5_000,
        "share " * 20_000,
        "\u202e\u200f.\u0000",
    ],
    ids=lambda text: repr(text[:6]),
)
def test_whatever_is_no_prose_is_answered(text: str) -> None:
    sentences = split_sentences(text)
    assert all(len(sentence.text) <= MAX_SENTENCE for sentence in sentences)
    assert all(text[sentence.start : sentence.end] == sentence.text for sentence in sentences)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They met at 9 a.m. Tuesday in Varna. All left.", 2),
        ("They met at 9 p.m. ET on Friday. All left.", 2),
        ("They met at 9 a.m. May 5. May I come?", 2),
        ("They met at 9 a.m. The party left.", 2),
        ("They met at 9 a.m. May the best win.", 2),
        ("The talks failed.The party left.", 2),
        ("“We won.”The party left.", 2),
        ("See varna.example.The end.", 1),
        ("Prof.Orrin left.", 1),
        ("It runs on Node.js alone.", 1),
        ("The U.S.Army left.", 1),
        ("It opened at 9 a.m. Varna time. All left.", 2),
        ("It opened at 9 a.m. (ET) on Friday. All left.", 2),
        ("It ended at 11 p.m. He left.", 2),
        ("It ended at 11 p.m. Central European Time. All left.", 2),
        ("The talks failed.“We tried,” she said.", 2),
        ("The talks failed.He left.It rained.", 3),
        ("The talks failed in 2030.The party left.", 2),
        ("They got 41%.The party left.", 2),
        ("He praised the EU.It replied.", 2),
        ("It was said (twice).The party left.", 2),
        ("She said “no”.The party left.", 2),
        ("They won the vote.1 The party left.", 2),
        ("The case is closed….We left.", 2),
        ("Visit Varna.Com today. All left.", 2),
        ("Its ticker is VRN.O on that board.", 1),
        ("Faith moves it. -Reverend Holm", 2),
    ],
)
def test_times_and_missing_spaces(text: str, expected: int) -> None:
    assert len(texts(text)) == expected, texts(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Then Amb. Holm and Atty. Orrin left. All left.", 2),
        ("See art. 5 and para. 3 of vol. 2 there. All left.", 2),
        ("They met on Tues. Jan. 5 in Varna. All left.", 2),
        ("They sell boats, nets, etc. The shop is old.", 2),
        ("They sell boats, etc. Varna buys them.", 1),
        ("They met Ms. Crane and Sgt. Orrin. “What now?” Ms. Crane asked. All left.", 3),
        ("She said no. Varna lied. See no. 5 there.", 3),
        ("He left Ft. Holm with Ex-Gov. Orrin. Approx. 50 people came.", 2),
    ],
)
def test_abbreviations(text: str, expected: int) -> None:
    assert len(texts(text)) == expected, texts(text)


def test_a_line_that_breaks_off_goes_on_in_the_next() -> None:
    last = "The Saffron Party spoke again."
    broken = last.replace(" Party", "\nParty")
    first = "The Saffron Party spoke, and the Harbour League did not."
    assert texts(f"{first} {broken}")[-1] == last
    # A line that ends with a whole sentence, or a short one, ends.
    lines = "The Harbour League waited in silence for an answer.\nThe answer came."
    assert len(texts(lines)) == 2
    short = "Wait. The Saffron"
    assert texts(f"{short}\nParty spoke.")[-1] == "Party spoke."


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            "It rained.\nVarna on Monday. (Photo by Ada Orrin/AFP)\nAll left.",
            ["body", "heading", "boilerplate", "body"],
        ),
        ("It rained.\nThe bridge. REUTERS/Ada Orrin\nAll left.", ["body", "heading", "boilerplate", "body"]),
        (
            "It rained.\nGetty Images\nImage source: AP\nAll left.",
            ["body", "boilerplate", "boilerplate", "body"],
        ),
        ("It rained.\n(Also read: Bray resigns)\nAll left.", ["body", "boilerplate", "body"]),
        ("It rained.\nListen to this article\nAll left.", ["body", "boilerplate", "body"]),
        ("It rained.\nView this post on Instagram\nAll left.", ["body", "boilerplate", "body"]),
    ],
)
def test_credits_and_links_are_no_text(text: str, kinds: list[str]) -> None:
    assert [sentence.kind for sentence in split_sentences(text)] == kinds


HEADING = "Crane says that Varna lied about the old bridge in the harbour"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"{HEADING}\nVarna was quiet.", 2),
        (f"{HEADING}\nVarna was quiet, and {'so was the harbour, ' * 8}all day.", 2),
        (f"{HEADING} and of\nVarna.", 1),
        (f"{HEADING} and\nlied again.", 1),
        (f"{HEADING}\nVarna again.\n\n{HEADING}\n{HEADING}\nVarna again.", 2),
    ],
)
def test_a_heading_is_no_wrapped_line(text: str, number: int) -> None:
    assert len({sentence.paragraph for sentence in split_sentences(text)}) == number


def test_what_has_no_width_is_no_text() -> None:
    text = "\u200bVarna fell.\u200b It rained.\n\u2060\n\u200eAll left."
    spans = [(sentence.start, sentence.end) for sentence in split_sentences(text)]
    assert spans == [(1, 12), (14, 24), (28, 37)]


def test_what_a_dash_adds_is_no_sentence() -> None:
    text = "—¿De verdad? —preguntó Pardo."
    assert len(split_sentences(text, language="es")) == 1


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "“Varna won,” Jon Bray said. “Who would trust Ostrel?” Ada Crane asked. All left.", 3),
        ("en", '"Varna will never stop!" Crane said. All left.', 2),
        ("en", '"Varna wanted peace..." Ada Crane said on Monday in Lesk. All left.', 2),
        ("en", "‘Will Varna stop?’ President Ada Crane asked reporters. All left.", 2),
        ("en", "'Will Varna stop?' Sen. J. Crane, the leader of the Union, asked. All left.", 2),
        ("en", "“We won.” The senator said. All left.", 2),
        ("en", "“We won.” Crane said Varna had lost. All left.", 3),
        ("en", "“Why?” Crane asked Bray to explain the bridge. All left.", 3),
        ("en", "“Never!” Crane warned of a war. All left.", 3),
        ("en", "“Never!” Crane never said. All left.", 3),
        ("en", "“Never!” She sat down. All left.", 3),
        ("en", "“We won.” Crane added, “They lost.” All left.", 3),
        ("en", "“Who lost?” Crane asked, pointing at Bray. All left.", 2),
        ("en", "“Who lost?” French President Ada Crane asked on Monday in Lesk, hours later. All left.", 2),
        ("en", "“Who lost?” Ms. Crane later told the crowd as Bray left. All left.", 2),
        ("en", "“We lost.” Crane wrote of boats in tales told on Monday. All left.", 3),
        ("en", "“We lost.” Crane posed in photos posted on Monday and left. All left.", 3),
        ("en", "“We lost.” Crane said, however, that Varna won. All left.", 3),
        ("en", "“Never!” Then Crane said. All left.", 3),
        ("de", "„Varna gewinnt!“ Ada Crane sagte am Montag. Alle gingen.", 2),
        ("de", "„Warum lügt Varna?“ fragte Ada Crane. Alle gingen.", 2),
        ("de", "„Varna gewinnt!“ Ada Crane sagte die Reise ab. Alle gingen.", 3),
        ("fr", "« Varna ment ! » Ada Crane a déclaré. Tous partent.", 2),
        ("es", "«¡Varna miente!» Ada Crane exclamó. Todos se van.", 2),
    ],
)
def test_who_speaks_stays_with_the_quotation(language: str, text: str, expected: int) -> None:
    split = split_sentences(text, language=language)
    assert len(split) == expected, [sentence.text for sentence in split]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Das 19. Hafenpaket gilt. Zum 80. Markttag kam sie. Der 47. Bürger ging.", 3),
        ("de", "Im 3. Quartal fiel es. Sie feierten ihren 34. Hafentag. Am 3. Okt. kam er.", 3),
        ("de", "Am 3. und 4. Brückentag war zu. Im 3. Jahr brach sie.", 2),
        ("de", "Sie kam am 3. Die Partei ging. Er blieb bis zum 4. Es regnete.", 4),
        ("de", "Es waren 19. Danach kamen 20. Alle blieben.", 3),
        ("es", "El alcalde dijo que no. Varna mintió. Véase el no. 5.", 3),
        ("fr", "Voir le no. 5 du port. Varna a menti.", 2),
    ],
)
def test_ordinals_and_words_like_abbreviations(language: str, text: str, expected: int) -> None:
    split = split_sentences(text, language=language)
    assert len(split) == expected, [sentence.text for sentence in split]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LESKVARN. It rained. All left.", ["LESKVARN. It rained.", "All left."]),
        ("Berlin. It rained. All left.", ["Berlin. It rained.", "All left."]),
        ("Silence. It rained.", ["Silence.", "It rained."]),
        ("It rained. LESKVARN. All left.", ["It rained.", "LESKVARN.", "All left."]),
        ("NATO? It rained.", ["NATO?", "It rained."]),
    ],
)
def test_a_dateline_is_no_sentence_alone(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_a_dateline_on_a_line_of_its_own_is_no_part_of_the_article() -> None:
    kinds = [sentence.kind for sentence in split_sentences("LESKVARN.\n\nIt rained.\n\nLESKVARN.")]
    assert kinds == ["dateline", "body", "body"]
