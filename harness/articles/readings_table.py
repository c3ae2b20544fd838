"""A table that ``harness read`` wrote in, the rows that count out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from harness.articles.holders import OWN_VOICE, QUOTED
from harness.serving.inference.formats import ENDINGS, open_rows
from harness.serving.inference.text_layout import STANDARD, likely_layout
from harness.values import gold_origin
from harness.values.errors import ArticleError, ModelError, Problem, listed, suggest
from harness.values.formatting import agreeing, counted
from harness.values.labels import STANCES
from harness.values.row_files import file_format

if TYPE_CHECKING:
    import pandas as pd

Rows: TypeAlias = Union[Path, "pd.DataFrame"]
"""A file of rows, or the same in memory."""

COLUMNS = ("article", "sentence", "target", "sure", "own_voice", "stance", "text")
"""Columns that a table must have; ``outlet``, ``date`` and ``abstain`` may be missing."""

ORIGIN = "`harness read ARTICLES --output rows.csv` writes such a table, which shares are estimated from"

_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class ReadingsTable:
    """The rows of a table of readings that count.

    Attributes
    ----------
    rows : DataFrame
        ``row`` (a key: article, sentence and party), ``article``, ``outlet``, ``date``, ``week`` (the
        ISO date of its Monday, empty without a date), ``target``, ``voice`` (``own voice`` or ``quoted``),
        ``stance``, ``text``; all text. ``stance`` is empty where the model gave no answer: such a row counts
        in the whole and for no stance.
    unsure : int
        Rows that were left out because it is unsure whether the party is meant.
    abstained : frozenset of str
        The keys of the rows on which the model abstains; they count like the others.
    """

    rows: pd.DataFrame
    unsure: int
    abstained: frozenset[str] = frozenset()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a share is of, in words, where that is not simply every row of the table."""
        notes = []
        if self.abstained:
            # A share of the rows of which the model is confident would be one of easy sentences.
            rows = f"{len(self.abstained):,} of {counted(len(self.rows), 'row')}"
            notes.append(
                f"the model abstains on {rows}; a share is of all rows, so that the stance it predicts there"
                " counts, too, while harness read counts these rows apart, under abstains"
            )
        if unanswered := int((self.rows["stance"] == "").sum()):
            rows = f"{unanswered:,} of {counted(len(self.rows), 'row')}"
            notes.append(
                f"the model gave no answer for {rows}; they count in the whole and for no stance, so that"
                " shares do not sum to 100 %"
            )
        if self.unsure:
            unsure, are = counted(self.unsure, "row"), agreeing(self.unsure, "is", "are")
            notes.append(f"{unsure} {are} left out: the party may not be meant (unsure, in harness read)")
        return tuple(notes)

    @property
    def labels(self) -> list[str]:
        """The stances that occur, those of the harness first and in their order."""
        return in_order(self.rows.loc[self.rows["stance"] != "", "stance"])


def in_order(names: Iterable[str]) -> list[str]:
    """List stances once each, those of the harness first and in their order, others by name."""
    unique = set(names)
    return [name for name in STANCES if name in unique] + sorted(unique - set(STANCES))


def load_readings(path: Rows) -> ReadingsTable:
    """Load a table of readings.

    Parameters
    ----------
    path : Path or DataFrame
        CSV, TSV, JSONL or Parquet, as ``harness read`` writes them; or its table in memory. The column
        ``stance`` may be called ``label``, as in what ``harness predict`` writes.

    Raises
    ------
    ArticleError
        Where a column is missing, a row stands twice in the table, the file cannot be read, or its rows are
        no random sample (:mod:`harness.values.gold_origin`).
    """
    import pandas as pd

    rows = read_rows(path, COLUMNS, origin=ORIGIN, renamed={"stance": "label"})
    refuse_picked(rows, path, "stand for all")
    sure: list[dict[str, Any]] = []
    abstained = set()
    unsure = 0
    for row in rows:
        # An unsure mention would count a party that may not be meant.
        if not is_true(row["sure"]):
            unsure += 1
            continue
        sure.append(_row(row))
        # Earlier tables have no such column, and neither have those of other programs.
        if is_true(row.get("abstain")):
            abstained.add(sure[-1]["row"])
    if not sure:
        raise ArticleError([Problem(named(path), "has no row that counts: all mentions are unsure")])
    table = pd.DataFrame.from_records(sure)
    repeated = table["row"][table["row"].duplicated()]
    if len(repeated):
        what = f"has duplicate rows ({len(repeated):,}), such as {repeated.iloc[0]!r}"
        raise ArticleError([Problem(named(path), what, "give every article an id of its own")])
    return ReadingsTable(table, unsure, frozenset(abstained))


def read_rows(
    path: Rows, needed: Sequence[str], *, origin: str = "", renamed: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Read the rows of a file, or of a table in memory, that must have certain columns.

    Parameters
    ----------
    path : Path or DataFrame
    needed : sequence of str
        Columns.
    origin : str
        What writes such a table: whoever gives another one is told so.
    renamed : mapping, optional
        Column → what it may be called instead.

    Raises
    ------
    ArticleError
        Where the file cannot be read or has no rows, or naming every missing column.
    """
    rows = _file_rows(path) if isinstance(path, Path) else _frame_rows(path)
    if not rows:
        raise ArticleError([Problem(named(path), "has no rows")])
    rows = _renamed(rows, renamed or {})
    columns = list(rows[0])
    missing = [name for name in needed if name not in columns]
    # Of one column the name may be mistyped; of several the whole table is another one.
    if len(missing) > 1 and origin:
        what = f"has no columns {listed([repr(name) for name in missing])}"
        raise ArticleError([Problem(named(path), what, origin)])
    if missing:
        raise ArticleError(
            [Problem(named(path), f"has no column {name!r}", suggest(name, columns)) for name in missing]
        )
    return rows


def refuse_picked(rows: Iterable[Mapping[str, Any]], path: Rows, what: str) -> None:
    """Refuse rows that were picked, for what only a random sample can do.

    Raises
    ------
    ArticleError
        Saying what they cannot do, and why.
    """
    problems = gold_origin.problems_of((row.get(gold_origin.COLUMN) for row in rows), named(path), what)
    if problems:
        raise ArticleError(problems)


def _renamed(rows: list[dict[str, Any]], renamed: Mapping[str, str]) -> list[dict[str, Any]]:
    names = {other: name for name, other in renamed.items() if name not in rows[0] and other in rows[0]}
    return [{names.get(key, key): value for key, value in row.items()} for row in rows] if names else rows


def named(path: Rows) -> str:
    """Name where rows come from, for messages."""
    return str(path) if isinstance(path, Path) else "the table"


def _frame_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    # As in a file: what is unknown is empty, whatever the type of the column.
    filled = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in filled.to_dict("records")]


def _file_rows(path: Path) -> list[dict[str, Any]]:
    kind = file_format(path)
    if kind is None:
        hint = f"use one of {', '.join(ENDINGS)}"
        raise ArticleError([Problem(str(path), "has no known ending", hint)])
    # A table that was opened in Excel may come back with semicolons, or in another encoding: what it holds
    # is known, so that a guess cannot go wrong unseen.
    text = kind in ("csv", "tsv")
    layout = likely_layout(path) if text else STANDARD
    try:
        with open_rows(path, kind, _CHUNK_ROWS, layout=layout) as file:
            return [row for chunk in file.chunks for row in chunk]
    except ModelError as error:
        raise ArticleError([Problem(str(path), str(error))]) from error


def is_true(value: Any) -> bool:
    """Read a truth value that may stand in a CSV file as text."""
    return value is True or str(value).strip().lower() == "true"


def week_of(date: str) -> str:
    """Return the Monday of the week in which an ISO date lies; empty where it is no date.

    Examples
    --------
    >>> week_of("2030-05-01")
    '2030-04-29'
    """
    try:
        day = dt.date.fromisoformat(date[:10])
    except ValueError:
        return ""
    # A date rather than a number: it sorts as text, and lies on an axis of time.
    return (day - dt.timedelta(days=day.weekday())).isoformat()


def row_key(row: Mapping[str, Any]) -> str:
    """Return the key by which a labelled sample, or probabilities, are joined to their table again."""
    return f"{row['article']}#{row['sentence']}#{row['target']}"


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    date = str(row.get("date") or "")
    return {
        "row": row_key(row),
        "article": str(row["article"]),
        "outlet": str(row.get("outlet") or ""),
        "date": date,
        "week": week_of(date),
        "target": str(row["target"]),
        "voice": OWN_VOICE if is_true(row["own_voice"]) else QUOTED,
        "stance": str(row["stance"] or ""),
        "text": str(row["text"]),
    }
