"""What a comparison refuses, and what it says of its own limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scoring.comparison.toy_runs import frames, of, run, runs, unstated, with_rows

from harness.values.errors import ConfigError, PredictionsError
from harness.values.labels import STANCE, LabelSet
from harness.values.tables import Predictions


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("f1", "metric: 'f1' has one value a label; choose one of f1_critical, f1_neutral, f1_supportive"),
        ("f1_makro", "metric: unknown metric 'f1_makro'; did you mean 'f1_macro'?"),
        ("jaccard", "metric: 'jaccard' is for multi-label tasks, and this one is single-label"),
        ("math:pi", "metric: 'math:pi' is not a Metric; see harness.scoring.metrics.metric"),
    ],
)
def test_a_metric_that_does_not_apply_is_refused(metric: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        of(runs(0.5, 1.5), metric)
    assert str(caught.value) == message


def flipped(table: Predictions) -> Predictions:
    truth = table.rows["truth"].where(table.rows["id"] != "i000", "neutral")
    others = {"critical": "supportive", "supportive": "critical", "neutral": "critical"}
    return with_rows(table, truth=truth.where(table.rows["id"] != "i001", table.rows["truth"].map(others)))


REORDERED = LabelSet(("neutral", "critical", "supportive"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            flipped,
            "it was scored on another test set (fingerprint FINGERPRINT): 240 items, 2 with another true"
            " label",
        ),
        (
            lambda table: Predictions(STANCE, table.rows[table.rows["id"] != "i000"]),
            "it was scored on another test set (fingerprint FINGERPRINT): 239 items, 1 of the others' are"
            " missing",
        ),
        (
            lambda table: with_rows(table, id="x" + table.rows["id"]),
            "it was scored on another test set (fingerprint FINGERPRINT): 240 items, 240 of the others' are"
            " missing, 240 are not among the others'",
        ),
        (
            lambda table: Predictions(REORDERED, table.rows),
            "its labels are neutral, critical, supportive; those of the others are critical, neutral,"
            " supportive",
        ),
        (lambda table: with_rows(table, split="validation"), "it has no test rows"),
        (
            lambda table: with_rows(table, group="g"),
            "it groups the test items in another way than the others",
        ),
        (lambda table: with_rows(table, target="t"), "it names other targets than the others"),
    ],
)
def test_what_does_not_belong_is_left_out_with_the_reason(change: object, reason: str) -> None:
    odd = change(run("c", 1.0))  # type: ignore[operator]
    found = of([*runs(0.8, 1.2), ("odd", odd)])
    fingerprint = odd.only(split="test").fingerprint()
    assert found.refused == {"odd": reason.replace("FINGERPRINT", fingerprint)}
    assert {entry.name for entry in found.runs} == {"a", "b"}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.nan, "is not finite: [nan, "),
        (np.inf, "is not finite: [inf, "),
        (0.9, "does not sum to 1: [0.9, "),
        (1.5, "leaves [0, 1]: [1.5, "),
    ],
)
def test_what_are_no_probabilities_is_left_out_with_the_reason(value: float, what: str) -> None:
    odd = run("c", 1.0)
    stated = odd.rows["p_critical"].where(odd.rows.index != 0, value)
    found = of([*runs(0.8, 1.2), ("odd", with_rows(odd, p_critical=stated))], "brier")
    reason = found.refused["odd"]
    assert reason.startswith(f"its table cannot be used: row 0 of the probabilities {what}")
    assert {entry.name for entry in found.runs} == {"a", "b"}


def test_a_seed_that_lacks_items_or_says_one_twice_is_left_out_with_the_reason() -> None:
    short, twice = run("s", 1.0), run("t", 1.0)
    short = Predictions(STANCE, short.rows[(short.rows["seed"] != 2) | (short.rows["id"] != "i003")])
    twice = Predictions(STANCE, pd.concat([twice.rows, twice.rows.head(1)], ignore_index=True))
    found = of([*runs(0.8, 1.2), ("short", short), ("twice", twice)])
    assert found.refused == {
        "short": "its table cannot be used: seeds 1 and 2 score different items; score whole runs",
        "twice": "its table cannot be used: seed 1 scores 'i000' of fold 0 twice",
    }


def test_metrics_that_depend_on_the_number_of_items_are_cautioned_of() -> None:
    caution = (
        "On few items another number than on many: ece_equal_mass. Intervals are about the value on as many"
        " items as here."
    )
    assert caution in of(runs(0.8, 1.2), "ece_equal_mass").cautions
    assert not [line for line in of(runs(0.8, 1.2), "brier").cautions if "On few items" in line]


def test_the_test_set_is_the_one_that_most_runs_have() -> None:
    odd = flipped(run("odd", 1.0))
    found = of([("odd", odd), *runs(0.8, 1.2)])
    assert list(found.refused) == ["odd"]


def test_frames_do_not_compare_with_stances() -> None:
    with pytest.raises(PredictionsError) as caught:
        of([("a", run("a", 1.0)), ("b", frames("b", 1.0))])
    assert str(caught.value) == (
        "a comparison takes two runs, and only a is left\n"
        "b: its labels are conflict, human_interest, economic_consequences, morality, responsibility"
        " (several at once); those of the others are critical, neutral, supportive"
    )


def test_no_run_and_names_that_repeat_are_refused() -> None:
    with pytest.raises(PredictionsError, match="^there is no run to compare$"):
        of([])
    one = run("a", 1.0)
    with pytest.raises(PredictionsError, match="^two runs are called 'a'; give each a name of its own$"):
        of([("a", one), ("a", one)])


def test_without_probabilities_labels_compare_and_probabilities_do_not() -> None:
    table = [("a", unstated(run("a", 0.5))), ("b", run("b", 1.0)), ("c", run("c", 1.5))]
    assert of(table).refused == {}
    assert of(table, "brier").refused == {"a": "it has no probabilities, which brier needs"}


def test_a_single_group_gives_no_interval_and_says_so() -> None:
    found = of([(name, with_rows(one, group="g")) for name, one in runs(0.5, 1.5)])
    assert found.n_clusters == 1
    (pair,) = found.pairs
    assert np.isnan([entry.low for entry in found.runs]).all()
    assert np.isnan([entry.item_se for entry in found.runs]).all()
    assert np.isnan([pair.difference.p, pair.holm, pair.probability, pair.randomization, pair.needed]).any()
    assert not pair.separable
    assert found.omitted_tests["randomization"] == "there is one group only"
    assert found.limitations[0] == "All items belong to one group, so no interval can be given."


def test_a_class_that_test_lacks_is_said() -> None:
    def lacking(one: Predictions) -> Predictions:
        return Predictions(STANCE, one.rows[one.rows["truth"] != "neutral"])

    found = of([(name, lacking(one)) for name, one in runs(0.5, 1.5)])
    assert found.limitations[0] == (
        "No item is 'neutral', so its F1 is 0 by convention and lowers macro averages."
    )


def test_a_difference_without_variance_is_said() -> None:
    right = run("a", 1.0, n_seeds=1)
    right = with_rows(right, prediction=right.rows["truth"])
    others = {"critical": "neutral", "neutral": "supportive", "supportive": "critical"}
    wrong = with_rows(right, prediction=right.rows["truth"].map(others))
    found = of([("right", right), ("wrong", wrong)], deterministic=("right", "wrong"))
    assert found.pairs[0].difference.low == found.pairs[0].difference.high == 1
    assert found.limitations == (
        "Some differences are the same in every draw; their intervals have no width.",
    )


def test_a_metric_that_is_undefined_is_refused_rather_than_ranked() -> None:
    with pytest.raises(PredictionsError) as caught:
        of(runs(0.5, 1.0), "scoring.comparison.toy_runs:NOWHERE")
    assert str(caught.value) == (
        "a comparison takes two runs, and none is left\n"
        "a: its nowhere is undefined on these items\n"
        "b: its nowhere is undefined on these items"
    )


@pytest.mark.parametrize(
    ("n_seeds", "deterministic", "cautions"),
    [
        (1, (), ["One seed only: a, b. What another seed would have given is not in the intervals."]),
        (1, ("a",), ["One seed only: b. What another seed would have given is not in the intervals."]),
        (1, ("a", "b"), []),
        (4, (), ["Fewer than 5 seeds: a, b. Their intervals are somewhat too narrow."]),
        (5, (), []),
    ],
)
def test_few_seeds_are_cautioned_of(
    n_seeds: int, deterministic: tuple[str, ...], cautions: list[str]
) -> None:
    found = of(runs(1.0, 1.2, n_seeds=n_seeds), deterministic=deterministic)
    assert [line for line in found.limitations if "seed" in line and "spread" not in line] == cautions


@pytest.mark.parametrize(("groups", "said"), [(49, True), (50, False)])
def test_few_groups_are_cautioned_of(groups: int, said: bool) -> None:
    table = [(name, run(name, 1.0, n=groups * 3, group=3, n_seeds=5)) for name in "ab"]
    caution = f"{groups} groups are few (50 are enough): intervals may be too narrow."
    assert (caution in of(table).limitations) == said


def test_seeds_that_differ_more_than_items_are_cautioned_of() -> None:
    good, bad = run("a", 3.0, n_seeds=2), run("a", 0.0, n_seeds=2)
    wild = Predictions.concat([good.only(seed=1), bad.only(seed=2)])
    assert of([("wild", wild), ("tame", run("b", 1.0, n_seeds=1))]).cautions[-1] == (
        "The spread over seeds is larger than that over items: wild. Their intervals are too narrow unless"
        " there are many seeds."
    )
