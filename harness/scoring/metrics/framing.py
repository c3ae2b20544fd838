"""Counts and codes of a multi-label task in, framing metrics out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import missed, ratio, unanswered_cells
from harness.scoring.metrics.metric import Metric
from harness.values.labels import missing_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Codes = NDArray[np.int64]


def f1_micro(tables: Array) -> Array:
    """Return F1 of the summed tables of all labels, ``(..., k, 2, 2)``: accuracy in a single-label task."""
    hits, wrong = tables[..., 1, 1], tables[..., 0, 1]
    return np.asarray(ratio(2 * hits.sum(axis=-1), (2 * hits + wrong + missed(tables)).sum(axis=-1)))


def hamming_loss(tables: Array) -> Array:
    """Return the share of wrong (item, label) pairs, from ``(..., k, 2, 2)``; no answer is wrong of all."""
    wrong = tables[..., 0, 1] + tables[..., 1, 0] + unanswered_cells(tables)
    return ratio(wrong.sum(axis=-1), tables.sum(axis=(-3, -2, -1)))


def exact_match(truth: Codes, _proba: Array, predicted: Codes) -> Array:
    """Return 1 for each item whose labels are all right, ``(n,)``."""
    return np.asarray((truth == predicted).all(axis=1), dtype=np.float64)


def jaccard(truth: Codes, _proba: Array, predicted: Codes) -> Array:
    """Return intersection over union of the labels of each item, ``(n,)``; 1 if both sets are empty.

    Predicting no frame for an item without a frame is right (scikit-learn: ``zero_division=1``). A missing
    prediction is 0.
    """
    answered = ~missing_rows(predicted)
    # Bitwise on 0 and 1: sizes of intersection and union.
    both, either = (truth & predicted).sum(axis=1), (truth | predicted).sum(axis=1)
    return np.where(answered, np.where(either == 0, 1.0, ratio(both, either)), 0.0)


def no_frame(truth: Codes, _proba: Array, predicted: Codes) -> Array:
    """Return what each item adds to counts of the empty set, ``(n, 4)``: both, predicted, true, all items."""
    # A missing prediction is no empty set: its codes are below 0.
    is_empty, predicted_empty = (codes.sum(axis=1) == 0 for codes in (truth, predicted))
    columns = [is_empty & predicted_empty, predicted_empty, is_empty, np.ones_like(is_empty)]
    return np.stack(columns, axis=1).astype(np.float64)


def f1_of_no_frame(sums: Array) -> Array:
    """Return F1 of the empty set taken as a label, from the sums of :func:`no_frame`."""
    return ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def gap_of_no_frame(sums: Array) -> Array:
    """Return the absolute difference of the predicted and the true share of items without a label."""
    return np.abs(ratio(sums[..., 1] - sums[..., 2], sums[..., 3]))


F1_MICRO = Metric(
    "f1_micro",
    f1_micro,
    "counts",
    "both",
    reference="F1 over pooled (item, label) pairs",
    gloss="F1 over all labels of all items together, so that common labels count most",
)
EXACT_MATCH = Metric(
    "exact_match",
    exact_match,
    "items",
    "multi",
    reference="subset accuracy",
    gloss="the share of items with all labels right and none too many",
)
JACCARD = Metric(
    "jaccard",
    jaccard,
    "items",
    "multi",
    reference="mean over items; 1 where both sets are empty",
    gloss="the share of the labels given or true that are both, mean over items",
)
F1_NO_FRAME = Metric(
    "f1_no_frame",
    no_frame,
    "items",
    "multi",
    reference="F1 of the empty set, as if it were a label",
    of_sums=f1_of_no_frame,
    gloss="F1 of having no frame at all, as if that were a label",
)
NO_FRAME_GAP = Metric(
    "no_frame_gap",
    no_frame,
    "items",
    "multi",
    direction="lower",
    reference="|predicted share - true share of items without a label|",
    of_sums=gap_of_no_frame,
    biased=True,
    gloss="how far the share of items without a frame is off the true one",
)
HAMMING_LOSS = Metric(
    "hamming_loss",
    hamming_loss,
    "counts",
    "multi",
    direction="lower",
    reference="Schapire & Singer 1999",
    gloss="the share of all yes-or-no decisions, one for each item and label, that are wrong",
)
