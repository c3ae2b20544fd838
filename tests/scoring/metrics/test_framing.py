"""Multi-label metrics: by hand, and as scikit-learn has them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from harness.scoring.metrics.classification import f1, f1_macro
from harness.scoring.metrics.counts import confusion, one_vs_rest
from harness.scoring.metrics.framing import (
    exact_match,
    f1_micro,
    f1_of_no_frame,
    gap_of_no_frame,
    hamming_loss,
    jaccard,
    no_frame,
)
from harness.scoring.metrics.ranking import average_precision, average_precision_macro

TRUTH = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0], [0, 0, 0]])
PREDICTED = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
NONE = np.zeros((4, 3))


def test_worked_by_hand() -> None:
    counts = confusion(TRUTH, PREDICTED, 3).astype(float)
    # 3 hits, 1 missed, 2 wrong: 6 / (6 + 1 + 2).
    assert f1_micro(counts) == pytest.approx(6 / 9)
    assert hamming_loss(counts) == pytest.approx(3 / 12)
    assert exact_match(TRUTH, NONE, PREDICTED).tolist() == [0, 1, 0, 0]
    # Row 0: 1 of 2. Row 1: both empty, right. Row 2: 2 of 3. Row 3: 0 of 1.
    assert jaccard(TRUTH, NONE, PREDICTED) == pytest.approx([1 / 2, 1, 2 / 3, 0])


def test_no_frame_worked_by_hand() -> None:
    sums = no_frame(TRUTH, NONE, PREDICTED).sum(axis=0)
    # Rows 1 and 3 have no label; row 1 alone is predicted to have none. F1: 2 / (1 + 2), shares 1/4 and 2/4.
    assert sums.tolist() == [1, 1, 2, 4]
    assert f1_of_no_frame(sums) == pytest.approx(2 / 3)
    assert gap_of_no_frame(sums) == pytest.approx(1 / 4)
    nobody = no_frame(np.ones((3, 2), dtype=np.int64), NONE, np.ones((3, 2), dtype=np.int64)).sum(axis=0)
    assert (f1_of_no_frame(nobody), gap_of_no_frame(nobody)) == (0, 0)


def test_micro_f1_of_a_single_label_task_is_its_accuracy() -> None:
    table = np.array([[5.0, 1.0], [2.0, 4.0]])
    assert f1_micro(one_vs_rest(table)) == pytest.approx(9 / 12)


def test_average_precision_by_hand() -> None:
    truth = np.array([[1], [0], [1], [0]])
    proba = np.array([[0.9], [0.8], [0.7], [0.1]])
    # True items at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision(truth, proba, np.ones(4)) == pytest.approx([5 / 6])
    # The wrong item at rank 2 counted twice: the second true item is fourth, (1/1 + 2/4) / 2.
    assert average_precision(truth, proba, np.array([1.0, 2.0, 1.0, 1.0])) == pytest.approx([3 / 4])
    # Ranks 1 to 3 tied: both true items are found among three.
    tied = np.array([[0.9], [0.9], [0.9], [0.1]])
    assert average_precision(truth, tied, np.ones(4)) == pytest.approx([2 / 3])


def test_average_precision_without_a_true_item_is_0() -> None:
    truth, proba = np.array([[0, 1], [0, 0]]), np.array([[0.4, 0.9], [0.6, 0.1]])
    assert average_precision(truth, proba, np.ones(2)).tolist() == [0, 1]
    assert average_precision_macro(truth, proba, np.ones(2)) == 0.5
    # Drawn without the only true item.
    assert average_precision(truth, proba, np.array([[0.0, 2.0], [1.0, 1.0]])).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("decimals", [1, 16], ids=["tied", "untied"])
def test_as_scikit_learn(decimals: int) -> None:
    for root in range(10):
        stream = np.random.default_rng(root)
        truth = (stream.random((25, 4)) < 0.4).astype(np.int64)
        proba = np.round(stream.random((25, 4)), decimals)
        predicted = (proba >= 0.5).astype(np.int64)
        counts = confusion(truth, predicted, 4)
        assert f1_micro(counts) == pytest.approx(reference.f1_score(truth, predicted, average="micro"))
        assert hamming_loss(counts) == pytest.approx(reference.hamming_loss(truth, predicted))
        assert exact_match(truth, proba, predicted).mean() == pytest.approx(
            reference.accuracy_score(truth, predicted)
        )
        # Rows without a frame, called frameless, are right here; scikit-learn gives them what it is told.
        theirs = reference.jaccard_score(truth, predicted, average="samples", zero_division=1)
        assert jaccard(truth, proba, predicted).mean() == pytest.approx(theirs)
        empty = [(codes.sum(axis=1) == 0).astype(int) for codes in (truth, predicted)]
        sums = no_frame(truth, proba, predicted).sum(axis=0)
        assert f1_of_no_frame(sums) == pytest.approx(reference.f1_score(*empty, zero_division=0))
        assert f1(counts) == pytest.approx(reference.f1_score(truth, predicted, average=None))
        assert f1_macro(counts) == pytest.approx(reference.f1_score(truth, predicted, average="macro"))
        times = stream.integers(0, 3, 25).astype(float)
        for weights in (np.ones(25), times):
            expected = reference.average_precision_score(truth, proba, average=None, sample_weight=weights)
            assert average_precision(truth, proba, weights) == pytest.approx(expected)
            assert average_precision_macro(truth, proba, weights) == pytest.approx(np.mean(expected))
