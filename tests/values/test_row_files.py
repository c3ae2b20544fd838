from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harness.values.errors import MAX_CHOICES, MAX_LENGTH, abbreviate, listed, suggest
from harness.values.row_files import file_format, likely_delimiter, likely_encoding, open_binary

TEXT = "Die Türkei grüßt; „gut“, sagt er – für 5 €.\n" * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_of_a_text_is_recognised(encoding: str) -> None:
    assert likely_encoding(TEXT.encode(encoding)) == encoding


def test_bytes_that_cp1252_lacks_are_latin_1() -> None:
    assert likely_encoding("\x81é".encode("latin-1")) == "latin-1"


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_sample_may_end_inside_a_character(cut: int) -> None:
    assert likely_encoding("Gut 🎉".encode()[:-cut]) == "utf-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_with_which_all_rows_have_as_many_fields(delimiter: str) -> None:
    rows = [["text", "label"], ["Well, then; a|b", "good"], ["No", "bad"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert likely_delimiter(text) == delimiter
    single = "text\nWell, then\n"
    assert likely_delimiter(single) == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("a.TSV", "tsv"),
        ("a.b.jsonl.gz", "jsonl"),
        ("a.xlsx", "xlsx"),
        ("a.xlsx.gz", None),
        ("a.gz", None),
        ("a", None),
    ],
)
def test_the_ending_says_the_format(name: str, kind: str | None) -> None:
    assert file_format(Path(name)) == kind


def test_compressed_files_are_opened_as_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"text\n"))
    with open_binary(tmp_path / "a.csv.gz") as file:
        assert file.read() == b"text\n"


def test_case_is_no_difference_to_a_suggestion() -> None:
    assert suggest("c", ["C", "words", "chars"]) == suggest("C", ["C", "words", "chars"])
    assert "'C'" in suggest("c", ["C", "words", "chars"])


@pytest.mark.parametrize("n", [MAX_CHOICES, MAX_CHOICES + 1])
def test_long_lists_of_choices_are_cut(n: int) -> None:
    names = [f"name{k}" for k in range(n)]
    assert listed(names).count("name") == min(n, MAX_CHOICES)
    assert len(suggest("zzz", names).split(", ")) == MAX_CHOICES


def test_values_in_messages_are_short_and_tables_are_named_by_their_type() -> None:
    import pandas as pd

    table = pd.DataFrame({"text": ["secret"] * 3})
    assert "secret" not in abbreviate(table)
    assert abbreviate({"a": 1}) == "{'a': 1}"
    assert len(abbreviate("x" * 1000)) == MAX_LENGTH
    assert abbreviate("x" * (MAX_LENGTH - 2)) == repr("x" * (MAX_LENGTH - 2))
