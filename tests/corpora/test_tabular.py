"""Files of every kind, whole and broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.corpora.checks import Raw
from harness.corpora.tabular import Layout, read, shown
from harness.values.errors import ConfigError, CorpusError


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def reading(name: str, content: str | bytes, layout: Layout = Layout()) -> Raw:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path.absolute(), layout)


def complaint(name: str, content: str | bytes, layout: Layout = Layout()) -> str:
    with pytest.raises(CorpusError) as caught:
        reading(name, content, layout)
    return str(caught.value)


def test_a_record_is_placed_on_the_line_it_begins_on() -> None:
    raw = reading("a.csv", 'text,label\n"two\nlines",x\n\nthree,\n"four, and ""more""",NA\n')
    assert list(raw.places) == ["a.csv:2", "a.csv:5", "a.csv:6"]
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
    assert list(raw.places) == ["a.jsonl:1", "a.jsonl:3"]
    assert raw.frame["n"].tolist() == [1, None]
    assert raw.frame["frames"].tolist() == [None, ["x"]]


def test_a_line_separator_inside_a_json_text_ends_no_line() -> None:
    assert reading("a.jsonl", '{"text": "a\u2028b\x85c"}\n').frame["text"].tolist() == ["a\u2028b\x85c"]


def test_parquet() -> None:
    pd.DataFrame({"text": ["a", "b"], "frames": [["x"], []]}).to_parquet("a.parquet")
    raw = read(Path("a.parquet"))
    assert list(raw.places) == ["a.parquet: row 1", "a.parquet: row 2"]
    assert [list(value) for value in raw.frame["frames"]] == [["x"], []]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.csv", "", "a.csv: is empty"),
        ("a.csv", " \n\n", "a.csv: is empty"),
        ("a.jsonl", "", "a.jsonl: is empty"),
        ("a.csv", "text,label\n", "a.csv: has a header and no rows"),
        ("a.csv", "text,label,text\na,b,c\n", "a.csv:1: names the column 'text' twice"),
        (
            "a.csv",
            "text,label\na,b\nc\nd,e,f\n",
            "a.csv:3: has 1 field, the header 2\na.csv:4: has 3 fields, the header 2",
        ),
        (
            "a.csv",
            "text;label\na;b,c\n",
            "a.csv:2: has 2 fields, the header 1; one column in all: is the delimiter right?",
        ),
        (
            "a.csv",
            'text,label\na,b\n"c,d\ne,f\n',
            "a.csv:3: is not valid CSV: unexpected end of data;"
            " a quotation mark stands alone or inside a field: double it, or set quoted: false",
        ),
        (
            "a.csv",
            'text,label\n"a" b,c\n',
            "a.csv:2: is not valid CSV: ',' expected after '\"';"
            " a quotation mark stands alone or inside a field: double it, or set quoted: false",
        ),
        (
            "a.csv",
            b"text,label\nna\xefve,b\n",
            "a.csv:2: is not utf-8: byte 0xef; set encoding, perhaps to cp1252 or latin-1",
        ),
        (
            "a.jsonl",
            b'{"text": "a"}\n{"text": "caf\xe9"}\n',
            "a.jsonl:2: is not utf-8: byte 0xe9; set encoding, perhaps to cp1252 or latin-1",
        ),
        (
            "a.csv",
            "text,label\na,b\n".encode("utf-16"),
            "a.csv:1: is not utf-8: byte 0xff; set encoding, perhaps to utf-16",
        ),
        (
            "a.jsonl",
            '{"text": "a"}\n{"text": "b',
            "a.jsonl:2: is not valid JSON: Unterminated string starting at (character 10)",
        ),
        (
            "a.jsonl",
            '[1]\n"x"\n{"text": 1',
            "a.jsonl:1: is not a JSON object but list\n"
            "a.jsonl:2: is not a JSON object but str\n"
            "a.jsonl:3: is not valid JSON: Expecting ',' delimiter (character 11)",
        ),
        ("a.jsonl", "[" * 100_000, "a.jsonl:1: is not valid JSON: nested too deeply"),
        (
            "a.parquet",
            b"PAR1",
            "a.parquet: cannot be read as Parquet: Could not open Parquet input source 'a.parquet':"
            " Parquet file size is 4 bytes,"
            " smaller than the minimum file footer (8 bytes)",
        ),
        (
            "a.txt",
            "text\na\n",
            "a.txt: has no suffix that says its format: 'a.txt';"
            " set format to one of csv, tsv, jsonl, parquet, xlsx",
        ),
    ],
)
def test_a_broken_file_is_told_with_its_line(name: str, content: str | bytes, message: str) -> None:
    assert complaint(name, content) == message


def workbook(name: str, *rows: list[Any]) -> Raw:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(name)
    return read(Path(name))


def test_excel_keeps_values_and_row_numbers() -> None:
    raw = workbook("a.xlsx", ["text", "n", None], ["one, two", 1], [None, None], ["three", None])
    assert list(raw.places) == ["a.xlsx: row 2", "a.xlsx: row 4"]
    assert raw.frame["text"].tolist() == ["one, two", "three"]
    assert raw.frame["n"].tolist() == [1, None]


def test_a_broken_workbook() -> None:
    with pytest.raises(CorpusError, match=r"^a\.xlsx: row 2: has 2 fields, the header 1; one column in all"):
        workbook("a.xlsx", ["text"], ["one", 2])
    with pytest.raises(CorpusError, match=r"^a\.xlsx: has a header and no rows$"):
        workbook("a.xlsx", ["text"])
    with pytest.raises(CorpusError, match=r"^a\.xlsx: is empty$"):
        workbook("a.xlsx")
    with pytest.raises(CorpusError, match=r"^a\.xlsx: cannot be read as Excel: File is not a zip file$"):
        reading("a.xlsx", "text\n")


def test_names_for_a_file_without_a_header() -> None:
    raw = reading("a.tsv", "one\t1\ntwo\t2\n", Layout(header=("text", "n")))
    assert list(raw.places) == ["a.tsv:1", "a.tsv:2"]
    assert raw.frame["text"].tolist() == ["one", "two"]


def test_a_parquet_without_rows() -> None:
    pd.DataFrame({"text": []}).to_parquet("a.parquet")
    with pytest.raises(CorpusError, match=r"^a\.parquet: has no rows$"):
        read(Path("a.parquet"))


def test_a_file_cut_off_inside_a_character() -> None:
    whole = '{"text": "é"}\n'.encode()
    assert complaint("a.jsonl", whole[:11]).startswith("a.jsonl:1: is not utf-8: byte 0xc3;")


def test_an_odd_number_of_utf_16_bytes_is_no_utf_16() -> None:
    layout = Layout(encoding="utf-16")
    assert complaint("a.csv", "text\na\n".encode("utf-16")[:-1], layout).startswith("a.csv:")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"^none\.csv: cannot be read: No such file or directory$"):
        read(Path("none.csv"))
    (tmp_path / "some.csv").mkdir()
    with pytest.raises(CorpusError, match=r"^some\.csv: is a folder; name the files in it$"):
        read(Path("some.csv"))


def test_a_layout_that_cannot_be() -> None:
    with pytest.raises(ConfigError) as caught:
        Layout(encoding="utf8x", delimiter="::")
    assert str(caught.value).splitlines() == [
        "corpus.encoding: unknown encoding 'utf8x';"
        " use utf-8, latin-1, cp1252, utf-16 or another name that Python knows",
        "corpus.delimiter: should be one character, got '::'",
    ]


def test_paths_are_shown_from_here(tmp_path: Path) -> None:
    assert shown(tmp_path / "deep" / "a.csv") == str(Path("deep/a.csv"))
    assert shown(Path("/elsewhere/a.csv")) == "/elsewhere/a.csv"
