"""Lines of a CSV, TSV or JSONL file in, its rows out; a line that cannot be read is a row that says why."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from harness.serving.inference.text_layout import TextLayout, other_delimiter
from harness.values import limits
from harness.values.errors import ModelError
from harness.values.row_files import FileFormat, likely_encoding
from harness.values.unreadable import UnreadableError, UnreadableRow, parse_json

Row = dict[str, Any]

# What the decoder makes of bytes that are no text in the encoding (PEP 383).
_UNDECODED = re.compile("[\udc80-\udcff]")


def bounded_lines(text: IO[str]) -> Iterator[str]:
    """Yield lines, each cut off where it is beyond the limit: the rest of it is passed over."""
    maximum = limits.LINE_CHARACTERS.maximum
    while line := text.readline(maximum + 1):
        if len(line) <= maximum:
            yield line
            continue
        # Whoever parses it meets a field that is too long, wherever it begins.
        yield "x" * (limits.FIELD_CHARACTERS.maximum + 1) + "\n"
        while (rest := text.readline(maximum)) and not rest.endswith(("\n", "\r")):
            pass


def _undecoded(text: str, layout: TextLayout) -> str:
    """Say which byte of a text is no text in the encoding; empty where all are."""
    match = None if text.isascii() else _UNDECODED.search(text)
    if match is None:
        return ""
    likely = likely_encoding(text.encode("utf-8", "surrogateescape"))
    hint = f"; try --encoding {likely}" if likely != layout.encoding else ""
    return f"is not UTF-8 text (byte {ord(match[0]) - 0xDC00:#04x}){hint}"


def table_rows(lines: Iterator[str], kind: FileFormat, layout: TextLayout) -> Iterator[Row]:
    """Yield the rows of a text table, by the names in its first line."""
    separator = layout.separator(kind)
    # Python refuses fields above 131,072 characters otherwise; articles are longer.
    csv.field_size_limit(limits.FIELD_CHARACTERS.maximum)
    # Strict: an unclosed quote is an error, not a field that swallows the rest of the file.
    reader = csv.reader(lines, delimiter=separator, strict=True)
    header: list[str] | None = None
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            reason = limits.FIELD_CHARACTERS if "field limit" in str(error) else f"cannot be read: {error}"
            problem = f"line {reader.line_num} {reason}"
            if header is None:
                raise ModelError(problem) from error
            yield UnreadableRow({}, problem)
            continue
        if fields is None:
            return
        undecoded = "" if layout.reading != "utf-8-sig" else _undecoded("".join(fields), layout)
        if header is None:
            if undecoded:
                raise ModelError(f"line {reader.line_num} {undecoded}")
            header = _header(fields)
        elif undecoded:
            row = dict(zip(header, fields, strict=False))
            yield UnreadableRow(row, f"line {reader.line_num} {undecoded}")
        elif len(fields) == len(header):
            yield dict(zip(header, fields, strict=True))
        elif fields:
            row = dict(zip(header, fields, strict=False))
            problem = f"line {reader.line_num} has {len(fields)} fields; the header has {len(header)}"
            yield UnreadableRow(row, problem + other_delimiter(separator, header))


def _header(fields: list[str]) -> list[str]:
    if limits.COLUMNS.exceeded_by(len(fields)):
        raise ModelError(str(limits.COLUMNS))
    repeated = [name for name, count in Counter(fields).items() if count > 1]
    if repeated:
        raise ModelError(f"has the column {min(repeated)!r} more than once")
    return fields


def json_rows(lines: Iterator[str], layout: TextLayout) -> Iterator[Row]:
    """Yield the objects of a JSONL file."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        undecoded = "" if layout.reading != "utf-8-sig" else _undecoded(line, layout)
        if undecoded:
            yield UnreadableRow({}, f"line {number} {undecoded}")
            continue
        try:
            row = parse_json(line.rstrip("\r\n"))
        except UnreadableError as error:
            yield UnreadableRow({}, f"line {number} {error}")
            continue
        if isinstance(row, dict):
            yield row
        else:
            yield UnreadableRow({}, f"line {number} is not a JSON object")
