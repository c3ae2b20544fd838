"""Mentions of parties with stance and frames in; for each party a frame × stance table with intervals out.

A mention is a (sentence, party) pair: the sentence's frames and its stance toward that party. Each share is a
share of all mentions of the party. Gold and predicted labels are counted on the same mentions and resampled
together by article, so that the difference of the two shares has an interval of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import effective_number
from harness.scoring.limitations import few_groups_limitation
from harness.scoring.statistics.bootstrap import bootstrap, by_cluster, interval
from harness.values.labels import NO_FRAME
from harness.values.minimums import MIN_CLUSTERS, MIN_ITEMS, MIN_PARTY_MENTIONS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

ALL = "all"
"""Row and column of the margins: mentions with any frame, or any stance."""

EVERY_PARTY = "all parties"
MAX_PARTIES = 30
"""A party has a table of its own if it is mentioned this often and is among this many most frequent ones."""

DRAWS = 2_000

SHARE_COLUMNS = (("true", "true"), ("given", "predicted"), ("gap", "gap"))
"""Column of the exported table, and attribute of a cell. Files written so far call the predicted share
``given``, so the column keeps that name."""


@dataclass(frozen=True)
class CellShare:
    """A share of a party's mentions, in [0, 1], with its 95 % interval; NaN where it cannot be computed.

    An interval needs :data:`harness.values.minimums.MIN_ITEMS` articles, and mentions both inside the
    share and outside it: for a share of 0 or 1, all resamples are equal.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class CrossCell:
    """How often a party is mentioned with one frame and one stance.

    Attributes
    ----------
    frame, stance : str
        ``none`` for no frame, ``all`` for any.
    true, predicted : CellShare
        Share by the gold labels, and by the predicted ones; NaN where these labels are missing.
    gap : CellShare
        ``predicted`` minus ``true``.
    """

    frame: str
    stance: str
    true: CellShare
    predicted: CellShare
    gap: CellShare


@dataclass(frozen=True)
class CrossTable:
    """The frame × stance table of one party.

    Attributes
    ----------
    party : str
    n, groups : int
        Number of mentions, and of the articles that contain them.
    frames, stances : tuple of str
        Rows and columns, ``all`` at the end.
    cells : tuple of CrossCell
        Row by row.
    """

    party: str
    n: int
    groups: int
    frames: tuple[str, ...]
    stances: tuple[str, ...]
    cells: tuple[CrossCell, ...]

    def row(self, frame: str) -> tuple[CrossCell, ...]:
        """Return the cells of a frame."""
        return tuple(cell for cell in self.cells if cell.frame == frame)

    @property
    def frames_overlap(self) -> bool:
        """Whether some mentions have several frames: the shares of the frames then add up to more than 1."""
        # Shares of frames over all stances: they add up to 1 if each mention has exactly one frame.
        margin = [cell for cell in self.cells if cell.stance == ALL and cell.frame != ALL]
        sums = (sum(cell.true.value for cell in margin), sum(cell.predicted.value for cell in margin))
        return any(total > 1 + 1e-9 for total in sums)

    @property
    def limitation(self) -> str:
        """Why the intervals are missing or too narrow, as a sentence; empty with enough articles."""
        if self.groups < MIN_ITEMS:
            count = "is only 1" if self.groups == 1 else f"are only {self.groups}"
            return f"Intervals need {MIN_ITEMS} groups; there {count}."
        return few_groups_limitation(self.groups) if self.groups < MIN_CLUSTERS else ""


def cross_tables(
    mentions: pd.DataFrame,
    frames: Sequence[str],
    stances: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[CrossTable, ...]:
    """Count mentions by party, frame and stance.

    Parameters
    ----------
    mentions : DataFrame
        ``party``; ``group``, the article, missing where unknown; gold labels in ``frames`` and ``stance``,
        predicted ones in ``given_frames`` and ``given_stance``. Frames are sequences of names. Either pair
        of columns may be missing. None stands for a missing prediction: the mention counts in the totals
        alone.
    frames, stances : sequence of str
        The labels, in order.
    draws : int
        Number of bootstrap draws over articles.
    seed : int
        Equal seeds give equal intervals.

    Returns
    -------
    tuple of CrossTable
        One for all parties together, then one for each party that is mentioned often enough, the most
        frequent first; empty without mentions.
    """
    import pandas as pd

    if mentions.empty:
        return ()
    counts = mentions["party"].value_counts()
    named = sorted(counts.index[counts >= MIN_PARTY_MENTIONS], key=lambda name: (-counts[name], name))
    parties = [EVERY_PARTY, *(named[:MAX_PARTIES] if len(counts) > 1 else [])]
    # A mention whose article is unknown is resampled on its own.
    ungrouped = pd.Series([f"mention {n}" for n in range(len(mentions))], index=mentions.index)
    clusters = pd.factorize(mentions["group"].astype(object).fillna(ungrouped))[0]
    inside = np.stack(
        [np.ones(len(mentions), bool), *((mentions["party"] == name) for name in parties[1:])], 1
    )
    rows, columns = (*frames, NO_FRAME, ALL), (*stances, ALL)
    kinds = [_indicators(mentions, prefix, frames, stances) for prefix in ("", "given_")]
    shares = _shares(np.stack(kinds, axis=-1), inside, clusters, (draws, seed))
    tables = []
    for index, party in enumerate(parties):
        members = inside[:, index]
        cells = [
            CrossCell(frame, stance, *(CellShare(*shares[:, index, i, j, kind]) for kind in range(3)))
            for i, frame in enumerate(rows)
            for j, stance in enumerate(columns)
        ]
        groups = len(np.unique(clusters[members]))
        tables.append(CrossTable(party, int(members.sum()), groups, rows, columns, tuple(cells)))
    return tuple(tables)


def as_table(tables: Sequence[CrossTable]) -> pd.DataFrame:
    """Return all tables in long form: one row for each party, frame and stance."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"party": table.party, "mentions": table.n, "groups": table.groups}
            | {"frame": cell.frame, "stance": cell.stance}
            | {
                f"{column}{end}": getattr(getattr(cell, attribute), bound)
                for column, attribute in SHARE_COLUMNS
                for end, bound in (("", "value"), ("_low", "low"), ("_high", "high"))
            }
            for table in tables
            for cell in table.cells
        ]
    )


def _indicators(mentions: pd.DataFrame, prefix: str, frames: Sequence[str], stances: Sequence[str]) -> Array:
    """Return the cells that each mention counts in, ``(n, frames + 2, stances + 1)``; NaN without labels."""
    n = len(mentions)
    if f"{prefix}stance" not in mentions or f"{prefix}frames" not in mentions:
        return np.full((n, len(frames) + 2, len(stances) + 1), np.nan)
    has_frame = np.zeros((n, len(frames) + 2))
    unanswered = [names is None for names in mentions[f"{prefix}frames"]]
    for row, names in enumerate(mentions[f"{prefix}frames"]):
        for name in names or ():
            # A corpus may name "no frame" as a label; here it is the absence of all others.
            if name != NO_FRAME:
                has_frame[row, frames.index(name)] = 1
    has_frame[:, -2], has_frame[:, -1] = has_frame[:, : len(frames)].sum(axis=1) == 0, 1
    has_frame[unanswered, -2] = 0
    matches = [[label == stance for stance in stances] for label in mentions[f"{prefix}stance"]]
    has_stance = np.column_stack([np.array(matches, dtype=float).reshape(n, len(stances)), np.ones(n)])
    return np.asarray(has_frame[:, :, None] * has_stance[:, None, :])


def _shares(
    counted: Array, inside: NDArray[np.bool_], clusters: NDArray[np.int64], stream: tuple[int, int]
) -> Array:
    """Return value, low and high of true, predicted and gap, ``(3, parties, frames + 2, stances + 1, 3)``.

    ``counted`` is ``(n, frames + 2, stances + 1, 2)``, ``inside`` ``(n, parties)``, ``stream`` the number of
    draws and the seed.
    """
    n_clusters = int(clusters.max()) + 1
    shape = counted.shape[1:]
    labelled = ~np.isnan(counted).any(axis=(0, 1, 2))
    # Missing labels are counted as 0 and blanked again below: totals stay finite.
    flat = np.nan_to_num(counted).reshape(len(counted), -1)
    parts = [
        by_cluster(np.column_stack([flat[members], np.ones(members.sum())]), clusters[members], n_clusters)
        for members in inside.T
    ]
    cells: NDArray[Any] = np.stack(parts, axis=1)[:, None].astype(np.int64)

    def statistic(totals: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = (totals[..., :-1] / totals[..., -1:]).reshape(*totals.shape[:-1], *shape)
        shares = np.where(labelled, shares, np.nan)
        return np.concatenate([shares, shares[..., 1:] - shares[..., :1]], axis=-1)

    value = statistic(cells.sum(axis=0)[None])[0, 0]
    drawn = bootstrap(statistic, cells, draws=stream[0], seed=stream[1])
    bounds = [_bounds(drawn[:, index], clusters[members]) for index, members in enumerate(inside.T)]
    # Shares of 0 and 1 do not vary over resamples; an interval of no width would claim certainty. A gap of 0
    # or 1 between two such shares is no share and keeps its interval.
    certain = np.isin(value, (0, 1)) & [True, True, False]
    return np.stack([value, *np.where(certain, np.nan, np.stack(bounds, axis=1))])


def _bounds(drawn: Array, clusters: NDArray[np.int64]) -> Array:
    """Return low and high of one party's shares, ``(2, ...)``; NaN if it stands in too few articles."""
    if len(np.unique(clusters)) < MIN_ITEMS:
        return np.full((2, *drawn.shape[1:]), np.nan)
    return np.stack(interval(drawn, clusters=effective_number(clusters)))
