"""Expected cost as a metric, in comparisons and in decisions: recomputed row by row, on real corpora, too."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide
from harness.scoring.comparison import compare
from harness.scoring.metrics.selection import default_names, resolve
from harness.scoring.score import score
from harness.serving.decisions.decider import LEAST_COST, Decider
from harness.tracking.finished_runs import labels_of
from harness.values.costs import Costs
from harness.values.errors import ConfigError, PredictionsError
from harness.values.labels import STANCE, STANCES, LabelSet
from harness.values.tables import Predictions
from tests.evaluation.decisions.simulated_predictions import SINGLE, table

COSTS = {"critical": {"supportive": 5.0, "neutral": 2.0}, "supportive": {"critical": 3.0}}
COSTLY = replace(STANCE, costs=Costs.of(COSTS))
PARTS = ("validation", "test")


def cost(true: str, given: str) -> float:
    return 0.0 if true == given else COSTS.get(true, {}).get(given, 1.0)


def predictions_on(name: str, labels: LabelSet = COSTLY, skill: float = 0.6, seed: int = 1) -> Predictions:
    """Draw predictions of the test rows of a real corpus."""
    if name == "newsmtsc" and "HARNESS_NEWSMTSC" not in os.environ:
        pytest.skip("HARNESS_NEWSMTSC is not set")
    corpus = harness.load_corpus(name)
    rows = corpus.rows[corpus.rows["split"] == "test"]
    tested = corpus.take(rows["id"].tolist())
    draw = np.random.default_rng(seed)
    truth = labels.encode(rows["stance"])
    codes = np.where(draw.random(len(rows)) < skill, truth, draw.integers(3, size=len(rows)))
    proba = 0.2 * draw.dirichlet(np.ones(3), len(rows)) + 0.8 * np.eye(3)[codes]
    return Predictions.of(tested, labels, proba, run="model", split="test", seed=1)


@pytest.mark.parametrize("name", ["partyline", "newsmtsc"])
def test_the_metric_is_the_mean_cost_of_the_rows(name: str) -> None:
    made = predictions_on(name)
    (metric,) = resolve(["expected_cost"], "expected_cost", COSTLY)
    assert (metric.direction, metric.high) == ("lower", 5)
    row = score(made, [metric], draws=500).rows.iloc[0]
    by_hand = [cost(*pair) for pair in zip(made.rows["truth"], made.rows["prediction"], strict=True)]
    assert row["value"] == pytest.approx(np.mean(by_hand))
    assert row["low"] < row["value"] < row["high"]


def test_a_lower_cost_is_better_in_comparisons() -> None:
    better, worse = predictions_on("partyline", skill=0.8), predictions_on("partyline", skill=0.3, seed=2)
    compared = compare([("worse", worse), ("better", better)], "expected_cost")
    assert [run.name for run in compared.runs] == ["better", "worse"]
    pair = compared.pairs[0]
    assert (pair.better, pair.separable) == ("better", True)
    assert pair.difference.value < 0


def test_runs_of_other_costs_do_not_compare_by_them() -> None:
    other = replace(STANCE, costs=Costs.of({"critical": {"supportive": 2}}))
    runs = [("one", predictions_on("partyline")), ("two", predictions_on("partyline", other))]
    with pytest.raises(PredictionsError, match="other costs"):
        compare(runs, "expected_cost")
    # By other metrics they do.
    assert len(compare(runs, "accuracy").runs) == 2


def test_without_costs_there_is_no_such_metric() -> None:
    assert "expected_cost" not in default_names(STANCE)
    assert "expected_cost" in default_names(COSTLY)
    with pytest.raises(ConfigError):
        resolve(["expected_cost"], "expected_cost", STANCE)
    with pytest.raises(ConfigError):
        compare([("a", predictions_on("partyline", STANCE))], "expected_cost")


def deciding(names: tuple[str, ...]) -> LabelSet:
    costs = {names[0]: dict.fromkeys(names[1:], 6.0)}
    return LabelSet(names, costs=Costs.of(costs, decides=True))


def test_decisions_of_least_cost_cost_less_and_say_what_they_change() -> None:
    raw = table(SINGLE, n=1_500, parts=("validation", "calibration", "test"))
    labels = deciding(SINGLE.names)
    plain = decide(raw, DecisionSettings())[1].only(split="test")
    decider, costly = decide(replace(raw, labels=labels), DecisionSettings())
    (metric,) = resolve(["expected_cost"], "expected_cost", labels)
    costs = [
        score(replace(each, labels=labels), [metric], draws=0).value("expected_cost", split="test")
        for each in (plain, costly.only(split="test"))
    ]
    assert costs[1] < 0.9 * costs[0]
    note = next(note for note in decider.notes if note.startswith(LEAST_COST))
    validation = costly.only(split="validation")
    likeliest = validation.proba().argmax(axis=1)
    assert f"{(likeliest != validation.predicted()).sum():,} of {len(likeliest):,} label" in note
    # Probabilities are what they were.
    np.testing.assert_allclose(plain.proba(), costly.only(split="test").proba())


def test_a_served_model_decides_by_the_same_costs() -> None:
    decider = Decider(deciding(STANCES))
    again = Decider.read(json.loads(json.dumps(decider.plain())), STANCE)
    assert again.plain() == decider.plain()
    proba = np.random.default_rng(4).dirichlet(np.ones(3), 300)
    np.testing.assert_array_equal(again.decide(proba), decider.decide(proba))
    assert (again.decide(proba) != proba.argmax(axis=1)).any()
    assert "costs" not in Decider(STANCE).plain()
    damaged = {**decider.plain(), "costs": {"critical": {"pro": 3}}}
    with pytest.raises(ValueError, match="costs"):
        Decider.read(damaged, STANCE)


def test_a_finished_run_remembers_its_costs(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    declared = {"task": "stance", "labels": list(STANCES), "costs": COSTS, "decision": "least_cost"}
    path.write_text(json.dumps(declared), encoding="utf-8")
    costs = labels_of(path).costs
    assert costs == Costs.of(COSTS, decides=True)
