"""Intervals where labels are rare, all are right, or a few articles hold most rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta

from harness.audits.intervals import rate
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.limitations import split_limitations
from harness.scoring.metrics.classification import (
    ACCURACY,
    BALANCED_ACCURACY,
    F1,
    F1_MACRO,
    PRECISION,
    RECALL,
)
from harness.scoring.metrics.framing import EXACT_MATCH
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.stance import FAVG_POOLED
from harness.scoring.score import interval_of, seed_values
from harness.scoring.score_intervals import ends, widened_level, wider
from harness.values.minimums import MIN_LABEL_ITEMS
from tests.scoring.metrics import toy_samples

COUNTED = (ACCURACY, BALANCED_ACCURACY, F1, F1_MACRO, PRECISION, RECALL, FAVG_POOLED)


def with_rare(n_rare: int, right: int, *, per_article: int = 0, n: int = 300) -> AlignedPredictions:
    """Return a test set whose first label has few items, some of them right; two thirds of the others are."""
    truth = np.array([0] * n_rare + [1 + k % 2 for k in range(n - n_rare)])
    predicted = truth.copy()
    predicted[right:n_rare] = 1
    others = np.arange(n_rare, n)
    predicted[others[others % 3 == 0]] = 3 - truth[others[others % 3 == 0]]
    clusters = np.arange(n)
    if per_article:
        clusters = np.concatenate([np.zeros(n_rare, int), 1 + np.arange(n - n_rare) // per_article])
    proba = 0.1 + 0.7 * np.eye(3)[predicted]
    return toy_samples.of(toy_samples.SINGLE, truth, proba[None], clusters)


def of_label(sample: AlignedPredictions, metric: Metric, index: int = 0) -> tuple[float, float]:
    low, high = interval_of(sample, metric)
    return float(low[index]), float(high[index])


@pytest.mark.parametrize(("n", "right"), [(5, 5), (5, 0), (3, 3), (10, 10), (20, 20)])
def test_what_is_always_right_may_be_wrong_yet(n: int, right: int) -> None:
    """Jeffreys' interval of a row of three cells: half a count in each, so that one is for being wrong."""
    low, high = of_label(with_rare(n, right), RECALL)
    expected = beta.ppf([0.025, 0.975], right + 0.5, n - right + 1)
    if right:
        assert high == 1
        # Of three items, resamples may hold none: the score then is 0 by convention.
        assert low == pytest.approx(expected[0] if n > 3 else 0, abs=0.1)
    else:
        assert low == 0
        assert high == pytest.approx(expected[1], abs=0.1)


def test_rows_of_one_article_are_one_case() -> None:
    alone, together = (of_label(with_rare(5, 5, per_article=k), RECALL) for k in (0, 3))
    assert together[0] < alone[0] - 0.2


@pytest.mark.parametrize("metric", COUNTED, ids=lambda metric: metric.name)
def test_a_label_with_too_few_items_has_no_interval(metric: Metric) -> None:
    for n_rare in (MIN_LABEL_ITEMS - 1, MIN_LABEL_ITEMS):
        low, high = interval_of(with_rare(n_rare, n_rare), metric)
        expected = [metric is not ACCURACY and n_rare < MIN_LABEL_ITEMS] + [False] * (len(low) - 1)
        assert np.isnan(low).tolist() == np.isnan(high).tolist() == expected


@pytest.mark.parametrize("metric", COUNTED, ids=lambda metric: metric.name)
def test_no_interval_is_without_width_or_leaves_out_its_value(metric: Metric) -> None:
    for root in range(12):
        # From chance to no error at all.
        recipe = toy_samples.Recipe(n=40, n_clusters=30, skill=root, sharpness=3.0)
        sample = toy_samples.sample(recipe, root)
        low, high = interval_of(sample, metric)
        value = seed_values(sample.ordered(metric.needs_labels), metric).mean(axis=0)
        assert (high > low).all()
        assert ((low >= 0) & (high <= 1)).all()
        assert ((low <= value + 1e-12) & (value - 1e-12 <= high)).all()


def test_a_few_large_articles_widen_the_interval() -> None:
    n = 400
    draw = np.random.default_rng(4)
    truth = draw.integers(0, 3, n)
    equal = np.arange(n) // 4
    unequal = np.repeat(np.arange(100), np.maximum(1, (90 / np.arange(1, 101)).astype(int)))[:n]
    unequal = np.concatenate([unequal, np.arange(100, 100 + n - len(unequal))])
    # Whole articles are easy or hard, whatever their size.
    widths = []
    for clusters in (equal, unequal):
        easy = draw.random(int(clusters.max()) + 1) < 0.6
        predicted = np.where(easy[clusters], truth, (truth + 1) % 3)
        sample = toy_samples.of(toy_samples.SINGLE, truth, (0.1 + 0.7 * np.eye(3)[predicted])[None], clusters)
        low, high = of_label(sample, ACCURACY)
        widths.append(high - low)
    assert widths[1] > 1.5 * widths[0]


def test_frames_that_are_all_right_may_be_wrong_yet() -> None:
    truth = np.random.default_rng(1).integers(0, 2, (40, 4))
    sample = toy_samples.of(toy_samples.MULTI, truth, (0.1 + 0.8 * truth)[None])
    for metric in (F1, F1_MACRO):
        low, high = interval_of(sample, metric)
        assert (high == 1).all()
        assert (low < 0.99).all()
    # A mean over items has nothing to add counts to: it has no interval rather than one without width.
    assert np.isnan(interval_of(sample, EXACT_MATCH)[0]).all()


def test_the_level_of_equal_independent_clusters_is_students() -> None:
    """With equal normal contributions the jackknife says n / (n - 1), and as many degrees of freedom."""
    draw = np.random.default_rng(2)
    for n in (10, 50, 400):
        left_out = 0.5 - (values := draw.standard_normal(n)) / n
        variance = float(((values - values.mean()) ** 2).sum() / n**2)
        level = widened_level(left_out, variance, variance, n)
        assert 0.95 < level < 0.999
        assert level < 0.97 or n < 50
    constant = np.full(20, 0.5)
    assert widened_level(constant, 0.0, 0.0, 20) > 0.95


def test_ends_without_enough_draws_are_unknown() -> None:
    draws = np.linspace(0, 1, 101)
    assert ends(draws, 0.95) == pytest.approx((0.0195, 0.9805), abs=0.01)
    draws[:10] = math.nan
    assert all(map(math.isnan, ends(draws, 0.95)))
    assert wider((0.2, 0.8), (0.1, 0.7), 0.9) == (0.1, 0.9)
    assert math.isnan(wider((math.nan, math.nan), (0.1, 0.7), 0.9)[0])


def test_a_share_that_is_equal_in_all_groups_is_not_sure() -> None:
    hits = np.arange(160) % 4 > 0
    measure = rate("x", hits, np.arange(160) // 4)
    assert measure.value == 0.75
    # Wilson's interval of 30 of 40.
    assert (measure.low, measure.high) == (pytest.approx(0.5981, abs=1e-3), pytest.approx(0.8581, abs=1e-3))


def test_rare_labels_are_named_among_the_limits() -> None:
    sentences = [" ".join(split_limitations(with_rare(n, 1))) for n in (0, 2, 5, 40)]
    assert ["critical" in sentence for sentence in sentences] == [True, True, True, False]
    assert len(set(sentences)) == 4
