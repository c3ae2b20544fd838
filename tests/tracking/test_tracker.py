from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from toys import prepared

from harness.audits import experiment_audits
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial, TrialResult
from harness.evaluation.trial import list_trials, run_trial
from harness.runs import classifiers
from harness.runs.classifiers import ClassifierOutcome, run_classifiers
from harness.tracking import names
from harness.tracking.store import Store
from harness.tracking.tracker import Tracker


def ran(made: Prepared, store: Store, **options: Any) -> list[ClassifierOutcome]:
    return list(run_classifiers(made, store, **options))


def runs(store: Store, role: str, experiment_name: str = "toys") -> dict[str, Any]:
    number = store.experiment(experiment_name)
    found = store.client.search_runs(
        [number], f"tags.`harness.role` = '{role}'", order_by=["attributes.start_time ASC"]
    )
    return {run.info.run_name: run for run in found}


def replace_run_trial(monkeypatch: pytest.MonkeyPatch, replacement: Any) -> None:
    """Run trials by another function, those of twins too."""
    for module in (classifiers, experiment_audits):
        monkeypatch.setattr(module, "run_trial", replacement)


def trained_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the name of every trial that is trained from here on."""
    noted: list[str] = []
    original = run_trial

    def noting(made: Prepared, trial: Trial, *folders: Path) -> TrialResult:
        noted.append(trial.name)
        return original(made, trial, *folders)

    replace_run_trial(monkeypatch, noting)
    return noted


def test_an_experiment_leaves_a_parent_a_classifier_and_a_child_a_trial(ladder: Path) -> None:
    store = Store.open(ladder)
    parents, children = runs(store, "classifier"), runs(store, "trial")
    assert sorted(parents) == ["prior", "strong", "unsaved", "verbs"]
    assert sorted(children) == [
        *("prior seed 1", "strong seed 1", "strong seed 2"),
        *("unsaved seed 1", "verbs seed 1", "verbs seed 2"),
    ]
    assert {run.info.status for run in [*parents.values(), *children.values()]} == {"FINISHED"}
    for name, child in children.items():
        assert child.data.tags["mlflow.parentRunId"] == parents[name.split()[0]].info.run_id
    assert not any((store.home / "pending").iterdir())


def test_what_is_finished_is_loaded_back_as_it_was(folder: Path) -> None:
    store, made = (
        Store.open(),
        prepared(folder, "  strong: {kind: 'toys:verbs', tune: {strength: [2.0, 30.0]}}"),
    )
    (first,) = ran(made, store)
    (second,) = ran(made, store)
    assert (first.reused, second.reused) == (False, True)
    one, two = first.result, second.result
    assert one is not None
    assert two is not None
    pd.testing.assert_frame_equal(one.predictions.rows, two.predictions.rows, check_dtype=False)
    assert one.scores.rows.equals(two.scores.rows)
    assert one.served is not None
    assert two.served is not None
    assert two.served.trial == one.served.trial
    for before, after in zip(one.trials, two.trials, strict=True):
        assert (after.options, after.curves, after.trial) == (before.options, before.curves, before.trial)
        pd.testing.assert_frame_equal(after.predictions.rows, before.predictions.rows, check_dtype=False)


def test_fresh_repeats(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, made = Store.open(), prepared(trained)
    again = trained_again(monkeypatch)
    (outcome,) = ran(made, store, fresh=True)
    assert not outcome.reused
    assert again == ["verbs seed 1", "verbs seed 2"]


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
    for made in (prepared(tmp_path), prepared(tmp_path, **change)):
        (classifier,) = made.plan.classifiers
        digests.add(names.parent_digest(made, classifier, list_trials(made, classifier)))
    assert len(digests) == 2


def test_a_name_and_a_description_change_nothing(tmp_path: Path) -> None:
    digests = set()
    for made in (prepared(tmp_path), prepared(tmp_path, name="renamed")):
        (classifier,) = made.plan.classifiers
        digests.add(names.parent_digest(made, classifier, list_trials(made, classifier)))
    assert len(digests) == 1


def test_only_the_trials_that_are_new_are_trained(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open()
    again = trained_again(monkeypatch)
    (outcome,) = ran(prepared(trained, seeds="[1, 2, 3]"), store)
    assert again == ["verbs seed 3"]
    assert outcome.result is not None
    assert sorted(outcome.result.predictions.rows["seed"].unique()) == [1, 2, 3]
    # The served seed's model was thrown away with the first run's others, or is fitted once more.
    assert outcome.result.model is not None


def test_a_trial_that_is_known_under_another_name_carries_the_new_one(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open()
    again = trained_again(monkeypatch)
    (outcome,) = ran(prepared(trained, "  other: {kind: 'toys:verbs'}"), store)
    assert again == []
    assert outcome.result is not None
    assert set(outcome.result.predictions.rows["run"]) == {"other"}


def test_a_failure_is_named_in_the_run(folder: Path) -> None:
    store, made = Store.open(), prepared(folder, "  verbs: {kind: 'toys:verbs', fails: 'no [luck] @ all'}")
    with pytest.raises(RuntimeError, match="no .luck. @ all"):
        ran(made, store)
    for run in (runs(store, "classifier")["verbs"], runs(store, "trial")["verbs seed 1"]):
        assert run.info.status == "FAILED"
        assert run.data.tags["harness.error"] == "RuntimeError: no [luck] @ all"
        text = Path(store.client.download_artifacts(run.info.run_id, "error.txt")).read_text(encoding="utf-8")
        assert text.startswith("Traceback")


def test_an_interrupted_run_is_killed_and_taken_up_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, made = Store.open(), prepared(folder)
    original = run_trial

    def interrupted(made: Prepared, trial: Trial, *folders: Path) -> TrialResult:
        if trial.seed == 2:
            raise KeyboardInterrupt
        return original(made, trial, *folders)

    with monkeypatch.context() as patch:
        replace_run_trial(patch, interrupted)
        with pytest.raises(KeyboardInterrupt):
            ran(made, store)
    before = runs(store, "classifier")["verbs"]
    assert before.info.status == "KILLED"
    assert runs(store, "trial")["verbs seed 2"].info.status == "KILLED"
    assert runs(store, "trial")["verbs seed 1"].info.status == "FINISHED"
    again = trained_again(monkeypatch)
    (outcome,) = ran(made, store)
    after = runs(store, "classifier")["verbs"]
    assert again == ["verbs seed 2"]
    assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")
    assert "harness.error" not in after.data.tags
    assert outcome.result is not None
    assert outcome.result.model is not None


def test_a_run_whose_process_died_is_taken_up_and_another_machines_is_not(folder: Path) -> None:
    store, made = Store.open(), prepared(folder)
    tracker = Tracker(store, made)
    (classifier,) = made.plan.classifiers
    trials = list_trials(made, classifier)
    with tracker.classifier(classifier, trials) as parent:
        dead = parent.run_id
    assert store.client.get_run(dead).info.status == "RUNNING"
    with tracker.classifier(classifier, trials) as parent:
        assert parent.run_id == dead
    store.client.set_tag(dead, "harness.host", "another machine")
    with tracker.classifier(classifier, trials) as parent:
        assert parent.run_id != dead


def test_a_run_that_has_its_model_already_is_not_taken_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, made = Store.open(), prepared(folder)

    def out_of_space(*_: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("harness.tracking.contents.log_metrics", out_of_space)
        patch.setattr("harness.tracking.tracker.ChildRun.log", lambda self, result: None)
        with pytest.raises(OSError, match="no space left"):
            ran(made, store)
    stopped = runs(store, "classifier")["verbs"]
    assert stopped.info.status == "FAILED"
    ran(made, store)
    newer = runs(store, "classifier")["verbs"]
    assert (newer.info.run_id != stopped.info.run_id, newer.info.status) == (True, "FINISHED")


def test_a_finished_run_without_its_files_is_run_again(trained: Path) -> None:
    store, made = Store.open(), prepared(trained)
    parent = runs(store, "classifier")["verbs"].info.run_id
    (Path(store.client.download_artifacts(parent, "")) / "predictions.parquet").unlink()
    (outcome,) = ran(made, store)
    assert not outcome.reused


def test_folds_are_children_and_the_model_is_a_refit(folder: Path) -> None:
    store = Store.open()
    made = prepared(folder, split="{kind: kfold, k: 3, dev: 0.2, calibration: 0}")
    (outcome,) = ran(made, store)
    assert sorted(runs(store, "trial")) == [
        f"verbs seed {seed}{fold}" for seed in (1, 2) for fold in (" fold 1", " fold 2", " fold 3")
    ]
    assert outcome.result is not None
    assert len(outcome.result.predictions.only(split="test", seed=1)) == 54
    assert outcome.result.model is not None


@pytest.mark.parametrize(
    ("seeds", "options"), [("[1]", ""), ("[1]", ", tune: {strength: [1.0, 2.0]}")], ids=["plain", "grid"]
)
def test_every_attempt_at_a_trial_is_given_the_same_folder_gone_in_the_end(
    seeds: str, options: str, folder: Path
) -> None:
    store = Store.open()
    made = prepared(folder, f"  lasting: {{kind: 'toys:lasting'{options}}}", seeds=seeds)
    stopped = 4 if options else 2
    for _ in range(stopped):
        with pytest.raises(KeyboardInterrupt):
            ran(made, store)
    (waiting,) = (store.home / "pending").glob("training-*")
    assert sorted(one.name for one in waiting.iterdir()) == (["0", "1"] if options else ["0"])
    (outcome,) = ran(made, store)
    assert outcome.result is not None
    # Of a grid the first, which is kept, was begun twice more, while the second was stopped.
    assert outcome.result.trials[0].curves == [{"attempts": stopped + 1.0}]
    assert not any((store.home / "pending").iterdir())


def test_afresh_means_without_what_an_earlier_attempt_left(folder: Path) -> None:
    store, made = Store.open(), prepared(folder, "  lasting: {kind: 'toys:lasting'}", seeds="[1]")
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            ran(made, store, fresh=True)


def test_a_refit_goes_on_too(folder: Path) -> None:
    store = Store.open()
    made = prepared(
        folder,
        "  lasting: {kind: 'toys:lasting'}",
        seeds="[1]",
        split="{kind: kfold, k: 2, dev: 0.2, calibration: 0}",
    )
    # Two folds and the refit, each of which is stopped twice.
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            ran(made, store)
    (outcome,) = ran(made, store)
    assert outcome.result is not None
    assert outcome.result.model is not None
    assert not any((store.home / "pending").iterdir())


def test_an_unfinished_result_is_not_logged_as_done(folder: Path) -> None:
    """A villain: an orchestrator that forgets to complete leaves a run that nobody takes for finished."""
    store, made = Store.open(), prepared(folder)
    tracker = Tracker(store, made)
    (classifier,) = made.plan.classifiers
    trials = list_trials(made, classifier)
    with tracker.classifier(classifier, trials):
        pass
    assert tracker.finished(classifier, trials) is None
