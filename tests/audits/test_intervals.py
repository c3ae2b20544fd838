"""Shares, means, gaps and kappa, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.audits.intervals import gap, kappa, mean, share, shown


def test_wilsons_interval() -> None:
    # p = 8/10, z = 1.96: centre (0.8 + 1.9207/10)/(1 + 3.8415/10) = 0.717, half width 0.226.
    found = share("x", 8, 10)
    assert (found.value, found.n) == (0.8, 10)
    assert (found.low, found.high) == (pytest.approx(0.490, abs=1e-3), pytest.approx(0.943, abs=1e-3))
    assert math.isnan(share("x", 0, 0).value)


def test_a_mean_leaves_out_what_is_unknown() -> None:
    found = mean("x", [1.0, 0.0, math.nan, 1.0, 1.0], [0, 1, 2, 3, 4])
    assert (found.value, found.n) == (0.75, 4)
    assert found.low < 0.75 < found.high
    assert math.isnan(mean("x", [], []).value)
    assert math.isnan(mean("x", [1.0, 0.0], [7, 7]).low)  # one group says nothing of how groups differ


@pytest.mark.parametrize(("n", "known"), [(29, False), (30, True)])
def test_a_mean_of_few_items_has_no_interval_where_that_is_asked_for(n: int, known: bool) -> None:
    found = mean("x", np.ones(n), np.arange(n), 30)
    assert (found.value, found.n, math.isnan(found.low)) == (1.0, n, not known)
    assert not math.isnan(mean("x", np.ones(n), np.arange(n)).low)


def test_a_gap_is_inside_less_outside() -> None:
    values = np.array([1, 1, 1, 0, 0, 1, 0, 0], dtype=float)
    inside = np.array([True] * 4 + [False] * 4)
    found = gap("x", values, inside, np.arange(8))
    assert (found.value, found.n) == (0.5, 4)  # 3/4 less 1/4


def test_kappa_is_agreement_beyond_chance() -> None:
    # Agree on 3 of 4; by chance 0.5 × 0.75 + 0.5 × 0.25 = 0.5: (0.75 - 0.5) / (1 - 0.5).
    assert kappa("x", [0, 0, 1, 1], [0, 0, 0, 1], 2, np.arange(4)).value == pytest.approx(0.5)
    assert kappa("x", [0, 0, 0], [0, 0, 0], 2, np.arange(3)).value == 0
    assert kappa("x", [0, 1, 0], [0, 1, 0], 2, np.arange(3)).value == 1


def test_shares_are_written_as_percentages() -> None:
    assert shown(share("x", 8, 10)) == "80 % (49 to 94)"
    assert shown(mean("x", [], [])) == "unknown"
    assert shown(mean("x", [1.0, 0.0], [7, 7])) == "50 %"
