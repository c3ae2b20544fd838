"""Corpus in, named id sets out.

Every splitter gives one :class:`Split` a fold: rows to train on, to choose on (``validation``), to calibrate
on (``calibration``) and to score (``test``). Where a corpus has a dev part, it is divided once into
validation and calibration; where it has none, both are carved from the training rows.

What is drawn is drawn by group, the article that a row stands in; rows without one are kept together by text,
so that one sentence about two parties never stands on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness.splits.disjoint import Disjoint
from harness.splits.drawing import CALIBRATION, DEV, By, Drawing
from harness.splits.forward import Forward
from harness.splits.forward import check as check_forward
from harness.splits.leave_one_out import LeaveOneOut
from harness.splits.leave_one_out import check as check_leaving
from harness.splits.split import PARTS, Split, seen_in_training, split_from_indices
from harness.values.errors import ConfigError, Problem, SplitError
from harness.values.labels import LabelSet
from harness.values.minimums import MIN_TESTED_ROWS
from harness.values.tables import Corpus

__all__ = [
    "PARTS",
    "Split",
    "Splitter",
    "disjoint",
    "forward",
    "holdout",
    "kfold",
    "leave_one_out",
    "predefined",
    "seen_in_training",
]


class Splitter(Protocol):
    """What a split factory makes."""

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Divide the rows of a corpus.

        Parameters
        ----------
        corpus : Corpus
            What a task scores, see :meth:`Corpus.for_task`.
        labels : LabelSet
            The task's labels, for stratification.

        Returns
        -------
        tuple of Split
            One a fold.

        Raises
        ------
        SplitError
            Where the rows do not suffice.
        ConfigError
            Where a setting turns out to have no effect on this corpus.
        """


def predefined(
    *,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    by: By = "group",
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Take the split that the corpus declares.

    Parameters
    ----------
    dev : float
        Share of train that is carved off where the corpus has no dev rows, in [0, 1).
    calibration : float
        Share of dev that is kept for calibration, in [0, 1); 0 gives all of dev to validation.
    by : {"group", "row"}
        What stays together in what is drawn.
    stratify : bool
        Whether each part that is drawn gets its share of each label.
    seed : int
        Of what is drawn.

    Returns
    -------
    Splitter
        Rows without a split are left out, and counted in a note.
    """
    return Predefined(Drawing(dev, calibration, by, stratify, seed))


def holdout(
    *,
    test: float = 0.2,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    by: By = "group",
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Draw one test set.

    Parameters
    ----------
    test : float
        Share of all rows, in (0, 1).
    dev : float
        Share of all rows, in [0, 1 - test).
    calibration, by, stratify, seed
        See :func:`predefined`.
    """
    drawing = Drawing(dev, calibration, by, stratify, seed)
    _check_shares(test, dev)
    return Holdout(test, drawing)


def kfold(
    *,
    k: int = 5,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    by: By = "group",
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Cross-validate: every row is scored once.

    Parameters
    ----------
    k : int
        Number of folds, at least 2.
    dev : float
        Share of the rows outside a fold's test part, in [0, 1).
    calibration, by, stratify, seed
        See :func:`predefined`.
    """
    drawing = Drawing(dev, calibration, by, stratify, seed)
    if k < 2:
        raise ConfigError([Problem("k", f"should be at least 2, got {k}")])
    return KFold(k, drawing)


def disjoint(
    *,
    by: tuple[str, ...] = ("group", "target"),
    test: float = 0.2,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Hold several columns apart at once: no two parts share a target, nor an article, and so on.

    Rows that would join two parts are dropped and counted in a note; see :mod:`harness.splits.disjoint`.

    Parameters
    ----------
    by : tuple of str
        Columns of the corpus. The values of the first are dealt out; each value of a later one goes where
        one of its rows stands. Fewer rows are dropped where the first has the more rows a value.
    test : float
        Share of the rows, before any is dropped, whose value of the first column is tested, in (0, 1).
    dev : float
        The same for dev, in [0, 1 - test).
    calibration, stratify, seed
        See :func:`predefined`.
    """
    _check_shares(test, dev)
    return Disjoint(by, test, Drawing(dev, calibration, "group", stratify, seed))


def leave_one_out(
    *,
    by: str = "target",
    fewest: int = MIN_TESTED_ROWS,
    folds: int | None = None,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Test on one party (outlet, …) at a time and train on all the others.

    Rows of others that share an article, or a sentence, with what is tested are dropped from training.

    Parameters
    ----------
    by : str
        A column of the corpus: ``target``, ``outlet``, …
    fewest : int
        Values of fewer rows are never tested.
    folds : int, optional
        Leave several values out at once, dealt out into so many folds; left out, each has a fold of its own.
    dev : float
        Share of the rows outside a fold's test part, in [0, 1).
    calibration, stratify, seed
        See :func:`predefined`.
    """
    return check_leaving(LeaveOneOut(by, fewest, folds, Drawing(dev, calibration, "group", stratify, seed)))


def forward(
    *,
    test: float = 0.2,
    folds: int = 1,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Train on what came first, choose on what came next, test on what came last.

    Rows of one day stand in one part; rows that share an article with a later part are dropped.

    Parameters
    ----------
    test : float
        Share of the dated rows that is tested, the latest ones, in (0, 1).
    folds : int
        Cut these into so many windows, each tested by what was trained on everything before it.
    dev : float
        Share of the dated rows before what is tested, in [0, 1 - test).
    calibration, stratify, seed
        Of the division of dev, see :func:`predefined`.
    """
    return check_forward(Forward(test, folds, Drawing(dev, calibration, "group", stratify, seed)))


@dataclass(frozen=True)
class Predefined:
    """See :func:`predefined`."""

    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Draw the one fold."""
        declared = corpus.rows["split"].to_numpy(dtype=object)
        train, dev, test = (np.flatnonzero(declared == part) for part in ("train", "dev", "test"))
        for name, places in (("train", train), ("test", test)):
            if not len(places):
                raise SplitError(_lacking(corpus, name))
        self._refuse_what_does_nothing(corpus, has_dev=len(dev) > 0)
        if len(dev):
            validation, calibration = self.drawing.divide(corpus, labels, dev, self.drawing.halves, "dev")
        else:
            shares = self.drawing.shares
            train, validation, calibration = self.drawing.divide(corpus, labels, train, shares, "dev")
        left = len(corpus) - sum(map(len, (train, validation, calibration, test)))
        notes = (f"{left:,} rows have no split and are left out",) if left else ()
        return (split_from_indices(corpus, labels, 0, (train, validation, calibration, test), notes),)

    def _refuse_what_does_nothing(self, corpus: Corpus, *, has_dev: bool) -> None:
        set_, default = self.drawing, Drawing()
        problems = []
        if has_dev and set_.dev != default.dev:
            problems.append(Problem("split.dev", f"has no effect: {corpus.name} has dev rows of its own"))
        if set_.calibration == 0 if has_dev else set_.dev == 0:
            problems += [
                Problem(f"split.{name}", "has no effect: nothing is drawn")
                for name in ("by", "stratify", "seed")
                if getattr(set_, name) != getattr(default, name)
            ]
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True)
class Holdout:
    """See :func:`holdout`."""

    test: float
    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Draw the one fold."""
        train, validation, calibration = self.drawing.shares
        shares = (train - self.test, validation, calibration, self.test)
        parts = self.drawing.divide(corpus, labels, np.arange(len(corpus)), shares, "holdout")
        return (split_from_indices(corpus, labels, 0, parts),)


@dataclass(frozen=True)
class KFold:
    """See :func:`kfold`."""

    k: int
    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Draw ``k`` folds."""
        folds = self.drawing.divide(corpus, labels, np.arange(len(corpus)), [1 / self.k] * self.k, "kfold")
        shares = self.drawing.shares
        splits = []
        for fold, test in enumerate(folds, start=1):
            rest = np.setdiff1d(np.arange(len(corpus)), test)
            parts = self.drawing.divide(corpus, labels, rest, shares, fold)
            splits.append(split_from_indices(corpus, labels, fold, [*parts, test]))
        return tuple(splits)


def _check_shares(test: float, dev: float) -> None:
    if not 0 < test < 1:
        raise ConfigError([Problem("test", f"should be a share above 0 and below 1, got {test}")])
    if test + dev >= 1:
        raise ConfigError([Problem("test", f"leaves no row to train on: test {test} and dev {dev}")])


def _lacking(corpus: Corpus, name: str) -> str:
    counts = corpus.rows["split"].value_counts()
    there = ", ".join(f"{count:,} {part}" for part, count in counts.items()) or "no row with a split"
    source = f" ({corpus.source})" if corpus.source else ""
    return f"{corpus.name} has no {name} rows but {there}{source}; split kind holdout or kfold draws its own"
