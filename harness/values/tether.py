"""A command in; the command running, and ended with its children once the process that wanted it is gone.

``python tether.py COMMAND …``: standard input is a pipe that the parent holds open and never writes to. The
kernel closes it when the parent ends, however that happens, ``kill -9`` included; so this process, which
leads a process group of its own, learns of it on every system. It imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

PATIENCE_SECONDS = 3.0
"""So long the command may take to end by itself."""


def main(command: list[str]) -> int:
    """Run a command until it ends or the parent does; return its exit status."""
    _end_with_parent()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 (what the parent asked for)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    # It is the command that a signal is meant for, which has it too: both are in one group.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return child.wait()


def _watch(child: subprocess.Popen[bytes]) -> None:
    """Wait for the end of the parent, then end the command and whatever it started."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    # This process ignores the first signal, and ends with the others by the second.
    os.killpg(0, signal.SIGTERM)
    end = time.monotonic() + PATIENCE_SECONDS
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


def _end_with_parent() -> None:
    """On Linux, end with the parent even if something else holds the pipe open."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        # PR_SET_PDEATHSIG; SIGHUP is turned into the end of the group below.
        ctypes.CDLL(None).prctl(1, signal.SIGHUP, 0, 0, 0)
        signal.signal(signal.SIGHUP, lambda *_: os.killpg(0, signal.SIGKILL))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
