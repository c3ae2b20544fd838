from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from golden import Golden

from harness.articles import article_files
from harness.articles import article_parts as article_parts_module
from harness.articles.article_files import (
    MAX_ARTICLE,
    MAX_PAGE,
    ArticleText,
    from_html,
    from_json,
    from_string,
    from_text,
    list_files,
    read_articles,
    read_files,
)
from harness.articles.article_parts import Part, article_parts, count_articles
from harness.values import limits
from harness.values.errors import ArticleError

PAGE = """<html><head><title>Bridge opens</title><meta property="og:site_name" content="The Ledger">
<script>alert("x")</script></head><body><nav><a href="/">Home</a></nav><article><h1>Bridge opens</h1>
<p>Varna opened its new bridge on Monday after four years of work, and the mayor walked over it first.</p>
<p>The Coastal Union called the bridge a waste of money, and said that the ferry had been cheaper for all.</p>
</article><footer>Cookies</footer></body></html>"""

REFUSED_TEXTS = {
    "PDF": b"%PDF-1.4 ...",
    "ZIP": b"PK\x03\x04..",
    "Windows-1252": b"caf\xe9 noir",
    "half of UTF-16": b"\xff\xfe\xff",
    "null characters": b"a\0b\0c\0",
    "white space": b" \n\t",
    "too long": b"x" * (MAX_ARTICLE + 1),
}
REFUSED_LINES = {
    "a list": "[1]",
    "no text": "{}",
    "wrong types": '{"text": 3, "title": []}',
    "no date": '{"text": "a", "date": "May"}',
}


def refusal(read: Callable[[], object]) -> ArticleError:
    with pytest.raises(ArticleError) as raised:
        read()
    return raised.value


def test_plain_text_stays_as_it_is() -> None:
    assert from_text("Ünion won.\r\nTwice.".encode(), "a.txt") == ArticleText("a.txt", "Ünion won.\r\nTwice.")


def test_a_byte_order_mark_is_no_text() -> None:
    assert from_text("Union".encode("utf-8-sig"), "a").text == "Union"
    assert from_text("Union".encode("utf-16"), "a").text == "Union"


@pytest.mark.parametrize("name", REFUSED_TEXTS)
def test_what_is_no_article_is_refused(name: str) -> None:
    (problem,) = refusal(lambda: from_text(REFUSED_TEXTS[name], "a")).problems
    assert problem.where == "a"


@pytest.mark.parametrize(
    ("name", "wheres"),
    [
        ("a list", ["x:1"]),
        ("no text", ["x:1"]),
        ("wrong types", ["x:1: text", "x:1: title"]),
        ("no date", ["x:1: date"]),
    ],
)
def test_json_that_is_no_article_is_refused(name: str, wheres: list[str]) -> None:
    problems = refusal(lambda: from_json(REFUSED_LINES[name], "x:1")).problems
    assert [problem.where for problem in problems] == wheres


def test_refusals_say_what_is_wrong_and_what_to_do(golden: Golden) -> None:
    texts = {
        name: refusal(lambda raw=raw: from_text(raw, "a.txt"))  # type: ignore[misc]
        for name, raw in REFUSED_TEXTS.items()
    }
    lines = {
        name: refusal(lambda line=line: from_json(line, "a.jsonl:1"))  # type: ignore[misc]
        for name, line in REFUSED_LINES.items()
    }
    page = {
        "empty page": refusal(lambda: from_html("<html><body><script>1</script></body></html>", "p.html"))
    }
    golden(
        "articles/refused",
        "\n".join(f"[{name}]\n{error}" for name, error in (texts | lines | page).items()),
    )


def test_two_null_characters_are_replaced_one_for_one() -> None:
    assert from_text(b"a\0b\0c", "a").text == "a\ufffdb\ufffdc"


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert from_json('{"text": "a\\ud800b"}', "x:1").text == "a\ufffdb"


def test_a_string_is_checked_like_a_file() -> None:
    assert from_string("a\0b", outlet="O") == ArticleText("article", "a\ufffdb", outlet="O")
    assert refusal(lambda: from_string(" ")).problems[0].where == "article"


def test_an_html_page_gives_its_article() -> None:
    article = from_html(PAGE, "page.html")
    assert article.text.startswith(("Varna opened", "Bridge opens"))
    assert "alert" not in article.text
    assert "Cookies" not in article.text
    assert article.outlet == "The Ledger"
    assert "Bridge opens" in (article.title, article.text.split("\n")[0])


def test_a_page_without_an_article_is_refused() -> None:
    (problem,) = refusal(lambda: from_html("<html><body><script>1</script></body></html>", "p.html")).problems
    assert problem.where == "p.html"


def test_json_states_what_is_known() -> None:
    line = json.dumps({"id": 7, "text": "A.", "title": "T", "outlet": "O", "date": "2030-01-31"})
    assert from_json(line, "x:1") == ArticleText("7", "A.", "T", "O", "2030-01-31")


def test_a_deeply_nested_line_is_refused() -> None:
    (problem,) = refusal(lambda: from_json("[" * 100_000, "x:1")).problems
    assert problem.where == "x:1"
    assert str(limits.DEPTH.maximum) in problem.what


def test_a_folder_is_read_in_order_and_goes_on_past_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("B.")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "c.jsonl").write_text(
        '{"text": "C1."}\n\n{"text": ""}\n{"text": "C2.", "date": "2031-01-01"}\n'
    )
    (tmp_path / "d.png").write_bytes(b"x")
    articles = list(read_articles([tmp_path], outlet="O", date="2030-01-01"))
    assert [
        article.id if isinstance(article, ArticleText) else [problem.where for problem in article.problems]
        for article in articles
    ] == [["a.txt"], "c.jsonl:1", ["c.jsonl:3"], "c.jsonl:4", "sub/b.txt"]
    last_line = articles[3]
    assert isinstance(last_line, ArticleText)
    assert (last_line.date, last_line.outlet) == ("2031-01-01", "O")
    parts = article_parts(list_files([tmp_path]))
    assert count_articles(parts) == 6, "each line of JSONL is counted, the empty one too"


def test_hidden_files_and_folders_hold_no_articles(tmp_path: Path) -> None:
    # Of the folder that is named nothing is asked.
    folder = tmp_path / ".texts"
    for name in ("a.txt", "_b.txt", "._a.txt", ".ipynb_checkpoints/a-checkpoint.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Varna won.")
    assert [file.name for file in list_files([folder])] == ["_b.txt", "a.txt"]


def test_paths_that_lead_nowhere_are_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.xyz").write_text("a")
    Path("empty").mkdir()
    paths = [Path(name) for name in ("no.txt", "empty", "x.xyz")]
    error = refusal(lambda: list(read_articles(paths)))
    assert [problem.where for problem in error.problems] == ["no.txt", "empty", "x.xyz"]
    golden("articles/paths", str(error))


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"Varna won.", ["Varna won."]),
        (b'{"text": "A."}\n{"text": "B."}', ["A.", "B."]),
        (PAGE.encode(), None),
    ],
)
def test_the_format_of_standard_input_is_guessed(
    monkeypatch: pytest.MonkeyPatch, content: bytes, texts: list[str] | None
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    read = [article.text for article in read_articles([Path("-")]) if isinstance(article, ArticleText)]
    assert read == texts if texts else "four years of work" in read[0]


def test_fifty_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    path.write_bytes(b"word " * 10_000_000)
    (error,) = read_articles([path])
    assert isinstance(error, ArticleError)
    (problem,) = error.problems
    assert problem.where == "huge.txt"
    assert f"{MAX_PAGE:,} bytes" in problem.what


def names(parts: list[Part]) -> list[list[tuple[str, int, int | None]]]:
    return [[(file.name, file.line, file.lines) for file in part] for part in parts]


def test_parts_hold_equal_numbers_of_articles_and_none_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A.")
    (tmp_path / "b.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "B1."}\n\n{"text": "B3."}\r\n{"text": "B4."}')
    (tmp_path / "c.jsonl").write_text('{"text": "C1."}\n{"text": "C2."}\n')
    (tmp_path / "d.txt").write_text("D.")
    files = list_files([tmp_path])
    parts = article_parts(files, 3)
    assert names(parts) == [
        [("a.txt", 1, None), ("b.jsonl", 1, 2)],
        [("b.jsonl", 3, 2), ("c.jsonl", 1, 1)],
        [("c.jsonl", 2, 1), ("d.txt", 1, None)],
    ]
    assert [article for part in parts for article in read_files(part)] == list(read_files(files))
    # The same file twice is read twice.
    assert names(article_parts(list_files([tmp_path / "c.jsonl"] * 2), 3)) == [
        [("c.jsonl", 1, 2), ("c.jsonl", 1, 1)],
        [("c.jsonl", 2, 1)],
    ]


def test_a_line_that_is_too_long_ends_its_file_in_parts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (article_files, article_parts_module):
        monkeypatch.setattr(module, "MAX_PAGE", 40)
    (tmp_path / "a.jsonl").write_text('{"text": "1"}\n{"text": "' + "2" * 60 + '"}\n{"text": "3"}\n')
    parts = article_parts(list_files([tmp_path]), 1)
    assert names(parts) == [[("a.jsonl", 1, 1)], [("a.jsonl", 2, 1)]]
    whole, cut = ([*map(str, read_files(each))] for each in (list_files([tmp_path]), sum(parts, ())))
    assert cut == whole
    assert len(whole) == 2
