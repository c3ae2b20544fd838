"""Rows that cannot be labelled in, a file of them with where each stands and why out."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from harness.values import limits
from harness.values.formatting import counted
from harness.values.outputs import destination, is_stream, publish, refused_writes, written
from harness.values.spreadsheets import DelimitedWriter

HEADER = ("file", "row", "problem")
"""The columns in front of the row's own. Rows are counted from 1 below the header, bad ones included."""


class BadRows:
    """Writes the rows that are set aside to a CSV file.

    Parameters
    ----------
    path : Path
        Written anew; without bad rows it holds its header alone.
    source : str
        The file that the rows are from.
    raw : bool
        Whether cells are written as they are, see :mod:`harness.values.spreadsheets`.
    """

    def __init__(self, path: Path, source: str, *, raw: bool = False) -> None:
        self.path, self.source, self.raw, self.count = path, source, raw, 0
        # Beside the file itself: where the path is a link, that may be on another disk.
        target = destination(path)
        self._draft = path if is_stream(path) else target.with_name(f"{target.name}.new")
        self._file: TextIO | None = None
        self._table: DelimitedWriter | None = None

    def add(self, number: int, row: dict[str, Any], problem: str) -> None:
        """Set a row aside."""
        if self._table is None:
            self._open(list(row))
        assert self._table is not None
        self._table.write([{**row, "file": self.source, "row": number, "problem": problem}])
        self.count += 1

    def close(self) -> None:
        """Finish the file."""
        if self._file is None:
            self._open([])
        assert self._file is not None
        with refused_writes(self.path):
            self._file.close()
            if self._draft != self.path:
                publish(self._draft, self.path)

    def _open(self, columns: Sequence[str]) -> None:
        with refused_writes(self.path):
            # With a byte order mark, by which Excel recognises UTF-8.
            self._file = self._draft.open("w", encoding="utf-8-sig", newline="", errors="replace")
        names = [*HEADER, *(name for name in columns if name not in HEADER)]
        self._table = DelimitedWriter(self._file, names, line_end="\r\n", raw=self.raw)
        self._table.write_header()


def none_usable(count: int, path: Path | None = None) -> str:
    """Say that so many rows, which are all that there are, cannot be labelled; ``path`` tells why."""
    what = "the only row cannot" if count == 1 else f"none of the {counted(count, 'row')} can"
    return f"{what} be labelled" + (f": see {path}" if path is not None else "")


def join_bad_rows(parts: Sequence[Path], path: Path) -> None:
    """Write the rows that several parts set aside into one file, in the order of the parts.

    Its columns are those of all of them: a line that could not be read has none of its own.
    """
    csv.field_size_limit(limits.FIELD_CHARACTERS.maximum)
    columns = dict.fromkeys(name for part in parts for name in next(_cells(part), {}))
    with written(path) as binary:
        text = cast(TextIO, codecs.getwriter("utf-8-sig")(binary))
        # Their cells are as they were written: nothing is defused a second time.
        table = DelimitedWriter(text, list(columns) or list(HEADER), line_end="\r\n", raw=True)
        table.write_header()
        for part in parts:
            table.write(_cells(part))


def _cells(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)
