"""Values and files of a run in, as few requests as a server takes them in out.

On a server every call is a request of 20 to 100 ms, most of which is not the transfer: parameters, metrics
and tags of a run go together, and files several at once. A store on this machine has nothing to wait for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from harness.tracking import names
from harness.tracking.store.failures import writing
from harness.tracking.store.server import refusals

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Metric

    from harness.tracking.store import Store

METRICS_PER_REQUEST, PARAMETERS_PER_REQUEST, TAGS_PER_REQUEST = 800, 100, 100
"""MLflow accepts at most 1,000 of all three together, 100 of the latter two."""

SIMULTANEOUS = 8
"""Requests at a time: below the 10 connections that MLflow's client keeps open."""

Item = TypeVar("Item")


def send_values(
    client: MlflowClient,
    run_id: str,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    metrics: Sequence[Metric] = (),
    tags: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Log options as parameters, metrics and tags of a run: one request for up to 800 metrics.

    Parameters
    ----------
    client : MlflowClient
    run_id : str
    options : mapping
        Value of any type by name.
    metrics : sequence of Metric
        100 single calls would take 2 s on SQLite, 6 s on a server.
    tags : mapping
    """
    from mlflow.entities import Param, RunTag

    batches: dict[str, list[list[Any]]] = {
        "params": _batches([Param(*pair) for pair in names.parameters(options)], PARAMETERS_PER_REQUEST),
        "metrics": _batches(metrics, METRICS_PER_REQUEST),
        "tags": _batches([RunTag(*pair) for pair in tags.items()], TAGS_PER_REQUEST),
    }
    for number in range(max(map(len, batches.values()))):
        values: dict[str, Any] = {
            kind: parts[number] for kind, parts in batches.items() if number < len(parts)
        }
        client.log_batch(run_id, **values)


def _batches(items: Sequence[Item], size: int) -> list[list[Item]]:
    return [list(batch) for batch in names.batches(items, size)]


def send_folder(store: Store, run_id: str, folder: Path) -> None:
    """Log all files of a folder as artifacts of a run.

    Parameters
    ----------
    store : Store
    run_id : str
    folder : Path
        Its folders are kept; empty ones are left out.

    Raises
    ------
    StoreError
        Where the server does not let this account write.
    """
    if store.artifacts is not None:
        store.client.log_artifacts(run_id, str(folder))
    else:
        _upload(store, str(store.client.get_run(run_id).info.artifact_uri), folder)


def send_model(store: Store, model: LoggedModel, folder: Path) -> None:
    """Log all files of a folder as those of a logged model.

    Parameters
    ----------
    store : Store
    model : LoggedModel
    folder : Path

    Raises
    ------
    StoreError
        Where the server does not let this account write.
    """
    if store.artifacts is not None:
        store.client.log_model_artifacts(model.model_id, str(folder))
    else:
        _upload(store, str(model.artifact_location), folder)


def for_each(store: Store, send: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Call a function that sends one item, for several at once where a server takes them.

    The first failure is raised, and what was not begun by then is not sent.

    Parameters
    ----------
    store : Store
        SQLite lets one process write at a time: its items go one after the other.
    send : callable
    items : iterable
    """
    if store.artifacts is not None:
        for item in items:
            send(item)
        return
    with ThreadPoolExecutor(SIMULTANEOUS) as pool:
        pending = [pool.submit(send, item) for item in items]
        try:
            for future in pending:
                future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _upload(store: Store, address: str, folder: Path) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    # One for all files: MLflow's client would ask the server for the address before each.
    repository: Any = get_artifact_repository(address, tracking_uri=store.uri)
    files = [
        (Path(root, name), Path(root).relative_to(folder).as_posix())
        for root, _, file_names in os.walk(folder)
        for name in file_names
    ]

    def send(file: tuple[Path, str]) -> None:
        path, inside = file
        # Past the client of the store, so that what it does for each of its calls is done here.
        with writing(store.client), refusals(store.uri):
            repository.log_artifact(str(path), None if inside == "." else inside)

    # The largest first: it would otherwise be sent alone at the end.
    for_each(store, send, sorted(files, key=lambda file: -file[0].stat().st_size))
