from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.evaluation.decisions.coverage import measure_coverage
from harness.evaluation.decisions.decider_fitting import DecisionSettings, fit
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.decider import Decider
from harness.values.labels import NO_FRAME, LabelSet
from harness.values.tables import Predictions
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table


def served(labels: LabelSet, below: float) -> Predictions:
    rule = AbstentionRule(below, 0.2, "conformal", 0.9, 300, 60, 5)
    return Decider(labels, rule=rule).apply(table(labels, parts=("test",)))


def test_coverage_and_risk_are_counted() -> None:
    decided = served(SINGLE, 0.8)
    rows = decided.rows
    labelled = ~rows["abstain"]
    wrong = labelled & (rows["truth"] != rows["prediction"])
    whole, *labels = measure_coverage(decided)
    assert (whole.kind, whole.n) == ("all", 300)
    assert whole.coverage == pytest.approx(labelled.mean())
    assert whole.risk == pytest.approx(wrong.sum() / labelled.sum())
    assert whole.coverage_low < whole.coverage < whole.coverage_high
    assert whole.risk_low < whole.risk < whole.risk_high
    for of_label, name in zip(labels, SINGLE.names, strict=True):
        mask = rows["truth"] == name
        assert (of_label.kind, of_label.name, of_label.n) == ("label", name, mask.sum())
        assert of_label.coverage == pytest.approx(labelled[mask].mean())
        assert of_label.risk == pytest.approx(wrong[mask].sum() / labelled[mask].sum())


def test_an_item_of_several_labels_is_wrong_with_any_of_them() -> None:
    decided = served(MULTI, 0.0)
    wrong = (decided.truth() != decided.predicted()).any(axis=1)
    whole, *labels = measure_coverage(decided)
    assert (whole.coverage, whole.risk) == (1.0, pytest.approx(wrong.mean()))
    assert [result.name for result in labels] == [*MULTI.names, NO_FRAME]
    assert labels[2].n == int((decided.truth().sum(axis=1) == 0).sum())


def test_where_nothing_is_served_there_is_no_risk() -> None:
    (whole,) = measure_coverage(served(SINGLE, 2.0), parts=False)
    assert whole.coverage == 0
    assert all(math.isnan(value) for value in (whole.risk, whole.risk_low, whole.risk_high))


def test_where_nothing_can_abstain_there_is_nothing_to_say() -> None:
    assert measure_coverage(Decider(SINGLE).apply(table(SINGLE, parts=("test",)))) == ()


def test_targets_stand_by_frequency() -> None:
    decided = served(SINGLE, 0.6)
    names = np.where(np.arange(300) < 200, "Harbour Party", "Varna")
    results = measure_coverage(replace(decided, rows=decided.rows.assign(target=names)))
    assert [(result.name, result.n) for result in results if result.kind == "target"] == [
        ("Harbour Party", 200),
        ("Varna", 100),
    ]


@pytest.mark.parametrize(("n", "bounded"), [(29, False), (30, True)])
def test_a_share_of_few_items_has_no_interval(n: int, bounded: bool) -> None:
    decided = served(SINGLE, 0.0)
    names = np.where(np.arange(300) < 300 - n, "Harbour Party", "Varna")
    least = measure_coverage(replace(decided, rows=decided.rows.assign(target=names)))[-1]
    assert (least.name, least.n, least.coverage) == ("Varna", n, 1.0)
    assert [math.isnan(bound) for bound in (least.coverage_low, least.risk_high)] == [not bounded] * 2


@pytest.mark.parametrize("labels", [SINGLE, MULTI])
def test_a_label_without_items_is_left_out(labels: LabelSet) -> None:
    decided = served(labels, 0.6)
    if labels.multi:
        rows = decided.rows.assign(truth_morality=0, truth_conflict=1)
        absent = {"morality", NO_FRAME}
    else:
        rows = decided.rows.replace({"truth": "neutral"}, "critical")
        absent = {"neutral"}
    results = measure_coverage(replace(decided, rows=rows))
    present = {*labels.names, NO_FRAME} if labels.multi else set(labels.names)
    assert {result.name for result in results if result.kind == "label"} == present - absent
    assert not any(math.isnan(result.coverage) for result in results)


def test_seeds_are_averaged() -> None:
    decided = served(SINGLE, 0.8)
    silent = replace(decided, rows=decided.rows.assign(seed=2, abstain=True))
    (alone,) = measure_coverage(decided, parts=False)
    (both,) = measure_coverage(Predictions.concat([decided, silent]), parts=False)
    assert both.coverage == pytest.approx(alone.coverage / 2)


def test_the_threshold_meets_the_risk_on_fresh_groups() -> None:
    """60 draws of 1,000 rows (200 articles) each: on average the target risk is met on fresh articles."""
    settings = DecisionSettings(risk=0.2)
    risks, coverages = [], []
    for root in range(60):
        decider = fit(table(SINGLE, n=1_000, root=root, parts=("validation", "calibration")), settings)
        rows = decider.apply(table(SINGLE, n=1_000, root=1_000 + root, parts=("test",))).rows
        labelled = rows[~rows["abstain"]]
        risks.append(float((labelled["truth"] != labelled["prediction"]).mean()))
        coverages.append(len(labelled) / len(rows))
    error = np.std(risks, ddof=1) / math.sqrt(len(risks))
    assert np.mean(risks) <= 0.2 + 2 * error
    # Abstaining on nearly everything would meet the risk too.
    assert np.mean(risks) > 0.15
    assert np.mean(coverages) > 0.3


def test_with_certainty_the_risk_is_seldom_missed() -> None:
    settings = DecisionSettings(risk=0.25, method="learn_then_test", certainty=0.9)
    missed = 0
    for root in range(60):
        decider = fit(table(SINGLE, n=1_500, root=root, parts=("validation", "calibration")), settings)
        rows = decider.apply(table(SINGLE, n=4_000, root=1_000 + root, parts=("test",))).rows
        labelled = rows[~rows["abstain"]]
        missed += len(labelled) > 0 and (labelled["truth"] != labelled["prediction"]).mean() > 0.25
    # At most 6 expected; more than 11 happens in 1 of 100 series.
    assert missed <= 11
