"""Gaps and their intervals against a recomputation draw by draw, and where resamples say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, t

from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.simultaneous import Contrast, Gap, simultaneous_gaps


def world(seed: int, n: int = 400, articles: int = 80) -> tuple[list[Contrast], np.ndarray]:
    draw = np.random.default_rng(seed)
    clusters = np.unique(draw.integers(articles, size=n), return_inverse=True)[1]
    wrong = (draw.random(n) < 0.35).astype(float)
    group = draw.integers(4, size=n)
    counted = draw.random(n) < 0.8
    return [Contrast(wrong, group == k, counted) for k in range(4)], clusters


def by_hand(contrasts: list[Contrast], clusters: np.ndarray, draws: int) -> list[list[float]]:
    """Each draw as a list of repeated items; nothing is added up by cluster."""
    n_clusters = int(clusters.max()) + 1
    weights = np.concatenate(list(Draws(n_clusters, draws, 0).blocks(4 * len(contrasts))))

    def gap(contrast: Contrast, times: np.ndarray) -> float:
        inside = np.repeat(contrast.hits, times * (contrast.inside & contrast.counted))
        outside = np.repeat(contrast.hits, times * (~contrast.inside & contrast.counted))
        return float(inside.mean() - outside.mean())

    once = np.ones(len(clusters), dtype=int)
    values = [gap(contrast, once) for contrast in contrasts]
    drawn = np.array(
        [[gap(contrast, row[clusters].astype(int)) for contrast in contrasts] for row in weights]
    )
    se = drawn.std(axis=0, ddof=1)
    largest = np.sort((abs(drawn - values) / se).max(axis=1))
    critical = largest[math.ceil(0.95 * (draws - 1))]
    rows = []
    for value, error, contrast in zip(values, se, contrasts, strict=True):
        sizes = [
            np.unique(clusters[arm & contrast.counted], return_counts=True)[1]
            for arm in (contrast.inside, ~contrast.inside)
        ]
        m = min(size.sum() ** 2 / (size**2).sum() for size in sizes)
        widths = [
            error * t.ppf(norm.cdf(z), m - 1) * math.sqrt(m / (m - 1)) for z in (norm.ppf(0.975), critical)
        ]
        rows.append([value, value - widths[0], value + widths[0], value - widths[1], value + widths[1]])
    return rows


def numbers(gap: Gap) -> list[float]:
    return [gap.value, gap.low, gap.high, gap.low_all, gap.high_all]


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_those_of_a_recomputation(seed: int) -> None:
    contrasts, clusters = world(seed)
    gaps = simultaneous_gaps(contrasts, clusters, draws=300)
    np.testing.assert_allclose([numbers(gap) for gap in gaps], by_hand(contrasts, clusters, 300), atol=1e-5)


def test_a_corrected_p_value_and_its_interval_say_the_same() -> None:
    for seed in range(20):
        contrasts, clusters = world(seed)
        # The first group has more errors, so that some gaps are established.
        hits = np.maximum(contrasts[0].hits, contrasts[0].inside & (np.arange(len(clusters)) % 3 == 0))
        shifted = [Contrast(hits, each.inside, each.counted) for each in contrasts]
        for gap in simultaneous_gaps(shifted, clusters, draws=999):
            if abs(gap.p - 0.05) > 0.002:
                assert (gap.p < 0.05) == (gap.low_all > 0 or gap.high_all < 0)


def test_the_interval_of_one_gap_is_not_wider_for_being_alone() -> None:
    contrasts, clusters = world(1)
    (alone,) = simultaneous_gaps(contrasts[:1], clusters)
    assert alone.high_all - alone.low_all == pytest.approx(alone.high - alone.low, rel=0.05)
    (first, *_) = simultaneous_gaps(contrasts, clusters)
    assert (first.low, first.high) == pytest.approx((alone.low, alone.high))
    assert first.high_all - first.low_all > 1.1 * (alone.high_all - alone.low_all)


def test_groups_without_any_error_have_intervals_of_some_width() -> None:
    clusters = np.arange(200) // 2
    inside = np.arange(200) < 60
    contrasts = [
        Contrast(np.zeros(200), inside, np.ones(200, bool)),
        Contrast(np.zeros(200), ~inside, np.ones(200, bool)),
    ]
    for gap in simultaneous_gaps(contrasts, clusters):
        assert gap.value == 0
        # Thirty articles without an error allow a rate of about a tenth (rule of three).
        assert 0.02 < gap.high < 0.1
        assert gap.high <= gap.high_all < 0.1
        assert gap.p > 0.5


def test_a_rare_error_that_a_group_lacks_is_no_established_gap() -> None:
    # Of 65 items at a rate of 5 %, none is wrong in one group of 28.
    draw = np.random.default_rng(7)
    hits = (draw.random(520) < 0.05).astype(float)
    inside = np.arange(520) < 65
    hits[inside] = 0
    (gap,) = simultaneous_gaps([Contrast(hits, inside, np.ones(520, bool))], np.arange(520))
    assert gap.low < 0 < gap.high


def test_no_contrast_has_no_gap() -> None:
    assert simultaneous_gaps([], np.arange(3)) == []


def test_equal_arguments_give_equal_gaps() -> None:
    contrasts, clusters = world(3)
    assert simultaneous_gaps(contrasts, clusters) == simultaneous_gaps(contrasts, clusters)


def test_clusters_of_one_and_the_same_rate_give_no_interval_of_no_width() -> None:
    hits, clusters = np.tile([0.0, 1.0], 60), np.repeat(np.arange(20), 6)
    inside = clusters < 10
    (gap,) = simultaneous_gaps([Contrast(hits, inside, np.ones(120, dtype=bool))], clusters)
    assert gap.value == 0
    assert gap.low < -0.1
    assert gap.high > 0.1
    assert gap.p > 0.5
