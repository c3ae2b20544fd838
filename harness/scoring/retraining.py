"""Aligned predictions in; which question their intervals answer, and how wide these are for it, out.

There are two questions. How would *these fitted models* score on other items of this kind? And how would
*this classifier* score, trained anew on other rows of this kind, on other items? A single test set answers
the first. Folds answer both: the second with the wider interval, see
:mod:`harness.scoring.statistics.cross_validation`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions, Design
from harness.scoring.statistics.cross_validation import correction, instability
from harness.values.formatting import counted
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_REPEATS = 2
"""From so many repeats on it is measured how far scores move with the training rows."""

ADVISED_REPEATS = 10


def stretch(sample: AlignedPredictions) -> float:
    """Return by how much an interval about the classifier is wider than one about its fitted models.

    1 for a single test set, which says nothing of other training rows.
    """
    design = sample.design
    if not design.cross_validated:
        return 1.0
    unstable = 1.0 if sample.repeats is None else instability(_right_by_repeat(sample))
    return math.sqrt(correction(design.folds, design.repeats) * unstable)


def _right_by_repeat(sample: AlignedPredictions) -> NDArray[np.float64]:
    """Count what each repeat labelled correctly in each cluster, mean over seeds, and all items."""
    assert sample.repeats is not None
    right = sample.predicted == sample.truth
    right = right.all(axis=-1) if sample.labels.multi else right
    shape = (sample.n_clusters, sample.design.repeats)
    # One count of flat indices (cluster, repeat), as for the cells.
    index, length = sample.clusters * shape[1] + sample.repeats, shape[0] * shape[1]
    counts = [np.bincount(index, values, length) for values in (right.mean(axis=0), None)]
    return np.stack([count.reshape(shape).astype(np.float64) for count in counts], axis=-1)


def first_repeat(predictions: Predictions) -> Predictions:
    """Return each item of a seed once: of the repeats of a cross-validation, the first.

    For a split whose items are tested equally often: of validation, which folds draw anew, it would drop
    rows.
    """
    rows = predictions.rows.sort_values("fold", kind="stable").drop_duplicates(["split", "seed", "id"])
    return replace(predictions, rows=rows.sort_index().reset_index(drop=True))


def question(design: Design, n_seeds: int) -> str:
    """Say what the intervals of a score are about, in one sentence."""
    if design.cross_validated:
        return (
            "Intervals and tests are about the classifier trained anew, on other training rows, and tested on"
            " other items."
        )
    if n_seeds > 1:
        return (
            "Intervals and tests are about other seeds and other items; what other training rows would change"
            " is not in them."
        )
    return (
        "Intervals and tests are about this fitted model on other items; trained anew, with other rows or"
        " another seed, the classifier may score otherwise."
    )


def described(design: Design) -> str:
    """Describe the folds: ``5 folds``, ``5 folds × 10 repeats``."""
    folds = counted(design.folds, "fold")
    return f"{folds} × {counted(design.repeats, 'repeat')}" if design.repeats > 1 else folds


def folds_run_once(design: Design) -> str:
    """Warn of folds that were run once; empty where there are none, or repeats."""
    if not design.cross_validated or design.repeats >= MIN_REPEATS:
        return ""
    return (
        f"the {counted(design.folds, 'fold')} were run once, so how far scores move with the training rows is"
        " not measured: intervals are widened by a rule, by half or more. With kfold,"
        f" split.repeats: {ADVISED_REPEATS} measures it, and mostly narrows them."
    )
