"""Test far above validation is told; the boundaries of the difference, and of its errors."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from sentences import numbers

from harness.scoring.metrics.calibration import BRIER
from harness.scoring.metrics.classification import F1_MACRO
from harness.scoring.metrics.metric import Metric
from harness.scoring.validation_gap import test_exceeds_validation as exceeds
from harness.values.tables import SCORE_COLUMNS, Scores

WIDTH = 2 * 1.959964
"""Of a 95 % interval, in standard errors."""


def scores(metric: Metric, test: float, validation: float, *errors: float) -> Scores:
    """One run: its value on test and validation, and their standard errors."""
    parts = zip(("test", "validation"), (test, validation), errors, strict=True)
    rows = [
        (
            metric.name,
            split,
            "all",
            value,
            value - WIDTH * error / 2,
            value + WIDTH * error / 2,
            math.nan,
            100,
        )
        for split, value, error in parts
    ]
    return Scores(pd.DataFrame(rows, columns=list(SCORE_COLUMNS)))


# Errors of .03 and .04 add up to .05: three of them are .15.
@pytest.mark.parametrize(("test", "far"), [(0.7501, True), (0.7499, False), (0.45, False)])
def test_three_standard_errors_are_far(test: float, far: bool) -> None:
    sentence = exceeds(scores(F1_MACRO, test, 0.6, 0.03, 0.04), F1_MACRO)
    assert bool(sentence) == far
    assert numbers(sentence) == ([0.75, 0.6, 3] if far else [])


@pytest.mark.parametrize(("test", "far"), [(0.651, True), (0.649, False)])
def test_a_small_difference_is_not_far_however_certain(test: float, far: bool) -> None:
    assert bool(exceeds(scores(F1_MACRO, test, 0.6, 0.001, 0.001), F1_MACRO)) == far


@pytest.mark.parametrize(("test", "far"), [(0.4, True), (0.8, False)])
def test_less_is_better_for_an_error(test: float, far: bool) -> None:
    assert bool(exceeds(scores(BRIER, test, 0.6, 0.01, 0.01), BRIER)) == far


def test_without_validation_or_an_interval_nothing_is_said() -> None:
    whole = scores(F1_MACRO, 0.9, 0.5, 0.01, 0.01)
    assert exceeds(whole, F1_MACRO)
    assert exceeds(Scores(whole.rows[whole.rows["split"] == "test"]), F1_MACRO) == ""
    assert exceeds(scores(F1_MACRO, 0.9, 0.5, math.nan, 0.01), F1_MACRO) == ""
    assert exceeds(scores(F1_MACRO, 0.9, 0.5, 0.0, 0.0), F1_MACRO) == ""
