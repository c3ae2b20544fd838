r"""Rows in, CSV and TSV that a spreadsheet program shows as text out; and their cells back as they were.

Excel, LibreOffice and Google Sheets compute a cell that begins with ``=``, ``+``, ``-`` or ``@`` (also after
a tab or a line end), so that a text from the web could send what else is in the file to an address. Such a
cell is written with :data:`PREFIX` in front. :func:`restored` takes it off again: for every text,
``restored(defused(text)) == text``, since a text that begins with the prefix gets another one.

Numbers such as ``-0.5`` compute nothing but themselves, and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# An apostrophe alone would be taken from texts that begin with it: '@ECB says …' is a quoted tweet.
PREFIX = "'\\"
"""In front of a defused cell. No text is known to begin with it, and no spreadsheet program computes it."""

# Full-width signs are typed in East Asian keyboards, and some programs compute them like the others.
_FORMULA = re.compile(r"(?:'\\)*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"(?:'\\)*[+-][0-9]{1,30}(?:[.,][0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?\Z")


def defused(value: Any) -> Any:
    r"""Return a cell so that no spreadsheet program computes it; anything but text stays as it is.

    Examples
    --------
    >>> defused("=1+1"), defused("-0.5"), defused("Well."), defused(-0.5)
    ("'\\=1+1", '-0.5', 'Well.', -0.5)
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.match(value):
        return PREFIX + value
    return value


def restored(value: Any) -> Any:
    r"""Return a cell as it was before :func:`defused`.

    Examples
    --------
    >>> restored("'\\=1+1"), restored("'tis"), restored("=1+1")
    ('=1+1', "'tis", '=1+1')
    """
    if (
        isinstance(value, str)
        and value.startswith(PREFIX)
        and _FORMULA.match(value)
        and not _NUMBER.match(value)
    ):
        return value[len(PREFIX) :]
    return value


def guarded(value: Any) -> Any:
    """Return a cell of a workbook, where the type of the cell says that it is text and not a formula.

    Only what :func:`restored` would change gets a prefix, for it to take off.
    """
    return value if restored(value) == value else PREFIX + value


class DelimitedWriter:
    """Writes rows as lines of a text table.

    Parameters
    ----------
    text : text file
        Opened with ``newline=""``.
    columns : sequence of str
        In order; other keys of a row are left out, and a missing one is an empty cell.
    delimiter : str
        Between cells.
    line_end : str
        After each row.
    raw : bool
        Whether cells are written as they are, though a spreadsheet program may compute them.
    """

    def __init__(
        self,
        text: IO[str],
        columns: Sequence[str],
        *,
        delimiter: str = ",",
        line_end: str = "\n",
        raw: bool = False,
    ) -> None:
        self.columns, self.raw = list(columns), raw
        writers = (
            csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        self._minimal, self._quoting = writers

    def write_header(self) -> None:
        """Write the names of the columns."""
        self._write(self.columns)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows."""
        for row in rows:
            self._write([row.get(name, "") for name in self.columns])

    def _write(self, cells: Sequence[Any]) -> None:
        if not self.raw:
            cells = [defused(cell) for cell in cells]
        # Before Python 3.13, csv does not quote a lone carriage return, which every reader takes for an end.
        needs_quotes = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoting if needs_quotes else self._minimal).writerow(cells)


def table_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, raw: bool = False) -> str:
    """Return rows as the text of a CSV file; see :class:`DelimitedWriter`."""
    text = io.StringIO(newline="")
    writer = DelimitedWriter(text, columns, raw=raw)
    writer.write_header()
    writer.write(rows)
    return text.getvalue()


def frame_text(frame: pd.DataFrame, *, raw: bool = False) -> str:
    """Return a data frame as the text of a CSV file, without its index; a missing value is an empty cell."""
    texts = {
        position: frame.iloc[:, position]
        for position, dtype in enumerate(frame.dtypes)
        if str(dtype) in ("object", "str", "string", "category")
    }
    # See DelimitedWriter.
    returns = any(isinstance(cell, str) and "\r" in cell for cells in texts.values() for cell in cells)
    if not raw:
        # Text stands in columns of objects and of strings alone; the others hold numbers and dates.
        frame = frame.rename(columns=defused)
        frame = frame.assign(
            **{str(frame.columns[position]): cells.map(defused) for position, cells in texts.items()}
        )
    quoting: Any = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    text: str = frame.to_csv(index=False, lineterminator="\n", quoting=quoting)
    return text
