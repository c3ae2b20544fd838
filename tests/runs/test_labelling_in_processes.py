"""A file that several processes label: the bytes of one process, whatever happens to them meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import worker_toys
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.runs.executors.labelling import (
    Labelling,
    PartJob,
    label_part,
    label_parts,
    label_with_processes,
    prepared_parts,
)
from harness.serving.inference import load_folder
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.values.errors import ModelError
from tests.processes import is_alive
from tests.serving.inference.test_shards import ROWS, rows, write
from tests.serving.toy_models import write_model


@pytest.fixture(autouse=True)
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which each process leaves a file for each chunk that it labels."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv(worker_toys.MARKS, str(folder))
    return folder


def task(folder: Path, ending: str = ".csv", **options: object) -> Labelling:
    model = folder / "model" / "served"
    if not model.exists():
        write_model(folder / "model", loader="worker_toys:load_labeller")
    output = folder / f"out{ending}"
    return Labelling((model,), "auto", folder / f"in{ending}", output, FileOptions(**options))  # type: ignore[arg-type]


def label_here(labelling: Labelling, parts: int, *, resume: bool = False, before: int = 99) -> int:
    """Label parts one after the other in this process."""
    with prepared_parts(labelling, parts, resume=resume) as jobs:
        return label_parts(labelling, jobs, InThisProcess(before)).rows


def whole(labelling: Labelling) -> bytes:
    """Return what one process writes."""
    output = labelling.output.with_name(f"whole{''.join(labelling.output.suffixes)}")
    predict_file(load_folder(labelling.models[0]), labelling.source, output, options=labelling.options)
    return output.read_bytes()


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name not in ("model", "marks")}


@pytest.mark.parametrize("ending", [".csv", ".jsonl.gz", ".parquet"])
def test_the_bytes_are_those_of_the_whole(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"in{ending}", rows(0, ROWS))
    labelling = task(tmp_path, ending)
    assert label_here(labelling, 3) == ROWS
    assert left(tmp_path) == {f"in{ending}", f"out{ending}"}
    assert labelling.output.read_bytes() == whole(labelling)


def test_two_processes_write_the_bytes_of_one(tmp_path: Path, marks: Path) -> None:
    write(tmp_path / "in.parquet", rows(0, ROWS))
    labelling = task(tmp_path, ".parquet")
    assert label_with_processes(labelling, workers=2) == ROWS
    assert len({process for process, _ in chunks(marks)} - {os.getpid()}) == 2
    assert left(tmp_path) == {"in.parquet", "out.parquet"}
    assert labelling.output.read_bytes() == whole(labelling)


def test_rows_that_are_set_aside_are_in_one_file(tmp_path: Path) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS, bad=(3, 70, 400, 990)))
    aside = tmp_path / "aside.csv"
    labelling = task(tmp_path, skip_bad=aside)
    assert label_here(labelling, 3) == ROWS - 4
    beside, bad = labelling.output.read_bytes(), aside.read_bytes()
    assert beside == whole(labelling)
    assert bad == aside.read_bytes()
    assert len(bad.splitlines()) > 4


def test_where_no_row_can_be_labelled_it_says_where_the_reasons_are(tmp_path: Path) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS, bad=tuple(range(ROWS))))
    with pytest.raises(ModelError, match=r"aside\.csv"):
        label_here(task(tmp_path, skip_bad=tmp_path / "aside.csv"), 3)
    assert left(tmp_path) == {"in.csv", "aside.csv"}
    assert len((tmp_path / "aside.csv").read_bytes().splitlines()) > ROWS


class InThisProcess:
    """Workers that run jobs at once, and are ended, as by Ctrl-C, before a job that they are told."""

    def __init__(self, before: int = 99) -> None:
        self.before, self.ran = before, 0

    def submit(self, job: PartJob, name: str, *, urgent: bool = False, alone: bool = False) -> Future[Any]:
        if self.ran == self.before:
            raise KeyboardInterrupt
        future: Future[Any] = Future()
        future.set_result(label_part(job))
        self.ran += 1
        return future

    def start(self) -> None:
        """Nothing is left to do."""

    def finish(self) -> None:
        """Nothing waits for more."""

    def close(self) -> None:
        """Nothing runs."""


def chunks(marks: Path) -> list[tuple[int, int]]:
    """Return process and rows of each chunk that was begun, in order."""
    return [(int(path.name.split("-")[1]), int(path.name.split("-")[2])) for path in sorted(marks.iterdir())]


def test_a_worker_that_is_killed_is_replaced_and_its_part_continued(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS))
    labelling = task(tmp_path)
    monkeypatch.setenv(worker_toys.BEHAVES, "killed once")
    assert label_with_processes(labelling, workers=1) == ROWS
    (first, *_), *_, (last, _) = chunks(marks)
    assert first != last
    # The two chunks before the kill are not labelled again.
    assert [n for _, n in chunks(marks)] == [64, 128, 256, 256, 512, 33]
    assert labelling.output.read_bytes() == whole(labelling)


def test_a_part_that_is_killed_every_time_ends_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS))
    monkeypatch.setenv(worker_toys.BEHAVES, "killed")
    with pytest.raises(ModelError, match="ended 3 times"):
        label_with_processes(task(tmp_path), workers=2)
    assert left(tmp_path) == {"in.csv", "out.csv.parts"}


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_an_interrupted_call_is_resumed_whatever_the_number_of_workers(
    tmp_path: Path, marks: Path, ending: str
) -> None:
    write(tmp_path / f"in{ending}", rows(0, ROWS))
    labelling = task(tmp_path, ending)
    with pytest.raises(KeyboardInterrupt), prepared_parts(labelling, 3, resume=False) as jobs:
        label_parts(labelling, jobs, InThisProcess(before=2))
    assert left(tmp_path) == {f"in{ending}", f"out{ending}.parts"}
    before = sum(n for _, n in chunks(marks))
    with prepared_parts(labelling, 5, resume=True) as again:
        assert [(job.shard, job.total) for job in again] == [(job.shard, job.total) for job in jobs]
        assert 0 < sum(job.rows_so_far for job in again) == before < ROWS
        assert label_parts(labelling, again, InThisProcess()).rows == ROWS
    # Every row was labelled once.
    assert sum(n for _, n in chunks(marks)) == ROWS
    assert labelling.output.read_bytes() == whole(labelling)
    assert left(tmp_path) == {f"in{ending}", f"out{ending}", f"whole{ending}"}


def test_another_input_is_not_taken_for_the_one_that_was_labelled(tmp_path: Path) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS))
    labelling = task(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        label_here(labelling, 3, before=2)
    write(tmp_path / "in.csv", rows(1, ROWS))
    with pytest.raises(ModelError, match="does not begin with"):
        label_here(labelling, 3, resume=True)
    # From the start it is labelled, and nothing of before is taken.
    assert label_here(labelling, 3) == ROWS
    assert labelling.output.read_bytes() == whole(labelling)


def test_what_one_part_refuses_ends_the_others_and_comes_home_whole(tmp_path: Path) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS, bad=(990,)))
    with pytest.raises(ModelError, match=r"in\.csv: .*row 991"):
        label_here(task(tmp_path), 2)
    assert left(tmp_path) == {"in.csv", "out.csv.parts"}


def test_notes_are_of_all_parts_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = rows(0, ROWS)
    for row in (5, 500, 980):
        table[row] |= {"text": "Nobody met.", "target": "Varna"}
    write(tmp_path / "in.csv", table)
    label_here(task(tmp_path), 2)
    beside = capsys.readouterr().err
    assert f"3 of {ROWS} targets" in beside
    whole(task(tmp_path))
    assert beside == capsys.readouterr().err


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_workers_end_with_the_command(tmp_path: Path, marks: Path, end: signal.Signals) -> None:
    write(tmp_path / "in.csv", rows(0, ROWS))
    labelling = task(tmp_path)
    command = [
        *(sys.executable, "-m", "harness", "predict", "--model", str(labelling.models[0])),
        *("-i", str(labelling.source), "-o", str(labelling.output)),
        *("--executor", "processes", "--workers", "2", "--trust"),
    ]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        worker_toys.BEHAVES: "sleeps",
    }
    driver = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while len({process for process, _ in chunks(marks)}) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = {process for process, _ in chunks(marks)}
    assert len(workers) == 2
    driver.send_signal(end)
    _, told = driver.communicate(timeout=60)
    while any(is_alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_alive(worker) for worker in workers)
    if end is signal.SIGINT:
        assert driver.returncode == 130
        assert "--resume" in told
    assert label_here(labelling, 2, resume=True) == ROWS
    assert labelling.output.read_bytes() == whole(labelling)


@pytest.mark.parametrize(
    ("source", "output", "options"),
    [("-", "out.csv", ()), ("in.csv", "-", ()), ("in.csv", "out.csv", ("--shard", "1/2"))],
)
def test_what_has_no_parts_is_refused_before_the_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, output: str, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.csv", rows(0, 3))
    call = ["predict", "--model", "none", "-i", source, "-o", output, "--executor", "processes", *options]
    outcome = CliRunner().invoke(cli.app, call, input="x")
    assert isinstance(outcome.exception, ModelError)
    assert "--executor processes" in str(outcome.exception)
    assert left(tmp_path) == {"in.csv"}
