"""All searches of an experiment get the same budget where one is set; whether they do is said in any case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.config.plan.budgets import budget_note
from harness.config.plan.objects import plan_of
from harness.config.plan.plan import Plan
from harness.values.errors import ConfigError

SPACE: dict[str, Any] = {"C": {"low": 0.1, "high": 10.0, "log": True}}
LISTS: dict[str, Any] = {"C": [1.0, 2.0, 3.0], "words": [1, 2]}


def planned(budget: dict[str, Any] | None, **tunes: Any) -> Plan:
    """Resolve an experiment with classifiers of these names; None has nothing to tune."""
    classifiers = {
        name: {"kind": "linear"} | ({} if tune is None else {"tune": tune}) for name, tune in tunes.items()
    }
    data: dict[str, Any] = {"name": "x", "corpus": {"kind": "partyline"}, "classifiers": classifiers}
    return plan_of(data if budget is None else data | {"search_budget": budget})


def problems(budget: dict[str, Any], **tunes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        planned(budget, **tunes)
    return [problem.where for problem in caught.value.problems]


def test_every_search_gets_the_budget() -> None:
    budget = {"trials": 6, "minutes": 2.5}
    drawn, grid = {"search": "random", "space": SPACE}, {"search": "grid", "space": LISTS}
    resolved = planned(budget, a={"space": SPACE}, b=drawn, c=grid, d=None)
    assert [each.n_candidates for each in resolved.classifiers] == [6, 6, 6, 1]
    searches = [each.search for each in resolved.classifiers]
    assert [search and search.settings.minutes for search in searches] == [2.5, 2.5, 2.5, None]
    # A plain grid has no time limit, and as many candidates as combinations.
    assert planned({"trials": 6}, a=LISTS).classifiers[0].n_candidates == 6


def test_a_budget_is_what_could_be_written_under_each() -> None:
    together = planned({"trials": 6}, a={"space": SPACE}, b=LISTS)
    apart = planned(None, a={"space": SPACE, "trials": 6}, b=LISTS)
    assert together.digest == apart.digest
    assert plan_of(json.loads(together.config_text)).digest == together.digest


@pytest.mark.parametrize(
    ("budget", "tune", "where"),
    [
        ({"trials": 6}, {"space": SPACE, "trials": 6, "minutes": 1}, ["a.tune.minutes", "a.tune.trials"]),
        ({"trials": 5}, LISTS, ["a.tune"]),
        ({"trials": 7}, {"search": "grid", "space": LISTS}, ["a.tune"]),
        ({"trials": 6, "minutes": 1}, LISTS, ["a.tune"]),
        # What else is wrong with a grid is said alone.
        ({"trials": 5}, {"C": [1.0]}, ["a.tune.C"]),
    ],
)
def test_what_has_another_budget_is_refused(budget: dict[str, Any], tune: Any, where: list[str]) -> None:
    assert sorted(problems(budget, a=tune)) == [f"classifiers.{each}" for each in where]


def test_a_budget_without_a_search_is_refused() -> None:
    assert problems({"trials": 6}, a=None) == ["search_budget"]
    assert "search_budget.trials" in problems({"minutes": 1}, a={"space": SPACE, "trials": 2})


@pytest.mark.parametrize(
    ("tunes", "expected"),
    [
        ({"a": None, "b": None}, ""),
        ({"a": LISTS}, ""),
        (
            {"a": LISTS, "b": {"space": SPACE, "trials": 6}},
            "equal budgets of tuning: a, b with 6 candidates a search",
        ),
        (
            {"a": LISTS, "b": {"space": SPACE, "trials": 6, "minutes": 3}, "c": None},
            "unequal budgets of tuning: a with 6 candidates a search, b with 6 candidates or 3 min a search,"
            " c without any tuning",
        ),
        (
            {"a": LISTS, "c": None},
            "unequal budgets of tuning: a with 6 candidates a search, c without any tuning",
        ),
        (
            {"a": LISTS, "b": LISTS, "c": None},
            "equal budgets of tuning: a, b with 6 candidates a search; c without any tuning",
        ),
    ],
)
def test_it_is_said_whether_budgets_are_equal(tunes: dict[str, Any], expected: str) -> None:
    assert budget_note(planned(None, **tunes).classifiers) == expected


def test_trainings_are_not_given_up_where_several_objectives_count() -> None:
    tune = {"space": SPACE, "trials": 6, "prune": "hyperband", "objectives": ["score", "megabytes"]}
    with pytest.raises(ConfigError) as caught:
        planned(None, a=tune)
    assert caught.value.problems[0].where == "classifiers.a.tune.prune"
