"""A path in, MLflow's SQLite database there out: created once and completely, by one of many processes."""

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
from urllib.parse import unquote

from harness.values.errors import StoreError

SQLITE = "sqlite:///"

SCHEMA_VERSION = "3.17.2"
"""The MLflow whose migrations :data:`SCHEMA` is the result of; others create their tables themselves."""

SCHEMA = Path(__file__).with_name("schema.sql")
"""What MLflow's migrations leave in an empty SQLite database, without its experiments: ``make golden``."""

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    # A server that starts anew is waited for, some 60 s; one that is gone for good is not, for 4 minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5",
}
"""Set before MLflow is imported, unless set already: no telemetry, no guessed environments, no chatter."""


def sqlite_uri(path: Path) -> str:
    """Return the address of a SQLite file, as SQLAlchemy reads it.

    Raises
    ------
    StoreError
        Where the path cannot be written as an address.

    Examples
    --------
    >>> sqlite_uri(Path("/100 % sure/mlflow.db"))
    'sqlite:////100 % sure/mlflow.db'
    """
    # SQLAlchemy reads parameters after a question mark, and undoes escapes such as %20. Writing the path with
    # escapes would do for it, but MLflow makes a folder of the escaped name beside the right one.
    if "?" in str(path) or unquote(str(path)) != str(path):
        raise StoreError(
            f"the path {path} holds a question mark or an escape such as %20, which the address of a database"
            " cannot; rename the folder, or store the runs elsewhere: harness --store FOLDER VERB …"
        )
    return f"{SQLITE}{path}"


def sqlite_path(uri: str) -> Path:
    """Return the file that the address of a SQLite database means."""
    return Path(unquote(uri.removeprefix(SQLITE).partition("?")[0]))


def imported() -> ModuleType:
    """Import MLflow with telemetry off and its chatter silenced."""
    import logging

    # MLflow reads them when it is imported.
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It prints the traceback of every failure that it raises, too; and each attempt at a server that is gone.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    return mlflow


@contextlib.contextmanager
def unlocked(path: Path) -> Iterator[bool]:
    """Take the lock on a file if nobody has it; say for the block whether it was taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def locked(path: Path, what: str = "") -> Iterator[None]:
    """Hold an exclusive lock on a file; wait for it as long as it takes.

    Parameters
    ----------
    path : Path
    what : str
        What the holder does, shown on standard error while waiting; empty: nothing is shown.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The kernel releases a flock when its process dies. The file is never deleted: a process that waits would
    # get the lock of the old file, and a newcomer that of a new one.
    with path.open("w") as handle:
        try:
            # Without waiting at first, so that a wait can be announced.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if what:
                sys.stderr.write(f"waiting for another process: {what}\n")
                sys.stderr.flush()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ready(database: Path, artifacts: Path, say: Callable[[str], object] | None = None) -> None:
    """Create the database where there is none, completely or not at all.

    Processes that start on a missing database and each let MLflow create it destroy it (of 8 processes with
    48 runs, 0 runs survived), so it is created under a lock of the harness and moved into place.

    Parameters
    ----------
    database : Path
    artifacts : Path
        Folder for the files of its runs; created too.
    say : callable, optional
        Called with a message where the database has to be created, which takes some seconds.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    if database.exists():
        return
    with locked(database.with_name(f"{database.name}.lock"), f"it creates the store {database}"):
        # Once more: another process may have created it while this one waited for the lock.
        if not database.exists():
            if say is not None:
                say(f"creating the store {database} (a few seconds, once)")
            _create(database, artifacts)


def schema_of_migrations(folder: Path) -> str:
    """Return what MLflow's migrations leave in an empty database, as SQL; it is created in ``folder``."""
    imported()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    database = folder / "migrated.db"
    SqlAlchemyStore(sqlite_uri(database), folder.as_uri()).engine.dispose()  # type: ignore[no-untyped-call]
    with contextlib.closing(sqlite3.connect(database)) as connection:
        # The default experiment holds a folder and a time; MLflow creates it where it is missing.
        connection.execute("DELETE FROM experiments")
        return "\n".join(connection.iterdump()) + "\n"


def _create(database: Path, artifacts: Path) -> None:
    mlflow = imported()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    draft = database.with_name(f"{database.name}.new-{os.getpid()}-{time.monotonic_ns()}")
    try:
        # Otherwise MLflow makes the tables by all of its migrations since 2018, which takes seconds. Below it
        # compares their revision with its own, and refuses those of another.
        if mlflow.__version__ == SCHEMA_VERSION:
            with contextlib.closing(sqlite3.connect(draft)) as connection:
                connection.executescript(SCHEMA.read_text(encoding="utf-8"))
        store = SqlAlchemyStore(sqlite_uri(draft), artifacts.as_uri())  # type: ignore[no-untyped-call]
        # An open connection would keep the write-ahead log from being emptied below.
        store.engine.dispose()
        # One file to move: what is in the write-ahead log goes into the database.
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
        artifacts.mkdir(parents=True, exist_ok=True)
        draft.rename(database)
    finally:
        for remnant in database.parent.glob(f"{draft.name}*"):
            remnant.unlink()
    if not _on_network(database):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            # A write-ahead log is nearly twice as fast with 8 writers; the setting stays with the file.
            connection.execute("PRAGMA journal_mode=WAL")


def _on_network(path: Path) -> bool:
    """Return whether a file lies on a network drive, where SQLite's write-ahead log is not safe."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    mounts = [(parts[1], parts[2]) for parts in (line.split() for line in lines) if len(parts) > 2]
    inside = [(len(mount), kind) for mount, kind in mounts if path.is_relative_to(mount)]
    # Of nested mounts the innermost holds the file.
    kind = max(inside, default=(0, ""))[1]
    return kind.startswith(("nfs", "cifs", "smb", "9p", "fuse.sshfs", "lustre", "ceph", "afs"))
