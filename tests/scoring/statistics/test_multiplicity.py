"""Corrected p-values and tie groups."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from harness.scoring.statistics.multiplicity import holm, tie_groups


def test_holm_by_hand() -> None:
    # Sorted 0.01 0.02 0.03 0.5, times 4 3 2 1: 0.04 0.06 0.06 0.5, never falling.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])


def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    draw = np.random.default_rng(0)
    for n in (1, 2, 7, 40):
        p_values = np.round(draw.beta(0.3, 1.0, n), 2)
        assert holm(p_values.tolist()) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


@pytest.mark.parametrize(("p_values", "expected"), [([], ()), ([0.2], (0.2,)), ([0.9, 0.8], (1.0, 1.0))])
def test_holm_at_its_ends(p_values: list[float], expected: tuple[float, ...]) -> None:
    assert holm(p_values) == pytest.approx(expected)


def test_what_has_no_p_value_keeps_none_and_costs_the_others_nothing() -> None:
    corrected = holm([math.nan, 0.01, math.nan, 0.04])
    assert corrected[1::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(corrected[0])
    assert math.isnan(corrected[2])
    assert len(holm([math.nan])) == 1


def pairs(*names: str) -> list[frozenset[str]]:
    return [frozenset(name) for name in names]


@pytest.mark.parametrize(
    ("separable", "groups"),
    [
        ([], [("a", "b", "c", "d")]),
        (["ab", "ac", "ad", "bc", "bd", "cd"], [("a",), ("b",), ("c",), ("d",)]),
        (["ac", "ad", "bc", "bd"], [("a", "b"), ("c", "d")]),
        # A chain: neighbours tie, ends do not.
        (["ac", "ad", "bd"], [("a", "b"), ("b", "c"), ("c", "d")]),
        # Too uncertain to be told from the best, though it ranks below one that is.
        (["ab", "ad", "cd"], [("a", "c"), ("b", "c"), ("b", "d")]),
    ],
)
def test_tie_groups(separable: list[str], groups: list[tuple[str, ...]]) -> None:
    assert list(tie_groups("abcd", pairs(*separable))) == groups


def test_two_runs_share_a_group_exactly_where_they_cannot_be_told_apart() -> None:
    every = list(itertools.combinations("abcd", 2))
    for chosen in itertools.product([False, True], repeat=len(every)):
        separable = [
            frozenset(pair) for pair, is_separable in zip(every, chosen, strict=True) if is_separable
        ]
        groups = tie_groups("abcd", separable)
        for pair in every:
            assert any(set(pair) <= set(group) for group in groups) == (frozenset(pair) not in separable)
        assert not any(set(group) < set(other) for group in groups for other in groups)
        assert list(groups) == sorted(groups)


def test_no_runs_no_groups() -> None:
    assert tie_groups([], []) == ()
