"""Readings and a labelled sample in, the share of every stance by party, outlet and week out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.articles.readings import OWN, QUOTED, Readings, in_order, rows_of
from harness.scoring.statistics.difference import (
    UNKNOWN,
    Counted,
    Drawn,
    Estimate,
    corrected_share,
    naive_share,
)
from harness.values.errors import ArticleError, Problem, suggest
from harness.values.labels import STANCES
from harness.values.minimums import MIN_GOLD_ROWS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BY = ("target", "outlet", "week")
VOICES = ("all", OWN, QUOTED)
_TOLERANCE = 0.02
_VOICE = {"own": OWN, "own voice": OWN, "writer": OWN, "quoted": QUOTED, "quote": QUOTED}


@dataclass(frozen=True)
class Gold:
    """The labelled rows of a sample.

    Attributes
    ----------
    rows : DataFrame
        Of :class:`Readings`, with ``gold``, ``gold_voice``, ``pi`` and ``stratum`` added.
    notes : tuple of str
        What a reader of the shares should know.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """The share of a stance in a group of rows.

    Attributes
    ----------
    group : dict
        ``target`` and what else was asked for.
    voice : str
        ``own voice``, ``quoted``, or ``all``.
    label : str
    n, n_gold : int
        Rows, and labelled rows among them.
    naive, corrected : Estimate
        The second is NaN throughout where too few rows are labelled.
    """

    group: dict[str, str]
    voice: str
    label: str
    n: int
    n_gold: int
    naive: Estimate
    corrected: Estimate = UNKNOWN


def read_gold(path: Path, readings: Readings) -> Gold:
    """Read a sample that was labelled.

    Parameters
    ----------
    path : Path
        As ``harness sample`` wrote it, with ``gold`` filled in, and where you like ``gold_voice`` (``own`` or
        ``quoted``). Rows left empty count as not drawn: the others of their stratum stand in for them.
    readings : Readings
        The table it was drawn from.

    Raises
    ------
    ArticleError
        With every row that cannot be used, or where the sample is not of this table.
    """
    import pandas as pd

    rows = rows_of(path, ("row", "pi", "stratum", "gold"))
    known = readings.rows.set_index("row")
    labels = in_order([*STANCES, *readings.labels])
    problems = [
        problem
        for number, row in enumerate(rows, start=2)
        for problem in _faults(f"{path}:{number}", row, known, labels)
    ]
    keys = [row["row"] for row in rows]
    if len(set(keys)) < len(keys):
        problems.append(Problem(str(path), "has a row twice"))
    if problems:
        raise ArticleError(problems[:20])
    table = pd.DataFrame(
        {
            "row": keys,
            "pi": [float(row["pi"]) for row in rows],
            "stratum": [str(row["stratum"]) for row in rows],
            "gold": [str(row["gold"] or "").strip() for row in rows],
            "gold_voice": [_VOICE.get(str(row.get("gold_voice") or "").strip().lower(), "") for row in rows],
        }
    )
    total = float((1 / table["pi"]).sum())
    if abs(total / len(known) - 1) > _TOLERANCE:
        what = f"stands for {total:,.0f} rows, and the table has {len(known):,}"
        raise ArticleError(
            [Problem(str(path), what, "it was drawn from another table, or rows were deleted")]
        )
    return _labelled(table, known)


def _faults(place: str, row: dict[str, Any], known: pd.DataFrame, labels: Sequence[str]) -> Iterator[Problem]:
    if row["row"] not in known.index:
        yield Problem(f"{place}: row", f"is not in the table: {row['row']!r}")
    try:
        inside = 0 < float(row["pi"]) <= 1
    except (TypeError, ValueError):
        inside = False
    if not inside:
        yield Problem(f"{place}: pi", f"should be above 0 and at most 1, got {row['pi']!r}")
    gold = str(row["gold"] or "").strip()
    if gold and gold not in labels:
        yield Problem(f"{place}: gold", f"unknown label {gold!r}", suggest(gold, labels))
    voice = str(row.get("gold_voice") or "").strip().lower()
    if voice and voice not in _VOICE:
        yield Problem(f"{place}: gold_voice", f"unknown voice {voice!r}", "known: own, quoted")


def _labelled(table: pd.DataFrame, known: pd.DataFrame) -> Gold:
    """Keep the labelled rows, each standing for those of its stratum that were not labelled too."""
    notes = []
    done = table[table["gold"] != ""]
    if done.empty:
        raise ArticleError([Problem("gold", "no row is labelled", "fill in the column gold")])
    drawn, answered = table["stratum"].value_counts(), done["stratum"].value_counts()
    lost = sorted(set(drawn.index) - set(answered.index))
    if lost:
        notes.append(f"no row is labelled of {', '.join(lost)}: nothing is corrected there")
    rate = done["stratum"].map(answered / drawn)
    if len(done) < len(table):
        blank = len(table) - len(done)
        notes.append(f"{blank:,} of {len(table):,} rows are not labelled; the others stand in for them")
    kept = done.assign(pi=done["pi"] * rate).join(known, on="row")
    if (kept["gold_voice"] != "").any() and (kept["gold_voice"] == "").any():
        notes.append("gold_voice is filled in for some rows only: for the others the rules' guess is taken")
    voices = kept["gold_voice"].where(kept["gold_voice"] != "", kept["voice"])
    return Gold(kept.assign(gold_voice=voices).reset_index(drop=True), tuple(notes))


def shares(readings: Readings, gold: Gold | None = None, *, by: Sequence[str] = BY) -> list[Share]:
    """Estimate shares of stances.

    Parameters
    ----------
    readings : Readings
    gold : Gold, optional
        Left out, shares are naive.
    by : sequence of str
        Of ``target``, ``outlet``, ``week``.

    Returns
    -------
    list of Share
        One a group, voice and stance; groups in rising order. The corrected interval is over these very rows.

    Raises
    ------
    ArticleError
        Where ``by`` names something else.
    """
    wrong = [Problem("by", f"cannot group by {name!r}", suggest(name, BY)) for name in by if name not in BY]
    if wrong or not by:
        raise ArticleError(wrong or [Problem("by", "names nothing", f"use one of {', '.join(BY)}")])
    sample = None if gold is None else _Sample.of(gold)
    labels = readings.labels if gold is None else in_order([*readings.labels, *gold.rows["gold"]])
    made: list[Share] = []
    for names, group in readings.rows.groupby(list(by), sort=True):
        key = dict(zip(by, map(str, names), strict=True))
        inside = None if sample is None else sample.inside(key)
        voices, stances = group["voice"].to_numpy(dtype=object), group["stance"].to_numpy(dtype=object)
        for voice in VOICES:
            said = stances if voice == "all" else stances[voices == voice]
            for label in labels:
                part, whole = int((said == label).sum()), len(said)
                n_gold, corrected = 0, UNKNOWN
                if sample is not None:
                    counted = sample.counted(inside, voice, label)
                    n_gold = int(counted.whole.sum())
                    if n_gold >= MIN_GOLD_ROWS:
                        corrected = corrected_share(part, whole, counted, sample.drawn)
                made.append(Share(key, voice, label, whole, n_gold, naive_share(part, whole), corrected))
    return made


def remarks(found: Sequence[Share], gold: Gold | None) -> tuple[str, ...]:
    """Say what a reader of shares should know: of the sample, and where nothing is corrected."""
    if gold is None:
        return ("without a labelled sample, shares are naive",)
    whole = [one for one in found if one.voice == "all"]
    groups = {tuple(one.group.values()) for one in whole}
    few = {tuple(one.group.values()) for one in whole if one.n_gold < MIN_GOLD_ROWS}
    if not few:
        return gold.notes
    what = f"in {len(few):,} of {len(groups):,} groups fewer than {MIN_GOLD_ROWS} rows are labelled"
    return (*gold.notes, f"{what}, so nothing is corrected there: label more, or group by less")


@dataclass(frozen=True)
class _Sample:
    """The labelled rows as arrays, ``(n,)``."""

    columns: dict[str, NDArray[np.object_]]
    drawn: Drawn

    @classmethod
    def of(cls, gold: Gold) -> _Sample:
        import pandas as pd

        rows = gold.rows
        codes = pd.factorize(rows["stratum"])[0]
        names = (*BY, "voice", "gold_voice", "stance", "gold")
        columns = {name: rows[name].to_numpy(dtype=object) for name in names}
        return cls(columns, Drawn(rows["pi"].to_numpy(dtype=float), codes))

    def inside(self, key: dict[str, str]) -> NDArray[np.bool_]:
        """Say which rows are of a group."""
        found = np.ones(len(self.drawn.pi), dtype=bool)
        for name, value in key.items():
            found &= self.columns[name] == value
        return found

    def counted(self, inside: Any, voice: str, label: str) -> Counted:
        """Say which rows have a voice and a label, as labelled and as predicted."""
        said = true = inside
        if voice != "all":
            said, true = (
                inside & (self.columns["voice"] == voice),
                inside & (self.columns["gold_voice"] == voice),
            )
        part, part_said = true & (self.columns["gold"] == label), said & (self.columns["stance"] == label)
        return Counted(*(one.astype(float) for one in (part, true, part_said, said)))
