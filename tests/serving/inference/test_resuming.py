"""What was labelled before a kill is kept, and gone on from."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toys

from harness.serving.contract import Contract
from harness.serving.folder import write_data
from harness.serving.inference import LabelModel, predict_file
from harness.serving.inference import labelling as inference_files
from harness.serving.inference.labelling import CHUNK, FIRST
from harness.tracking.models import load
from harness.values.errors import ModelError
from harness.values.labels import STANCE
from harness.values.parties import EMPTY

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
ROWS = 4 * FIRST  # chunks of 64, 128 and the last 64


def saved(folder: Path) -> Path:
    verbs = toys.Verbs(1.0, "", STANCE, 1)
    verbs.known_ = {"praised": [0.0, 0.0, 9.0], "blasted": [9.0, 0.0, 0.0], "met": [0.0, 9.0, 0.0]}
    (folder / "own" / "model").mkdir(parents=True)
    verbs.save(folder / "own" / "model")
    (folder / "served").mkdir()
    write_data(folder / "served", folder / "own", Contract("stance", STANCE, "toys:load"), EMPTY)
    return folder / "served"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    return load(saved(tmp_path_factory.mktemp("model")))


def source(path: Path, n: int = ROWS, *, changed: int | None = None) -> Path:
    verbs = ("praised", "blasted", "met")
    rows = [
        {"id": str(i), "text": f"Varna {verbs[i % 3]} row {i if i != changed else -1}.", "target": "Varna"}
        for i in range(n)
    ]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pd.DataFrame(rows).to_csv(path, index=False)
    return path


def stopped(
    model: LabelModel, given: Path, output: Path, monkeypatch: pytest.MonkeyPatch, *, chunks: int
) -> None:
    """Label until so many chunks are written, then end as Ctrl-C does."""
    plain, left = inference_files._labelled, [chunks]

    def ending(*some: Any) -> Any:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return plain(*some)

    with monkeypatch.context() as patch:
        patch.setattr(inference_files, "_labelled", ending)
        with pytest.raises(KeyboardInterrupt):
            predict_file(model, given, output)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("chunks", [1, 2])
def test_what_is_gone_on_with_is_what_was_never_stopped(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, chunks: int
) -> None:
    given = source(tmp_path / "in.csv")
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    assert predict_file(model, given, whole) == ROWS
    stopped(model, given, output, monkeypatch, chunks=chunks)
    assert not output.exists()
    read: list[int] = []
    plain = inference_files._labelled
    monkeypatch.setattr(
        inference_files, "_labelled", lambda *some: (read.append(len(some[1])), plain(*some))[1]
    )
    assert predict_file(model, given, output, resume=True) == ROWS
    assert sum(read) == ROWS - (FIRST, FIRST + 2 * FIRST)[chunks - 1]
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.csv", output.name, whole.name])


def test_a_torn_end_is_cut_off(model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = source(tmp_path / "in.csv")
    predict_file(model, given, tmp_path / "whole.csv")
    stopped(model, given, tmp_path / "out.csv", monkeypatch, chunks=1)
    with (tmp_path / "out.csv.partial").open("ab") as file:
        file.write(b'64,"Varna met r')
    predict_file(model, given, tmp_path / "out.csv", resume=True)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_killed_process_is_gone_on_from(tmp_path: Path) -> None:
    """SIGKILL, so that nothing in the process has a say."""
    code = """
import sys, time
from pathlib import Path
from harness.serving.inference import labelling as files, predict_file
from harness.tracking.models import load
model, plain = load(sys.argv[1]), files._labelled
def slow(*some):
    if some[2]:
        time.sleep(60)
    return plain(*some)
files._labelled = slow
predict_file(model, Path(sys.argv[2]), Path(sys.argv[3]))
"""
    given, output = source(tmp_path / "in.csv"), tmp_path / "out.csv"
    top = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{top}{os.pathsep}{top / 'tests'}"}
    folder = saved(tmp_path / "model")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(given), str(output)], cwd=top, env=environment
    )
    note, waited = tmp_path / "out.csv.partial.json", time.monotonic()
    while not note.exists() and time.monotonic() - waited < 60 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads(note.read_text())["rows"] == FIRST
    assert predict_file(load(folder), given, output, resume=True) == ROWS
    assert pd.read_csv(output)["id"].tolist() == list(range(ROWS))
    assert not note.exists()


def test_without_resume_it_begins_anew(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    given = source(tmp_path / "in.csv")
    stopped(model, given, tmp_path / "out.csv", monkeypatch, chunks=2)
    said = capfd.readouterr().err.splitlines()[-1]
    assert said == f"192 rows are kept in {tmp_path}/out.csv.partial: --resume goes on from there"
    assert predict_file(model, source(tmp_path / "in.csv", 10), tmp_path / "out.csv") == 10
    assert len(pd.read_csv(tmp_path / "out.csv")) == 10


@pytest.mark.parametrize("left", ["nothing", "note", "rows"])
def test_with_nothing_to_go_on_from_it_begins(model: LabelModel, tmp_path: Path, left: str) -> None:
    if left == "note":
        state = {"rows": 3, "size": 10, "read": "", "made_by": ""}
        (tmp_path / "out.csv.partial.json").write_text(json.dumps(state))
    if left == "rows":
        (tmp_path / "out.csv.partial").write_text("torn")
    assert predict_file(model, source(tmp_path / "in.csv"), tmp_path / "out.csv", resume=True) == ROWS
    assert pd.read_csv(tmp_path / "out.csv")["id"].tolist() == list(range(ROWS))


def test_rows_that_could_not_be_used_are_mended_and_gone_on_with(model: LabelModel, tmp_path: Path) -> None:
    given = source(tmp_path / "in.csv")
    lines = given.read_text().splitlines()
    given.write_text("\n".join([*lines[:101], "100,,Varna", *lines[102:]]) + "\n")
    with pytest.raises(ModelError) as error:
        predict_file(model, given, tmp_path / "out.csv")
    assert str(error.value) == f"{given}: the input cannot be labelled: row 101: text is empty"
    given.write_text("\n".join(lines) + "\n")
    assert predict_file(model, given, tmp_path / "out.csv", resume=True) == ROWS


@pytest.mark.parametrize("change", [{"changed": 3}, {"n": FIRST - 1}])
def test_other_rows_are_not_gone_on_with(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    stopped(model, source(tmp_path / "in.csv"), tmp_path / "out.csv", monkeypatch, chunks=1)
    given = source(tmp_path / "in.csv", **change)
    with pytest.raises(ModelError) as error:
        predict_file(model, given, tmp_path / "out.csv", resume=True)
    assert str(error.value) == (
        f"{given}: does not begin with the rows that were labelled before; leave --resume out"
    )


def test_another_model_does_not_go_on(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = source(tmp_path / "in.csv")
    stopped(model, given, tmp_path / "out.csv", monkeypatch, chunks=1)
    monkeypatch.setattr(LabelModel, "digest", "another")
    with pytest.raises(ModelError) as error:
        predict_file(model, given, tmp_path / "out.csv", resume=True)
    assert str(error.value) == (
        f"{tmp_path}/out.csv.partial was made by another model; without --resume it is made anew"
    )


def test_standard_output_cannot_be_gone_on_with(model: LabelModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        predict_file(model, source(tmp_path / "in.csv"), None, resume=True)
    assert str(error.value) == "standard output cannot be gone on with; name a file"


def test_chunks_double_up_to_the_largest() -> None:
    sizes = [len(chunk) for chunk in inference_files._growing([[{}] * 7] * 1_000)]
    # 64 * 31 = 1,984 and twice 2,048 are 6,080; 920 are left.
    assert sizes == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST, 16 * FIRST, CHUNK, CHUNK, 920]
