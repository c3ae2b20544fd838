"""The digest of a classifier in; the run of it that this process, and no other, works on out.

On one machine the lock of the digest keeps others out. A server may be shared with machines that no lock
reaches: there the owners of runs, which are tags, decide.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from harness.tracking import names, remnants
from harness.tracking.store import Store
from harness.tracking.store.lease import HEARTBEAT, OWNER, owner_of
from harness.tracking.store.ownership import Owner

if TYPE_CHECKING:
    from mlflow.entities import Run

POLL_SECONDS = 5.0
"""Between two looks at a run that another machine works on."""

SETTLE_SECONDS = 1.0
"""On a server, whoever creates a run looks after this time whether it was the first to do so."""


class RunFinder(Protocol):
    """What a claim needs of a tracker."""

    store: Store
    owner: Owner
    fresh: bool

    @property
    def experiment_id(self) -> str:
        """The experiment's id in MLflow."""

    def runs(self, role: str, digest: str) -> list[Run]:
        """Find runs of the experiment by role and digest, the newest first."""


def take(tracker: RunFinder, digest: str, runs: Sequence[Run], create: Callable[[], str]) -> str:
    """Resume or create the parent run; empty where a process that no lock reaches works on it.

    Parameters
    ----------
    tracker : RunFinder
        Whose owner is at work; see :func:`harness.tracking.store.ownership.at_work`.
    digest : str
    runs : sequence of Run
        The parent runs of the digest, just looked up, the newest first.
    create : callable
        Creates a run, owned by the tracker's owner, and returns its id.
    """
    if rivals(tracker, runs):
        return ""
    run_id = _resumed(tracker, runs) or create()
    if not tracker.store.is_on_server:
        return run_id
    # Two that looked at the same time found nobody: whoever was first goes on.
    time.sleep(SETTLE_SECONDS)
    client, runs = tracker.store.client, tracker.runs(names.CLASSIFIER, digest)
    run = next(run for run in runs if run.info.run_id == run_id)
    if _is_anothers(tracker, run):
        return ""
    rank = (run.info.start_time, run_id)
    for rival in rivals(tracker, runs):
        # One with a heartbeat has looked already, whatever its clock says.
        if HEARTBEAT in rival.data.tags or (rival.info.start_time, rival.info.run_id) < rank:
            client.set_terminated(run_id, "KILLED")
            return ""
    return run_id


def rivals(tracker: RunFinder, runs: Sequence[Run]) -> list[Run]:
    """Return those of the parent runs of a digest that another living process works on."""
    return [run for run in runs if remnants.is_at_work(tracker.store, run) and _is_anothers(tracker, run)]


def wait(what: str, *, announce: bool) -> None:
    """Wait a while for another process; say so on standard error."""
    if announce:
        sys.stderr.write(f"waiting for another process: {what}\n")
        sys.stderr.flush()
    time.sleep(POLL_SECONDS)


def _is_anothers(tracker: RunFinder, run: Run) -> bool:
    owner = owner_of(run)
    return owner is not None and owner.token != tracker.owner.token


def _resumed(tracker: RunFinder, runs: Sequence[Run]) -> str:
    """Reopen an interrupted parent run; nobody is at work on those of this version that are RUNNING."""
    client = tracker.store.client
    for run in () if tracker.fresh else runs:
        # Of an earlier version, which named the host alone: no process of this machine is at work on it,
        # since the lock of its digest is held by this one.
        has_ended = owner_of(run) is not None or run.data.tags.get(names.HOST) == platform.node()
        stopped = run.info.status in ("FAILED", "KILLED") or (run.info.status == "RUNNING" and has_ended)
        # A run that was stopped after its model was logged is not resumed: MLflow would give a second model
        # the metrics of the first.
        if stopped and names.model_of(client.get_run(run.info.run_id)) is None:
            run_id = str(run.info.run_id)
            # First, so that no other process takes it for nobody's.
            client.set_tag(run_id, OWNER, tracker.owner.text())
            client.update_run(run_id, status="RUNNING")
            remnants.close_models(tracker.store, run_id, tracker.experiment_id)
            if names.ERROR in run.data.tags:
                client.delete_tag(run_id, names.ERROR)
            return run_id
    return ""
