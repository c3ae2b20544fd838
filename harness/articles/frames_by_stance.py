"""A file that was labelled with stance and frames in, how each party is framed in it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.scoring.crosstab import CrossTable, cross_tables
from harness.serving.inference.formats import Row, format_of, reading
from harness.values.errors import ModelError, suggest
from harness.values.labels import NO_FRAME, STANCES

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 4096
SEPARATOR = "|"


def frames_by_stance(source: Path, *, group: str = "") -> tuple[tuple[CrossTable, ...], int]:
    """Cross frames with stance, party by party, in a file that two models labelled together.

    Parameters
    ----------
    source : Path
        With the columns ``target``, ``stance`` and ``frames``, as ``harness predict --frames`` writes them.
        Rows on which either model abstains are left out.
    group : str
        The column that says which rows stand in one article; left out, rows with one text stand together.

    Returns
    -------
    tuple of CrossTable
        See :func:`harness.scoring.crosstab.cross_tables`; nothing is true, everything is given.
    int
        How many rows were left out.

    Raises
    ------
    ModelError
        Where a column is missing, or the file cannot be read.
    """
    try:
        with reading(source, format_of(source), CHUNK) as rows:
            found = [row for chunk in rows.chunks for row in _kept(chunk, group)]
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error
    left_out = sum(row is None for row in found)
    table = _table([row for row in found if row is not None])
    occurring = set(table["given_stance"])
    stances = [name for name in STANCES if name in occurring]
    frames = sorted({name for names in table["given_frames"] for name in names} - {NO_FRAME})
    return cross_tables(table, frames, stances + sorted(occurring - set(stances))), left_out


def _kept(chunk: Sequence[Row], group: str) -> list[Row | None]:
    """Return mentions, None for a row on which a model abstained."""
    wanted = ["target", "stance", "frames", *([group] if group else ["text"])]
    for name in wanted:
        if name not in chunk[0]:
            raise ModelError(f"has no column {name!r}; {suggest(name, map(str, chunk[0]))}")
    return [
        None
        if any(_yes(row.get(name)) for name in ("abstain", "frames_abstain"))
        else {
            "party": row["target"],
            "group": row[group or "text"] or None,
            "given_stance": row["stance"],
            "given_frames": tuple(name for name in (row["frames"] or "").split(SEPARATOR) if name),
        }
        for row in chunk
    ]


def _yes(value: Any) -> bool:
    return value is True or str(value).strip().lower() == "true"


def _table(rows: Sequence[Row]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame.from_records(rows, columns=["party", "group", "given_stance", "given_frames"])
