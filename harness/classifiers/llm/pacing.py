"""Requests in, the moment each may be sent out: a rate that adapts to the server, and a circuit that opens.

The rate rises while the server answers and is halved where it refuses (429), as TCP does with its window.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from harness.values.errors import ClassifierError

MINUTE = 60.0
SLOWDOWN = 2.0
"""Factor for the time between two requests after a refusal."""

SPEEDUP = 0.95
"""Factor for the time between two requests after an answer."""

MAX_INTERVAL = 60.0
"""Seconds between two requests at most, however often the server refuses."""

MIN_INTERVAL = 1e-3
"""Shorter intervals than this are none."""

SILENCE = 5.0
"""Seconds without an answer before the person who waits is told why."""

NOTICE_INTERVAL = 30.0
"""Seconds between two lines about it."""

MAX_REFUSED = 300.0
"""Seconds for which a server may refuse everything because of its rate; then a quota is used up."""


class ServerGoneError(ClassifierError):
    """A server that no longer answers; what it answered before is kept."""


class Circuit:
    """Opens where a server is gone, so that requests that wait stop at once. Safe to use from threads.

    Parameters
    ----------
    patience : int
        Failures in a row, over all requests, after which the server counts as gone.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.opened = threading.Event()
        self._failures = 0
        self._reason = ""
        self._lock = threading.Lock()

    def succeeded(self) -> None:
        """Note that the server answered, whatever it said."""
        with self._lock:
            self._failures = 0

    def failed(self, reason: str) -> None:
        """Note that the server could not be reached, or answered that it is broken."""
        with self._lock:
            self._failures += 1
            if self._failures >= self.patience:
                self._open(reason)

    def open(self, reason: str) -> None:
        """Stop every request that waits."""
        with self._lock:
            self._open(reason)

    def check(self) -> None:
        """Raise :class:`ServerGoneError` where the circuit is open."""
        if self.opened.is_set():
            raise ServerGoneError(self._reason)

    def _open(self, reason: str) -> None:
        # The first reason stays: those after it are its consequences.
        if not self.opened.is_set():
            self._reason = reason
            self.opened.set()


class Pace:
    """Says when the next request may be sent. Safe to use from threads.

    Parameters
    ----------
    requests, tokens : float
        A minute, at most; infinity for no limit of one's own.
    clock : callable
        Seconds; replaced in tests.
    """

    def __init__(
        self,
        requests: float = float("inf"),
        tokens: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.shortest = MINUTE / requests
        self.interval = self.shortest
        self.seconds_per_token = MINUTE / tokens
        self._next = self._next_tokens = self._slowed = self._previous = clock()
        self._lock = threading.Lock()

    def delay(self, tokens: int) -> float:
        """Take the next turn; return in how many seconds it is.

        Parameters
        ----------
        tokens : int
            How many the request is expected to take.
        """
        with self._lock:
            now = self.clock()
            turn = max(now, self._next, self._next_tokens)
            self._next = turn + self.interval
            # Against the time of its own turn: tokens that were not taken are not saved up.
            self._next_tokens = turn + tokens * self.seconds_per_token
            return turn - now

    def answered(self) -> None:
        """Speed up a little."""
        with self._lock:
            self.interval = max(self.shortest, self.interval * SPEEDUP)
            if self.interval < MIN_INTERVAL:
                self.interval = self.shortest

    def refused(self, sent: float, wait: float) -> None:
        """Slow down: the server refused a request because of its rate.

        Parameters
        ----------
        sent : float
            When the request was sent, by the clock.
        wait : float
            Seconds for which nothing is to be sent; 0 where the server does not say.
        """
        with self._lock:
            now = self.clock()
            self._next = max(self._next, now + wait)
            # Requests that were in flight together are refused together: that is one refusal, not eight.
            if sent <= self._slowed:
                return
            self._slowed = now
            self.interval = min(MAX_INTERVAL, max(self.interval, 0.05) * SLOWDOWN)


class Waiting:
    """Tells the person who waits why nothing is answered. Safe to use from threads.

    Parameters
    ----------
    notify : callable
        Line → nothing.
    clock : callable
        Seconds.
    """

    def __init__(self, notify: Callable[[str], object], clock: Callable[[], float]) -> None:
        self.notify, self.clock = notify, clock
        self._since: float | None = None
        self._last_line = -float("inf")
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Note an answer: what fails after it is another silence."""
        with self._lock:
            self._since = None

    def failed(self, reason: str, sent: float, wait: float) -> float:
        """Note an attempt without an answer.

        Parameters
        ----------
        reason : str
            Follows "waiting: ".
        sent : float
            When it was sent, by the clock.
        wait : float
            Seconds for which the server asks; 0 where it does not say.

        Returns
        -------
        float
            Seconds since the first attempt after which none was answered.
        """
        with self._lock:
            now = self.clock()
            self._since = sent if self._since is None else min(self._since, sent)
            silent = now - self._since
            if silent + wait < SILENCE or now - self._last_line < NOTICE_INTERVAL:
                return silent
            self._last_line = now
        self.notify(f"waiting: {reason}")
        return silent
