"""A file or a folder of rows in, its rows out in chunks, the same wherever labelling begins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from harness.serving.inference.formats import FileRow, Format, RowStream, format_of, open_rows
from harness.serving.inference.text_layout import STANDARD, TextLayout
from harness.values.errors import ModelError
from harness.values.folders import HIDDEN, is_hidden

FIRST_CHUNK, MAX_CHUNK = 64, 2048
"""Rows of the first chunk, small so that labels appear soon, and of the largest; sizes double in between."""


CHUNKS_PER_BLOCK = 2
"""Chunks of the largest size that share a cache. The last digits of a probability may depend on the rows that
it is computed with, hence on what was cached: what begins where a block does gives the same bytes."""


@dataclass(frozen=True)
class RowReading:
    """How rows are read.

    Attributes
    ----------
    layout : TextLayout
        Of text files.
    keep_bad : bool
        See :func:`harness.serving.inference.formats.open_rows`.
    """

    layout: TextLayout = STANDARD
    keep_bad: bool = False


def growing(chunks: Iterable[list[FileRow]], start: int = 0) -> Iterator[list[FileRow]]:
    """Regroup rows into chunks whose sizes double up to :data:`MAX_CHUNK`.

    Parameters
    ----------
    chunks : iterable of list of dict
    start : int
        The number of the first row; a chunk begins there.
    """
    rows, begins, size = chain.from_iterable(chunks), 0, FIRST_CHUNK
    while begins < start:
        begins, size = begins + size, min(2 * size, MAX_CHUNK)
    while chunk := list(islice(rows, size)):
        yield chunk
        size = min(2 * size, MAX_CHUNK)


def chunk_starts(total: int) -> list[int]:
    """Return where the chunks of so many rows begin."""
    starts, start, size = [], 0, FIRST_CHUNK
    while start < total:
        starts.append(start)
        start += size
        size = min(2 * size, MAX_CHUNK)
    return starts


def block_start(row: int) -> int:
    """Return where the block of a row begins: each small chunk is one, then so many of the largest.

    Examples
    --------
    >>> [block_start(row) for row in (0, 63, 64, 1984, 4031, 4032, 8127, 8128)]
    [0, 0, 64, 1984, 1984, 4032, 4032, 8128]
    """
    begins, size = 0, FIRST_CHUNK
    while size < MAX_CHUNK and begins + size <= row:
        begins, size = begins + size, 2 * size
    if size < MAX_CHUNK or row < begins + size:
        return begins
    # The first chunk of the largest size is a block, too.
    first, length = begins + size, CHUNKS_PER_BLOCK * MAX_CHUNK
    return first + (row - first) // length * length


def block_starts(total: int) -> list[int]:
    """Return where the blocks of so many rows begin."""
    return [start for start in chunk_starts(total) if block_start(start) == start]


def files_of(source: Path) -> list[Path]:
    """Return the files of an input: itself, or those in a folder in the order of their names.

    Raises
    ------
    ModelError
        Where a folder holds no file of rows, or files of several formats.
    """
    if not source.is_dir():
        return [source]
    files = sorted(
        path for path in source.rglob("*") if path.is_file() and is_row_file(path.relative_to(source))
    )
    if not files:
        raise ModelError(f"{source}: holds no file of rows")
    kinds = {format_of(path) for path in files}
    if len(kinds) > 1:
        raise ModelError(f"{source}: holds files of several formats: {', '.join(sorted(kinds))}")
    return files


def is_row_file(name: Path) -> bool:
    """Whether a file of a folder holds rows, by its name below the folder."""
    try:
        format_of(name)
    except ModelError:
        return False
    # Notebooks keep copies of files in hidden folders, Spark and Delta Lake their logs behind a line.
    return not is_hidden(name, (*HIDDEN, "_"))


@contextlib.contextmanager
def open_all(
    files: Sequence[Path | None], kind: Format, reading: RowReading, *, skip: int = 0
) -> Iterator[RowStream]:
    """Open files as one stream of rows; those after the first are opened when the one before is read.

    Parameters
    ----------
    files : sequence of Path or None
        None is standard input.
    kind : {"csv", "tsv", "jsonl", "parquet", "xlsx"}
        Of all of them.
    reading : RowReading
    skip : int
        Rows to pass over. Of Parquet files they are not read.

    Raises
    ------
    ModelError
        See :func:`harness.serving.inference.formats.open_rows`; of several files it names the one.
    """
    with _opened(files[0], kind, reading) as first:

        def chunks() -> Iterator[list[FileRow]]:
            left = skip
            for number, path in enumerate(files):
                rows_in_file = _parquet_length(path) if kind == "parquet" and left else None
                if rows_in_file is not None and rows_in_file <= left:
                    left -= rows_in_file
                    continue
                passed, left = (left, 0) if rows_in_file is not None else (0, left)
                is_open = number == 0 and not passed
                opened = contextlib.nullcontext(first) if is_open else _opened(path, kind, reading, passed)
                with _named(path, several=len(files) > 1), opened as rows:
                    for chunk in rows.chunks:
                        if left < len(chunk):
                            yield chunk[left:]
                        else:
                            # What was mended in rows that are passed over is counted where they are labelled.
                            rows.cells.replaced = 0
                        left = max(left - len(chunk), 0)
                if not is_open:
                    first.cells.replaced += rows.cells.replaced

        yield RowStream(chunks(), first.schema, first.cells)


def _opened(
    path: Path | None, kind: Format, reading: RowReading, skip: int = 0
) -> contextlib.AbstractContextManager[RowStream]:
    return open_rows(path, kind, FIRST_CHUNK, layout=reading.layout, keep_bad=reading.keep_bad, skip=skip)


def _parquet_length(path: Path | None) -> int | None:
    """Return how many rows a Parquet file says it has; None where it cannot be read."""
    from pyarrow import parquet

    try:
        return int(parquet.read_metadata(path).num_rows) if path is not None else None
    except (OSError, ValueError):  # what is wrong is said when it is read
        return None


@contextlib.contextmanager
def _named(path: Path | None, *, several: bool) -> Iterator[None]:
    try:
        yield
    except ModelError as error:
        if path is None or not several:
            raise
        raise ModelError(f"{path.name}: {error}") from error


def count_rows(source: Path, layout: TextLayout = STANDARD) -> int:
    """Count the rows of a file or a folder, those that cannot be read included.

    Raises
    ------
    ModelError
        Naming the file that cannot be read at all.
    """
    total = 0
    for path in files_of(source):
        kind = format_of(path)
        length = _parquet_length(path) if kind == "parquet" else None
        if length is None:
            try:
                with _opened(path, kind, RowReading(layout, keep_bad=True)) as rows:
                    length = sum(map(len, rows.chunks))
            except ModelError as error:
                raise ModelError(f"{path}: {error}") from error
        total += length
    return total
