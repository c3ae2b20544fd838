"""What killed processes leave is cleared by the next start, whatever they were killed in."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from golden import Golden
from toys import prepared
from typer.testing import CliRunner

from harness.cli.main import app
from harness.runs.classifiers import run_classifiers
from harness.tracking import names, remnants
from harness.tracking.scratch import scratch_folder
from harness.tracking.store import Store
from harness.tracking.store.lease import OWNER, Lease
from harness.tracking.store.ownership import Owner
from tests.faults.conftest import Tally
from tests.faults.processes import TOP, environment, kill, line_of, started
from tests.tracking.toy_runs import runs_by_name

# Ends at the given call of the given function as kill -9 does.
KILLED = """
import os, sys
from pathlib import Path
import toys
os.chdir(sys.argv[1])
from harness.runs.classifiers import run_classifiers
from harness.tracking import remnants
from harness.tracking.store.failures import GuardedClient
method, count = sys.argv[2], int(sys.argv[3])
original = GuardedClient.__getattr__
def patched(self, name):
    attribute = original(self, name)
    if name != method:
        return attribute
    def call(*arguments, **options):
        global count
        count -= 1
        if count == 0 and sys.argv[4] == "before":
            os.kill(os.getpid(), 9)
        answer = attribute(*arguments, **options)
        if count == 0:
            os.kill(os.getpid(), 9)
        return answer
    return call
GuardedClient.__getattr__ = patched
store = remnants.opened(lambda text: None)
for outcome in run_classifiers(toys.prepared(Path.cwd(), seeds="[1]"), store):
    assert outcome.error is None, outcome.error
print("finished")
"""

STAGES: dict[str, tuple[str, int, str]] = {
    "the parent is created": ("create_run", 1, "after"),
    "a trial is created": ("create_run", 2, "after"),
    "a trial is half logged": ("log_artifacts", 1, "after"),
    "a trial is logged but not ended": ("set_terminated", 1, "before"),
    "a trial has ended": ("set_terminated", 1, "after"),
    "the model is created": ("create_logged_model", 1, "after"),
    "the model is written": ("log_model_artifacts", 1, "after"),
    "the model is READY": ("finalize_logged_model", 1, "after"),
    "the model is linked": ("log_outputs", 1, "after"),
    "the scores are logged": ("log_batch", 4, "after"),
    "the parent is not ended": ("set_terminated", 2, "before"),
    "the parent has ended": ("set_terminated", 2, "after"),
}
"""What a process was killed after → the call of MLflow's client that it was killed at, and on which side."""


def run_killed(folder: Path, stage: tuple[str, int, str]) -> int:
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), *map(str, stage)],
        cwd=TOP,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == -9 or "finished" in process.stdout, process.stderr
    return process.returncode


def check_invariants(folder: Path, classifiers: int = 1) -> None:
    """Everything is finished once, and nothing else is left."""
    store = Store.open(folder)
    experiments = [each.experiment_id for each in store.client.search_experiments()]
    runs = store.client.search_runs(experiments)
    assert [run.info.run_id for run in runs if run.info.status == "RUNNING"] == []
    finished = [
        run for run in runs if run.data.tags[names.ROLE] == names.CLASSIFIER and run.info.status == "FINISHED"
    ]
    assert len(finished) == classifiers
    models = store.client.search_logged_models(experiments)
    assert sorted(model.source_run_id for model in models) == sorted(run.info.run_id for run in finished)
    assert {str(model.status) for model in models} == {"READY"}
    for run in finished:
        history = store.client.get_metric_history(run.info.run_id, "test/f1_macro")
        assert len(history) == 1
    assert remnants.remnants(store) == ()
    home = folder / ".harness"
    for name in ("scratch", "pending"):
        assert [path.name for path in (home / name).iterdir() if path.is_dir()] == []
    assert list(home.glob("*.new-*")) == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_next_start_clears_what_a_killed_process_left(folder: Path, stage: str, tally: Tally) -> None:
    assert run_killed(folder, STAGES[stage]) == -9
    store = remnants.opened(lambda text: None)
    (outcome,) = run_classifiers(prepared(folder, seeds="[1]"), store)
    assert outcome.result is not None
    check_invariants(folder)
    tally("killed at a stage of a run")


def test_resumed_predictions_are_equal_as_files(folder: Path, template: Path, tmp_path_factory: Any) -> None:
    """What a resumed run reads from its trials has other types in memory than what a run has made."""
    run_killed(folder, STAGES["the parent is not ended"])
    (resumed,) = run_classifiers(prepared(folder, seeds="[1]"), remnants.opened(lambda text: None))
    whole = tmp_path_factory.mktemp("whole")
    (whole / ".harness").mkdir()
    (made,) = run_classifiers(prepared(whole, seeds="[1]"), Store.open(whole))
    assert (resumed.reused, made.reused) == (False, False)
    files = []
    for root in (folder, whole):
        store = Store.open(root)
        run = runs_by_name(store, "classifier")["verbs"]
        assert run.info.status == "FINISHED"
        artifacts = Path(store.client.download_artifacts(run.info.run_id, ""))
        files.append({name: (artifacts / name).read_bytes() for name in RESULTS})
    assert files[0] == files[1]


RESULTS = ("predictions.parquet", "predictions_raw.parquet", "scores.csv", "predictions_table.json")


def ghost(store: Store, role: str, owner: Owner, **tags: str) -> str:
    """A run as a process left it that was killed."""
    every = {names.ROLE: role, OWNER: owner.text(), names.DIGEST: f"d-{role}", **tags}
    return str(
        store.client.create_run(store.experiment("mine"), tags=every, run_name=f"a {role}").info.run_id
    )


def dead() -> Owner:
    with started("from harness.tracking.store.ownership import Owner; print(Owner.new().text())") as process:
        owner = Owner.read(line_of(process))
    assert owner is not None
    return owner


@pytest.fixture
def haunted(folder: Path) -> Path:
    """A store with a remnant of every kind, and beside each something like it that is in use."""
    store, owner = Store.open(), dead()
    experiment = store.experiment("mine")
    parent = ghost(store, names.CLASSIFIER, owner)
    ghost(store, names.TRIAL, owner, **{"mlflow.parentRunId": parent})
    ghost(store, names.COMPARISON, owner)
    ghost(store, "audit", owner)
    killed = ghost(store, names.TRIAL, owner, **{"mlflow.parentRunId": parent})
    store.client.set_terminated(killed, "KILLED")
    store.client.create_logged_model(experiment, name="pending", source_run_id=killed)
    # Somebody's who does not use the harness: it is not ours to judge.
    store.client.create_run(experiment, run_name="theirs")
    (store.home / "pending" / killed).mkdir(parents=True)
    scratch = store.home / "scratch"
    (scratch / "tmp-dead").mkdir(parents=True)
    (scratch / "tmp-dead.lock").touch()
    (scratch / "tmpold").mkdir()
    os.utime(scratch / "tmpold", (0, 0))
    (scratch / "tmpnew").mkdir()
    (store.home / "mlflow.db.new-1-1").touch()
    return folder


def kinds(cleared: tuple[remnants.Remnant, ...]) -> dict[str, int]:
    listed = [remnant.kind for remnant in cleared]
    return {kind: listed.count(kind) for kind in sorted(set(listed))}


LEFT = {"database draft": 1, "model": 1, "run": 4, "scratch folder": 2, "unfinished model": 1}


def test_a_store_is_checked_and_repaired(haunted: Path, golden: Golden) -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["store", "check", "--json"])
    report = json.loads(listed.stdout)
    assert listed.exit_code == 1
    assert {kind: sum(each["kind"] == kind for each in report["remnants"]) for kind in LEFT} == LEFT
    assert report["repaired"] is False
    golden("cli/store-check", str(listed.exception))
    # To look changes nothing.
    assert kinds(remnants.remnants(Store.open())) == LEFT
    repaired = runner.invoke(app, ["store", "check", "--repair", "--json"])
    assert repaired.exit_code == 0
    assert len(json.loads(repaired.stdout)["remnants"]) == sum(LEFT.values())
    clean = runner.invoke(app, ["store", "check", "--json"])
    assert (clean.exit_code, json.loads(clean.stdout)["remnants"]) == (0, [])
    store = Store.open()
    by_name = {
        run.info.run_name: run.info.status for run in store.client.search_runs([store.experiment("mine")])
    }
    assert by_name == {
        "a classifier": "KILLED",
        "a trial": "KILLED",
        "a comparison": "KILLED",
        "a audit": "KILLED",
        "theirs": "RUNNING",
    }
    assert sorted(path.name for path in (haunted / ".harness" / "scratch").iterdir()) == ["tmpnew"]


def test_what_is_in_use_is_no_remnant(folder: Path) -> None:
    store, owner = Store.open(), Owner.new()
    run_id = ghost(store, names.CLASSIFIER, owner)
    trial = ghost(store, names.TRIAL, owner, **{"mlflow.parentRunId": run_id})
    with Lease(store.client, run_id, owner), scratch_folder(store) as files:
        model = store.client.create_logged_model(store.experiment("mine"), name="m", source_run_id=run_id)
        (store.home / "pending" / trial).mkdir(parents=True)
        assert remnants.remnants(store) == ()
        assert remnants.repair(store) == ()
        assert files.is_dir()
        assert store.client.get_run(trial).info.status == "RUNNING"
        assert str(store.client.get_logged_model(model.model_id).status) == "PENDING"
    assert kinds(remnants.remnants(store)) == {"model": 1, "run": 2}
    assert not files.exists()


def test_a_run_that_was_just_taken_over_is_not_closed(folder: Path) -> None:
    """Between the look and the repair another process resumed it."""
    store = Store.open()
    run_id = ghost(store, names.CLASSIFIER, dead())
    (remnant,) = remnants.remnants(store)
    with Lease(store.client, run_id, Owner.new()):
        remnant.remove()
        assert store.client.get_run(run_id).info.status == "RUNNING"
    with store.lock(f"{store.experiment('mine')}-d-{names.CLASSIFIER}"):
        remnant.remove()
        assert store.client.get_run(run_id).info.status == "RUNNING"
    remnant.remove()
    assert store.client.get_run(run_id).info.status == "KILLED"


KILLS = 40

CONFIG = """\
name: torture
task: stance
corpus: {kind: partyline, training: core}
seeds: [1]
# Little work between two writes to the store: most kills should meet one.
audits: [leaks, annotators]
classifiers:
  majority: {kind: majority}
  linear: {kind: linear}
"""


@pytest.mark.torture
def test_kills_at_random_points(folder: Path, tally: Tally) -> None:
    """Forty kills of `harness run` on one store: the next start goes on, and whatever finishes is whole."""
    config = folder / "torture.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    # Where the package lies, and not where the store does: the command is run in the folder of the store.
    options: dict[str, Any] = {"cwd": folder, "env": environment(), "text": True}

    def command(version: int) -> list[str]:
        # Another strength is another run: what is finished would be used again.
        setting = f"classifiers.linear.C=1.{version:03d}"
        return [sys.executable, "-m", "harness", "run", str(config), "--set", setting]

    began = time.monotonic()
    first = subprocess.run(command(0), capture_output=True, check=False, **options)
    assert first.returncode == 0, first.stderr
    seconds, seed = time.monotonic() - began, random.SystemRandom().randrange(10**6)
    print(f"seed {seed}, a run takes {seconds:.1f} s")
    draw, kills, version = random.Random(seed), 0, 1
    while kills < KILLS:
        process = subprocess.Popen(
            command(version), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
        try:
            process.wait(timeout=draw.uniform(0.2, 1.0) * seconds)
            assert process.returncode == 0, f"version {version} ended by itself with {process.returncode}"
            version += 1
        except subprocess.TimeoutExpired:
            kills += 1
        kill(process)
    last = subprocess.run(command(version), capture_output=True, check=False, **options)
    assert last.returncode == 0, last.stderr
    store = Store.open(folder)
    assert remnants.remnants(store) == ()
    finished = [run for run in parents(store) if run.info.status == "FINISHED"]
    # Each version of linear once, and majority, which is the same in all of them, once.
    assert len(finished) == len({run.data.tags[names.DIGEST] for run in finished})
    assert sorted({run.info.run_name for run in finished}) == ["linear", "majority"]
    assert len(finished) == version + 2
    for run in finished:
        assert len(run.outputs.model_outputs) == 1
        assert len(store.client.get_metric_history(run.info.run_id, "test/f1_macro")) == 1
    models = store.client.search_logged_models([finished[0].info.experiment_id], max_results=1000)
    assert sorted(model.source_run_id for model in models) == sorted(run.info.run_id for run in finished)
    tally("kill -9 of run", kills)


def parents(store: Store) -> list[Any]:
    return list(
        store.client.search_runs(
            [store.find_experiment("torture")],
            f"tags.`{names.ROLE}` = '{names.CLASSIFIER}'",
            order_by=["attributes.start_time DESC"],
        )
    )
