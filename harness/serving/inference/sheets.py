"""Excel workbooks: rows of the first sheet in, and rows into a new workbook out."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from harness.values import limits
from harness.values.errors import ModelError
from harness.values.spreadsheets import guarded
from harness.values.workbooks import workbook_rows

MAX_CELL = 32_767
"""Characters that Excel keeps of a cell; openpyxl would cut the others off without a word."""

SheetRow = dict[str, Any]


def sheet_rows(path: Path | None) -> Iterator[SheetRow]:
    """Yield the rows of the first sheet, by the names in its first row; None is standard input."""
    # Standard input cannot be read from its end, where a workbook has its index.
    rows = workbook_rows(io.BytesIO(sys.stdin.buffer.read()) if path is None else path)
    filled = (row for row in rows if any(cell is not None for cell in row))
    header = next(filled, None)
    if header is None:
        return
    names = ["" if name is None else str(name).strip() for name in header]
    if limits.COLUMNS.exceeded_by(len(names)):
        raise ModelError(str(limits.COLUMNS))
    repeated = [name for name, count in Counter(names).items() if name and count > 1]
    if repeated:
        raise ModelError(f"has the column {min(repeated)!r} more than once")
    for row in filled:
        # Cells without a heading are beside the table; a row ends with its last cell that was filled in.
        yield {name: cell for name, cell in zip_longest(names, row[: len(names)]) if name}


class SheetWriter:
    """Writes rows into a workbook, which is complete when it is closed; ``raw``: cells as they are."""

    def __init__(self, handle: IO[bytes], columns: Sequence[str], *, raw: bool = False) -> None:
        import openpyxl

        self.handle, self.columns, self.raw = handle, list(columns), raw
        # Not write_only: what is left unfinished there complains on standard error when it is collected.
        self.book = openpyxl.Workbook()
        self.sheet = self.book.worksheets[0]
        self.sheet.append([self._cell(name) for name in self.columns])

    def write(self, rows: Sequence[SheetRow]) -> None:
        """Append rows."""
        for row in rows:
            self.sheet.append([self._cell(row.get(name)) for name in self.columns])

    def close(self) -> None:
        """Write the workbook."""
        self.book.save(self.handle)

    def _cell(self, value: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        if isinstance(value, list | tuple | dict):
            value = str(value)
        if not isinstance(value, str):
            return value
        if len(value) > MAX_CELL:
            raise ModelError(
                f"a text of {len(value):,} characters does not fit into a cell of Excel, which holds"
                f" {MAX_CELL:,}; write CSV or JSONL"
            )
        text = value if self.raw else guarded(value)
        cell = WriteOnlyCell(self.sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
        # A text that begins with "=" would be a formula, which Excel computes.
        cell.data_type = "s"
        return cell
