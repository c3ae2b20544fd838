"""Labelled rows in, a file that appears when it is complete out; an interrupted one can be resumed.

While ``output.csv`` is being written, beside it lie

``output.csv.partial``        the rows so far; for Parquet a sequence of Arrow streams, one per chunk, for
                              Excel JSON lines, for ``.gz`` not yet compressed
``output.csv.partial.json``   how many of them are complete, and which model and rows they come from

so that :func:`harness.serving.inference.labelling.predict_file` can resume there.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.serving.inference.formats import (
    FileRow,
    Format,
    RowWriter,
    merged_schema,
    row_writer,
    typed_table,
)
from harness.serving.inference.sheets import SheetWriter
from harness.serving.inference.text_layout import STANDARD, TextLayout
from harness.values.errors import ModelError
from harness.values.outputs import claimed, destination, publish, refused_writes
from harness.values.row_files import is_compressed

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Progress:
    """How far a draft got.

    Attributes
    ----------
    rows : int
        Complete rows in it.
    size : int
        Bytes that they take; whatever follows was cut off in the middle of a chunk.
    input_digest : str
        Digest of the input rows that they were computed from.
    model_digest : str
        Digest of the model, and the output format.
    read : int, optional
        Input rows that they were computed from, if some were set aside.
    """

    rows: int
    size: int
    input_digest: str
    model_digest: str
    read: int | None = None

    @property
    def input_rows(self) -> int:
        """Input rows that were read."""
        return self.rows if self.read is None else self.read


class Draft:
    """An output that is not complete yet.

    Parameters
    ----------
    path : Path
        Where the complete output will lie.
    kind : {"csv", "tsv", "jsonl", "parquet", "xlsx"}
    model_digest : str
    layout : TextLayout
        Of CSV and TSV.
    """

    def __init__(self, path: Path, kind: Format, model_digest: str, layout: TextLayout = STANDARD) -> None:
        self.path, self.kind, self.model_digest = path, kind, f"{model_digest} {kind}"
        self.layout = layout
        # Beside the file itself: where the path is a link, that may be on another disk.
        target = destination(path) if path.is_symlink() else path
        self.partial = target.with_name(f"{target.name}.partial")
        self.note = target.with_name(f"{target.name}.partial.json")
        self.rows = 0
        self.last: Progress | None = None
        self._handle: IO[bytes] | None = None
        self._writer: RowWriter | None = None

    def progress(self) -> Progress | None:
        """Return how far an earlier attempt got; None where there is none, or nothing of it is usable.

        Raises
        ------
        ModelError
            Where another model, or another format, wrote it.
        """
        try:
            progress = Progress(**json.loads(self.note.read_text(encoding="utf-8")))
            incomplete = self.partial.stat().st_size < progress.size
        except (OSError, ValueError, TypeError):
            return None
        if incomplete:
            return None
        if progress.model_digest != self.model_digest:
            raise ModelError(
                f"{self.partial} was written by another model, or with other options; drop --resume to"
                " overwrite it"
            )
        return progress

    @contextlib.contextmanager
    def opened(self, progress: Progress | None) -> Iterator[None]:
        """Accept rows within the block; at its end move the complete file to its place.

        Where the block is left by an exception, what was written stays for another attempt.

        Parameters
        ----------
        progress : Progress or None
            Where to resume; None starts with an empty file.

        Raises
        ------
        OutputError
            Where the file cannot be written, or another process is writing it.
        """
        # Known before anything fails: what an earlier attempt wrote is not tidied away.
        self.rows = progress.rows if progress is not None else 0
        with claimed(self.path), refused_writes(self.path), self._tidy():
            # Opened for update, not for writing, which would empty it.
            self.partial.touch()
            with self.partial.open("r+b") as handle:
                size = progress.size if progress is not None else 0
                # A chunk that a kill cut short ends here.
                handle.truncate(size)
                handle.seek(size)
                self._handle, self.last = handle, progress
                yield
                self._close()
            with self._complete() as complete:
                publish(complete, self.path)
            self.partial.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _complete(self) -> Iterator[Path]:
        """Provide the whole output under another name than its own."""
        is_converted = self.kind in ("parquet", "xlsx") or is_compressed(self.path)
        # All rows of a part may have been set aside: it has no columns, either.
        if not is_converted or not self.rows:
            yield self.partial
            return
        # Beside the draft: to convert and store a large one takes long enough to be killed meanwhile.
        converted = self.partial.with_name(f"{self.partial.name}.new")
        try:
            if self.kind == "parquet":
                _to_parquet(self.partial, converted)
            elif self.kind == "xlsx":
                _to_workbook(self.partial, converted, raw=self.layout.raw)
            else:
                _compress(self.partial, converted)
            yield converted
        finally:
            converted.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _tidy(self) -> Iterator[None]:
        """Leave no file behind where all is finished, or there is nothing to resume."""
        try:
            yield
        finally:
            if self.rows == 0 or not self.partial.exists():
                self.partial.unlink(missing_ok=True)
                self.note.unlink(missing_ok=True)

    @property
    def reached(self) -> Progress:
        """How far it got; nowhere, where no row was written."""
        return self.last or Progress(0, 0, "", self.model_digest, 0)

    def write(
        self,
        rows: Sequence[FileRow],
        schema: pa.Schema | None,
        input_digest: str,
        read: int | None = None,
        *,
        like: Sequence[FileRow] = (),
    ) -> None:
        """Append a chunk.

        Parameters
        ----------
        rows : sequence of dict
        schema : pyarrow.Schema or None
            Types of a Parquet source.
        input_digest : str
            Of all input rows that were read so far.
        read : int, optional
            How many these are, where some were set aside.
        like : sequence of dict, optional
            Rows of which the output has the columns and their types. Default: the first that are written.
        """
        assert self._handle is not None
        if self._writer is None:
            self._writer = self._new_writer(like or rows, schema)
        self._writer.write(rows)
        self._handle.flush()
        # To the disk, before the note says that they are there.
        os.fsync(self._handle.fileno())
        self.rows += len(rows)
        progress = Progress(self.rows, self._handle.tell(), input_digest, self.model_digest, read)
        self.last = progress
        # Replaced in one step and after the rows: the note never promises more than the file holds.
        new_note = self.note.with_name(f"{self.note.name}.new")
        new_note.write_text(json.dumps(asdict(progress)) + "\n", encoding="utf-8")
        publish(new_note, self.note)

    def _new_writer(self, rows: Sequence[FileRow], schema: pa.Schema | None) -> RowWriter:
        assert self._handle is not None
        if self.kind == "parquet":
            return _ArrowWriter(self._handle, self._schema(rows, schema))
        # A workbook cannot be appended to: its rows are JSON lines until all are there.
        kind: Format = "jsonl" if self.kind == "xlsx" else self.kind
        begins = self._handle.tell() == 0
        return row_writer(self._handle, kind, list(rows[0]), schema, header=begins, layout=self.layout)

    def _schema(self, rows: Sequence[FileRow], schema: pa.Schema | None) -> pa.Schema:
        """Return the column types: those of the first rows, which an earlier attempt may have written."""
        import pyarrow as pa

        # All chunks need one schema, whether or not a kill lies between them.
        if self.rows == 0:
            return merged_schema(rows, schema)
        with pa.OSFile(str(self.partial)) as file:
            return pa.ipc.open_stream(file).schema

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@dataclass
class _ArrowWriter:
    """Writes every chunk as a stream of its own, so that one that a kill cut short spoils no other.

    A Parquet file has its index at the end and cannot be appended to, hence Arrow streams until all is there.
    """

    handle: IO[bytes]
    schema: pa.Schema

    def write(self, rows: Sequence[FileRow]) -> None:
        import pyarrow as pa

        table = typed_table(rows, self.schema)
        with pa.ipc.new_stream(self.handle, self.schema) as stream:
            stream.write_table(table)

    def close(self) -> None:
        pass


def _to_parquet(path: Path, converted: Path) -> None:
    """Convert a file of Arrow streams into a Parquet file, one stream at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    size = path.stat().st_size
    with pa.OSFile(str(path)) as file, contextlib.ExitStack() as stack:
        out: Any = None
        while file.tell() < size:
            stream = pa.ipc.open_stream(file)
            if out is None:
                out = stack.enter_context(parquet.ParquetWriter(str(converted), stream.schema))
            out.write_table(stream.read_all())


def _to_workbook(path: Path, converted: Path, *, raw: bool) -> None:
    """Convert a file of JSON lines into a workbook."""
    with path.open(encoding="utf-8") as lines, converted.open("wb") as file:
        writer: SheetWriter | None = None
        for line in lines:
            row = json.loads(line)
            if writer is None:
                writer = SheetWriter(file, list(row), raw=raw)
            writer.write([row])
        if writer is not None:
            writer.close()


def _compress(path: Path, converted: Path) -> None:
    """Compress a file; equal content gives equal bytes, whatever its name and time."""
    with (
        path.open("rb") as source,
        converted.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as target,
    ):
        shutil.copyfileobj(source, target)
