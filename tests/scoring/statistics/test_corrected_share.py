from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.scoring.statistics.corrected_share import (
    Predicted,
    SampleCounts,
    ShareFit,
    fit_share,
    tuned_powers,
)
from harness.scoring.statistics.sample_design import SampleDesign
from harness.scoring.statistics.share_intervals import exact_interval, naive_share, score_interval
from harness.values.minimums import MIN_GOLD_ITEMS

# 40 predictions, of which twelve rows are labelled.
PREDICTED = np.array([int(digit) for digit in "1011001010110010100110100011010010100100"], dtype=float)
GOLD = {0: 1, 3: 0, 5: 0, 8: 1, 11: 0, 14: 1, 17: 1, 20: 1, 25: 0, 28: 0, 33: 0, 37: 0}
ROWS = np.array(list(GOLD))
TRUE = np.array(list(GOLD.values()), dtype=float)


def sample_counts(true: np.ndarray, predicted: np.ndarray) -> SampleCounts:
    ones = np.ones(len(true))
    return SampleCounts(true, ones, predicted, ones, ones > 0)


def design(
    pi: float | np.ndarray, stratum: np.ndarray | None = None, n: int = 12, article: np.ndarray | None = None
) -> SampleDesign:
    codes = np.zeros(n, dtype=np.int64) if stratum is None else stratum
    articles = np.arange(n) if article is None else article
    return SampleDesign.of(np.full(n, pi) if isinstance(pi, float) else pi, codes, article=articles)


def population(predicted: np.ndarray, article: np.ndarray | None = None) -> Predicted:
    n = len(predicted)
    return Predicted(predicted, np.ones(n), np.arange(n) if article is None else article)


def fitted(
    predicted: np.ndarray, true: np.ndarray, guess: np.ndarray, of: SampleDesign, power: float | None = None
) -> ShareFit:
    fit = fit_share(population(predicted), sample_counts(true, guess), of, power=power)
    assert fit is not None
    return fit


def test_a_sample_worked_by_hand() -> None:
    # Ten rows, six predicted to have the label; four labelled, pi 0.4; one of them is wrongly predicted so.
    # Power 1: 6/10 - 1/4 = 0.35. Residuals (-1, 0, 0, 0), times 1/4, less their mean: (-.1875, .0625 thrice);
    # squares 0.046875; times 4/3 and 1 - 0.4: 0.0375.
    predicted = np.array([1.0, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    fit = fitted(predicted, np.array([0.0, 1, 0, 1]), np.array([1.0, 1, 0, 1]), design(0.4, n=4), 1.0)
    assert fit.value == pytest.approx(0.35)
    # Errors: 1 of 3 rows predicted so counts as 1.5/4, 0 of 1 as .5/2. That leaves at the least
    # (1 - 3/6) .6² .375 .625 / 3 + (1 - 1/4) .4² .25 .75 / 1 = .0140625 + .0225 = .0365625: less than 0.0375.
    assert fit.se[0] == pytest.approx(math.sqrt(0.0375))
    assert fit.freedom[0] == 3


@pytest.mark.parametrize(
    ("power", "expected"), [(0.0, 0.4166666666666667), (0.5, 0.35), (1.0, 0.2833333333333333)]
)
def test_the_estimate_is_that_of_the_published_implementation(power: float, expected: float) -> None:
    # ppi_py 0.2.3: ppi_mean_pointestimate(Y, Yhat, Yhat_unlabeled, lam=power).
    fit = fitted(PREDICTED, TRUE, PREDICTED[ROWS], design(0.3), power)
    assert fit.value == pytest.approx(expected, abs=1e-9)


def test_weights_are_those_of_the_published_implementation() -> None:
    # The same with w = (1,) * 6 + (3,) * 6: ppi_py gives 0.36666667.
    weight = np.array([1.0] * 6 + [3.0] * 6)
    fit = fitted(
        PREDICTED, TRUE, PREDICTED[ROWS], design(weight.sum() / 40 / weight, np.repeat([0, 1], 6)), 1.0
    )
    assert fit.value == pytest.approx(0.36666666666666664, abs=1e-9)


def test_the_tuned_power_and_the_interval_of_the_stream_are_the_published_ones() -> None:
    # ppi_py 0.2.3 on these 2,000 rows, of which every fifth is labelled: ppi_mean_ci gives 0.25781405 to
    # 0.33929173. Its power, 0.3628, takes rows without a label for others than those with one, so that it is
    # divided by 1 + n/N; before that it is 0.43296.
    rows = np.arange(2000)
    truth = (rows * 7919 % 1000 < 300).astype(float)
    predicted = np.where(rows * 104729 % 1000 < 750, truth, 1 - truth)
    drawn = rows[::5]
    of = SampleDesign.of(np.full(400, 0.2), np.zeros(400, dtype=np.int64), article=drawn)
    fit = fitted(predicted, truth[drawn], predicted[drawn], of)
    assert fit.power == pytest.approx(0.43296, abs=0.001)
    low, high = fit.bounds(stream=True)
    assert (low, high) == (pytest.approx(0.2578, abs=0.002), pytest.approx(0.3393, abs=0.002))
    # These very rows are known better.
    assert low < fit.bounds()[0] < fit.bounds()[1] < high


def test_a_census_leaves_no_doubt() -> None:
    truth, predicted = np.tile(TRUE, 4), np.tile(PREDICTED[ROWS], 4)
    fit = fitted(predicted, truth, predicted, design(1.0, n=48))
    assert (fit.value, *fit.bounds()) == (pytest.approx(TRUE.mean()),) * 3
    # Other articles might have come all the same.
    assert fit.bounds(stream=True)[1] - fit.bounds(stream=True)[0] > 0.2


def test_a_sample_without_errors_is_not_taken_for_proof() -> None:
    # 40 rows, none wrong, 20 of each kind, of 400: error rates count as .5/21.
    labels = np.repeat([0.0, 1.0], 20)
    fit = fitted(np.tile(labels, 10), labels, labels, design(0.1, n=40))
    rate = 0.5 / 21
    assert fit.value == pytest.approx(0.5)
    assert fit.se[0] == pytest.approx(math.sqrt(2 * 0.9 * 0.25 * rate * (1 - rate) / 20))


def test_rows_of_another_voice_are_corrected_out() -> None:
    # All 40 rows are predicted to be of the voice; one of four labelled is not, so that 3/4 are. Half of the
    # rows are predicted to have the label; so are two of the four, of which one has it: (1/2 - 1/4) / (3/4).
    sample = SampleCounts(
        np.array([1.0, 0, 0, 0]),
        np.array([1.0, 1, 1, 0]),
        np.array([1.0, 0, 0, 1]),
        np.ones(4),
        np.ones(4) > 0,
    )
    predicted = np.repeat([1.0, 0.0], 20)
    fit = fit_share(population(predicted), sample, design(0.1, n=4), power=1.0)
    assert fit is not None
    assert fit.value == pytest.approx((0.5 + (1 - 2) / 4) / (3 / 4))


@pytest.mark.parametrize(("n", "estimable"), [(1, False), (2, True)])
def test_one_labelled_row_says_nothing(n: int, estimable: bool) -> None:
    fit = fit_share(population(np.ones(10)), sample_counts(np.ones(n), np.ones(n)), design(0.2, n=n))
    assert (fit is not None) is estimable


@pytest.mark.parametrize(("items", "exact"), [(MIN_GOLD_ITEMS - 1, True), (MIN_GOLD_ITEMS, False)])
def test_few_items_are_counted_alone_and_exactly(items: int, exact: bool) -> None:
    # A model that knows nothing, so that the estimate is the count itself.
    truth = np.repeat([1.0, 0.0], [items, 60 - items])
    fit = fitted(np.zeros(60_000), truth, np.zeros(60), design(0.001, n=60))
    assert (fit.worth is not None) is exact
    assert fit.value == pytest.approx(items / 60)
    if exact:
        interval = stats.binomtest(items, 60).proportion_ci(method="exact")
        assert fit.bounds() == (pytest.approx(interval.low, abs=1e-3), pytest.approx(interval.high, abs=1e-3))


def test_the_exact_interval_is_that_of_scipy() -> None:
    for count, n in ((0, 12), (3, 40), (12, 12)):
        interval = stats.binomtest(count, n).proportion_ci(method="exact")
        assert exact_interval(count / n, n) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_the_score_interval_is_that_of_wilson_where_labels_are_independent() -> None:
    se = math.sqrt(0.2 * 0.8 / 50)
    interval = stats.binomtest(10, 50).proportion_ci(method="wilson")
    assert score_interval(0.2, se, 10**9) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_a_useless_model_is_ignored_and_a_good_one_is_leaned_on() -> None:
    random = np.random.default_rng(2)
    truth = (random.random(300) < 0.4).astype(float)
    noise = (random.random(300) < 0.4).astype(float)
    of = design(0.1, n=300)
    useless = tuned_powers(sample_counts(truth, noise), of, 0.4)
    good = tuned_powers(sample_counts(truth, np.where(random.random(300) < 0.95, truth, 1 - truth)), of, 0.4)
    opposite = tuned_powers(sample_counts(truth, 1 - truth), of, 0.4)
    assert useless.max() < 0.15
    assert good.min() > 0.8
    assert set(opposite) == {0.0}


def test_the_power_of_a_row_does_not_depend_on_its_own_label() -> None:
    random = np.random.default_rng(4)
    truth, guess = ((random.random(60) < 0.4).astype(float) for _ in range(2))
    of = design(0.1, n=60)
    before = tuned_powers(sample_counts(truth, guess), of, 0.4)
    for row in (0, 17, 59):
        changed = truth.copy()
        changed[row] = 1 - changed[row]
        after = tuned_powers(sample_counts(changed, guess), of, 0.4)
        assert after[row] == pytest.approx(before[row])
        assert not np.allclose(after, before)


def test_strata_of_one_row_are_collapsed() -> None:
    # Three rows alone and three of one stratum: the former make a stratum together.
    pi = np.array([0.5, 0.5, 0.5, 0.2, 0.2, 0.2])
    of = design(pi, np.array([5, 7, 9, 1, 1, 1]), n=6)
    assert of.sizes.tolist() == [3, 3]
    # A single one joins the smallest of the others.
    of = design(pi, np.array([5, 3, 3, 1, 1, 1]), n=6)
    assert of.sizes.tolist() == [3, 3]
    # (1 - .5) * 3/2 * (2/3)² + 2 (1/3)² = .5 * 3/2 * 2/3.
    assert of.variance(np.array([1.0, 0, 0, 0, 0, 0])) == pytest.approx(0.5)


def test_folds_are_even_in_each_stratum_whatever_the_order_of_the_rows() -> None:
    random = np.random.default_rng(1)
    stratum, order = np.repeat([0, 1], [10, 15]), random.random(25)
    of = SampleDesign.of(np.full(25, 0.5), stratum, order=order, article=np.zeros(25, dtype=np.int64))
    for code, each in ((0, 2), (1, 3)):
        assert np.bincount(of.fold[of.stratum == code]).tolist() == [each] * 5
    shuffled = random.permutation(25)
    again = SampleDesign.of(
        np.full(25, 0.5), stratum[shuffled], order=order[shuffled], article=np.zeros(25, dtype=np.int64)
    )
    assert again.fold.tolist() == of.fold[shuffled].tolist()


def drawn(seed: int, right: float, rows: int = 400, n: int = 60) -> tuple[np.ndarray, np.ndarray, ShareFit]:
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < 0.3).astype(float)
    predicted = np.where(random.random(rows) < right, truth, 1 - truth)
    chosen = random.permutation(rows)[:n]
    return truth, predicted, fitted(predicted, truth[chosen], predicted[chosen], design(n / rows, n=n))


def test_it_is_not_biased_over_samples_and_its_standard_error_is_right() -> None:
    errors, stated = [], []
    for seed in range(1000):
        truth, _, fit = drawn(seed, 0.7)
        errors.append(fit.value - truth.mean())
        stated.append(fit.se[0])
    assert np.mean(errors) == pytest.approx(0, abs=4 * np.std(errors) / math.sqrt(1000))
    assert np.std(errors) == pytest.approx(math.sqrt(np.mean(np.square(stated))), rel=0.08)


def test_rows_of_an_article_count_together_in_the_stream() -> None:
    # Twenty articles whose ten rows are all alike.
    random = np.random.default_rng(0)
    article = np.repeat(np.arange(20), 10)
    truth = np.repeat((np.arange(20) < 8).astype(float), 10)
    chosen = random.permutation(200)[:100]
    of = design(0.5, n=100, article=article[chosen])
    fit = fit_share(population(truth, article), sample_counts(truth[chosen], truth[chosen]), of)
    assert fit is not None
    # The share of independent articles: sqrt(.4 * .6 / 19).
    assert fit.se[1] == pytest.approx(math.sqrt(0.24 / 19), rel=0.1)
    assert fit.se[0] < 0.02
    assert fit.freedom[1] == 19


def test_the_naive_share_is_a_count_with_wilsons_interval() -> None:
    # Wilson 1927 for 10 of 40, z = 1.959964: centre (10 + z²/2) / (40 + z²) = 0.27191, half-width 0.13013.
    estimate = naive_share(10, 40)
    assert estimate.value == 0.25
    assert (estimate.low, estimate.high) == (
        pytest.approx(0.14187, abs=1e-4),
        pytest.approx(0.40195, abs=1e-4),
    )
    assert math.isnan(naive_share(0, 0).value)
