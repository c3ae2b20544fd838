"""How much too good the best of several scores is: nothing for one that is far ahead, much among equals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.optimism import selection_optimism
from tests.scoring.comparison.toy_runs import run


def of(*skills: float, metric: str = "f1_macro", draws: int = 500) -> Comparison:
    table = [(f"r{index}", run(f"r{index}", skill, n_seeds=1)) for index, skill in enumerate(skills)]
    return compare(table, metric, draws=draws)


def with_errors(comparison: Comparison, values: np.ndarray, error: float) -> Comparison:
    """Return the comparison as of independent runs with these values and one standard error."""
    runs = tuple(
        replace(run, value=value, item_se=error) for run, value in zip(comparison.runs, values, strict=True)
    )
    pairs = tuple(
        replace(pair, difference=replace(pair.difference, se_items=error * math.sqrt(2)))
        for pair in comparison.pairs
    )
    return replace(comparison, runs=runs, pairs=pairs)


@pytest.mark.parametrize(("n", "largest"), [(4, 1.0294), (9, 1.4850)])
def test_equals_are_as_optimistic_as_the_largest_of_their_errors(n: int, largest: float) -> None:
    """``largest`` is the mean of the largest of n standard normal values (Harter 1961)."""
    comparison = of(*[1.0] * n, draws=2_000)
    draw = np.random.default_rng(7)
    estimates = [
        selection_optimism(with_errors(comparison, 0.6 + 0.04 * draw.standard_normal(n), 0.04))
        for _ in range(60)
    ]
    assert np.mean(estimates) == pytest.approx(0.04 * largest, rel=0.1)


def test_a_run_far_ahead_owes_nothing_to_luck() -> None:
    assert selection_optimism(of(0.2, 0.3, 3.0)) < 0.001


@pytest.mark.parametrize("metric", ["f1_macro", "brier"])
def test_it_is_never_negative_and_in_the_direction_of_the_metric(metric: str) -> None:
    near = selection_optimism(of(1.0, 1.02, 1.04, metric=metric))
    assert 0 < near < 0.1


def test_what_all_runs_share_does_not_count() -> None:
    comparison = of(1.0, 1.0)
    same = tuple(
        replace(pair, difference=replace(pair.difference, se_items=0.0)) for pair in comparison.pairs
    )
    runs = tuple(replace(run, item_se=0.05) for run in comparison.runs)
    assert selection_optimism(replace(comparison, pairs=same, runs=runs)) < 0.001


def test_without_all_pairs_nothing_is_said() -> None:
    comparison = of(0.5, 1.0, 1.5)
    assert math.isnan(selection_optimism(replace(comparison, pairs=comparison.pairs[:1])))
