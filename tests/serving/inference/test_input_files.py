"""Files as people have them: other names of columns, delimiters, encodings, Excel, gzip and bad rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from golden import Golden

from harness.serving.inference import LabelModel, load_folder
from harness.serving.inference.chunks import FIRST_CHUNK
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.serving.inference.text_layout import TextLayout
from tests.serving.toy_models import listing, refusal, write_model

SENTENCES = ("Varna praised Zürich Party.", "Varna blasted Zürich Party.", "Varna met Zürich Party.")
FORMULA = '=HYPERLINK("x") praised Varna.'
LABELS = ["supportive", "critical", "neutral"]
GERMAN = {"text": "satz", "target": "partei"}
TEXT_FILES = (".csv", ".tsv", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    return load_folder(write_model(tmp_path_factory.mktemp("model")))


def rows(n: int = 3) -> list[dict[str, Any]]:
    return [{"satz": SENTENCES[i % 3], "partei": "Zürich Party", "nr": i} for i in range(n)]


def encoded(ending: str, records: list[dict[str, Any]], layout: TextLayout) -> bytes:
    if ".jsonl" in ending:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records)
    else:
        out = io.StringIO(newline="")
        default = "\t" if ".tsv" in ending else ","
        table = csv.DictWriter(out, list(records[0]), delimiter=layout.delimiter or default)
        table.writeheader()
        table.writerows(records)
        text = out.getvalue()
    data = text.encode(layout.encoding)
    return gzip.compress(data) if ending.endswith(".gz") else data


def decoded(path: Path, layout: TextLayout) -> list[dict[str, Any]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in data.decode("utf-8").splitlines()]
    delimiter = layout.delimiter or ("\t" if ".tsv" in path.name else ",")
    return list(csv.DictReader(io.StringIO(data.decode(layout.encoding)), delimiter=delimiter))


@pytest.mark.parametrize("layout", [TextLayout(), TextLayout("cp1252", ";"), TextLayout("utf-16", "|")])
@pytest.mark.parametrize("ending", TEXT_FILES)
def test_a_file_is_written_as_it_was_read(
    model: LabelModel, tmp_path: Path, ending: str, layout: TextLayout
) -> None:
    source, output = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    source.write_bytes(encoded(ending, rows(FIRST_CHUNK + 3), layout))
    options = FileOptions(GERMAN, layout)
    assert predict_file(model, source, output, options=options) == FIRST_CHUNK + 3
    labelled = decoded(output, layout)
    assert list(labelled[0]) == ["satz", "partei", "nr", *model.columns]
    assert [row["label"] for row in labelled] == [LABELS[i % 3] for i in range(FIRST_CHUNK + 3)]
    assert {row["partei"] for row in labelled} == {"Zürich Party"}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, output.name])


def test_a_compressed_output_depends_on_its_content_alone(model: LabelModel, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(encoded(".csv", rows(), TextLayout()))
    for name in ("a.csv.gz", "b.csv.gz"):
        predict_file(model, source, tmp_path / name, options=FileOptions(GERMAN))
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_excel_is_read_and_written(model: LabelModel, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for cells in (
        ["satz", "partei", None, "note"],
        *([text, "Zürich Party", None, "=1+1"] for text in SENTENCES),
    ):
        book.active.append(cells)
    # A cell that is formatted and empty, far beyond the table.
    book.active["H9"].number_format = "0.00"
    book.active["D2"].data_type = "s"
    source, output = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    book.save(source)
    assert predict_file(model, source, output, options=FileOptions(GERMAN)) == 3
    labelled = pd.read_excel(output)
    assert labelled["label"].tolist() == LABELS
    assert list(labelled.columns) == ["satz", "partei", "note", *model.columns]
    assert labelled["abstain"].dtype == bool


def test_a_text_that_looks_like_a_formula_stays_a_text(model: LabelModel, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.xlsx"
    quoted = FORMULA.replace('"', '""')
    source.write_text(f'text,target\n"{quoted}\x0b",Varna\n', encoding="utf-8")
    predict_file(model, source, output)
    sheet = openpyxl.load_workbook(output).active
    assert sheet is not None
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", FORMULA)


@pytest.mark.parametrize(("length", "fits"), [(32_767, True), (32_768, False)])
def test_a_text_that_excel_would_cut_is_refused(
    model: LabelModel, tmp_path: Path, length: int, fits: bool
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.xlsx"
    source.write_text(f"text,target\n{'x' * length},Varna\n", encoding="utf-8")
    if fits:
        assert predict_file(model, source, output) == 1
    else:
        assert f"{length:,}" in refusal(lambda: predict_file(model, source, output))


MENDS: dict[str, tuple[bytes, FileOptions]] = {
    "other names": (b"satz,partei\na,b\n", FileOptions()),
    "one other name": (b"text,partei\na,b\n", FileOptions()),
    "semicolons": (b"text;target\na;b\n", FileOptions()),
    "tabs": (b"text\ttarget\na\tb\n", FileOptions()),
    "semicolons and commas": (b"text;target\na, b;c\n", FileOptions()),
    "cp1252": ("text,target\nZürich,b\n".encode("cp1252"), FileOptions()),
    "UTF-16": ("text,target\na,b\n".encode("utf-16"), FileOptions()),
    "not the encoding that was named": (b"text,target\n\x81,b\n", FileOptions(layout=TextLayout("cp1252"))),
    "a column that is not there": (b"text,target\na,b\n", FileOptions({"text": "satz"})),
    "an optional column that is not there": (b"text,target\na,b\n", FileOptions({"holder": "wer"})),
    "no gzip": (b"text,target\na,b\n", FileOptions()),
}


def test_what_cannot_be_read_is_answered_with_the_option_that_reads_it(
    model: LabelModel, tmp_path: Path, golden: Golden
) -> None:
    messages = {}
    for case, (content, options) in MENDS.items():
        source = tmp_path / ("in.csv.gz" if case == "no gzip" else "in.csv")
        source.write_bytes(content)
        messages[case] = refusal(
            lambda source=source, options=options: predict_file(  # type: ignore[misc]
                model, source, tmp_path / "out.csv", options=options
            ),
            tmp_path,
        )
    messages["a column that no model reads"] = refusal(lambda: FileOptions({"txt": "satz"}))
    messages["an unknown encoding"] = refusal(lambda: TextLayout("utf8x"))
    messages["a long delimiter"] = refusal(lambda: TextLayout(delimiter="::"))
    (tmp_path / "in.csv").write_text("text,target\n😀,Varna\n", encoding="utf-8")
    golden("serving/mends", listing(messages))


# Rows that are set aside


BAD: dict[str, tuple[str, str, list[int], list[int]]] = {
    "csv": (
        ".csv",
        "text,target\nVarna praised X.,X\n,X\nVarna met X.,X\na,b,c\nVarna blasted X.,\n",
        [2, 4, 5],
        [1, 3],
    ),
    "jsonl": (
        ".jsonl",
        '{"text": "Varna praised X.", "target": "X"}\n{"text"\n[1]\n{"text": "a", "target": 3}\n',
        [2, 3, 4],
        [1],
    ),
}


@pytest.mark.parametrize(("ending", "content", "bad", "good"), BAD.values(), ids=BAD)
def test_bad_rows_are_set_aside_with_their_number(
    model: LabelModel, tmp_path: Path, ending: str, content: str, bad: list[int], good: list[int]
) -> None:
    source, output, aside = tmp_path / f"in{ending}", tmp_path / f"out{ending}", tmp_path / "bad.csv"
    source.write_text(content, encoding="utf-8")
    assert predict_file(model, source, output, options=FileOptions(skip_bad=aside)) == len(good)
    with aside.open(encoding="utf-8-sig", newline="") as file:
        rows_aside = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows_aside] == bad
    assert {row["file"] for row in rows_aside} == {str(source)}
    assert all(row["problem"] for row in rows_aside)


def test_every_row_is_labelled_or_set_aside(model: LabelModel, tmp_path: Path) -> None:
    n = 5 * FIRST_CHUNK
    records = [
        {"text": SENTENCES[i % 3] if i % 7 else "", "target": "Zürich Party", "nr": i} for i in range(n)
    ]
    source, output, aside = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "bad.csv"
    pd.DataFrame(records).to_csv(source, index=False)
    count = predict_file(model, source, output, options=FileOptions(skip_bad=aside))
    bad, labelled = pd.read_csv(aside), pd.read_csv(output)
    assert bad["nr"].tolist() == [i for i in range(n) if i % 7 == 0]
    assert bad["row"].tolist() == [i + 1 for i in range(n) if i % 7 == 0]
    assert labelled["nr"].tolist() == [i for i in range(n) if i % 7]
    assert count + len(bad) == n


def test_a_chunk_of_bad_rows_alone_ends_nothing(model: LabelModel, tmp_path: Path) -> None:
    records = [
        {"text": "" if i < FIRST_CHUNK else SENTENCES[0], "target": "Varna"} for i in range(FIRST_CHUNK + 1)
    ]
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    pd.DataFrame(records).to_csv(source, index=False)
    assert predict_file(model, source, output, options=FileOptions(skip_bad=tmp_path / "bad.csv")) == 1


def test_without_bad_rows_the_file_of_them_holds_its_header(model: LabelModel, tmp_path: Path) -> None:
    source, aside = tmp_path / "in.csv", tmp_path / "bad.csv"
    source.write_bytes(encoded(".csv", rows(), TextLayout()))
    aside.write_text("of an earlier attempt", encoding="utf-8")
    predict_file(model, source, tmp_path / "out.csv", options=FileOptions(GERMAN, skip_bad=aside))
    assert aside.read_text(encoding="utf-8-sig").split() == ["file,row,problem"]


def test_what_setting_aside_cannot_mend(model: LabelModel, tmp_path: Path, golden: Golden) -> None:
    source, options = tmp_path / "in.csv", FileOptions(skip_bad=tmp_path / "bad.csv")
    contents = {
        "no column": "a,target\nb,c\n",
        "no good row": "text,target\n,c\n,d\n",
        "one bad row": "text,target\n,c\n",
    }
    messages = {}
    for case, content in contents.items():
        source.write_text(content, encoding="utf-8")
        messages[case] = refusal(
            lambda: predict_file(model, source, tmp_path / "out.csv", options=options), tmp_path
        )
        assert not (tmp_path / "out.csv").exists()
    golden("serving/not-set-aside", listing(messages))
