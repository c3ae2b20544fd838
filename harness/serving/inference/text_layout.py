"""Encoding and delimiter of a text file of rows in, how to read and write it out, and what else would fit."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.values.errors import ModelError
from harness.values.row_files import (
    DELIMITERS,
    FileFormat,
    is_delimiter,
    is_text_encoding,
    likely_delimiter,
    likely_encoding,
    open_binary,
    shown_delimiter,
)

SAMPLE = 2**16
"""Bytes of a file that a guess of its encoding and delimiter looks at."""


@dataclass(frozen=True)
class TextLayout:
    """How a text file of rows is written; of no effect on Parquet and Excel.

    Attributes
    ----------
    encoding : str
        A byte order mark is skipped. JSONL is always written as UTF-8.
    delimiter : str
        Between the fields; empty for that of the format, a comma or a tab.
    raw : bool
        Whether cells are read and written as they are, see :mod:`harness.values.spreadsheets`; Excel too.
    """

    encoding: str = "utf-8"
    delimiter: str = ""
    raw: bool = False

    def __post_init__(self) -> None:
        if not is_text_encoding(self.encoding):
            raise ModelError(f"unknown encoding {self.encoding!r}; try utf-8, cp1252 or utf-16")
        if self.delimiter and not is_delimiter(self.delimiter):
            raise ModelError(f"a delimiter is one character, got {self.delimiter!r}")

    @property
    def reading(self) -> str:
        """The encoding to read with: UTF-8 with or without the byte order mark that Excel writes."""
        return "utf-8-sig" if codecs.lookup(self.encoding).name == "utf-8" else self.encoding

    def separator(self, kind: FileFormat) -> str:
        """Return what is between the fields of a file of this format."""
        return self.delimiter or DELIMITERS[kind]


STANDARD = TextLayout()
"""UTF-8, and the delimiter of the format."""


def likely_layout(path: Path) -> TextLayout:
    """Guess how a text file is written; the standard layout where it cannot be read."""
    try:
        with open_binary(path) as file:
            data = file.read(SAMPLE)
    except OSError:
        return STANDARD
    encoding = likely_encoding(data)
    return TextLayout(encoding, likely_delimiter(data.decode(encoding, "replace").removeprefix("\ufeff")))


def other_delimiter(separator: str, columns: Sequence[str]) -> str:
    """Name the delimiter that a header was probably written with, if it is not this one."""
    likely = likely_delimiter(separator.join(columns)) if len(columns) == 1 else ""
    return f"; try --delimiter {shown_delimiter(likely)}" if likely and likely != separator else ""


def column_mend(columns: Sequence[str], needed: Sequence[str]) -> str:
    """Say how a file whose columns have other names, or were not told apart, is labelled."""
    likely = other_delimiter("", columns)
    return likely or f"; name them: --columns {','.join(f'{name}=NAME' for name in needed)}"
