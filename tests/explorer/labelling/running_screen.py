"""The label screen as a process of its own, and what a browser would send to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 300
"""A start takes some three seconds; on a machine that is busy with other things, many times as long."""


@dataclass
class Screen:
    """A running `harness label`."""

    process: subprocess.Popen[str]
    base: str
    token: str

    @property
    def address(self) -> str:
        return f"{self.base}#token={self.token}"

    def get(self, name: str, **query: str) -> dict[str, Any]:
        return self.ask("GET", f"api/{name}?{urllib.parse.urlencode(query)}")[1]

    def post(self, name: str, **sent: Any) -> dict[str, Any]:
        return self.ask("POST", f"api/{name}", json.dumps(sent).encode())[1]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        sent = {"X-Harness-Token": self.token} | dict(headers or {})
        request = urllib.request.Request(self.base + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, data = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, data = error.code, error.read()
        return status, json.loads(data) if data.startswith((b"{", b"[")) else data.decode()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)


@contextlib.contextmanager
def running_screen(folder: Path, *arguments: str, store: str = "store") -> Iterator[Screen]:
    """Start `harness label` in a folder, with a store there."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "harness", "label", *arguments],
        cwd=folder,
        env={**os.environ, "HARNESS_STORE": str(folder / store), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    # Whoever waits for a line of a process that is stuck would wait for ever.
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            printed += line
            if match := re.match(r"(http://\S+/)#token=(\S+)", line):
                timer.cancel()
                yield Screen(process, match[1], match[2])
                return
        raise AssertionError(printed)
    finally:
        timer.cancel()
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
