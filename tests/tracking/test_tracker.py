from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow.store.db.utils import sqlalchemy
from toys import prepared

from harness.audits import experiment_audits
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial, TrialResult
from harness.evaluation.search import tuning_rows
from harness.evaluation.trial import list_trials, run_trial
from harness.runs import classifiers
from harness.tracking import names
from harness.tracking.store import Store
from harness.tracking.tracker import Tracker
from tests.tracking.toy_runs import run_all, runs_by_name

MAX_TRANSACTIONS = 45
"""Of a classifier with one trial."""


def replace_run_trial(monkeypatch: pytest.MonkeyPatch, replacement: Any) -> None:
    """Run trials by another function, those of twins too."""
    for module in (classifiers, experiment_audits):
        monkeypatch.setattr(module, "run_trial", replacement)


def record_trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the name of every trial that is trained from now on."""
    trained: list[str] = []

    def recording(experiment: Prepared, trial: Trial, *folders: Path) -> TrialResult:
        trained.append(trial.name)
        return run_trial(experiment, trial, *folders)

    replace_run_trial(monkeypatch, recording)
    return trained


def test_a_classifier_is_a_parent_run_and_a_trial_a_child_run(ladder: Path) -> None:
    store = Store.open(ladder)
    parents, children = runs_by_name(store, "classifier"), runs_by_name(store, "trial")
    assert sorted(parents) == ["prior", "strong", "unsaved", "verbs"]
    assert sorted(children) == [
        *("prior seed 1", "strong seed 1", "strong seed 2"),
        *("unsaved seed 1", "verbs seed 1", "verbs seed 2"),
    ]
    assert {run.info.status for run in [*parents.values(), *children.values()]} == {"FINISHED"}
    for name, child in children.items():
        assert child.data.tags["mlflow.parentRunId"] == parents[name.split()[0]].info.run_id
    assert not any((store.home / "pending").iterdir())


def test_a_finished_classifier_is_loaded_as_it_was_logged(folder: Path) -> None:
    store, experiment = (
        Store.open(),
        prepared(folder, "  strong: {kind: 'toys:verbs', tune: {strength: [2.0, 30.0]}}"),
    )
    (first,) = run_all(experiment, store)
    (second,) = run_all(experiment, store)
    assert (first.reused, second.reused) == (False, True)
    fresh, reused = first.result, second.result
    assert fresh is not None
    assert reused is not None
    pd.testing.assert_frame_equal(fresh.predictions.rows, reused.predictions.rows, check_dtype=False)
    assert fresh.scores.rows.equals(reused.scores.rows)
    assert fresh.served is not None
    assert reused.served is not None
    assert reused.served.trial == fresh.served.trial
    for before, after in zip(fresh.trials, reused.trials, strict=True):
        assert (after.options, after.curves, after.trial) == (before.options, before.curves, before.trial)
        pd.testing.assert_frame_equal(after.predictions.rows, before.predictions.rows, check_dtype=False)


def test_fresh_repeats(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, experiment = Store.open(), prepared(trained)
    retrained = record_trainings(monkeypatch)
    (outcome,) = run_all(experiment, store, fresh=True)
    assert not outcome.reused
    assert retrained == ["verbs seed 1", "verbs seed 2"]


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": "[1, 3]"},
        {"log_text": "false"},
        {"classifiers": "  verbs: {kind: 'toys:verbs', strength: 2.0}"},
        {"classifiers": "  other: {kind: 'toys:verbs'}"},
    ],
)
def test_what_matters_to_a_result_makes_another_run(tmp_path: Path, change: dict[str, str]) -> None:
    digests = set()
    for experiment in (prepared(tmp_path), prepared(tmp_path, **change)):
        (classifier,) = experiment.plan.classifiers
        digests.add(names.parent_digest(experiment.plan, classifier, list_trials(experiment, classifier)))
    assert len(digests) == 2


def test_a_name_and_a_description_change_nothing(tmp_path: Path) -> None:
    digests = set()
    for experiment in (prepared(tmp_path), prepared(tmp_path, name="renamed")):
        (classifier,) = experiment.plan.classifiers
        digests.add(names.parent_digest(experiment.plan, classifier, list_trials(experiment, classifier)))
    assert len(digests) == 1


def test_only_the_trials_that_are_new_are_trained(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open()
    retrained = record_trainings(monkeypatch)
    (outcome,) = run_all(prepared(trained, seeds="[1, 2, 3]"), store)
    assert retrained == ["verbs seed 3"]
    assert outcome.result is not None
    assert sorted(outcome.result.predictions.rows["seed"].unique()) == [1, 2, 3]
    # The model of the served seed was deleted with the others of the first run, so it is fitted again.
    assert outcome.result.model is not None


def test_a_trial_that_was_logged_under_another_name_gets_the_new_one(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open()
    retrained = record_trainings(monkeypatch)
    (outcome,) = run_all(prepared(trained, "  other: {kind: 'toys:verbs'}"), store)
    assert retrained == []
    assert outcome.result is not None
    assert set(outcome.result.predictions.rows["run"]) == {"other"}


def test_a_failure_is_named_in_the_run(folder: Path) -> None:
    store, experiment = (
        Store.open(),
        prepared(folder, "  verbs: {kind: 'toys:verbs', fails: 'no [luck] @ all'}"),
    )
    with pytest.raises(RuntimeError, match="no .luck. @ all"):
        run_all(experiment, store)
    for run in (runs_by_name(store, "classifier")["verbs"], runs_by_name(store, "trial")["verbs seed 1"]):
        assert run.info.status == "FAILED"
        assert run.data.tags["harness.error"] == "RuntimeError: no [luck] @ all"
        text = Path(store.client.download_artifacts(run.info.run_id, "error.txt")).read_text(encoding="utf-8")
        assert text.startswith("Traceback")


def test_an_interrupted_run_is_killed_and_resumed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, experiment = Store.open(), prepared(folder)

    def interrupted(experiment: Prepared, trial: Trial, *folders: Path) -> TrialResult:
        if trial.seed == 2:
            raise KeyboardInterrupt
        return run_trial(experiment, trial, *folders)

    with monkeypatch.context() as patch:
        replace_run_trial(patch, interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_all(experiment, store)
    before = runs_by_name(store, "classifier")["verbs"]
    assert before.info.status == "KILLED"
    assert runs_by_name(store, "trial")["verbs seed 2"].info.status == "KILLED"
    assert runs_by_name(store, "trial")["verbs seed 1"].info.status == "FINISHED"
    retrained = record_trainings(monkeypatch)
    (outcome,) = run_all(experiment, store)
    after = runs_by_name(store, "classifier")["verbs"]
    assert retrained == ["verbs seed 2"]
    assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")
    assert "harness.error" not in after.data.tags
    assert outcome.result is not None
    assert outcome.result.model is not None


def test_a_run_whose_process_died_is_resumed_and_one_of_another_machine_is_not(folder: Path) -> None:
    store, experiment = Store.open(), prepared(folder)
    tracker = Tracker(store, experiment.plan)
    (classifier,) = experiment.plan.classifiers
    trials = list_trials(experiment, classifier)
    with tracker.classifier(classifier, trials) as parent:
        dead = parent.run_id
    assert store.client.get_run(dead).info.status == "RUNNING"
    with tracker.classifier(classifier, trials) as parent:
        assert parent.run_id == dead
    # As earlier versions left it, which named the host alone.
    store.client.set_tag(dead, "harness.host", "another machine")
    store.client.delete_tag(dead, "harness.owner")
    with tracker.classifier(classifier, trials) as parent:
        assert parent.run_id != dead


def test_a_run_that_has_its_model_already_is_not_resumed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, experiment = Store.open(), prepared(folder)

    def out_of_space(*_: Any, metrics: Sequence[Any] = (), **__: Any) -> None:
        if metrics:
            raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("harness.tracking.sending.send_values", out_of_space)
        patch.setattr("harness.tracking.tracker.ChildRun.log", lambda self, result: None)
        with pytest.raises(OSError, match="no space left"):
            run_all(experiment, store)
    stopped = runs_by_name(store, "classifier")["verbs"]
    assert stopped.info.status == "FAILED"
    run_all(experiment, store)
    newer = runs_by_name(store, "classifier")["verbs"]
    assert (newer.info.run_id != stopped.info.run_id, newer.info.status) == (True, "FINISHED")


def test_a_finished_run_without_its_files_is_run_again(trained: Path) -> None:
    store, experiment = Store.open(), prepared(trained)
    parent = runs_by_name(store, "classifier")["verbs"].info.run_id
    (Path(store.client.download_artifacts(parent, "")) / "predictions.parquet").unlink()
    (outcome,) = run_all(experiment, store)
    assert not outcome.reused


def test_folds_are_children_and_the_model_is_a_refit(folder: Path) -> None:
    store = Store.open()
    experiment = prepared(folder, split="{kind: kfold, k: 3, dev: 0.2, calibration: 0}")
    (outcome,) = run_all(experiment, store)
    assert sorted(runs_by_name(store, "trial")) == [
        f"verbs seed {seed}{fold}" for seed in (1, 2) for fold in (" fold 1", " fold 2", " fold 3")
    ]
    assert outcome.result is not None
    assert len(outcome.result.predictions.only(split="test", seed=1)) == 54
    assert outcome.result.model is not None


@pytest.mark.parametrize(
    ("seeds", "options"), [("[1]", ""), ("[1]", ", tune: {strength: [1.0, 2.0]}")], ids=["plain", "grid"]
)
def test_every_attempt_at_a_trial_gets_the_same_folder_which_is_deleted_at_the_end(
    seeds: str, options: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning_rows, "N_FOLDS", 2)
    store = Store.open()
    experiment = prepared(folder, f"  lasting: {{kind: 'toys:lasting'{options}}}", seeds=seeds)
    # Each training is stopped twice: two candidates on two folds, and the chosen one.
    stopped = 10 if options else 2
    for _ in range(stopped):
        with pytest.raises(KeyboardInterrupt):
            run_all(experiment, store)
    (checkpoints,) = (store.home / "pending").glob("training-*")
    folders = sorted(path.name for path in checkpoints.iterdir() if path.is_dir())
    assert folders == (["0", "search"] if options else ["0"])
    (outcome,) = run_all(experiment, store)
    assert outcome.result is not None
    assert outcome.result.trials[0].curves == [{"attempts": 3.0}]
    assert not any((store.home / "pending").iterdir())


def test_a_classifier_takes_the_time_of_its_trials_in_whatever_process_they_ran(folder: Path) -> None:
    store, experiment = Store.open(), prepared(folder, "  lasting: {kind: 'toys:lasting'}", seeds="[1]")
    for attempt in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_all(experiment, store)
        (state,) = store.home.glob(f"pending/*/0/attempt {attempt}")
        # As if it had been killed 100 seconds after it began.
        os.utime(state, (time.time() + 100,) * 2)
    (outcome,) = run_all(experiment, store)
    assert outcome.seconds > 200


def test_fresh_ignores_the_checkpoints_of_an_earlier_attempt(folder: Path) -> None:
    store, experiment = Store.open(), prepared(folder, "  lasting: {kind: 'toys:lasting'}", seeds="[1]")
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            run_all(experiment, store, fresh=True)


def test_a_refit_is_resumed_too(folder: Path) -> None:
    store = Store.open()
    experiment = prepared(
        folder,
        "  lasting: {kind: 'toys:lasting'}",
        seeds="[1]",
        split="{kind: kfold, k: 2, dev: 0.2, calibration: 0}",
    )
    # Two folds and the refit, each of which is stopped twice.
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            run_all(experiment, store)
    (outcome,) = run_all(experiment, store)
    assert outcome.result is not None
    assert outcome.result.model is not None
    assert not any((store.home / "pending").iterdir())


def test_a_run_that_was_not_completed_is_not_finished(folder: Path) -> None:
    """An orchestrator that forgets to complete a run leaves one that does not count as finished."""
    store, experiment = Store.open(), prepared(folder)
    tracker = Tracker(store, experiment.plan)
    (classifier,) = experiment.plan.classifiers
    trials = list_trials(experiment, classifier)
    with tracker.classifier(classifier, trials):
        pass
    assert tracker.finished(classifier, trials) is None


def test_a_classifier_takes_few_transactions(folder: Path) -> None:
    """On a server each is a round trip, and on SQLite a wait for the disk."""
    transactions: list[sqlalchemy.Connection] = []
    store, counts = Store.open(folder), []

    def record(connection: sqlalchemy.Connection) -> None:
        transactions.append(connection)

    sqlalchemy.event.listen(sqlalchemy.Engine, "begin", record)
    try:
        for kinds in ("  prior: {kind: prior}", "  prior: {kind: prior}\n  other: {kind: majority}"):
            transactions.clear()
            run_all(prepared(folder, kinds), store, fresh=True)
            counts.append(len(transactions))
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "begin", record)
    # The run of the classifier and that of its single trial: the model, the files, 3 searches.
    assert 10 <= counts[1] - counts[0] <= MAX_TRANSACTIONS
