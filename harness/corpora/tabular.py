"""A CSV, TSV, JSONL, JSON, Parquet or Excel file in, its rows out, each with its file and line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from harness.corpora.annotation_exports import rows_of_export
from harness.corpora.checks import Raw, limit_problems
from harness.corpora.text_files import content, parsed_items, parsed_lines, short_path
from harness.values import limits
from harness.values.errors import ConfigError, CorpusError, Problem
from harness.values.formatting import counted
from harness.values.parquet_files import open_parquet
from harness.values.row_files import (
    DELIMITERS,
    FileFormat,
    file_format,
    is_compressed,
    is_delimiter,
    is_text_encoding,
    likely_delimiter,
    shown_delimiter,
)
from harness.values.spreadsheets import restored
from harness.values.unreadable import Cells, UnreadableError, UnreadableRow, cell_problem, usable_value
from harness.values.workbooks import workbook_rows

if TYPE_CHECKING:
    import pandas as pd

    from harness.corpora.aside import Aside

_BATCH_ROWS = 8192
"""Rows of a Parquet file that are converted at a time."""

FileRecord = tuple[str, list[Any]]
"""Where a record stands, and its fields."""

_BadRow = tuple[str, Problem, Mapping[str, Any]]
"""Where a row stands that is in no table, what is wrong with it, and its cells."""


@dataclass(frozen=True)
class Layout:
    """How a file is written.

    Attributes
    ----------
    format : {"csv", "tsv", "jsonl", "parquet", "xlsx"}, optional
        Left out, it goes by the suffix.
    encoding : str
        Of CSV, TSV and JSONL; a byte order mark is skipped.
    delimiter : str
        Between the fields of a CSV file; left empty, a comma, or a tab for TSV.
    quoted : bool
        Whether fields may be in double quotes. If not, a quotation mark is a character like any other.
    header : tuple of str
        Names of the columns of a CSV or TSV file without a header; left empty, its first record names them.
    settable : bool
        Whether the config can set these, so that an error may suggest them.

    Raises
    ------
    ConfigError
        For an encoding that Python does not know, or a delimiter of several characters.
    """

    format: FileFormat | None = None
    encoding: str = "utf-8"
    delimiter: str = ""
    quoted: bool = True
    header: tuple[str, ...] = ()
    settable: bool = True

    def __post_init__(self) -> None:
        problems = []
        if not is_text_encoding(self.encoding):
            hint = "use utf-8, latin-1, cp1252, utf-16 or another name that Python knows"
            problems.append(Problem("corpus.encoding", f"unknown encoding {self.encoding!r}", hint))
        if self.delimiter and not is_delimiter(self.delimiter):
            problems.append(Problem("corpus.delimiter", f"should be one character, got {self.delimiter!r}"))
        if problems:
            raise ConfigError(problems)


PUBLISHED = Layout(settable=False)
"""The layout of a published file, in the format that its suffix says."""


def read(path: Path, layout: Layout = Layout(), aside: Aside | None = None) -> Raw:
    """Read one file.

    Parameters
    ----------
    path : Path
        A file, not a folder.
    layout : Layout
        How it is written.
    aside : Aside, optional
        Where rows that are wrong go; None: the file is refused for them.

    Returns
    -------
    Raw
        Cells as the file has them: text in CSV and TSV, JSON values in JSONL. Locations are ``file:line``; in
        Parquet ``file: row n``, from 1; in Excel the same, with the row numbers that Excel shows.

    Raises
    ------
    CorpusError
        If the file is missing, empty, of unknown format, in another encoding, cut off, or has rows of
        different lengths; naming the file and, if it has lines, the line.
    """
    table = read_cells(path, layout, aside)
    length = len(table.locations)
    raw = Raw(_table(table.cells, length), table.locations, table.source)
    return replace(raw, column_hint=table.column_hint, notes=table.notes, aside=aside)


@dataclass(frozen=True)
class FileTable:
    """A file as columns of cells, without pandas.

    Attributes
    ----------
    cells : dict
        Column → its cells, from the top.
    locations : list of str
        One a row.
    source : str
        The file, as it is named in messages.
    column_hint : str
        What to do where a column is missing, if the file looks as if it were read wrongly.
    notes : tuple of str
        What was replaced in the cells, a sentence each.
    """

    cells: dict[str, list[Any]]
    locations: list[str]
    source: str
    column_hint: str = ""
    notes: tuple[str, ...] = ()


def read_cells(path: Path, layout: Layout = Layout(), aside: Aside | None = None) -> FileTable:
    """Read one file as :func:`read` does, into plain lists."""
    table = _read_cells(path, layout, aside)
    cells, counter = dict(table.cells), Cells()
    long: dict[int, Problem] = {}
    # Rows in which characters were replaced, each once.
    replaced: set[int] = set()
    for column, values in table.cells.items():
        usable = [value if isinstance(value, int | float) else usable_value(value) for value in values]
        for index, (value, new) in enumerate(zip(values, usable, strict=True)):
            if new is not value:
                replaced.add(index)
            if isinstance(value, str) and cell_problem(value):
                where = f"{table.locations[index]}: {column}"
                limit = limits.FIELD_CHARACTERS
                long.setdefault(index, Problem(where, limit.problem, limit.remedy))
        # A published file was not written by a program of ours, which would have defused it.
        cells[column] = [restored(value) for value in usable] if layout.settable else usable
    cells = {usable_value(column): values for column, values in cells.items()}
    bad: list[_BadRow] = [(table.locations[index], problem, {}) for index, problem in sorted(long.items())]
    _refuse(bad, table.source, aside)
    counter.replaced = len(replaced)
    table = replace(table, cells=cells, notes=(*table.notes, *filter(None, [counter.note])))
    if aside is not None:
        aside.remember(table.locations, table.cells)
    return _without(table, long) if long else table


def _without(table: FileTable, rows: Collection[int]) -> FileTable:
    left = [row for row in range(len(table.locations)) if row not in rows]
    cells = {column: [values[row] for row in left] for column, values in table.cells.items()}
    return replace(table, cells=cells, locations=[table.locations[row] for row in left])


def _read_cells(path: Path, layout: Layout, aside: Aside | None) -> FileTable:
    name = short_path(path)
    kind = layout.format or file_format(path)
    if kind is None and path.suffix.lower() == ".json":
        items = parsed_items(content(path, layout.encoding, settable=layout.settable), name)
        return _of_objects(items, name, aside, exported=layout.settable)
    if kind is None:
        hint = f"set format to one of {', '.join(get_args(FileFormat))}"
        if is_compressed(path):
            hint = "only CSV, TSV and JSONL may end in .gz"
        raise CorpusError([Problem(name, f"has a suffix that is no known format: {path.name!r}", hint)])
    if kind in ("parquet", "xlsx"):
        if path.is_file() and not path.stat().st_size:
            raise CorpusError([Problem(name, "is empty")])
        return (
            _parquet(path, name, aside)
            if kind == "parquet"
            else _tabular(_sheet(path, name), name, aside=aside)
        )
    text = content(path, layout.encoding, settable=layout.settable)
    if kind == "jsonl":
        objects, bad = parsed_lines(text, name)
        _refuse([(problem.where, problem, {"line": line}) for problem, line in bad], name, aside)
        return _of_objects(objects, name, aside, exported=layout.settable)
    delimiter = layout.delimiter or DELIMITERS[kind]
    records = list(_records(text, name, layout, delimiter))
    hint = _other_delimiter(text, layout, delimiter)
    # Where the delimiter is wrong, every row is, and the file is refused.
    table = _tabular(records, name, layout.header, hint, None if hint else aside)
    if not layout.settable:
        return table
    # Label Studio writes spans into cells, as JSON.
    rows = [dict(zip(table.cells, cells, strict=True)) for cells in zip(*table.cells.values(), strict=True)]
    objects = list(zip(table.locations, rows, strict=True))
    spans = any(str(cell).startswith("[{") for row in rows for cell in row.values())
    return (
        _of_objects(objects, name, aside, exported=True) if spans and rows_of_export(objects, name) else table
    )


def _other_delimiter(text: str, layout: Layout, delimiter: str) -> str:
    """Return the hint for a table that seems to have another delimiter; empty where this one fits."""
    likely = likely_delimiter(text)
    if not layout.settable or likely in ("", delimiter):
        return ""
    return f"the fields seem to be separated otherwise: set delimiter: {shown_delimiter(likely)}"


def _parquet(path: Path, name: str, aside: Aside | None) -> FileTable:
    try:
        schema, batches = open_parquet(path, _BATCH_ROWS)
        rows = [row for batch in batches for row in batch]
    except UnreadableError as error:
        raise CorpusError([Problem(name, str(error))]) from None
    except OSError as error:
        raise CorpusError([Problem(name, f"cannot be read: {error.strerror or error}")]) from None
    bad: list[_BadRow] = []
    readable = []
    for number, row in enumerate(rows, start=1):
        where = f"{name}: row {number}"
        if isinstance(row, UnreadableRow):
            bad.append((where, Problem(where, row.problem), {}))
        else:
            readable.append((where, row))
    _refuse(bad, name, aside)
    if not readable:
        raise CorpusError([Problem(name, "has no rows")])
    # pandas keeps an index that is not 0, 1, 2, … as a column of this name.
    names = [column for column in schema.names if not column.startswith("__index_level_")]
    cells = {column: [row[column] for _, row in readable] for column in names}
    return FileTable(cells, [where for where, _ in readable], name)


def _refuse(bad: Sequence[_BadRow], name: str, aside: Aside | None) -> None:
    """Set rows that are in no table aside, or raise their problems where none may be set aside."""
    if bad and aside is None:
        raise CorpusError(limit_problems([problem for _, problem, _ in bad], name))
    for where, problem, cells in bad:
        assert aside is not None
        aside.add(where, problem, cells)


def _of_objects(
    objects: Sequence[tuple[str, dict[str, Any]]], name: str, aside: Aside | None, *, exported: bool
) -> FileTable:
    """Return a row for each object, or for each span where they are an annotation program's export."""
    export = rows_of_export(objects, name) if exported else None
    if export is not None:
        _refuse(export.bad, name, aside)
    rows, notes = (objects, ()) if export is None else (export.rows, export.notes)
    if not rows:
        raise CorpusError([Problem(name, "has no rows")])
    # A line may leave out fields that it has no value for: the columns are those of all lines.
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    cells = {key: [fields.get(key) for _, fields in rows] for key in columns}
    # doccano lists even a single category.
    categories: list[Any] = cells.get("label", [])
    if exported and all(isinstance(category, list) and len(category) == 1 for category in categories):
        cells |= {"label": [category[0] for category in categories]} if categories else {}
    return FileTable(cells, [where for where, _ in rows], name, notes=notes)


def _sheet(path: Path, name: str) -> list[FileRecord]:
    """Read the first sheet of a workbook, without the empty cells at the end of its rows."""
    try:
        rows = [list(row) for row in workbook_rows(path)]
    except UnreadableError as error:
        raise CorpusError([Problem(name, str(error))]) from None
    except OSError as error:
        raise CorpusError([Problem(name, f"cannot be read: {error.strerror or error}")]) from None
    filled = [(f"{name}: row {number}", row) for number, row in enumerate(rows, start=1) if any(row)]
    width = max(
        (k for _, row in filled[:1] for k, cell in enumerate(row, start=1) if cell is not None), default=0
    )
    return [(where, _fitted(row, width)) for where, row in filled]


def _fitted(row: list[Any], width: int) -> list[Any]:
    """Cut empty cells beyond the header's width off, or fill the row up to it."""
    # A workbook's rows are as wide as its widest formatted row, often far beyond what anybody filled in.
    while len(row) > width and row[-1] is None:
        row.pop()
    return row + [None] * (width - len(row))


def _tabular(
    records: list[FileRecord],
    name: str,
    header: tuple[str, ...] = (),
    other_delimiter: str = "",
    aside: Aside | None = None,
) -> FileTable:
    if not records:
        raise CorpusError([Problem(name, "is empty")])
    top, first = (name, list(header)) if header else records.pop(0)
    columns = ["" if column is None else str(restored(column)).strip() for column in first]
    if limits.COLUMNS.exceeded_by(len(columns)):
        raise CorpusError([Problem(top, limits.COLUMNS.problem, limits.COLUMNS.remedy)])
    # Cells are kept by column: the second of two columns of one name would silently replace the first.
    repeated = sorted(column for column, count in Counter(columns).items() if column and count > 1)
    bad: list[_BadRow] = [
        (top, Problem(top, f"names the column {column!r} twice"), {}) for column in repeated
    ]
    ragged = _ragged(records, columns, other_delimiter)
    # One fault of the file, not one of each row.
    bad += _together(ragged) if other_delimiter else ragged
    # A header that is wrong makes every row wrong.
    _refuse(bad, name, None if repeated else aside)
    records = [record for record in records if len(record[1]) == len(columns)]
    if not records:
        raise CorpusError([Problem(name, "has a header and no rows")])
    # A column without a name is an index that some program wrote; it is left out.
    cells = {column: [fields[k] for _, fields in records] for k, column in enumerate(columns) if column}
    return FileTable(cells, [where for where, _ in records], name, other_delimiter)


def _ragged(records: Sequence[FileRecord], columns: Sequence[str], hint: str) -> list[_BadRow]:
    """Return the records with fields too many or too few: where each stands, what is wrong, its fields."""
    bad: list[_BadRow] = []
    for where, fields in records:
        if len(fields) != len(columns):
            what = f"has {counted(len(fields), 'field')}, the header {len(columns)}"
            names = [*columns, *(f"field {k + 1}" for k in range(len(columns), len(fields)))]
            cells = dict(zip(names, fields, strict=False))
            bad.append((where, Problem(where, what, hint), cells))
    return bad


def _together(ragged: Sequence[_BadRow]) -> list[_BadRow]:
    """Return the problem of the first of some rows, with the number of the others: all have one reason."""
    if len(ragged) < 2:
        return list(ragged)
    where, problem, cells = ragged[0]
    what = f"{problem.what}; {counted(len(ragged) - 1, 'more row')} do not fit the header either"
    return [(where, replace(problem, what=what), cells)]


def _records(text: str, name: str, layout: Layout, delimiter: str) -> Iterator[FileRecord]:
    """Yield each record with the line it begins on; blank lines are skipped."""
    # The limit is one of the whole process, and an article may be longer than Python's own.
    csv.field_size_limit(limits.FIELD_CHARACTERS.maximum)
    # Strict: an unclosed quotation mark is an error, not a field that swallows the rest of the file.
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
            if "field limit" in str(error):
                limit = limits.FIELD_CHARACTERS
                raise CorpusError([Problem(f"{name}:{line}", limit.problem, limit.remedy)]) from None
            advice = "a quotation mark is alone or inside a field: double it, or set quoted: false"
            hint = advice if layout.quoted and layout.settable else ""
            raise CorpusError([Problem(f"{name}:{line}", f"is not valid CSV: {error}", hint)]) from None
        # A quoted field may hold line ends: what counts is where the record begins.
        if any(fields):
            yield f"{name}:{line}", list(fields)
        line = reader.line_num + 1


def _table(cells: dict[str, list[Any]], length: int) -> pd.DataFrame:
    import pandas as pd

    # As objects: pandas would make integers with gaps floats, which lose the last digits of a tweet's id.
    columns = {key: pd.Series(values, dtype=object) for key, values in cells.items()}
    return pd.DataFrame(columns, index=range(length))
