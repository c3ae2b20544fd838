"""Shares, means, gaps and kappa, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.audits.intervals import alphas, format_share, gap, kappa, mean, rate, share
from harness.scoring.statistics.krippendorff import alpha
from harness.values.minimums import MIN_ITEMS


def test_wilsons_interval() -> None:
    # p = 8/10, z = 1.96: centre (0.8 + 1.9207/10)/(1 + 3.8415/10) = 0.717, half width 0.226.
    measure = share("x", 8, 10)
    assert (measure.value, measure.n) == (0.8, 10)
    assert (measure.low, measure.high) == (pytest.approx(0.490, abs=1e-3), pytest.approx(0.943, abs=1e-3))
    assert math.isnan(share("x", 0, 0).value)


def test_a_mean_leaves_out_what_is_unknown() -> None:
    measure = mean("x", [1.0, 0.0, math.nan, 1.0, 1.0], [0, 1, 2, 3, 4])
    assert (measure.value, measure.n) == (0.75, 4)
    assert measure.low < 0.75 < measure.high
    assert math.isnan(mean("x", [], []).value)
    assert math.isnan(mean("x", [1.0, 0.0], [7, 7]).low)  # one group says nothing of how groups differ


@pytest.mark.parametrize(("n", "has_interval"), [(MIN_ITEMS - 1, False), (MIN_ITEMS, True)])
def test_a_share_of_few_items_has_no_interval(n: int, has_interval: bool) -> None:
    measure = rate("x", np.arange(n) % 2, np.arange(n))
    assert (measure.n, math.isnan(measure.low), math.isnan(measure.high)) == (
        n,
        not has_interval,
        not has_interval,
    )


def test_a_share_of_items_that_are_all_alike_is_not_sure() -> None:
    # Wilson's bound of 0 of n is z² / (n + z²), with z² = 3.8415: 3.8415 / 203.8415.
    none = rate("x", np.zeros(200), np.arange(200))
    assert (none.value, none.low, none.high) == (0, 0, pytest.approx(0.018845, abs=1e-6))
    # 40 items in 20 groups say as much as 20 of their own: 3.8415 / 23.8415.
    every = rate("x", np.ones(40), np.arange(40) // 2)
    assert (every.low, every.high) == (pytest.approx(1 - 0.161125, abs=1e-6), 1)
    assert math.isnan(rate("x", np.zeros(40), np.zeros(40)).high)  # one group
    # Items that are unknown are none of a group.
    half = np.where(np.arange(80) < 40, 0, math.nan)
    assert rate("x", half, np.arange(80)).high == pytest.approx(3.841459 / 43.841459, abs=1e-6)


def test_a_share_between_is_resampled() -> None:
    hits = np.arange(200) % 4 == 0
    assert rate("x", hits, np.arange(200)) == mean("x", hits, np.arange(200))


def test_a_gap_is_inside_less_outside() -> None:
    values = np.array([1, 1, 1, 0, 0, 1, 0, 0], dtype=float)
    inside = np.array([True] * 4 + [False] * 4)
    measure = gap("x", values, inside, np.arange(8))
    assert (measure.value, measure.n) == (0.5, 4)  # 3/4 less 1/4
    assert math.isnan(gap("x", values, np.ones(8), np.arange(8)).value)


def test_a_gap_between_shares_that_are_all_alike_is_not_sure() -> None:
    inside = np.arange(80) < 50
    # 0 of 50 and 0 of 30 reach up to 3.8415 / 53.8415 = 0.0713 and 3.8415 / 33.8415 = 0.1135.
    none = gap("x", np.zeros(80), inside, np.arange(80))
    assert (none.value, none.low, none.high) == (
        0,
        pytest.approx(-0.1135, abs=1e-4),
        pytest.approx(0.0713, abs=1e-4),
    )
    # All of 50 less none of 30: 1 less the root of 0.0713² + 0.1135².
    whole = gap("x", inside, inside, np.arange(80))
    assert (whole.value, whole.low, whole.high) == (1, pytest.approx(0.8660, abs=1e-4), 1)


def test_kappa_is_agreement_beyond_chance() -> None:
    # Agree on 3 of 4; by chance 0.5 × 0.75 + 0.5 × 0.25 = 0.5: (0.75 - 0.5) / (1 - 0.5).
    assert kappa("x", [0, 0, 1, 1], [0, 0, 0, 1], 2, np.arange(4)).value == pytest.approx(0.5)
    assert kappa("x", [0, 0, 0], [0, 0, 0], 2, np.arange(3)).value == 0
    assert kappa("x", [0, 1, 0], [0, 1, 0], 2, np.arange(3)).value == 1
    assert math.isnan(kappa("x", [], [], 2, []).value)


def test_kappa_and_alpha_of_full_agreement_are_not_sure() -> None:
    halves = [0, 1] * 20
    # All of 40 agree, of whom at least 1 - 3.8415 / 43.8415 = 0.9124 would; half by chance: 0.4124 / 0.5.
    measure = kappa("x", halves, halves, 2, np.arange(40))
    assert (measure.value, measure.low, measure.high) == (1, pytest.approx(0.8248, abs=1e-4), 1)
    people = alphas("x", [[(code, code) for code in halves]], np.arange(40))
    assert (people.value, people.low, people.high) == (1, pytest.approx(0.8248, abs=1e-4), 1)


def test_alpha_is_resampled_by_group_and_averaged_over_questions() -> None:
    draw = np.random.default_rng(0)
    first = [(k % 2, k % 2 if draw.random() < 0.9 else 1 - k % 2) for k in range(200)]
    second = [(k % 2, int(draw.integers(2))) for k in range(200)]
    never = [(0, 0)] * 200
    groups = np.arange(200) // 2
    measure = alphas("x", [first, second, never], groups)
    assert measure.value == pytest.approx((alpha(first) + alpha(second)) / 2)
    assert (measure.n, measure.low < measure.value < measure.high) == (200, True)
    alone = alphas("x", [first], groups)
    assert 0.1 < alone.high - alone.low < 0.3
    assert math.isnan(alphas("x", [first], np.zeros(200)).low)
    assert math.isnan(alphas("x", [never], groups).value)


def test_shares_are_written_as_percentages() -> None:
    assert format_share(share("x", 8, 10)) == "80 % (49 to 94)"
    assert format_share(mean("x", [], [])) == "unknown"
    assert format_share(mean("x", [1.0, 0.0], [7, 7])) == "50 %"
