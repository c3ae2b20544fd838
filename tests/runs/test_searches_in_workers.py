"""Searches whose candidates other processes fit: the same candidates and winner, however many there are."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import toys

import harness
from harness.evaluation.search.record import SearchRecord
from harness.runs.executors.processes import Lanes
from harness.runs.experiment import ExperimentRun, FailedClassifiersError
from harness.values.errors import ClassifierError, HarnessWarning

SPACE = "space: {strength: {low: 0.01, high: 12.0}}"


def experiment(folder: Path, tune: str, options: str = "", kind: str = "marked") -> Path:
    """Write an experiment with a search beside a classifier without one; return its config."""
    marks = folder / "marks"
    marks.mkdir(exist_ok=True)
    options = f"folder: {marks}, {options}" if kind in ("marked", "counted") else options
    classifiers = (
        f"  searched: {{kind: 'search_toys:{kind}', {options}tune: {{{tune}}}}}\n"
        "  verbs: {kind: 'toys:verbs'}"
    )
    return toys.prepared(folder, classifiers, seeds="[1]").plan.source


def run(config: Path, workers: int, **options: Any) -> ExperimentRun:
    """Run an experiment; without workers in this process alone."""
    return harness.run(config, set=settings_of(workers), trust=True, **options)


def settings_of(workers: int) -> dict[str, Any]:
    """Return settings for so many workers; audits are not what is tested here."""
    beside = {"run": {"executor": "processes", "workers": workers, "threads": 1}} if workers else {}
    return {"audits": []} | beside


def record_of(finished: ExperimentRun) -> SearchRecord:
    (trial,) = finished["searched"].result.trials
    assert trial.search is not None
    return trial.search


def drawn(record: SearchRecord) -> list[tuple[str, str, str, str]]:
    return [(str(each.options), str(each.score), each.state, each.reason) for each in record.candidates]


def trainings(folder: Path) -> list[tuple[float, int, int, int]]:
    """Return strength, process, begin and end of each training that was finished."""
    names = [path.name.split() for path in (folder / "marks").iterdir()]
    return [(float(name[0]), *map(int, name[1:])) for name in names]


@pytest.mark.parametrize(
    ("kind", "tune"),
    [
        ("marked", "search: tpe, trials: 14, batch: 4"),
        ("stepwise", "search: random, trials: 16, batch: 4, prune: hyperband"),
    ],
)
def test_candidates_and_winner_are_those_of_one_process_whatever_the_workers(
    folder: Path, kind: str, tune: str
) -> None:
    config = experiment(folder, f"{tune}, {SPACE}", kind=kind)
    alone, *others = [run(config, workers, track=False) for workers in (0, 1, 3)]
    for beside in others:
        assert drawn(record_of(beside)) == drawn(record_of(alone))
        assert (record_of(beside).chosen, record_of(beside).optimism) == (
            record_of(alone).chosen,
            record_of(alone).optimism,
        )
        for name in ("searched", "verbs"):
            first, second = (each[name].result.predictions.proba() for each in (alone, beside))
            assert first.tobytes() == second.tobytes()
        assert beside["searched"].load() is not None
    other = "failed" if kind == "marked" else "pruned"
    assert {each.state for each in record_of(alone).candidates} == {"complete", other}


def test_candidates_of_a_batch_are_fitted_at_once_in_other_processes(folder: Path) -> None:
    config = experiment(folder, f"search: random, trials: 16, batch: 8, {SPACE}")
    run(config, 2)
    processes = {process for _, process, _, _ in trainings(folder)}
    assert len(processes) == 2
    assert os.getpid() not in processes
    spans = [(began, ended, process) for _, process, began, ended in trainings(folder)]
    assert any(a < d and c < b and p != q for a, b, p in spans for c, d, q in spans)
    # It is finished, whatever would run it.
    assert run(config, 0)["searched"].reused


def test_finalists_are_measured_in_another_process(folder: Path) -> None:
    tune = "search: grid, at_least: {rows_per_second: 300}, space: {pause: [0.0, 1.0, 10.0]}"
    record = record_of(run(experiment(folder, tune, kind="slow"), 2, track=False))
    assert record.best.options["pause"] < 10
    assert record.finalists[-1].rows_per_second == pytest.approx(100, rel=0.3)
    everything = tune.replace("at_least: {rows_per_second: 300}", "batch: 3, objectives: [score, megabytes]")
    weighed = record_of(run(experiment(folder, everything, kind="slow"), 2, track=False))
    assert len(weighed.finalists) == 3
    assert weighed.best.options["pause"] == 10.0


def test_errors_and_warnings_of_candidates_come_home(folder: Path) -> None:
    tune = f"search: random, trials: 12, batch: 4, {SPACE}"
    with pytest.warns(HarnessWarning) as warned:
        finished = run(experiment(folder, tune, "behaves: warns, "), 2, track=False)
    strong = [float(each.options["strength"]) for each in record_of(finished).candidates]
    texts = [f"as strong as {each:.2f}" for each in strong if 4 < each < 8]
    assert texts
    # In the order of their numbers, each once for every fold.
    ours = [str(each.message) for each in warned if issubclass(each.category, HarnessWarning)]
    assert list(dict.fromkeys(ours)) == texts
    raised = []
    for workers in (0, 2):
        with pytest.raises(FailedClassifiersError) as caught:
            run(experiment(folder, tune, "behaves: package, "), workers, track=False)
        assert set(caught.value.run.classifiers) == {"verbs"}
        raised.append(caught.value.run.failed["searched"])
    alone, beside = raised
    assert (type(alone), str(alone), vars(alone)) == (type(beside), str(beside), vars(beside))


def test_a_search_goes_on_where_driver_and_workers_were_killed(folder: Path) -> None:
    tune = f"search: tpe, trials: 14, batch: 4, {SPACE}"
    whole = record_of(run(experiment(folder, tune), 0, track=False))
    n = len(trainings(folder))
    for path in (folder / "marks").iterdir():
        path.unlink()
    config = experiment(folder, tune)
    code = f"import harness; harness.run({str(config)!r}, set={settings_of(2)!r}, trust=True)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    driver = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    # Five folds a candidate: it is in its second batch.
    while len(trainings(folder)) < 24 and time.monotonic() < deadline:
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.communicate(timeout=60)
    assert 24 <= len(trainings(folder)) < n
    resumed = record_of(run(config, 3))
    assert drawn(resumed) == drawn(whole)
    assert resumed.chosen == whole.chosen
    # What was told is not trained again; of the batch that was cut off, what nobody heard of is.
    assert len(trainings(folder)) <= n + 4 * 5


def test_a_search_whose_candidate_is_killed_every_time_fails_alone_and_goes_on_later(folder: Path) -> None:
    config = experiment(folder, f"search: random, trials: 12, batch: 4, {SPACE}", "behaves: killed, ")
    whole = drawn(record_of(run(config, 0, track=False)))
    (folder / "deadly").touch()
    with pytest.raises(FailedClassifiersError, match="candidate .* ended 3 times") as caught:
        run(config, 2)
    assert set(caught.value.run.classifiers) == {"verbs"}
    (folder / "deadly").unlink()
    assert drawn(record_of(run(config, 2))) == whole


class Recorder:
    """A lane that notes when each job begins and ends."""

    def __init__(self, spans: dict[str, tuple[float, float]]) -> None:
        self.spans = spans

    def run(self, job: str) -> str:
        began = time.monotonic()
        time.sleep(0.05)
        self.spans[job] = (began, time.monotonic())
        return job

    def kill(self) -> None:
        self.spans["killed"] = (time.monotonic(), math.inf)


def test_what_runs_alone_waits_for_the_others_and_they_for_it() -> None:
    spans: dict[str, tuple[float, float]] = {}
    lanes = Lanes([Recorder(spans) for _ in range(3)], ClassifierError)
    futures = [lanes.submit(f"job {n}", "") for n in range(6)]
    lanes.start()
    while not any(future.running() for future in futures):
        time.sleep(0.001)
    alone = lanes.submit("alone", "", urgent=True, alone=True)
    urgent = lanes.submit("urgent", "", urgent=True)
    assert [future.result(10) for future in (alone, urgent, *futures)][:2] == ["alone", "urgent"]
    began, ended = spans.pop("alone")
    assert all(other_ended <= began or other_began >= ended for other_began, other_ended in spans.values())
    # Neither waited for what had not begun.
    assert spans["urgent"][0] < spans["job 5"][0]
    assert any(began < other_began for other_began, _ in spans.values())
    # Idle processes wait for more, until there is no more.
    assert lanes.submit("late", "").result(10) == "late"
    assert "killed" not in spans
    lanes.finish()
    while threading.active_count() > 1 and "killed" not in spans:
        time.sleep(0.001)
