"""Mentions of parties with stance and frames in, frame × stance tables of each party out, with intervals.

A mention is a (sentence, party): the sentence's frames and its stance toward that party. A share is of all
mentions of the party; what is true and what a classifier gave are counted on the same mentions, and resampled
together by article, so that their difference has an interval of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import effective
from harness.scoring.limitations import few_groups
from harness.scoring.statistics.bootstrap import bootstrap, by_cluster, interval
from harness.values.labels import NO_FRAME
from harness.values.minimums import MIN_CLUSTERS, MIN_ITEMS, MIN_PARTY_MENTIONS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

ALL = "all"
"""In place of a frame or a stance: whichever."""

EVERY_PARTY = "all parties"
MAX_PARTIES = 30
"""Parties beyond these, the most frequent ones, have no table of their own."""

DRAWS = 2_000


@dataclass(frozen=True)
class Share:
    """A share of a party's mentions with its 95 % interval; NaN where none can be given.

    An interval needs :data:`harness.values.minimums.MIN_ITEMS` articles, and mentions both inside the
    share and outside: of what never happens, or always does, all resamples say the same.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class CrossCell:
    """How often a party is mentioned with a frame and a stance.

    Attributes
    ----------
    frame, stance : str
        ``none`` for no frame, ``all`` for whichever.
    true, given : Share
        By the gold labels, and by a classifier's; NaN where there are none.
    gap : Share
        ``given`` minus ``true``.
    """

    frame: str
    stance: str
    true: Share
    given: Share
    gap: Share


@dataclass(frozen=True)
class CrossTable:
    """One party.

    Attributes
    ----------
    party : str
    n, groups : int
        Mentions, and articles that they stand in.
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
    def several(self) -> bool:
        """Whether a mention has more than one frame: shares then add up to more than those of all."""
        margin = [cell for cell in self.cells if cell.stance == ALL and cell.frame != ALL]
        sums = (sum(cell.true.value for cell in margin), sum(cell.given.value for cell in margin))
        return any(total > 1 + 1e-9 for total in sums)

    @property
    def caution(self) -> str:
        """What few articles do to the intervals, a sentence; empty where they are enough."""
        if self.groups < MIN_ITEMS:
            count = "is 1" if self.groups == 1 else f"are {self.groups}"
            return f"Intervals need {MIN_ITEMS} groups, and there {count}."
        return few_groups(self.groups) if self.groups < MIN_CLUSTERS else ""


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
        ``party``; ``group``, the article, missing where unknown; ``frames`` and ``stance`` as true,
        ``given_frames`` and ``given_stance`` by a classifier. Frames are sequences of names. Either pair
        may be left out.
    frames, stances : sequence of str
        The labels, in order.
    draws : int
        Of the bootstrap over articles.
    seed : int
        Equal seeds give equal intervals.

    Returns
    -------
    tuple of CrossTable
        All parties together, then each that is mentioned often enough, the most frequent first; empty
        without mentions.
    """
    import pandas as pd

    if mentions.empty:
        return ()
    counts = mentions["party"].value_counts()
    named = sorted(counts.index[counts >= MIN_PARTY_MENTIONS], key=lambda name: (-counts[name], name))
    parties = [EVERY_PARTY, *(named[:MAX_PARTIES] if len(counts) > 1 else [])]
    lone = pd.Series([f"mention {n}" for n in range(len(mentions))], index=mentions.index)
    clusters = pd.factorize(mentions["group"].astype(object).fillna(lone))[0]
    inside = np.stack(
        [np.ones(len(mentions), bool), *((mentions["party"] == name) for name in parties[1:])], 1
    )
    rows, columns = (*frames, NO_FRAME, ALL), (*stances, ALL)
    kinds = [_indicators(mentions, prefix, frames, stances) for prefix in ("", "given_")]
    shares = _shares(np.stack(kinds, axis=-1), inside, clusters, (draws, seed))
    made = []
    for place, party in enumerate(parties):
        held = inside[:, place]
        cells = [
            CrossCell(frame, stance, *(Share(*shares[:, place, i, j, kind]) for kind in range(3)))
            for i, frame in enumerate(rows)
            for j, stance in enumerate(columns)
        ]
        groups = len(np.unique(clusters[held]))
        made.append(CrossTable(party, int(held.sum()), groups, rows, columns, tuple(cells)))
    return tuple(made)


def as_table(tables: Sequence[CrossTable]) -> pd.DataFrame:
    """Lay tables out as one: a row for each party, frame and stance."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"party": table.party, "mentions": table.n, "groups": table.groups}
            | {"frame": cell.frame, "stance": cell.stance}
            | {
                f"{kind}{end}": getattr(getattr(cell, kind), field)
                for kind in ("true", "given", "gap")
                for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
            }
            for table in tables
            for cell in table.cells
        ]
    )


def _indicators(mentions: pd.DataFrame, prefix: str, frames: Sequence[str], stances: Sequence[str]) -> Array:
    """Return which cells each mention counts in, ``(n, frames + 2, stances + 1)``; NaN where not labelled."""
    n = len(mentions)
    if f"{prefix}stance" not in mentions or f"{prefix}frames" not in mentions:
        return np.full((n, len(frames) + 2, len(stances) + 1), np.nan)
    held = np.zeros((n, len(frames) + 2))
    for row, names in enumerate(mentions[f"{prefix}frames"]):
        for name in names:
            if name != NO_FRAME:
                held[row, frames.index(name)] = 1
    held[:, -2], held[:, -1] = held[:, : len(frames)].sum(axis=1) == 0, 1
    said = [[stance == one for one in stances] for stance in mentions[f"{prefix}stance"]]
    toward = np.column_stack([np.array(said, dtype=float).reshape(n, len(stances)), np.ones(n)])
    return np.asarray(held[:, :, None] * toward[:, None, :])


def _shares(
    counted: Array, inside: NDArray[np.bool_], clusters: NDArray[np.int64], stream: tuple[int, int]
) -> Array:
    """Return value, low and high of true, given and gap, ``(3, parties, frames + 2, stances + 1, 3)``."""
    n_clusters = int(clusters.max()) + 1
    shape = counted.shape[1:]
    known = ~np.isnan(counted).any(axis=(0, 1, 2))
    flat = np.nan_to_num(counted).reshape(len(counted), -1)
    parts = [
        by_cluster(np.column_stack([flat[held], np.ones(held.sum())]), clusters[held], n_clusters)
        for held in inside.T
    ]
    cells: NDArray[Any] = np.stack(parts, axis=1)[:, None].astype(np.int64)

    def statistic(totals: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = (totals[..., :-1] / totals[..., -1:]).reshape(*totals.shape[:-1], *shape)
        shares = np.where(known, shares, np.nan)
        return np.concatenate([shares, shares[..., 1:] - shares[..., :1]], axis=-1)

    value = statistic(cells.sum(axis=0)[None])[0, 0]
    drawn = bootstrap(statistic, cells, draws=stream[0], seed=stream[1])
    bounds = [_bounds(drawn[:, place], clusters[held]) for place, held in enumerate(inside.T)]
    certain = np.isin(value, (0, 1)) & [True, True, False]
    return np.stack([value, *np.where(certain, np.nan, np.stack(bounds, axis=1))])


def _bounds(drawn: Array, clusters: NDArray[np.int64]) -> Array:
    """Return low and high of one party's shares, ``(2, ...)``; NaN where its articles are too few."""
    if len(np.unique(clusters)) < MIN_ITEMS:
        return np.full((2, *drawn.shape[1:]), np.nan)
    return np.stack(interval(drawn, clusters=effective(clusters)))
