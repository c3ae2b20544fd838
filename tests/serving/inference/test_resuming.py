"""A labelling that was interrupted is resumed after the rows that are labelled already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden

from harness.serving.inference import LabelModel, drafts, labelling, load_folder
from harness.serving.inference.chunks import FIRST_CHUNK, MAX_CHUNK, growing
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.values.outputs import publish
from tests.serving.interruptions import interrupt
from tests.serving.toy_models import listing, refusal, write_model

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
ROWS = 4 * FIRST_CHUNK  # chunks of 64, 128 and the last 64


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LabelModel:
    return load_folder(write_model(tmp_path_factory.mktemp("model")))


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


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("chunks", [1, 2])
def test_a_resumed_output_equals_one_that_was_never_interrupted(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, chunks: int
) -> None:
    rows = source(tmp_path / "in.csv")
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    assert predict_file(model, rows, whole) == ROWS
    interrupt(model, rows, output, monkeypatch, chunks=chunks)
    assert not output.exists()
    sizes: list[int] = []
    label = labelling._labelled
    monkeypatch.setattr(
        labelling, "_labelled", lambda *arguments: (sizes.append(len(arguments[1])), label(*arguments))[1]
    )
    assert predict_file(model, rows, output, resume=True) == ROWS
    assert sum(sizes) == ROWS - (FIRST_CHUNK, FIRST_CHUNK + 2 * FIRST_CHUNK)[chunks - 1]
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.csv", output.name, whole.name])


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_resumed_output_has_the_columns_of_its_first_rows(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    texts = [f"Varna praised row {i}." for i in range(ROWS)]
    records: list[dict[str, object]] = [
        {"id": i, "text": text, "target": "Varna"} if i < FIRST_CHUNK else {"target": "Varna", "text": text}
        for i, text in enumerate(texts)
    ]
    rows = tmp_path / "in.jsonl"
    rows.write_text("".join(json.dumps(record) + "\n" for record in records))
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    predict_file(model, rows, whole)
    interrupt(model, rows, output, monkeypatch, chunks=1)
    predict_file(model, rows, output, resume=True)
    assert output.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet", ".xlsx"])
def test_what_ends_as_the_output_is_put_in_its_place_is_resumed(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    rows, whole, output = source(tmp_path / "in.csv"), tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    predict_file(model, rows, whole)

    def ended(draft: Path, path: Path) -> None:
        if path == output:
            raise KeyboardInterrupt
        publish(draft, path)

    with monkeypatch.context() as patch:
        patch.setattr(drafts, "publish", ended)
        with pytest.raises(KeyboardInterrupt):
            predict_file(model, rows, output)
    assert {path.name for path in tmp_path.iterdir()} - {"in.csv", whole.name} == {
        f"out{ending}.partial",
        f"out{ending}.partial.json",
    }
    sizes: list[int] = []
    label = labelling._labelled
    monkeypatch.setattr(
        labelling, "_labelled", lambda *arguments: (sizes.append(len(arguments[1])), label(*arguments))[1]
    )
    assert predict_file(model, rows, output, resume=True) == ROWS
    # The last block alone, since more rows might follow.
    assert sum(sizes) == FIRST_CHUNK
    if ending != ".xlsx":  # it holds the time
        assert output.read_bytes() == whole.read_bytes()


def test_a_draft_that_cannot_be_written_stays(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, output = source(tmp_path / "in.csv"), tmp_path / "out.csv"
    interrupt(model, rows, output, monkeypatch, chunks=1)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("out.csv.partial*")}

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", refused)
        refusal(lambda: predict_file(model, rows, output, resume=True))
    assert {path.name: path.read_bytes() for path in tmp_path.glob("out.csv.partial*")} == before


def test_rows_may_be_set_aside_from_where_the_first_bad_one_ended_it(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, output = source(tmp_path / "in.csv"), tmp_path / "out.csv"
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines[:101], "100,,Varna", *lines[102:]]) + "\n")
    refusal(lambda: predict_file(model, rows, output))
    skipping = FileOptions(skip_bad=tmp_path / "bad.csv")
    assert predict_file(model, rows, output, resume=True, options=skipping) == ROWS - 1
    # What was set aside before is not left out in silence.
    interrupt(model, rows, output, monkeypatch, chunks=2, options=skipping)
    assert "--skip-bad" in refusal(lambda: predict_file(model, rows, output, resume=True))
    assert predict_file(model, rows, output, resume=True, options=skipping) == ROWS - 1


def test_a_torn_end_is_cut_off(model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = source(tmp_path / "in.csv")
    predict_file(model, rows, tmp_path / "whole.csv")
    interrupt(model, rows, tmp_path / "out.csv", monkeypatch, chunks=1)
    with (tmp_path / "out.csv.partial").open("ab") as file:
        file.write(b'64,"Varna met r')
    predict_file(model, rows, tmp_path / "out.csv", resume=True)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_killed_process_is_resumed(tmp_path: Path) -> None:
    """SIGKILL, so that no code of the process runs any more."""
    code = """
import sys, time
from pathlib import Path
from harness.serving.inference import labelling, load_folder
model, label = load_folder(Path(sys.argv[1])), labelling._labelled
def slow(*arguments):
    if arguments[2]:
        time.sleep(60)
    return label(*arguments)
labelling._labelled = slow
labelling.predict_file(model, Path(sys.argv[2]), Path(sys.argv[3]))
"""
    rows, output = source(tmp_path / "in.csv"), tmp_path / "out.csv"
    top = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{top}{os.pathsep}{top / 'tests'}"}
    folder = write_model(tmp_path / "model")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(rows), str(output)], cwd=top, env=environment
    )
    note, started = tmp_path / "out.csv.partial.json", time.monotonic()
    while not note.exists() and time.monotonic() - started < 60 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads(note.read_text())["rows"] == FIRST_CHUNK
    assert predict_file(load_folder(folder), rows, output, resume=True) == ROWS
    assert pd.read_csv(output)["id"].tolist() == list(range(ROWS))
    assert not note.exists()


def test_without_resume_it_starts_at_the_beginning(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = source(tmp_path / "in.csv")
    interrupt(model, rows, tmp_path / "out.csv", monkeypatch, chunks=2)
    line = capfd.readouterr().err.splitlines()[-1]
    assert {"192", f"{tmp_path}/out.csv.partial;", "--resume"} <= set(line.split())
    assert predict_file(model, source(tmp_path / "in.csv", 10), tmp_path / "out.csv") == 10
    assert len(pd.read_csv(tmp_path / "out.csv")) == 10


@pytest.mark.parametrize("remains", ["nothing", "note", "rows"])
def test_with_nothing_to_resume_it_starts_at_the_beginning(
    model: LabelModel, tmp_path: Path, remains: str
) -> None:
    if remains == "note":
        note = {"rows": 3, "size": 10, "input_digest": "", "model_digest": ""}
        (tmp_path / "out.csv.partial.json").write_text(json.dumps(note))
    if remains == "rows":
        (tmp_path / "out.csv.partial").write_text("torn")
    assert predict_file(model, source(tmp_path / "in.csv"), tmp_path / "out.csv", resume=True) == ROWS
    assert pd.read_csv(tmp_path / "out.csv")["id"].tolist() == list(range(ROWS))


def test_a_file_is_resumed_after_its_unusable_rows_were_corrected(model: LabelModel, tmp_path: Path) -> None:
    rows = source(tmp_path / "in.csv")
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines[:101], "100,,Varna", *lines[102:]]) + "\n")
    assert "row 101: text" in refusal(lambda: predict_file(model, rows, tmp_path / "out.csv"))
    rows.write_text("\n".join(lines) + "\n")
    assert predict_file(model, rows, tmp_path / "out.csv", resume=True) == ROWS


def test_what_cannot_be_resumed_is_refused(
    model: LabelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    rows, output = source(tmp_path / "in.csv"), tmp_path / "out.csv"
    messages = {"standard output": refusal(lambda: predict_file(model, rows, None, resume=True))}
    interrupt(model, rows, output, monkeypatch, chunks=1)
    before = (tmp_path / "out.csv.partial").read_bytes()
    for case, change in {"another row": {"changed": 3}, "fewer rows": {"n": FIRST_CHUNK - 1}}.items():
        other = source(tmp_path / "other.csv", **change)
        messages[case] = refusal(
            lambda other=other: predict_file(model, other, output, resume=True),  # type: ignore[misc]
            tmp_path,
        )
    monkeypatch.setattr(LabelModel, "digest", "another")
    messages["another model"] = refusal(lambda: predict_file(model, rows, output, resume=True), tmp_path)
    golden("serving/not-resumed", listing(messages))
    assert (tmp_path / "out.csv.partial").read_bytes() == before


def test_chunks_double_up_to_the_largest() -> None:
    sizes = [len(chunk) for chunk in growing([[{}] * 7] * 1_000)]
    # 64 * 31 = 1,984 and twice 2,048 are 6,080; 920 remain.
    assert sizes == [*(FIRST_CHUNK * 2**n for n in range(5)), MAX_CHUNK, MAX_CHUNK, 920]
