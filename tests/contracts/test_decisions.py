"""Every calibration under every law, and a broken one that each law must catch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from harness.evaluation.decisions import calibrator_fitting
from harness.evaluation.decisions.decider_fitting import DecisionSettings, fit
from harness.serving.decisions.calibrators import Temperature, Unchanged
from harness.serving.decisions.decider import Decider
from harness.values.labels import LabelSet
from harness.values.tables import Predictions
from tests.contracts import decision_laws as laws
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE

SETTINGS = {
    "temperature": DecisionSettings(),
    "platt": DecisionSettings("platt"),
    "isotonic": DecisionSettings("isotonic"),
    "abstaining": DecisionSettings(risk=0.3),
    "empirical": DecisionSettings(risk=0.3, method="empirical"),
    "tested": DecisionSettings(risk=0.3, method="learn_then_test", certainty=0.8),
}


@pytest.mark.parametrize("labels", [SINGLE, MULTI], ids=["single", "multi"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__[4:])
def test_law(law: Callable[[laws.Fit, LabelSet], None], settings: DecisionSettings, labels: LabelSet) -> None:
    law(lambda predictions: fit(predictions, settings), labels)


def with_test(predictions: Predictions) -> Decider:
    """Calibrates on test."""
    rows = predictions.rows[predictions.rows["split"] != "calibration"]
    rows = rows.assign(split=rows["split"].replace("test", "calibration"))
    return fit(replace(predictions, rows=rows.reset_index(drop=True)), DecisionSettings())


def thresholds_of_test(predictions: Predictions) -> Decider:
    """Tunes thresholds on test."""
    rows = predictions.rows[predictions.rows["split"] != "validation"]
    rows = rows.assign(split=rows["split"].replace("test", "validation"))
    return fit(replace(predictions, rows=rows.reset_index(drop=True)), DecisionSettings())


def ignores_truth(predictions: Predictions) -> Decider:
    """Never looks at the true labels."""
    return Decider(predictions.labels, Temperature((2.0,) * (2 if predictions.labels.multi else 1)))


@dataclass(frozen=True)
class BrokenCalibrator:
    """Changes probabilities in a way that a law forbids."""

    change: Callable[[np.ndarray], np.ndarray]
    kind: ClassVar[str] = "broken"

    def apply(self, proba: np.ndarray, *, multi: bool) -> np.ndarray:
        return self.change(proba)

    def plain(self) -> dict[str, Any]:
        return Unchanged().plain()


def broken_by(change: Callable[[np.ndarray], np.ndarray]) -> laws.Fit:
    return lambda predictions: Decider(predictions.labels, BrokenCalibrator(change))


def by_first_rows(predictions: Predictions) -> Decider:
    """Reads the first rows alone."""
    labels, calibration = predictions.labels, predictions.only(split="calibration")
    first = replace(calibration, rows=calibration.rows.head(40))
    return Decider(labels, calibrator_fitting.fit("temperature", first.proba(), first.truth(), labels)[0])


@dataclass(frozen=True)
class IgnoresCalibration(Decider):
    """Returns calibrated probabilities, but the labels of the first row for all."""

    def apply(self, predictions: Predictions) -> Predictions:
        decided = super().apply(predictions)
        names = [name for name in decided.rows.columns if name.startswith("prediction")]
        return replace(decided, rows=decided.rows.assign(**{n: predictions.rows[n].iloc[0] for n in names}))


BROKEN = [
    (laws.law_test_is_not_looked_at, with_test, SINGLE),
    (laws.law_test_is_not_looked_at, thresholds_of_test, MULTI),
    (laws.law_truth_is_read, ignores_truth, SINGLE),
    (laws.law_probabilities, broken_by(lambda proba: proba * 1.1), SINGLE),
    (
        laws.law_probabilities,
        broken_by(lambda proba: proba**4 / (proba**4).sum(axis=1, keepdims=True)),
        SINGLE,
    ),
    (laws.law_probabilities, broken_by(lambda proba: proba / proba.max()), MULTI),
    (laws.law_ranking, broken_by(lambda proba: 1 - proba), MULTI),
    (laws.law_order, by_first_rows, SINGLE),
    (laws.law_plain, broken_by(lambda proba: proba), SINGLE),
    (laws.law_decided, lambda p: IgnoresCalibration(p.labels), SINGLE),
]


@pytest.mark.parametrize(("law", "broken", "labels"), BROKEN)
def test_the_law_catches(
    law: Callable[[laws.Fit, LabelSet], None], broken: laws.Fit, labels: LabelSet
) -> None:
    with pytest.raises(AssertionError):
        law(broken, labels)


def test_every_law_catches_something() -> None:
    assert {law for law, *_ in BROKEN} == set(laws.LAWS)
