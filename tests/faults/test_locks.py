"""Two processes, one output: the second is refused at once, and nobody ever reads half a file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from golden import Golden
from refused import refused
from typer.testing import CliRunner

from harness.articles.sampling import write_sample
from harness.cli.main import app
from harness.serving.inference import load_folder
from harness.serving.inference.file_options import FileOptions
from harness.serving.inference.labelling import predict_file
from harness.values import outputs
from harness.values.errors import OutputError
from tests.faults.conftest import Tally
from tests.faults.processes import TOP, environment, kill, line_of, started
from tests.serving.toy_models import write_model

HOLDING = """
import sys, time
from pathlib import Path
from harness.values.outputs import claimed
with claimed(Path(sys.argv[1]), folder=sys.argv[2] == "folder"):
    print("held", flush=True)
    time.sleep(600)
"""
LABELLING = """
import sys
from pathlib import Path
from harness.serving.inference import load_folder
from harness.serving.inference.labelling import predict_file
model, source, output = map(Path, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
print(predict_file(load_folder(model), source, output), "rows written", flush=True)
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_second_process_is_refused_at_once(tmp_path: Path, kind: str, golden: Golden, tally: Tally) -> None:
    output = tmp_path / "out.csv"
    with started(HOLDING, output, kind) as holder:
        assert line_of(holder) == "held"
        began = time.monotonic()
        error = refused(lambda: outputs.claimed(output, folder=kind == "folder").__enter__())
        assert time.monotonic() - began < 1
        assert isinstance(error, OutputError)
        assert f"process {holder.pid} since 20" in str(error)
        message = str(error).replace(str(tmp_path), "FOLDER").replace(str(holder.pid), "PID")
        golden(
            "values/output-in-use", message[: message.index("20")] + "TIME" + message[message.index(";") :]
        )
        # By another name, too.
        link = tmp_path / "link.csv"
        link.symlink_to(output)
        assert isinstance(
            refused(lambda: outputs.claimed(link, folder=kind == "folder").__enter__()), OutputError
        )
        kill(holder)
        # The kernel has released what the killed process held.
        with outputs.claimed(output, folder=kind == "folder"):
            pass
    assert [path.name for path in tmp_path.rglob("*.lock")] == []
    tally("two processes, one output")


def test_two_threads_are_two_writers_and_one_is_not(tmp_path: Path) -> None:
    output, errors = tmp_path / "out.csv", []

    def second() -> None:
        errors.append(refused(lambda: outputs.claimed(output).__enter__()))

    with outputs.claimed(output):
        with outputs.claimed(output):
            pass
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        assert (tmp_path / "out.csv.lock").is_file()
    assert [type(error) for error in errors] == [OutputError]
    assert "this process" in str(errors[0])
    assert list(tmp_path.iterdir()) == []


def test_of_many_claims_at_once_never_two_hold(tmp_path: Path, tally: Tally) -> None:
    """The lock is deleted while it is held; whoever opened the deleted file must not think that it holds."""
    output, inside, overlaps, entered = tmp_path / "out.csv", [], [], []

    def compete() -> None:
        for _ in range(200):
            try:
                with outputs.claimed(output):
                    inside.append(1)
                    overlaps.append(len(inside) > 1)
                    entered.append(1)
                    inside.pop()
            except OutputError:
                pass

    threads = [threading.Thread(target=compete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered
    assert not any(overlaps)
    assert list(tmp_path.iterdir()) == []
    tally("claims at once", len(overlaps))


FULL = os.strerror(errno.ENOSPC)

WRITERS: dict[str, Callable[[Path], object]] = {
    "a text": partial(outputs.write_text, text="new"),
    "a sample": lambda path: write_sample(pd.DataFrame(columns=["row", "text"]), path),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_failed_writer_leaves_the_old_file(
    tmp_path: Path, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, FULL)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        error = refused(lambda: WRITERS[writer](output))
    assert (type(error), FULL in str(error)) == (OutputError, True)
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    WRITERS[writer](output)
    assert output.read_text() != "old"


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda path, to: (events.append("rename"), replace(path, to))[1])
    outputs.write_text(tmp_path / "out.csv", "text")
    # The file, then its name, which lies in the folder.
    assert events == ["fsync", "rename", "fsync"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "deep" / "out.csv")
    outputs.write_text(tmp_path / "link.csv", "text")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "deep" / "out.csv").read_text() == "text"


def test_pipes_and_devices_are_written_as_they_are(tmp_path: Path) -> None:
    assert outputs.is_stream(Path("/dev/stdout"))
    assert outputs.is_stream(Path("/dev/null"))
    assert not outputs.is_stream(tmp_path)
    assert not outputs.is_stream(tmp_path / "new.csv")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_text()))
    thread.start()
    with outputs.claimed(pipe):
        outputs.write_text(pipe, "text")
    thread.join()
    assert read == ["text"]
    assert [path.name for path in tmp_path.iterdir()] == ["pipe.csv"]


def test_rows_go_through_a_pipe(tmp_path: Path) -> None:
    model, rows, pipe = write_model(tmp_path / "model"), rows_file(tmp_path, 10), tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_text()))
    thread.start()
    assert predict_file(load_folder(model), rows, pipe) == 10
    thread.join()
    assert read[0].count("\n") == 11


def rows_file(folder: Path, n: int, word: str = "praised") -> Path:
    path = folder / f"{word}.csv"
    pd.DataFrame({"text": [f"Varna {word} row {i}." for i in range(n)], "target": "Varna"}).to_csv(
        path, index=False
    )
    return path


@pytest.mark.parametrize("race", [0, *(pytest.param(n, marks=pytest.mark.torture) for n in range(1, 10))])
def test_what_is_said_to_be_written_is_in_the_file(tmp_path: Path, race: int, tally: Tally) -> None:
    """Two processes label different rows into one file at the same moment."""
    model, output = write_model(tmp_path / "model"), tmp_path / "out.csv"
    sources = [rows_file(tmp_path, 20_000, word) for word in ("praised", "blasted")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LABELLING, str(model), str(source), str(output)],
            cwd=TOP,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for source in sources
    ]
    for process in processes:
        assert line_of(process) == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120) for process in processes]
    written = [source for source, (out, _) in zip(sources, ended, strict=True) if "rows written" in out]
    others = [err for out, err in ended if "rows written" not in out]
    assert len(written) >= 1
    assert all("OutputError" in err for err in others)
    # Where both were told that they wrote, one came after the other.
    last = pd.read_csv(output)["text"]
    assert any(last.equals(pd.read_csv(source)["text"]) for source in written)
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out.csv"]
    tally("two predict on one output")


def test_bad_rows_are_an_output_like_any_other(tmp_path: Path) -> None:
    model, aside = load_folder(write_model(tmp_path / "model")), tmp_path / "aside.csv"
    rows = rows_file(tmp_path, 5)
    with started(HOLDING, aside, "file") as holder:
        assert line_of(holder) == "held"
        options = FileOptions(skip_bad=aside)
        assert isinstance(
            refused(lambda: predict_file(model, rows, tmp_path / "o.csv", options=options)), OutputError
        )
    assert not (tmp_path / "o.csv").exists()


VERBS: dict[str, tuple[str, ...]] = {
    "predict": ("--model", "no-model", "-i", "in.csv", "-o", "out.csv"),
    "read": ("in.txt", "--stance", "none", "--frames", "none", "-o", "out.csv"),
    "sample": ("in.csv", "-o", "out.csv"),
    "crosstab": ("in.csv", "-o", "out.csv"),
    "init": ("in.csv", "-o", "out.csv"),
    "shares": ("in.csv", "-o", "folder"),
    "drift": ("in.csv", "-o", "out.csv"),
    "explore": ("no-experiment", "-o", "out.csv"),
    "label": ("in.csv", "-o", "out.csv"),
    "audit": ("no-model", "--corpus", "partyline", "-o", "folder"),
    "suite": ("suite.yaml", "-o", "folder"),
}
"""Verb → arguments that write to ``out.csv`` or into ``folder``."""


def with_output() -> list[str]:
    """Every verb that takes ``--output``."""
    command: Any = typer.main.get_command(app)
    return [name for name, verb in command.commands.items() if any("--output" in p.opts for p in verb.params)]


@pytest.mark.parametrize("verb", with_output())
def test_every_verb_that_writes_holds_its_output(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # An input that is missing is said first.
    for name in ("in.txt", "in.csv"):
        Path(name).write_text("Varna was praised.", encoding="utf-8")
    arguments = VERBS[verb]
    output, refusals = Path(arguments[-1]), []

    def second() -> None:
        refusals.append(CliRunner().invoke(app, [verb, *arguments]).exception)

    with outputs.claimed(output, folder=not output.suffix):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert [type(error) for error in refusals] == [OutputError]
    assert str(output) in str(refusals[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "in.txt"]
