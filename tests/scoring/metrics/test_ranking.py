"""AUROC and average precision of single-label tasks: by hand, and as scikit-learn has them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from harness.scoring.metrics.ranking import auroc, average_precision
from tests.scoring.metrics import toy_samples
from tests.scoring.metrics.toy_samples import MULTI, Recipe


def test_auroc_by_hand() -> None:
    truth, proba = np.array([[1], [1], [0], [0]]), np.array([[0.9], [0.3], [0.5], [0.3]])
    # Of four pairs: 0.9 wins twice, 0.3 loses to 0.5 and ties with 0.3: 2.5 of 4.
    assert auroc(truth, proba, np.ones(4)) == pytest.approx([2.5 / 4])
    # The first counted three times: (3 * 2 + 0.5) of 8.
    assert auroc(truth, proba, np.array([3.0, 1, 1, 1])) == pytest.approx([6.5 / 8])


def test_auroc_without_two_sides_is_a_half() -> None:
    truth, proba = np.array([0, 0]), np.array([[0.9, 0.1], [0.4, 0.6]])
    assert auroc(truth, proba, np.ones(2)).tolist() == [0.5, 0.5]
    assert auroc(np.array([0, 1]), proba, np.array([[2.0, 0.0], [1.0, 1.0]])).tolist() == [[0.5, 0.5], [1, 1]]


@pytest.mark.parametrize("k", [2, 3, 5])
def test_single_label_as_scikit_learn(k: int) -> None:
    labels = toy_samples.LabelSet(tuple("abcde"[:k]))
    sample = toy_samples.sample(Recipe(labels, n_seeds=1, sharpness=3.0), 1)
    truth, proba = sample.truth, np.round(sample.proba[0], 1)  # rounded: with ties
    weights = np.random.default_rng(0).integers(0, 4, len(truth)).astype(float)
    rest = [(truth == code).astype(int) for code in range(k)]
    areas = [reference.roc_auc_score(t, proba[:, c], sample_weight=weights) for c, t in enumerate(rest)]
    assert auroc(truth, proba, weights) == pytest.approx(areas)
    precise = [
        reference.average_precision_score(t, proba[:, c], sample_weight=weights) for c, t in enumerate(rest)
    ]
    assert average_precision(truth, proba, weights) == pytest.approx(precise)


def test_multi_label_as_scikit_learn() -> None:
    sample = toy_samples.sample(Recipe(MULTI, n_seeds=1))
    expected = reference.roc_auc_score(sample.truth, sample.proba[0], average=None)
    assert auroc(sample.truth, sample.proba[0], np.ones(len(sample.truth))) == pytest.approx(expected)
