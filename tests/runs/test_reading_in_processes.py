"""Folders of articles that several processes read: the bytes of one process, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import worker_toys
from typer.testing import CliRunner

from harness.articles.pipeline import read
from harness.articles.reading import Reading
from harness.articles.reading_options import ReadingOptions
from harness.cli import main as cli
from harness.runs.executors.reading import ReadInProcesses
from harness.values.errors import ArticleError, ModelError
from harness.values.labels import FRAMING
from tests.processes import is_alive
from tests.serving.toy_models import write_model

PARTIES = "- {name: Ostrel, kind: country}\n- {name: Varna, kind: country, aliases: [Varnans]}\n"
VERBS = ("praised", "blasted", "met")
FRAME_VOTES = {"praised": [9.0, 0.0, 0.0, 0.0, 0.0], "met": [0.0, 9.0, 0.0, 0.0, 0.0]}


def text(number: int) -> str:
    return f"Ostrel {VERBS[number % 3]} Varna in round {number}.\nMinister Ada Orrin met the Varnans."


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write models and 74 articles, of which four cannot be read; return the folder of marks."""
    monkeypatch.chdir(tmp_path)
    write_model(Path("stance"), loader="worker_toys:load_crowded")
    write_model(
        Path("frames"), loader="worker_toys:load_crowded", task="framing", labels=FRAMING, votes=FRAME_VOTES
    )
    Path("parties.yaml").write_text(PARTIES)
    folder = Path("in/deep")
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"{number:02}.txt").write_text(text(number))
    (folder / "30.txt").write_bytes(b"caf\xe9 noir")
    (folder / "31.txt").write_text(" ")
    lines = [json.dumps({"id": f"line {n}", "text": text(n)}) for n in range(32, 72)]
    lines[10] = "{"
    lines[39] = json.dumps({"text": ""})
    Path("in/lines.jsonl").write_text("\n".join(lines) + "\n")
    Path("in/more.jsonl").write_text("\n".join(lines[:2]))
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv(worker_toys.MARKS, str(marks))
    return marks


def options(*outputs: str, **more: object) -> ReadingOptions:
    settings = {
        "parties": Path("parties.yaml"),
        "stance": "stance/served",
        "frames": "frames/served",
        "keep_rows": False,
    } | more
    return ReadingOptions(tuple(map(Path, outputs)), **settings)  # type: ignore[arg-type]


def facts(reading: Reading) -> tuple[object, ...]:
    return (
        reading.n_articles,
        reading.n_rows,
        reading.tallies,
        reading.unreadable,
        reading.notes,
        reading.trust,
    )


def bytes_of(folder: str) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def processes(marks: Path) -> set[int]:
    return {int(path.name.split("-")[1]) for path in marks.iterdir()}


@pytest.mark.parametrize("more", [{}, {"explain": True, "outlet": "The Ledger", "only": "Varna"}])
def test_two_processes_write_the_bytes_of_one(
    world: Path, capsys: pytest.CaptureFixture[str], more: dict[str, object]
) -> None:
    names = ("rows.csv", "rows.jsonl", "rows.parquet", "pages")
    alone = read((Path("in"),), options(*(f"alone/{name}" for name in names), **more))
    alone.show()
    screen = capsys.readouterr().out.replace("alone/", "beside/")
    assert processes(world) == {os.getpid()}
    beside = read((Path("in"),), options(*(f"beside/{name}" for name in names), **more), ReadInProcesses(2))
    beside.show()
    assert capsys.readouterr().out == screen
    assert len(processes(world) - {os.getpid()}) == 2
    assert facts(beside) == facts(alone)
    assert (beside.n_articles, len(beside.unreadable)) == (70, 4)
    assert bytes_of("beside") == bytes_of("alone")
    assert len(bytes_of("beside")) == 3 + 70 + 1


def test_the_summary_needs_no_output(world: Path) -> None:
    before = sorted(Path().rglob("*"))
    beside = read((Path("in"),), options(stance=None, frames=None), ReadInProcesses(2))
    assert facts(beside) == facts(read((Path("in"),), options(stance=None, frames=None)))
    assert sorted(Path().rglob("*")) == before


def test_a_worker_that_is_killed_is_replaced(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read((Path("in"),), options("alone.csv"))
    for mark in world.iterdir():
        mark.unlink()
    monkeypatch.setenv(worker_toys.BEHAVES, "killed once")
    read((Path("in"),), options("beside.csv"), ReadInProcesses(1))
    assert len(processes(world)) == 2
    assert Path("beside.csv").read_bytes() == Path("alone.csv").read_bytes()


def test_a_part_that_is_killed_every_time_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(worker_toys.BEHAVES, "killed")
    with pytest.raises(ModelError, match=r"from deep/00\.txt to deep/31\.txt was ended 3 times"):
        read((Path("in"),), options("rows.csv"), ReadInProcesses(2))
    assert not list(Path().glob("rows.csv*"))


def test_where_no_article_can_be_read_all_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad").mkdir()
    for name in ("a.txt", "b.txt"):
        (Path("bad") / name).write_bytes(b"")
    with pytest.raises(ArticleError) as caught:
        read((Path("bad"),), options("rows.csv"), ReadInProcesses(2))
    assert [problem.where for problem in caught.value.problems] == ["a.txt", "b.txt"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_workers_end_with_the_command(world: Path, end: signal.Signals) -> None:
    command = [
        *(sys.executable, "-m", "harness", "read", "in", "-o", "rows.csv", "--parties", "parties.yaml"),
        *("--stance", "stance/served", "--frames", "none", "--executor", "processes", "--workers", "2"),
        "--trust",
    ]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        worker_toys.BEHAVES: "sleeps at once",
    }
    driver = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while len(processes(world)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = processes(world)
    assert len(workers) == 2
    driver.send_signal(end)
    driver.communicate(timeout=60)
    while any(is_alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_alive(worker) for worker in workers)
    if end is signal.SIGINT:
        assert driver.returncode == 130
        assert not list(Path().glob("rows.csv*"))


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("in/deep/00.txt", "--executor", "processes"), ""),
        (("-", "--executor", "processes"), "standard input"),
    ],
)
def test_what_has_no_parts_is_refused_before_a_model_is_loaded(
    arguments: tuple[str, ...], where: str
) -> None:
    outcome = CliRunner().invoke(cli.app, ["read", *arguments, "--stance", "nowhere"])
    assert isinstance(outcome.exception, ArticleError)
    (problem,) = outcome.exception.problems
    assert problem.where == where
    assert "--executor" in str(problem)


def test_workers_without_an_executor_are_refused() -> None:
    outcome = CliRunner().invoke(cli.app, ["read", "in", "--workers", "2"])
    assert isinstance(outcome.exception, ModelError)
    assert "--workers" in str(outcome.exception)
    outcome = CliRunner().invoke(cli.app, ["read", "in", "--ray-address", "head:6379"])
    assert "--ray-address" in str(outcome.exception)


def test_ray_needs_an_output(monkeypatch: pytest.MonkeyPatch) -> None:
    call = ["read", "in", "--parties", "parties.yaml", "--stance", "stance/served", "--frames", "none"]
    outcome = CliRunner().invoke(
        cli.app, [*call, "--executor", "ray", "--ray-address", "127.0.0.1:1", "--trust"]
    )
    assert isinstance(outcome.exception, ModelError)
    assert "--output" in str(outcome.exception)
