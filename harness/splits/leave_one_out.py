"""A column in, one fold a value out: tested on that value, trained on all the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.splits.drawing import Drawing, allocate, units_of
from harness.splits.split import Split, split_from_indices
from harness.values import seeds
from harness.values.errors import ConfigError, Problem, SplitError, suggest
from harness.values.labels import LabelSet
from harness.values.minimums import MIN_TESTED_ROWS
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

MAX_FOLDS = 30
"""More values than this have to be dealt out into folds: each fold is a training run."""

NOT_LEFT = ("id", "text", "stance", "frames", "start", "end", "votes", "split", "date")
"""Columns whose values are nobody's to leave out; dates have a split of their own."""


@dataclass(frozen=True)
class LeaveOneOut:
    """See :func:`harness.splits.leave_one_out`."""

    by: str
    fewest: int
    folds: int | None
    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Draw one fold a value, or a set of values.

        Raises
        ------
        ConfigError
            Where the corpus has no such column, or so many values that each cannot have a fold.
        SplitError
            Where fewer than two values can be left out.
        """
        values = self._values(corpus)
        together = units_of(corpus.rows["group"], corpus.rows["text"])
        tested, folds = self._gathered(corpus, values), []
        dropped = 0
        for fold, chosen in enumerate(tested, start=1):
            test = np.flatnonzero(np.isin(values, chosen))
            rest = np.setdiff1d(np.arange(len(corpus)), test)
            # A sentence, or an article, of the one that is left out may speak of others too.
            apart = rest[~np.isin(together[rest], together[test])]
            dropped += len(rest) - len(apart)
            if not len(apart):
                named = ", ".join(chosen[:3])
                raise SplitError(
                    f"{corpus.name}: nothing is left to train on without {self.by} {named} and the articles"
                    " that mention it"
                )
            try:
                parts = self.drawing.divide(corpus, labels, apart, self.drawing.shares, fold)
            except SplitError as error:
                raise SplitError(self._too_little(corpus, chosen, len(apart), error)) from error
            notes = self._notes(values, tested, dropped) if fold == len(tested) else ()
            folds.append(split_from_indices(corpus, labels, fold, [*parts, test], notes))
        return tuple(folds)

    def _too_little(self, corpus: Corpus, chosen: Sequence[str], left: int, error: SplitError) -> str:
        named = ", ".join(chosen[:3]) + (f" and {len(chosen) - 3} more" if len(chosen) > 3 else "")
        fewer = "; more folds leave out fewer at once" if self.folds is not None else ""
        return (
            f"without {self.by} {named}, and the articles that mention them, {left:,} rows of {corpus.name}"
            f" are left, which is too little ({error}){fewer}"
        )

    def _values(self, corpus: Corpus) -> NDArray[Any]:
        """Return each row's value, "" where it has none."""
        known = [str(column) for column in corpus.rows.columns if column not in NOT_LEFT]
        if self.by not in known:
            what = f"{corpus.name} has no column {self.by!r} to leave out by"
            raise ConfigError([Problem("split.by", what, suggest(self.by, known))])
        column = corpus.rows[self.by]
        return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)

    def _gathered(self, corpus: Corpus, values: NDArray[Any]) -> list[list[str]]:
        """Return the values that each fold tests."""
        names, counts = np.unique(values[values != ""], return_counts=True)
        if self.folds is not None:
            sizes = counts[:, None].astype(np.float64)
            if len(names) < self.folds:
                few = f"{len(names):,} values of {self.by}"
                raise SplitError(f"{corpus.name}: {few} cannot be divided into {self.folds} folds")
            generator = seeds.generator(self.drawing.seed, "split", "leave_one_out")
            fold = allocate(sizes, np.full(self.folds, 1 / self.folds), generator)
            return [
                [name for name, own in zip(names, fold, strict=True) if own == k] for k in range(self.folds)
            ]
        kept = [str(name) for name, count in zip(names, counts, strict=True) if count >= self.fewest]
        if len(kept) > MAX_FOLDS:
            what = f"{self.by} has {len(kept):,} values of {self.fewest} rows or more, a fold each"
            hint = "gather them into folds, such as folds: 5, or raise fewest"
            raise ConfigError([Problem("split.by", what, hint)])
        if len(kept) < 2:
            raise SplitError(
                f"{corpus.name} has {len(kept)} values of {self.by} with {self.fewest} rows or more;"
                " two are needed"
            )
        return [[name] for name in kept]

    def _notes(self, values: NDArray[Any], tested: Sequence[Sequence[str]], dropped: int) -> list[str]:
        chosen = {name for names in tested for name in names}
        left = sum(value not in chosen for value in values)
        notes = []
        if left:
            notes.append(f"{left:,} rows are never tested: their {self.by} is unknown or has too few rows")
        if dropped:
            mean = round(dropped / len(tested))
            notes.append(f"about {mean:,} rows a fold are dropped: they share an article with what it tests")
        return notes


def check(by: LeaveOneOut) -> LeaveOneOut:
    """Refuse settings that are out of range or without effect.

    Raises
    ------
    ConfigError
        With all of them.
    """
    problems = []
    if by.fewest < 1:
        problems.append(Problem("fewest", f"should be at least 1, got {by.fewest}"))
    if by.folds is not None and by.folds < 2:
        problems.append(Problem("folds", f"should be at least 2, got {by.folds}"))
    if by.folds is not None and by.fewest != MIN_TESTED_ROWS:
        problems.append(Problem("fewest", "has no effect with folds: every value is tested"))
    if problems:
        raise ConfigError(problems)
    return by
