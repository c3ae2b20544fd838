"""Processes that tests start, watch and kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).parents[2]
WAIT_SECONDS = 60


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that imports the package and the modules of the tests."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(TOP), str(TOP / "tests")])} | more


@contextmanager
def started(
    code: str, *arguments: object, cwd: Path = TOP, prefix: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a process of its own, which is killed after the block."""
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        kill(process)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def kill(process: subprocess.Popen[str]) -> None:
    """End a process so that no code of it runs any more."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()


def line_of(process: subprocess.Popen[str]) -> str:
    """Return the next line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def until(holds: Callable[[], object], seconds: float = WAIT_SECONDS) -> bool:
    """Wait until something holds; return whether it ever did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False
