"""Columns in, a split out whose parts share no value of any of them; rows that would link parts are dropped.

The values of the first column are dealt out like any units, so that each part gets its share of every label.
A value of a later column follows one of its rows, drawn at random; its rows in other parts are dropped. So a
value with a single row costs nothing, and of a frequent value most rows survive, since it most likely goes
where most of them are.
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
from harness.values.formatting import counted
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]

NOT_UNITS = ("id", "stance", "frames", "start", "end", "votes", "split")
"""Columns whose values cannot be kept apart: labels, positions, and what is different in each row."""


@dataclass(frozen=True)
class Disjoint:
    """See :func:`harness.splits.disjoint`."""

    by: tuple[str, ...]
    test: float
    drawing: Drawing

    def __post_init__(self) -> None:
        problems = [] if self.by else [Problem("by", "names no column", "try [target, group]")]
        problems += [
            Problem(f"by.{index}", f"{name!r} is named twice")
            for index, name in enumerate(self.by)
            if name in self.by[:index]
        ]
        if problems:
            raise ConfigError(problems)

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Return the single fold.

        Raises
        ------
        ConfigError
            Where the corpus has no such column, or nothing in it.
        SplitError
            Where a part is left without rows.
        """
        columns = [_values(corpus, name, index) for index, name in enumerate(self.by)]
        train, validation, calibration = self.drawing.shares
        shares = np.array([train - self.test, validation, calibration, self.test])
        part = self._dealt(corpus, labels, columns, shares)
        parts = [np.flatnonzero(part == number) for number in range(len(PARTS))]
        empty = [
            name
            for name, indices, share in zip(PARTS, parts, shares, strict=True)
            if share and not len(indices)
        ]
        if empty:
            columns_apart = " and ".join(self.by)
            raise SplitError(
                f"{corpus.name}: no row is left for {', '.join(empty)} with {columns_apart} kept apart"
            )
        return (split_from_indices(corpus, labels, 0, parts, self._notes(part)),)

    def _dealt(
        self, corpus: Corpus, labels: LabelSet, columns: Sequence[Indices], shares: NDArray[np.float64]
    ) -> Indices:
        """Return the part of every row; -1 where it is dropped."""
        first, *others = columns
        generator = seeds.generator(self.drawing.seed, "split", "disjoint")
        counts = counts_of(corpus, labels, np.arange(len(corpus))) if self.drawing.stratify else None
        counts = np.ones((len(corpus), 1)) if counts is None else counts
        summed = np.zeros((first.max() + 1, counts.shape[1]))
        np.add.at(summed, first, counts)
        nonempty = np.flatnonzero(shares)
        if len(summed) < len(nonempty):
            what = f"{len(summed):,} values of {self.by[0]}"
            raise SplitError(f"{corpus.name}: {what} cannot be divided into {len(nonempty)} parts")
        part = nonempty[allocate(summed, shares[nonempty], generator)][first]
        # Without dropping rows, parts are components of the graph of shared values; one frequent target links
        # most articles, so that nearly all rows would be in one part.
        for units in others:
            order = generator.permutation(np.flatnonzero(part >= 0))
            part_of_unit = np.full(units.max() + 1, -1)
            # Assignment keeps the last row of each value, and the last in a random order is a random row.
            part_of_unit[units[order]] = part[order]
            part = np.where(part == part_of_unit[units], part, -1)
        return part

    def _notes(self, part: Indices) -> list[str]:
        dropped = int((part < 0).sum())
        if not dropped:
            return []
        columns = " or ".join(self.by)
        return [f"{dropped:,} of {counted(len(part), 'row')} are dropped: their {columns} is in another part"]


def _values(corpus: Corpus, name: str, index: int) -> Indices:
    """Number the values of a column; each row without one counts as a value of its own."""
    import pandas as pd

    columns = [str(column) for column in corpus.rows.columns if column not in NOT_UNITS]
    if name not in columns:
        what = f"{corpus.name} has no column {name!r} to keep apart"
        raise ConfigError([Problem(f"split.by.{index}", what, suggest(name, columns))])
    values = corpus.rows[name]
    if name != "group" and values.isna().all():
        raise ConfigError([Problem(f"split.by.{index}", f"{corpus.name} has nothing in column {name!r}")])
    # As in every split, rows without a group stay together by text.
    substitutes = corpus.rows["text"] if name == "group" else range(len(values))
    keys = [
        (0, substitute) if pd.isna(value) else (1, str(value))
        for substitute, value in zip(substitutes, values, strict=True)
    ]
    number = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)
