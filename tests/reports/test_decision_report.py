from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide
from harness.reports.decision_report import METRICS, DecisionReport
from harness.scoring.score import score
from harness.serving.decisions.decider import Decider
from harness.values.labels import LabelSet
from harness.values.tables import Predictions
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table


@dataclass(frozen=True)
class Result:
    """The part of a classifier's result that the report reads."""

    raw: Predictions
    predictions: Predictions
    decider: Decider | None


def report_of(labels: LabelSet, **settings: object) -> DecisionReport:
    raw = table(labels, n=600)
    decider, decided = decide(raw, DecisionSettings(**settings))  # type: ignore[arg-type]
    return DecisionReport(Result(raw, decided, decider), seed=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [SINGLE, MULTI])
def test_what_was_too_sure_is_better_calibrated_afterwards(labels: LabelSet) -> None:
    values = report_of(labels, risk=0.3).values()
    for metric in ("ece_equal_mass", "brier", "log_loss"):
        assert values[f"test/{metric}_calibrated"] < values[f"test/{metric}_uncalibrated"]
        assert values[f"test/{metric}_calibrated_low"] < values[f"test/{metric}_calibrated_high"]
    assert 0 < values["test/abstention_coverage"] < 1
    assert values["test/abstention_risk_low"] < values["test/abstention_risk"] < 0.4
    assert values["abstention/wanted_risk"] == 0.3


def test_the_curve_ends_where_everything_is_labelled() -> None:
    report = report_of(SINGLE)
    test = report.after
    wrong = float((test.truth() != test.predicted()).mean())
    assert report.curve[-1] == (pytest.approx(1.0), pytest.approx(wrong))
    assert report.curve[0][1] < wrong


def test_without_calibration_and_abstention_nothing_is_said_of_them() -> None:
    report = report_of(SINGLE, calibration="none")
    assert (report.changes, report.bins_before, report.served, report.threshold) == ((), (), (), "")
    assert [name for name, _ in report.brier] == ["after"]
    assert report.values() == {}


def test_each_label_has_its_threshold() -> None:
    assert [name for name, _ in report_of(MULTI).thresholds] == list(MULTI.names)


@pytest.mark.parametrize("labels", [SINGLE, MULTI], ids=["single", "multi"])
def test_scoring_all_metrics_at_once_changes_none_of_them(labels: LabelSet) -> None:
    report = report_of(labels)
    assert report.before is not None
    for metric, (name, before, after) in zip(METRICS, report.changes, strict=True):
        assert name == metric.name
        for predictions, scores in ((report.before, before), (report.after, after)):
            alone = score(predictions, [metric]).rows
            assert scores.rows.reset_index(drop=True).equals(alone.reset_index(drop=True))
