"""Files of rows in, chunks of rows out, and back: CSV, TSV, JSONL, Parquet and Excel."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from harness.serving.inference.sheets import SheetWriter, sheet_rows
from harness.serving.inference.text_layout import STANDARD, TextLayout
from harness.serving.inference.text_rows import bounded_lines, json_rows, table_rows
from harness.values.errors import ModelError
from harness.values.parquet_files import open_parquet
from harness.values.row_files import SUFFIXES, FileFormat, file_format, likely_encoding, open_binary
from harness.values.spreadsheets import DelimitedWriter, restored
from harness.values.unreadable import Cells, UnreadableError, UnreadableRow

if TYPE_CHECKING:
    import pyarrow as pa

Format = FileFormat
FileRow = dict[str, Any]

ENDINGS = SUFFIXES


def format_of(path: Path) -> Format:
    """Return the format that a file's ending names.

    Raises
    ------
    ModelError
        Where it names none of :data:`ENDINGS`.
    """
    kind = file_format(path)
    if kind is None:
        ending = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
        endings = f"{', '.join(ENDINGS)}; CSV, TSV and JSONL also with .gz"
        raise ModelError(f"{path}: unknown format {ending!r}; use one of {endings}")
    return kind


@dataclass(frozen=True)
class RowStream:
    """Rows of a file, read as they are consumed.

    Attributes
    ----------
    chunks : iterator of list of dict
        Column → value; text formats give strings (JSONL: JSON values).
    schema : pyarrow.Schema or None
        Column types of a Parquet file.
    cells : Cells
        Counts the rows in which characters were replaced.
    """

    chunks: Iterator[list[FileRow]]
    schema: pa.Schema | None = None
    cells: Cells = field(default_factory=Cells)


@contextlib.contextmanager
def open_rows(
    path: Path | None,
    kind: Format,
    size: int,
    *,
    layout: TextLayout = STANDARD,
    keep_bad: bool = False,
    skip: int = 0,
) -> Iterator[RowStream]:
    """Open a file, or standard input, as chunks of rows.

    Parameters
    ----------
    path : Path or None
        None is standard input.
    kind : {"csv", "tsv", "jsonl", "parquet", "xlsx"}
    size : int
        Rows per chunk.
    layout : TextLayout
        How a text file is written.
    keep_bad : bool
        Rows that cannot be read become an :class:`UnreadableRow` each, instead of an error.
    skip : int
        Rows of a Parquet file to pass over.

    Raises
    ------
    ModelError
        Naming the line or row that cannot be read; also while chunks are consumed.
    """
    # Not around the yield: what the caller does in the block fails under its own name.
    with contextlib.ExitStack() as stack, _read_errors(layout):
        if kind == "parquet":
            rows = _parquet_rows(path, size, skip)
        elif kind == "xlsx":
            rows = RowStream(_chunks(sheet_rows(path), size))
        else:
            lines = bounded_lines(stack.enter_context(_text_input(path, layout)))
            single = json_rows(lines, layout) if kind == "jsonl" else table_rows(lines, kind, layout)
            rows = RowStream(_chunks(single, size))
        opened = stack.pop_all()
    with opened:
        # Cells of a JSONL or Parquet file are no cells of a spreadsheet.
        escaped = kind in ("csv", "tsv", "xlsx") and not layout.raw
        chunks = _usable(rows.chunks, rows.cells, skip, keep_bad=keep_bad, escaped=escaped)
        yield RowStream(_guarded(chunks, layout), rows.schema, rows.cells)


def _guarded(chunks: Iterator[list[FileRow]], layout: TextLayout) -> Iterator[list[FileRow]]:
    with _read_errors(layout):
        yield from chunks


def _usable(
    chunks: Iterator[list[FileRow]], cells: Cells, number: int, *, keep_bad: bool, escaped: bool
) -> Iterator[list[FileRow]]:
    """Make cells usable, and refuse rows that are not to be had, unless they are kept."""
    for chunk in chunks:
        usable = []
        for row in chunk:
            number += 1
            checked = row if isinstance(row, UnreadableRow) else cells.row(row)
            if isinstance(checked, UnreadableRow):
                if not keep_bad:
                    # A problem of a line says which; rows are counted below the header.
                    problem = checked.problem
                    raise ModelError(problem if problem.startswith("line ") else f"row {number}: {problem}")
            elif escaped:
                checked = {restored(name): restored(value) for name, value in checked.items()}
            usable.append(checked)
        yield usable


@contextlib.contextmanager
def _read_errors(layout: TextLayout) -> Iterator[None]:
    """Raise what goes wrong while reading as ModelError."""
    try:
        yield
    except (EOFError, zlib.error) as error:
        raise ModelError(f"cannot be read: {error}") from error
    except UnreadableError as error:
        raise ModelError(str(error)) from error
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}") from error
    except UnicodeError as error:
        name = "UTF-8" if layout.reading == "utf-8-sig" else layout.encoding
        if not isinstance(error, UnicodeDecodeError):
            raise ModelError(f"is not {name} text: {error}") from error
        likely = likely_encoding(error.object)
        hint = f"; try --encoding {likely}" if likely != layout.encoding else ""
        raise ModelError(f"is not {name} text (byte {error.object[error.start]:#04x}){hint}") from error


def _text_input(path: Path | None, layout: TextLayout) -> contextlib.AbstractContextManager[IO[str]]:
    # Line ends within quotes stay as they are.
    # Bytes that are no text become characters that tell them, so that the error names their line.
    undecoded = "surrogateescape" if layout.reading == "utf-8-sig" else "strict"
    if path is not None:
        return io.TextIOWrapper(open_binary(path), encoding=layout.reading, errors=undecoded, newline="")
    # A wrapper of our own, whatever the locale; not closed, since that would close standard input.
    return contextlib.nullcontext(
        io.TextIOWrapper(sys.stdin.buffer, encoding=layout.reading, errors=undecoded, newline="")
    )


def _chunks(rows: Iterator[FileRow], size: int) -> Iterator[list[FileRow]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _parquet_rows(path: Path | None, size: int, skip: int) -> RowStream:
    # Standard input cannot be read from its end, where a Parquet file has its index.
    schema, batches = open_parquet(io.BytesIO(sys.stdin.buffer.read()) if path is None else path, size, skip)
    return RowStream(batches, schema)


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
    layout: TextLayout = STANDARD,
) -> RowWriter:
    """Return the writer of a format.

    Parameters
    ----------
    handle : binary file
    kind : {"csv", "tsv", "jsonl", "parquet", "xlsx"}
    columns : sequence of str
        Of the output, in order.
    schema : pyarrow.Schema or None
        Column types of a Parquet input.
    header : bool
        Whether a CSV or TSV file begins with the names of its columns.
    layout : TextLayout
        How a CSV or TSV file is written.
    """
    if kind == "parquet":
        return _ParquetWriter(handle, schema)
    if kind == "xlsx":
        return SheetWriter(handle, columns, raw=layout.raw)
    encoding = "utf-8" if kind == "jsonl" else layout.encoding
    # Written through: the position of the handle is how much of a draft is complete.
    text = io.TextIOWrapper(handle, encoding=encoding, newline="", write_through=True)
    if kind == "jsonl":
        return _TextWriter(text, lambda rows: "".join(_json_line(row) for row in rows))
    return _TextTableWriter(text, kind, columns, header, layout)


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


class _TextTableWriter:
    def __init__(
        self, text: io.TextIOWrapper, kind: Format, columns: Sequence[str], header: bool, layout: TextLayout
    ) -> None:
        self.text = text
        # Rows of a JSONL file need not have the same keys: the columns are those of the first row.
        separator = layout.separator(kind)
        self.table = DelimitedWriter(text, columns, delimiter=separator, line_end="\r\n", raw=layout.raw)
        if header:
            self.table.write_header()

    def write(self, rows: Sequence[FileRow]) -> None:
        try:
            self.table.write(rows)
        except UnicodeEncodeError as error:
            character = error.object[error.start]
            raise ModelError(
                f"{character!r} cannot be written as {error.encoding}; write JSONL, Parquet or Excel"
            ) from error

    def close(self) -> None:
        self.text.detach()


@dataclass
class _ParquetWriter:
    handle: IO[bytes]
    schema: pa.Schema | None
    _open: Any = field(default=None, init=False)

    def write(self, rows: Sequence[FileRow]) -> None:
        from pyarrow import parquet

        if self._open is None:
            self._open = parquet.ParquetWriter(self.handle, merged_schema(rows, self.schema))
        self._open.write_table(typed_table(rows, self._open.schema))

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def typed_table(rows: Sequence[FileRow], schema: pa.Schema) -> pa.Table:
    """Return rows as a table of these types.

    Raises
    ------
    ModelError
        Where a value does not fit the type of its column.
    """
    import pyarrow as pa

    problem = "rows do not fit the column types of the first rows"
    for column in schema:
        if pa.types.is_integer(column.type):
            values = (row.get(column.name) for row in rows)
            fractions = (each for each in values if isinstance(each, float) and not each.is_integer())
            # pyarrow would write 1 for 1.5, and say nothing.
            if (fraction := next(fractions, None)) is not None:
                raise ModelError(f"{problem}: {fraction} in the column {column.name!r} of whole numbers")
    try:
        return pa.Table.from_pylist(list(rows), schema=schema)
    except (OverflowError, pa.ArrowException) as error:
        raise ModelError(f"{problem}: {error}") from error


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
    except (OverflowError, pa.ArrowException) as error:
        raise ModelError(f"a column holds values of several types: {error}") from error
    typed = {column.name: column for column in schema or ()}
    return pa.schema([typed.get(column.name, _text_if_empty(column)) for column in inferred])


def _text_if_empty(column: pa.Field) -> pa.Field:
    """Make a column that is empty in the first rows a text column: later rows may hold text, not nothing."""
    import pyarrow as pa

    return pa.field(column.name, pa.string()) if pa.types.is_null(column.type) else column
