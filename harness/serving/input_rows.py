"""Rows to label in, checked examples out; every problem with its row and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.classifiers.protocol import Example
from harness.values.errors import ModelError, abbreviate
from harness.values.labels import Task
from harness.values.parties import Registry, Span

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("text", "target", "target_start", "target_end", "holder")
"""What a model reads of a row; a framing model reads the text alone."""

MAX_LISTED = 10
"""Problems that a message lists; of more it gives the number."""


@dataclass
class AbsentTargets:
    """Counts the rows whose target occurs in their text under no name; training notes the same of a corpus.

    Attributes
    ----------
    rows : int
        Rows with a target.
    absent : int
        Those of them whose text does not name it.
    first : str
        The first target that is absent.
    """

    rows: int = 0
    absent: int = 0
    first: str = ""

    def reset(self) -> None:
        """Begin again, for another file."""
        self.rows, self.absent, self.first = 0, 0, ""

    def add(self, items: Sequence[Example]) -> None:
        """Count examples; those without a target count nowhere."""
        for item in items:
            if item.target is None:
                continue
            self.rows += 1
            if not item.spans:
                self.absent += 1
                self.first = self.first or item.target

    @property
    def note(self) -> str:
        """What a reader of the labels should know; empty where every target occurs."""
        if not self.absent:
            return ""
        return (
            f"{self.absent:,} of {self.rows:,} targets do not occur in their text by name, the first"
            f" {self.first!r}: the model reads them beside the text, and its labels there say little"
        )


def examples(rows: pd.DataFrame, task: Task, parties: Registry, *, first: int = 1) -> list[Example]:
    """Turn input rows into examples.

    Parameters
    ----------
    rows : DataFrame
        ``text``; for stance also ``target``, and optionally ``target_start``, ``target_end`` (characters, the
        end exclusive) and ``holder``. Other columns are ignored; framing ignores all but ``text``.
    task : {"stance", "framing"}
    parties : Registry
        Whose names and aliases a target without a span is searched by. A target that is an alias of exactly
        one party stands for that party.
    first : int
        Number of the first row in messages.

    Returns
    -------
    list of Example
        One a row, in order.

    Raises
    ------
    ModelError
        Naming every missing column, or the first ten unusable rows and the number of the others.
    """
    missing = [name for name in needed_columns(task) if name not in rows.columns]
    if missing:
        present = ", ".join(map(repr, rows.columns)) or "none"
        columns = "column" if len(missing) == 1 else "columns"
        raise ModelError(
            f"the input lacks the {columns} {' and '.join(map(repr, missing))}; it has {present}"
        )
    names = _canonical_names(parties)
    values = [_values(rows, name) for name in (COLUMNS if task == "stance" else COLUMNS[:1])]
    problems: list[str] = []
    items: list[Example] = []
    for number, cells in enumerate(zip(*values, strict=True), start=first):
        # A framing model reads the first column alone.
        row = dict(zip(COLUMNS, cells, strict=False))
        row_problems = list(_problems(row, task))
        if row_problems:
            problems += [f"row {number}: {problem}" for problem in row_problems]
        else:
            items.append(_example(row, parties, names))
    if problems:
        raise ModelError(_listed(problems))
    return items


def needed_columns(task: Task) -> tuple[str, ...]:
    """Return the columns that rows must have."""
    return ("text", "target") if task == "stance" else ("text",)


def row_problems(rows: pd.DataFrame, task: Task) -> list[str]:
    """Say of each row why it cannot be labelled; an empty text where it can.

    Parameters
    ----------
    rows : DataFrame
        With the columns of :func:`needed_columns`; see :func:`examples`.
    task : {"stance", "framing"}
    """
    values = [_values(rows, name) for name in (COLUMNS if task == "stance" else COLUMNS[:1])]
    return [
        "; ".join(_problems(dict(zip(COLUMNS, cells, strict=False)), task))
        for cells in zip(*values, strict=True)
    ]


def _listed(problems: Sequence[str]) -> str:
    parts = list(problems[:MAX_LISTED])
    if len(problems) > MAX_LISTED:
        parts.append(f"and {len(problems) - MAX_LISTED} more")
    return "the input cannot be labelled: " + "; ".join(parts)


def _problems(row: Mapping[str, Any], task: Task) -> Iterator[str]:
    for name in needed_columns(task):
        value = row[name]
        if value is None:
            yield f"{name} is missing"
        elif not isinstance(value, str):
            yield f"{name} should be text, got {abbreviate(value)}"
        elif not value.strip():
            yield f"{name} is empty"
    holder = row.get("holder")
    if holder is not None and not isinstance(holder, str):
        yield f"holder should be text, got {abbreviate(holder)}"
    start, end, text = row.get("target_start"), row.get("target_end"), row["text"]
    if start is None and end is None:
        return
    if start is None or end is None:
        yield "only one of target_start and target_end is set; give both or neither"
    elif not (_is_offset(start) and _is_offset(end)):
        both = f"{abbreviate(start)} and {abbreviate(end)}"
        yield f"target_start and target_end should be whole numbers, got {both}"
    elif isinstance(text, str) and not 0 <= start < end <= len(text):
        yield f"the span {int(start)}:{int(end)} is not within the text of {len(text)} characters"


def _is_offset(value: Any) -> bool:
    # pandas turns a column of integers with gaps into floats, so that 5.0 is a good offset too.
    # A whole number may be too large for a float.
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _example(row: Mapping[str, Any], parties: Registry, names: Mapping[str, str]) -> Example:
    text, target = row["text"], row.get("target")
    if target is None:
        return Example(text)
    start, end = row["target_start"], row["target_end"]
    spans: tuple[Span, ...]
    if start is not None and end is not None:
        spans = ((int(start), int(end)),)
    else:
        # All mentions, as in training: a name may stand in a sentence more than once.
        spans = parties.spans(text, names.get(_name_key(target), target))
    return Example(text, target, spans, row["holder"])


def _name_key(name: str) -> str:
    # Here, not above: what a served model imports is counted, and a framing model searches for no name.
    from harness.values.parties.folding import name_key

    return name_key(name)


def _canonical_names(parties: Registry) -> dict[str, str]:
    """Map the key of every form that names exactly one party to that party's name."""
    owners: dict[str, set[str]] = {}
    for party in parties.parties:
        for form in party.surfaces:
            owners.setdefault(_name_key(form), set()).add(party.name)
    return {form: min(names) for form, names in owners.items() if len(names) == 1}


def _values(rows: pd.DataFrame, name: str) -> list[Any]:
    if name not in rows.columns:
        return [None] * len(rows)
    if list(rows.columns).count(name) > 1:
        raise ModelError(f"the input has the column {name!r} more than once")
    # Every kind of missing value (NaN, NaT, pd.NA) becomes None.
    values = rows[name].astype(object)
    return [
        # A Python value: messages show 3.0, not np.float64(3.0), and isinstance(value, int) holds.
        value.item() if hasattr(value, "item") else value
        for value in values.where(values.notna(), None).tolist()
    ]
