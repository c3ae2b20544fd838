"""What a process started ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.tracking.store.ownership import started as started_at
from harness.values import tether
from tests.faults.conftest import Tally
from tests.faults.processes import environment, kill, line_of, started, until

SERVING = """
import os, sys
from harness.tracking.store import Store
from harness.tracking.store.ui import serve_ui
serve_ui(Store.open(), say=lambda text: print(text.splitlines()[0], flush=True))
"""
TETHERING = """
import subprocess, sys
from harness.values import tether
parts = [sys.executable, "-I", tether.__file__, sys.executable, "-c", sys.argv[1]]
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
child = subprocess.Popen(parts, **pipes, text=True, start_new_session=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
child.wait()
"""
# With a grandchild, which a signal to the child alone would leave; it does not end when it is asked to.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), inner.pid, flush=True)
time.sleep(600)
"""


def group_of(pid: int) -> list[int]:
    """The living processes of a process group."""
    members = []
    for folder in Path("/proc").glob("[0-9]*"):
        number = int(folder.name)
        try:
            if os.getpgid(number) == pid and started_at(number):
                members.append(number)
        except ProcessLookupError:
            continue
    return members


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the processes from /proc")


@needs_proc
def test_a_tethered_command_ends_with_a_killed_parent(tally: Tally) -> None:
    with started(TETHERING, STUBBORN) as parent:
        tethered, child, grandchild = map(int, line_of(parent).split())
        assert sorted(group_of(tethered)) == sorted([tethered, child, grandchild])
        kill(parent)
        assert until(lambda: not group_of(tethered), seconds=20)
    tally("kill -9 of a parent")


@needs_proc
def test_without_the_signal_of_linux_the_pipe_is_enough(tmp_path: Path) -> None:
    """As on macOS."""
    copy = tmp_path / "tether.py"
    copy.write_text(Path(tether.__file__).read_text().replace("_end_with_parent()\n    child", "child"))
    assert copy.read_text() != Path(tether.__file__).read_text()
    with started(TETHERING.replace("tether.__file__", repr(str(copy))), STUBBORN) as parent:
        tethered, *_ = map(int, line_of(parent).split())
        kill(parent)
        assert until(lambda: not group_of(tethered), seconds=20)


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(3)", 3)])
def test_the_status_is_that_of_the_command(code: str, status: int) -> None:
    command = [sys.executable, "-I", tether.__file__, sys.executable, "-c", code]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        assert process.wait(timeout=30) == status
    finally:
        assert process.stdin is not None
        process.stdin.close()


def test_the_tether_imports_the_standard_library_alone() -> None:
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print({n.split('.')[0] for n in sys.modules})"
    answer = subprocess.run(
        [sys.executable, "-I", "-c", code, tether.__file__], capture_output=True, text=True, check=True
    )
    modules = set(eval(answer.stdout))
    assert not modules & {"harness", "mlflow", "numpy"}


@needs_proc
@pytest.mark.parametrize("kills", [1, *(pytest.param(n, marks=pytest.mark.torture) for n in (2, 3))])
def test_a_killed_ui_leaves_no_server(ladder: Path, kills: int, tally: Tally) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVING], cwd=ladder, env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        address = line_of(process)
        assert address.startswith("http://127.0.0.1:")
        (tethered,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        assert len(group_of(tethered)) > 1
        process.send_signal(signal.SIGKILL)
        process.wait()
        survived = until(lambda: not group_of(tethered), seconds=30)
        tally("kill -9 of ui", harm=not survived)
        assert survived
    finally:
        kill(process)
        assert process.stdout is not None
        process.stdout.close()
