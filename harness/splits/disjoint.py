"""Columns in, a split out that holds each of them apart; rows that would join two parts are dropped.

The values of the first column are dealt out as any units are, each part getting its share of every label. A
value of a later column goes where one of its rows, drawn at random, stands; its rows that stand elsewhere are
dropped. So a value with one row costs none, and most rows of a frequent one are kept, for they stand where it
most likely goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.splits.drawing import Drawing, allocate, counts_of
from harness.splits.split import PARTS, Split, split_from_indices
from harness.values import seeds
from harness.values.errors import ConfigError, Problem, SplitError, suggest
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

NOT_HELD = ("id", "stance", "frames", "start", "end", "votes", "split")
"""Columns whose values are no units."""


@dataclass(frozen=True)
class Disjoint:
    """See :func:`harness.splits.disjoint`."""

    by: tuple[str, ...]
    test: float
    drawing: Drawing

    def __post_init__(self) -> None:
        problems = [] if self.by else [Problem("by", "names no column", "try [target, group]")]
        problems += [
            Problem(f"by.{place}", f"{name!r} is named twice")
            for place, name in enumerate(self.by)
            if name in self.by[:place]
        ]
        if problems:
            raise ConfigError(problems)

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Draw the one fold.

        Raises
        ------
        ConfigError
            Where the corpus has no such column, or nothing in it.
        SplitError
            Where a part is left without rows.
        """
        columns = [_values(corpus, name, place) for place, name in enumerate(self.by)]
        train, validation, calibration = self.drawing.shares
        shares = np.array([train - self.test, validation, calibration, self.test])
        part = self._dealt(corpus, labels, columns, shares)
        parts = [np.flatnonzero(part == number) for number in range(len(PARTS))]
        empty = [
            name
            for name, places, share in zip(PARTS, parts, shares, strict=True)
            if share and not len(places)
        ]
        if empty:
            held = " and ".join(self.by)
            raise SplitError(f"{corpus.name}: no row is left for {', '.join(empty)} with {held} held apart")
        return (split_from_indices(corpus, labels, 0, parts, self._notes(part)),)

    def _dealt(
        self, corpus: Corpus, labels: LabelSet, columns: Sequence[Places], shares: NDArray[np.float64]
    ) -> Places:
        """Give every row its part, -1 where it is dropped."""
        first, *others = columns
        generator = seeds.generator(self.drawing.seed, "split", "disjoint")
        counts = counts_of(corpus, labels, np.arange(len(corpus))) if self.drawing.stratify else None
        counts = np.ones((len(corpus), 1)) if counts is None else counts
        summed = np.zeros((first.max() + 1, counts.shape[1]))
        np.add.at(summed, first, counts)
        wanted = np.flatnonzero(shares)
        if len(summed) < len(wanted):
            few = f"{len(summed):,} values of {self.by[0]}"
            raise SplitError(f"{corpus.name}: {few} cannot be divided into {len(wanted)} parts")
        part = wanted[allocate(summed, shares[wanted], generator)][first]
        for units in others:
            order = generator.permutation(np.flatnonzero(part >= 0))
            goes = np.full(units.max() + 1, -1)
            # Of the rows of one value, the last in a random order is one drawn at random.
            goes[units[order]] = part[order]
            part = np.where(part == goes[units], part, -1)
        return part

    def _notes(self, part: Places) -> list[str]:
        dropped = int((part < 0).sum())
        if not dropped:
            return []
        held = " or ".join(self.by)
        return [f"{dropped:,} of {len(part):,} rows are dropped: their {held} stands in another part"]


def _values(corpus: Corpus, name: str, place: int) -> Places:
    """Number the values of a column; a row without one is a value of its own."""
    import pandas as pd

    known = [str(column) for column in corpus.rows.columns if column not in NOT_HELD]
    if name not in known:
        what = f"{corpus.name} has no column {name!r} to hold apart"
        raise ConfigError([Problem(f"split.by.{place}", what, suggest(name, known))])
    values = corpus.rows[name]
    if name != "group" and values.isna().all():
        raise ConfigError([Problem(f"split.by.{place}", f"{corpus.name} has nothing in column {name!r}")])
    # As in every split, rows of one text are together where they have no group.
    alone = corpus.rows["text"] if name == "group" else range(len(values))
    keys = [(0, own) if pd.isna(value) else (1, str(value)) for own, value in zip(alone, values, strict=True)]
    number = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)
