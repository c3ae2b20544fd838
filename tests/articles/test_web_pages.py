"""Encodings of pages, and tables that lay text out."""

from __future__ import annotations

import pytest

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


def test_a_page_in_no_western_encoding_is_left_to_the_extractor() -> None:
    raw = page("Правительство молчит. " * 20).encode("windows-1251")
    assert decode_page(raw) == raw


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


def test_cells_are_prose_with_a_full_stop_or_a_dozen_words() -> None:
    twelve = " ".join(["word"] * 12)
    assert without_tables(f"| {twelve} | {twelve[5:]} | It rained. |") == f"{twelve}\nIt rained."
    assert without_tables("a | b\nIt rained.") == "a | b\nIt rained."
