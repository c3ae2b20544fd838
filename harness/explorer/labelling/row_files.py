"""A file of rows in, a labelling task out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.corpora.tabular import FileTable, Layout, read_cells
from harness.explorer.labelling.task import Codebook, LabelItem, LabelTask, Question, item_keys
from harness.values.errors import CorpusError, Problem, suggest
from harness.values.parties import EMPTY, Registry, Span
from harness.values.row_files import file_format, likely_delimiter, likely_encoding, open_binary

IDS = ("id", "row")
"""Columns that may name a row; ``row`` is that of `harness sample`."""

PREDICTED = ("prediction", "label")
"""Columns that may hold the model's label; `harness predict` writes the second."""

GROUPS = ("group", "article")
"""Columns that may say which rows belong together."""

_SAMPLED_BYTES = 2**16


@dataclass(frozen=True)
class TaskOptions:
    """What is asked of rows.

    Attributes
    ----------
    name : str
        Of the task.
    asks : tuple of {"stance", "frames"}
    codebook : Codebook
    parties : Registry
        Other names of the targets, to be marked in the texts.
    predicted : str
        The column that holds the model's label; empty for the first of :data:`PREDICTED`.
    """

    name: str
    asks: tuple[Question, ...] = ("stance",)
    codebook: Codebook = field(default_factory=Codebook)
    parties: Registry = EMPTY
    predicted: str = ""


def read_task(path: Path, options: TaskOptions) -> LabelTask:
    """Read the rows of a file.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSONL, Parquet or Excel, with a column ``text``; a stance needs ``target``, too. Optional:
        ``id`` or ``row``, ``start`` and ``end`` (offsets of the party in the text), ``group`` or ``article``,
        and a column of the model's labels.
    options : TaskOptions

    Raises
    ------
    CorpusError
        Where the file cannot be read, a column is missing, or a text is empty.
    """
    table = read_cells(path, _layout(path))
    return task_of(table, options)


def task_of(table: FileTable, options: TaskOptions) -> LabelTask:
    """Return the labelling task of a table; see :func:`read_task`."""
    cells = table.cells
    needed = ("text", "target") if "stance" in options.asks else ("text",)
    problems = [
        Problem(table.source, f"has no column {name!r}", table.column_hint or suggest(name, cells))
        for name in needed
        if name not in cells
    ]
    if options.predicted and options.predicted not in cells:
        what = f"has no column {options.predicted!r}"
        problems.append(Problem(table.source, what, suggest(options.predicted, cells)))
    problems += [
        Problem(f"{where}: text", "is empty")
        for where, text in zip(table.locations, cells.get("text", ()), strict=False)
        if not _text(text).strip()
    ]
    if problems:
        raise CorpusError(problems)
    rows = [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]
    id_, group = _first(IDS, cells), _first(GROUPS, cells)
    predicted = options.predicted or _first(PREDICTED, cells)
    targets = [_text(row.get("target")) if "stance" in options.asks else "" for row in rows]
    keys = item_keys(
        [(_text(row.get(id_)), _text(row["text"]), target) for row, target in zip(rows, targets, strict=True)]
    )
    items = tuple(
        LabelItem(
            key,
            _text(row["text"]),
            target,
            _spans(row, target, options.parties),
            row,
            _text(row.get(predicted)),
            _text(row.get(group)) or key,
        )
        for key, row, target in zip(keys, rows, targets, strict=True)
    )
    return LabelTask(options.name, items, tuple(cells), options.asks, options.codebook)


def _spans(row: Mapping[str, Any], target: str, parties: Registry) -> tuple[Span, ...]:
    """Return where a text names its target: as the row says, or else by the names of the party."""
    text = _text(row["text"])
    try:
        start, end = int(row["start"]), int(row["end"])
    except (KeyError, TypeError, ValueError):
        start = end = -1
    if 0 <= start < end <= len(text):
        return ((start, end),)
    return parties.spans(text, target) if target else ()


def _layout(path: Path) -> Layout:
    """Guess how a text table was saved: a spreadsheet program may have written it anew."""
    if file_format(path) not in ("csv", "tsv") or not path.is_file():
        return Layout()
    with open_binary(path) as handle:
        data = handle.read(_SAMPLED_BYTES)
    encoding = likely_encoding(data)
    return Layout(
        encoding=encoding, delimiter=likely_delimiter(data.decode(encoding, "replace").lstrip("\ufeff"))
    )


def _first(names: Sequence[str], cells: Mapping[str, Any]) -> str:
    return next((name for name in names if name in cells), "")


def _text(value: Any) -> str:
    return "" if value is None else str(value)
