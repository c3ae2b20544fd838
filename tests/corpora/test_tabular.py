"""Files of every kind, whole and broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.corpora.checks import Raw
from harness.corpora.tabular import Layout, read
from harness.corpora.text_files import short_path
from harness.values.errors import ConfigError, CorpusError
from tests.corpora.messages import Messages


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def reading(name: str, content: str | bytes, layout: Layout = Layout()) -> Raw:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path.absolute(), layout)


def error_of(name: str, content: str | bytes, layout: Layout = Layout()) -> CorpusError:
    with pytest.raises(CorpusError) as caught:
        reading(name, content, layout)
    return caught.value


def test_a_record_is_placed_on_the_line_it_begins_on() -> None:
    raw = reading("a.csv", 'text,label\n"two\nlines",x\n\nthree,\n"four, and ""more""",NA\n')
    assert list(raw.locations) == ["a.csv:2", "a.csv:5", "a.csv:6"]
    assert raw.frame["text"].tolist() == ["two\nlines", "three", 'four, and "more"']
    assert raw.frame["label"].tolist() == ["x", "", "NA"]
    assert raw.source == "a.csv"


def test_a_byte_order_mark_and_windows_line_ends_are_no_content() -> None:
    raw = reading("a.csv", "\ufefftext,label\r\none,x\r\n".encode())
    assert list(raw.frame.columns) == ["text", "label"]
    assert raw.frame["label"].tolist() == ["x"]


def test_an_index_column_without_a_name_is_dropped() -> None:
    assert list(reading("a.csv", ",text\n0,one\n").frame.columns) == ["text"]


@pytest.mark.parametrize("name", ["a.tsv", "a.tab", "A.TSV"])
def test_tabs(name: str) -> None:
    assert reading(name, "text\tlabel\none, two\tx\n").frame["text"].tolist() == ["one, two"]


def test_a_field_may_be_as_long_as_an_article() -> None:
    raw = reading("a.csv", "text,label\n" + "x" * 200_000 + ",b\n")
    assert raw.frame["text"].str.len().tolist() == [200_000]


def test_unquoted_latin_1_with_another_delimiter() -> None:
    layout = Layout("csv", "latin-1", ";", quoted=False)
    raw = reading("a.txt", 'text;label\nan "odd quote;caf\xe9\n'.encode("latin-1"), layout)
    assert raw.frame.iloc[0].tolist() == ['an "odd quote', "café"]


def test_jsonl_keeps_values_and_skips_blank_lines() -> None:
    raw = reading("a.jsonl", '{"text": "a", "n": 1}\n\n{"text": "b", "frames": ["x"]}\n')
    assert list(raw.locations) == ["a.jsonl:1", "a.jsonl:3"]
    assert raw.frame["n"].tolist() == [1, None]
    assert raw.frame["frames"].tolist() == [None, ["x"]]


def test_a_line_separator_inside_a_json_text_ends_no_line() -> None:
    assert reading("a.jsonl", '{"text": "a\u2028b\x85c"}\n').frame["text"].tolist() == ["a\u2028b\x85c"]


def test_parquet() -> None:
    pd.DataFrame({"text": ["a", "b"], "frames": [["x"], []]}).to_parquet("a.parquet")
    raw = read(Path("a.parquet"))
    assert list(raw.locations) == ["a.parquet: row 1", "a.parquet: row 2"]
    assert [list(value) for value in raw.frame["frames"]] == [["x"], []]


BROKEN: dict[str, tuple[str, str | bytes, list[str]]] = {
    "empty": ("a.csv", "", ["a.csv"]),
    "blank": ("a.csv", " \n\n", ["a.csv"]),
    "empty JSONL": ("a.jsonl", "", ["a.jsonl"]),
    "header alone": ("a.csv", "text,label\n", ["a.csv"]),
    "column twice": ("a.csv", "text,label,text\na,b,c\n", ["a.csv:1"]),
    "ragged": ("a.csv", "text,label\na,b\nc\nd,e,f\n", ["a.csv:3", "a.csv:4"]),
    "other delimiter": ("a.csv", "text;label\na;b,c\n", ["a.csv:2"]),
    "open quote": ("a.csv", 'text,label\na,b\n"c,d\ne,f\n', ["a.csv:3"]),
    "quote inside": ("a.csv", 'text,label\n"a" b,c\n', ["a.csv:2"]),
    "latin-1": ("a.csv", b"text,label\nna\xefve,b\n", ["a.csv:2"]),
    "latin-1 JSONL": ("a.jsonl", b'{"text": "a"}\n{"text": "caf\xe9"}\n', ["a.jsonl:2"]),
    "utf-16": ("a.csv", "text,label\na,b\n".encode("utf-16"), ["a.csv:1"]),
    "cut off": ("a.jsonl", '{"text": "a"}\n{"text": "b', ["a.jsonl:2"]),
    "other JSON": ("a.jsonl", '[1]\n"x"\n{"text": 1', ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3"]),
    "deep JSON": ("a.jsonl", "[" * 100_000, ["a.jsonl:1"]),
    "Parquet cut off": ("a.parquet", b"PAR1", ["a.parquet"]),
    "unknown suffix": ("a.txt", "text\na\n", ["a.txt"]),
}


@pytest.mark.parametrize(("name", "content", "wheres"), BROKEN.values(), ids=BROKEN)
def test_the_error_of_a_broken_file_names_its_lines(
    name: str, content: str | bytes, wheres: list[str], messages: Messages
) -> None:
    error = error_of(name, content)
    assert [problem.where for problem in error.problems] == wheres
    messages(error)


@pytest.mark.parametrize("rows", [1, 30])
def test_another_delimiter_is_one_problem_however_many_rows(rows: int) -> None:
    error = error_of("a.csv", "text;label\n" + "a;b,c\n" * rows)
    (problem,) = error.problems
    assert problem.where == "a.csv:2"
    assert '";"' in problem.hint
    assert (f"{rows - 1} more rows" in problem.what) == (rows > 1)


def workbook(name: str, *rows: list[Any]) -> Raw:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(name)
    return read(Path(name))


def test_excel_keeps_values_and_row_numbers() -> None:
    raw = workbook("a.xlsx", ["text", "n", None], ["one, two", 1], [None, None], ["three", None])
    assert list(raw.locations) == ["a.xlsx: row 2", "a.xlsx: row 4"]
    assert raw.frame["text"].tolist() == ["one, two", "three"]
    assert raw.frame["n"].tolist() == [1, None]


@pytest.mark.parametrize(
    ("rows", "where"),
    [([["text"], ["one", 2]], "a.xlsx: row 2"), ([["text"]], "a.xlsx"), ([], "a.xlsx")],
    ids=["ragged", "header alone", "empty"],
)
def test_a_broken_workbook(rows: list[list[Any]], where: str, messages: Messages) -> None:
    with pytest.raises(CorpusError) as caught:
        workbook("a.xlsx", *rows)
    assert [problem.where for problem in caught.value.problems] == [where]
    messages(caught.value)


def test_a_workbook_that_is_none(messages: Messages) -> None:
    messages(error_of("a.xlsx", "text\n"))


def test_names_for_a_file_without_a_header() -> None:
    raw = reading("a.tsv", "one\t1\ntwo\t2\n", Layout(header=("text", "n")))
    assert list(raw.locations) == ["a.tsv:1", "a.tsv:2"]
    assert raw.frame["text"].tolist() == ["one", "two"]


def test_a_parquet_without_rows(messages: Messages) -> None:
    pd.DataFrame({"text": []}).to_parquet("a.parquet")
    with pytest.raises(CorpusError) as caught:
        read(Path("a.parquet"))
    messages(caught.value)


def test_a_file_cut_off_inside_a_character(messages: Messages) -> None:
    whole = '{"text": "é"}\n'.encode()
    error = error_of("a.jsonl", whole[:11])
    assert [problem.where for problem in error.problems] == ["a.jsonl:1"]
    messages(error)


def test_an_odd_number_of_utf_16_bytes_is_no_utf_16(messages: Messages) -> None:
    messages(error_of("a.csv", "text\na\n".encode("utf-16")[:-1], Layout(encoding="utf-16")))


def test_missing_file_and_folder(tmp_path: Path, messages: Messages) -> None:
    (tmp_path / "some.csv").mkdir()
    for name in ("none.csv", "some.csv"):
        with pytest.raises(CorpusError) as caught:
            read(Path(name))
        assert [problem.where for problem in caught.value.problems] == [name]
        messages(caught.value)


def test_a_layout_that_cannot_be(messages: Messages) -> None:
    with pytest.raises(ConfigError) as caught:
        Layout(encoding="utf8x", delimiter="::")
    assert [problem.where for problem in caught.value.problems] == ["corpus.encoding", "corpus.delimiter"]
    messages(caught.value)


def test_paths_are_shown_from_here(tmp_path: Path) -> None:
    assert short_path(tmp_path / "deep" / "a.csv") == str(Path("deep/a.csv"))
    assert short_path(Path("/elsewhere/a.csv")) == "/elsewhere/a.csv"
