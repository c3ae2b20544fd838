"""Finished trials in, kept on this machine until a server has them, out at the next start.

A trial may take hours, and the server may go meanwhile. So what a trial logs is written here first, and
removed once the server has all of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tracking import names, sending
from harness.tracking.store import Store
from harness.tracking.store.ownership import Owner
from harness.values.outputs import write_text

if TYPE_CHECKING:
    from mlflow.entities import Metric

FOLDER = "spool"
_ENTRY, _FILES = "entry.json", "files"


@dataclass(frozen=True)
class TrialLog:
    """What a trial logs.

    Attributes
    ----------
    files : Path
        A folder.
    parameters : mapping
    metrics : sequence of Metric
    tags : mapping
    """

    files: Path
    parameters: Mapping[str, Any]
    metrics: Sequence[Metric]
    tags: Mapping[str, str] = field(default_factory=dict)

    def send(self, store: Store, run_id: str) -> None:
        """Log it to its run."""
        sending.send_folder(store, run_id, self.files)
        sending.send_values(
            store.client, run_id, options=self.parameters, metrics=self.metrics, tags=self.tags
        )


def keep(store: Store, run_id: str, log: TrialLog, owner: Owner) -> None:
    """Keep what a trial logs until :func:`discard`; a store on this machine needs no keeping."""
    if not store.is_on_server:
        return
    folder = _folder(store, run_id)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(log.files, folder / _FILES)
    metrics = [(each.key, each.value, each.timestamp, each.step) for each in log.metrics]
    entry = {
        "store": store.shown,
        "owner": owner.text(),
        "parameters": dict(names.parameters(log.parameters)),
        "metrics": metrics,
        "tags": dict(log.tags),
    }
    # Last: an entry without it was cut off, and its trial is repeated.
    write_text(folder / _ENTRY, json.dumps(entry))


def discard(store: Store, run_id: str) -> None:
    """Forget a trial that the server has."""
    shutil.rmtree(_folder(store, run_id), ignore_errors=True)


def send(store: Store) -> int:
    """Send the trials of ended processes to their server; return how many they were."""
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException

    count = 0
    for path in sorted((store.home / FOLDER).glob(f"*/{_ENTRY}")) if store.is_on_server else ():
        entry = json.loads(path.read_text(encoding="utf-8"))
        owner = Owner.read(entry["owner"])
        if entry["store"] != store.shown or (owner is not None and owner.is_near and owner.is_alive(0)):
            continue
        run_id = path.parent.name
        metrics = [Metric(*values) for values in entry["metrics"]]
        # Entries of earlier versions have no tags.
        log = TrialLog(path.parent / _FILES, entry["parameters"], metrics, entry.get("tags", {}))
        try:
            log.send(store, run_id)
            store.client.set_terminated(run_id, "FINISHED")
            count += 1
        except MlflowException:
            # Its run was deleted meanwhile; the trial is repeated where it is wanted again.
            pass
        discard(store, run_id)
    return count


def _folder(store: Store, run_id: str) -> Path:
    return store.home / FOLDER / run_id
