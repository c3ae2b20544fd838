from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from golden import Golden

from harness.serving.inference import LabelModel, load_folder
from harness.serving.inference.chunks import FIRST_CHUNK, MAX_CHUNK
from harness.serving.inference.labelling import predict_file
from harness.values.errors import ModelError
from harness.values.labels import STANCE
from harness.values.language import LanguageWarning
from tests.serving.toy_models import listing, refusal, write_model

ROWS = [
    {
        "id": "1",
        "text": 'Varna praised the "old" Harbour Party,\nagain.',
        "target": "Harbour Party",
        "note": "ü",
    },
    {"id": "2", "text": "Varna blasted Coastal Union.", "target": "Coastal Union", "note": ""},
    {"id": "3", "text": "Varna met Coastal Union.", "target": "Varna", "note": "NA"},
]
LABELS = ["supportive", "critical", "neutral"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    """A model that was never near a store."""
    return load_folder(write_model(tmp_path_factory.mktemp("model")))


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as handle:
            table = csv.DictWriter(handle, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            table.writeheader()
            table.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pd.read_parquet(path).to_dict("records"))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t" if path.suffix == ".tsv" else ","))


ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")


@pytest.mark.parametrize("source", ENDINGS)
@pytest.mark.parametrize("sink", ENDINGS)
def test_every_format_is_read_and_written(model: LabelModel, tmp_path: Path, source: str, sink: str) -> None:
    output = tmp_path / f"out{sink}"
    assert predict_file(model, write(tmp_path / f"in{source}", ROWS), output) == 3
    labelled = read(output)
    assert list(labelled[0]) == [*ROWS[0], "label", "p_critical", "p_neutral", "p_supportive", "abstain"]
    assert [row["label"] for row in labelled] == LABELS
    assert [{name: row[name] for name in ROWS[0]} for row in labelled] == ROWS
    assert [str(row["abstain"]) for row in labelled] == ["False"] * 3
    for row in labelled:
        shares = [float(row[f"p_{name}"]) for name in STANCE.names]
        assert max(shares) == float(row[f"p_{row['label']}"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"in{source}", f"out{sink}"])


def test_parquet_keeps_its_types(model: LabelModel, tmp_path: Path) -> None:
    rows = [
        ROWS[0] | {"n": 1, "day": pd.Timestamp("2030-01-02"), "gap": None},
        ROWS[1] | {"n": 2, "gap": 0.5},
    ]
    predict_file(model, write(tmp_path / "in.parquet", rows), tmp_path / "out.parquet")
    before, after = pd.read_parquet(tmp_path / "in.parquet"), pd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(after[list(before.columns)], before)
    assert after["abstain"].dtype == bool


@pytest.mark.parametrize("n", [MAX_CHUNK, MAX_CHUNK + 1])
def test_chunks_join_without_a_seam(model: LabelModel, tmp_path: Path, n: int) -> None:
    rows = [ROWS[i % 3] | {"id": str(i)} for i in range(n)]
    for ending in (".csv", ".parquet"):
        assert predict_file(model, write(tmp_path / "in.csv", rows), tmp_path / f"out{ending}") == n
        labelled = read(tmp_path / f"out{ending}")
        assert [row["id"] for row in labelled] == [str(i) for i in range(n)]
        assert [row["label"] for row in labelled] == [LABELS[i % 3] for i in range(n)]


@pytest.mark.parametrize(("kind", "ending"), [(None, ".csv"), ("jsonl", ".jsonl")])
def test_standard_input_and_output(
    model: LabelModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    kind: Any,
    ending: str,
) -> None:
    data = write(tmp_path / f"in{ending}", ROWS).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert predict_file(model, None, None, stream_format=kind) == 3
    path = tmp_path / f"out{ending}"
    path.write_bytes(capfdbinary.readouterr().out)
    assert [row["label"] for row in read(path)] == LABELS


def test_spans_in_text_files_are_numbers_and_gaps_are_none(model: LabelModel, tmp_path: Path) -> None:
    spans = [{"target_start": "0", "target_end": "5"}, {"target_start": "", "target_end": ""}]
    spans.append({"target_start": "0.0", "target_end": "5.0"})
    rows = [row | span for row, span in zip(ROWS, spans, strict=True)]
    assert predict_file(model, write(tmp_path / "in.csv", rows), tmp_path / "out.csv") == 3
    assert [row["target_start"] for row in read(tmp_path / "out.csv")] == ["0", "", "0.0"]


UNUSABLE: dict[str, tuple[str, bytes]] = {
    "an empty text": ("in.csv", b"text,target\na,b\n,b\n"),
    "a field too many": ("in.csv", b"text,target\na,b,c\n"),
    "a column twice": ("in.csv", b"text,text\na,b\n"),
    "an open quote": ("in.csv", b'text,target\n"a,b\n'),
    "other columns": ("in.csv", b"sentence,party\na,b\n"),
    "Latin-1": ("in.csv", b"text,target\n\xe9,b\n"),
    "a column for labels": ("in.csv", b"text,target,label\na,b,c\n"),
    "an offset that is no number": ("in.csv", b"text,target,target_start,target_end\na,b,x,1\n"),
    "an empty file": ("in.csv", b""),
    "a header alone": ("in.csv", b"text,target\n"),
    "broken JSON": ("in.jsonl", b'{"text": "a", "target": "b"}\n{"text"\n'),
    "a JSON list": ("in.jsonl", b"[1]\n"),
    "a key too few": ("in.jsonl", b'{"text": "a", "target": "b"}\n{"target": "b"}\n'),
    "no Parquet": ("in.parquet", b"nothing of the kind"),
    "a blank target": ("in.tsv", b"text\ttarget\na\t \n"),
}


@pytest.mark.parametrize(("name", "content"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_input_leaves_no_output(
    model: LabelModel, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    message = refusal(lambda: predict_file(model, tmp_path / name, tmp_path / "out.csv"))
    assert message.startswith(f"{tmp_path / name}: ")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_unusable_input_is_named_with_its_place(model: LabelModel, tmp_path: Path, golden: Golden) -> None:
    messages = {}
    output = tmp_path / "out.csv"
    for case, (name, content) in UNUSABLE.items():
        source = tmp_path / name
        source.write_bytes(content)
        messages[case] = refusal(lambda source=source: predict_file(model, source, output), tmp_path)  # type: ignore[misc]
    messages["a missing file"] = refusal(lambda: predict_file(model, tmp_path / "no.csv", output), tmp_path)
    (tmp_path / "a.txt").write_text("Varna won.")
    messages["an unknown ending"] = refusal(lambda: predict_file(model, tmp_path / "a.txt", None), tmp_path)
    source = write(tmp_path / "in.csv", ROWS)
    messages["an output in a folder that does not exist"] = refusal(
        lambda: predict_file(model, source, tmp_path / "no" / "out.csv"), tmp_path
    )
    golden("serving/unusable-files", listing(messages))


def test_an_old_output_stays_where_the_new_one_fails(model: LabelModel, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,target\n,b\n")
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(ModelError):
        predict_file(model, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"


# Rows in Python


def test_rows_are_labelled_in_order(model: LabelModel) -> None:
    assert model.predict(ROWS)["label"].tolist() == LABELS
    assert model.predict(pd.DataFrame(ROWS))["label"].tolist() == LABELS
    assert list(model.predict([]).columns) == model.columns
    assert (model.task, model.labels) == ("stance", STANCE.names)


GERMAN = [
    {
        "text": f"Die Regierung von Varna hat am {day} eine neue Maut für den Fluss beschlossen.",
        "target": "Varna",
    }
    for day in ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag")
]


def english(folder: Path) -> LabelModel:
    loaded = load_folder(write_model(folder))
    contract = replace(loaded.engine.contract, languages=("en",))
    return LabelModel(replace(loaded.engine, contract=contract))


def test_text_in_another_language_warns_once(tmp_path: Path) -> None:
    model = english(tmp_path)
    with pytest.warns(LanguageWarning, match="was trained on English, and text is in German"):
        model.predict(GERMAN)
    # The configuration of the tests makes every warning an error.
    model.predict(GERMAN)
    assert len(model.notes) == 1


@pytest.mark.parametrize(
    "rows",
    [
        GERMAN[:2],
        [{"text": "The council of Varna met in the old hall on Monday.", "target": "Varna"}] * 5,
    ],
    ids=["too little", "its own"],
)
def test_text_in_its_own_language_or_too_little_does_not_warn(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    model = english(tmp_path)
    model.predict(rows)
    assert model.notes == ()


@pytest.mark.parametrize("to_file", [True, False])
def test_the_command_line_notes_it_once(
    to_file: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model").mkdir()
    model = english(tmp_path / "model")
    source = write(tmp_path / "in.csv", GERMAN * (MAX_CHUNK // 2))
    predict_file(model, source, tmp_path / "out.csv" if to_file else None)
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("note: ")]
    assert lines == [f"note: {model.notes[0]}"]


def json_lines(path: Path, *others: dict[str, object]) -> Path:
    """Write a chunk of rows with a year, and after it others."""
    row = {"text": "Varna praised it.", "target": "Varna"}
    records = [{**row, "year": 2030}] * FIRST_CHUNK + [{**row, **other} for other in others]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_number_that_does_not_fit_its_column_is_refused_and_not_cut(
    model: LabelModel, tmp_path: Path
) -> None:
    output = tmp_path / "out.parquet"
    predict_file(model, json_lines(tmp_path / "in.jsonl", {"year": 2031.0}, {}, {"year": None}), output)
    assert pd.read_parquet(output)["year"].dropna().tolist() == [*[2030] * FIRST_CHUNK, 2031]
    rows = json_lines(tmp_path / "in.jsonl", {"year": 2030.5})
    assert "2030.5" in refusal(lambda: predict_file(model, rows, output))


def test_no_row_loses_a_column_to_the_labels(model: LabelModel, tmp_path: Path) -> None:
    rows = json_lines(tmp_path / "in.jsonl", {}, {"label": "mine"})
    assert "'label'" in refusal(lambda: predict_file(model, rows, tmp_path / "out.jsonl"))
