"""A column in, one fold per value out: tested on that value, trained on all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.splits.drawing import Drawing, allocate, units_of
from harness.splits.split import Split, split_from_indices
from harness.values import seeds
from harness.values.errors import ConfigError, Problem, SplitError, suggest
from harness.values.formatting import agreeing, counted
from harness.values.labels import LabelSet
from harness.values.minimums import MIN_TESTED_ROWS
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]

MAX_FOLDS = 30
"""More values than this have to be dealt out into folds: each fold is a training run."""

NOT_LEFT_OUT = ("id", "text", "stance", "frames", "start", "end", "votes", "split", "date")
"""Columns whose values cannot be left out in turn; dates have a split of their own, ``forward``."""


@dataclass(frozen=True)
class LeaveOneOut:
    """See :func:`harness.splits.leave_one_out`."""

    by: str
    fewest: int
    folds: int | None
    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Return one fold per value, or per set of values.

        Raises
        ------
        ConfigError
            Where the corpus has no such column, or too many values for a fold each.
        SplitError
            Where fewer than two values can be left out, or too few rows remain to train on.
        """
        values = self._values(corpus)
        units = units_of(corpus.rows["group"], corpus.rows["text"])
        tested, folds = self._tested(corpus, values), []
        dropped = 0
        for fold, names in enumerate(tested, start=1):
            test = np.flatnonzero(np.isin(values, names))
            rest = np.setdiff1d(np.arange(len(corpus)), test)
            # The sentences and articles of the value that is left out may be about other values too.
            unrelated = rest[~np.isin(units[rest], units[test])]
            dropped += len(rest) - len(unrelated)
            if not len(unrelated):
                raise SplitError(
                    f"{corpus.name}: nothing is left to train on without {self.by} {', '.join(names[:3])} and"
                    " the articles that mention it"
                )
            try:
                parts = self.drawing.divide(corpus, labels, unrelated, self.drawing.shares, fold)
            except SplitError as error:
                raise SplitError(self._too_few(corpus, names, len(unrelated), error)) from error
            notes = self._notes(values, tested, dropped) if fold == len(tested) else ()
            folds.append(split_from_indices(corpus, labels, fold, [*parts, test], notes))
        return tuple(folds)

    def _too_few(self, corpus: Corpus, names: Sequence[str], rows: int, error: SplitError) -> str:
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        advice = "; more folds leave out fewer values at once" if self.folds is not None else ""
        return (
            f"without {self.by} {listed}, and the articles that mention them,"
            f" {counted(rows, 'row')} of {corpus.name}"
            f" are left, which is too few ({error}){advice}"
        )

    def _values(self, corpus: Corpus) -> NDArray[Any]:
        """Return the value of each row; an empty string where it has none."""
        columns = [str(column) for column in corpus.rows.columns if column not in NOT_LEFT_OUT]
        if self.by not in columns:
            what = f"{corpus.name} has no column {self.by!r} to leave out by"
            raise ConfigError([Problem("split.by", what, suggest(self.by, columns))])
        column = corpus.rows[self.by]
        return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)

    def _tested(self, corpus: Corpus, values: NDArray[Any]) -> list[list[str]]:
        """Return the values that each fold tests."""
        # Sorted by np.unique, so that the order of rows changes no fold.
        names, counts = np.unique(values[values != ""], return_counts=True)
        if self.folds is not None:
            # Folds get equal numbers of rows, not of values: some parties have many times the rows of others.
            sizes = counts[:, None].astype(np.float64)
            if len(names) < self.folds:
                what = f"{len(names):,} values of {self.by}"
                raise SplitError(
                    f"{corpus.name}: {what} cannot be divided into {counted(self.folds, 'fold')}"
                )
            generator = seeds.generator(self.drawing.seed, "split", "leave_one_out")
            fold_of = allocate(sizes, np.full(self.folds, 1 / self.folds), generator)
            return [
                [name for name, fold in zip(names, fold_of, strict=True) if fold == k]
                for k in range(self.folds)
            ]
        frequent = [str(name) for name, count in zip(names, counts, strict=True) if count >= self.fewest]
        if len(frequent) > MAX_FOLDS:
            what = (
                f"{self.by} has {len(frequent):,} values of {counted(self.fewest, 'row')} or"
                " more, a fold each"
            )
            hint = "deal them out to fewer folds, such as folds: 5, or raise fewest"
            raise ConfigError([Problem("split.by", what, hint)])
        if len(frequent) < 2:
            raise SplitError(
                f"{corpus.name} has {len(frequent)} values of {self.by} with"
                f" {counted(self.fewest, 'row')} or more;"
                " two are needed"
            )
        return [[name] for name in frequent]

    def _notes(self, values: NDArray[Any], tested: Sequence[Sequence[str]], dropped: int) -> list[str]:
        tested_values = {name for names in tested for name in names}
        untested = sum(value not in tested_values for value in values)
        notes = []
        if untested:
            notes.append(
                f"{counted(untested, 'row')} {agreeing(untested, 'is', 'are')} never tested:"
                f" {agreeing(untested, 'its', 'their')} {self.by} is missing or has too few rows"
            )
        if dropped:
            mean = round(dropped / len(tested))
            notes.append(
                f"about {counted(mean, 'row')} per fold"
                f" {agreeing(mean, 'is dropped: it shares', 'are dropped: they share')}"
                " an article with its test rows"
            )
        return notes


def check(splitter: LeaveOneOut) -> LeaveOneOut:
    """Refuse settings that are out of range or without effect.

    Raises
    ------
    ConfigError
        With all of them.
    """
    problems = []
    if splitter.fewest < 1:
        problems.append(Problem("fewest", f"should be at least 1, got {splitter.fewest}"))
    if splitter.folds is not None and splitter.folds < 2:
        problems.append(Problem("folds", f"should be at least 2, got {splitter.folds}"))
    if splitter.folds is not None and splitter.fewest != MIN_TESTED_ROWS:
        problems.append(Problem("fewest", "has no effect with folds: every value is tested"))
    if problems:
        raise ConfigError(problems)
    return splitter
