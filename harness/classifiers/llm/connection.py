"""A path and a body in, the JSON that a server answers out: with retries, a deadline and a key.

Redirects are not followed: neither the key nor the text goes to an address that the config does not name.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from harness.classifiers.llm.ledger import Charge, Reservation
from harness.classifiers.llm.pacing import MAX_REFUSED, Circuit, Pace, ServerGoneError, Waiting
from harness.values.errors import ClassifierError, abbreviate

if TYPE_CHECKING:
    import httpx2

ATTEMPTS = 6
BACKOFF = 0.5
"""Seconds before the second attempt, on average; each later wait is twice as long."""

MAX_BACKOFF = 30.0
MAX_RETRY_AFTER = 300.0
"""Seconds: a server that asks for more has used up a quota, and the run ends."""

MAX_BYTES = 8 * 2**20
"""Of an answer: a server that sends more is broken."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
REFUSED = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})
"""Codes of an error that is an answer: the server does not want to label this text."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class UnansweredError(ClassifierError):
    """A request that got no answer, however often it was sent."""


class DeclinedError(ClassifierError):
    """A request that the server understood and does not want to answer, because of its text."""


class UnsupportedError(ClassifierError):
    """A request that the server does not know the kind of, or cannot read."""


class _Retry(Exception):  # noqa: N818 (a signal, not an error)
    """An attempt that failed and may be repeated."""

    def __init__(
        self, reason: str, wait: float = 0.0, *, alive: bool = False, is_unsent: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.alive, self.is_unsent = reason, wait, alive, is_unsent


@dataclass(frozen=True)
class Reply:
    """What a server answered.

    Attributes
    ----------
    data : mapping
        The JSON.
    seconds : float
        Of the attempt that was answered.
    retries : int
        Attempts before it.
    """

    data: Mapping[str, Any]
    seconds: float
    retries: int


@dataclass
class Connection:
    """A server, and how it is spoken to. Safe to use from threads.

    Attributes
    ----------
    url : str
        Up to ``/v1``; paths are added to it.
    key : str
        Sent as a bearer token; empty for none.
    timeout : float
        Seconds for one attempt, from the first byte sent to the last one received.
    concurrency : int
        Connections.
    pace : Pace
    attempts : int
    sleep : callable
        Seconds → nothing; None to wait for the circuit or the time.
    notify : callable
        Is given a line for the person who waits, from any thread.
    """

    url: str
    key: str = field(default="", repr=False)
    timeout: float = 60.0
    concurrency: int = 8
    pace: Pace = field(default_factory=Pace)
    attempts: int = ATTEMPTS
    sleep: Callable[[float], object] | None = None
    notify: Callable[[str], object] = lambda _: None

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.notify, self.pace.clock)
        # Every request may fail a few times before the server counts as gone.
        self.circuit = Circuit(max(self.attempts, 4 * self.concurrency))
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()
        # Not seeded: processes that wait for the same server must not wake at the same moment.
        self._random = random.SystemRandom()

    @property
    def host(self) -> str:
        """Return the host of the address, with its port where that is named."""
        return urlsplit(self.url).netloc

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def post(
        self, path: str, body: Mapping[str, Any], tokens: int = 0, charge: Charge | None = None
    ) -> Reply:
        """Send a body, as often as needed.

        Parameters
        ----------
        path : str
            Such as ``/chat/completions``.
        body : mapping
        tokens : int
            How many the request is expected to take, for the rate.
        charge : Charge, optional
            What each attempt costs; without it nothing is reserved.

        Raises
        ------
        UnansweredError
            Where every attempt failed.
        ServerGoneError
            Where the server is gone.
        DeclinedError
            Where the server does not label this text.
        UnsupportedError
            Where it does not know the path, or cannot read the body.
        ClassifierError
            Where the server refuses the request, as for a wrong key.
        """
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        reason = ""
        for attempt in range(self.attempts):
            self._wait(self.pace.delay(tokens))
            sent = self.pace.clock()
            try:
                with self._reserving(charge) as reservation:
                    # Only now: room in a budget may have been waited for.
                    sent = self.pace.clock()
                    data = self._charged(path, content, charge, reservation)
            except _Retry as error:
                reason = error.reason
                self._note(error, sent)
                if attempt + 1 < self.attempts:
                    self._wait(max(error.wait, self._backoff(attempt)))
            except ServerGoneError as error:
                self.circuit.open(str(error))
                raise
            else:
                self.circuit.succeeded()
                self.pace.answered()
                self.waiting.answered()
                return Reply(data, self.pace.clock() - sent, attempt)
        self.circuit.check()
        raise UnansweredError(self._gone(f"{reason}, {self.attempts} times"))

    def _note(self, error: _Retry, sent: float) -> None:
        """Slow down, tell the person who waits, and end it where the server is gone or refuses too long."""
        if not error.alive:
            self.waiting.failed(f"the server at {self.host} does not answer: {error.reason}", sent, 0.0)
            self.circuit.failed(self._gone(error.reason))
            return
        self.pace.refused(sent, error.wait)
        self.circuit.succeeded()
        seconds = self.waiting.failed(f"the server at {self.host} limits the rate", sent, error.wait)
        if seconds > MAX_REFUSED:
            self.circuit.open(
                f"the server at {self.host} limits the rate: for {seconds:,.0f} seconds it has refused"
                " everything (429); what it answered before is kept, so run this again later"
            )

    def _reserving(self, charge: Charge | None) -> AbstractContextManager[Reservation]:
        if charge is None:
            return nullcontext(Reservation(0.0))
        # A connection, its request and each piece of its answer may take the timeout in turn.
        return charge.reserving(self._wait, 5 * self.timeout)

    def _charged(
        self, path: str, content: bytes, charge: Charge | None, reservation: Reservation
    ) -> Mapping[str, Any]:
        try:
            data = self._attempt(path, content)
        except _Retry as error:
            # What is refused for its rate, or never arrived, is not charged; what was lost may be.
            reservation.cost = 0.0 if error.alive or error.is_unsent else None
            raise
        except DeclinedError:
            raise
        except ClassifierError:
            reservation.cost = 0.0
            raise
        reservation.cost = 0.0 if charge is None else charge.cost(data.get("usage"))
        return data

    def _gone(self, reason: str) -> str:
        return (
            f"the server at {self.host} does not answer: {reason}; what it answered is kept, so run this"
            " again once it does"
        )

    def _backoff(self, attempt: int) -> float:
        # "Full jitter": spread over the whole interval, or else all requests come back at the same time.
        return min(MAX_BACKOFF, BACKOFF * 2.0 ** (attempt + 1)) * self._random.random()

    def _wait(self, seconds: float) -> None:
        self.circuit.check()
        if seconds > 0:
            if self.sleep is not None:
                self.sleep(seconds)
            else:
                self.circuit.opened.wait(seconds)
            self.circuit.check()

    def _opened(self) -> httpx2.Client:
        import httpx2

        with self._lock:
            if self._client is None:
                headers = {"Content-Type": "application/json", "Accept": "application/json"}
                if self.key:
                    headers["Authorization"] = f"Bearer {self.key}"
                self._client = httpx2.Client(
                    headers=headers,
                    timeout=self.timeout,
                    follow_redirects=False,
                    # A proxy of the environment leads nowhere from a server on this machine.
                    trust_env=urlsplit(self.url).hostname not in LOOPBACK,
                    limits=httpx2.Limits(
                        max_connections=self.concurrency, max_keepalive_connections=self.concurrency
                    ),
                )
            return self._client

    def _attempt(self, path: str, content: bytes) -> Mapping[str, Any]:
        import httpx2

        deadline = time.monotonic() + self.timeout
        try:
            with self._opened().stream("POST", self.url.rstrip("/") + path, content=content) as response:
                body = self._read(response, deadline)
        except httpx2.TimeoutException as error:
            raise _Retry(f"no answer within {self.timeout:g} seconds") from error
        except (httpx2.TransportError, httpx2.DecodingError, httpx2.StreamError) as error:
            is_unsent = isinstance(error, httpx2.ConnectError)
            raise _Retry(f"{type(error).__name__}: {error}", is_unsent=is_unsent) from error
        if response.status_code != 200:
            self._refuse(response.status_code, response.headers, body)
        return _parsed(body)

    def _read(self, response: httpx2.Response, deadline: float) -> bytes:
        """Read an answer, and give up where it drips: the timeouts of the client are for each piece."""
        pieces, size = [], 0
        for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise _Retry(f"an answer of more than {MAX_BYTES:,} bytes")
            if time.monotonic() > deadline:
                raise _Retry(f"no complete answer within {self.timeout:g} seconds")
        return b"".join(pieces)

    def _refuse(self, status: int, headers: Mapping[str, str], body: bytes) -> NoReturn:
        """Raise what a status other than 200 means."""
        code, message = _error_of(body)
        where = f"{self.host} answers {status}"
        if 300 <= status < 400:
            host = urlsplit(headers.get("location", "")).netloc
            raise ClassifierError(
                f"{where} and points to {host or 'another address'}: neither key nor text is sent there;"
                " if that is right, write that address in url"
            )
        if status == 429 and code == "insufficient_quota":
            raise ClassifierError(f"{where}: the quota of the key is used up ({abbreviate(message)})")
        if status in RETRIED:
            wait = _retry_after(headers.get("retry-after", ""))
            if wait > MAX_RETRY_AFTER:
                raise ServerGoneError(
                    f"{where} and asks to wait for {wait:,.0f} seconds; what it answered is kept, so run"
                    " this again then"
                )
            raise _Retry(f"status {status}", wait, alive=status == 429)
        if code in REFUSED:
            raise DeclinedError(f"{where}: {abbreviate(message)}")
        if status in (401, 403):
            raise ClassifierError(f"{where}: the key is missing, wrong or not allowed to do this")
        if status in (404, 405, 501):
            raise UnsupportedError(f"{where}: {abbreviate(message) or 'there is no such model or endpoint'}")
        if status in (400, 422):
            raise UnsupportedError(f"{where}: {abbreviate(message) or 'the request cannot be read'}")
        raise ClassifierError(f"{where}: {abbreviate(message) or 'no reason given'}")


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise _Retry("an answer that is no JSON") from error
    if not isinstance(data, dict):
        raise _Retry("an answer that is no JSON object")
    return data


def _error_of(body: bytes) -> tuple[str, str]:
    """Return code and message of an error, as far as the body holds them."""
    try:
        data = json.loads(body)
    except ValueError:
        return "", body[:200].decode("utf-8", "replace").strip()
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return "", str(error)
    message = error.get("message", error.get("detail", ""))
    return str(error.get("code") or ""), message if isinstance(message, str) else json.dumps(message)


def _retry_after(text: str) -> float:
    """Read seconds, or a date, of a ``Retry-After``; 0 where there is none.

    Examples
    --------
    >>> _retry_after("2.5"), _retry_after(""), _retry_after("Wed, 21 Oct 2015 07:28:00 GMT")
    (2.5, 0.0, 0.0)
    """
    try:
        # What is not finite is no wait: "inf" would never end.
        seconds = float(text)
        return max(0.0, seconds) if seconds < float("inf") else 0.0
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
