from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.evaluation.decisions import decider_fitting
from harness.evaluation.decisions.decider_fitting import Settings, decide, fit, halves
from harness.serving.decisions.abstention import SERVES_NOTHING
from harness.serving.decisions.calibrators import Temperature, Unchanged
from harness.values.labels import LabelSet
from harness.values.tables import ABSTAIN, Predictions
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table


@pytest.mark.parametrize("power", [0.4, 1.0, 5.0])
def test_a_temperature_changes_no_single_label(power: float) -> None:
    made = table(SINGLE, power=power)
    decider_, decided = decide(made, Settings())
    assert isinstance(decider_.calibrator, Temperature)
    assert decided.rows["prediction"].tolist() == made.rows["prediction"].tolist()
    assert decided.rows.columns.tolist() == made.rows.columns.tolist()


@pytest.mark.parametrize("labels", [SINGLE, MULTI])
def test_without_calibration_and_thresholds_nothing_changes(labels: LabelSet) -> None:
    made = table(labels)
    decided = decide(made, Settings("none", 0.5))[1]
    assert decided.rows.equals(made.rows)


def test_a_number_is_the_threshold_of_every_label() -> None:
    made = table(MULTI)
    found, decided = decide(made, Settings("none", 0.3))
    assert found.thresholds == (0.3, 0.3)
    np.testing.assert_array_equal(decided.predicted(), made.proba() >= 0.3)


def test_select_is_decided_by_the_thresholds_of_its_other_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fold's thresholds are told by how many rows they were tuned on: 48 of 60 articles."""
    made = table(MULTI, n=300, group=5)
    monkeypatch.setattr(
        decider_fitting, "tuned", lambda proba, truth: (1.0 if len(proba) < 300 else 0.0,) * 2
    )
    decided = decide(made, Settings("none"))[1]
    assert decided.only(split="validation").predicted().sum() == 0
    assert decided.only(split="test").predicted().all()
    assert sorted(decided.rows["id"]) == sorted(made.rows["id"])


def test_what_select_scores_is_not_flattered() -> None:
    """Thresholds tuned on the very rows that they decide find more than others' thresholds do."""
    gaps = []
    for root in range(12):
        made = table(MULTI, n=60, group=3, root=root, parts=("validation", "test"))
        found, decided = decide(made, Settings("none"))
        validation = made.only(split="validation")
        for table_, sign in ((found.apply(validation), 1), (decided.only(split="validation"), -1)):
            hits = (table_.predicted() & table_.truth()).sum(axis=0)
            gaps.append(sign * (2 * hits / (table_.predicted() + table_.truth()).sum(axis=0)).mean())
    assert sum(gaps) / 12 > 0.005


def test_halves_part_no_group_and_do_not_depend_on_order() -> None:
    made = table(SINGLE, n=100, group=7, parts=("calibration",))
    one, other = halves(made)
    assert set(one.rows["group"]) & set(other.rows["group"]) == set()
    assert len(one) + len(other) == 100
    assert abs(len(one) - len(other)) <= 14
    again, _ = halves(replace(made, rows=made.rows.iloc[::-1].reset_index(drop=True)))
    assert set(again.rows["id"]) == set(one.rows["id"])


def test_abstention_is_judged_by_rows_that_calibrated_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = table(SINGLE, n=200, group=4)
    seen = {}
    calibration = decider_fitting.calibrator_fitting.fit
    monkeypatch.setattr(
        decider_fitting.calibrator_fitting,
        "fit",
        lambda *given: seen.update(n=len(given[1])) or calibration(*given),
    )
    rule = fit(made, Settings(risk=0.3)).rule
    assert rule is not None
    assert seen["n"] + rule.n == 200
    assert (rule.groups, rule.largest) == (rule.n // 4, 4)
    # Without a calibrator all of calibration is left to judge by.
    whole = fit(made, Settings("none", risk=0.3)).rule
    assert whole is not None
    assert whole.n == 200


@pytest.mark.parametrize("method", ["conformal", "learn_then_test"])
def test_what_abstains_is_less_sure(method: str) -> None:
    made = table(SINGLE, n=2000)
    found, decided = decide(made, Settings(risk=0.25, method=method))
    assert found.rule is not None
    sure = decided.proba().max(axis=1)
    held = decided.rows[ABSTAIN].to_numpy()
    assert sure[held].max() < found.rule.below <= sure[~held].min()
    test = decided.only(split="test")
    served = ~test.rows[ABSTAIN].to_numpy()
    assert 0.2 < served.mean() < 0.95
    assert (test.truth() != test.predicted())[served].mean() < 0.28


def test_without_calibrate_rows_it_says_so_and_abstains() -> None:
    made = table(SINGLE, parts=("validation", "test"))
    found = fit(made, Settings(risk=0.3))
    assert found.calibrator == Unchanged()
    assert found.notes == ("Probabilities are the classifier's own: 0 rows are too few to calibrate by.",)
    assert found.rule is not None
    assert found.rule.below == SERVES_NOTHING


def test_without_select_rows_thresholds_are_a_half() -> None:
    found = fit(table(MULTI, parts=("calibration", "test")), Settings())
    assert found.thresholds == (0.5, 0.5)


def test_folds_are_pooled_for_a_model_that_is_fitted_again() -> None:
    one, other = table(SINGLE, root=0), table(SINGLE, root=1)
    both = Predictions.concat([replace(p, rows=p.rows.assign(fold=f)) for f, p in ((1, one), (2, other))])
    rule = fit(both, Settings("none", risk=0.3), refitted=True).rule
    assert rule is not None
    assert (rule.n, rule.groups, rule.refitted, rule.guarantees) == (600, 60, True, False)
