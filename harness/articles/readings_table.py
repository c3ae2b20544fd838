"""A table that ``harness read`` wrote in, its rows as far as they count out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.serving.inference.formats import format_of, reading
from harness.values.errors import ArticleError, ModelError, Problem, suggest

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("article", "sentence", "target", "sure", "own_voice", "stance", "text")
KEPT = (*NEEDED, "outlet", "date")
OWN, QUOTED = "own voice", "quoted"
CHUNK = 4096


@dataclass(frozen=True)
class ReadingsTable:
    """Rows of articles.

    Attributes
    ----------
    rows : DataFrame
        ``row`` (a key: article, sentence and party), ``article``, ``outlet``, ``date``, ``week`` (the
        ISO date of its Monday, empty without a date), ``target``, ``voice`` (``own voice`` or ``quoted``),
        ``stance``, ``text``.
    unsure : int
        Rows left out because it is unsure whether the party is meant.
    """

    rows: pd.DataFrame
    unsure: int

    @property
    def labels(self) -> list[str]:
        """The stances that occur, those known to the harness in their order."""
        return in_order(self.rows["stance"])


def in_order(names: Iterable[str]) -> list[str]:
    """List labels once each, those known to the harness first and in their order."""
    from harness.values.labels import STANCES

    found = set(names)
    return [name for name in STANCES if name in found] + sorted(found - set(STANCES))


def load_readings(path: Path) -> ReadingsTable:
    """Read a table of readings.

    Raises
    ------
    ArticleError
        Where a column is missing, a row stands there twice, or the file cannot be read.
    """
    import pandas as pd

    kept: list[dict[str, Any]] = []
    unsure = 0
    for row in rows_of(path, NEEDED):
        if not is_true(row["sure"]):
            unsure += 1
        else:
            kept.append(_row(row))
    if not kept:
        raise ArticleError([Problem(str(path), "holds no row that counts")])
    table = pd.DataFrame.from_records(kept)
    twice = table["row"][table["row"].duplicated()]
    if len(twice):
        what = f"has {len(twice):,} rows twice, as {twice.iloc[0]!r}"
        raise ArticleError([Problem(str(path), what, "give every article an id of its own")])
    return ReadingsTable(table, unsure)


def rows_of(path: Path, needed: Sequence[str]) -> list[dict[str, Any]]:
    """Read a file of rows that has some columns.

    Raises
    ------
    ArticleError
        Naming every missing column.
    """
    try:
        with reading(path, format_of(path), CHUNK) as found:
            rows = [row for chunk in found.chunks for row in chunk]
    except ModelError as error:
        raise ArticleError([Problem(str(path), str(error).removeprefix(f"{path}: "))]) from error
    if not rows:
        raise ArticleError([Problem(str(path), "holds no rows")])
    known = list(rows[0])
    problems = [
        Problem(str(path), f"has no column {name!r}", suggest(name, known))
        for name in needed
        if name not in known
    ]
    if problems:
        raise ArticleError(problems)
    return rows


def is_true(value: Any) -> bool:
    """Read a truth value that may stand in a CSV file as text."""
    return value is True or str(value).strip().lower() == "true"


def week_of(date: str) -> str:
    """Return the Monday of a day's week.

    Examples
    --------
    >>> week_of("2030-05-01")
    '2030-04-29'
    """
    try:
        day = dt.date.fromisoformat(date[:10])
    except ValueError:
        return ""
    return (day - dt.timedelta(days=day.weekday())).isoformat()


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    date = str(row.get("date") or "")
    return {
        "row": f"{row['article']}#{row['sentence']}#{row['target']}",
        "article": str(row["article"]),
        "outlet": str(row.get("outlet") or ""),
        "date": date,
        "week": week_of(date),
        "target": str(row["target"]),
        "voice": OWN if is_true(row["own_voice"]) else QUOTED,
        "stance": str(row["stance"]),
        "text": str(row["text"]),
    }
