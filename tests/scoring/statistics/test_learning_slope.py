"""What labels are worth: a power law with a fixed exponent, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.learning_slope import MAX_LABELS, LearningSlope, learning_slope
from harness.scoring.statistics.paired import Resampled, resampled


def run(value: float, spread: float = 0.0, name: str = "a") -> Resampled:
    noise = np.random.default_rng(0).standard_normal(2000)
    drawn = (value + spread * noise)[:, None]
    return resampled(np.array([value]), drawn, Draws(50, 2000, 0), name)


def test_points_on_the_curve_give_its_slope() -> None:
    # 1 − (100 / 400)^.5 = .5, 1 − (100 / 900)^.5 = .667; .1 for labels without end.
    points = [(0, run(0.5)), (300, run(0.55)), (800, run(0.5 + 0.2 / 3))]
    slope = learning_slope(100, points, 50)
    assert (slope.value, slope.low, slope.high) == pytest.approx((0.1, 0.1, 0.1))
    # From 2/3 of the way to 3/4 of it, where (100 / 1600)^.5 = 1/4.
    assert slope.worth(800, 700)[0] == pytest.approx(0.1 / 12)
    assert slope.more_labels(0.075, 800)[0] == pytest.approx(700)


def test_a_slope_off_the_curve_is_that_of_least_squares() -> None:
    # x = 0, .5, .75; y = 0, .1, .1. Means .4167 and .0667; Sxy = .0417, Sxx = .2917.
    points = [(0, run(0.0)), (300, run(0.1)), (1500, run(0.1))]
    assert learning_slope(100, points, 50).value == pytest.approx(
        (0.05 + 0.075 - 3 * 1.25 / 3 * 0.2 / 3) / 0.291667, rel=1e-4
    )


def test_of_errors_a_fall_is_a_gain() -> None:
    points = [(0, run(0.5)), (100, run(0.4))]
    assert learning_slope(100, points, 50, higher_is_better=False).value > 0


def test_the_interval_comes_from_the_resamples() -> None:
    points = [(0, run(0.5)), (300, run(0.6, 0.01))]
    slope = learning_slope(100, points, 1000)
    # Two points, half the way apart: the slope is twice their difference, and varies twice as much.
    assert slope.value == pytest.approx(0.2)
    assert slope.high - slope.low == pytest.approx(2 * 1.96 * 0.02, rel=0.1)
    assert slope.low < slope.value < slope.high


def test_a_single_cluster_gives_no_interval() -> None:
    slope = learning_slope(100, [(0, run(0.5)), (100, run(0.6))], 1)
    assert math.isnan(slope.low)
    about, fewest, most = slope.more_labels(0.1, 0)
    assert about < math.inf
    assert (fewest, most) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (LearningSlope(100, 0.0, -0.1, 0.2), (math.inf, 300.0, math.inf)),
        (LearningSlope(100, -0.1, -0.2, -0.05), (math.inf, math.inf, math.inf)),
        # The limit itself is never reached, and what lies just below it by nobody.
        (LearningSlope(100, 0.1, 0.05, 0.2), (math.inf, 300.0, math.inf)),
        (LearningSlope(100, 0.1 / (1 - (50 / MAX_LABELS) ** 0.5), 0.0, 0.2), (math.inf, 300.0, math.inf)),
    ],
)
def test_where_labels_do_not_help_none_suffice(
    slope: LearningSlope, expected: tuple[float, float, float]
) -> None:
    assert slope.more_labels(0.1, 0) == pytest.approx(expected, abs=0.1)


def test_labels_that_are_there_may_suffice() -> None:
    assert LearningSlope(100, 0.1, 0.05, 0.2).more_labels(0.05, 500)[:2] == (0.0, 0.0)
