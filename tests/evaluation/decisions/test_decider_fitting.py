from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from golden import Golden
from sentences import numbers

from harness.evaluation.decisions import decider_fitting
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide, fit, halves
from harness.serving.decisions.abstention_rule import SERVES_NOTHING
from harness.serving.decisions.calibrators import Temperature, Unchanged
from harness.values.labels import LabelSet
from harness.values.tables import ABSTAIN, Predictions
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table


@pytest.mark.parametrize("power", [0.4, 1.0, 5.0])
def test_a_temperature_changes_no_single_label(power: float) -> None:
    raw = table(SINGLE, power=power)
    decider, decided = decide(raw, DecisionSettings())
    assert isinstance(decider.calibrator, Temperature)
    assert decided.rows["prediction"].tolist() == raw.rows["prediction"].tolist()
    assert decided.rows.columns.tolist() == raw.rows.columns.tolist()


@pytest.mark.parametrize("labels", [SINGLE, MULTI])
def test_without_calibration_and_thresholds_nothing_changes(labels: LabelSet) -> None:
    raw = table(labels)
    decided = decide(raw, DecisionSettings("none", 0.5))[1]
    assert decided.rows.equals(raw.rows)


def test_a_number_is_the_threshold_of_every_label() -> None:
    raw = table(MULTI)
    decider, decided = decide(raw, DecisionSettings("none", 0.3))
    assert decider.thresholds == (0.3, 0.3)
    np.testing.assert_array_equal(decided.predicted(), raw.proba() >= 0.3)


def test_validation_is_decided_by_the_thresholds_of_its_other_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thresholds show how many rows they were tuned on: 48 of 60 articles."""
    raw = table(MULTI, n=300, group=5)
    monkeypatch.setattr(
        decider_fitting, "tune_thresholds", lambda proba, truth: (1.0 if len(proba) < 300 else 0.0,) * 2
    )
    decided = decide(raw, DecisionSettings("none"))[1]
    assert decided.only(split="validation").predicted().sum() == 0
    assert decided.only(split="test").predicted().all()
    assert sorted(decided.rows["id"]) == sorted(raw.rows["id"])


def test_validation_scores_are_not_optimistic() -> None:
    """Thresholds score higher on the rows that they were tuned on than on others."""
    gaps = []
    for root in range(12):
        raw = table(MULTI, n=60, group=3, root=root, parts=("validation", "test"))
        decider, decided = decide(raw, DecisionSettings("none"))
        validation = raw.only(split="validation")
        for table_, sign in ((decider.apply(validation), 1), (decided.only(split="validation"), -1)):
            hits = (table_.predicted() & table_.truth()).sum(axis=0)
            gaps.append(sign * (2 * hits / (table_.predicted() + table_.truth()).sum(axis=0)).mean())
    assert sum(gaps) / 12 > 0.005


def test_halves_divide_no_group_and_do_not_depend_on_order() -> None:
    raw = table(SINGLE, n=100, group=7, parts=("calibration",))
    first, second = halves(raw)
    assert set(first.rows["group"]) & set(second.rows["group"]) == set()
    assert len(first) + len(second) == 100
    assert abs(len(first) - len(second)) <= 14
    again, _ = halves(replace(raw, rows=raw.rows.iloc[::-1].reset_index(drop=True)))
    assert set(again.rows["id"]) == set(first.rows["id"])


def test_abstention_is_fitted_on_rows_that_the_calibrator_did_not_see(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = table(SINGLE, n=200, group=4)
    seen = {}
    calibration = decider_fitting.calibrator_fitting.fit
    monkeypatch.setattr(
        decider_fitting.calibrator_fitting,
        "fit",
        lambda *arguments: seen.update(n=len(arguments[1])) or calibration(*arguments),
    )
    rule = fit(raw, DecisionSettings(risk=0.3)).rule
    assert rule is not None
    assert seen["n"] + rule.n == 200
    assert (rule.groups, rule.largest) == (rule.n // 4, 4)
    # Without a calibrator the rule is fitted on all calibration rows.
    whole = fit(raw, DecisionSettings("none", risk=0.3)).rule
    assert whole is not None
    assert whole.n == 200


@pytest.mark.parametrize("method", ["conformal", "learn_then_test", "empirical"])
def test_rows_of_low_confidence_abstain(method: str) -> None:
    raw = table(SINGLE, n=2000)
    decider, decided = decide(raw, DecisionSettings(risk=0.25, method=method))
    assert decider.rule is not None
    confidence = decided.proba().max(axis=1)
    abstains = decided.rows[ABSTAIN].to_numpy()
    assert confidence[abstains].max() < decider.rule.below <= confidence[~abstains].min()
    test = decided.only(split="test")
    served = ~test.rows[ABSTAIN].to_numpy()
    assert 0.2 < served.mean() < 0.95
    assert (test.truth() != test.predicted())[served].mean() < 0.28


def test_without_calibration_rows_it_says_so_and_abstains(golden: Golden) -> None:
    raw = table(SINGLE, parts=("validation", "test"))
    decider = fit(raw, DecisionSettings(risk=0.3))
    assert decider.calibrator == Unchanged()
    assert len(decider.notes) == 1
    assert numbers(decider.notes[0]) == [0]
    golden("evaluation/not_calibrated", decider.notes[0])
    assert decider.rule is not None
    assert decider.rule.below == SERVES_NOTHING


def test_without_validation_rows_thresholds_are_a_half() -> None:
    decider = fit(table(MULTI, parts=("calibration", "test")), DecisionSettings())
    assert decider.thresholds == (0.5, 0.5)


def test_folds_are_pooled_for_a_refitted_model() -> None:
    folds = {1: table(SINGLE, root=0), 2: table(SINGLE, root=1)}
    both = Predictions.concat([replace(p, rows=p.rows.assign(fold=fold)) for fold, p in folds.items()])
    rule = fit(both, DecisionSettings("none", risk=0.3), refitted=True).rule
    assert rule is not None
    assert (rule.n, rule.groups, rule.refitted, rule.guarantees) == (600, 60, True, False)
