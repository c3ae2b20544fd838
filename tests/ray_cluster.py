"""A Ray cluster of two nodes on loopback addresses of this machine, small; nothing of it stays."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HEAD, SECOND = "127.0.0.2", "127.0.0.3"
"""Not 127.0.0.1, which Ray replaces by an address that others can reach."""

MARK = "HARNESS_TEST_CLUSTER"
OBJECT_STORE = 80_000_000
START_SECONDS = 120.0


class TwoNodes:
    """The cluster: a head and a second node, a CPU each."""

    def __init__(self) -> None:
        # Short: the path of a socket may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))
        with socket.socket() as free:
            free.bind((HEAD, 0))
            self.address = f"{HEAD}:{free.getsockname()[1]}"
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(16),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        }
        self.nodes: dict[str, subprocess.Popen[bytes]] = {}
        self.marks = self.folder / "marks"
        self.marks.mkdir()

    def start(self, host: str) -> None:
        """Start a node, and wait until it has joined."""
        port = self.address.split(":")[1]
        where = ["--head", f"--port={port}", "--include-dashboard=false"]
        log = self.folder / f"{host}.log"
        with log.open("wb") as output:
            self.nodes[host] = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"),
                    *(where if host == HEAD else [f"--address={self.address}"]),
                    *(f"--node-ip-address={host}", f"--temp-dir={self.folder / host[-1]}", "--num-gpus=0"),
                    *(f"--object-store-memory={OBJECT_STORE}", "--disable-usage-stats"),
                    *("--min-worker-port=0", "--max-worker-port=0"),
                ],
                stdout=output,
                stderr=output,
                env=os.environ | self.environment | self._on_nodes(),
                # Not where the sources lie: nodes get the harness that they are sent.
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while b"Ray runtime started" not in log.read_bytes():
            assert self.nodes[host].poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.1)

    def _on_nodes(self) -> dict[str, str]:
        # The toys lie beside this file; the harness itself is sent.
        paths = {MARK: str(self.folder), "PYTHONPATH": str(Path(__file__).parent)}
        # As tests/worker_toys.py calls them, which is not to be found where timings are measured.
        return paths | {"HARNESS_TEST_MARKS": str(self.marks), "HARNESS_TEST_BEHAVES": "killed once"}

    def kill(self, host: str) -> None:
        """End a node without warning, with all that runs there."""
        node = self.nodes.pop(host)
        for process in [node.pid, *_descendants(node.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        node.wait()

    def processes(self) -> list[int]:
        """Return what runs of it."""
        return [process for process in _all_processes() if _has_mark(process, str(self.folder))]

    def close(self) -> None:
        """End everything."""
        for node in self.nodes.values():
            node.terminate()
        for node in self.nodes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                node.wait(15)
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for node in self.nodes.values():
            node.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Run a cluster for the block."""
    cluster = TwoNodes()
    try:
        for host in (HEAD, SECOND):
            cluster.start(host)
        yield cluster
    finally:
        cluster.close()


def _all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _has_mark(process: int, value: str) -> bool:
    try:
        environment = Path(f"/proc/{process}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={value}\0".encode() in environment


def _descendants(process: int) -> list[int]:
    parents = {}
    for each in _all_processes():
        with contextlib.suppress(OSError, IndexError):
            parents[each] = int(
                Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            )
    found = [each for each, parent in parents.items() if parent == process]
    return found + [below for each in found for below in _descendants(each)]
