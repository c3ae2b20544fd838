"""The rule by which corrections pay: each line of it, and both sides of each bound."""

from __future__ import annotations

import math

import pytest

from harness.scoring.comparison import compare
from harness.scoring.comparison.correction_verdict import Decision, Gain, Reason, judge
from harness.values.tables import Predictions

EVEN = Gain("test", 0.0, -0.03, 0.03, 900)
WORSE = Gain("test", -0.03, -0.05, -0.001, 900)


def gain(low: float, high: float) -> Gain:
    return Gain("validation", (low + high) / 2, low, high, 900)


@pytest.mark.parametrize(
    ("validation", "test", "expected"),
    [
        (gain(0.001, 0.04), EVEN, ("promote", "gain")),
        # A small gain that is established is one.
        (gain(0.001, 0.01), EVEN, ("promote", "gain")),
        (gain(0.0, 0.04), EVEN, ("undecided", "undecided")),
        (gain(-0.01, 0.02), EVEN, ("undecided", "undecided")),
        (gain(-0.01, 0.0199), EVEN, ("keep", "no gain")),
        (gain(-0.04, 0.0), EVEN, ("keep", "no gain")),
        (gain(-0.04, -0.001), EVEN, ("keep", "worse")),
        (gain(0.001, 0.04), WORSE, ("keep", "vetoed")),
        (gain(-0.01, 0.02), WORSE, ("keep", "vetoed")),
        # Test alone promotes nothing.
        (gain(-0.01, 0.03), Gain("test", 0.05, 0.04, 0.06, 900), ("undecided", "undecided")),
        (gain(math.nan, math.nan), EVEN, ("undecided", "undecided")),
        (gain(0.001, 0.04), Gain("test", 0.0, math.nan, math.nan, 900), ("promote", "gain")),
    ],
)
def test_the_rule(validation: Gain, test: Gain, expected: tuple[Decision, Reason]) -> None:
    verdict = judge(validation, [test])
    assert (verdict.decision, verdict.reason) == expected
    assert verdict.sentence.startswith(f"{validation}, {test}: ")


def test_any_of_several_test_sets_may_veto() -> None:
    verdict = judge(gain(0.001, 0.04), [EVEN, WORSE])
    assert verdict.reason == "vetoed"
    assert judge(gain(0.001, 0.04), [EVEN, EVEN]).decision == "promote"


@pytest.mark.parametrize("metric", ["accuracy", "brier"])
def test_a_gain_is_positive_for_better_whatever_the_direction(metric: str) -> None:
    truth = ["a", "b"] * 40
    better = Predictions.from_labels(truth, truth, proba=proba(truth, 0.9))
    worse = Predictions.from_labels(truth, ["a"] * 80, proba=proba(truth, 0.4))
    comparison = compare([("without", worse), ("with", better)], metric)
    up, down = Gain.of(comparison, "with"), Gain.of(comparison, "without")
    assert up.low > 0
    assert (down.value, down.low, down.high) == (-up.value, -up.high, -up.low)
    assert (up.where, up.n_items) == ("test", 80)


def proba(truth: list[str], right: float) -> object:
    import numpy as np

    return np.array([[right, 1 - right] if label == "a" else [1 - right, right] for label in truth])


def test_no_difference_has_no_sign() -> None:
    none, tiny = (Gain("validation", value, value, value, 100) for value in (-0.0, -0.0001))
    assert "-0.000" not in f"{none} {tiny}"
    assert judge(none, []).reason == "no gain"
