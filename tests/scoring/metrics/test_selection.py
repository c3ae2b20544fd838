"""The metrics of a config are looked up, and those that do not apply are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from golden import Golden

from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import MULTI, SINGLE, default_names, resolve
from harness.values.catalog import CATALOGUES
from harness.values.costs import Costs
from harness.values.errors import ConfigError, Problem
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.prevalence import Prevalence

TOPICS = LabelSet(("economy", "health"))

NOT_A_METRIC = "mean"
PER_LABEL = Metric("mine", len, "counts", "both", per_label=True)


def problems(names: list[str] | None, primary: str, labels: LabelSet) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        resolve(names, primary, labels)
    return tuple(caught.value.problems)


def test_nothing_is_added_to_what_is_named() -> None:
    metrics = resolve(["mcc", "f1_macro"], "f1_macro", STANCE)
    assert [metric.name for metric in metrics] == ["mcc", "f1_macro"]


def test_left_out_it_is_the_standard_set_with_the_primary_metric_in_it() -> None:
    mix = Prevalence.of(dict.fromkeys(STANCE.names, 1 / 3))
    costly = replace(STANCE, costs=Costs.of({"critical": {"supportive": 5}}), prevalence=mix)
    assert [metric.name for metric in resolve(None, "f1_macro", costly)] == list(SINGLE)
    assert [metric.name for metric in resolve(None, "f1_macro", FRAMING)] == list(MULTI)
    assert next(metric.name for metric in resolve(None, "f1_micro", STANCE)) == "f1_micro"


def test_the_standard_sets_hold_every_metric_that_applies() -> None:
    assert set(SINGLE) | set(MULTI) == set(CATALOGUES["metric"])
    assert SINGLE[0] == MULTI[0] == "f1_macro"


def test_averages_over_the_sides_are_standard_only_where_both_are_labels() -> None:
    stated = {"expected_cost", *(name for name in SINGLE if name.endswith("_shifted"))}
    gone = {"favg_pooled", "favg_target_mean", *stated}
    assert default_names(TOPICS) == tuple(name for name in SINGLE if name not in gone)
    assert gone - stated <= set(default_names(LabelSet(("supportive", "critical"))))


def test_a_metric_of_ones_own() -> None:
    metrics = resolve([f"{__name__}:PER_LABEL", "accuracy"], "accuracy", STANCE)
    assert metrics[0].keys(TOPICS) == ("mine_economy", "mine_health")


def test_every_problem_at_once(golden: Golden) -> None:
    names = ["f1_makro", "exact_match", "accuracy", "accuracy", f"{__name__}:NOT_A_METRIC", "favg_pooled"]
    listed = problems(names, "accuracy", TOPICS)
    assert [problem.where for problem in listed] == [f"metrics.{index}" for index in (0, 1, 3, 4, 5)]
    golden("scoring/metric-errors", "\n".join(map(str, listed)))


def test_the_primary_metric(golden: Golden) -> None:
    cases: list[tuple[list[str] | None, str]] = [
        (["accuracy", "f1"], "mcc"),
        (["accuracy", "f1"], "f1"),
        (["f1"], "f1"),
        ([], "f1_macro"),
        (None, "f1"),
        # A metric for another task.
        (None, "jaccard"),
    ]
    listed = [problems(names, primary, TOPICS) for names, primary in cases]
    assert [[problem.where for problem in problem_list] for problem_list in listed] == [
        *[["primary"]] * 3,
        ["metrics"],
        *[["primary"]] * 2,
    ]
    lines = [
        f"{names} {primary}: {problem_list[0]}"
        for (names, primary), problem_list in zip(cases, listed, strict=True)
    ]
    golden("scoring/primary-metric-errors", "\n".join(lines))
