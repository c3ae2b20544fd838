"""A path in, MLflow's SQLite database there: made once, whole, whoever else is at it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

SQLITE = "sqlite:///"

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Set before MLflow is imported, unless a person set them: nothing is sent, nothing is guessed."""


def imported() -> ModuleType:
    """Import MLflow with telemetry off and its chatter silenced."""
    import logging

    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow


@contextlib.contextmanager
def locked(path: Path, what: str = "") -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting for it as long as it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if what:
                sys.stderr.write(f"waiting for another process: {what}\n")
                sys.stderr.flush()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ready(database: Path, artifacts: Path, say: Callable[[str], object] | None = None) -> None:
    """Make the database where there is none: under our own lock, and whole or not at all.

    Parameters
    ----------
    database : Path
    artifacts : Path
        Where the files of its runs lie; made too.
    say : callable, optional
        Told when it has to be made, which takes some seconds.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    if database.exists():
        return
    with locked(database.with_name(f"{database.name}.lock"), f"it makes the store {database}"):
        if not database.exists():
            if say is not None:
                say(f"making the store {database} (a few seconds, once)")
            _create(database, artifacts)


def _create(database: Path, artifacts: Path) -> None:
    imported()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    draft = database.with_name(f"{database.name}.new-{os.getpid()}-{time.monotonic_ns()}")
    try:
        made = SqlAlchemyStore(f"{SQLITE}{draft}", artifacts.as_uri())  # type: ignore[no-untyped-call]
        made.engine.dispose()
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
        artifacts.mkdir(parents=True, exist_ok=True)
        draft.rename(database)
    finally:
        for left in database.parent.glob(f"{draft.name}*"):
            left.unlink()
    if not _on_network(database):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            # Nearly twice as fast with several writers; the setting stays with the file.
            connection.execute("PRAGMA journal_mode=WAL")


def _on_network(path: Path) -> bool:
    """Say whether a file lies on a network drive, where SQLite's WAL is not safe."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    mounts = [(parts[1], parts[2]) for parts in (line.split() for line in lines) if len(parts) > 2]
    inside = [(len(place), kind) for place, kind in mounts if path.is_relative_to(place)]
    kind = max(inside, default=(0, ""))[1]
    return kind.startswith(("nfs", "cifs", "smb", "9p", "fuse.sshfs", "lustre", "ceph", "afs"))
