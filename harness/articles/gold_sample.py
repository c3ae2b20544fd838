"""A sample that was labelled by hand in; its rows, weighted, and which of them are in a group, out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.holders import OWN_VOICE, QUOTED
from harness.articles.readings_table import ReadingsTable, in_order, read_rows, refuse_picked
from harness.scoring.statistics.corrected_share import SampleCounts
from harness.scoring.statistics.sample_design import SampleDesign
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.formatting import counted
from harness.values.labels import STANCES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

ORIGIN = "`harness sample rows.csv --output gold.csv` draws such a table"

BOTH_VOICES = "all"

MAX_LISTED_PROBLEMS = 20

# How far the weights may miss the size of the table: by rounding in a spreadsheet, not by deleted rows.
_TOLERANCE = 0.02
_VOICE = {
    "own": OWN_VOICE,
    "own voice": OWN_VOICE,
    "writer": OWN_VOICE,
    "quoted": QUOTED,
    "quote": QUOTED,
}


@dataclass(frozen=True)
class Gold:
    """The labelled rows of a sample.

    Attributes
    ----------
    rows : DataFrame
        Of :class:`ReadingsTable`, with ``gold``, ``gold_voice``, ``pi`` and ``stratum`` added.
    notes : tuple of str
        Limitations that a reader of the shares should know.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...] = ()


def read_gold(path: Path, readings: ReadingsTable) -> Gold:
    """Read a sample that was labelled by hand.

    Parameters
    ----------
    path : Path
        As ``harness sample`` wrote it, with ``gold`` filled in, and optionally ``gold_voice`` (``own`` or
        ``quoted``). Rows without a label count as not drawn: the others of their stratum are weighted up.
    readings : ReadingsTable
        The table it was drawn from.

    Raises
    ------
    ArticleError
        With the first :data:`MAX_LISTED_PROBLEMS` rows that cannot be used, or where the sample was not drawn
        from this table, or not at random (:mod:`harness.values.gold_origin`).
    """
    import pandas as pd

    rows = read_rows(path, ("row", "pi", "stratum", "gold"), origin=ORIGIN)
    refuse_picked(rows, path, "correct shares")
    by_key = readings.rows.set_index("row")
    labels = in_order([*STANCES, *readings.labels])
    problems = [
        problem
        for number, row in enumerate(rows, start=2)
        for problem in _problems(f"{path}:{number}", row, by_key, labels)
    ]
    keys = [row["row"] for row in rows]
    if len(set(keys)) < len(keys):
        problems.append(Problem(str(path), "has duplicate rows"))
    if problems:
        # A wrong column makes every row wrong; twenty show that.
        raise ArticleError(problems[:MAX_LISTED_PROBLEMS])
    table = pd.DataFrame(
        {
            "row": keys,
            "pi": [_decimal(row["pi"]) for row in rows],
            "stratum": [str(row["stratum"]) for row in rows],
            "gold": [str(row["gold"] or "").strip() for row in rows],
            "gold_voice": [_VOICE.get(str(row.get("gold_voice") or "").strip().lower(), "") for row in rows],
        }
    )
    # The weights of a probability sample add up to the rows that it was drawn from.
    total = float((1 / table["pi"]).sum())
    if abs(total / len(by_key) - 1) > _TOLERANCE:
        what = f"represents {total:,.0f} rows, and the table has {len(by_key):,}"
        raise ArticleError(
            [Problem(str(path), what, "it was drawn from another table, or rows were deleted")]
        )
    return labelled_gold(table, by_key)


def _decimal(value: Any) -> float:
    """Read a number, with a decimal comma too: Excel writes one where the language of the machine has it."""
    return float(value.strip().replace(",", ".") if isinstance(value, str) else value)


def _problems(
    where: str, row: dict[str, Any], by_key: pd.DataFrame, labels: Sequence[str]
) -> Iterator[Problem]:
    """Yield what is wrong with a row of a labelled sample."""
    if row["row"] not in by_key.index:
        yield Problem(f"{where}: row", f"is not in the table: {row['row']!r}")
    try:
        is_probability = 0 < _decimal(row["pi"]) <= 1
    except (TypeError, ValueError):
        is_probability = False
    if not is_probability:
        yield Problem(f"{where}: pi", f"should be above 0 and at most 1, got {row['pi']!r}")
    gold = str(row["gold"] or "").strip()
    if gold and gold not in labels:
        yield Problem(f"{where}: gold", f"unknown label {gold!r}", suggest(gold, labels))
    voice = str(row.get("gold_voice") or "").strip().lower()
    if voice and voice not in _VOICE:
        yield Problem(f"{where}: gold_voice", f"unknown voice {voice!r}", "known: own, quoted")


def labelled_gold(table: pd.DataFrame, by_key: pd.DataFrame) -> Gold:
    """Return the labelled rows, weighted up for those of their stratum that were not labelled.

    Parameters
    ----------
    table : DataFrame
        A sample: ``row``, ``pi``, ``stratum``, ``gold``, ``gold_voice``; empty where there is no label.
    by_key : DataFrame
        The rows of :class:`ReadingsTable` that it was drawn from, indexed by ``row``.

    Raises
    ------
    ArticleError
        Where no row is labelled.

    Notes
    -----
    That is unbiased if the rows that were skipped are not special; the notes say how many there are.
    """
    notes = []
    labelled = table[table["gold"] != ""]
    if labelled.empty:
        raise ArticleError([Problem("gold", "no row is labelled", "fill in the column gold")])
    drawn, answered = table["stratum"].value_counts(), labelled["stratum"].value_counts()
    unanswered = sorted(set(drawn.index) - set(answered.index))
    if unanswered:
        notes.append(f"no row of {', '.join(unanswered)} is labelled: shares are not corrected there")
    # Within a stratum the rows that were labelled are a simple random sample of those drawn.
    rate = labelled["stratum"].map(answered / drawn)
    if len(labelled) < len(table):
        blank = len(table) - len(labelled)
        notes.append(
            f"{blank:,} of {counted(len(table), 'row')} have no label; the others are weighted up for them"
        )
    rows = labelled.assign(pi=labelled["pi"] * rate).join(by_key, on="row")
    if (rows["gold_voice"] != "").any() and (rows["gold_voice"] == "").any():
        notes.append("gold_voice is filled in for some rows only; for the others the predicted voice is used")
    voices = rows["gold_voice"].where(rows["gold_voice"] != "", rows["voice"])
    return Gold(rows.assign(gold_voice=voices).reset_index(drop=True), tuple(notes))


@dataclass(frozen=True)
class LabelledSample:
    """The labelled rows as arrays, ``(n,)``."""

    columns: dict[str, NDArray[np.object_]]
    design: SampleDesign

    @classmethod
    def of(cls, gold: Gold, by: Sequence[str], articles: pd.Index) -> LabelledSample:
        """Take the columns of a labelled sample.

        Parameters
        ----------
        gold : Gold
        by : sequence of str
            Columns that make groups.
        articles : Index
            Articles of the table: positions in it are their codes.
        """
        import pandas as pd

        rows = gold.rows
        # Arrays, not a table: masks are taken for every group, of which there may be thousands.
        names = (*by, "voice", "gold_voice", "stance", "gold")
        columns = {name: rows[name].to_numpy(dtype=object) for name in names}
        # A number that says nothing of a row's label, and does not change with the order of the file.
        keys = [hashlib.blake2b(str(key).encode(), digest_size=6).digest() for key in rows["row"]]
        order = np.array([int.from_bytes(key, "big") for key in keys], dtype=float)
        codes = np.asarray(pd.factorize(rows["stratum"])[0], dtype=np.int64)
        article = np.asarray(articles.get_indexer(pd.Index(rows["article"])), dtype=np.int64)
        pi = rows["pi"].to_numpy(dtype=float)
        return cls(columns, SampleDesign.of(pi, codes, order=order, article=article))

    def inside(self, key: dict[str, str]) -> Mask:
        """Return which rows are of a group: a mask, ``(n,)``."""
        mask = np.ones(len(self.design.pi), dtype=bool)
        for name, value in key.items():
            mask &= self.columns[name] == value
        return mask

    def counted(self, inside: Mask, voice: str, label: str) -> SampleCounts:
        """Return which rows have a voice and a label, as labelled by hand and as predicted."""
        predicted = true = inside
        if voice != BOTH_VOICES:
            predicted, true = (
                inside & (self.columns["voice"] == voice),
                inside & (self.columns["gold_voice"] == voice),
            )
        part = true & (self.columns["gold"] == label)
        part_predicted = predicted & (self.columns["stance"] == label)
        return SampleCounts(
            part.astype(float),
            true.astype(float),
            part_predicted.astype(float),
            predicted.astype(float),
            inside,
        )
