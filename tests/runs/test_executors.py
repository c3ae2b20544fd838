"""Trials that run in other processes: the same results, nothing lost, and every error as it was raised."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toys
import worker_toys

import harness
from harness.config.schema import Running
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult
from harness.evaluation.trial import list_trials
from harness.runs import classifiers as run_of_classifiers
from harness.runs.executors.ahead import Ahead
from harness.runs.executors.jobs import Job
from harness.runs.executors.resources import Resources, of_this_machine
from harness.runs.executors.sharing import share_threads
from harness.runs.experiment import ExperimentRun, FailedClassifiersError
from harness.tracking.store import Store
from harness.tracking.tracker import Tracker
from harness.values import errors
from harness.values.threads import thread_count
from tests.processes import is_alive

PROCESSES = {"run": {"executor": "processes", "workers": 2, "threads": 1}}
LADDER = """\
  prior: {kind: prior}
  verbs: {kind: 'toys:verbs'}
  strong: {kind: 'toys:verbs', tune: {strength: [2.0, 30.0]}}
  linear: {kind: linear}
  unsaved: {kind: 'toys:unsaved'}"""


def experiment(folder: Path, behaves: str, seeds: str = "[1, 2]") -> Path:
    """Write an experiment of two classifiers, the first of which behaves as stated; return its config."""
    (folder / "marks").mkdir(exist_ok=True)
    classifiers = (
        f"  marked: {{kind: 'worker_toys:marked', folder: {folder / 'marks'}, behaves: {behaves}}}\n"
        "  verbs: {kind: 'toys:verbs'}"
    )
    return toys.prepared(folder, classifiers, seeds=seeds).plan.source


def attempts(folder: Path) -> list[str]:
    """Return the processes that began to train, one for each attempt."""
    return [path.name.split("-")[1] for path in sorted((folder / "marks").iterdir())]


def run(config: Path, **options: object) -> ExperimentRun:
    """Run an experiment in two processes beside this one."""
    return harness.run(config, set=PROCESSES, trust=True, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("track", [True, False])
def test_predictions_scores_and_models_are_those_of_one_process(folder: Path, track: bool) -> None:
    config = toys.prepared(folder, LADDER).plan.source
    alone = harness.run(config, track=False, trust=True)
    beside = run(config, track=track)
    pd.testing.assert_frame_equal(alone.predictions, beside.predictions, check_exact=True, check_dtype=False)
    pd.testing.assert_frame_equal(alone.scores, beside.scores, check_exact=True, check_dtype=False)
    assert list(alone.findings["verdict"]) == list(beside.findings["verdict"])
    rows = [{"text": "Coastal Union praised Varna at the quay.", "target": "Varna"}]
    first, second = (each["verbs"].load().predict(rows) for each in (alone, beside))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_trials_do_run_in_other_processes(folder: Path) -> None:
    run(experiment(folder, "well"))
    assert len(attempts(folder)) == 2
    assert str(os.getpid()) not in attempts(folder)


def test_the_next_classifier_trains_while_one_is_audited(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("first", "second")
    for name in names:
        (folder / name).mkdir()
    classifiers = "\n".join(
        f"  {name}: {{kind: 'worker_toys:marked', folder: {folder / name}, behaves: well {name}}}"
        for name in names
    )
    config = toys.prepared(folder, classifiers, seeds="[1]").plan.source
    audited, begun = run_of_classifiers.audit_classifier, {}

    def audit(prepared: Prepared, result: ClassifierResult, *others: Any) -> Any:
        deadline = time.monotonic() + 120
        # A single process: it can train the second only if it does not wait for what the first still needs.
        while not list((folder / "second").iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        begun[result.classifier.name] = len(list((folder / "second").iterdir()))
        return audited(prepared, result, *others)

    monkeypatch.setattr(run_of_classifiers, "audit_classifier", audit)
    harness.run(config, set={"run": {"executor": "processes", "workers": 1}}, trust=True, track=False)
    assert begun == {"first": 1, "second": 1}


def test_how_trials_run_changes_no_digest(folder: Path) -> None:
    config = experiment(folder, "well")
    run(config)
    assert all(each.reused for each in harness.run(config, trust=True))
    assert len(attempts(folder)) == 2


def test_a_trial_whose_process_is_killed_runs_again(folder: Path) -> None:
    finished = run(experiment(folder, "killed once"))
    assert set(finished.classifiers) == {"marked", "verbs"}
    assert len(attempts(folder)) == 4


def test_a_trial_that_is_killed_every_time_fails_alone(folder: Path) -> None:
    with pytest.raises(FailedClassifiersError, match="ended 3 times") as caught:
        run(experiment(folder, "killed", seeds="[1]"))
    assert set(caught.value.run.classifiers) == {"verbs"}
    assert len(attempts(folder)) == 3


def test_what_a_failed_classifier_shares_with_another_runs_in_this_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = toys.prepared(folder, "  first: {kind: 'toys:verbs'}\n  second: {kind: 'toys:verbs'}")
    of_first, of_second = (list_trials(prepared, each) for each in prepared.plan.classifiers)
    assert [trial.digest for trial in of_first] == [trial.digest for trial in of_second]
    # Without a process nothing begins, and all can be dropped.
    monkeypatch.setattr(Resources, "environments", lambda *_: [])
    jobs = [Job(trial, folder / trial.digest) for trial in of_first]
    ahead = Ahead(prepared, jobs, Resources(None, None, 2, 64.0))
    assert all(trial in ahead for trial in of_second)
    ahead.drop("first")
    for trial in of_second:
        assert trial not in ahead
        ahead.wait(trial)
        ahead.end(trial)
        assert ahead.folder(trial, folder) == folder


@pytest.mark.parametrize("behaves", ["config error", "package"])
def test_errors_come_home_whole(folder: Path, behaves: str) -> None:
    config = experiment(folder, behaves)
    raised = []
    for settings in ({}, PROCESSES):
        with pytest.raises(FailedClassifiersError) as caught:
            harness.run(config, set=settings, trust=True)
        raised.append(caught.value.run.failed["marked"])
    alone, beside = raised
    assert (type(alone), str(alone), vars(alone)) == (type(beside), str(beside), vars(beside))


@pytest.mark.parametrize(
    "error",
    [
        errors.ClassifierError("what went wrong"),
        errors.SameFileError("two", "arguments"),
        errors.MissingPackageError("p", "it", "x"),
        errors.ConfigError([errors.Problem("a", "b", "c"), errors.Problem("d", "e")]),
        errors.UnavailableError([errors.Problem("a", "b")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error: errors.HarnessError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_warnings_come_home(folder: Path) -> None:
    with pytest.warns(errors.HarnessWarning, match=worker_toys.WARNING):
        run(experiment(folder, "warns"))


def test_a_result_that_nobody_logged_is_taken_by_the_next_run(folder: Path) -> None:
    config = experiment(folder, "well")
    prepared = toys.prepared(folder, config.read_text(encoding="utf-8").split("classifiers:\n")[1])
    tracker = Tracker(Store.open(folder), prepared.plan)
    for trial in list_trials(prepared, prepared.plan.classifiers[0]):
        Job(trial, tracker.unfinished(trial), tracker.lock_of(trial)).run(prepared)
    before = attempts(folder)
    assert set(harness.run(config, trust=True).classifiers) == {"marked", "verbs"}
    assert attempts(folder) == before
    assert not list((folder / ".harness").rglob("ended"))


def test_what_is_trained_anew_does_not_take_an_old_result(folder: Path) -> None:
    config = experiment(folder, "well")
    run(config)
    run(config, fresh=True)
    assert len(attempts(folder)) == 4


def test_code_of_ones_own_beside_the_config_runs_in_other_processes(folder: Path) -> None:
    own = "from toys import Verbs\n\ndef mine(*, labels, seed):\n    return Verbs(1.0, '', labels, seed)\n"
    (folder / "verbs_of_mine.py").write_text(own, encoding="utf-8")
    config = toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}").plan.source
    text = config.read_text(encoding="utf-8").replace("toys:verbs", "verbs_of_mine:mine")
    config.write_text(text, encoding="utf-8")
    assert set(run(config).classifiers) == {"verbs"}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_processes_end_with_the_driver(folder: Path, end: signal.Signals) -> None:
    config = experiment(folder, "sleeps")
    code = f"import harness; harness.run({str(config)!r}, set={PROCESSES!r}, trust=True)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    driver = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while len(attempts(folder)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = [int(process) for process in attempts(folder)]
    assert len(workers) == 2
    driver.send_signal(end)
    driver.communicate(timeout=60)
    while any(is_alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_alive(worker) for worker in workers)


@pytest.mark.parametrize(
    ("resources", "jobs", "threads"),
    [
        (Resources(None, None, 2, 64.0), 8, ["1", "1"]),
        (Resources(None, None, 2, 64.0), 1, ["2"]),
        (Resources(None, None, 8, 4.0), 8, ["4", "4"]),
        (Resources(3, None, 2, 64.0), 8, ["1", "1", "1"]),
        (Resources(None, None, 2, 0.1), 8, ["2"]),
        (Resources(None, None, 2, 64.0), 0, []),
    ],
)
def test_threads_and_processes_fit_the_machine(resources: Resources, jobs: int, threads: list[str]) -> None:
    assert [each["OMP_NUM_THREADS"] for each in resources.environments(jobs)] == threads


@pytest.mark.parametrize(
    ("kinds", "threads"),
    [
        (["linear", "encoder"], [None, 4]),
        (["embedding", "encoder", "encoder"], [None, 2, 2]),
        (["linear", "embedding"], [None, 4]),
        (["linear", "majority"], [None, None]),
    ],
)
def test_the_longest_trials_share_the_cores(
    folder: Path, kinds: list[str], threads: list[int | None]
) -> None:
    classifiers = "\n".join(f"  {name}: {{kind: {kind}}}" for name, kind in zip("abc", kinds, strict=False))
    prepared = toys.prepared(folder, classifiers, seeds="[1]")
    trials = [trial for each in prepared.plan.classifiers for trial in list_trials(prepared, each)]
    jobs = [Job(trial, folder / str(n)) for n, trial in enumerate(trials)]
    shared = share_threads(prepared, jobs, Resources(None, None, 4, 64.0))
    assert [job.threads for job in shared] == threads
    stated = share_threads(prepared, jobs, Resources(None, 1, 4, 64.0))
    assert not any(job.threads for job in stated)


def test_a_trial_computes_with_its_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def run_trial(*_: object, **__: object) -> None:
        counts.append((torch.get_num_threads(), thread_count()))
        raise errors.ClassifierError("it is known")

    counts: list[tuple[int, int]] = []
    prepared = toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}")
    (trial, *_) = list_trials(prepared, prepared.plan.classifiers[0])
    monkeypatch.setattr("harness.runs.executors.jobs.run_trial", run_trial)
    before = torch.get_num_threads(), thread_count()
    for threads in (3, None):
        with pytest.raises(errors.ClassifierError, match="known"):
            Job(trial, folder / "job", threads=threads).run(prepared)
    assert counts == [(3, 3), before]
    assert (torch.get_num_threads(), thread_count()) == before


def test_each_device_is_assigned() -> None:
    given = Resources(None, None, 8, 64.0, ("0", "3")).environments(5)
    assert [each["CUDA_VISIBLE_DEVICES"] for each in given] == ["0", "3"]


@pytest.mark.parametrize(
    ("visible", "devices"), [("-1", ()), ("0,-1,1", ("0",)), (" 0, 1", ("0", "1")), ("", ())]
)
def test_devices_that_are_hidden_get_no_process(
    monkeypatch: pytest.MonkeyPatch, visible: str, devices: tuple[str, ...]
) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert of_this_machine(None, None).devices == devices


def test_one_process_alone_is_the_default() -> None:
    assert Running.model_validate({}).executor == "serial"
