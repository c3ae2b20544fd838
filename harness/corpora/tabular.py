"""A CSV, TSV, JSONL, Parquet or Excel file in, its rows and the place of each out."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.corpora.checks import Raw, capped
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.files import MAX_FIELD_SIZE

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "tsv", "jsonl", "parquet", "xlsx"]
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
"""What a file's name says of its format."""

Record = tuple[str, list[Any]]
"""The place of a record, and its fields."""


@dataclass(frozen=True)
class Layout:
    """How a file is written.

    Attributes
    ----------
    format : {"csv", "tsv", "jsonl", "parquet", "xlsx"}, optional
        Left out, the suffix says it.
    encoding : str
        Of CSV, TSV and JSONL; a byte order mark is skipped.
    delimiter : str
        Between the fields of a CSV file; left empty, a comma, or a tab for TSV.
    quoted : bool
        Whether fields may stand in double quotes. Without, a quotation mark is a character like any other.
    header : tuple of str
        Names of the columns of a CSV or TSV file without a header; left empty, its first record names them.
    settable : bool
        Whether a person can set these, so that a problem may name them as the remedy.
    """

    format: Format | None = None
    encoding: str = "utf-8"
    delimiter: str = ""
    quoted: bool = True
    header: tuple[str, ...] = ()
    settable: bool = True

    def __post_init__(self) -> None:
        problems = []
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            hint = "use utf-8, latin-1, cp1252, utf-16 or another name that Python knows"
            problems.append(Problem("corpus.encoding", f"unknown encoding {self.encoding!r}", hint))
        if len(self.delimiter) > 1:
            problems.append(Problem("corpus.delimiter", f"should be one character, got {self.delimiter!r}"))
        if problems:
            raise ConfigError(problems)


PUBLISHED = Layout(settable=False)
"""Of a file that others published, in the format that its suffix says."""


def read(path: Path, layout: Layout = Layout()) -> Raw:
    """Read one file.

    Parameters
    ----------
    path : Path
        A file, not a folder.
    layout : Layout
        How it is written.

    Returns
    -------
    Raw
        Cells as the file has them: text in CSV and TSV, JSON values in JSONL. Places are ``file:line``; in
        Parquet ``file: row n``, from 1; in Excel the same, with the numbers that its window shows.

    Raises
    ------
    CorpusError
        Where the file is missing, empty, of unknown format, wrongly encoded, cut off or ragged; naming the
        file and, where there are lines, the line.
    """
    name = shown(path)
    kind = layout.format or SUFFIXES.get(path.suffix.lower())
    if kind is None:
        hint = f"set format to one of {', '.join(get_args(Format))}"
        raise CorpusError([Problem(name, f"has no suffix that says its format: {path.name!r}", hint)])
    if kind in ("parquet", "xlsx"):
        if path.is_file() and not path.stat().st_size:
            raise CorpusError([Problem(name, "is empty")])
        return _parquet(path, name) if kind == "parquet" else _tabular(_sheet(path, name), name)
    text = content(path, layout.encoding, settable=layout.settable)
    if kind == "jsonl":
        return _jsonl(text, name)
    records = _records(text, name, layout, layout.delimiter or ("\t" if kind == "tsv" else ","))
    return _tabular(list(records), name, layout.header)


def json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Read a JSONL file in UTF-8: the place and the object of each line that is not blank.

    Raises
    ------
    CorpusError
        As :func:`read` does, for all lines at once, before the first is handed out.
    """
    name = shown(path)
    return iter(_objects(content(path), name))


def shown(path: Path) -> str:
    """Write a path as short as it can be found from here."""
    absolute = path.absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


def content(path: Path, encoding: str = "utf-8", *, settable: bool = False) -> str:
    """Read the text of a file, without a byte order mark.

    Parameters
    ----------
    path : Path
    encoding : str
    settable : bool
        Whether a person can set the encoding, and is told so.

    Raises
    ------
    CorpusError
        Where it is missing, a folder, empty or in another encoding; naming the file and the line.
    """
    name = shown(path)
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise CorpusError([Problem(name, "is a folder", "name the files in it")]) from None
    except OSError as error:
        raise CorpusError([Problem(name, f"cannot be read: {error.strerror or error}")]) from None
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        problem = _misencoded(data, name, encoding, error)
        if not settable:
            problem = replace(problem, hint="was it saved anew? take it as published")
        raise CorpusError([problem]) from None
    if not text.strip():
        raise CorpusError([Problem(name, "is empty")])
    return text


def _misencoded(data: bytes, name: str, encoding: str, error: UnicodeError) -> Problem:
    start = error.start if isinstance(error, UnicodeDecodeError) else 0
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    likely = "utf-16" if utf16 else "cp1252 or latin-1"
    byte = f": byte 0x{data[start]:02x}" if start < len(data) else ""
    line = data.count(b"\n", 0, start) + 1
    return Problem(f"{name}:{line}", f"is not {encoding}{byte}", f"set encoding, perhaps to {likely}")


def _parquet(path: Path, name: str) -> Raw:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, NotImplementedError) as error:
        said = str(error).splitlines()[0].rstrip(".").replace(str(path), name)
        raise CorpusError([Problem(name, f"cannot be read as Parquet: {said}")]) from None
    if frame.empty:
        raise CorpusError([Problem(name, "has no rows")])
    return Raw(frame, [f"{name}: row {row}" for row in range(1, len(frame) + 1)], name)


def _jsonl(text: str, name: str) -> Raw:
    objects = _objects(text, name)
    columns = dict.fromkeys(key for _, one in objects for key in one)
    cells = {key: [one.get(key) for _, one in objects] for key in columns}
    return Raw(_table(cells, len(objects)), [place for place, _ in objects], name)


def _objects(text: str, name: str) -> list[tuple[str, Any]]:
    objects, problems = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(Problem(place, f"is not valid JSON: {error.msg} (character {error.colno})"))
            continue
        except RecursionError:
            problems.append(Problem(place, "is not valid JSON: nested too deeply"))
            continue
        if not isinstance(value, dict):
            problems.append(Problem(place, f"is not a JSON object but {type(value).__name__}"))
            continue
        objects.append((place, value))
    if problems:
        raise CorpusError(capped(problems, name))
    return objects


def _sheet(path: Path, name: str) -> list[Record]:
    """Read the first sheet of a workbook; empty cells at the end of a row are none."""
    from zipfile import BadZipFile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except (OSError, ValueError, KeyError, IndexError, BadZipFile) as error:
        said = str(error).splitlines()[0].rstrip(".") or type(error).__name__
        raise CorpusError([Problem(name, f"cannot be read as Excel: {said}")]) from None
    filled = [(f"{name}: row {number}", row) for number, row in enumerate(rows, start=1) if any(row)]
    width = max(
        (k for _, row in filled[:1] for k, cell in enumerate(row, start=1) if cell is not None), default=0
    )
    return [(place, _trimmed(row, width)) for place, row in filled]


def _trimmed(row: list[Any], width: int) -> list[Any]:
    while len(row) > width and row[-1] is None:
        row.pop()
    return row + [None] * (width - len(row))


def _tabular(records: list[Record], name: str, header: tuple[str, ...] = ()) -> Raw:
    if not records:
        raise CorpusError([Problem(name, "is empty")])
    top, first = (name, list(header)) if header else records.pop(0)
    columns = ["" if column is None else str(column).strip() for column in first]
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    problems = [Problem(top, f"names the column {column!r} twice") for column in twice]
    for place, fields in records:
        if len(fields) != len(columns):
            what = f"has {len(fields)} field{'s' * (len(fields) != 1)}, the header {len(columns)}"
            hint = "one column in all: is the delimiter right?" if len(columns) == 1 else ""
            problems.append(Problem(place, what, hint))
    if problems:
        raise CorpusError(capped(problems, name))
    if not records:
        raise CorpusError([Problem(name, "has a header and no rows")])
    cells = {column: [fields[k] for _, fields in records] for k, column in enumerate(columns) if column}
    return Raw(_table(cells, len(records)), [place for place, _ in records], name)


def _records(text: str, name: str, layout: Layout, delimiter: str) -> Iterator[Record]:
    """Yield each record with the line it begins on; blank lines are none."""
    csv.field_size_limit(MAX_FIELD_SIZE)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        strict=True,
    )
    line = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            marks = "a quotation mark stands alone or inside a field: double it, or set quoted: false"
            hint = marks if layout.quoted and layout.settable else ""
            raise CorpusError([Problem(f"{name}:{line}", f"is not valid CSV: {error}", hint)]) from None
        if any(fields):
            yield f"{name}:{line}", list(fields)
        line = reader.line_num + 1


def _table(cells: dict[str, list[Any]], length: int) -> pd.DataFrame:
    import pandas as pd

    columns = {key: pd.Series(values, dtype=object) for key, values in cells.items()}
    return pd.DataFrame(columns, index=range(length))
