"""Rows that no model can label: each is named with its place, or set aside; the others are labelled."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from harness.articles.readings_table import read_rows
from harness.corpora import tabular
from harness.serving.inference import LabelModel, load_folder
from harness.serving.inference.bad_rows import BadRows
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.values.errors import ArticleError, CorpusError, ModelError
from harness.values.limits import DEPTH, DIGITS, FIELD_CHARACTERS, LINE_CHARACTERS
from harness.values.parquet_files import batch_rows, open_parquet
from harness.values.unreadable import UnreadableError, UnreadableRow
from tests.serving.toy_models import write_model

GOOD = {"text": "Varna praised Ostrel.", "target": "Varna"}
HALF = "\ud83d"
REPLACED_IN_ONE = "1 row held null characters or halves of characters, which were replaced by U+FFFD"
REPLACED_IN_TWO = REPLACED_IN_ONE.replace("1 row", "2 rows")
REPLACED = ["Varna praised Ostrel \ufffd", "Varna praised \ufffd\ufffd."]
EMOJI_CUT = f"Varna praised Ostrel {HALF}"


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def json_line(**fields: Any) -> str:
    return json.dumps(GOOD | fields)


# What stands in the second of three rows.
BAD_JSON = {
    "3,000-deep value": f'{{"text": "a", "x": {nested(3000)}}}',
    "value one level too deep": f'{{"text": "a", "x": {nested(DEPTH.maximum)}}}',
    "5,000-digit number": f'{{"text": "a", "x": {"9" * 5000}}}',
    "number one digit too long": f'{{"text": "a", "x": {"9" * (DIGITS.maximum + 1)}}}',
    "text one character too long": json_line(text="x" * (FIELD_CHARACTERS.maximum + 1)),
    "nested text is no text": json_line(text=[["a"]]),
    "no JSON": "{",
    "a list": "[1]",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    return load_folder(write_model(tmp_path_factory.mktemp("model")))


def aside_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        csv.field_size_limit(2**30)
        return list(csv.DictReader(handle))


def check(model: LabelModel, source: Path, *, line: str, bad: list[int], good: int) -> None:
    """A file with bad rows is refused with the place of the first, or labelled without them."""
    output, aside = source.with_name("out.jsonl"), source.with_name("aside.csv")
    with pytest.raises(ModelError) as caught:
        predict_file(model, source, output)
    assert str(caught.value).startswith(f"{source}: ")
    assert line in str(caught.value)
    assert not output.exists()
    assert predict_file(model, source, output, options=FileOptions(skip_bad=aside)) == good
    assert [int(row["row"]) for row in aside_rows(aside)] == bad
    assert {row["file"] for row in aside_rows(aside)} == {str(source)}
    assert all(row["problem"] for row in aside_rows(aside))
    labels = [json.loads(row)["label"] for row in output.read_text(encoding="utf-8").splitlines()]
    assert labels == ["supportive"] * good


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_bad_line_of_json(model: LabelModel, tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join([json_line(), BAD_JSON[name], json_line()]), encoding="utf-8")
    place = "row 2" if "character" in name or "nested text" in name else "line 2"
    check(model, source, line=place, bad=[2], good=2)


def test_values_at_the_limits_are_labelled(model: LabelModel, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.csv"
    deepest, longest = nested(DEPTH.maximum - 1), "9" * DIGITS.maximum
    text = f"Varna praised Ostrel.{' ' * FIELD_CHARACTERS.maximum}"[: FIELD_CHARACTERS.maximum]
    source.write_text(
        f'{{"text": "Varna praised Ostrel.", "target": "Varna", "x": {deepest}}}\n'
        f'{{"text": "Varna praised Ostrel.", "target": "Varna", "x": {longest}}}\n'
        f"{json_line(text=text)}\n"
    )
    assert predict_file(model, source, output) == 3


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".xlsx"])
def test_half_an_emoji_is_replaced_as_read_replaces_it(
    model: LabelModel, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / f"out{ending}"
    lines = [
        json_line(),
        json_line(text=EMOJI_CUT, note=["\0", {HALF: HALF}]),
        json_line(target_start=0, target_end=5, text=f"Varna praised {HALF}{HALF}."),
    ]
    source.write_text("\n".join(lines) + "\n")
    assert predict_file(model, source, output) == 3
    assert REPLACED_IN_TWO in capsys.readouterr().err
    if ending == ".jsonl":
        rows = [json.loads(row) for row in output.read_text(encoding="utf-8").splitlines()]
        assert [row["text"] for row in rows[1:]] == REPLACED
        assert rows[1]["note"] == ["\ufffd", {"\ufffd": "\ufffd"}]


def test_a_line_that_is_no_utf_8(model: LabelModel, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(
        b"text,target\nVarna praised Ostrel.,Varna\nT\xfcrkei,Varna\nVarna praised Ostrel.,Varna\n"
    )
    check(model, source, line="line 3 is not UTF-8 text (byte 0xfc); try --encoding cp1252", bad=[2], good=2)


@pytest.mark.parametrize("size", [FIELD_CHARACTERS.maximum + 1, LINE_CHARACTERS.maximum + 1])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_that_is_too_long(model: LabelModel, tmp_path: Path, size: int, quote: str) -> None:
    source = tmp_path / "in.csv"
    good = "Varna praised Ostrel.,Varna\n"
    source.write_text(f"text,target\n{good}{quote}{'x' * size}{quote},Varna\n{good}")
    check(model, source, line="line 3 is beyond a limit: a field has at most 1,000,000", bad=[2], good=2)


def test_a_field_at_the_limit(model: LabelModel, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"text,target\n{'x' * FIELD_CHARACTERS.maximum},Varna\n")
    assert predict_file(model, source, tmp_path / "out.csv") == 1


def test_an_offset_of_5000_digits(model: LabelModel, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    rows = [
        "Varna praised Ostrel.,Varna,0,5",
        f"Varna.,Varna,0,{'9' * 5000}",
        "Varna praised Ostrel.,Varna,,",
    ]
    source.write_text("\n".join(["text,target,target_start,target_end", *rows]))
    check(model, source, line="row 2: target_start and target_end", bad=[2], good=2)


def parquet_with(column: pa.Array, path: Path) -> None:
    table = pa.table(
        {"text": [GOOD["text"]] * len(column), "target": ["Varna"] * len(column), "note": column}
    )
    parquet.write_table(table, path)


def test_a_parquet_text_that_is_no_utf_8(model: LabelModel, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    # Bytes that are declared to be text, as other programs write them.
    column = pa.array([b"a", b"\xff\xfe", b"c"]).view(pa.string())
    parquet_with(column, source)
    check(model, source, line="row 2: cannot be read", bad=[2], good=2)
    with pytest.raises(CorpusError, match=r"in\.parquet: row 2: cannot be read"):
        tabular.read(source)


def test_a_dictionary_index_that_points_outside() -> None:
    indices, words = pa.array([0, 7, 1], pa.int32()), pa.array(["a", "b"])
    column = pa.DictionaryArray.from_arrays(indices, words, safe=False)
    rows = batch_rows(pa.record_batch({"x": column}))
    assert [row if not isinstance(row, UnreadableRow) else "bad" for row in rows] == [
        {"x": "a"},
        "bad",
        {"x": "b"},
    ]


def test_a_corrupt_row_group_costs_its_own_rows(model: LabelModel, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    texts = [f"Varna praised Ostrel {n}." for n in range(300)]
    table = pa.table({"text": texts, "target": ["Varna"] * 300})
    parquet.write_table(table, source, row_group_size=100, use_dictionary=["text"], compression="snappy")
    offset = parquet.ParquetFile(source).metadata.row_group(1).column(0).dictionary_page_offset
    data = bytearray(source.read_bytes())
    data[offset : offset + 60] = b"\xff" * 60
    source.write_bytes(data)
    check(model, source, line="row 101: cannot be read: row group 2", bad=[*range(101, 201)], good=200)
    with pytest.raises(CorpusError, match=r"in\.parquet: row 101: cannot be read: row group 2"):
        tabular.read(source)
    with pytest.raises(ArticleError, match=r"row 101: cannot be read: row group 2"):
        read_rows(source, ["text"])


def test_a_file_cut_off_is_no_parquet(tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    parquet_with(pa.array(["a", "b"]), source)
    source.write_bytes(source.read_bytes()[:-20])
    with pytest.raises(UnreadableError, match="is not a Parquet file"):
        open_parquet(source, 10)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_training_replaces_what_read_replaces(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows{ending}"
    if ending == ".csv":
        path.write_text("text,label\nwhole,a\nhalf \0,b\n", encoding="utf-8")
    else:
        path.write_text(f'{{"text": "whole"}}\n{json.dumps({"text": "half " + HALF})}\n')
    raw = tabular.read(path)
    assert raw.frame["text"].tolist() == ["whole", "half \ufffd"]
    assert raw.notes == (REPLACED_IN_ONE,)


@pytest.mark.parametrize("name", [name for name in BAD_JSON if name != "nested text is no text"])
def test_training_refuses_the_rest_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([json_line(), BAD_JSON[name], json_line()]), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        tabular.read(path)
    (problem,) = caught.value.problems
    assert problem.where.split(": ")[0] == "rows.jsonl:2"


def test_a_workbook_that_is_corrupt_inside(model: LabelModel, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["text", "target"], [GOOD["text"], "Varna"]):
        book.worksheets[0].append(row)
    whole = io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    faults = {
        "cut off": members[sheet][:-40],
        "no XML": b"\0\1\2",
        "a cell that names none": members[sheet].replace(b'r="A1"', b'r="1A"'),
        "a shared string that is not there": members[sheet].replace(b"inlineStr", b"s"),
    }
    for name, content in faults.items():
        source = tmp_path / f"{name}.xlsx"
        with zipfile.ZipFile(source, "w") as archive:
            for member, data in (members | {sheet: content}).items():
                archive.writestr(member, data)
        with pytest.raises(ModelError, match=r"\.xlsx: ") as caught:
            predict_file(model, source, tmp_path / "out.csv")
        assert str(caught.value).startswith(f"{source}: ")


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    aside = BadRows(tmp_path / "aside.csv", "in.csv")
    for number in (3, 5):
        aside.add(number, {"text": "x"}, "is bad")
    aside.close()
    assert (aside.count, [row["row"] for row in aside_rows(aside.path)]) == (2, ["3", "5"])
