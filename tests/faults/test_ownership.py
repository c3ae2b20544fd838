"""A run belongs to one process: another takes it over once that is dead, and not before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from golden import Golden
from mlflow.exceptions import MlflowException
from refused import refused
from toys import prepared

from harness.evaluation.trial import list_trials
from harness.runs.classifiers import run_classifiers
from harness.tracking import claims, names, remnants
from harness.tracking.store import Store
from harness.tracking.store.lease import HEARTBEAT, OWNER, Lease, TakenOverError
from harness.tracking.store.ownership import EXPIRY_SECONDS, Owner, at_work, started
from harness.tracking.tracker import Tracker
from tests.faults.conftest import Tally
from tests.faults.processes import TOP, environment, kill, line_of
from tests.faults.processes import started as start
from tests.tracking.toy_runs import run_all, runs_by_name

OWNING = """
import sys, time
from harness.tracking.store.ownership import Owner, at_work
owner = Owner.new()
print(owner.text(), flush=True)
with at_work(owner):
    time.sleep(600)
"""
NAMESPACE = ("unshare", "-rpf", "--mount-proc")

RUNNING = """
import os, sys, time
from pathlib import Path
import toys
from harness.runs import classifiers
from harness.tracking import remnants
original = classifiers.run_trial
def slow(*arguments):
    print("training", flush=True)
    sys.stdin.readline()
    return original(*arguments)
classifiers.run_trial = slow
os.chdir(sys.argv[1])
print("started", flush=True)
store = remnants.opened(lambda text: None)
for outcome in classifiers.run_classifiers(toys.prepared(Path.cwd(), seeds="[1]"), store):
    print("reused" if outcome.reused else "done", flush=True)
"""
"""Runs the toy experiment in a folder; each trial waits for a line of standard input."""


def namespaces_are_permitted() -> bool:
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def foreign(owner: Owner) -> Owner:
    """The owner as it looks from another machine."""
    return replace(owner, boot="another boot")


def test_a_pid_decides_within_one_namespace() -> None:
    with start(OWNING) as process:
        owner = Owner.read(line_of(process))
        assert owner is not None
        assert owner.pid == process.pid
        # However long it has not been heard of: a laptop may have slept.
        assert owner.is_alive(heartbeat=0.0)
        # Another process that got the same number later.
        assert not replace(owner, started="1").is_alive(heartbeat=time.time())
        kill(process)
        assert not owner.is_alive(heartbeat=time.time())


def test_a_process_that_has_ended_is_dead_before_its_parent_asks() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 30
    while started(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert started(process.pid) == ""
    process.wait()


@pytest.mark.parametrize(("age", "alive"), [(0.0, True), (EXPIRY_SECONDS - 1, True), (EXPIRY_SECONDS, False)])
def test_elsewhere_the_heartbeat_decides(age: float, alive: bool) -> None:
    owner = foreign(Owner.new())
    assert not owner.is_near
    assert owner.is_alive(heartbeat=1000.0, now=1000.0 + age) == alive
    # Where the kernel tells nothing, no pid says anything.
    blind = replace(owner, boot="", namespace="")
    assert blind.is_alive(heartbeat=1000.0, now=1000.0 + age) == alive


@pytest.mark.skipif(not namespaces_are_permitted(), reason="this machine does not permit pid namespaces")
def test_a_pid_of_another_namespace_says_nothing() -> None:
    """Containers with equal host names: each has a process of this number."""
    with start(OWNING, prefix=NAMESPACE) as process:
        owner = Owner.read(line_of(process))
        assert owner is not None
        here = Owner.new()
        assert (owner.host, owner.boot) == (here.host, here.boot)
        assert owner.namespace != here.namespace
        assert owner.is_alive(heartbeat=time.time())
        assert not owner.is_alive(heartbeat=time.time() - EXPIRY_SECONDS)
        # The same number, in this namespace, is another process, or none.
        assert replace(owner, namespace=here.namespace).is_alive(time.time()) is False


def test_what_this_process_has_left_is_nobodys() -> None:
    owner = Owner.new()
    assert not owner.is_alive(time.time())
    with at_work(owner):
        assert owner.is_alive(0.0)
    assert not owner.is_alive(time.time())


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"pid": 1}'])
def test_an_owner_that_cannot_be_read_is_none(text: str) -> None:
    assert Owner.read(text) is None
    assert Owner.read(Owner.new().text()) is not None


def run_of(store: Store) -> str:
    return str(store.client.create_run(store.experiment("mine"), run_name="linear").info.run_id)


def test_who_was_taken_over_writes_no_more(
    folder: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop that slept: meanwhile the heartbeat expired, and another machine took the run."""
    monkeypatch.setattr("harness.tracking.store.lease.TRUST_SECONDS", 0.0)
    store = Store.open()
    run_id, mine, theirs = run_of(store), Owner.new(), replace(foreign(Owner.new()), host="desk", pid=7)
    other = Store.open()
    with Lease(store.client, run_id, mine):
        store.client.set_tag(run_id, "before", "1")
        other.client.set_tag(run_id, OWNER, theirs.text())
        error = refused(lambda: store.client.set_tag(run_id, "after", "1"))
        assert isinstance(error, TakenOverError)
        golden("tracking/taken-over", str(error))
        assert isinstance(refused(lambda: store.client.log_text(run_id, "text", "a.txt")), TakenOverError)
        # To read is not to write.
        assert store.client.get_run(run_id).data.tags["before"] == "1"
    tags = store.client.get_run(run_id).data.tags
    assert "after" not in tags
    assert tags[OWNER] == theirs.text()
    assert list((folder / ".harness" / "artifacts").rglob("a.txt")) == []


def test_a_look_at_the_owner_serves_many_writes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open()
    run_id, looks = run_of(store), []
    lease = Lease(store.client, run_id, Owner.new())
    get_run = store.client.get_run
    monkeypatch.setattr(
        lease.client, "get_run", lambda run_id: (looks.append(1), get_run(run_id))[1], raising=False
    )
    with lease:
        for n in range(20):
            store.client.set_tag(run_id, "n", str(n))
    assert len(looks) <= 3


def test_the_heart_beats_while_the_run_is_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.tracking.store.lease.HEARTBEAT_SECONDS", 0.05)
    store = Store.open()
    run_id = run_of(store)

    def beat() -> str:
        return str(store.client.get_run(run_id).data.tags[HEARTBEAT])

    with Lease(store.client, run_id, Owner.new()):
        store.client.set_tag(run_id, HEARTBEAT, "0")
        deadline = time.monotonic() + 30
        while beat() == "0" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert abs(float(beat()) - time.time()) < 60
    time.sleep(0.3)
    store.client.set_tag(run_id, HEARTBEAT, "0")
    time.sleep(0.3)
    assert beat() == "0"


@pytest.fixture
def unreached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that others share whom no lock reaches: a server."""
    monkeypatch.setattr(Store, "is_on_server", property(lambda self: True))
    monkeypatch.setattr(Store, "lock", lambda *_: nullcontext())
    monkeypatch.setattr(claims, "SETTLE_SECONDS", 0.3)
    monkeypatch.setattr(claims, "POLL_SECONDS", 0.05)
    monkeypatch.setattr("harness.tracking.spool.keep", lambda *_: None)


def opened(folder: Path) -> tuple[Tracker, Any, Any]:
    experiment = prepared(folder, seeds="[1]")
    (classifier,) = experiment.plan.classifiers
    return Tracker(Store.open(), experiment.plan), classifier, list_trials(experiment, classifier)


@pytest.mark.usefixtures("unreached")
def test_a_run_of_a_living_process_elsewhere_is_waited_for(
    folder: Path, capsys: pytest.CaptureFixture[str], tally: Tally
) -> None:
    tracker, classifier, trials = opened(folder)
    with tracker.classifier(classifier, trials) as parent:
        run_id = parent.run_id
    # It lives: it was heard of just now.
    client = tracker.store.client
    client.set_tag(run_id, OWNER, foreign(Owner.new()).text())
    client.set_tag(run_id, HEARTBEAT, f"{time.time():.0f}")
    entered: list[str] = []

    def wait() -> None:
        again, classifier, trials = opened(folder)
        with again.classifier(classifier, trials) as parent:
            entered.append(parent.run_id)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(timeout=1.0)
    assert (thread.is_alive(), entered) == (True, [])
    client.set_tag(run_id, HEARTBEAT, "0")
    thread.join(timeout=30)
    assert entered == [run_id]
    assert len(capsys.readouterr().err.splitlines()) == 1
    tally("a live run on another machine")


@pytest.mark.usefixtures("unreached")
def test_of_two_that_start_at_once_without_a_lock_one_trains(folder: Path, tally: Tally) -> None:
    barrier, trained, errors = threading.Barrier(2), [], []

    def compete() -> None:
        try:
            tracker, classifier, trials = opened(folder)
            assert tracker.experiment_id
            barrier.wait()
            with tracker.classifier(classifier, trials) as parent:
                trained.append(parent.run_id)
                time.sleep(1.0)
                tracker.store.client.set_terminated(parent.run_id, "FAILED")
        except BaseException as error:
            errors.append(error)
            raise

    Store.open().experiment("toys")
    overlap = max_overlap(compete, trained)
    assert errors == []
    assert overlap == 1
    tally("two claims without a lock")


def max_overlap(compete: Callable[[], None], trained: list[str]) -> int:
    """Run something in two threads; return how many runs were RUNNING and claimed at most at one time."""
    threads = [threading.Thread(target=compete) for _ in range(2)]
    for thread in threads:
        thread.start()
    store, most = Store.open(), 0
    while any(thread.is_alive() for thread in threads):
        running = [
            run
            for run in store.client.search_runs([store.experiment("toys")], "attributes.status = 'RUNNING'")
            if HEARTBEAT in run.data.tags and remnants.is_at_work(store, run)
        ]
        most = max(most, len(running))
        time.sleep(0.1)
    return most


def parents(folder: Path) -> list[Any]:
    store = Store.open(folder)
    return list(store.client.search_runs([store.experiment("toys")], f"tags.`{names.ROLE}` = 'classifier'"))


@pytest.mark.parametrize(
    "prefix",
    [
        (),
        pytest.param(
            NAMESPACE,
            marks=pytest.mark.skipif(
                not namespaces_are_permitted(), reason="this machine does not permit pid namespaces"
            ),
        ),
    ],
    ids=["two folders", "two namespaces"],
)
def test_two_folders_on_one_store_make_one_run(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, prefix: tuple[str, ...], tally: Tally
) -> None:
    """Equal host names, one store: the second waits for the first and uses what that finished."""
    folders = [tmp_path_factory.mktemp(name) for name in ("a", "b")]
    shared = {"HARNESS_STORE": f"sqlite:///{folder}/.harness/mlflow.db"}
    processes: list[subprocess.Popen[str]] = []
    try:
        # The second starts when the first holds the run: otherwise either may be first.
        for each, lines in zip(folders, (["started", "training"], ["started"]), strict=True):
            processes.append(
                subprocess.Popen(
                    [*prefix, sys.executable, "-c", RUNNING, str(each)],
                    cwd=TOP,
                    env=environment(**shared),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            assert [line_of(processes[-1]) for _ in lines] == lines
        time.sleep(3.0)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n" * 2)
            process.stdin.flush()
        assert [process.communicate(timeout=120)[0].split() for process in processes] == [
            ["done"],
            ["reused"],
        ]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    (parent,) = parents(folder)
    assert parent.info.status == "FINISHED"
    assert len(parent.outputs.model_outputs) == 1
    store = Store.open(folder)
    assert len(store.client.get_metric_history(parent.info.run_id, "test/f1_macro")) == 1
    tally("two folders or namespaces, one store")


def test_a_tag_that_another_process_sets_at_the_same_moment_is_changed(folder: Path) -> None:
    store, other = Store.open(), Store.open()
    number, barrier = store.experiment("mine"), threading.Barrier(2)
    errors: list[BaseException] = []

    def compete(client: Any, value: str) -> None:
        try:
            for n in range(30):
                barrier.wait()
                client.set_experiment_tag(number, f"tag {n}", value)
        except MlflowException as error:
            errors.append(error)
            barrier.abort()

    clients = (store.client, other.client)
    threads = [threading.Thread(target=compete, args=(each, f"{n}")) for n, each in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.client.get_experiment(number).tags) == 30


def test_trials_say_who_runs_them(folder: Path) -> None:
    store = Store.open()
    run_all(prepared(folder, seeds="[1]"), store)
    (child,) = runs_by_name(store, "trial").values()
    owner = Owner.read(child.data.tags[OWNER])
    assert owner is not None
    assert owner.pid == os.getpid()
    assert [outcome.reused for outcome in run_classifiers(prepared(folder, seeds="[1]"), store)] == [True]
