"""A CSV, TSV, JSONL or Parquet file in, its rows and the place of each out."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.corpora.checks import Raw, capped
from harness.errors import ConfigError, CorpusError, Problem

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "tsv", "jsonl", "parquet"]
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
"""What a file's name says of its format."""


@dataclass(frozen=True)
class Layout:
    """How a file is written.

    Attributes
    ----------
    format : {"csv", "tsv", "jsonl", "parquet"}, optional
        Left out, the suffix says it.
    encoding : str
        Of CSV, TSV and JSONL; a byte order mark is skipped.
    delimiter : str
        Between the fields of a CSV file; left empty, a comma, or a tab for TSV.
    quoted : bool
        Whether fields may stand in double quotes. Without, a quotation mark is a character like any other.
    """

    format: Format | None = None
    encoding: str = "utf-8"
    delimiter: str = ""
    quoted: bool = True

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
        Parquet ``file: row n``, from 1.

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
    if kind == "parquet":
        return _parquet(path, name)
    text = _text(path, name, layout.encoding)
    if kind == "jsonl":
        return _jsonl(text, name)
    return _csv(text, name, layout.delimiter or ("\t" if kind == "tsv" else ","), layout.quoted)


def json_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Read a JSONL file in UTF-8: the place and the object of each line that is not blank.

    Raises
    ------
    CorpusError
        As :func:`read` does, for all lines at once, before the first is handed out.
    """
    name = shown(path)
    return iter(_objects(_text(path, name, "utf-8"), name))


def shown(path: Path) -> str:
    """Write a path as short as it can be found from here."""
    absolute = path.absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


def _text(path: Path, name: str, encoding: str) -> str:
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise CorpusError([Problem(name, "is a folder", "name the files in it")]) from None
    except OSError as error:
        raise CorpusError([Problem(name, f"cannot be read: {error.strerror or error}")]) from None
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        raise CorpusError([_misencoded(data, name, encoding, error)]) from None
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


def _csv(text: str, name: str, delimiter: str, quoted: bool) -> Raw:
    records = list(_records(text, name, delimiter, quoted))
    (top, header), *rows = records
    header = [column.strip() for column in header]
    twice = sorted({column for column in header if column and header.count(column) > 1})
    problems = [Problem(f"{name}:{top}", f"names the column {column!r} twice") for column in twice]
    for line, fields in rows:
        if len(fields) != len(header):
            what = f"has {len(fields)} field{'s' * (len(fields) != 1)}, the header {len(header)}"
            hint = "one column in all: is the delimiter right?" if len(header) == 1 else ""
            problems.append(Problem(f"{name}:{line}", what, hint))
    if problems:
        raise CorpusError(capped(problems, name))
    if not rows:
        raise CorpusError([Problem(name, "has a header and no rows")])
    cells = {column: [fields[k] for _, fields in rows] for k, column in enumerate(header) if column}
    return Raw(_table(cells, len(rows)), [f"{name}:{line}" for line, _ in rows], name)


def _records(text: str, name: str, delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on; blank lines are none."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
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
            hint = marks if quoted and "limit" not in str(error) else ""
            raise CorpusError([Problem(f"{name}:{line}", f"is not valid CSV: {error}", hint)]) from None
        if any(fields):
            yield line, fields
        line = reader.line_num + 1


def _table(cells: dict[str, list[Any]], length: int) -> pd.DataFrame:
    import pandas as pd

    columns = {key: pd.Series(values, dtype=object) for key, values in cells.items()}
    return pd.DataFrame(columns, index=range(length))
