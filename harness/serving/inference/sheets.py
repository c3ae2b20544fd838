"""Excel workbooks: rows of the first sheet in, and rows into a new workbook out."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from harness.values.errors import ModelError

MAX_CELL = 32_767
"""Characters that Excel keeps of a cell; openpyxl would cut the others off without a word."""

SheetRow = dict[str, Any]


def sheet_rows(path: Path | None) -> Iterator[SheetRow]:
    """Yield the rows of the first sheet, by the names in its first row; None is standard input."""
    from zipfile import BadZipFile

    import openpyxl

    # Standard input cannot be read from its end, where a workbook has its index.
    source = io.BytesIO(sys.stdin.buffer.read()) if path is None else path
    try:
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
    # A zip archive that is no workbook gives a KeyError, a workbook without sheets an IndexError.
    except (ValueError, KeyError, IndexError, BadZipFile) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise ModelError(f"is not an Excel workbook: {reason}") from error
    filled = (row for row in rows if any(cell is not None for cell in row))
    header = next(filled, None)
    if header is None:
        return
    names = ["" if name is None else str(name).strip() for name in header]
    repeated = {name for name in names if name and names.count(name) > 1}
    if repeated:
        raise ModelError(f"has the column {min(repeated)!r} more than once")
    for row in filled:
        # Cells without a heading are beside the table.
        yield {name: cell for name, cell in zip(names, row, strict=False) if name}


class SheetWriter:
    """Writes rows into a workbook, which is complete when it is closed."""

    def __init__(self, handle: IO[bytes], columns: Sequence[str]) -> None:
        import openpyxl

        self.handle, self.columns = handle, list(columns)
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
        cell = WriteOnlyCell(self.sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        # A text that begins with "=" would be a formula, which Excel computes.
        cell.data_type = "s"
        return cell
