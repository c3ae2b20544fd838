"""Bytes of a file or of standard input in, their format and lines out, never more than a line at once."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

InputFormat = Literal["text", "html", "jsonl"]

START = 2000
"""Bytes by which a format is told."""

_BLOCK = 1 << 20


def guess_format(start: bytes) -> InputFormat:
    """Say by its first bytes what something is written in."""
    begun = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begun.startswith(b"{"):
        return "jsonl"
    return "html" if re.match(rb"<(!doctype html|html|\?xml)", begun) else "text"


def count_lines(path: Path) -> int:
    """Count the lines of a file; a block at a time is held, however long a line is."""
    found, last = 0, b"\n"
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            found, last = found + block.count(b"\n"), block[-1:]
    return found + (last != b"\n")


def read_lines(handle: IO[bytes], start: bytes, longest: int) -> Iterator[bytes]:
    """Yield the lines of a stream.

    Parameters
    ----------
    handle : binary file
    start : bytes
        What was taken from it already.
    longest : int
        Bytes at which a line is cut; the rest of it follows as if it were the next.
    """
    head = io.BytesIO(start)
    while line := head.readline(longest):
        full = line.endswith(b"\n") or len(line) == longest
        yield line if full else line + handle.readline(longest - len(line))
    while line := handle.readline(longest):
        yield line
