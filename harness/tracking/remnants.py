"""A store in; what killed processes left in it out, and closed or deleted.

A process that is killed (``kill -9``, a power cut, a full disk) closes nothing: its runs stay RUNNING, its
model PENDING, its scratch folders full. All of that carries an owner or a lock; where the owner is gone, it
is a remnant.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.tracking import names, spool
from harness.tracking.scratch import FOLDER as SCRATCH
from harness.tracking.scratch import lock_of
from harness.tracking.store import Store, pending
from harness.tracking.store.database import unlocked
from harness.tracking.store.lease import heartbeat_of, owner_of
from harness.tracking.store.location import local_path

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Run

REASON = "the process that ran it was killed"
LEGACY_SECONDS = 86_400.0
"""Runs and scratch folders of versions that named no owner are left to their process for so long."""


@dataclass(frozen=True)
class Remnant:
    """Something that no living process owns.

    Attributes
    ----------
    kind : {"run", "model", "unfinished model", "scratch folder", "database draft", "draft"}
    name : str
        Id or path.
    what : str
        What it was for.
    remove : callable
        Closes or deletes it.
    """

    kind: str
    name: str
    what: str
    remove: Callable[[], object]


def opened(say: Callable[[str], object] = lambda _: None) -> Store:
    """Open the store of the working folder to write to it; send what waits for it, clear what is nobody's."""
    store = Store.open(say=say)
    sent = spool.send(store)
    if sent:
        say(f"{_count(sent, 'trial')} that had waited for the server {'was' if sent == 1 else 'were'} sent")
    cleared = repair(store)
    if cleared:
        say(f"cleared what killed processes had left: {summary(cleared)}")
    return store


def repair(store: Store) -> tuple[Remnant, ...]:
    """Close or delete what killed processes left; return what that was."""
    cleared: list[Remnant] = []
    # A model is looked at once its run is closed, and a folder once its run is.
    for look in LOOKS:
        for remnant in look(store):
            remnant.remove()
            cleared.append(remnant)
    return tuple(cleared)


def remnants(store: Store) -> tuple[Remnant, ...]:
    """Return what killed processes left, and leave it as it is."""
    return tuple(remnant for look in LOOKS for remnant in look(store))


def summary(cleared: tuple[Remnant, ...]) -> str:
    """Count remnants by their kind, in a line."""
    kinds = dict.fromkeys(remnant.kind for remnant in cleared)
    return ", ".join(_count(sum(remnant.kind == kind for remnant in cleared), kind) for kind in kinds)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def close_models(store: Store, run_id: str, experiment_id: str) -> None:
    """Delete the models of a run that did not finish: a run has one, and this one's is still to come."""
    for model in _models(store, [experiment_id], f"source_run_id = '{run_id}'"):
        _delete_model(store, model)


def is_at_work(store: Store, run: Run) -> bool:
    """Return whether a living process works on a run."""
    owner = owner_of(run)
    if run.info.status != "RUNNING" or owner is None:
        return False
    if owner.is_near or "mlflow.parentRunId" not in run.data.tags:
        return owner.is_alive(heartbeat_of(run))
    # Of a trial, the heart beats beside its parent, as long as both are one process's.
    parent = store.client.get_run(run.data.tags["mlflow.parentRunId"])
    parents = owner_of(parent)
    return parents is not None and parents.token == owner.token and owner.is_alive(heartbeat_of(parent))


def _runs_and_models(store: Store) -> Iterator[Remnant]:
    experiments = [experiment.experiment_id for experiment in store.client.search_experiments()]
    yield from _runs(store, experiments)
    yield from _pending_models(store, experiments)


def _runs(store: Store, experiments: list[str]) -> Iterator[Remnant]:
    """Yield runs that stay RUNNING though nobody works on them."""
    client = store.client
    running = client.search_runs(experiments, "attributes.status = 'RUNNING'") if experiments else []
    for run in running:
        tags = run.data.tags
        if names.ROLE in tags and not (is_at_work(store, run) or _may_be_old(run)):
            yield Remnant(
                "run",
                str(run.info.run_id),
                f"{tags[names.ROLE]} {run.info.run_name} is RUNNING",
                lambda run=run: _close(store, run),  # type: ignore[misc]
            )


def _may_be_old(run: Run) -> bool:
    """Whether a process of an earlier version, which named no owner, may be at work on a run."""
    age = time.time() - float(run.info.start_time) / 1000
    return owner_of(run) is None and age < LEGACY_SECONDS


def _close(store: Store, run: Run) -> None:
    """Mark a run KILLED, unless a process has just taken it over."""
    client, run_id = store.client, run.info.run_id
    with store.unlocked(f"{run.info.experiment_id}-{run.data.tags.get(names.DIGEST, run_id)}") as is_free:
        if not is_free:
            return
        latest = client.get_run(run_id)
        if latest.info.status != "RUNNING" or is_at_work(store, latest):
            return
        client.set_tag(run_id, names.ERROR, REASON)
        client.set_terminated(run_id, "KILLED")
        close_models(store, run_id, run.info.experiment_id)


def _pending_models(store: Store, experiments: list[str]) -> Iterator[Remnant]:
    """Yield models that stay PENDING though nobody is at work on their run."""
    client = store.client
    # Not by a condition: MLflow compares the word with the number that its databases hold.
    for model in _models(store, experiments, None):
        if str(model.status) != "PENDING":
            continue
        run = client.get_run(model.source_run_id) if model.source_run_id else None
        if run is not None and names.ROLE in run.data.tags and not is_at_work(store, run):
            yield Remnant(
                "model",
                str(model.model_id),
                f"the model of {run.info.run_name} is PENDING",
                lambda model=model: _delete_model(store, model),  # type: ignore[misc]
            )


def _models(store: Store, experiments: list[str], condition: str | None) -> Iterator[LoggedModel]:
    token, seen = None, False
    while experiments and (token or not seen):
        page = store.client.search_logged_models(experiments, condition, page_token=token)
        yield from page
        token, seen = page.token, True


def _delete_model(store: Store, model: LoggedModel) -> None:
    store.client.finalize_logged_model(model.model_id, "FAILED")
    store.client.delete_logged_model(model.model_id)
    if model.artifact_location.startswith("file:"):
        shutil.rmtree(local_path(model.artifact_location), ignore_errors=True)


def _unfinished_models(store: Store) -> Iterator[Remnant]:
    """Yield folders of models whose run is over: only a run that is resumed needs them."""
    from mlflow.exceptions import MlflowException

    for folder in _folders(store.home / pending.FOLDER):
        if folder.name.startswith(pending.PREFIX):
            continue
        try:
            run = store.client.get_run(folder.name)
        except MlflowException:
            continue  # of another store that shares this folder
        if run.info.status == "RUNNING" or not _is_over(store, run):
            continue
        what = f"the model of {run.info.run_name}, which is {run.info.status}"
        yield _folder_remnant("unfinished model", folder, what)


def _is_over(store: Store, run: Run) -> bool:
    """Whether nothing will read the folder of a run's model again."""
    parent = run.data.tags.get("mlflow.parentRunId")
    if parent is None:
        return bool(run.info.status == "FINISHED")
    # A trial that failed is repeated by another run; one that finished serves its parent.
    return bool(run.info.status != "FINISHED") or bool(store.client.get_run(parent).info.status == "FINISHED")


def _scratch_folders(store: Store) -> Iterator[Remnant]:
    for folder in _folders(store.home / SCRATCH):
        lock = lock_of(folder)
        if lock.exists():
            with unlocked(lock) as is_free:
                if is_free:
                    yield _folder_remnant("scratch folder", folder, "files on their way into the store")
                    continue
        elif time.time() - folder.stat().st_mtime > LEGACY_SECONDS:
            yield _folder_remnant("scratch folder", folder, "files on their way into the store")


def _drafts(store: Store) -> Iterator[Remnant]:
    """Yield databases whose creation was cut off."""
    if store.database is None or store.read_only:
        return
    drafts = sorted(store.database.parent.glob(f"{store.database.name}.new-*"))
    if drafts:
        # Whoever creates one holds this lock.
        with unlocked(store.database.with_name(f"{store.database.name}.lock")) as is_free:
            for draft in drafts if is_free else ():
                yield Remnant("database draft", str(draft), "an unfinished database", draft.unlink)
    for draft in sorted(store.home.glob("last.new-*")):
        yield Remnant("draft", str(draft), "the name of the last experiment", draft.unlink)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _folder_remnant(kind: str, folder: Path, what: str) -> Remnant:
    def remove() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            lock_of(folder).unlink(missing_ok=True)

    return Remnant(kind, str(folder), what, remove)


LOOKS = (_runs_and_models, _unfinished_models, _scratch_folders, _drafts)
"""What is looked for, in this order."""
