"""A store and a port in, the MLflow UI running and its address out."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable

from harness.tracking.store.location import SERVERS, Store
from harness.values import child_servers
from harness.values.child_servers import HOST
from harness.values.errors import StoreError, suggest

FIRST_PORT, LAST_PORT = 5000, 5050
START_SECONDS = 60.0
"""So long the UI may take to start; it takes 5 to 8 s."""

VIEW = "harness"
"""Key of the view that an experiment of ours holds in a tag; see :mod:`harness.tracking.view`."""

SERVER_SETTINGS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
"""Without job execution and with one worker the UI starts in 5 to 8 s and takes 0.5 GB of memory, in place of
31 to 35 s and 2.5 GB."""


def serve_ui(
    store: Store,
    *,
    port: int | None = None,
    experiment: str | None = None,
    say: Callable[[str], object] = print,
) -> int:
    """Run the MLflow UI until Ctrl-C; print the address that opens an experiment's runs.

    Parameters
    ----------
    store : Store
    port : int, optional
        Default: the first free one from 5000 on.
    experiment : str, optional
        By name; default: the one with the newest run.
    say : callable
        Called with the address.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    StoreError
        Where the port is taken, the experiment unknown or the UI does not start.
    """
    if store.uri.partition(":")[0] in SERVERS:
        say(f"the runs are on a server: {runs_address(store, store.uri.rstrip('/'), experiment)}")
        return 0
    child_servers.interrupt_on_signals()
    with child_servers.reserved_port(range(FIRST_PORT, LAST_PORT + 1) if port is None else (port,)) as free:
        if free is None:
            ports = f"port {port}" if port is not None else f"every port from {FIRST_PORT} to {LAST_PORT}"
            raise StoreError(f"{ports} is in use; choose another with --port")
        return _serve(store, free, experiment, say)


def _serve(store: Store, port: int, experiment: str | None, say: Callable[[str], object]) -> int:
    base = f"http://{HOST}:{port}"
    # Of a store that cannot be written, beside the copy of its database.
    log = (store.database.parent if store.read_only and store.database is not None else store.home) / "ui.log"
    variables = {**SERVER_SETTINGS, "MLFLOW_BACKEND_STORE_URI": store.uri}
    server = child_servers.start(command(store, port), log, variables)
    if store.read_only:
        say("the store cannot be written: what is changed in the UI is not kept")
    try:
        # While the server starts: both take some seconds.
        address = runs_address(store, base, experiment)
        child_servers.wait_until_healthy(server, f"{base}/health", START_SECONDS)
        say(f"{address}\nPress Ctrl-C to stop it.")
        return server.wait()
    except KeyboardInterrupt:
        return 0
    except TimeoutError as error:
        raise StoreError(f"the MLflow UI did not start: {error}; see {log}") from error
    finally:
        child_servers.end(server)


def command(store: Store, port: int) -> list[str]:
    """Return the command line of the UI: one worker, and files read where they lie, without a proxy."""
    assert store.artifacts is not None
    parts = ["--host", HOST, "--port", str(port), "--workers", "1"]
    # Every user of the machine may read arguments: an address with a password is in the environment alone.
    parts += ["--backend-store-uri", store.uri] if store.shown == store.uri else []
    parts += ["--no-serve-artifacts", "--default-artifact-root", store.artifacts.as_uri()]
    return [sys.executable, "-m", "mlflow", "ui", *parts]


def runs_address(store: Store, base: str, experiment: str | None = None) -> str:
    """Return the address that opens an experiment's runs in the UI.

    Parameters
    ----------
    store : Store
    base : str
        Address of the UI, e.g. ``http://127.0.0.1:5000``.
    experiment : str, optional
        By name; default: the one with the newest run.

    Raises
    ------
    StoreError
        Where there is no such experiment.
    """
    # By default MLflow's UI opens in its GenAI mode, with other columns.
    mode = "workflowType=machine_learning"
    by_name = _experiments(store)
    if experiment is not None and experiment not in by_name:
        raise StoreError(f"there is no experiment {experiment!r} with runs; {suggest(experiment, by_name)}")
    if not by_name:
        return f"{base}/#/experiments?{mode}"
    number = by_name[experiment] if experiment is not None else next(iter(by_name.values()))
    return f"{base}/#/experiments/{number}/runs?viewStateShareKey={VIEW}&{mode}"


def _experiments(store: Store) -> dict[str, str]:
    """Return name and id of each experiment that has runs, that of the newest run first."""
    if store.database is not None:
        # Read without MLflow, whose import would slow down the server that starts meanwhile.
        with contextlib.closing(sqlite3.connect(store.database)) as connection:
            rows = connection.execute(
                "SELECT e.name, e.experiment_id FROM experiments e JOIN runs r USING (experiment_id)"
                # Experiments of comparisons have a role: whoever opens the UI wants the runs themselves, and
                # finds a link to the comparison there.
                " WHERE e.lifecycle_stage = 'active' AND e.experiment_id NOT IN"
                " (SELECT experiment_id FROM experiment_tags WHERE key = 'harness.role')"
                " GROUP BY e.experiment_id ORDER BY MAX(r.start_time) DESC"
            )
            return {name: str(number) for name, number in rows}
    names = {
        experiment.experiment_id: experiment.name
        for experiment in store.client.search_experiments()
        if "harness.role" not in experiment.tags
    }
    newest = store.client.search_runs(list(names), order_by=["attributes.start_time DESC"])
    ordered = dict.fromkeys(run.info.experiment_id for run in newest)
    return {names[number]: number for number in ordered}
