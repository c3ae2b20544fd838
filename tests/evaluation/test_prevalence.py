"""Scores and probabilities under another label mix: against weighted rows, drawn rows and Bayes' rule."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as reference

from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide
from harness.scoring.comparison import compare
from harness.scoring.metrics.prevalence import f1_macro, reweighted
from harness.scoring.metrics.selection import resolve
from harness.scoring.score import score
from harness.serving.decisions.decider import Decider
from harness.values.costs import Costs
from harness.values.errors import ConfigError, PredictionsError
from harness.values.labels import STANCE
from harness.values.prevalence import Prevalence
from harness.values.tables import Predictions
from tests.evaluation.decisions.simulated_predictions import SINGLE, table
from tests.evaluation.test_costs import COSTS, cost, predictions_on

MIX = {"critical": 0.6, "neutral": 0.1, "supportive": 0.3}
SHIFTED = replace(STANCE, prevalence=Prevalence.of(MIX), costs=Costs.of(COSTS))
NAMES = ("accuracy_shifted", "f1_macro_shifted", "f1_shifted", "precision_shifted", "expected_cost_shifted")


@pytest.mark.parametrize("name", ["partyline", "newsmtsc"])
def test_scores_are_those_of_weighted_rows(name: str) -> None:
    made = predictions_on(name, SHIFTED)
    rows = score(made, resolve(NAMES, NAMES[0], SHIFTED), draws=300).rows.set_index("metric")
    truth, predicted = made.rows["truth"].astype(str), made.rows["prediction"].astype(str)
    occurs = truth.value_counts(normalize=True)
    weights = truth.map(lambda label: MIX[label] / occurs[label]).to_numpy()
    labels = list(STANCE.names)
    f1 = reference.f1_score(truth, predicted, labels=labels, average=None, sample_weight=weights)
    precision = reference.precision_score(
        truth, predicted, labels=labels, average=None, sample_weight=weights
    )
    costs = np.array([cost(*pair) for pair in zip(truth, predicted, strict=True)])
    expected = {
        "accuracy_shifted": reference.accuracy_score(truth, predicted, sample_weight=weights),
        "f1_macro_shifted": f1.mean(),
        "expected_cost_shifted": np.average(costs, weights=weights),
        **{f"f1_shifted_{label}": value for label, value in zip(labels, f1, strict=True)},
        **{f"precision_shifted_{label}": value for label, value in zip(labels, precision, strict=True)},
    }
    assert rows["value"].to_dict() == pytest.approx(expected)
    assert (rows["low"] < rows["value"]).all()
    assert (rows["value"] < rows["high"]).all()


def test_the_mix_of_the_rows_themselves_changes_nothing() -> None:
    counts = np.random.default_rng(1).integers(1, 30, (4, 3, 3)).astype(float)
    for one in counts:
        mix = one.sum(axis=1) / one.sum()
        np.testing.assert_allclose(reweighted(one, mix), one)
    mix = np.array([0.2, 0.5, 0.3])
    np.testing.assert_allclose(reweighted(counts, mix).sum(axis=-1), counts.sum(axis=(1, 2))[:, None] * mix)
    # Vectorised over draws.
    np.testing.assert_allclose(f1_macro(counts, mix), [f1_macro(one, mix) for one in counts])


def test_a_label_without_items_tells_nothing_unless_it_should_not_occur() -> None:
    counts = np.array([[5.0, 1, 0], [0, 0, 0], [1, 2, 6]])
    assert np.isnan(reweighted(counts, np.array([0.4, 0.2, 0.4]))).any()
    assert not np.isnan(reweighted(counts, np.array([0.5, 0.0, 0.5]))).any()


def test_a_shifted_metric_is_compared_and_asks_for_one_mix() -> None:
    better, worse = predictions_on("partyline", SHIFTED, 0.8), predictions_on("partyline", SHIFTED, 0.3, 2)
    for name in ("f1_macro_shifted", "f1_shifted_critical", "expected_cost_shifted"):
        compared = compare([("worse", worse), ("better", better)], name)
        assert compared.runs[0].name == "better"
    other = replace(SHIFTED, prevalence=Prevalence.of({**MIX, "critical": 0.5, "neutral": 0.2}))
    with pytest.raises(PredictionsError, match="another label mix"):
        compare([("a", better), ("b", replace(worse, labels=other))], "f1_macro_shifted")
    with pytest.raises(ConfigError):
        compare([("a", replace(better, labels=STANCE))], "f1_macro_shifted")


def shifted(predictions: Predictions, mix: dict[str, float], n: int, seed: int) -> Predictions:
    """Draw rows so that the labels occur as often as is stated, and their sentences stay as they are."""
    draw = np.random.default_rng(seed)
    rows = predictions.rows
    parts = [
        rows[rows["truth"] == label].sample(
            round(share * n), replace=True, random_state=int(draw.integers(2**31))
        )
        for label, share in mix.items()
    ]
    import pandas as pd

    table_of = pd.concat(parts, ignore_index=True)
    return replace(predictions, rows=table_of.assign(id=[f"row {k}" for k in range(len(table_of))]))


def test_adjusted_probabilities_are_better_where_the_mix_is_as_stated() -> None:
    mix = {SINGLE.names[0]: 0.8, SINGLE.names[1]: 0.15, SINGLE.names[2]: 0.05}
    raw = table(SINGLE, n=3_000, parts=("validation", "calibration", "test"))
    plain, adjusted = (
        decide(replace(raw, labels=labels), DecisionSettings())
        for labels in (SINGLE, replace(SINGLE, prevalence=Prevalence.of(mix, adjusts=True)))
    )
    losses = {}
    for kind, (_, decided) in (("plain", plain), ("adjusted", adjusted)):
        there = shifted(decided.only(split="test"), mix, 4_000, seed=3)
        scored = score(there, resolve(["log_loss", "accuracy"], "accuracy", SINGLE), draws=0)
        losses[kind] = scored.value("log_loss"), scored.value("accuracy")
    assert losses["adjusted"][0] < losses["plain"][0]
    assert losses["adjusted"][1] > losses["plain"][1]
    assert len(adjusted[0].notes) == len(plain[0].notes) + 1


def test_adjusting_is_bayes_rule_and_is_saved() -> None:
    decider = Decider(STANCE, shift=(2.0, 0.5, 1.0))
    proba = np.array([[0.2, 0.4, 0.4], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(decider.calibrated(proba), [[0.4, 0.2, 0.4], [0.0, 1.0, 0.0]])
    again = Decider.read(json.loads(json.dumps(decider.plain())), STANCE)
    assert again == decider
    assert "shift" not in Decider(STANCE).plain()
    for damaged in ([1.0, 2.0], [1.0, 2.0, -1.0], [1.0, 2.0, float("inf")]):
        with pytest.raises(ValueError, match="shift"):
            Decider.read({**decider.plain(), "shift": damaged}, STANCE)
    # A label that is said not to occur leaves a row that is certain of it alone.
    never = Decider(STANCE, shift=(1.0, 0.0, 1.0))
    np.testing.assert_allclose(never.calibrated(proba), [[1 / 3, 0, 2 / 3], [0, 1, 0]])
