"""A Parquet file in, its rows out; what is corrupt in it row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.values import limits
from harness.values.unreadable import UnreadableError, UnreadableRow

if TYPE_CHECKING:
    import pyarrow as pa


def open_parquet(
    source: Path | IO[bytes], size: int, skip: int = 0
) -> tuple[pa.Schema, Iterator[list[dict[str, Any]]]]:
    """Open a Parquet file.

    Parameters
    ----------
    source : Path or binary file
    size : int
        Rows of a batch, at most.
    skip : int
        Rows to pass over; whole row groups of them are not read.

    Returns
    -------
    pyarrow.Schema
        The types of its columns.
    iterator of list of dict
        Its rows; a row that cannot be read is an :class:`UnreadableRow`, so that a corrupt page costs the
        rows of its row group that follow, and no others.

    Raises
    ------
    UnreadableError
        Where it is no Parquet file, or beyond a limit.
    OSError
        Where it cannot be opened.
    """
    import pyarrow as pa
    from pyarrow import parquet

    if isinstance(source, Path):
        # pyarrow tells neither a missing file from a folder nor a corrupt footer from either.
        with source.open("rb"):
            pass
    try:
        file = parquet.ParquetFile(source)
        schema = file.schema_arrow
    except (OSError, ValueError, NotImplementedError, pa.ArrowException) as error:
        raise UnreadableError(f"is not a Parquet file: {_reason(error, source)}") from None
    if limits.COLUMNS.exceeded_by(len(schema.names)):
        raise UnreadableError(str(limits.COLUMNS))
    return schema, _rows(file, size, skip)


def _rows(file: Any, size: int, skip: int) -> Iterator[list[dict[str, Any]]]:
    for group in range(file.metadata.num_row_groups):
        n_rows = file.metadata.row_group(group).num_rows
        if limits.ROW_GROUP_ROWS.exceeded_by(n_rows):
            raise UnreadableError(str(limits.ROW_GROUP_ROWS))
        if skip < n_rows:
            yield from _group_rows(file, group, (skip, n_rows), size)
        skip = max(skip - n_rows, 0)


def _group_rows(file: Any, group: int, within: tuple[int, int], size: int) -> Iterator[list[dict[str, Any]]]:
    import pyarrow as pa

    (skip, n_rows), done = within, 0
    try:
        for batch in file.iter_batches(batch_size=size, row_groups=[group]):
            done += batch.num_rows
            if done > skip:
                yield batch_rows(batch.slice(max(skip - done + batch.num_rows, 0)))
    except (OSError, ValueError, NotImplementedError, pa.ArrowException) as error:
        problem = f"cannot be read: row group {group + 1} of the file is corrupt: {_reason(error)}"
        # The file says how many rows there are, and where the next row group begins.
        done = max(done, skip)
        while done < n_rows:
            n_lost = min(size, n_rows - done)
            done += n_lost
            yield [UnreadableRow({}, problem) for _ in range(n_lost)]


def batch_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch, an :class:`UnreadableRow` for each that cannot be converted."""
    import pyarrow as pa

    try:
        # Before anything is converted: a dictionary index or an offset that points outside is a wild read.
        batch.validate(full=True)
        rows: list[dict[str, Any]] = batch.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException) as error:
        if batch.num_rows == 1:
            return [UnreadableRow({}, f"cannot be read: {_reason(error)}")]
        middle = batch.num_rows // 2
        # Halves, halves of halves, …: one bad row among many is met in few steps.
        return [*batch_rows(batch.slice(0, middle)), *batch_rows(batch.slice(middle))]
    return rows


def _reason(error: Exception, source: object = "") -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].rstrip(".").replace(str(source) or "\0", "the file")[:200]
