"""A process in, what tells it from all others out; and whether the owner of a run is still at work.

A process id says something within one pid namespace of one boot only: containers with equal host names, and
machines that share a store, each have a process 7. Elsewhere the owner's heartbeat decides, a time that it
writes beside the run every :data:`HEARTBEAT_SECONDS`.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

HEARTBEAT_SECONDS = 20.0
EXPIRY_SECONDS = 180.0
"""Nine heartbeats: a process that loads a large model may miss some, and clocks of machines differ."""

# Tokens of the runs that this process is at work on: one that it left is nobody's, though the process lives.
_active: Counter[str] = Counter()
_guard = threading.Lock()


@dataclass(frozen=True)
class Owner:
    """The process that works on a run.

    Attributes
    ----------
    host : str
    boot : str
        Identifies the boot of its kernel; empty where that is unknown.
    namespace : str
        Identifies its pid namespace; empty where that is unknown.
    pid : int
    started : str
        When the process started, in the kernel's words: pids are used again.
    token : str
        Drawn for this work; whoever takes the run over writes another.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str
    token: str

    @classmethod
    def new(cls) -> Owner:
        """Return this process, with a token of its own."""
        boot, namespace = _kernel()
        pid = os.getpid()
        return cls(platform.node(), boot, namespace, pid, started(pid), uuid.uuid4().hex)

    @classmethod
    def read(cls, text: str) -> Owner | None:
        """Read what :meth:`text` wrote; None where there is nothing to read."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    def describe(self) -> str:
        """Return it in a few words."""
        return f"process {self.pid} on {self.host}"

    @property
    def is_near(self) -> bool:
        """Whether its pid says something to this process."""
        return "" not in (self.boot, self.namespace) and (self.boot, self.namespace) == _kernel()

    def is_alive(self, heartbeat: float, now: float | None = None) -> bool:
        """Return whether it is still at work.

        Parameters
        ----------
        heartbeat : float
            When it was last heard of, in seconds since 1970.
        now : float, optional
            Default: the clock.
        """
        if self.is_near:
            if self.pid == os.getpid():
                return _active[self.token] > 0
            return started(self.pid) == self.started != ""
        return (time.time() if now is None else now) - heartbeat < EXPIRY_SECONDS


@contextlib.contextmanager
def at_work(owner: Owner) -> Iterator[None]:
    """Count this process as at work under the owner's token for the block."""
    with _guard:
        _active[owner.token] += 1
    try:
        yield
    finally:
        with _guard:
            _active[owner.token] -= 1


def started(pid: int) -> str:
    """Return when a process started, in the kernel's words; empty where there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else _output("ps", "-o", "lstart=", "-p", str(pid))
    except OSError:
        return ""
    # After the name, which may hold anything: state is the first field, the start the twentieth. A zombie has
    # ended, though its parent has not asked yet.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


@cache
def _kernel() -> tuple[str, str]:
    """Return what identifies this boot, and this process's pid namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return boot, str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        # macOS has no namespaces.
        boot = _output("sysctl", "-n", "kern.bootsessionuuid") if sys.platform == "darwin" else ""
        return boot, "one" if boot else ""


def _output(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
