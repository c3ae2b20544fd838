from __future__ import annotations

import math

import numpy as np
import pytest

from harness.evaluation.decisions.threshold_tuning import WEIGHT, best_cut, f_by_cut, tune_thresholds


def test_f1_at_each_cut_by_hand() -> None:
    """Rows at 0.1, 0.4, 0.6, 0.9, true: 0.4 and 0.9.

    From 0.3 on: 3 predicted, 2 hits, F1 = 4/5. From 0.5: 2 predicted, 1 hit, 2/4. From 0.7: 1 predicted, 1
    hit, 2/3.
    """
    proba, truth = np.array([[0.1], [0.4], [0.6], [0.9]]), np.array([[0], [1], [0], [1]])
    f1 = f_by_cut(proba, truth, np.array([0.3, 0.5, 0.7, 0.95]))
    assert f1.tolist() == [[pytest.approx(0.8), 0.5, pytest.approx(2 / 3), 0.0]]


def test_a_label_that_is_neither_true_nor_predicted_has_an_f1_of_0() -> None:
    assert f_by_cut(np.array([[0.1]]), np.array([[0]]), np.array([0.5])).tolist() == [[0.0]]


def test_of_equally_good_cuts_the_nearest_to_a_half_is_taken() -> None:
    cuts = np.array([0.2, 0.3, 0.4, 0.6, 0.9])
    assert best_cut(cuts, np.array([1.0, 1.0, 1.0, 0.5, 1.0])) == 0.4
    assert best_cut(cuts, np.array([0.0, 0.0, 0.0, 0.0, 0.1])) == 0.9


def test_a_label_is_shrunk_toward_the_common_cut() -> None:
    """Both labels have one row in four, those at 0.3; the first has WEIGHT such rows, the second none.

    The best cut of the first is 0.3 (nearest to 0.5 of those in (0.1, 0.3]), and of both on average too. The
    second's own is 0.5, since all are equally bad: it has no row, so it takes the common one.
    """
    proba = np.tile(np.repeat([0.3, 0.1], [WEIGHT, 3 * WEIGHT])[:, None], (1, 2))
    truth = np.stack([np.repeat([1, 0], [WEIGHT, 3 * WEIGHT]), np.zeros(4 * WEIGHT, dtype=int)], axis=1)
    assert tune_thresholds(proba, truth) == pytest.approx((0.3, 0.3), abs=1e-9)


def test_half_way_is_in_log_odds() -> None:
    """One label wants 0.2, the other 0.8, each on WEIGHT rows and equally much.

    On average every cut from 0.2 to 0.8 that gives one label all is as good as its mirror image: the nearest
    to 0.5 of the best counts. Half-way between 0.2 and 0.5 in log odds: odds 1/4 and 1 give 1/2, so 1/3.
    """
    first = np.repeat([0.2, 0.1], [WEIGHT, WEIGHT])
    second = np.repeat([0.8, 0.79], [WEIGHT, WEIGHT])
    truth = np.repeat([1, 0], [WEIGHT, WEIGHT])
    cuts = np.arange(1, 100) / 100
    proba, both = np.stack([first, second], axis=1), np.stack([truth, truth], axis=1)
    common = best_cut(cuts, f_by_cut(proba, both, cuts).mean(axis=0))
    odds = [math.sqrt(cut / (1 - cut) * common / (1 - common)) for cut in (0.2, 0.8)]
    assert tune_thresholds(proba, both) == pytest.approx([ratio / (1 + ratio) for ratio in odds], abs=1e-9)


def test_labels_that_no_row_has_take_a_half() -> None:
    assert tune_thresholds(np.array([[0.2, 0.9]] * 5), np.zeros((5, 2), dtype=int)) == (0.5, 0.5)


def test_a_rare_label_gains_on_fresh_rows() -> None:
    """The probability of a label that one row in eight has rarely exceeds 0.5; its best cut is lower."""
    stream = np.random.default_rng(0)
    proba = stream.beta(0.8, 5.6, (600, 3))
    truth = (stream.random((600, 3)) < proba).astype(int)
    cuts = np.array(tune_thresholds(proba[:300], truth[:300]))
    assert ((cuts > 0.1) & (cuts < 0.45)).all()
    fresh, true = proba[300:], truth[300:]
    f1 = [f_by_cut(fresh, true, np.array([cut]))[k, 0] for k, cut in enumerate(cuts)]
    assert np.mean(f1) > f_by_cut(fresh, true, np.array([0.5])).mean() + 0.15
