"""A real tracking server, killed while a trial trains: nothing that was trained is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from toys import prepared

from harness.tracking import spool
from harness.tracking.store import Store
from harness.tracking.store.ownership import Owner
from tests.faults.conftest import Tally
from tests.faults.processes import TOP, environment, line_of, until

RUNNING = """
import os, sys
from pathlib import Path
import toys
from harness.cli import main
from harness.runs import classifiers
os.chdir(sys.argv[1])
original = classifiers.run_trial
def slow(*arguments):
    print("training", flush=True)
    sys.stdin.readline()
    return original(*arguments)
classifiers.run_trial = slow
sys.argv[1:] = ["run", "toys.yaml", "--set", "seeds=[1]"]
main.main()
"""


@contextmanager
def server(folder: Path, port: int) -> Iterator[str]:
    """Serve a tracking server, and kill it with all its workers after the block."""
    address = f"http://127.0.0.1:{port}"
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/.harness/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "files")]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", MLFLOW_DISABLE_TELEMETRY="true"),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert until(lambda: answers(f"{address}/health"), seconds=90)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def running(folder: Path, address: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUNNING, str(folder)],
        cwd=TOP,
        env=environment(MLFLOW_TRACKING_URI=address, MLFLOW_HTTP_REQUEST_MAX_RETRIES="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trained(process: subprocess.Popen[str]) -> bool:
    """Read what a process prints until it trains or ends."""
    while line := line_of(process):
        if "training" in line:
            return True
    return False


@pytest.mark.torture
def test_a_trial_that_finished_without_its_server_is_sent_to_the_next(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, tally: Tally
) -> None:
    work = tmp_path_factory.mktemp("work")
    (work / ".harness").mkdir()
    prepared(work)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with server(folder, port) as address:
        process = running(work, address)
        assert trained(process)
    out, error = process.communicate("go\n" * 9, timeout=300)
    assert process.returncode == 1, (out, error)
    lines = [line for line in error.splitlines() if line.strip()]
    assert len(lines) == 1, error
    assert address in lines[0]
    assert len(list((work / ".harness" / "spool").iterdir())) == 1
    with server(folder, port) as address:
        process = running(work, address)
        out, error = process.communicate("go\n" * 9, timeout=300)
        assert process.returncode == 0, (out, error)
    # The twins of the audits are trained, and nothing else: the trial was sent.
    assert list((work / ".harness" / "spool").iterdir()) == []
    assert out.count("training") == 0, out
    tally("a server killed while a trial trains")


def test_what_waits_for_a_database_holds_no_password(tmp_path: Path) -> None:
    store = Store("postgresql+pg8000://ann:a-canary@h/db", tmp_path / ".harness", tmp_path / "artifacts")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "trial.json").write_text("{}", encoding="utf-8")
    spool.keep(
        store,
        "run",
        spool.TrialLog(tmp_path / "files", {"seed": 1}, [], {"harness.source.model": "m"}),
        Owner.new(),
    )
    files = [path for path in (tmp_path / ".harness" / spool.FOLDER).rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"entry.json", "trial.json"}
    assert not [path for path in files if "a-canary" in path.read_text(encoding="utf-8")]
    # Of a store with another address, nothing is sent.
    assert spool.send(Store("postgresql+pg8000://ann@h/other", tmp_path / ".harness", None)) == 0
    spool.discard(store, "run")
    assert list((tmp_path / ".harness" / spool.FOLDER).iterdir()) == []
