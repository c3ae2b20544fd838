"""Corpus in, named id sets out.

Every splitter returns one :class:`Split` per fold: rows to train on, to choose on (``validation``), to
calibrate on (``calibration``) and to score (``test``). A corpus's own dev part is divided once into
validation and calibration; where it has none, both are drawn from the training rows.

Rows are drawn by group, that is, by article; rows without a group are kept together by text, so that a
sentence about two parties is never on both sides of a split.
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
from harness.splits.split import PARTS, Split, count_repeats, seen_in_training, split_from_indices
from harness.values.errors import ConfigError, MissingPartError, Problem, SplitError
from harness.values.formatting import agreeing, counted
from harness.values.labels import LabelSet
from harness.values.minimums import MIN_TESTED_ROWS
from harness.values.tables import Corpus

__all__ = [
    "PARTS",
    "Split",
    "Splitter",
    "count_repeats",
    "disjoint",
    "forward",
    "holdout",
    "kfold",
    "leave_one_out",
    "predefined",
    "seen_in_training",
]


class Splitter(Protocol):
    """What a split factory returns."""

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Divide the rows of a corpus.

        Parameters
        ----------
        corpus : Corpus
            The rows that a task scores, see :meth:`Corpus.for_task`.
        labels : LabelSet
            Labels of the task, for stratification.

        Returns
        -------
        tuple of Split
            One per fold.

        Raises
        ------
        SplitError
            Where there are too few rows.
        ConfigError
            Where a setting has no effect on this corpus.
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
        Share of train that becomes dev where the corpus has no dev rows, in [0, 1).
    calibration : float
        Share of dev that is used for calibration, in [0, 1); 0 leaves all of dev to validation.
    by : {"group", "row"}
        The unit that is drawn.
    stratify : bool
        Whether each drawn part gets its share of each label.
    seed : int
        Of the drawing.

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
    repeats: int = 1,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    by: By = "group",
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Cross-validate: every row is scored once in each repeat.

    Parameters
    ----------
    k : int
        Number of folds, at least 2.
    repeats : int
        How often the rows are divided into folds anew, at least 1. From 2 on it is measured how far scores
        move with the training rows. Trains ``k`` times as many models.
    dev : float
        Share of a fold's rows outside test, in [0, 1).
    calibration, by, stratify, seed
        See :func:`predefined`.
    """
    drawing = Drawing(dev, calibration, by, stratify, seed)
    problems = [
        Problem(name, f"should be at least {least}, got {number}")
        for name, number, least in (("k", k, 2), ("repeats", repeats, 1))
        if number < least
    ]
    if problems:
        raise ConfigError(problems)
    return KFold(k, drawing, repeats)


def disjoint(
    *,
    by: tuple[str, ...] = ("group", "target"),
    test: float = 0.2,
    dev: float = DEV,
    calibration: float = CALIBRATION,
    stratify: bool = True,
    seed: int = 0,
) -> Splitter:
    """Keep several columns apart at once: no two parts share a target, nor an article, and so on.

    Rows that would link two parts are dropped and counted in a note; see :mod:`harness.splits.disjoint`.

    Parameters
    ----------
    by : tuple of str
        Columns of the corpus. The values of the first are dealt out to the parts; each value of a later
        column follows one of its rows. Fewer rows are dropped if the first column has more rows per value
        than the others.
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
    """Test on one party (outlet, …) at a time and train on all others.

    Rows that share an article, or a sentence, with the test rows are dropped from training.

    Parameters
    ----------
    by : str
        A column of the corpus: ``target``, ``outlet``, …
    fewest : int
        Values with fewer rows are never tested.
    folds : int, optional
        Deals the values out to this many folds, so that several are left out at once; without it, each value
        has its own fold.
    dev : float
        Share of a fold's rows outside test, in [0, 1).
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
    """Train on the earliest rows, choose on later ones, test on the latest.

    Rows of one day are in one part; rows that share an article with a later part are dropped.

    Parameters
    ----------
    test : float
        Share of the dated rows that is tested, the latest ones, in (0, 1).
    folds : int
        Number of windows that the test rows are cut into; each is tested after training on everything
        before it.
    dev : float
        Share of the dated rows, those just before test, in [0, 1 - test).
    calibration, stratify, seed
        For the division of dev, see :func:`predefined`.
    """
    return check_forward(Forward(test, folds, Drawing(dev, calibration, "group", stratify, seed)))


@dataclass(frozen=True)
class Predefined:
    """See :func:`predefined`."""

    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Return the single fold.

        Raises
        ------
        SplitError
            Where the corpus declares no train or no test rows; of a published corpus whose files of them are
            missing, :class:`~harness.values.errors.MissingPartError`.
        ConfigError
            Where a setting has no effect on this corpus.
        """
        declared = corpus.rows["split"].to_numpy(dtype=object)
        train, dev, test = (np.flatnonzero(declared == part) for part in ("train", "dev", "test"))
        for name, indices in (("train", train), ("test", test)):
            if not len(indices):
                # The readers of published corpora note which of their files are missing.
                published = corpus.source.endswith((" is missing", " are missing"))
                error = MissingPartError if published else SplitError
                raise error(_missing_part(corpus, name))
        self._refuse_settings_without_effect(corpus, has_dev=len(dev) > 0)
        # Rows that choose epochs, grids or a champion never calibrate as well: probabilities that are fitted
        # to rows that the model was chosen on are too confident.
        if len(dev):
            validation, calibration = self.drawing.divide(corpus, labels, dev, self.drawing.halves, "dev")
        else:
            shares = self.drawing.shares
            train, validation, calibration = self.drawing.divide(corpus, labels, train, shares, "dev")
        undeclared = len(corpus) - sum(map(len, (train, validation, calibration, test)))
        notes = (
            (
                f"{counted(undeclared, 'row')}"
                f" {agreeing(undeclared, 'has no split and is', 'have no split and are')} left out",
            )
            if undeclared
            else ()
        )
        return (split_from_indices(corpus, labels, 0, (train, validation, calibration, test), notes),)

    def _refuse_settings_without_effect(self, corpus: Corpus, *, has_dev: bool) -> None:
        drawing, default = self.drawing, Drawing()
        problems = []
        if has_dev and drawing.dev != default.dev:
            problems.append(Problem("split.dev", f"has no effect: {corpus.name} has its own dev rows"))
        if drawing.calibration == 0 if has_dev else drawing.dev == 0:
            problems += [
                Problem(f"split.{name}", "has no effect: nothing is drawn")
                for name in ("by", "stratify", "seed")
                if getattr(drawing, name) != getattr(default, name)
            ]
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True)
class Holdout:
    """See :func:`holdout`."""

    test: float
    drawing: Drawing

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Return the single fold."""
        train, validation, calibration = self.drawing.shares
        # Shares are of all rows, so that dev has the same size whatever the test share is.
        shares = (train - self.test, validation, calibration, self.test)
        parts = self.drawing.divide(corpus, labels, np.arange(len(corpus)), shares, "holdout")
        return (split_from_indices(corpus, labels, 0, parts),)


@dataclass(frozen=True)
class KFold:
    """See :func:`kfold`."""

    k: int
    drawing: Drawing
    repeats: int = 1

    def draw(self, corpus: Corpus, labels: LabelSet) -> tuple[Split, ...]:
        """Return ``k`` folds a repeat, numbered through: those of the second repeat from ``k + 1`` on."""
        every, equal = np.arange(len(corpus)), [1 / self.k] * self.k
        # The first repeat is the partition that a single one has, so that its trials are found again.
        streams = ["kfold", *(f"kfold, repeat {repeat}" for repeat in range(2, self.repeats + 1))]
        folds = [
            test for stream in streams for test in self.drawing.divide(corpus, labels, every, equal, stream)
        ]
        shares = self.drawing.shares
        splits = []
        for fold, test in enumerate(folds, start=1):
            rest = np.setdiff1d(every, test)
            # Dev is drawn anew inside each fold: a fixed dev part would never be tested.
            parts = self.drawing.divide(corpus, labels, rest, shares, fold)
            splits.append(split_from_indices(corpus, labels, fold, [*parts, test]))
        return tuple(splits)


def _check_shares(test: float, dev: float) -> None:
    if not 0 < test < 1:
        raise ConfigError([Problem("test", f"should be a share above 0 and below 1, got {test}")])
    if test + dev >= 1:
        raise ConfigError([Problem("test", f"leaves no row to train on: test {test} and dev {dev}")])


def _missing_part(corpus: Corpus, name: str) -> str:
    counts = corpus.rows["split"].value_counts()
    source = f" ({corpus.source})" if corpus.source else ""
    if counts.empty:
        return f"{corpus.name} declares no split{source}; holdout and kfold draw a split"
    declared = ", ".join(f"{count:,} {part}" for part, count in counts.items())
    return f"{corpus.name} has no {name} rows, but {declared}{source}; holdout and kfold draw a split"
