"""Rows that cannot be labelled in, a file of them with where each stands and why out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from harness.values.errors import ModelError
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
        self._file.close()

    def _open(self, columns: Sequence[str]) -> None:
        try:
            # With a byte order mark, by which Excel recognises UTF-8.
            self._file = self.path.open("w", encoding="utf-8-sig", newline="", errors="replace")
        except OSError as error:
            raise ModelError(f"{self.path} cannot be written: {error.strerror or error}") from error
        names = [*HEADER, *(name for name in columns if name not in HEADER)]
        self._table = DelimitedWriter(self._file, names, line_end="\r\n", raw=self.raw)
        self._table.write_header()
