"""Candidates are runs under that of their trial, and the report says how options were chosen."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import toys
from sentences import numbers

import harness
from harness.runs.comparison import compare_logged
from harness.tracking import names
from harness.tracking.store import Store
from tests.tracking.toy_runs import run_all, runs_by_name

TUNED = """\
  searched:
    kind: 'toys:verbs'
    tune: {search: random, trials: 7, once: true, space: {strength: {low: 0.01, high: 9.0, log: true}}}
  grid: {kind: 'toys:verbs', tune: {strength: [1.0, 2.0]}}
  plain: {kind: 'toys:verbs'}"""


def text_of(report: Path) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", report.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> harness.ExperimentRun:
    home = tmp_path_factory.mktemp("searched")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        return harness.run(toys.prepared(home, TUNED).plan.source, trust=True)


def test_each_candidate_is_a_run_under_its_trial(run: harness.ExperimentRun) -> None:
    store = run["searched"].store
    assert store is not None
    trials = runs_by_name(store, names.TRIAL)
    candidates = runs_by_name(store, names.CANDIDATE)
    record = run["searched"].result.trials[0].search
    assert record is not None
    # With the first seed alone; the grid with both.
    assert len(candidates) == 7 + 2 * 2
    for candidate in record.candidates:
        logged = candidates[f"searched seed 1 candidate {candidate.number}"]
        assert logged.data.tags["mlflow.parentRunId"] == trials["searched seed 1"].info.run_id
        assert logged.info.status == "FINISHED"
        assert logged.data.metrics["tuning/f1_macro"] == pytest.approx(candidate.score)
        assert float(logged.data.params["option.strength"]) == candidate.options["strength"]
        is_chosen = logged.data.tags[names.CANDIDATE_STATE] == "chosen"
        assert is_chosen is (candidate.number == record.chosen)
    assert {
        logged.data.params["option.strength"] for name, logged in candidates.items() if "grid" in name
    } == {
        "1.0",
        "2.0",
    }


def test_a_trial_and_its_classifier_have_the_number_of_candidates_and_the_optimism(
    run: harness.ExperimentRun,
) -> None:
    store = run["searched"].store
    assert store is not None
    classifiers = runs_by_name(store, names.CLASSIFIER)
    taken = {name: logged.data.metrics.get("tuning/candidates") for name, logged in classifiers.items()}
    assert taken == {"searched": 7, "grid": 4, "plain": None}
    assert classifiers["searched"].data.metrics["tuning/optimism"] >= 0
    of_trials = runs_by_name(store, names.TRIAL)
    assert of_trials["searched seed 1"].data.metrics["tuning/candidates"] == 7
    assert "tuning/candidates" not in of_trials["searched seed 2"].data.metrics
    chosen = classifiers["searched"].data.params["option.strength"]
    assert of_trials["searched seed 2"].data.params["option.strength"] == chosen


def test_a_comparison_says_who_was_tuned_more(run: harness.ExperimentRun) -> None:
    store = run["searched"].store
    assert store is not None
    untracked = harness.run(run.plan.source, track=False, trust=True)
    for compared in (compare_logged(store, [run.name]), harness.compare(untracked)):
        (note,) = [line for line in compared.comparison.limitations if line.startswith("Tuned unequally: ")]
        assert numbers(note) == [7, 2]
        assert [name for name in ("searched", "grid", "plain") if name in note] == list(run.classifiers)


def test_the_report_has_the_path_of_the_search(run: harness.ExperimentRun) -> None:
    text = text_of(run["searched"].report)
    record = run["searched"].result.trials[0].search
    assert record is not None
    for number in (
        "7 candidates",
        f"{record.best.score:.3f}",
        f"{record.optimism:.3f}",
        "18 rows in 6 groups",
    ):
        assert number in text
    page = run["searched"].report.read_text(encoding="utf-8")
    assert page.count("<title>candidate ") == 7
    assert "<title>candidate " not in run["plain"].report.read_text(encoding="utf-8")


def test_a_finished_search_is_found_again_with_its_record(run: harness.ExperimentRun) -> None:
    store = run["searched"].store
    assert isinstance(store, Store)
    again = run_all(run.prepared, store)
    assert [outcome.reused for outcome in again] == [True] * 3
    assert again[0].result is not None
    before, after = run["searched"].result.trials, again[0].result.trials
    assert [str(trial.search) for trial in after] == [str(trial.search) for trial in before]
    assert [trial.options for trial in after] == [trial.options for trial in before]
