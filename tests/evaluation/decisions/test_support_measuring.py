"""What is shown rests on rows that nothing was tuned on, however few there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.evaluation.decisions import support_measuring
from harness.evaluation.decisions.decider_fitting import DecisionSettings, fit
from harness.serving.decisions.decider import Decider
from harness.values.tables import Predictions
from tests.evaluation.decisions.simulated_predictions import MULTI, SINGLE, table


def supported(raw: Predictions, settings: DecisionSettings | None = None) -> Decider:
    decider = fit(raw, settings or DecisionSettings())
    assert decider.support is not None
    assert [label.name for label in decider.support] == list(MULTI.names)
    return decider


def without(raw: Predictions, label: str) -> Predictions:
    """The same rows, none of which has the label in validation or calibration."""
    rows = raw.rows.copy()
    rows.loc[rows["split"] != "test", f"truth_{label}"] = 0
    return replace(raw, rows=rows)


def test_shown_labels_are_right_in_three_of_five_other_rows() -> None:
    """Of 20 draws of 120 rows each, nine labels in ten that are shown are as often right on others."""
    precisions = []
    for root in range(20):
        raw = table(MULTI, n=120, group=3, root=root)
        decider = supported(raw)
        test = table(MULTI, n=4000, group=3, root=1000 + root, parts=("test",))
        proba = decider.calibrated(test.proba())
        shown = decider.shown(proba, decider.decide(proba)) == 1
        hits = (shown & (test.truth() == 1)).sum(axis=0)
        precisions += [hit / n for hit, n in zip(hits, shown.sum(axis=0), strict=True) if n]
    assert len(precisions) >= 20
    assert np.mean(np.array(precisions) >= 0.6) >= 0.9


def test_a_label_is_shown_from_its_threshold_on_or_later() -> None:
    decider = supported(table(MULTI), DecisionSettings("none", 0.5))
    assert decider.support is not None
    assert decider.thresholds == (0.5, 0.5)
    assert all(label.shown_from >= 0.5 for label in decider.support)


def test_a_label_that_no_held_out_row_has_is_unsure() -> None:
    decider = supported(without(table(MULTI), "morality"))
    assert decider.support is not None
    conflict, morality = decider.support
    assert conflict.holds
    assert morality.right == 0
    assert not morality.holds


@pytest.mark.parametrize("parts", [("validation", "test"), ("calibration", "test"), ("test",)])
def test_evidence_is_what_there_is(parts: tuple[str, ...]) -> None:
    decider = supported(table(MULTI, parts=parts))
    assert decider.support is not None
    rows = sum(label.given for label in decider.support)
    assert (rows > 0) is (len(parts) > 1)
    assert any(label.holds for label in decider.support) is (len(parts) > 1)


def test_validation_of_one_article_is_no_evidence_for_its_own_thresholds() -> None:
    decider = supported(table(MULTI, n=40, group=40, parts=("validation", "test")))
    assert decider.support is not None
    assert [label.given for label in decider.support] == [0, 0]


def test_no_row_is_decided_by_thresholds_that_were_tuned_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thresholds show how many rows they were tuned on: 240 of 300, and all for calibration."""
    seen = []

    def tuned(proba: np.ndarray, truth: np.ndarray, *, beta: float) -> tuple[float, ...]:
        seen.append(len(proba))
        return (0.0 if len(proba) == 300 else 1.0,) * truth.shape[1]

    monkeypatch.setattr(support_measuring, "tune_thresholds", tuned)
    decider = supported(table(MULTI, n=300, group=5), DecisionSettings("none", 0.01))
    assert seen == [300, *[240] * 5]
    assert decider.support is not None
    # Calibration alone is given the labels: 300 rows, less those below the threshold of the config.
    proba = table(MULTI, n=300, group=5).only(split="calibration").proba()
    assert [label.given for label in decider.support] == (proba >= 0.01).sum(axis=0).tolist()


def test_a_row_of_several_folds_counts_once() -> None:
    raw = table(MULTI, n=100, group=2)
    twice = Predictions.concat([raw, replace(raw, rows=raw.rows.assign(fold=1))])
    once, doubled = supported(raw), supported(twice)
    assert once.support is not None
    assert doubled.support is not None
    assert max(label.given for label in doubled.support) <= 200
    assert [label.given for label in doubled.support] != [2 * label.given for label in once.support]


def test_one_label_a_row_has_no_support() -> None:
    assert fit(table(SINGLE), DecisionSettings()).support is None


def test_rows_without_an_answer_are_no_evidence() -> None:
    raw = table(MULTI, n=60, group=2)
    rows = raw.rows.copy()
    unanswered = np.arange(len(rows)) % 3 == 0
    for name in MULTI.names:
        rows.loc[unanswered, f"p_{name}"] = np.nan
        rows.loc[unanswered, f"prediction_{name}"] = -1
    decider = supported(replace(raw, rows=rows))
    assert decider.support is not None
    assert all(label.given <= 80 for label in decider.support)
