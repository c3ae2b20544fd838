"""A store that is damaged, foreign, read-only, full or gone is one sentence, from every verb."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from golden import Golden
from mlflow.exceptions import MlflowException
from refused import refused
from toys import prepared
from typer.testing import CliRunner

from harness.cli.main import app
from harness.evaluation.results import Trial
from harness.runs.classifiers import run_classifiers
from harness.tracking import remnants, spool
from harness.tracking.promotion import PromotionRequest, promote
from harness.tracking.store import Store, diagnosis
from harness.tracking.store.failures import GoneStoreError, GuardedClient, failure
from harness.values.errors import StoreError
from tests.faults.conftest import Tally
from tests.faults.processes import environment
from tests.tracking.toy_runs import runs_by_name


def truncate(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def revise(version: str) -> Callable[[Path], None]:
    def change(database: Path) -> None:
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.close()

    return change


def replace_by_another(database: Path) -> None:
    database.unlink()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()


STATES: dict[str, Callable[[Path], object]] = {
    "truncated": truncate,
    "garbage": lambda database: database.write_bytes(bytes(range(256)) * 64),
    "empty": lambda database: database.write_bytes(b""),
    "newer": revise("f00dfeedf00d"),
    "older": revise("bd07f7e963c5"),
    "another database": replace_by_another,
    "a folder": lambda database: (database.unlink(), database.mkdir()),
}
"""State of a store → how a database gets into it."""

SUITE = """\
name: small
description: A suite.
common: {seeds: [1], classifiers: {majority: {kind: majority}}}
experiments:
  first:
    corpus: {kind: files, path: sentences.csv}
    split: {kind: predefined, calibration: 0}
    audits: {leaks: off}
"""

VERBS: dict[str, tuple[str, ...]] = {
    "run": ("toys.yaml",),
    "suite": ("suite.yaml",),
    "score": ("external.csv", "--config", "toys.yaml"),
    "compare": ("--experiment", "toys"),
    "learn": ("gold.csv", "--config", "toys.yaml", "--classifier", "verbs", "--curve", "0"),
    "promote": ("--experiment", "toys"),
    "rollback": ("stance",),
    "registry": (),
    "predict": ("-i", "in.csv", "-o", "out.csv"),
    "read": ("article.txt", "--frames", "none"),
    "audit": ("models:/stance@champion", "--corpus", "toys.yaml"),
    "ui": (),
    "explore": ("toys", "-o", "page.html"),
    "relocate": (),
    "store check": (),
    "report methods": ("--experiment", "toys"),
}
"""Verbs that open the store → arguments; they read files that the test writes."""

WITHOUT_A_STORE = {
    *("example", "validate", "schema", "list", "init", "sample", "shares", "crosstab", "drift", "trust"),
    *("corpus list", "corpus describe", "corpus fetch", "cache", "contamination", "serve-llm", "label"),
    *("parties check", "parties find"),
}

READING = {"compare", "registry", "predict", "read", "explore", "ui", "store check", "report methods"}
"""Verbs that work on a store that cannot be written."""


def every_verb(group: Any = None, prefix: str = "") -> set[str]:
    verbs = set()
    for name, verb in (group or typer.main.get_command(app)).commands.items():
        verbs |= every_verb(verb, f"{prefix}{name} ") if hasattr(verb, "commands") else {f"{prefix}{name}"}
    return verbs


def write_inputs(folder: Path) -> None:
    """Write the files that the verbs read; the store in the folder holds the experiment ``toys``."""
    experiment = prepared(folder)
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "article.txt").write_text("Varna was praised by everybody.", encoding="utf-8")
    pd.DataFrame({"text": ["Varna was praised."], "target": ["Varna"]}).to_csv(folder / "in.csv", index=False)
    gold = {"text": ["A reporter of the Standard blasted Varna over lamps."], "target": ["Varna"]}
    pd.DataFrame({**gold, "gold": ["critical"]}).to_csv(folder / "gold.csv", index=False)
    test = experiment.splits[0].test
    pd.DataFrame({"id": sorted(test), "prediction": "neutral"}).to_csv(folder / "external.csv", index=False)


def test_every_verb_is_tried() -> None:
    assert every_verb() == {*VERBS, *WITHOUT_A_STORE}


def test_the_schema_is_that_of_the_installed_mlflow() -> None:
    from mlflow.store.db.utils import _get_latest_schema_revision

    assert _get_latest_schema_revision() == diagnosis.SCHEMA


@pytest.fixture
def served(trained: Path) -> Path:
    """A store with a finished experiment, and what the verbs read."""
    write_inputs(trained)
    return trained


@pytest.mark.parametrize("state", STATES)
def test_every_verb_says_what_is_wrong_with_the_store(
    served: Path, state: str, golden: Golden, tally: Tally
) -> None:
    database = served / ".harness" / "mlflow.db"
    for ending in ("-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    STATES[state](database)
    before = database.read_bytes() if database.is_file() else b""
    messages = set()
    for verb, arguments in VERBS.items():
        result = CliRunner().invoke(app, [*verb.split(), *arguments])
        assert isinstance(result.exception, StoreError), (verb, result.exception, result.output)
        message = str(result.exception)
        assert "\n" not in message
        # This advice would be wrong, except where the store is older.
        assert ("db upgrade" in message) == (state == "older")
        messages.add(message.replace(str(served), "FOLDER").replace(sys.executable, "PYTHON"))
        tally(f"a store that is {state}")
    (message,) = messages
    golden(f"tracking/store-{state.replace(' ', '-')}", message)
    # Nobody has tried to mend what was not understood.
    assert (database.read_bytes() if database.is_file() else b"") == before


def can_mount() -> bool:
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return (
        shutil.which("unshare") is not None
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


needs_mounts = pytest.mark.skipif(not can_mount(), reason="this machine does not permit mounts of one's own")


def mounted(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a mount namespace of its own, in a folder; ``$HARNESS`` is the command line."""
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=folder,
        env=environment(HARNESS=f"{sys.executable} -m harness", PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        check=False,
    )


READ_ONLY = "mount --bind .harness .harness && mount -o remount,bind,ro .harness && "


@needs_mounts
def test_a_read_only_store_is_read(served: Path, golden: Golden, tally: Tally) -> None:
    promote(Store.open(), "toys", PromotionRequest(classifier="verbs", force="a test"))
    # Written, and not yet in the database itself.
    assert (served / ".harness" / "mlflow.db").is_file()
    for verb in sorted(READING - {"ui"}):
        arguments = " ".join(VERBS[verb])
        answer = mounted(served, f"{READ_ONLY} $HARNESS {verb} {arguments}")
        assert answer.returncode == 0, (verb, answer.stderr)
        assert "Traceback" not in answer.stderr
        tally("a read-only store, read")
    assert (served / "out.csv").is_file()
    messages = set()
    for verb in ("run", "promote", "relocate"):
        answer = mounted(served, f"{READ_ONLY} $HARNESS {verb} {' '.join(VERBS[verb])}")
        assert answer.returncode == 1, verb
        messages.add(answer.stderr.strip().replace(str(served), "FOLDER"))
        tally("a read-only store, written")
    (message,) = messages
    golden("tracking/store-read-only", message)


@needs_mounts
def test_the_ui_shows_a_read_only_store(ladder: Path, tmp_path: Path) -> None:
    shutil.copytree(ladder, tmp_path, dirs_exist_ok=True)
    subprocess.run([sys.executable, "-m", "harness", "relocate"], cwd=tmp_path, env=environment(), check=True)
    script = f"""{READ_ONLY} exec timeout 240 {sys.executable} -c '
import os, signal
from harness.tracking.store import Store
from harness.tracking.store.ui import serve_ui
def say(text):
    print(text, flush=True)
    if "#/experiments" in text:
        os.kill(os.getpid(), signal.SIGINT)
serve_ui(Store.open(reading=True), say=say)'"""
    answer = mounted(tmp_path, script)
    assert "#/experiments/1/runs" in answer.stdout, answer.stderr
    assert "Traceback" not in answer.stderr


@needs_mounts
@pytest.mark.parametrize(
    "room", [0, 200, *(pytest.param(n, marks=pytest.mark.torture) for n in (20, 60, 120, 400))]
)
def test_a_full_disk_is_one_sentence_and_the_next_run_finishes(
    folder: Path, template: Path, room: int, tally: Tally
) -> None:
    """So many KiB are left on the disk of the store."""
    prepared(folder, "  verbs: {kind: 'toys:verbs'}\n  prior: {kind: prior}")
    size = sum(path.stat().st_size for path in (template / ".harness").rglob("*") if path.is_file()) // 1024
    script = f"""
mkdir disk && mount -t tmpfs -o size={size + 2048}k none disk && cp -r .harness/. disk/
head -c $(( ($(df -k --output=avail disk | tail -1) - {room}) * 1024 )) /dev/zero > disk/filling
rm -rf .harness && ln -s disk .harness
$HARNESS relocate > /dev/null 2>&1
$HARNESS run toys.yaml > first.out 2> first.err; echo $? > first.status
rm disk/filling; mount -o remount,size=400m disk
$HARNESS relocate > /dev/null 2>&1
$HARNESS run toys.yaml > second.out 2> second.err; echo $? > second.status
$HARNESS store check > check.out 2>&1; echo $? > check.status
"""
    answer = mounted(folder, script)
    statuses = [(folder / f"{name}.status").read_text().strip() for name in ("first", "second", "check")]
    first, second = ((folder / f"{name}.err").read_text() for name in ("first", "second"))
    assert statuses == ["1", "0", "0"], (answer.stderr, first, second, (folder / "check.out").read_text())
    lines = [line for line in first.splitlines() if line.strip()]
    assert len(lines) <= 2, first
    assert "full" in first or os.strerror(errno.ENOSPC) in first
    tally("a full disk")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite3.DatabaseError("database disk image is malformed"), StoreError),
        (sqlite3.OperationalError("database or disk is full"), StoreError),
        (MlflowException("(sqlite3.OperationalError) attempt to write a readonly database"), StoreError),
        (MlflowException("API request to http://h/api failed with exception"), GoneStoreError),
        (OSError(28, "No space left on device"), StoreError),
        (MlflowException("Run 'x' not found"), type(None)),
        (ValueError("database is locked"), type(None)),
        (FileNotFoundError(2, "No such file"), type(None)),
    ],
)
def test_only_failures_of_the_store_are_called_so(error: Exception, kind: type) -> None:
    assert type(failure(error, "http://h")) is kind


def test_a_server_that_goes_is_asked_once() -> None:
    calls = []

    class Gone:
        def get_run(self, _: str) -> None:
            calls.append(1)
            raise MlflowException("API request to http://h failed with exception: connection refused")

    client: Any = GuardedClient(Gone(), "http://h")  # type: ignore[arg-type]
    for _ in range(3):
        assert isinstance(refused(lambda: client.get_run("1")), GoneStoreError)
    assert len(calls) == 1


@pytest.fixture
def shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store, as if it were on a server: finished trials are kept until they are there."""
    monkeypatch.setattr(Store, "is_on_server", property(lambda self: True))
    monkeypatch.setattr("harness.tracking.claims.SETTLE_SECONDS", 0.0)
    return folder


@pytest.mark.parametrize("method", ["log_artifacts", "log_batch", "set_terminated"])
def test_trials_wait_for_a_server_that_went(
    shared: Path, method: str, monkeypatch: pytest.MonkeyPatch, golden: Golden, tally: Tally
) -> None:
    experiment, trained = prepared(shared, seeds="[1]"), []
    original = GuardedClient.__getattr__

    def gone(self: GuardedClient, name: str) -> Any:
        # From the first such call of the trial on: the parent logs its parameters before.
        if gone_from or (name == method and any((shared / ".harness" / spool.FOLDER).glob("*"))):
            gone_from.append(name)
            raise GoneStoreError("the server is gone")
        return original(self, name)

    gone_from: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(GuardedClient, "__getattr__", gone)
        error = refused(lambda: list(run_classifiers(experiment, Store.open())))
    assert isinstance(error, GoneStoreError)
    store = Store.open()
    (child,) = runs_by_name(store, "trial").values()
    assert child.info.status == "RUNNING"
    # Its process has not ended, as far as others can see; a start of another one would find it dead.
    monkeypatch.setattr("harness.tracking.store.ownership.os.getpid", lambda: -1)
    monkeypatch.setattr("harness.tracking.store.ownership.started", lambda pid: "")
    messages: list[str] = []
    store = remnants.opened(messages.append)
    monkeypatch.undo()
    (child,) = runs_by_name(store, "trial").values()
    assert child.info.status == "FINISHED"
    assert list((shared / ".harness" / spool.FOLDER).iterdir()) == []
    golden("tracking/trials-sent", "\n".join(messages))
    monkeypatch.setattr("harness.runs.classifiers.run_trial", lambda *parts: trained.append(parts[1]))
    (outcome,) = run_classifiers(experiment, store)
    assert trained == []
    assert isinstance(outcome.result.trials[0].trial, Trial)  # type: ignore[union-attr]
    tally("a server that went")


def test_a_server_that_is_not_there_is_one_sentence(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    for verb, arguments in VERBS.items():
        result = CliRunner().invoke(app, [*verb.split(), *arguments])
        assert isinstance(result.exception, StoreError), (verb, result.exception)
        assert (address in str(result.exception), "\n" in str(result.exception)) == (True, False)
