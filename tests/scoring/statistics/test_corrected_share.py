from __future__ import annotations

import math

import numpy as np
import pytest

from harness.scoring.statistics.corrected_share import (
    SampleCounts,
    SampleDesign,
    corrected_share,
    naive_share,
)

# 40 predictions, of which twelve rows are labelled.
PREDICTED = np.array([int(digit) for digit in "1011001010110010100110100011010010100100"], dtype=float)
GOLD = {0: 1, 3: 0, 5: 0, 8: 1, 11: 0, 14: 1, 17: 1, 20: 1, 25: 0, 28: 0, 33: 0, 37: 0}
ROWS = np.array(list(GOLD))
TRUE = np.array(list(GOLD.values()), dtype=float)


def sample_counts(true: np.ndarray, predicted: np.ndarray) -> SampleCounts:
    ones = np.ones(len(true))
    return SampleCounts(true, ones, predicted, ones)


def design(pi: float | np.ndarray, stratum: np.ndarray | None = None, n: int = 12) -> SampleDesign:
    codes = np.zeros(n, dtype=np.int64) if stratum is None else stratum
    return SampleDesign(np.full(n, pi) if isinstance(pi, float) else pi, codes)


def test_a_sample_worked_by_hand() -> None:
    # Ten rows, six predicted to have the label; four labelled, pi 0.4; one of them is wrongly predicted so.
    # Corrected: (6 - 1 / 0.4) / 10 = 0.35. d = (-1, 0, 0, 0), u = d / (0.4 * 10) = (-0.25, 0, 0, 0), mean
    # -0.0625; squares: 0.1875² + 3 * 0.0625² = 0.046875; times 4/3 and 1 - 0.4: 0.0375.
    estimate = corrected_share(
        6, 10, sample_counts(np.array([0.0, 1, 0, 1]), np.array([1.0, 1, 0, 1])), design(0.4, n=4)
    )
    assert estimate.value == pytest.approx(0.35)
    # Four rows, one wrong: the error rate counts as at least 2/6; 0.6 * 1/3 * 2/3 / 4 = 0.0333 is less.
    assert estimate.se == pytest.approx(math.sqrt(0.0375))
    assert (estimate.low, estimate.high) == (0.0, pytest.approx(0.35 + 3.182446 * math.sqrt(0.0375)))


def test_the_estimate_is_that_of_the_published_implementation() -> None:
    # ppi_py 0.2.3: ppi_mean_pointestimate(Y, Yhat, Yhat_unlabeled, lam=1) = 0.28333333;
    # ppi_mean_ci(..., alpha=0.05, lam=1) = -0.06535557 to 0.63202223, half of which is
    # 1.959964 * sqrt(var(Yhat) / N + var(Y - Yhat) / n).
    estimate = corrected_share(PREDICTED.sum(), 40, sample_counts(TRUE, PREDICTED[ROWS]), design(0.3))
    assert estimate.value == pytest.approx(0.2833333333333333, abs=1e-9)
    # Ours is over these forty rows alone: without the first term, 1 - 0.3 of the second; it divides by n - 1.
    of_errors = estimate.se**2 / (1 - 0.3) * 11 / 12
    assert 1.959964 * math.sqrt(of_errors + PREDICTED.var() / 40) == pytest.approx(
        (0.63202223 + 0.06535557) / 2, abs=1e-6
    )


def test_weights_are_those_of_the_published_implementation() -> None:
    # The same with w = (1,) * 6 + (3,) * 6: ppi_py gives 0.36666667.
    weight = np.array([1.0] * 6 + [3.0] * 6)
    pi = weight.sum() / 40 / weight
    estimate = corrected_share(
        PREDICTED.sum(), 40, sample_counts(TRUE, PREDICTED[ROWS]), design(pi, np.repeat([0, 1], 6))
    )
    assert estimate.value == pytest.approx(0.36666666666666664, abs=1e-9)


def test_a_census_leaves_no_doubt() -> None:
    estimate = corrected_share(PREDICTED[ROWS].sum(), 12, sample_counts(TRUE, PREDICTED[ROWS]), design(1.0))
    assert (estimate.value, estimate.low, estimate.high, estimate.se) == (
        TRUE.mean(),
        TRUE.mean(),
        TRUE.mean(),
        0,
    )


def test_a_sample_without_errors_is_not_taken_for_proof() -> None:
    # Ten rows, none wrong: the error rate counts as 1/12; 0.9 * (1/12) (11/12) / 10.
    estimate = corrected_share(30, 100, sample_counts(np.ones(10), np.ones(10)), design(0.1, n=10))
    assert estimate.value == 0.3
    assert estimate.se == pytest.approx(math.sqrt(0.9 * (1 / 12) * (11 / 12) / 10))


def test_rows_of_another_group_are_corrected_out() -> None:
    # 40 rows are predicted to be of the group; of four labelled (pi 0.1, of 40) one is not: 40 - 10 = 30 are.
    # 20 are predicted to have the label, and that row is one of them: 20 - 10 = 10 have it.
    sample = SampleCounts(
        np.array([1.0, 0, 0, 0]), np.array([1.0, 1, 1, 0]), np.array([1.0, 0, 0, 1]), np.ones(4)
    )
    assert corrected_share(20, 40, sample, design(0.1, n=4)).value == pytest.approx(10 / 30)


@pytest.mark.parametrize(("n", "estimable"), [(1, False), (2, True)])
def test_one_labelled_row_says_nothing(n: int, estimable: bool) -> None:
    estimate = corrected_share(5, 10, sample_counts(np.ones(n), np.ones(n)), design(0.2, n=n))
    assert math.isnan(estimate.value) is not estimable


def test_it_is_not_biased_over_samples() -> None:
    random = np.random.default_rng(3)
    truth = (random.random(400) < 0.3).astype(float)
    predicted = np.where(random.random(400) < 0.7, truth, 1 - truth)
    values = []
    for _ in range(2000):
        rows = random.permutation(400)[:60]
        estimate = corrected_share(
            predicted.sum(), 400, sample_counts(truth[rows], predicted[rows]), design(60 / 400, n=60)
        )
        values.append(estimate.value)
    assert np.mean(values) == pytest.approx(truth.mean(), abs=4 * np.std(values) / math.sqrt(2000))
    assert abs(predicted.mean() - truth.mean()) > 0.05


def test_the_naive_share_is_a_count_with_wilsons_interval() -> None:
    # Wilson 1927 for 10 of 40, z = 1.959964: centre (10 + z²/2) / (40 + z²) = 0.27191, half-width 0.13013.
    estimate = naive_share(10, 40)
    assert estimate.value == 0.25
    assert (estimate.low, estimate.high) == (
        pytest.approx(0.14187, abs=1e-4),
        pytest.approx(0.40195, abs=1e-4),
    )
    assert math.isnan(naive_share(0, 0).value)
