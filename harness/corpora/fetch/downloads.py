"""An address in, its bytes in a file out: what broke off is taken up again where the server allows it.

What arrives stands in ``NAME.partial`` until it is whole, beside a note of the server's mark of the version
(``ETag`` or ``Last-Modified``). It is taken up only where that mark is the same, or a checksum will tell.
Libraries that fetch data sets and check them (pooch, fsspec) begin anew, so this is our own, on requests.
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
from harness.values.progress import progress

if TYPE_CHECKING:
    import requests

MEGABYTE = 1 << 20
ELSEWHERE = "try another place with --mirror, or your own copy with --from"


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Attributes
    ----------
    connect, read : float
        Seconds until it answers; seconds without a byte.
    tries : int
        How often in a row an attempt may bring nothing.
    pause : float
        Seconds between attempts.
    """

    connect: float = 10.0
    read: float = 30.0
    tries: int = 3
    pause: float = 1.0


PATIENCE = Patience()
ABSENT = (404, 410)


class AbsentError(FetchError):
    """A server that answers, but does not have the file."""


class _BrokenOffError(Exception):
    """The connection ended before the file did."""


def download(address: str, path: Path, *, checked: bool = False, patience: Patience = PATIENCE) -> None:
    """Fetch a file, unless it is there.

    Parameters
    ----------
    address : str
        Of HTTP or HTTPS; redirects are followed, but not from HTTPS to HTTP.
    path : Path
        Where it goes. Until it is whole it stands in ``NAME.partial`` beside it.
    checked : bool
        Whether the whole file will be held to a known checksum, so that what is there may be taken up even
        if the server does not say which version it is.
    patience : Patience
        With the server.

    Raises
    ------
    FetchError
        Where the server cannot be reached, breaks off again and again, or the disk is full; saying what to
        do. What has arrived is kept where it can be taken up.
    AbsentError
        Where the server does not have the file; nothing is kept.
    """
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _Partial(path.with_name(f"{path.name}.partial"))
    failures, reason = 0, ""
    while failures < patience.tries:
        before = part.size
        try:
            _attempt(address, part, checked, patience)
        except _BrokenOffError as error:
            reason = str(error)
            failures = failures + 1 if part.size <= before else 1
            time.sleep(patience.pause)
        else:
            part.path.replace(path)
            part.note.unlink(missing_ok=True)
            return
    kept = f"; {part.size:,} bytes are kept: run it again to go on" if part.size else f"; {ELSEWHERE}"
    raise FetchError(f"{address}: {reason}{kept}")


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


def _attempt(address: str, part: _Partial, checked: bool, patience: Patience) -> None:
    """Ask once for what is missing, and write what comes."""
    import requests
    import urllib3

    have = part.size if part.version or checked else 0
    # Compressed on the way, the lengths would not be those of the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    timeout = (patience.connect, patience.read)
    try:
        with requests.get(address, headers=headers, stream=True, timeout=timeout) as response:
            start = _start(address, response, part, have)
            _write(response, part, start)
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
        raise _BrokenOffError(f"nothing came for {patience.read:g} s") from None
    except urllib3.exceptions.HTTPError:
        raise _BrokenOffError("broke off") from None
    except requests.exceptions.RequestException as error:
        if isinstance(error, ValueError):
            raise FetchError(f"{address}: is no address of HTTP: {error}") from None
        raise _BrokenOffError(f"cannot be reached: {_reason(error)}") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise FetchError(f"{part.path}: cannot be written: {error.strerror or error}") from None
        part.drop()
        raise FetchError(f"{part.path.parent}: the disk is full; what had arrived is deleted") from None


def _start(address: str, response: requests.Response, part: _Partial, have: int) -> int:
    """Say from which byte on the answer is; 0 for all of it."""
    if address.startswith("https:") and not response.url.startswith("https:"):
        raise FetchError(f"{address}: leads to {response.url}, which is not encrypted; {ELSEWHERE}")
    if response.status_code == 416:
        part.drop()
        raise _BrokenOffError("has another file than the one begun")
    if response.status_code >= 500:
        raise _BrokenOffError(f"answers {response.status_code} {response.reason}")
    if response.status_code in ABSENT:
        part.drop()
        raise AbsentError(f"{address}: answers {response.status_code} {response.reason}; {ELSEWHERE}")
    if not response.ok:
        raise FetchError(f"{address}: answers {response.status_code} {response.reason}; {ELSEWHERE}")
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    resumed = response.status_code == 206
    begins = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if resumed and (not begins or (part.version and version != part.version)):
        part.drop()
        raise _BrokenOffError("has another file than the one begun")
    if version:
        part.note.write_text(version, encoding="utf-8")
    else:
        part.note.unlink(missing_ok=True)
    return have if resumed else 0


def _write(response: requests.Response, part: _Partial, start: int) -> None:
    length = response.headers.get("Content-Length", "")
    missing = int(length) if length.isdecimal() else None
    free = shutil.disk_usage(part.path.parent).free
    if missing is not None and missing > free:
        part.drop()
        needed = f"{missing:,} bytes are needed, {free:,} are free"
        raise FetchError(f"{part.path.parent}: the disk is full: {needed}")
    total = max(1, math.ceil((missing or 0) / MEGABYTE))
    with part.path.open("ab" if start else "wb") as file:
        for _ in progress(_written(response, file), f"{part.path.stem}, MB", total):
            pass
    if missing is not None and part.size < start + missing:
        raise _BrokenOffError("broke off")


def _written(response: requests.Response, file: IO[bytes]) -> Iterator[int]:
    """Write what comes as it comes, so that nothing is lost if it breaks off; yield at every megabyte."""
    done = 0
    while chunk := response.raw.read1(MEGABYTE):
        file.write(chunk)
        if (done + len(chunk)) // MEGABYTE > done // MEGABYTE:
            yield done
        done += len(chunk)


def _reason(error: BaseException) -> str:
    """Find the plain reason under what the libraries wrapped it in."""
    inner: object = error
    while isinstance(inner, BaseException):
        text = str(getattr(inner, "strerror", None) or inner)
        wrapped = [getattr(inner, "reason", None), *inner.args]
        inner = next((one for one in wrapped if isinstance(one, BaseException)), None)
    return re.sub(r"^\[Errno -?\d+\] ", "", text.rpartition(": ")[2]).rstrip(".")
