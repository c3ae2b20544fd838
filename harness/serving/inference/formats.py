"""Files of rows in, lists of rows out, a chunk at a time; and back into a file."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

from harness.values.errors import ModelError
from harness.values.files import MAX_FIELD_SIZE

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["csv", "tsv", "jsonl", "parquet"]
FileRow = dict[str, Any]

ENDINGS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
SEPARATORS = {"csv": ",", "tsv": "\t"}


def format_of(path: Path) -> Format:
    """Tell a file's format by its ending.

    Raises
    ------
    ModelError
        Where it has another ending.
    """
    try:
        return ENDINGS[path.suffix.lower()]
    except KeyError:
        raise ModelError(f"{path}: its ending says no format; use one of {', '.join(ENDINGS)}") from None


@dataclass(frozen=True)
class RowStream:
    """Rows of a file, read as they are asked for.

    Attributes
    ----------
    chunks : iterator of list of dict
    schema : pyarrow.Schema or None
        The types of a Parquet file.
    """

    chunks: Iterator[list[FileRow]]
    schema: pa.Schema | None = None


@contextlib.contextmanager
def open_rows(path: Path | None, kind: Format, size: int) -> Iterator[RowStream]:
    """Open a file, or standard input, as chunks of rows.

    Parameters
    ----------
    path : Path or None
        None is standard input.
    kind : {"csv", "tsv", "jsonl", "parquet"}
        Text is UTF-8.
    size : int
        Rows a chunk.

    Raises
    ------
    ModelError
        Naming the line that cannot be read; also while chunks are taken.
    """
    with contextlib.ExitStack() as stack, _named():  # not around the yield: that is somebody else's work
        if kind == "parquet":
            rows = _parquet_rows(path, size)
        else:
            lines = stack.enter_context(_text_input(path))
            single = _json_rows(lines) if kind == "jsonl" else _table_rows(lines, SEPARATORS[kind])
            rows = RowStream(_chunks(single, size))
        opened = stack.pop_all()
    with opened:
        yield RowStream(_guarded(rows.chunks), rows.schema)


def _guarded(chunks: Iterator[list[FileRow]]) -> Iterator[list[FileRow]]:
    with _named():
        yield from chunks


@contextlib.contextmanager
def _named() -> Iterator[None]:
    """Turn what goes wrong while reading into a message."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"is no UTF-8 text (byte {error.object[error.start]:#04x})") from error


def _text_input(path: Path | None) -> contextlib.AbstractContextManager[IO[str]]:
    if path is not None:
        return path.open(encoding="utf-8-sig", newline="")
    # The buffer outlives this wrapper: standard input is not ours to close.
    return contextlib.nullcontext(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline=""))


def _chunks(rows: Iterator[FileRow], size: int) -> Iterator[list[FileRow]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _table_rows(lines: IO[str], separator: str) -> Iterator[FileRow]:
    csv.field_size_limit(MAX_FIELD_SIZE)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        twice = {name for name in header if header.count(name) > 1}
        if twice:
            raise ModelError(f"has the column {min(twice)!r} more than once")
        for fields in reader:
            if len(fields) != len(header) and fields:
                raise ModelError(
                    f"line {reader.line_num} has {len(fields)} fields; the header has {len(header)}"
                )
            if fields:
                yield dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise ModelError(f"line {reader.line_num} cannot be read: {error}") from error


def _json_rows(lines: IO[str]) -> Iterator[FileRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ModelError(f"line {number} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise ModelError(f"line {number} is no JSON object")
        yield row


def _parquet_rows(path: Path | None, size: int) -> RowStream:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(sys.stdin.buffer.read()) if path is None else path)
    except pa.ArrowException as error:
        raise ModelError(f"is no Parquet file: {error}") from error
    return RowStream((batch.to_pylist() for batch in file.iter_batches(batch_size=size)), file.schema_arrow)


class RowWriter(Protocol):
    """Takes chunks of rows, all with the same columns."""

    def write(self, rows: Sequence[FileRow]) -> None:
        """Write a chunk."""

    def close(self) -> None:
        """Write what is left; nothing is closed that was not opened here."""


def row_writer(
    handle: IO[bytes],
    kind: Format,
    columns: Sequence[str],
    schema: pa.Schema | None,
    *,
    header: bool = True,
) -> RowWriter:
    """Make the writer of a format.

    Parameters
    ----------
    handle : binary file
    kind : {"csv", "tsv", "jsonl", "parquet"}
    columns : sequence of str
        Of the output, in order.
    schema : pyarrow.Schema or None
        Types of the input's columns, where they are known.
    header : bool
        Whether a table begins with the names of its columns.
    """
    if kind == "parquet":
        return _ParquetWriter(handle, schema)
    text = io.TextIOWrapper(handle, encoding="utf-8", newline="", write_through=True)
    if kind == "jsonl":
        return _TextWriter(text, lambda rows: "".join(_json_line(row) for row in rows))
    return _TableWriter(text, SEPARATORS[kind], columns, header)


def _json_line(row: FileRow) -> str:
    return json.dumps(row, ensure_ascii=False, default=str) + "\n"


@dataclass
class _TextWriter:
    text: io.TextIOWrapper
    rendered: Callable[[Sequence[FileRow]], str]

    def write(self, rows: Sequence[FileRow]) -> None:
        self.text.write(self.rendered(rows))

    def close(self) -> None:
        self.text.detach()


class _TableWriter:
    def __init__(self, text: io.TextIOWrapper, separator: str, columns: Sequence[str], header: bool) -> None:
        self.text = text
        self.table = csv.DictWriter(text, columns, delimiter=separator, restval="", extrasaction="ignore")
        if header:
            self.table.writeheader()

    def write(self, rows: Sequence[FileRow]) -> None:
        self.table.writerows(rows)

    def close(self) -> None:
        self.text.detach()


@dataclass
class _ParquetWriter:
    handle: IO[bytes]
    schema: pa.Schema | None
    _open: Any = field(default=None, init=False)

    def write(self, rows: Sequence[FileRow]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            if self._open is None:
                self._open = parquet.ParquetWriter(self.handle, merged_schema(rows, self.schema))
            self._open.write_table(pa.Table.from_pylist(list(rows), schema=self._open.schema))
        except pa.ArrowException as error:
            raise ModelError(f"rows do not fit the types of the first ones: {error}") from error

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def merged_schema(rows: Sequence[FileRow], schema: pa.Schema | None) -> pa.Schema:
    """Return the types of rows: those of the input's columns, where they are known, and what the others hold.

    Raises
    ------
    ModelError
        Where a column holds several types.
    """
    import pyarrow as pa

    try:
        found = pa.Table.from_pylist(list(rows)).schema
    except pa.ArrowException as error:
        raise ModelError(f"rows do not fit one type: {error}") from error
    known = {one.name: one for one in schema or ()}
    return pa.schema([known.get(one.name, _nameable(one)) for one in found])


def _nameable(column: pa.Field) -> pa.Field:
    """Give a column that is empty so far a type that later rows can have."""
    import pyarrow as pa

    return pa.field(column.name, pa.string()) if pa.types.is_null(column.type) else column
