from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toys

import harness
from harness.serving.contract import Contract
from harness.serving.engine import LabelEngine
from harness.serving.folder import write_data
from harness.serving.inference import LabelModel, predict_file
from harness.serving.inference.labelling import CHUNK
from harness.tracking.models import load
from harness.tracking.promotion import promote
from harness.tracking.store import Store
from harness.values.errors import ModelError
from harness.values.labels import STANCE
from harness.values.parties import EMPTY

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
    folder = tmp_path_factory.mktemp("model")
    verbs = toys.Verbs(1.0, "", STANCE, 1)
    verbs.known_ = {"praised": [0.0, 0.0, 9.0], "blasted": [9.0, 0.0, 0.0], "met": [0.0, 9.0, 0.0]}
    (folder / "own" / "model").mkdir(parents=True)
    verbs.save(folder / "own" / "model")
    (folder / "served").mkdir()
    write_data(folder / "served", folder / "own", Contract("stance", STANCE, "toys:load"), EMPTY)
    return load(folder / "served")


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
    made = read(output)
    assert list(made[0]) == [*ROWS[0], "label", "p_critical", "p_neutral", "p_supportive", "abstain"]
    assert [row["label"] for row in made] == LABELS
    assert [{name: row[name] for name in ROWS[0]} for row in made] == ROWS
    assert [str(row["abstain"]) for row in made] == ["False"] * 3
    for row in made:
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


@pytest.mark.parametrize("n", [CHUNK, CHUNK + 1])
def test_chunks_join_without_a_seam(model: LabelModel, tmp_path: Path, n: int) -> None:
    rows = [ROWS[i % 3] | {"id": str(i)} for i in range(n)]
    for ending in (".csv", ".parquet"):
        assert predict_file(model, write(tmp_path / "in.csv", rows), tmp_path / f"out{ending}") == n
        made = read(tmp_path / f"out{ending}")
        assert [row["id"] for row in made] == [str(i) for i in range(n)]
        assert [row["label"] for row in made] == [LABELS[i % 3] for i in range(n)]


@pytest.mark.parametrize(("kind", "given"), [(None, ".csv"), ("jsonl", ".jsonl")])
def test_standard_input_and_output(
    model: LabelModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    kind: Any,
    given: str,
) -> None:
    data = write(tmp_path / f"in{given}", ROWS).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert predict_file(model, None, None, source_format=kind) == 3
    path = tmp_path / f"out{given}"
    path.write_bytes(capfdbinary.readouterr().out)
    assert [row["label"] for row in read(path)] == LABELS


def test_spans_in_text_files_are_numbers_and_gaps_are_none(model: LabelModel, tmp_path: Path) -> None:
    spans = [{"target_start": "0", "target_end": "5"}, {"target_start": "", "target_end": ""}]
    spans.append({"target_start": "0.0", "target_end": "5.0"})
    rows = [row | span for row, span in zip(ROWS, spans, strict=True)]
    assert predict_file(model, write(tmp_path / "in.csv", rows), tmp_path / "out.csv") == 3
    assert [row["target_start"] for row in read(tmp_path / "out.csv")] == ["0", "", "0.0"]


BAD: list[tuple[str, bytes, str]] = [
    ("in.csv", b"text,target\na,b\n,b\n", "the input cannot be labelled: row 2: text is empty"),
    ("in.csv", b"text,target\na,b,c\n", "line 2 has 3 fields; the header has 2"),
    ("in.csv", b"text,text\na,b\n", "has the column 'text' more than once"),
    ("in.csv", b'text,target\n"a,b\n', "line 2 cannot be read: unexpected end of data"),
    (
        "in.csv",
        b"sentence,party\na,b\n",
        "the input lacks the columns 'text' and 'target'; it has 'sentence', 'party'",
    ),
    ("in.csv", b"text,target\n\xe9,b\n", "is no UTF-8 text (byte 0xe9)"),
    (
        "in.csv",
        b"text,target,label\na,b,c\n",
        "already has the column 'label', which the labels go into; rename it",
    ),
    (
        "in.csv",
        b"text,target,target_start,target_end\na,b,x,1\n",
        "the input cannot be labelled: row 1: target_start and target_end should be whole numbers, got 'x'",
    ),
    ("in.csv", b"", "holds no rows"),
    ("in.csv", b"text,target\n", "holds no rows"),
    ("in.jsonl", b'{"text": "a", "target": "b"}\n{"text"\n', "line 2 is no JSON: Expecting ':' delimiter"),
    ("in.jsonl", b"[1]\n", "line 1 is no JSON object"),
    (
        "in.jsonl",
        b'{"text": "a", "target": "b"}\n{"target": "b"}\n',
        "the input cannot be labelled: row 2: text is missing",
    ),
    ("in.parquet", b"nothing of the kind", "is no Parquet file: "),
    ("in.tsv", b"text\ttarget\na\t \n", "the input cannot be labelled: row 1: target is empty"),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD, ids=[f"{n}-{s[:30]}" for n, _, s in BAD])
def test_bad_input_is_named_with_its_file_and_leaves_no_output(
    model: LabelModel, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        predict_file(model, source, tmp_path / "out.csv")
    assert str(caught.value).startswith(f"{source}: {said}")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_missing_file_and_an_unknown_ending_are_named(model: LabelModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        predict_file(model, tmp_path / "no.csv", tmp_path / "out.csv")
    assert str(caught.value) == f"{tmp_path}/no.csv: cannot be read: No such file or directory"
    with pytest.raises(ModelError) as caught:
        predict_file(model, tmp_path / "a.xlsx", None)
    assert str(caught.value) == (
        f"{tmp_path}/a.xlsx: its ending says no format; use one of .csv, .tsv, .jsonl, .ndjson, .parquet"
    )


def test_an_output_that_cannot_be_written_is_not_blamed_on_the_input(
    model: LabelModel, tmp_path: Path
) -> None:
    source = write(tmp_path / "in.csv", ROWS)
    with pytest.raises(ModelError) as caught:
        predict_file(model, source, tmp_path / "no" / "out.csv")
    assert str(caught.value) == f"{tmp_path}/no/out.csv cannot be written: No such file or directory"


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


# Loading


def test_the_champion_is_loaded_from_the_store(trained: Path) -> None:
    store = Store.open()
    promoted = promote(store, "toys")
    one, other = harness.load("models:/stance@champion"), harness.load(f"models:/stance/{promoted.version}")
    by_run = load(f"runs:/{promoted.run_id}")
    tables = [made.predict(ROWS) for made in (one, other, by_run)]
    assert all(table.equals(tables[0]) for table in tables)
    assert tables[0]["label"].tolist()[1] == "critical"


def test_a_champion_says_what_it_said_on_test(trained: Path) -> None:
    """The served model's labels are those of its seed's predictions: nothing is lost on the way."""
    store = Store.open()
    promoted = promote(store, "toys", classifier="verbs")
    files = Path(store.client.download_artifacts(promoted.run_id, ""))
    seed = int(store.client.get_run(promoted.run_id).data.tags["harness.served_seed"])
    known = pd.read_parquet(files / "predictions.parquet")
    known = known[(known["split"] == "test") & (known["seed"] == seed)].set_index("id")
    rows = pd.read_csv("sentences.csv").set_index("id").loc[known.index]
    said = load("models:/stance@champion").predict(rows[["text", "target"]])
    assert said["label"].tolist() == known["prediction"].tolist()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("models:/nobody@champion", "there is no model 'models:/nobody@champion' in sqlite:///"),
        ("models:/nobody/1", "there is no model 'models:/nobody/1' in sqlite:///"),
        (
            "runs:/0123456789abcdef0123456789abcdef",
            "there is no model 'runs:/0123456789abcdef0123456789abcdef' in sqlite",
        ),
        ("nowhere", "there is no model 'nowhere': give models:/NAME@champion, runs:/ID or a folder"),
    ],
)
def test_what_is_not_there_is_named(folder: Path, address: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(address)
    assert str(caught.value).startswith(said)


def test_another_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path} is no model of the harness: it holds no contract.json"


def test_a_folder_needs_no_store(model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense")
    assert isinstance(load(model.uri).engine, LabelEngine)
    assert list(tmp_path.iterdir()) == []
