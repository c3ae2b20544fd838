"""The correction for models that share training rows, worked by hand; and degrees of freedom."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.scoring.statistics.cross_validation import (
    correction,
    degrees_of_freedom,
    instability,
    stretched,
)


@pytest.mark.parametrize(
    ("folds", "repeats", "expected"),
    # Nadeau & Bengio: k (1 / (k r) + 1 / (k - 1)), which is 1 / r + k / (k - 1).
    [(5, 1, 1 + 5 / 4), (5, 10, 0.1 + 5 / 4), (10, 10, 0.1 + 10 / 9), (2, 1, 3.0), (1, 1, 1.0), (1, 4, 1.0)],
)
def test_the_correction(folds: int, repeats: int, expected: float) -> None:
    assert correction(folds, repeats) == pytest.approx(expected)
    if folds > 1:
        models = folds * repeats
        assert folds * (1 / models + 1 / (folds - 1)) == pytest.approx(expected)


def test_more_repeats_never_widen_an_interval() -> None:
    values = [correction(5, repeats) for repeats in range(1, 30)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 5 / 4


def test_repeats_that_agree_are_stable_and_those_of_chance_are_not() -> None:
    stream = np.random.default_rng(0)
    agreeing = np.repeat(stream.integers(0, 2, (500, 1)), 10, axis=1)
    by_chance = stream.integers(0, 2, (500, 10))
    alike, unlike = (
        instability(np.stack([right, np.ones_like(right)], axis=-1)) for right in (agreeing, by_chance)
    )
    assert alike == pytest.approx(1.0)
    # The mean of ten independent shares has a tenth of the variance of one.
    assert unlike == pytest.approx(10, rel=0.15)


def test_instability_by_hand() -> None:
    # Two clusters of one item, two repeats: right, right; right, wrong. Shares 1 and 1/2.
    sums = np.array([[[1, 1], [1, 1]], [[1, 1], [0, 1]]])
    # Influences: 0 and 1/4 in the first cluster, 0 and -1/4 in the second. Of each repeat: 0 and 1/8, mean
    # 1/16; of their mean: (1/8)^2 twice, 1/32.
    assert instability(sums) == pytest.approx(2.0)
    nothing = np.array([[[1, 1], [1, 1]], [[1, 1], [1, 1]]])
    assert instability(nothing) == 1.0


def test_stretching_leaves_the_value_where_it_is() -> None:
    draws = np.array([0.4, 0.5, 0.7])
    assert stretched(draws, 0.5, 1.0) is draws
    assert stretched(draws, 0.5, 2.0).tolist() == pytest.approx([0.3, 0.5, 0.9])


def test_degrees_of_freedom_lie_between_those_of_the_parts() -> None:
    # 2 / (1 / 2 + 1 / 6).
    assert degrees_of_freedom([(1.0, 2), (1.0, 6)]) == pytest.approx(3.0)
    assert degrees_of_freedom([(1.0, 10), (0.0, 1)]) == 10
    assert degrees_of_freedom([(0.0, 3)]) == math.inf
