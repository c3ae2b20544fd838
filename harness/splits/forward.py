"""Dates in, folds out that train on earlier rows than they test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.splits.drawing import Drawing, units_of
from harness.splits.split import Split, split_from_indices
from harness.values.errors import ConfigError, Problem, SplitError
from harness.values.formatting import agreeing, counted
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Forward:
    """See :func:`harness.splits.forward`."""

    test: float
    folds: int
    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Return one fold per test window.

        Raises
        ------
        ConfigError
            Where no row has a date.
        SplitError
            Where there are too few different dates.
        """
        dates = corpus.rows["date"]
        dated = np.flatnonzero(dates.notna().to_numpy())
        if not len(dated):
            raise ConfigError([Problem("split.kind", f"{corpus.name} has no dates to split by")])
        # ISO dates sort as strings.
        days = dates.iloc[dated].astype(str).to_numpy(dtype=object)
        # Stable, so that rows of one day keep the order of the corpus.
        order = np.argsort(days, kind="stable")
        dated, days = dated[order], days[order]
        units = units_of(corpus.rows["group"], corpus.rows["text"])
        bounds = self._bounds(corpus, days)
        undated = len(corpus) - len(dated)
        folds = []
        for fold, (start, end) in enumerate(zip(bounds, [*bounds[1:], len(days)], strict=True), start=1):
            first = _first_of_day(days, start - round(self.drawing.dev * len(days)))
            if start <= 0 or first <= 0 or end <= start:
                raise SplitError(f"{corpus.name}: too few different dates to train before {days[start]}")
            parts = self._parts(corpus, labels, units, (dated[:first], dated[first:start], dated[start:end]))
            dropped = end - sum(map(len, parts))
            notes = [f"train ends before {days[first]}, test is from {days[start]} to {days[end - 1]}"]
            if dropped:
                notes.append(
                    f"{counted(dropped, 'row')}"
                    f" {agreeing(dropped, 'is dropped: it shares', 'are dropped: they share')}"
                    " an article with later ones"
                )
            if undated and fold == 1:
                notes.append(
                    f"{counted(undated, 'row')}"
                    f" {agreeing(undated, 'has no date and is', 'have no date and are')} left out"
                )
            folds.append(split_from_indices(corpus, labels, fold if self.folds > 1 else 0, parts, notes))
        return tuple(folds)

    def _bounds(self, corpus: Corpus, days: NDArray[np.object_]) -> list[int]:
        """Return the index at which each test window starts; all rows of a day are in one window."""
        n = len(days)
        starts = [round(n * (1 - self.test * (self.folds - k) / self.folds)) for k in range(self.folds)]
        bounds = [_first_of_day(days, start) for start in starts]
        if len(set(bounds)) < len(bounds):
            raise SplitError(f"{corpus.name}: too few different dates for {self.folds} test windows")
        return bounds

    def _parts(
        self,
        corpus: Corpus,
        labels: LabelSet,
        units: Indices,
        parts: tuple[Indices, Indices, Indices],
    ) -> tuple[Indices, Indices, Indices, Indices]:
        """Drop from each part the rows that share an article with a later part, and divide dev."""
        train, dev, test = parts
        # An article may be updated for days; what is dropped is the earlier row, so that test keeps its size.
        dev = dev[~np.isin(units[dev], units[test])]
        train = train[~np.isin(units[train], np.concatenate([units[dev], units[test]]))]
        if not len(dev):
            return train, dev, dev, test
        validation, calibration = self.drawing.divide(corpus, labels, dev, self.drawing.halves, "dev")
        return train, validation, calibration, test


def check(forward: Forward) -> Forward:
    """Refuse settings that are out of range.

    Raises
    ------
    ConfigError
        With all of them.
    """
    problems = []
    if not 0 < forward.test < 1:
        problems.append(Problem("test", f"should be a share above 0 and below 1, got {forward.test}"))
    elif forward.test + forward.drawing.dev >= 1:
        what = f"leaves no row to train on: test {forward.test} and dev {forward.drawing.dev}"
        problems.append(Problem("test", what))
    if forward.folds < 1:
        problems.append(Problem("folds", f"should be at least 1, got {forward.folds}"))
    if problems:
        raise ConfigError(problems)
    return forward


def _first_of_day(days: NDArray[np.object_], index: int) -> int:
    """Move a cut back to the first row of its day."""
    index = max(0, min(index, len(days) - 1))
    while index > 0 and days[index - 1] == days[index]:
        index -= 1
    return index
