"""Accuracy, precision, recall, F1 and correlation: by hand, and as scikit-learn has them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as reference

from harness.scoring.metrics.classification import (
    accuracy,
    balanced_accuracy,
    f1,
    f1_macro,
    mcc,
    precision,
    recall,
)
from harness.scoring.metrics.counts import confusion, one_vs_rest, ratio

TABLE = np.array([[3.0, 1.0, 0.0], [2.0, 4.0, 1.0], [0.0, 1.0, 2.0]])
"""Truth by row, prediction by column; 14 items."""


def test_worked_by_hand() -> None:
    tables = one_vs_rest(TABLE)
    # Label 0: 3 hits, 1 missed (row 0), 2 wrong (column 0), 8 others.
    assert tables[0].tolist() == [[8, 2], [1, 3]]
    assert accuracy(TABLE) == pytest.approx(9 / 14)
    assert precision(tables) == pytest.approx([3 / 5, 4 / 6, 2 / 3])
    assert recall(tables) == pytest.approx([3 / 4, 4 / 7, 2 / 3])
    assert balanced_accuracy(TABLE) == pytest.approx((3 / 4 + 4 / 7 + 2 / 3) / 3)
    # F1 = 2 hits / (2 hits + wrong + missed): 6/9, 8/13, 4/6.
    assert f1(tables) == pytest.approx([6 / 9, 8 / 13, 4 / 6])
    assert f1_macro(tables) == pytest.approx((6 / 9 + 8 / 13 + 4 / 6) / 3)
    # Gorodkin: (c s - sum t p) / sqrt((s² - sum p²)(s² - sum t²)), c = 9, s = 14, t = 4 7 3, p = 5 6 3:
    # (126 - 20 - 42 - 9) / sqrt((196 - 70) (196 - 74)) = 55 / sqrt(126 · 122)
    assert mcc(TABLE) == pytest.approx(55 / np.sqrt(126 * 122))


def test_a_label_that_is_absent_and_never_predicted_counts_as_0() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    tables = one_vs_rest(confusion(truth, predicted, 3).astype(float))
    # F1 0.8 and 2/3; over the three declared labels, not over the two that occur.
    assert f1(tables) == pytest.approx([0.8, 2 / 3, 0.0])
    assert f1_macro(tables) == pytest.approx((0.8 + 2 / 3) / 3)
    assert balanced_accuracy(confusion(truth, predicted, 3)) == pytest.approx((1 + 0.5 + 0) / 3)


@pytest.mark.parametrize("predicted", [[0, 0, 0], [1, 0, 2]])
def test_correlation_with_a_constant_is_0(predicted: list[int]) -> None:
    truth = np.array([0, 0, 0]) if predicted == [1, 0, 2] else np.array([0, 1, 2])
    assert mcc(confusion(truth, np.array(predicted), 3)) == 0


def test_nothing_over_nothing_is_0() -> None:
    assert ratio(np.array([1.0, 0.0, 3.0]), np.array([2.0, 0.0, 4.0])).tolist() == [0.5, 0, 0.75]
    assert ratio(np.array(1.0), np.array([2.0, 0.0])).tolist() == [0.5, 0]
    assert float(ratio(np.int64(0), np.int64(0))) == 0


SKLEARN: dict[str, tuple[Callable[..., object], Callable[..., object]]] = {
    "accuracy": (accuracy, lambda t, p, k: reference.accuracy_score(t, p)),
    "mcc": (mcc, lambda t, p, k: reference.matthews_corrcoef(t, p)),
    "balanced": (
        balanced_accuracy,
        lambda t, p, k: reference.recall_score(t, p, labels=k, average="macro", zero_division=0),
    ),
    "f1_macro": (
        lambda c: f1_macro(one_vs_rest(c)),
        lambda t, p, k: reference.f1_score(t, p, labels=k, average="macro", zero_division=0),
    ),
    "f1": (
        lambda c: f1(one_vs_rest(c)),
        lambda t, p, k: reference.f1_score(t, p, labels=k, average=None, zero_division=0),
    ),
    "precision": (
        lambda c: precision(one_vs_rest(c)),
        lambda t, p, k: reference.precision_score(t, p, labels=k, average=None, zero_division=0),
    ),
    "recall": (
        lambda c: recall(one_vs_rest(c)),
        lambda t, p, k: reference.recall_score(t, p, labels=k, average=None, zero_division=0),
    ),
}


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("name", SKLEARN)
def test_as_scikit_learn(name: str, k: int) -> None:
    ours, theirs = SKLEARN[name]
    for root in range(10):
        stream = np.random.default_rng(root)
        # Few items, so that labels are absent from truth, from prediction and from both.
        truth, predicted = stream.integers(0, k, 9), stream.integers(0, k, 9)
        counts = confusion(truth, predicted, k).astype(float)
        assert counts.tolist() == reference.confusion_matrix(truth, predicted, labels=range(k)).tolist()
        assert ours(counts) == pytest.approx(theirs(truth, predicted, range(k)), abs=1e-12)


def test_balanced_accuracy_is_that_of_scikit_learn_where_every_label_occurs() -> None:
    truth = np.repeat([0, 1, 2], 7)
    predicted = np.random.default_rng(0).integers(0, 3, 21)
    expected = reference.balanced_accuracy_score(truth, predicted)
    assert balanced_accuracy(confusion(truth, predicted, 3)) == pytest.approx(expected)


def test_tables_of_several_labels_at_once() -> None:
    stream = np.random.default_rng(3)
    truth, predicted = stream.integers(0, 2, (30, 4)), stream.integers(0, 2, (30, 4))
    counts = confusion(truth, predicted, 4)
    assert counts.tolist() == reference.multilabel_confusion_matrix(truth, predicted).tolist()
    assert f1_macro(counts) == pytest.approx(reference.f1_score(truth, predicted, average="macro"))
    assert precision(counts) == pytest.approx(reference.precision_score(truth, predicted, average=None))
    assert recall(counts) == pytest.approx(reference.recall_score(truth, predicted, average=None))
