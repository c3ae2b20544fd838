"""Names in a config in, metrics that apply out; whole messages."""

from __future__ import annotations

import pytest

from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import MULTI, SINGLE, default_names, resolve
from harness.values.catalog import CATALOGUES
from harness.values.errors import ConfigError
from harness.values.labels import FRAMING, STANCE, LabelSet

TOPICS = LabelSet(("economy", "health"))

NOT_A_METRIC = "mean"
PER_LABEL = Metric("mine", len, "counts", "both", per_label=True)


def problems(names: list[str] | None, primary: str, labels: LabelSet) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        resolve(names, primary, labels)
    return [str(problem) for problem in caught.value.problems]


def test_nothing_is_added_to_what_is_named() -> None:
    found = resolve(["mcc", "f1_macro"], "f1_macro", STANCE)
    assert [metric.name for metric in found] == ["mcc", "f1_macro"]


def test_left_out_it_is_the_standard_set_with_the_primary_metric_in_it() -> None:
    assert [metric.name for metric in resolve(None, "f1_macro", STANCE)] == list(SINGLE)
    assert [metric.name for metric in resolve(None, "f1_macro", FRAMING)] == list(MULTI)
    assert next(metric.name for metric in resolve(None, "f1_micro", STANCE)) == "f1_micro"


def test_the_standard_sets_hold_every_metric_that_applies() -> None:
    assert set(SINGLE) | set(MULTI) == set(CATALOGUES["metric"])
    assert SINGLE[0] == MULTI[0] == "f1_macro"


def test_averages_over_the_sides_are_standard_only_where_both_are_labels() -> None:
    gone = {"favg_pooled", "favg_target_mean"}
    assert default_names(TOPICS) == tuple(name for name in SINGLE if name not in gone)
    assert gone <= set(default_names(LabelSet(("supportive", "critical"))))


def test_a_metric_of_ones_own() -> None:
    found = resolve([f"{__name__}:PER_LABEL", "accuracy"], "accuracy", STANCE)
    assert found[0].keys(TOPICS) == ("mine_economy", "mine_health")


def test_every_problem_at_once() -> None:
    names = ["f1_makro", "exact_match", "accuracy", "accuracy", f"{__name__}:NOT_A_METRIC", "favg_pooled"]
    applicable = ", ".join(default_names(TOPICS))
    assert problems(names, "accuracy", TOPICS) == [
        "metrics.0: unknown metric 'f1_makro'; did you mean 'f1_macro'?",
        "metrics.1: 'exact_match' is for multi-label tasks, and this one is single-label; "
        f"applicable: {applicable}",
        "metrics.3: 'accuracy' is named twice",
        f"metrics.4: '{__name__}:NOT_A_METRIC' is not a Metric; see harness.scoring.metrics.metric",
        "metrics.5: 'favg_pooled' needs the labels critical and supportive, and this label set lacks "
        f"critical, supportive; applicable: {applicable}",
    ]


@pytest.mark.parametrize(
    ("names", "primary", "message"),
    [
        (["accuracy", "f1"], "mcc", "primary: 'mcc' is not among the metrics; choose one of accuracy"),
        (["accuracy", "f1"], "f1", "primary: 'f1' has one value a label; choose one of accuracy"),
        (["f1"], "f1", "primary: 'f1' has one value a label; add f1_macro to the metrics"),
        ([], "f1_macro", "metrics: names no metric; left out, it is the task's standard set"),
        (None, "f1", "primary: 'f1' has one value a label; choose one of f1_macro, accuracy, "
         "balanced_accuracy, mcc, log_loss, brier, ece_equal_mass, ece_equal_width, aurc"),
    ],
)  # fmt: skip
def test_the_primary_metric(names: list[str] | None, primary: str, message: str) -> None:
    assert problems(names, primary, TOPICS) == [message]


def test_a_primary_metric_for_another_task_is_told_as_such() -> None:
    assert problems(None, "jaccard", TOPICS) == [
        "primary: 'jaccard' is for multi-label tasks, and this one is single-label; "
        f"applicable: {', '.join(default_names(TOPICS))}"
    ]
