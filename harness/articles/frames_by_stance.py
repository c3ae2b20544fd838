"""A file that was labelled with stance and frames in, how each party is framed in it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.articles.labelled_articles import SEPARATOR
from harness.articles.readings_table import in_order, is_true
from harness.scoring.crosstab import CrossTable, as_table, cross_tables
from harness.serving.inference.formats import FileRow, format_of, open_rows
from harness.values import gold_origin
from harness.values.errors import ArticleError, ModelError, listed, suggest
from harness.values.labels import NO_FRAME
from harness.values.outputs import write_text
from harness.values.spreadsheets import frame_text

if TYPE_CHECKING:
    import pandas as pd

_CHUNK_ROWS = 4096


def frames_by_stance(
    path: Path, *, group: str = "", output: Path | None = None, raw: bool = False
) -> tuple[tuple[CrossTable, ...], int]:
    """Cross frames with stance, party by party, in a file that two models labelled together.

    Parameters
    ----------
    path : Path
        With the columns ``target``, ``label`` and ``frames``, as ``harness predict --frames`` writes them;
        earlier versions wrote ``stance`` for ``label``. Frames in ``frames_unsure`` count, too. Rows on which
        either model abstains are left out.
    group : str
        The column that says which rows are from one article; left out, rows with the same text are.
    output : Path, optional
        CSV file for the tables of all parties.
    raw : bool
        Whether cells are written as they are, see :mod:`harness.values.spreadsheets`.

    Returns
    -------
    tuple of CrossTable
        See :func:`harness.scoring.crosstab.cross_tables`; there are predicted shares only, no true ones.
    int
        How many rows were left out.

    Raises
    ------
    ModelError
        Where a column is missing, or the file cannot be read.
    ArticleError
        Where its rows are no random sample (:mod:`harness.values.gold_origin`).
    """
    file_format = format_of(path)
    mentions: list[FileRow | None] = []
    picks: list[Any] = []
    try:
        with open_rows(path, file_format, _CHUNK_ROWS) as file:
            for chunk in file.chunks:
                mentions += _mentions(chunk, group)
                picks += [row.get(gold_origin.COLUMN) for row in chunk]
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    if problems := gold_origin.problems_of(picks, str(path), "show how a party is framed"):
        raise ArticleError(problems)
    table = _table([mention for mention in mentions if mention is not None])
    stances = in_order(table["given_stance"])
    frames = sorted({name for names in table["given_frames"] for name in names} - {NO_FRAME})
    abstained = sum(mention is None for mention in mentions)
    tables = cross_tables(table, frames, stances)
    if output is not None:
        write_text(output, frame_text(as_table(tables), raw=raw))
    return tables, abstained


def _mentions(chunk: Sequence[FileRow], group: str) -> list[FileRow | None]:
    """Return the mention in each row, None where a model abstained."""
    stance = "label" if "label" in chunk[0] or "stance" not in chunk[0] else "stance"
    missing = [name for name in ("target", stance, "frames", group or "text") if name not in chunk[0]]
    if missing:
        raise ModelError("; ".join(_mend(name, group, chunk[0]) for name in missing))
    # A model that abstains says nothing of the row, so that it belongs to no cell of the table.
    return [
        None
        if any(is_true(row.get(name)) for name in ("abstain", "frames_abstain"))
        else {
            "party": row["target"],
            # None, not an empty name: rows without an article would count as one article together.
            "group": row[group or "text"] or None,
            "given_stance": row[stance],
            # Unsure ones, too: a table without them would take their rows for rows without a frame.
            "given_frames": tuple(
                name
                for column in ("frames", "frames_unsure")
                for name in (row.get(column) or "").split(SEPARATOR)
                if name
            ),
        }
        for row in chunk
    ]


def _mend(name: str, group: str, row: FileRow) -> str:
    """Say that a column is missing, and how the file gets it."""
    columns = [str(column) for column in row]
    # The label was called stance once, and may be misspelt as that.
    near = [suggest(word, columns) for word in ((name, "stance") if name == "label" else (name,))]
    misspelt = next((hint for hint in near if hint.startswith("did you mean")), "")
    # The text stands in for the article, which --group names: a similar heading means something else.
    if (misspelt and name != "text") or (group and name == group):
        return f"has no column {name!r}; {misspelt or near[0]}"
    ways = {
        "label": "label it with a stance model: harness predict --model models:/stance@champion",
        "frames": "label it with both models: harness predict --frames models:/framing@champion",
        "target": "rename the column of the party; the file has " + listed(columns),
    }
    otherwise = f"name the column of the article with --group; the file has {listed(columns)}"
    return f"has no column {name!r}; {ways.get(name, otherwise)}"


def _table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame.from_records(rows, columns=["party", "group", "given_stance", "given_frames"])
