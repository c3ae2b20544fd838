"""Costs of errors: the matrix, and the label of least expected cost against trying every label."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from harness.values.costs import Costs, cost_problems
from harness.values.labels import STANCE, STANCES, LabelSet

TABLE = {"critical": {"supportive": 5, "neutral": 2.5}, "supportive": {"critical": 4}}


def test_what_is_not_named_costs_one_and_what_is_right_nothing() -> None:
    assert Costs.of(TABLE).matrix(STANCES).tolist() == [[0, 2.5, 5], [1, 0, 1], [4, 1, 0]]
    assert Costs.of(TABLE).table() == TABLE


@pytest.mark.parametrize("order", list(itertools.permutations(STANCES)))
def test_the_label_of_least_cost_is_that_of_trying_each(order: tuple[str, ...]) -> None:
    labels = LabelSet(order, costs=Costs.of(TABLE, decides=True))
    proba = np.random.default_rng(1).dirichlet(np.ones(3), 500)
    for row, code in zip(proba, labels.decide(proba), strict=True):
        expected = [
            sum(
                p * (TABLE.get(true, {}).get(given, 1.0) if true != given else 0.0)
                for p, true in zip(row, order, strict=True)
            )
            for given in order
        ]
        assert expected[code] == pytest.approx(min(expected))


def test_costs_that_do_not_decide_leave_labels_alone() -> None:
    proba = np.random.default_rng(2).dirichlet(np.ones(3), 50)
    labels = replace(STANCE, costs=Costs.of(TABLE))
    np.testing.assert_array_equal(labels.decide(proba), STANCE.decide(proba))
    assert labels == STANCE
    assert hash(labels) == hash(STANCE)


def test_equal_costs_give_the_most_probable_label() -> None:
    proba = np.random.default_rng(3).dirichlet(np.ones(3), 200)
    equal = Costs.of({"critical": {"neutral": 1}}, decides=True)
    np.testing.assert_array_equal(replace(STANCE, costs=equal).decide(proba), STANCE.decide(proba))


def test_costs_of_zero_alone_are_a_problem() -> None:
    (problem,) = cost_problems({"critical": {"neutral": 0}}, STANCES)
    assert problem.where == "costs"
    assert not list(cost_problems({"critical": {"neutral": 0, "supportive": 2}}, STANCES))
