"""Runs that cannot be compared are refused, and a comparison states its limitations."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from scoring.comparison.toy_runs import frames, of, run, runs, unstated, with_rows

from harness.scoring.limitations import few_groups_limitation
from harness.values.errors import ConfigError, PredictionsError
from harness.values.labels import STANCE, LabelSet
from harness.values.tables import Predictions


def test_a_metric_that_does_not_apply_is_refused(golden: Golden) -> None:
    errors = []
    for metric in ("f1", "f1_makro", "jaccard", "math:pi"):
        with pytest.raises(ConfigError) as caught:
            of(runs(0.5, 1.5), metric)
        (problem,) = caught.value.problems
        assert problem.where == "metric"
        assert repr(metric) in problem.what
        errors.append(str(problem))
    golden("scoring/compared-metric-errors", "\n".join(errors))


def flipped(table: Predictions) -> Predictions:
    truth = table.rows["truth"].where(table.rows["id"] != "i000", "neutral")
    others = {"critical": "supportive", "supportive": "critical", "neutral": "critical"}
    return with_rows(table, truth=truth.where(table.rows["id"] != "i001", table.rows["truth"].map(others)))


def without_an_item_of_seed_2(table: Predictions) -> Predictions:
    rows = table.rows
    return Predictions(STANCE, rows[(rows["seed"] != 2) | (rows["id"] != "i003")])


def with_an_item_twice(table: Predictions) -> Predictions:
    return Predictions(STANCE, pd.concat([table.rows, table.rows.head(1)], ignore_index=True))


REORDERED = LabelSet(("neutral", "critical", "supportive"))
CHANGES: dict[str, Callable[[Predictions], Predictions]] = {
    "other true labels": flipped,
    "an item missing": lambda table: Predictions(STANCE, table.rows[table.rows["id"] != "i000"]),
    "other items": lambda table: with_rows(table, id="x" + table.rows["id"]),
    "other labels": lambda table: Predictions(REORDERED, table.rows),
    "no rows of the split": lambda table: with_rows(table, split="validation"),
    "other groups": lambda table: with_rows(table, group="g"),
    "other targets": lambda table: with_rows(table, target="t"),
    "an item missing of a seed": without_an_item_of_seed_2,
    "an item twice": with_an_item_twice,
}


def test_runs_that_cannot_be_compared_are_refused_with_the_reason(golden: Golden) -> None:
    reasons = {}
    for name, change in CHANGES.items():
        odd = change(run("c", 1.0))
        comparison = of([*runs(0.8, 1.2), ("odd", odd)], draws=200)
        assert list(comparison.refused) == ["odd"], name
        assert {ranked.name for ranked in comparison.runs} == {"a", "b"}, name
        reasons[name] = comparison.refused["odd"]
        fingerprint = odd.only(split="test").fingerprint()
        is_other_test_set = name in ("other true labels", "an item missing", "other items")
        assert (fingerprint in reasons[name]) == is_other_test_set, name
        reasons[name] = reasons[name].replace(fingerprint, "FINGERPRINT")
    assert len(set(reasons.values())) == len(CHANGES)
    golden("scoring/refused-runs", "\n".join(f"{name}: {reason}" for name, reason in reasons.items()))


def test_what_are_no_probabilities_is_refused_with_the_reason(golden: Golden) -> None:
    odd = run("c", 1.0)
    reasons = {}
    for value in (np.nan, np.inf, 0.9, 1.5):
        stated = odd.rows["p_critical"].where(odd.rows.index != 0, value)
        comparison = of([*runs(0.8, 1.2), ("odd", with_rows(odd, p_critical=stated))], "brier")
        assert {ranked.name for ranked in comparison.runs} == {"a", "b"}
        reason = comparison.refused["odd"]
        assert f"[{value}, " in reason
        # The other two probabilities are as many digits as a float has.
        reasons[value] = re.sub(r"0\.\d{9,}", "P", reason)
    golden("scoring/no-probabilities", "\n".join(f"{value}: {reason}" for value, reason in reasons.items()))


def test_the_test_set_is_the_one_that_most_runs_have() -> None:
    odd = flipped(run("odd", 1.0))
    comparison = of([("odd", odd), *runs(0.8, 1.2)])
    assert list(comparison.refused) == ["odd"]


def test_fewer_than_two_runs_are_refused(golden: Golden) -> None:
    a = run("a", 1.0)
    cases: dict[str, tuple[list[tuple[str, Predictions]], str]] = {
        "no run": ([], "f1_macro"),
        "a name twice": ([("a", a), ("a", a)], "f1_macro"),
        "frames and stances": ([("a", a), ("b", frames("b", 1.0))], "f1_macro"),
        # Undefined scores are refused rather than ranked.
        "undefined": (runs(0.5, 1.0), "scoring.comparison.toy_runs:NOWHERE"),
    }
    errors = []
    for name, (table, metric) in cases.items():
        with pytest.raises(PredictionsError) as caught:
            of(table, metric)
        errors.append(f"{name}: {caught.value}")
    golden("scoring/comparison-errors", "\n".join(errors))


def test_without_probabilities_labels_compare_and_probabilities_do_not() -> None:
    table = [("a", unstated(run("a", 0.5))), ("b", run("b", 1.0)), ("c", run("c", 1.5))]
    assert of(table).refused == {}
    refused = of(table, "brier").refused
    assert list(refused) == ["a"]
    assert "brier" in refused["a"]


def test_a_single_group_gives_no_interval_and_says_so() -> None:
    comparison = of([(name, with_rows(predictions, group="g")) for name, predictions in runs(0.5, 1.5)])
    assert comparison.n_clusters == 1
    (pair,) = comparison.pairs
    assert np.isnan([ranked.low for ranked in comparison.runs]).all()
    assert np.isnan([ranked.item_se for ranked in comparison.runs]).all()
    assert np.isnan([pair.difference.p, pair.holm, pair.probability, pair.randomization, pair.needed]).any()
    assert not pair.separable
    # Of many groups the same runs have the other limitations alone.
    others = of(runs(0.5, 1.5)).limitations
    assert [line for line in comparison.limitations if line not in others] == [comparison.limitations[0]]
    assert few_groups_limitation(1) not in comparison.limitations


def right_and_wrong() -> list[tuple[str, Predictions]]:
    """Two runs, of which one is always right and one is always wrong."""
    right = run("a", 1.0, n_seeds=1)
    right = with_rows(right, prediction=right.rows["truth"])
    others = {"critical": "neutral", "neutral": "supportive", "supportive": "critical"}
    return [("right", right), ("wrong", with_rows(right, prediction=right.rows["truth"].map(others)))]


def test_a_difference_without_variance_has_an_interval_without_width() -> None:
    comparison = of(right_and_wrong(), deterministic=("right", "wrong"))
    assert comparison.pairs[0].difference.low == comparison.pairs[0].difference.high == 1
    assert len(comparison.limitations) == 1


def lacking_neutral(table: Predictions) -> Predictions:
    return Predictions(STANCE, table.rows[table.rows["truth"] != "neutral"])


def test_metrics_that_depend_on_sample_size_are_named() -> None:
    ece, brier = (of(runs(0.8, 1.2, n_seeds=5), metric).limitations for metric in ("ece_equal_mass", "brier"))
    assert len(ece) == len(brier) + 1
    assert sum("ece_equal_mass" in sentence for sentence in ece) == 1


def named(sentence: str) -> set[str]:
    """The runs that a sentence about seeds names after its colon."""
    return set(re.findall(r"\w+", sentence.partition(": ")[2].partition(".")[0]))


@pytest.mark.parametrize(
    ("n_seeds", "deterministic", "limited"),
    [(1, (), {"a", "b"}), (1, ("a",), {"b"}), (1, ("a", "b"), set()), (4, (), {"a", "b"}), (5, (), set())],
)
def test_few_seeds_are_a_limitation(n_seeds: int, deterministic: tuple[str, ...], limited: set[str]) -> None:
    table = runs(1.0, 1.2, n_seeds=n_seeds)
    others = of(table, deterministic=("a", "b")).limitations
    about_seeds = [line for line in of(table, deterministic=deterministic).limitations if line not in others]
    assert [named(sentence) for sentence in about_seeds] == ([limited] if limited else [])


@pytest.mark.parametrize(("groups", "limited"), [(49, True), (50, False)])
def test_few_groups_are_a_limitation(groups: int, limited: bool) -> None:
    table = [(name, run(name, 1.0, n=groups * 3, group=3, n_seeds=5)) for name in "ab"]
    assert (few_groups_limitation(groups) in of(table).limitations) == limited


def wild_and_tame() -> list[tuple[str, Predictions]]:
    """Two runs, the seeds of one of which differ more than items make them."""
    good, bad = run("a", 3.0, n_seeds=2), run("a", 0.0, n_seeds=2)
    wild = Predictions.concat([good.only(seed=1), bad.only(seed=2)])
    return [("wild", wild), ("tame", run("b", 1.0, n_seeds=1))]


def test_seeds_that_differ_more_than_items_are_a_limitation() -> None:
    assert named(of(wild_and_tame()).limitations[-1]) == {"wild"}


def test_limitations_are_full_sentences(golden: Golden) -> None:
    one_group = [(name, with_rows(table, group="g")) for name, table in runs(0.5, 1.5)]
    lacking = [(name, lacking_neutral(table)) for name, table in runs(0.5, 1.5)]
    few = [(name, run(name, 1.0, n=147, group=3, n_seeds=4)) for name in "ab"]
    cases = {
        "one group": of(one_group),
        "a label without items": of(lacking),
        "a metric that depends on sample size": of(runs(0.8, 1.2), "ece_equal_mass"),
        "one seed": of(runs(1.0, 1.2, n_seeds=1)),
        "few groups": of(few),
        "wild seeds": of(wild_and_tame()),
        "no variance": of(right_and_wrong(), deterministic=("right", "wrong")),
    }
    lines = [
        f"{case}: {sentence}" for case, comparison in cases.items() for sentence in comparison.limitations
    ]
    golden("scoring/comparison-limitations", "\n".join(lines))
