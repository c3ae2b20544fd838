from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.articles.article_files import (
    LONGEST,
    ArticleText,
    from_html,
    from_json,
    from_text,
    read_articles,
)
from harness.values.errors import ArticleError

PAGE = """<html><head><title>Bridge opens</title><meta property="og:site_name" content="The Ledger">
<script>alert("x")</script></head><body><nav><a href="/">Home</a></nav><article><h1>Bridge opens</h1>
<p>Varna opened its new bridge on Monday after four years of work, and the mayor walked over it first.</p>
<p>The Coastal Union called the bridge a waste of money, and said that the ferry had been cheaper for all.</p>
</article><footer>Cookies</footer></body></html>"""


def test_a_plain_text_is_kept_as_it_is() -> None:
    assert from_text("Ünion won.\r\nTwice.".encode(), "a.txt") == ArticleText("a.txt", "Ünion won.\r\nTwice.")


def test_a_byte_order_mark_is_no_text() -> None:
    assert from_text("Union".encode("utf-8-sig"), "a").text == "Union"
    assert from_text("Union".encode("utf-16"), "a").text == "Union"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"%PDF-1.4 ...", "a: is a PDF file, no text; save it as text or HTML"),
        (b"PK\x03\x04..", "a: is a ZIP or Office file, no text; save it as text or HTML"),
        (
            b"caf\xe9 noir",
            "a: is no UTF-8 text: byte 0xe9 at 3; convert it: iconv -f WINDOWS-1252 -t UTF-8",
        ),
        (b"a\0b\0c\0", "a: holds 3 null characters: it is no text"),
        (b" \n\t", "a: is empty"),
        (
            b"x" * (LONGEST + 1),
            "a: holds 1,000,001 characters; an article has at most 1,000,000; split it, one file an article, "
            "or one line of JSONL",
        ),
    ],
)
def test_what_is_no_article_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ArticleError) as raised:
        from_text(raw, "a")
    assert str(raised.value) == message


def test_two_null_characters_are_replaced_one_for_one() -> None:
    assert from_text(b"a\0b\0c", "a").text == "a\ufffdb\ufffdc"


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert from_json('{"text": "a\\ud800b"}', "x:1").text == "a\ufffdb"


def test_an_html_page_gives_its_article() -> None:
    found = from_html(PAGE, "page.html")
    assert found.text.startswith("Varna opened") or found.text.startswith("Bridge opens")
    assert "alert" not in found.text
    assert "Cookies" not in found.text
    assert (found.outlet, "Bridge opens" in (found.title, found.text.split("\n")[0])) == ("The Ledger", True)


def test_a_page_without_an_article_is_refused() -> None:
    with pytest.raises(ArticleError) as raised:
        from_html("<html><body><script>1</script></body></html>", "p.html")
    assert str(raised.value) == (
        "p.html: holds no article that could be told from the rest of the page; give its text"
    )


def test_json_states_what_is_known() -> None:
    line = json.dumps({"id": 7, "text": "A.", "title": "T", "outlet": "O", "date": "2030-01-31"})
    assert from_json(line, "x:1") == ArticleText("7", "A.", "T", "O", "2030-01-31")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1]", "x:1: is no JSON object"),
        ("{}", "x:1: has neither 'text' nor 'html'"),
        ('{"text": 3, "title": []}', "x:1: text: is not text: 3\nx:1: title: is not text: []"),
        ('{"text": "a", "date": "May"}', "x:1: date: is not like 2030-01-31: 'May'"),
    ],
)
def test_json_that_is_none_is_refused(line: str, message: str) -> None:
    with pytest.raises(ArticleError) as raised:
        from_json(line, "x:1")
    assert str(raised.value) == message


def test_a_deeply_nested_line_is_refused() -> None:
    with pytest.raises(ArticleError, match=r"^x:1: is no JSON"):
        from_json("[" * 100_000, "x:1")


def test_a_folder_is_read_in_order_and_goes_on_past_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("B.")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "c.jsonl").write_text(
        '{"text": "C1."}\n\n{"text": ""}\n{"text": "C2.", "date": "2031-01-01"}\n'
    )
    (tmp_path / "d.png").write_bytes(b"x")
    found = list(read_articles([tmp_path], outlet="O", date="2030-01-01"))
    assert [one.id if isinstance(one, ArticleText) else str(one) for one in found] == [
        "a.txt: is no UTF-16 text: byte 0xff at 2; convert it: iconv -f WINDOWS-1252 -t UTF-8",
        "c.jsonl:1",
        "c.jsonl:3: has neither 'text' nor 'html'",
        "c.jsonl:4",
        "sub/b.txt",
    ]
    assert isinstance(found[3], ArticleText)
    assert (found[3].date, found[3].outlet) == ("2031-01-01", "O")


def test_paths_that_lead_nowhere_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.xyz").write_text("a")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArticleError) as raised:
        list(read_articles([tmp_path / "no.txt", tmp_path / "empty", tmp_path / "x.xyz"]))
    endings = "known endings: .txt, .text, .md, .html, .htm, .xhtml, .jsonl, .ndjson"
    assert str(raised.value) == (
        f"{tmp_path}/no.txt: does not exist\n{tmp_path}/empty: holds no article; {endings}\n"
        f"{tmp_path}/x.xyz: has an ending that says no format; {endings}; or say --format text"
    )


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (b"Varna won.", ["Varna won."]),
        (b'{"text": "A."}\n{"text": "B."}', ["A.", "B."]),
        (PAGE.encode(), None),
    ],
)
def test_standard_input_is_told_by_its_beginning(
    monkeypatch: pytest.MonkeyPatch, given: bytes, texts: list[str] | None
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(given)))
    found = [one.text for one in read_articles([Path("-")]) if isinstance(one, ArticleText)]
    assert found == texts if texts else "four years of work" in found[0]


def test_fifty_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    path.write_bytes(b"word " * 10_000_000)
    (found,) = read_articles([path])
    assert str(found) == (
        "huge.txt: is larger than 20,000,000 bytes; an article has at most 1,000,000 characters; split it, "
        "one file an article, or one line of JSONL"
    )
