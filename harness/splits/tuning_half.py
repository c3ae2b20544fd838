"""Splits in, the same with half of validation set apart to tune options by, where that is large enough, out.

A classifier whose options were chosen among thirty has a score on the rows of that choice that is too good,
while one without options to choose has not: a promotion by these rows would take the one that was tuned
longest. So options are chosen on one half of validation and classifiers on the other. Of few groups a half
would say little; there options are chosen by folds of train, and all of validation is left to
promotion (:mod:`harness.evaluation.search.tuning_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.splits.drawing import Drawing, units_of
from harness.splits.split import Split
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

MIN_GROUPS = 50
"""Groups of validation from which on it is halved."""


def with_tuning_half(corpus: Corpus, labels: LabelSet, splits: Sequence[Split]) -> tuple[Split, ...]:
    """Set half of validation apart in every fold, by group; in none where a fold has too few groups.

    Parameters
    ----------
    corpus : Corpus
        The rows that were divided.
    labels : LabelSet
        Each half gets its share of every label.
    splits : sequence of Split
    """
    if min(n_groups(corpus, split.validation) for split in splits) < MIN_GROUPS:
        return tuple(splits)
    return tuple(_halved(corpus, labels, split) for split in splits)


def n_groups(corpus: Corpus, ids: Sequence[str]) -> int:
    """Count the groups of rows, such as articles; rows without one are grouped by their text."""
    if not ids:
        return 0
    rows = corpus.take(ids).rows
    return int(units_of(rows["group"], rows["text"]).max()) + 1


def _halved(corpus: Corpus, labels: LabelSet, split: Split) -> Split:
    indices = np.flatnonzero(corpus.rows["id"].isin(set(split.validation)))
    halves = Drawing().divide(corpus, labels, indices, (0.5, 0.5), f"tuning {split.fold}")
    ids = corpus.rows["id"].to_numpy(dtype=object)
    tuning, validation = (tuple(ids[half]) for half in halves)
    return replace(split, tuning=tuning, validation=validation)
