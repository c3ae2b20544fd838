"""Labelled rows in, a file that appears when it is whole out; what was labelled before a kill is kept.

Beside an ``output.csv`` that is being written lie

``output.csv.partial``        what was written so far; for Parquet, Arrow streams, one a chunk
``output.csv.partial.json``   how much of it is sound, and what it was made from

so that :func:`harness.serving.inference.labelling.predict_file` can go on from there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.serving.inference.formats import FileRow, Format, RowWriter, merged_schema, row_writer
from harness.values.errors import ModelError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class State:
    """How far a draft got.

    Attributes
    ----------
    rows : int
        Rows that are in it.
    size : int
        Bytes that they take; what follows was cut off.
    read : str
        Digest of the rows that they were made from.
    made_by : str
        Digest of the model and the form.
    """

    rows: int
    size: int
    read: str
    made_by: str


class Draft:
    """An output that is not whole yet.

    Parameters
    ----------
    path : Path
        Where it will be.
    kind : {"csv", "tsv", "jsonl", "parquet"}
    made_by : str
        Digest of the model.
    """

    def __init__(self, path: Path, kind: Format, made_by: str) -> None:
        self.path, self.kind, self.made_by = path, kind, f"{made_by} {kind}"
        self.partial = path.with_name(f"{path.name}.partial")
        self.note = path.with_name(f"{path.name}.partial.json")
        self.rows = 0
        self._handle: IO[bytes] | None = None
        self._writer: RowWriter | None = None

    def known(self) -> State | None:
        """Return how far an earlier attempt got; None where there was none.

        Raises
        ------
        ModelError
            Where it was made by another model.
        """
        try:
            state = State(**json.loads(self.note.read_text(encoding="utf-8")))
            short = self.partial.stat().st_size < state.size
        except (OSError, ValueError, TypeError):
            return None
        if short:
            return None
        if state.made_by != self.made_by:
            raise ModelError(f"{self.partial} was made by another model; without --resume it is made anew")
        return state

    @contextlib.contextmanager
    def opened(self, state: State | None) -> Iterator[None]:
        """Take rows within the block; then put the whole in its place.

        What was written stays for another attempt where the block is left by an exception.
        """
        try:
            self.partial.touch()
            with self.partial.open("r+b") as handle:
                size = state.size if state is not None else 0
                handle.truncate(size)
                handle.seek(size)
                self._handle, self.rows = handle, state.rows if state is not None else 0
                yield
                self._close()
            if self.kind == "parquet":
                _to_parquet(self.partial)
            self.partial.replace(self.path)
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written: {error.strerror or error}") from error
        finally:
            if self.rows == 0 or not self.partial.exists():
                self.partial.unlink(missing_ok=True)
                self.note.unlink(missing_ok=True)

    def write(self, rows: Sequence[FileRow], schema: pa.Schema | None, read: str) -> None:
        """Add a chunk; ``read`` is the digest of all rows that were read so far."""
        assert self._handle is not None
        if self._writer is None:
            self._writer = self._made(rows, schema)
        self._writer.write(rows)
        self._handle.flush()
        self.rows += len(rows)
        state = State(self.rows, self._handle.tell(), read, self.made_by)
        fresh = self.note.with_name(f"{self.note.name}.new")
        fresh.write_text(json.dumps(asdict(state)) + "\n", encoding="utf-8")
        fresh.replace(self.note)

    def _made(self, rows: Sequence[FileRow], schema: pa.Schema | None) -> RowWriter:
        assert self._handle is not None
        if self.kind == "parquet":
            return _ArrowWriter(self._handle, self._schema(rows, schema))
        return row_writer(self._handle, self.kind, list(rows[0]), schema, header=self._handle.tell() == 0)

    def _schema(self, rows: Sequence[FileRow], schema: pa.Schema | None) -> pa.Schema:
        """Return the types of the first rows, be they these or those of an earlier attempt."""
        import pyarrow as pa

        if self.rows == 0:
            return merged_schema(rows, schema)
        with pa.OSFile(str(self.partial)) as file:
            return pa.ipc.open_stream(file).schema

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@dataclass
class _ArrowWriter:
    """Writes every chunk as a stream of its own: one that a kill cut short spoils no other."""

    handle: IO[bytes]
    schema: pa.Schema

    def write(self, rows: Sequence[FileRow]) -> None:
        import pyarrow as pa

        try:
            table = pa.Table.from_pylist(list(rows), schema=self.schema)
        except pa.ArrowException as error:
            raise ModelError(f"rows do not fit the types of the first ones: {error}") from error
        with pa.ipc.new_stream(self.handle, self.schema) as stream:
            stream.write_table(table)

    def close(self) -> None:
        pass


def _to_parquet(path: Path) -> None:
    """Turn a file of Arrow streams into a Parquet file, a stream at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    fresh = path.with_name(f"{path.name}.new")
    size = path.stat().st_size
    with pa.OSFile(str(path)) as file, contextlib.ExitStack() as stack:
        out: Any = None
        while file.tell() < size:
            stream = pa.ipc.open_stream(file)
            if out is None:
                out = stack.enter_context(parquet.ParquetWriter(str(fresh), stream.schema))
            out.write_table(stream.read_all())
    fresh.replace(path)
