"""Calibration, thresholds and abstention where some rows have no prediction."""

from __future__ import annotations

import numpy as np
import pytest

from harness.evaluation.decisions.coverage import measure_coverage
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide, fit
from harness.values.labels import LabelSet
from harness.values.tables import ABSTAIN
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table
from tests.gaps import some, without_answers

LABEL_SETS = pytest.mark.parametrize("labels", [SINGLE, MULTI], ids=["single", "multi"])


@LABEL_SETS
@pytest.mark.parametrize("kind", ["temperature", "platt", "isotonic"])
def test_what_is_fitted_is_fitted_on_answers(labels: LabelSet, kind: str) -> None:
    raw = table(labels)
    gappy = without_answers(raw, some(raw))
    settings = DecisionSettings(calibration=kind, risk=0.2)
    assert fit(gappy, settings) == fit(gappy.answered(), settings)


@LABEL_SETS
def test_a_missing_prediction_is_withheld_and_stays_missing(labels: LabelSet) -> None:
    raw = table(labels)
    gappy = without_answers(raw, some(raw))
    decider, decided = decide(gappy, DecisionSettings(risk=0.4))
    # Validation rows come last where their thresholds are tuned in folds.
    missing = decided.missing()
    assert missing.sum() == gappy.missing().sum()
    assert decided.rows[ABSTAIN].to_numpy()[missing].all()
    assert np.isnan(decided.proba()[missing]).all()
    test = decided.only(split="test")
    (whole, *_) = measure_coverage(test)
    withheld = test.rows[ABSTAIN].to_numpy()
    assert whole.n == len(test)
    assert whole.coverage == pytest.approx(1 - withheld.mean())
    wrong = test.predicted() != test.truth()
    wrong = wrong.any(axis=1) if labels.multi else wrong
    assert whole.risk == pytest.approx(wrong[~withheld].mean())
    # Served alone, too, where nothing may abstain by a rule.
    codes = labels.decide(test.proba())
    assert (decider.abstains(test.proba(), codes) >= test.missing()).all()


def test_without_a_rule_only_missing_ones_are_withheld() -> None:
    raw = table(SINGLE)
    gappy = without_answers(raw, some(raw))
    decider, decided = decide(gappy, DecisionSettings())
    assert ABSTAIN not in decided.rows
    assert decider.abstains(decided.proba(), decided.predicted()).tolist() == decided.missing().tolist()
