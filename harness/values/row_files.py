"""A file of rows in, how it is written out: format, compression, encoding and delimiter.

Training and ``predict`` read the same files; what both need to know of a file is decided here.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal, cast

FileFormat = Literal["csv", "tsv", "jsonl", "parquet", "xlsx"]

SUFFIXES: Mapping[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
"""Suffix of a file's name, in lower case → its format; before it may stand ``.gz``."""

DELIMITERS: Mapping[FileFormat, str] = {"csv": ",", "tsv": "\t"}
"""Between the fields of a text table, unless another one is set."""

CANDIDATES = (",", ";", "\t", "|")
"""Delimiters that a file may have been saved with, the most common first."""

SAMPLED_LINES = 50
"""Lines that a guess of the delimiter looks at."""

SAMPLED_CHARACTERS = 2**16
"""Characters that it looks at, at most."""

_GZIP = ".gz"

# Codecs of bytes to bytes or text to text, of names in addresses, of source code, and one that only fails.
_NO_TEXT = frozenset(
    ("base64", "bz2", "hex", "quopri", "rot-13", "uu", "zlib", "idna", "punycode", "raw-unicode-escape")
) | frozenset(("undefined", "unicode-escape", "utf-7", "mbcs", "oem"))
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def file_format(path: Path) -> FileFormat | None:
    """Return the format that a file's ending names; None where it names none.

    Examples
    --------
    >>> file_format(Path("mine.CSV")), file_format(Path("mine.jsonl.gz")), file_format(Path("mine.txt"))
    ('csv', 'jsonl', None)
    """
    kind = SUFFIXES.get(_inner(path).suffix.lower())
    # Parquet and Excel files are compressed already, and are read from their end, which a stream has not.
    return None if is_compressed(path) and kind in ("parquet", "xlsx") else kind


def is_compressed(path: Path) -> bool:
    """Say whether a file's ending is that of gzip."""
    return path.suffix.lower() == _GZIP


def open_binary(path: Path) -> IO[bytes]:
    """Open a file to read its bytes, uncompressed."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_compressed(path) else path.open("rb")


def is_text_encoding(name: str) -> bool:
    """Say whether an encoding is one of text that Python reads in time proportional to its length.

    Examples
    --------
    >>> [is_text_encoding(name) for name in ("utf-8", "cp1252", "hex", "punycode", "klingon")]
    [True, True, False, False, False]
    """
    try:
        return codecs.lookup(name).name not in _NO_TEXT
    except (LookupError, ValueError):
        # ValueError: a name with a null character or a lone surrogate.
        return False


def is_delimiter(text: str) -> bool:
    r"""Say whether a text may stand between the fields of a table.

    Examples
    --------
    >>> [is_delimiter(text) for text in (";", "\t", "", ";;", '"', "\n")]
    [True, True, False, False, False, False]
    """
    return len(text) == 1 and text not in '"\r\n\0'


def likely_encoding(data: bytes) -> str:
    """Guess the encoding of a text.

    Parameters
    ----------
    data : bytes
        Its beginning, or all of it.

    Returns
    -------
    str
        ``utf-8``, ``utf-16`` (with a byte order mark, or without one ``utf-16-le`` or ``utf-16-be``),
        ``cp1252``, which Excel saves CSV files in, or ``latin-1``.

    Examples
    --------
    >>> likely_encoding("Türkei".encode()), likely_encoding("Türkei".encode("cp1252"))
    ('utf-8', 'cp1252')
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    # Every second byte of English or German text in UTF-16 is zero; other encodings of text have none.
    even, odd = data[::2].count(0), data[1::2].count(0)
    if even + odd > len(data) / 4:
        return "utf-16-be" if even > odd else "utf-16-le"
    for encoding in ("utf-8", "cp1252"):
        try:
            # Not final: a sample may end inside a character.
            codecs.getincrementaldecoder(encoding)().decode(data, final=False)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def likely_delimiter(text: str) -> str:
    r"""Guess what separates the fields of a table; empty where the rows have one field only.

    Parameters
    ----------
    text : str
        The table, or its first lines.

    Examples
    --------
    >>> likely_delimiter("text;label\nWell, then;good\n"), likely_delimiter("text\nWell.\n")
    (';', '')
    """
    scores = {delimiter: _fields_of(text, delimiter) for delimiter in CANDIDATES}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0.0, 1) else ""


def _fields_of(text: str, delimiter: str) -> tuple[float, int]:
    """Return how many records have as many fields as the header, as a share, and how many the header has."""
    # Enough for the lines that are looked at, unless these are very long.
    reader = csv.reader(io.StringIO(text[:SAMPLED_CHARACTERS], newline=""), delimiter=delimiter)
    counts = []
    try:
        for record, _ in zip(reader, range(SAMPLED_LINES), strict=False):
            if record:
                counts.append(len(record))
    except csv.Error:
        # The sample may end inside a quoted field.
        pass
    if not counts or counts[0] < 2:
        return 0.0, 1
    return sum(count == counts[0] for count in counts) / len(counts), counts[0]


def shown_delimiter(delimiter: str) -> str:
    """Write a delimiter as a person can type it into a config: in quotes, a tab as an escape."""
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def _inner(path: Path) -> Path:
    return path.with_suffix("") if is_compressed(path) else path
