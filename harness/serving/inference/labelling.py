"""A model and a file of rows in, the same rows with labels out."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.serving.inference.drafts import Draft, State
from harness.serving.inference.formats import FileRow, Format, format_of, open_rows, row_writer
from harness.serving.input_rows import COLUMNS
from harness.values.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

FIRST, CHUNK = 64, 2048
"""Rows of the first chunk, small so that labels appear soon, and of the largest; sizes double in between."""

SPAN = ("target_start", "target_end")


class Labelling(Protocol):
    """One model, or two together."""

    @property
    def columns(self) -> list[str]:
        """What :meth:`predict` returns, in order."""

    @property
    def digest(self) -> str:
        """What tells it from others."""

    def predict(self, rows: pd.DataFrame, *, first: int = 1) -> pd.DataFrame:
        """Label rows; ``first`` is the number of the first one in messages."""


def predict_file(
    model: Labelling,
    source: Path | None,
    output: Path | None,
    *,
    source_format: Format | None = None,
    output_format: Format | None = None,
    resume: bool = False,
) -> int:
    """Label a file in chunks; what it held is written out with the label columns added.

    Progress, in rows and rows a second, goes to standard error. The output appears when it is whole: until
    then it is a file beside it that ends in ``.partial``.

    Parameters
    ----------
    model : LabelModel or Together
    source, output : Path or None
        None reads standard input, writes standard output.
    source_format, output_format : str, optional
        Left out, by the file's ending; standard input is CSV, standard output like the input.
    resume : bool
        Go on where an earlier attempt at ``output`` ended; without one, from the beginning.

    Returns
    -------
    int
        Rows in the output.

    Raises
    ------
    ModelError
        Naming the file and the rows that cannot be used; what was labelled before them is kept.
    """
    kind = source_format or (format_of(source) if source is not None else "csv")
    target = output_format or (format_of(output) if output is not None else kind)
    if output is None:
        if resume:
            raise ModelError("standard output cannot be gone on with; name a file")
        return _to_standard_output(_chunks(model, source, kind, None), target, _Counter())
    draft = Draft(output, target, model.digest)
    state = draft.known() if resume else None
    counter = _Counter(state.rows if state is not None else 0)
    try:
        with draft.opened(state):
            for chunk in _chunks(model, source, kind, state):
                draft.write(chunk.rows, chunk.schema, chunk.read)
                counter.add(len(chunk.rows))
    finally:
        counter.end()
        if draft.partial.exists():
            counter.say(f"{draft.rows:,} rows are kept in {draft.partial}: --resume goes on from there")
    return counter.count


@dataclass(frozen=True)
class _Chunk:
    """Labelled rows, the types of a Parquet source, and the digest of all that was read so far."""

    rows: list[FileRow]
    schema: Any
    read: str


def _chunks(model: Labelling, source: Path | None, kind: Format, state: State | None) -> Iterator[_Chunk]:
    """Label what is not labelled yet; what is, has to be what it was."""
    read, count = hashlib.sha256(), 0
    already, known = (state.rows, state.read) if state is not None else (0, "")
    try:
        with open_rows(source, kind, FIRST) as rows:
            for chunk in _growing(rows.chunks):
                labelled = _labelled(model, chunk, count) if count >= already else []
                read.update("\n".join(map(repr, chunk)).encode("utf-8", "replace"))
                count += len(chunk)
                if labelled:
                    yield _Chunk(labelled, rows.schema, read.hexdigest())
                elif count >= already and (count, read.hexdigest()) != (already, known):
                    count = -1
                    break
        if count == 0:
            raise ModelError("holds no rows")
        if count < already:
            raise ModelError("does not begin with the rows that were labelled before; leave --resume out")
    except ModelError as error:
        raise ModelError(f"{source if source is not None else 'standard input'}: {error}") from error


def _growing(chunks: Iterable[list[FileRow]]) -> Iterator[list[FileRow]]:
    """Put rows into chunks that double; the sizes are always the same, so that one can go on between two."""
    rows, size = chain.from_iterable(chunks), FIRST
    while chunk := list(islice(rows, size)):
        yield chunk
        size = min(2 * size, CHUNK)


def _to_standard_output(chunks: Iterator[_Chunk], kind: Format, counter: _Counter) -> int:
    out = None
    try:
        for chunk in chunks:
            if out is None:
                out = row_writer(sys.stdout.buffer, kind, list(chunk.rows[0]), chunk.schema)
            out.write(chunk.rows)
            # Whoever reads a pipe sees each chunk when it is labelled.
            sys.stdout.buffer.flush()
            counter.add(len(chunk.rows))
        if out is not None:
            out.close()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    counter.end()
    return counter.count


def _labelled(model: Labelling, chunk: list[FileRow], done: int) -> list[FileRow]:
    clash = [name for name in model.columns if name in chunk[0]]
    if clash:
        raise ModelError(f"already has the column {clash[0]!r}, which the labels go into; rename it")
    table = model.predict(_frame(chunk), first=done + 1)
    made = table.to_dict("records")
    return [
        {**row, **{str(name): value for name, value in new.items()}}
        for row, new in zip(chunk, made, strict=True)
    ]


def _frame(chunk: Sequence[FileRow]) -> pd.DataFrame:
    """Return the columns that a model reads; an empty field of a CSV file is no value."""
    import pandas as pd

    present = [name for name in COLUMNS if any(name in row for row in chunk)]
    columns: dict[str, list[Any]] = {}
    for name in present:
        values = [row.get(name) for row in chunk]
        if name in SPAN:
            values = [_offset(value) for value in values]
        elif name == "holder":
            values = [None if value == "" else value for value in values]
        columns[name] = values
    if not columns:
        return pd.DataFrame(chunk)
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _offset(value: Any) -> Any:
    """Read an offset that stands in a CSV file as text; what is none is left for the model to refuse."""
    if not isinstance(value, str):
        return value
    text = value.strip().removesuffix(".0")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else value


class _Counter:
    """Counts rows, and says so: on a terminal every second in place, elsewhere a line every half minute."""

    def __init__(self, already: int = 0) -> None:
        self.count = self.already = already
        self.live = sys.stderr.isatty()
        self.period = 1.0 if self.live else 30.0
        self.began = self.spoke = time.monotonic()

    def add(self, n: int) -> None:
        """Count rows."""
        self.count += n
        now = time.monotonic()
        if now - self.spoke >= self.period:
            self.spoke = now
            rate = (self.count - self.already) / (now - self.began)
            text = f"{self.count:,} rows, {rate:,.0f} a second"
            sys.stderr.write(f"\r{text}\x1b[K" if self.live else f"{text}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line of a terminal clean."""
        if self.live and self.spoke != self.began:
            sys.stderr.write("\r\x1b[K")

    def say(self, text: str) -> None:
        """Say something in a line of its own."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
