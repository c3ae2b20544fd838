"""A model and a file of rows in, the same rows with labels out."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.errors import ModelError
from harness.inference.formats import Format, Row, format_of, reading, writer
from harness.inference.model import LabelModel
from harness.serving.rows import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 1024
SPAN = ("target_start", "target_end")


def predict_file(
    model: LabelModel,
    source: Path | None,
    output: Path | None,
    *,
    source_format: Format | None = None,
    output_format: Format | None = None,
    progress: bool = True,
) -> int:
    """Label a file in chunks; what it held is written out with the label columns added.

    The output appears when it is whole: until then it is a file beside it that ends in ``.partial``.

    Parameters
    ----------
    model : LabelModel
    source, output : Path or None
        None reads standard input, writes standard output.
    source_format, output_format : str, optional
        Left out, by the file's ending; standard input is CSV, standard output like the input.
    progress : bool
        Show rows and rows a second on standard error.

    Returns
    -------
    int
        Rows labelled.

    Raises
    ------
    ModelError
        Naming the file and the rows that cannot be used.
    """
    kind = source_format or (format_of(source) if source is not None else "csv")
    target = output_format or (format_of(output) if output is not None else kind)
    counter = _Counter(progress)
    with _sink(output) as handle:
        out = None
        for labelled, schema in _labelled_chunks(model, source, kind, counter):
            if out is None:
                out = writer(handle, target, list(labelled[0]), schema)
            out.write(labelled)
            counter.add(len(labelled))
        if out is not None:
            out.close()
    counter.end()
    return counter.count


def _labelled_chunks(
    model: LabelModel, source: Path | None, kind: Format, counter: _Counter
) -> Iterator[tuple[list[Row], Any]]:
    try:
        with reading(source, kind, CHUNK) as rows:
            for chunk in rows.chunks:
                yield _labelled(model, chunk, counter.count), rows.schema
        if counter.count == 0:
            raise ModelError("holds no rows")
    except ModelError as error:
        raise ModelError(f"{source if source is not None else 'standard input'}: {error}") from error


def _labelled(model: LabelModel, chunk: list[Row], done: int) -> list[Row]:
    clash = [name for name in model.columns if name in chunk[0]]
    if clash:
        raise ModelError(f"already has the column {clash[0]!r}, which the labels go into; rename it")
    table = model.predict(_frame(chunk), first=done + 1)
    made = table.to_dict("records")
    return [
        {**row, **{str(name): value for name, value in new.items()}}
        for row, new in zip(chunk, made, strict=True)
    ]


def _frame(chunk: Sequence[Row]) -> pd.DataFrame:
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


@contextlib.contextmanager
def _sink(path: Path | None) -> Iterator[IO[bytes]]:
    """Open the output; a file appears only when it is whole."""
    if path is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read has seen enough; Python would complain once more when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    draft = path.with_name(f"{path.name}.partial")
    try:
        with draft.open("wb") as handle:
            yield handle
        draft.replace(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


class _Counter:
    """Counts rows, and says so: on a terminal every second in place, elsewhere a line every half minute."""

    def __init__(self, shown: bool) -> None:
        self.count = 0
        self.live = sys.stderr.isatty()
        self.period = 1.0 if self.live else 30.0
        self.shown = shown
        self.began = self.spoke = time.monotonic()

    def add(self, n: int) -> None:
        """Count rows."""
        self.count += n
        now = time.monotonic()
        if self.shown and now - self.spoke >= self.period:
            self.spoke = now
            rate = self.count / (now - self.began)
            text = f"{self.count:,} rows, {rate:,.0f} a second"
            sys.stderr.write(f"\r{text}\x1b[K" if self.live else f"{text}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line of a terminal clean."""
        if self.live and self.spoke != self.began:
            sys.stderr.write("\r\x1b[K")
