"""A command in; the server that it is, running on this machine and ended with whoever wanted it, out."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from harness.values import tether

HOST = "127.0.0.1"
"""What a server of ours listens on: other computers cannot reach it."""

_POLL_SECONDS = 0.1
_END_SECONDS = 5


@contextlib.contextmanager
def reserved_port(ports: Sequence[int]) -> Iterator[int | None]:
    """Yield the first of some ports that nothing listens on and that no other process has reserved here.

    A server listens some seconds after it was started: without the reservation, a second one would get the
    same port meanwhile, and its user the address of the first one's pages.

    Parameters
    ----------
    ports : sequence of int

    Yields
    ------
    int or None
        Reserved until the context ends; None where all are taken.
    """
    for port in ports:
        # Nothing here speaks UDP, whose ports are counted apart and which are free as soon as a process dies.
        with socket.socket(type=socket.SOCK_DGRAM) as twin, socket.socket() as probe:
            # A port that a server has just left counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                twin.bind((HOST, port))
                probe.bind((HOST, port))
            except OSError:
                continue
            probe.close()
            yield port
            return
    yield None


def start(command: Sequence[str], log: Path, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process, however that ends.

    Parameters
    ----------
    command : sequence of str
        Without a shell.
    log : Path
        Takes what it prints.
    variables : mapping
        Of the environment, on top of those of this process.
    """
    with log.open("w") as output:
        return subprocess.Popen(  # noqa: S603 (our own arguments, no shell)
            [sys.executable, "-I", tether.__file__, *command],
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A process group of its own, which can be ended whole.
            start_new_session=True,
        )


def wait_until_healthy(server: subprocess.Popen[bytes], address: str, seconds: float) -> None:
    """Wait until a server answers.

    Parameters
    ----------
    server : Popen
    address : str
        Of its health check: any answer without an error will do.
    seconds : float
        At most.

    Raises
    ------
    TimeoutError
        Where it ended, or does not answer in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise TimeoutError(f"it ended with status {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 (our own http address)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"no answer in {seconds:.0f} s")


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server and its workers: the process group, since a worker survives the server alone."""
    with contextlib.suppress(ProcessLookupError):
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(server.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=_END_SECONDS)
        # Workers that were killed are there until the system has cleared them away.
        last = time.monotonic() + _END_SECONDS
        while time.monotonic() < last:
            os.killpg(server.pid, 0)
            time.sleep(_POLL_SECONDS)
    if server.stdin is not None:
        server.stdin.close()


def interrupt_on_signals() -> None:
    """Handle every request to stop like Ctrl-C, so that what follows in ``finally`` ends the server, too."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
