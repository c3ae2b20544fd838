"""Files of rows in, chunks of rows out, and back: CSV, TSV, JSONL and Parquet."""

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
    """Return the format that a file's ending names.

    Raises
    ------
    ModelError
        Where it names none of :data:`ENDINGS`.
    """
    try:
        return ENDINGS[path.suffix.lower()]
    except KeyError:
        raise ModelError(f"{path}: unknown format {path.suffix!r}; use one of {', '.join(ENDINGS)}") from None


@dataclass(frozen=True)
class RowStream:
    """Rows of a file, read as they are consumed.

    Attributes
    ----------
    chunks : iterator of list of dict
        Column → value; text formats give strings (JSONL: JSON values).
    schema : pyarrow.Schema or None
        Column types of a Parquet file.
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
        Rows per chunk.

    Raises
    ------
    ModelError
        Naming the line that cannot be read; also while chunks are consumed.
    """
    # Not around the yield: what the caller does in the block fails under its own name.
    with contextlib.ExitStack() as stack, _read_errors():
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
    with _read_errors():
        yield from chunks


@contextlib.contextmanager
def _read_errors() -> Iterator[None]:
    """Raise what goes wrong while reading as ModelError."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"is not UTF-8 text (byte {error.object[error.start]:#04x})") from error


def _text_input(path: Path | None) -> contextlib.AbstractContextManager[IO[str]]:
    if path is not None:
        # With or without the byte order mark that Excel writes; line ends within quotes stay as they are.
        return path.open(encoding="utf-8-sig", newline="")
    # A wrapper of our own, for UTF-8 whatever the locale; not closed, since that would close standard input.
    return contextlib.nullcontext(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline=""))


def _chunks(rows: Iterator[FileRow], size: int) -> Iterator[list[FileRow]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _table_rows(lines: IO[str], separator: str) -> Iterator[FileRow]:
    # Python refuses fields above 131,072 characters otherwise; articles are longer.
    csv.field_size_limit(MAX_FIELD_SIZE)
    # Strict: an unclosed quote is an error, not a field that swallows the rest of the file.
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        repeated = {name for name in header if header.count(name) > 1}
        if repeated:
            raise ModelError(f"has the column {min(repeated)!r} more than once")
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
            raise ModelError(f"line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise ModelError(f"line {number} is not a JSON object")
        yield row


def _parquet_rows(path: Path | None, size: int) -> RowStream:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # Standard input cannot be read from its end, where a Parquet file has its index.
        file = parquet.ParquetFile(io.BytesIO(sys.stdin.buffer.read()) if path is None else path)
    except pa.ArrowException as error:
        raise ModelError(f"is not a Parquet file: {error}") from error
    return RowStream((batch.to_pylist() for batch in file.iter_batches(batch_size=size)), file.schema_arrow)


class RowWriter(Protocol):
    """Writes chunks of rows, all with the same columns."""

    def write(self, rows: Sequence[FileRow]) -> None:
        """Write a chunk."""

    def close(self) -> None:
        """Finish the format (a Parquet file's index); the file handle stays open."""


def row_writer(
    handle: IO[bytes],
    kind: Format,
    columns: Sequence[str],
    schema: pa.Schema | None,
    *,
    header: bool = True,
) -> RowWriter:
    """Return the writer of a format.

    Parameters
    ----------
    handle : binary file
    kind : {"csv", "tsv", "jsonl", "parquet"}
    columns : sequence of str
        Of the output, in order.
    schema : pyarrow.Schema or None
        Column types of a Parquet input.
    header : bool
        Whether a CSV or TSV file begins with the names of its columns.
    """
    if kind == "parquet":
        return _ParquetWriter(handle, schema)
    # Written through: the position of the handle is how much of a draft is complete.
    text = io.TextIOWrapper(handle, encoding="utf-8", newline="", write_through=True)
    if kind == "jsonl":
        return _TextWriter(text, lambda rows: "".join(_json_line(row) for row in rows))
    return _TableWriter(text, SEPARATORS[kind], columns, header)


def _json_line(row: FileRow) -> str:
    # Rows of a Parquet file may hold dates and decimals, for which JSON has no type: they become text.
    return json.dumps(row, ensure_ascii=False, default=str) + "\n"


@dataclass
class _TextWriter:
    text: io.TextIOWrapper
    rendered: Callable[[Sequence[FileRow]], str]

    def write(self, rows: Sequence[FileRow]) -> None:
        self.text.write(self.rendered(rows))

    # Detached: when the wrapper is garbage-collected it would close the handle.
    def close(self) -> None:
        self.text.detach()


class _TableWriter:
    def __init__(self, text: io.TextIOWrapper, separator: str, columns: Sequence[str], header: bool) -> None:
        self.text = text
        # Rows of a JSONL file need not have the same keys: the columns are those of the first row.
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
            raise ModelError(f"rows do not fit the column types of the first rows: {error}") from error

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def merged_schema(rows: Sequence[FileRow], schema: pa.Schema | None) -> pa.Schema:
    """Return column types: those of the input, and for added columns the types of their values.

    Parameters
    ----------
    rows : sequence of dict
    schema : pyarrow.Schema or None
        Of the input; None where it has no types.

    Raises
    ------
    ModelError
        Where a column holds several types.
    """
    import pyarrow as pa

    try:
        inferred = pa.Table.from_pylist(list(rows)).schema
    except pa.ArrowException as error:
        raise ModelError(f"a column holds values of several types: {error}") from error
    typed = {column.name: column for column in schema or ()}
    return pa.schema([typed.get(column.name, _text_if_empty(column)) for column in inferred])


def _text_if_empty(column: pa.Field) -> pa.Field:
    """Make a column that is empty in the first rows a text column: later rows may hold text, not nothing."""
    import pyarrow as pa

    return pa.field(column.name, pa.string()) if pa.types.is_null(column.type) else column
