"""An Excel workbook in, the rows of its first sheet out."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from harness.values import limits
from harness.values.unreadable import UnreadableError

# What zipfile, zlib, the XML parsers (SyntaxError) and openpyxl raise for a workbook that is none or corrupt.
_CORRUPT = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def workbook_rows(source: Path | IO[bytes]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the first sheet from its first on, as wide as they are filled.

    Raises
    ------
    UnreadableError
        Where it is no workbook, or beyond a limit; also while rows are consumed.
    OSError
        Where it cannot be opened.
    """
    if isinstance(source, Path):
        # Opened here: openpyxl leaves the file of a corrupt workbook open.
        with source.open("rb") as file:
            yield from workbook_rows(file)
        return
    import openpyxl

    try:
        _check_size(source)
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # A sheet states its size; one that states too much would be filled up with empty cells.
        sheet.reset_dimensions()
        yield from sheet.iter_rows(values_only=True)
    except _CORRUPT as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise UnreadableError(f"is not an Excel workbook: {reason[:200]}") from None


def _check_size(source: IO[bytes]) -> None:
    """Refuse an archive that would unpack to more than the limit."""
    with zipfile.ZipFile(source) as archive:
        # zipfile unpacks no more of a member than its entry states.
        size = sum(member.file_size for member in archive.infolist())
    if limits.WORKBOOK_BYTES.exceeded_by(size):
        raise UnreadableError(str(limits.WORKBOOK_BYTES))
