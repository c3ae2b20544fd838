"""Encodings of pages, and tables that lay text out."""

from __future__ import annotations

import pytest
from articles.test_holders import holder_labels

from harness.articles.article_files import from_html
from harness.articles.web_pages import decode_page, without_tables

BODY = "<body><article><p>{text}</p></article></body></html>"
TURKISH = "Die Türkei hat am Sonntag gewählt; die Übergangsregierung äußerte sich zufrieden über den Ablauf."


def page(text: str, head: str = "", lang: str = "") -> str:
    return f"<html{f' lang={lang}' if lang else ''}><head>{head}</head>{BODY.format(text=text)}"


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (page(TURKISH).encode("latin-1"), "latin-1, undeclared"),
        (page(TURKISH).encode("utf-8"), "UTF-8, undeclared"),
        (page(TURKISH).encode("utf-8-sig"), "a byte order mark"),
        (page(TURKISH).encode("utf-16"), "UTF-16"),
        (page(TURKISH, '<meta charset="iso-8859-1">').encode("latin-1"), "declared"),
        (page(TURKISH, '<meta charset="utf-8">').encode("latin-1"), "declared wrongly"),
        (page(TURKISH, '<meta charset="no-such">').encode("latin-1"), "an unknown one"),
        (page(TURKISH, lang="de").encode("latin-1"), "by the language"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_page_is_decoded(raw: bytes, what: str) -> None:
    assert TURKISH in from_html(raw, "x").text


@pytest.mark.parametrize(
    ("text", "lang", "encoding"),
    [
        ("Правительство молчит.", "ru", "windows-1251"),
        ("Rząd milczy: źle, żółć.", "pl", "windows-1250"),
        ("İstanbul’da seçim günü: ğüşıöç", "tr", "windows-1254"),
        ("Wait – “now” costs 5 €.", "en", "windows-1252"),
        ("Wait – “now” costs 5 €.", "", "windows-1252"),
    ],
)
def test_an_encoding_is_guessed_as_browsers_do(text: str, lang: str, encoding: str) -> None:
    decoded = decode_page(page(text, lang=lang).encode(encoding))
    assert isinstance(decoded, str)
    assert text in decoded


def test_latin_1_is_read_as_windows_1252() -> None:
    decoded = decode_page(page("5 €", '<meta charset="latin-1">').encode("windows-1252"))
    assert "5 €" in str(decoded)


SENTENCES = {
    ("pl", "iso-8859-2"): "Rząd milczał przez cały tydzień, choć opozycja żądała wyjaśnień od ministra.",
    ("cs", "windows-1250"): "Vláda mlčela celý týden, přestože opozice žádala vysvětlení od ministra.",
    (
        "tr",
        "windows-1254",
    ): "Hükümet bütün hafta sustu, oysa muhalefet bakandan bir açıklama istiyordu; ığdır.",
    ("lt", "windows-1257"): "Vyriausybė tylėjo visą savaitę, nors opozicija reikalavo paaiškinimų.",
    ("fr", "windows-1252"): "Le gouvernement s’est tû, et l’élue a été accusée d’avoir caché la vérité.",
    ("ru", "windows-1251"): "Правительство молчит уже неделю, хотя оппозиция требует объяснений.",
    ("ru", "koi8-r"): "Правительство молчит уже неделю, хотя оппозиция требует объяснений.",
    ("el", "iso-8859-7"): "Η κυβέρνηση σιωπά εδώ και μια εβδομάδα, αν και η αντιπολίτευση ζητά εξηγήσεις.",
    ("ja", "shift_jis"): "政府は一週間沈黙を続けているが、野党は説明を求めている。",
    ("ja", "euc-jp"): "政府は一週間沈黙を続けているが、野党は説明を求めている。",
    ("zh", "big5"): "政府沉默了一個星期，反對黨要求解釋。",
    ("ar", "windows-1256"): "الحكومة صامتة منذ أسبوع رغم أن المعارضة تطالب بتوضيحات.",
}


@pytest.mark.parametrize(("language", "encoding"), SENTENCES)
@pytest.mark.parametrize("declared", [True, False])
def test_an_encoding_is_guessed_by_language_and_letters(language: str, encoding: str, declared: bool) -> None:
    text = f"{SENTENCES[language, encoding]} " * 4
    raw = page(text, lang=language if declared else "").encode(encoding)
    assert text in decode_page(raw)


def test_a_wrong_byte_does_not_change_the_encoding() -> None:
    raw = page(TURKISH).encode().replace(b"zufrieden", b"zufr\xffieden")
    assert "Türkei" in decode_page(raw)


def test_an_xml_declaration_is_read() -> None:
    raw = f'<?xml version="1.0" encoding="iso-8859-1"?>\n{page(TURKISH)}'.encode("latin-1")
    assert TURKISH in from_html(raw, "x").text


def test_a_layout_table_is_no_sentence() -> None:
    prose = "The Coastal Union won the vote in Varna on Tuesday."
    html = (
        "<html><body><article><h1>Union wins</h1><table><tr>"
        f"<td><p>{prose} Nobody had expected it to win by so much, and the League was surprised.</p></td>"
        "<td>Share this</td><td>Weather: rain</td></tr></table>"
        "<table><tr><th>Party</th><th>Seats</th></tr><tr><td>Coastal Union</td><td>41</td></tr></table>"
        "<p>The count goes on until Friday, said the clerk, and nobody was surprised.</p></article>"
        "</body></html>"
    )
    text = from_html(html, "x").text
    assert prose in text
    assert "|" not in text
    assert "Share this" not in text
    assert "41" not in text


FIRST = "The Coastal Union won the vote in Varna on Tuesday, after a long night of counting."
SECOND = "Nobody had expected it to win by so much, and the League was surprised by the turn."
LAYOUTS = {
    "breaks": f"<table><tr><td>Home<br>News</td><td>{FIRST}<br><br>{SECOND}</td></tr></table>",
    "paragraphs": f"<table><tr><td>Home</td><td><p>{FIRST}</p><p>{SECOND}</p></td><td>Ad</td></tr></table>",
    "nested": (
        "<table><tr><td><table><tr><td>Menu</td></tr></table></td><td><table>"
        f"<tr><td><p>{FIRST}</p><p>{SECOND}</p></td></tr></table></td></tr></table>"
    ),
    "results": (
        f"<p>{FIRST}</p><table><tr><th>Party</th><th>Seats</th></tr>"
        f"<tr><td>Coastal Union</td><td>41</td></tr></table><p>{SECOND}</p>"
    ),
    "caption": f"<p>{FIRST}</p><table><caption>Seats</caption><tr><td>41</td></tr></table><p>{SECOND}</p>",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_that_lay_text_out_keep_its_paragraphs(layout: str) -> None:
    html = f"<html><body><article>{LAYOUTS[layout]}</article></body></html>"
    assert from_html(html, "x").text == f"{FIRST}\n{SECOND}"


def test_a_bar_in_a_cell_is_text() -> None:
    assert without_tables("| It was A \\| B. | 41 |") == "It was A | B."


def test_cells_are_prose_with_a_full_stop_or_a_dozen_words() -> None:
    twelve = " ".join(["word"] * 12)
    assert without_tables(f"| {twelve} | {twelve[5:]} | It rained. |") == f"{twelve}\nIt rained."
    assert without_tables("a | b\nIt rained.") == "a | b\nIt rained."


FRAME = (
    "<html><body><article><h1>Harbour news</h1><p>{first}</p>{quoted}<p>{last}</p></article></body></html>"
)
BEFORE = "Varna has been silent for years about the old bridge in the harbour."
AFTER = "The ministry did not reply to any question on Monday evening."


@pytest.mark.parametrize(
    ("quoted", "lines"),
    [
        (
            "<blockquote><p>Varna lied.</p><p>It must pay.</p></blockquote>",
            ["“Varna lied.", "“It must pay.”"],
        ),
        ("<blockquote>Varna lied.<cite>Ada Orrin</cite></blockquote>", ["Ada Orrin: “Varna lied.”"]),
        ("<blockquote><p>Varna lied.</p><p>—Ada Orrin</p></blockquote>", ["Ada Orrin: “Varna lied.”"]),
        ("<blockquote><p>Varna lied.</p></blockquote><p>– Ada Orrin</p>", ["Ada Orrin: “Varna lied.”"]),
        ("<blockquote>Varna lied.<br>— Ada Orrin</blockquote>", ["Ada Orrin: “Varna lied.”"]),
        (
            "<blockquote><p>Varna lied.</p><p>It must pay.</p><footer>— <cite>Ada Orrin</cite></footer>"
            "</blockquote>",
            ["Ada Orrin: “Varna lied.", "“It must pay.”"],
        ),
        (
            "<blockquote><p>“Varna lied.”</p><p><cite>Ada Orrin</cite></p></blockquote>",
            ["Ada Orrin: “Varna lied.”"],
        ),
        (
            "<blockquote><p>I like <cite>The Bridge</cite> by Orrin.</p></blockquote>",
            ["“I like The Bridge by Orrin.”"],
        ),
        (
            "<blockquote><p>Varna lied.</p><p>— And it knew.</p></blockquote>",
            ["“Varna lied.", "“— And it knew.”"],
        ),
        (
            "<figure><blockquote><p>Varna lied.</p></blockquote><figcaption>Ada Orrin</figcaption></figure>",
            ["Ada Orrin: “Varna lied.”"],
        ),
        (
            "<div class='embed embed-x'><div><blockquote><p>Varna lied.</p></blockquote></div></div>",
            ["“Varna lied.”"],
        ),
        (
            "<figure class='pullquote'><blockquote>Varna has been silent.</blockquote></figure>",
            [],
        ),
        ("<figure><img src='a'><figcaption>The bridge of Varna.</figcaption></figure>", []),
        ("<blockquote>\n<div>Varna lied.</div></blockquote>", ["“Varna lied.”"]),
        ("<blockquote>Varna lied.<br><br>It must pay.<br></blockquote>", ["“Varna lied.", "It must pay.”"]),
        ("<blockquote><p>Varna said “no” to us.</p></blockquote>", ["“Varna said ‘no’ to us.”"]),
        ("<blockquote><p>‘Varna lied,’ she said.</p></blockquote>", ["‘Varna lied,’ she said."]),
        ("<p>They said <q>no to <q>all</q></q>.</p>", ["They said “no to ‘all’”."]),
        (
            "<blockquote class='twitter-tweet'><p>Varna lied.</p>&mdash; Ada (@ada)</blockquote>",
            ["Ada, @ada: “Varna lied.”"],
        ),
        ("<p hidden>Nobody sees this line about Varna.</p>", []),
    ],
)
def test_what_is_quoted_by_layout_has_marks(quoted: str, lines: list[str]) -> None:
    text = from_html(FRAME.format(first=BEFORE, quoted=quoted, last=AFTER), "x").text
    assert text.split("\n") == ["Harbour news", BEFORE, *lines, AFTER]


@pytest.mark.parametrize(
    ("source", "holder"), [("Jon Bray, mayor of Ostrel", "Coastal Union"), ("A wall in Lesk", "unknown")]
)
def test_a_block_is_its_sources_and_not_the_last_speakers(source: str, holder: str) -> None:
    quoted = (
        f"<p>“It is late,” Crane said.</p><blockquote>Varna lied to us.<cite>{source}</cite></blockquote>"
    )
    text = from_html(FRAME.format(first=BEFORE, quoted=quoted, last=AFTER), "x").text
    assert holder_labels(text)[2:] == ["Ostrel", holder, "writer"]


def test_a_page_that_is_set_in_quotes_nobody() -> None:
    body = FRAME.format(first=BEFORE, quoted="", last=AFTER).replace("article>", "blockquote>")
    assert "“" not in from_html(body, "x").text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding: str) -> None:
    assert TURKISH in from_html(page(TURKISH).encode(encoding), "x").text
