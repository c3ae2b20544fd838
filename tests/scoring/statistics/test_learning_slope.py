"""What labels are worth: a line in the logarithm of the training rows, worked by hand."""

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


def test_points_on_a_line_give_its_slope() -> None:
    # ln(200 / 100) = .693, ln(400 / 100) = 1.386; .1 for each time e.
    points = [(0, run(0.5)), (100, run(0.5 + 0.1 * math.log(2))), (300, run(0.5 + 0.1 * math.log(4)))]
    slope = learning_slope(100, points, 50)
    assert (slope.value, slope.low, slope.high) == pytest.approx((0.1, 0.1, 0.1))
    assert slope.worth(300, 400)[0] == pytest.approx(0.1 * math.log(2))
    # 100 · (e^1.5 − 1) = 348 labels are worth .15; 300 are there.
    assert slope.more_labels(0.15, 300)[0] == pytest.approx(348.17 - 300, abs=0.01)


def test_a_slope_off_the_line_is_that_of_least_squares() -> None:
    # x = ln 2, 2 ln 2; y = .1, .1: slope = (x1 y1 + x2 y2) / (x1² + x2²) = .3 ln 2 / (5 ln² 2).
    points = [(0, run(0.0)), (100, run(0.1)), (300, run(0.1))]
    assert learning_slope(100, points, 50).value == pytest.approx(0.3 / (5 * math.log(2)))


def test_of_errors_a_fall_is_a_gain() -> None:
    points = [(0, run(0.5)), (100, run(0.4))]
    assert learning_slope(100, points, 50, higher_is_better=False).value > 0


def test_the_interval_comes_from_the_resamples() -> None:
    points = [(0, run(0.5)), (100, run(0.6, 0.01))]
    slope = learning_slope(100, points, 1000)
    # One point: the slope is its gain over ln 2, and varies as much.
    assert slope.high - slope.low == pytest.approx(2 * 1.96 * 0.01 / math.log(2), rel=0.1)
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
        (LearningSlope(100, 0.0, -0.1, 0.1), (math.inf, 171.8, math.inf)),
        (LearningSlope(100, -0.1, -0.2, -0.05), (math.inf, math.inf, math.inf)),
        # More than anybody labels is no answer.
        (LearningSlope(100, 0.1 / math.log(1 + 2 * MAX_LABELS / 100), 0.0, 1.0), (math.inf, 10.5, math.inf)),
    ],
)
def test_where_labels_do_not_help_none_suffice(
    slope: LearningSlope, expected: tuple[float, float, float]
) -> None:
    assert slope.more_labels(0.1, 0) == pytest.approx(expected, abs=0.1)


def test_labels_that_are_there_may_suffice() -> None:
    assert LearningSlope(100, 0.1, 0.05, 0.2).more_labels(0.05, 500)[:2] == (0.0, 0.0)
