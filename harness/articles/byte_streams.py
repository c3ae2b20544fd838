"""Bytes of a file or of standard input in, their format and lines out, at most a line at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from harness.articles.documents import guess_document

InputFormat = Literal["text", "html", "jsonl", "pdf", "docx", "epub"]

HEAD = 2000
"""Bytes from which a format is guessed."""


def guess_format(head: bytes) -> InputFormat:
    """Guess the format of a file from its first bytes."""
    document = guess_document(head)
    if document is not None:
        return document
    # A byte order mark and white space say nothing.
    beginning = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith(b"{"):
        return "jsonl"
    return "html" if re.match(rb"<(!doctype html|html|\?xml)", beginning) else "text"


def read_lines(handle: IO[bytes], head: bytes, max_length: int) -> Iterator[bytes]:
    """Yield the lines of a stream.

    Parameters
    ----------
    handle : binary file
    head : bytes
        What was read from it already.
    max_length : int
        Bytes at which a line is cut; the rest of it follows as if it were the next line.
    """
    buffer = io.BytesIO(head)
    while line := buffer.readline(max_length):
        # The last line of the head may go on in the stream.
        complete = line.endswith(b"\n") or len(line) == max_length
        yield line if complete else line + handle.readline(max_length - len(line))
    while line := handle.readline(max_length):
        yield line


def line_starts(path: Path, max_length: int) -> Iterator[int]:
    """Yield where each line of a file begins, in bytes, a line of ``max_length`` or more as the last one."""
    start = 0
    with path.open("rb") as handle:
        for line in read_lines(handle, b"", max_length):
            yield start
            if len(line) == max_length:
                break
            start += len(line)
