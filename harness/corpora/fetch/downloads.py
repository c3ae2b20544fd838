"""An address in, its bytes in a file out; a broken download is resumed where the server allows it.

Until a file is complete it is called ``NAME.partial``, beside a note of the server's mark of its version
(``ETag`` or ``Last-Modified``). It is resumed only if that mark is the same, or if a checksum will tell.
Libraries that fetch data sets and check them (pooch, fsspec) start over, so this is our own, on requests.
"""

from __future__ import annotations

import errno
import math
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.values.errors import FetchError
from harness.values.formatting import agreeing, counted
from harness.values.progress import progress

if TYPE_CHECKING:
    import requests

MEGABYTE = 1 << 20
OTHER_SOURCES = "try another source with --mirror, or your own copy with --from"
# Not found, and gone. Any other refusal may be temporary: what arrived is kept, and no file counts as absent.
MISSING_STATUSES = (404, 410)


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server, and how often to try again.

    Attributes
    ----------
    connect, read : float
        Seconds until it answers; seconds without a byte.
    tries : int
        How many attempts in a row may bring nothing.
    pause : float
        Seconds between attempts.
    """

    connect: float = 10.0
    read: float = 30.0
    tries: int = 3
    pause: float = 1.0


DEFAULT_RETRIES = RetryPolicy()


class AbsentError(FetchError):
    """A server that answers, but does not have the file."""


class _BrokenOffError(Exception):
    """The connection ended before the file did."""


def download(
    address: str, path: Path, *, checked: bool = False, retries: RetryPolicy = DEFAULT_RETRIES
) -> None:
    """Fetch a file, unless it exists.

    Parameters
    ----------
    address : str
        Of HTTP or HTTPS; redirects are followed, but not from HTTPS to HTTP.
    path : Path
        Where it goes. Until it is complete it is called ``NAME.partial``.
    checked : bool
        Whether the complete file will be compared with a checksum, so that a partial one may be resumed even
        if the server does not say which version it is.
    retries : RetryPolicy

    Raises
    ------
    FetchError
        If the server cannot be reached, the connection breaks off again and again, or the disk is full;
        saying what to do. A partial file is kept if it can be resumed.
    AbsentError
        If the server does not have the file; nothing is kept.
    """
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _Partial(path.with_name(f"{path.name}.partial"))
    failures, reason = 0, ""
    while failures < retries.tries:
        before = partial.size
        try:
            _attempt(address, partial, checked, retries)
        except _BrokenOffError as error:
            reason = str(error)
            # A slow line may break off many times: only attempts that brought nothing count as failures.
            failures = failures + 1 if partial.size <= before else 1
            time.sleep(retries.pause)
        else:
            partial.path.replace(path)
            partial.note.unlink(missing_ok=True)
            return
    hint = (
        f"{counted(partial.size, 'byte')} {agreeing(partial.size, 'is', 'are')} kept: run it again to resume"
        if partial.size
        else OTHER_SOURCES
    )
    raise FetchError(f"{address}: {reason}; {hint}")


@dataclass(frozen=True)
class _Partial:
    """What has arrived of a file, and the note of its version."""

    path: Path

    @property
    def note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.version")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def version(self) -> str:
        return self.note.read_text(encoding="utf-8") if self.note.is_file() else ""

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _attempt(address: str, partial: _Partial, checked: bool, retries: RetryPolicy) -> None:
    """Request once what is missing, and write what comes."""
    import requests
    import urllib3

    have = partial.size if partial.version or checked else 0
    # Compressed on the way, the lengths would not be those of the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    timeout = (retries.connect, retries.read)
    try:
        with requests.get(address, headers=headers, stream=True, timeout=timeout) as response:
            start = _start(address, response, partial, have)
            _write(response, partial, start)
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
        raise _BrokenOffError(f"nothing came for {retries.read:g} s") from None
    except urllib3.exceptions.HTTPError:
        raise _BrokenOffError("broke off") from None
    except requests.exceptions.RequestException as error:
        # requests marks what is wrong with the address itself by ValueError: no attempt will better it.
        if isinstance(error, ValueError):
            raise FetchError(f"{address}: is not an HTTP address: {error}") from None
        raise _BrokenOffError(f"cannot be reached: {_reason(error)}") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise FetchError(f"{partial.path}: cannot be written: {error.strerror or error}") from None
        partial.drop()
        what = "the disk is full; the partial download was deleted"
        raise FetchError(f"{partial.path.parent}: {what}") from None


def _start(address: str, response: requests.Response, partial: _Partial, have: int) -> int:
    """Return the byte at which the answer starts; 0 for the whole file."""
    if address.startswith("https:") and not response.url.startswith("https:"):
        raise FetchError(f"{address}: redirects to {response.url}, which is not encrypted; {OTHER_SOURCES}")
    if response.status_code == 416:
        # Range not satisfiable: what the server has now is shorter than what arrived.
        partial.drop()
        raise _BrokenOffError("the file has changed since the download began")
    if response.status_code >= 500:
        raise _BrokenOffError(f"answers {response.status_code} {response.reason}")
    if response.status_code in MISSING_STATUSES:
        partial.drop()
        raise AbsentError(f"{address}: answers {response.status_code} {response.reason}; {OTHER_SOURCES}")
    if not response.ok:
        raise FetchError(f"{address}: answers {response.status_code} {response.reason}; {OTHER_SOURCES}")
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    # 206 is Partial Content; a server without ranges answers 200 with the whole file.
    resumed = response.status_code == 206
    begins = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if resumed and (not begins or (partial.version and version != partial.version)):
        partial.drop()
        raise _BrokenOffError("the file has changed since the download began")
    if version:
        partial.note.write_text(version, encoding="utf-8")
    else:
        partial.note.unlink(missing_ok=True)
    return have if resumed else 0


def _write(response: requests.Response, partial: _Partial, start: int) -> None:
    length = response.headers.get("Content-Length", "")
    missing = int(length) if length.isdecimal() else None
    free = shutil.disk_usage(partial.path.parent).free
    if missing is not None and missing > free:
        partial.drop()
        needed = f"{counted(missing, 'byte')} are needed, {free:,} are free"
        raise FetchError(f"{partial.path.parent}: the disk is full: {needed}")
    total = max(1, math.ceil((missing or 0) / MEGABYTE))
    with partial.path.open("ab" if start else "wb") as file:
        for _ in progress(_chunks(response, file), partial.path.stem, total, "MB"):
            pass
    if missing is not None and partial.size < start + missing:
        raise _BrokenOffError("broke off")


def _chunks(response: requests.Response, file: IO[bytes]) -> Iterator[int]:
    """Write what comes, and yield the bytes written so far at every megabyte."""
    done = 0
    # read1 returns what has arrived without waiting for a full chunk, so that nothing is lost on a break.
    while chunk := response.raw.read1(MEGABYTE):
        file.write(chunk)
        if (done + len(chunk)) // MEGABYTE > done // MEGABYTE:
            yield done
        done += len(chunk)


def _reason(error: BaseException) -> str:
    """Return the plain reason, out of the errors that the libraries wrapped around it."""
    inner: object = error
    while isinstance(inner, BaseException):
        text = str(getattr(inner, "strerror", None) or inner)
        wrapped = [getattr(inner, "reason", None), *inner.args]
        inner = next((cause for cause in wrapped if isinstance(cause, BaseException)), None)
    return re.sub(r"^\[Errno -?\d+\] ", "", text.rpartition(": ")[2]).rstrip(".")
