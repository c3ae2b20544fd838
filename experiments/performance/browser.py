"""A page in; what a real browser makes of it out: headless Chromium, spoken to over two pipes.

The protocol is that of Chromium's developer tools: JSON messages, each ended by a zero byte, on the
descriptors 3 and 4 of the process. It needs no package beside the standard library, and no port.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 60.0
FLAGS = (
    *("--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"),
    # A script sets filters, which stand in the address, faster than a person could.
    "--disable-ipc-flooding-protection",
    *("--disable-extensions", "--disable-background-networking", "--disable-dev-shm-usage", "--mute-audio"),
    # Without it Chromium does not start as root, as in containers; it opens our own pages alone.
    "--no-sandbox",
)


class BrowserError(Exception):
    """The browser did not do what it was asked, with its own words."""


def path() -> str:
    """Return where Chromium is; empty where there is none."""
    return next((file for name in NAMES if (file := shutil.which(name))), "")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium; it is ended with the block."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        # Above 9: what is to be 3 or 4 must not lie there already.
        reading, writing = (fcntl.fcntl(pipe, fcntl.F_DUPFD, 10) for pipe in (theirs_in, theirs_out))
        silent = os.open(os.devnull, os.O_RDWR)
        pid = os.posix_spawn(
            path(),
            [path(), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, silent, stream) for stream in (0, 1, 2)),
                (os.POSIX_SPAWN_DUP2, reading, 3),
                (os.POSIX_SPAWN_DUP2, writing, 4),
            ],
            setpgroup=0,
        )
        for descriptor in (theirs_in, theirs_out, reading, writing, silent):
            os.close(descriptor)
        try:
            yield Browser(ours_in, ours_out)
        finally:
            for descriptor in (ours_in, ours_out):
                os.close(descriptor)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@dataclass
class Browser:
    """A running Chromium."""

    reading: int
    writing: int
    sent: int = 0
    rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self.sent += 1
        message: dict[str, Any] = {"id": self.sent, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            answer = self._next(end)
            if answer.get("id") == self.sent:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise BrowserError(f"{method}: no answer in {SECONDS:.0f} s")

    def open(
        self, address: str, *, width: int = 1300, height: int = 850, dark: bool = False, apart: bool = False
    ) -> Tab:
        """Open an address in a new tab; ``apart`` from the others, as another person's browser would."""
        context = (
            {"browserContextId": self.call("Target.createBrowserContext")["browserContextId"]}
            if apart
            else {}
        )
        target = self.call("Target.createTarget", url="about:blank", **context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        tab.call("Emulation.setEmulatedMedia", features=[scheme])
        tab.call("Page.navigate", url=address)
        return tab

    def _next(self, end: float) -> dict[str, Any]:
        # Not select(), which takes no descriptor above 1,023: a run of all tests has more files open.
        waiting = select.poll()
        waiting.register(self.reading, select.POLLIN)
        while b"\0" not in self.rest:
            if not waiting.poll(1000 * max(0.0, end - time.monotonic())):
                raise BrowserError("the browser does not answer")
            data = os.read(self.reading, 2**20)
            if not data:
                raise BrowserError("the browser ended")
            self.rest += data
        text, _, self.rest = self.rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message


@dataclass
class Tab:
    """A page in the browser."""

    browser: Browser
    session: str
    context: int = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol for this page."""
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; of a promise, what it resolves to."""
        where = {"contextId": self.context} if self.context else {}
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, **where
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 20.0) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self._is_true(condition):
            if time.monotonic() > end:
                raise BrowserError(f"not true in {seconds:.0f} s: {condition}")
            time.sleep(0.02)

    def _is_true(self, condition: str) -> bool:
        # While one page gives way to the next there is no document.
        with contextlib.suppress(BrowserError):
            return bool(self.evaluate(f"Boolean({condition})"))
        return False

    def frame(self) -> Tab:
        """Return the one frame in the page, whatever its origin."""
        self.call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)
        for event in self.browser.events:
            details = event.get("params", {})
            if event["method"] == "Target.attachedToTarget" and event.get("sessionId") == self.session:
                # A frame in a process of its own has a session of its own.
                inner = Tab(self.browser, details["sessionId"])
                for domain in ("Runtime", "Log"):
                    inner.call(f"{domain}.enable")
                return inner
        (child,) = self.call("Page.getFrameTree")["frameTree"]["childFrames"]
        world = self.call("Page.createIsolatedWorld", frameId=child["frame"]["id"])
        return Tab(self.browser, self.session, world["executionContextId"])

    def press(self, key: str) -> None:
        """Press a key: a letter or sign, or a name such as ``Escape``."""
        text: dict[str, Any] = {"text": key} if len(key) == 1 else {}
        if key == "Enter":
            # By its code the browser knows that it submits a form.
            text = {"text": "\r", "windowsVirtualKeyCode": 13}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        """Type a text, key by key."""
        for letter in text:
            self.press(letter)

    def offline(self, *, on: bool) -> None:
        """Cut the page off from the network, or connect it again."""
        self.call("Network.enable")
        speed = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.call("Network.emulateNetworkConditions", offline=on, **speed)

    def problems(self) -> list[str]:
        """Return what the page has written to the console as an error or a warning, or thrown, or asked."""
        lines = []
        for event in self.browser.events:
            details = event.get("params", {})
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                lines.append(details["exceptionDetails"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning"):
                lines.append(" ".join(str(argument.get("value")) for argument in details["args"]))
            elif event["method"] == "Page.javascriptDialogOpening":
                lines.append(details["message"])
            elif event["method"] == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
                lines.append(details["entry"]["text"])
        return lines
