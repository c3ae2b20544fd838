"""Log loss, Brier score and expected calibration error: by hand, and as scikit-learn has the first two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from harness.scoring.metrics.calibration import (
    BINS,
    EPSILON,
    LOG_LOSS,
    _debiased_squared_error,
    brier,
    chance_corrected_ece,
    claims,
    ece_equal_mass,
    ece_equal_width,
    log_loss,
    reliability_bins,
    rmsce_debiased,
    width_bins,
)
from tests.scoring.metrics import toy_samples
from tests.scoring.metrics.toy_samples import MULTI, Recipe

PREDICTED = np.zeros(2, dtype=np.int64)


def test_single_label_by_hand() -> None:
    truth, proba = np.array([0, 2]), np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]])
    # 0.25 + 0.0625 + 0.0625; 0.25 + 0.25 + 1.
    assert brier(truth, proba, PREDICTED).tolist() == [0.375, 1.5]
    # A true label with probability 0 is clipped: minus the logarithm of 2**-52.
    assert log_loss(truth, proba, PREDICTED) == pytest.approx([math.log(2), 52 * math.log(2)])
    assert LOG_LOSS.high == pytest.approx(-math.log(EPSILON))


def test_multi_label_by_hand() -> None:
    truth, proba = np.array([[1, 0], [0, 0]]), np.array([[0.5, 0.25], [0.0, 1.0]])
    assert brier(truth, proba, PREDICTED).tolist() == [(0.25 + 0.0625) / 2, 0.5]
    first = (math.log(2) - math.log(0.75)) / 2
    # Probability 1 for what does not apply: 1 - (1 - EPSILON) is EPSILON.
    assert log_loss(truth, proba, PREDICTED) == pytest.approx([first, 26 * math.log(2)])


@pytest.mark.parametrize("k", [2, 3, 5])
def test_as_scikit_learn(k: int) -> None:
    labels = toy_samples.LabelSet(tuple("abcde"[:k]))
    for root in range(5):
        sample = toy_samples.sample(Recipe(labels, n_seeds=1, sharpness=3.0), root)
        truth, proba, predicted = sample.truth, sample.proba[0], sample.predicted[0]
        theirs = reference.log_loss(truth, proba, labels=range(k))
        assert log_loss(truth, proba, predicted).mean() == pytest.approx(theirs)
        whole = reference.brier_score_loss(np.eye(k)[truth], proba) if k > 2 else None
        half = reference.brier_score_loss(truth, proba[:, 1]) if k == 2 else None
        # With two classes scikit-learn counts one of them; the sum over both is twice that.
        assert brier(truth, proba, predicted).mean() == pytest.approx(whole if half is None else 2 * half)


def test_multi_label_is_the_mean_of_scikit_learns_values() -> None:
    sample = toy_samples.sample(Recipe(MULTI, n_seeds=1))
    truth, proba, predicted = sample.truth, sample.proba[0], sample.predicted[0]
    pairs = list(zip(truth.T, proba.T, strict=True))
    assert log_loss(truth, proba, predicted).mean() == pytest.approx(
        np.mean([reference.log_loss(t, p) for t, p in pairs])
    )
    expected = np.mean([reference.brier_score_loss(t, p) for t, p in pairs])
    assert brier(truth, proba, predicted).mean() == pytest.approx(expected)


def predicted_and_right(confidences: list[float], right: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Two labels; the first is predicted with these confidences, and is right or not."""
    stated = np.array(confidences)
    return 1 - np.array(right), np.stack([stated, 1 - stated], axis=1)


def test_equal_width_by_hand() -> None:
    truth, proba = predicted_and_right([0.62, 0.65, 0.98, 1.0], [1, 0, 1, 1])
    # 0.62 and 0.65 lie in (9/15, 10/15]: |1.27 - 1| = 0.27. 0.98 and 1.0 in (14/15, 1]: |1.98 - 2| = 0.02.
    assert ece_equal_width(truth, proba, np.ones(4)) == pytest.approx((0.27 + 0.02) / 4)
    # The first counted three times: |1.86 + 0.65 - 3| = 0.49, over six items.
    assert ece_equal_width(truth, proba, np.array([3.0, 1, 1, 1])) == pytest.approx((0.49 + 0.02) / 6)


def test_equal_mass_by_hand() -> None:
    confidences = [0.51 + 0.01 * step for step in range(30)]
    truth, proba = predicted_and_right(confidences, [1, 0] * 15)
    # Thirty items, fifteen bins of two neighbours, one right of each two: |c + (c + 0.01) - 1| a bin.
    gaps = [abs(2 * c + 0.01 - 1) for c in confidences[::2]]
    assert ece_equal_mass(truth, proba, np.ones(30)) == pytest.approx(sum(gaps) / 30)


def test_debiased_error_by_hand() -> None:
    # Gaps of .6 (wrong) and -.4 (right), two items a bin: mean .1, of variance (.5² + .5²) / 2² * 2 = .25.
    truth, proba = predicted_and_right([0.6] * 30, [1, 0] * 15)
    # All tied: every bin has the mean gap .1 and the variance of two items, .25.
    assert rmsce_debiased(truth, proba, np.ones(30)) == 0
    # All wrong at .6: no variance is left, and the error is .6.
    truth, proba = predicted_and_right([0.6] * 30, [0] * 30)
    assert rmsce_debiased(truth, proba, np.ones(30)) == pytest.approx(0.6)


def test_debiased_error_as_a_plain_loop() -> None:
    stream = np.random.default_rng(2)
    stated = stream.uniform(0.5, 1, 150)
    right = (stream.random(150) < stated - 0.3).astype(int)
    truth, proba = predicted_and_right(stated.tolist(), right.tolist())
    squared = 0.0
    for members in np.array_split(np.argsort(stated), BINS):
        gaps = stated[members] - right[members]
        squared += len(members) / 150 * (gaps.mean() ** 2 - gaps.var(ddof=1) / len(members))
    assert rmsce_debiased(truth, proba, np.ones(150)) == pytest.approx(np.sqrt(squared))


@pytest.mark.parametrize("off", [0.0, 0.15])
def test_the_debiased_error_is_right_on_average_and_its_draws_scatter_about_it(off: float) -> None:
    stream, errors, centres = np.random.default_rng(0), [], []
    for _ in range(200):
        stated = stream.uniform(0.5, 0.95, 200)
        right = (stream.random(200) < stated - off).astype(float)
        draws = stream.multinomial(200, np.full(200, 1 / 200), size=100).astype(float)
        (value,) = _debiased_squared_error(stated, right, np.ones((1, 200)))
        errors.append(value - off**2)
        centres.append(_debiased_squared_error(stated, right, draws).mean() - value)
    # ECE with as many items would be .1 off; the standard errors here are .0006 and .0003.
    assert abs(np.mean(errors)) < 0.0025
    assert abs(np.mean(centres)) < 0.0015


def test_a_bound_divides_an_item_and_ties_share_a_frequency() -> None:
    truth, proba = predicted_and_right([0.9, 0.9, 0.6], [1, 0, 1])
    # Fifteen bins over three items: five inside each third. The tied two have frequency 1/2, so ten bins
    # are off by 0.4 each and five by 0.4 (0.6 against 1).
    assert ece_equal_mass(truth, proba, np.ones(3)) == pytest.approx(0.4)


def test_equal_mass_as_a_plain_loop() -> None:
    stream = np.random.default_rng(2)
    proba = stream.dirichlet([1, 1, 1], size=150)
    truth = stream.integers(0, 3, 150)
    ((stated, right),) = claims(truth, proba)
    bins = np.array_split(np.argsort(stated), BINS)
    loop = sum(abs(stated[members].mean() - right[members].mean()) * len(members) / 150 for members in bins)
    assert ece_equal_mass(truth, proba, np.ones(150)) == pytest.approx(loop)


def test_multi_label_ece_is_the_mean_over_labels() -> None:
    stream = np.random.default_rng(4)
    truth, proba = stream.integers(0, 2, (60, 3)), stream.random((60, 3))
    for ece in (ece_equal_mass, ece_equal_width):
        each = [ece(truth[:, [k]], proba[:, [k]], np.ones(60)) for k in range(3)]
        assert ece(truth, proba, np.ones(60)) == pytest.approx(np.mean(each))


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.0, 0), (1e-9, 0), (1 / 15, 0), (0.0667, 1), (0.5, 7), (1.0, 14)]
)
def test_a_bound_belongs_to_the_bin_below(probability: float, expected: int) -> None:
    assert width_bins(np.array([probability])).tolist() == [expected]


@pytest.mark.parametrize("scheme", ["equal_mass", "equal_width"])
def test_reliability_bins_add_up_to_the_error(scheme: str) -> None:
    sample = toy_samples.sample(Recipe(n=97, n_seeds=1))
    ((stated, right),) = claims(sample.truth, sample.proba[0])
    bins = reliability_bins(stated, right, scheme=scheme)  # type: ignore[arg-type]
    assert sum(bin_.n for bin_ in bins) == pytest.approx(97)
    assert all(bin_.low <= bin_.confidence <= bin_.high for bin_ in bins if scheme == "equal_width")
    ece = ece_equal_mass if scheme == "equal_mass" else ece_equal_width
    total = sum(bin_.n * abs(bin_.confidence - bin_.frequency) for bin_ in bins) / 97
    assert total == pytest.approx(float(ece(sample.truth, sample.proba[0], np.ones(97))))


def test_reliability_bins_by_hand() -> None:
    stated, true = np.array([0.1, 0.2, 0.7, 0.8]), np.array([0.0, 1.0, 1.0, 1.0])
    mass = reliability_bins(stated, true, scheme="equal_mass", bins=2)
    # The edge lies midway between the second and the third item.
    assert [(bin_.confidence, bin_.frequency, bin_.n) for bin_ in mass] == [
        pytest.approx((0.15, 0.5, 2)),
        pytest.approx((0.75, 1.0, 2)),
    ]
    assert [(bin_.low, bin_.high) for bin_ in mass] == [
        pytest.approx((0.1, 0.45)),
        pytest.approx((0.45, 0.8)),
    ]
    width = reliability_bins(stated, true, scheme="equal_width", bins=4)
    # Nothing is stated in (0.25, 0.5]: that bin is left out.
    assert [(bin_.low, bin_.high, bin_.n) for bin_ in width] == [
        (0.0, 0.25, 2.0),
        (0.5, 0.75, 1.0),
        (0.75, 1.0, 1.0),
    ]


def test_probabilities_that_are_right_have_no_excess() -> None:
    """Outcomes drawn from the stated probabilities: what is observed is what chance gives."""
    generator = np.random.default_rng(3)
    stated = generator.uniform(0.5, 1.0, 138)
    truth = (generator.random(138) >= stated).astype(np.int64)
    error = chance_corrected_ece(truth, np.stack([stated, 1 - stated], axis=1))
    assert 0.05 < error.chance < error.chance_high
    assert error.observed < error.chance_high
    assert error.excess < 0.03


def test_the_excess_of_constant_overconfidence_is_the_gap() -> None:
    """Half of 600 items are right, all are claimed with 0.9: the error is 0.4, less what chance gives."""
    truth, proba = np.tile([0, 1], 300), np.tile([0.9, 0.1], (600, 1))
    error = chance_corrected_ece(truth, proba)
    assert error.observed == pytest.approx(0.4)
    # One value fills one bin: the mean of |hits / n - 0.9| is sqrt(2 / pi) * 0.3 / sqrt(600) = 0.0098.
    assert error.chance == pytest.approx(0.0098, abs=0.001)
    assert error.excess == pytest.approx(0.4 - error.chance)


def test_the_excess_of_several_labels_is_their_mean() -> None:
    truth = np.stack([np.tile([0, 1], 300), np.zeros(600, dtype=np.int64)], axis=1)
    proba = np.tile([0.9, 0.0], (600, 1))
    error = chance_corrected_ece(truth, proba)
    assert error.observed == pytest.approx(0.2)
