"""A working folder and the environment in, an open Store out.

By default runs live in ``.harness/`` of the project: ``mlflow.db`` and ``artifacts/``. The variable
``MLFLOW_TRACKING_URI`` names another place: a server, or another database.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from harness.errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = ".harness"
VARIABLE = "MLFLOW_TRACKING_URI"
SQLITE = "sqlite:///"
SERVERS = ("http", "https", "databricks")

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Set before MLflow is imported, unless a person set them: nothing is sent, nothing is guessed."""


@dataclass(frozen=True)
class Store:
    """A place for runs, models and aliases.

    Attributes
    ----------
    uri : str
        MLflow's tracking and registry address.
    home : Path
        A folder of our own for locks and unfinished work.
    artifacts : Path or None
        Where files of runs lie; None where a server decides.
    """

    uri: str
    home: Path
    artifacts: Path | None

    @classmethod
    def open(
        cls, folder: Path | None = None, *, check: bool = True, say: Callable[[str], object] | None = None
    ) -> Store:
        """Find the store, and make it where there is none.

        Parameters
        ----------
        folder : Path, optional
            Where to look from; the working directory where left out. The nearest folder upwards that holds
            ``.harness`` or ``pyproject.toml`` is the project.
        check : bool
            Refuse a store whose files have moved; see :func:`harness.store.relocate.relocate`.
        say : callable, optional
            Told when a database has to be made, which takes some seconds.

        Raises
        ------
        StoreError
            Where it cannot be made or read, or has moved.
        """
        home = project(folder or Path.cwd()) / FOLDER
        store = _located(os.environ.get(VARIABLE, ""), home)
        store.home.mkdir(parents=True, exist_ok=True)
        if store.database is not None:
            _ready(store, say)
            if check:
                store.refuse_moved()
        return store

    @property
    def database(self) -> Path | None:
        """The SQLite file; None for any other kind of store."""
        return Path(unquote(self.uri.removeprefix(SQLITE))) if self.uri.startswith(SQLITE) else None

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client for this store.

        Everything goes through it: ``mlflow.set_tracking_uri`` would set the environment variable too, and
        with it the store of whoever opens one next in this process.
        """
        made: MlflowClient = imported().MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        return made

    @contextlib.contextmanager
    def pointed(self) -> Iterator[None]:
        """Point MLflow's global settings at this store, for the few calls of its own that ask no client.

        What they were, the environment variable included, is put back after.
        """
        mlflow = imported()
        before = (mlflow.get_tracking_uri(), mlflow.get_registry_uri(), os.environ.get(VARIABLE))
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before[0])
            mlflow.set_registry_uri(before[1])
            os.environ.pop(VARIABLE, None)
            if before[2] is not None:
                os.environ[VARIABLE] = before[2]

    @contextlib.contextmanager
    def lock(self, name: str, what: str = "") -> Iterator[None]:
        """Hold a lock that other processes of this folder respect; it ends with the process.

        Parameters
        ----------
        name : str
        what : str
            Shown on standard error if another process has to be waited for.
        """
        with locked(self.home / "locks" / f"{name}.lock", what):
            yield

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made where there is none.

        Raises
        ------
        StoreError
            Where the experiment was deleted in the UI and not restored.
        """
        with self.lock("experiments"):
            found = self.client.get_experiment_by_name(name)
            if found is not None and found.lifecycle_stage != "active":
                raise StoreError(
                    f"the experiment {name!r} was deleted; choose another name or restore it with"
                    f" 'mlflow experiments restore --experiment-id {found.experiment_id}'"
                )
            return found.experiment_id if found is not None else self._created(name)

    def _created(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        place = (self.artifacts / name).as_uri() if self.artifacts is not None else None
        try:
            return str(self.client.create_experiment(name, artifact_location=place))
        except MlflowException:
            # On a server another machine may have been first: our lock does not reach there.
            found = self.client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)

    def moved_roots(self) -> list[str]:
        """Return the addresses that experiments of a SQLite store give for files that lie beside it now.

        A folder was moved where an old address leads nowhere, or copied where the same files lie here
        too. What somebody else's experiment keeps in a place of its own is left alone.
        """
        if self.database is None or self.artifacts is None:
            return []
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            places = [place for (place,) in connection.execute("SELECT artifact_location FROM experiments")]
        moved = set()
        for root, _, name in (str(place or "").rpartition("/") for place in places):
            is_other = root.startswith("file://") and root != self.artifacts.as_uri()
            if is_other and (not local_path(root).exists() or (self.artifacts / unquote(name)).exists()):
                moved.add(root)
        return sorted(moved)

    def refuse_moved(self) -> None:
        """Refuse a SQLite store that was moved or copied here and still points to its old place.

        Raises
        ------
        StoreError
            Naming the old place and the command that mends it.
        """
        for root in self.moved_roots():
            raise StoreError(
                f"the store {self.database} was moved or copied here, but its runs point to"
                f" {local_path(root)}; 'harness relocate' mends it"
            )


def local_path(address: str) -> Path:
    """Return the path that a ``file://`` address means."""
    return Path(unquote(urlsplit(address).path))


def project(folder: Path) -> Path:
    """Return the nearest folder upwards that holds ``.harness`` or ``pyproject.toml``, else the folder."""
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        if (place / FOLDER).is_dir() or (place / "pyproject.toml").is_file():
            return place
    return folder


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


def _located(uri: str, home: Path) -> Store:
    if not uri:
        return Store(f"{SQLITE}{home / 'mlflow.db'}", home, home / "artifacts")
    if uri.startswith(SQLITE):
        database = Path(unquote(uri.removeprefix(SQLITE))).resolve()
        return Store(f"{SQLITE}{database}", home, database.parent / "artifacts")
    if "://" in uri and uri.partition("://")[0].partition("+")[0] in ("postgresql", "mysql", "mssql"):
        return Store(uri, home, home / "artifacts")
    if uri.partition(":")[0] in SERVERS:
        return Store(uri, home, None)
    raise StoreError(
        f"{VARIABLE} is {uri!r}; use the address of a server (http://…) or a database (sqlite:////…/mlflow.db)"
    )


def _ready(store: Store, say: Callable[[str], object] | None) -> None:
    """Make the SQLite database where there is none: under our own lock, and whole or not at all."""
    database = store.database
    assert database is not None
    database.parent.mkdir(parents=True, exist_ok=True)
    if database.exists():
        return
    with locked(database.with_name(f"{database.name}.lock"), f"it makes the store {database}"):
        if not database.exists():
            if say is not None:
                say(f"making the store {database} (a few seconds, once)")
            _create(store, database)


def _create(store: Store, database: Path) -> None:
    imported()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    assert store.artifacts is not None
    draft = database.with_name(f"{database.name}.new-{os.getpid()}-{time.monotonic_ns()}")
    try:
        made = SqlAlchemyStore(f"{SQLITE}{draft}", store.artifacts.as_uri())  # type: ignore[no-untyped-call]
        made.engine.dispose()
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
        store.artifacts.mkdir(parents=True, exist_ok=True)
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
