"""A working folder and the environment in, an open Store out.

By default runs are in ``.harness/`` of the working folder, or of the nearest folder above it that has one:
``mlflow.db`` and ``artifacts/``. ``HARNESS_STORE`` names another folder, or the address of a server or
database; ``MLFLOW_TRACKING_URI``, which MLflow reads too, another address. Credentials in an address are used
and never shown (:mod:`harness.tracking.store.credentials`).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from harness.tracking.store.credentials import know_password, lend
from harness.tracking.store.database import SQLITE, imported, locked, ready, sqlite_path, sqlite_uri, unlocked
from harness.tracking.store.diagnosis import check_database, is_writable, snapshot
from harness.tracking.store.failures import STATES, guarded, store_errors
from harness.tracking.store.server import ServerClient, connected, reached
from harness.values.commands import command_line, is_checkout, script
from harness.values.errors import StoreError, suggest
from harness.values.secrets import MASK, masked

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = ".harness"
VARIABLE = "MLFLOW_TRACKING_URI"
STORE_VARIABLE = "HARNESS_STORE"
"""What ``--store`` sets; it comes before :data:`VARIABLE`."""

SERVERS = ("http", "https", "databricks")
DATABASES = ("postgresql", "mysql", "mssql")

_POINTING = threading.RLock()


@dataclass(frozen=True)
class Store:
    """Where runs, models and aliases are kept.

    Attributes
    ----------
    uri : str
        MLflow's tracking and registry address; that of a server is without credentials, that of a database
        holds its password: :attr:`shown` is what messages show.
    home : Path
        The harness's folder for locks and unfinished work.
    artifacts : Path or None
        The folder of the runs' files; None where a server keeps them.
    user : str
        Whose credentials the address of a server held; empty where it held none.
    read_only : bool
        Whether ``uri`` is a copy of a database that cannot be written: it can be read, and nothing is kept.
    """

    uri: str = field(repr=False)
    home: Path
    artifacts: Path | None
    user: str = ""
    read_only: bool = False

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        *,
        check: bool = True,
        say: Callable[[str], object] | None = None,
        reading: bool = False,
    ) -> Store:
        """Find the store, and create it where there is none.

        Parameters
        ----------
        folder : Path, optional
            Where to look from, see :func:`project`; default: the working directory.
        check : bool
            Refuse a store that was moved; see :func:`harness.tracking.store.relocate.relocate`.
        say : callable, optional
            Called with a message where a database has to be created, which takes some seconds.
        reading : bool
            Whether the store is only read: one that cannot be written will do, then.

        Raises
        ------
        StoreError
            Where it cannot be created, reached or read, or was moved, or has to be written and cannot be.
        """
        store = _located(folder or Path.cwd())
        with store_errors(store.shown):
            store.home.mkdir(parents=True, exist_ok=True)
            if store.database is not None:
                assert store.artifacts is not None
                ready(store.database, store.artifacts, say)
                store = store._readable(reading=reading)
        if store.database is not None:
            if check:
                store.refuse_moved()
        elif store.artifacts is None:
            reached(store.uri, _variable())
        else:
            connected(store.uri, _variable())
        return store

    def _readable(self, *, reading: bool) -> Store:
        """Return the store once its database is one that MLflow can open; of a read-only one, a copy."""
        assert self.database is not None
        if is_writable(self.database):
            check_database(self.database)
            return self
        if not reading:
            # What else may be wrong with it comes first: it could not be used in any case.
            check_database(self.database, snapshot(self.database))
            raise StoreError(f"the store {self.database} {STATES['readonly database']}")
        copy = snapshot(self.database)
        check_database(self.database, copy)
        return replace(self, uri=sqlite_uri(copy), read_only=True)

    @property
    def shown(self) -> str:
        """The address as it is shown: with ``***`` for a password."""
        if self.user:
            return self.uri.replace("://", f"://{self.user}:{MASK}@", 1)
        return masked(self.uri)

    @property
    def database(self) -> Path | None:
        """The SQLite file; None for any other kind of store."""
        return sqlite_path(self.uri) if self.uri.startswith(SQLITE) else None

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client for this store.

        Everything goes through it: ``mlflow.set_tracking_uri`` would set the environment variable too, and
        with it the store that is opened next in this process.
        """
        with store_errors(self.shown):
            client: MlflowClient = imported().MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        # What a server refuses, a wrong password say, is then one line for a person.
        if self.artifacts is None:
            client = cast("MlflowClient", ServerClient(client, self.uri))
        return guarded(client, self.shown)

    @property
    def is_on_server(self) -> bool:
        """Whether a server keeps the runs, which other machines may share: locks do not reach these."""
        return self.database is None

    @contextlib.contextmanager
    def pointed(self) -> Iterator[None]:
        """Point MLflow's global settings at this store, for its few functions that take no client.

        Afterwards they are, the environment variable included, what they were before. Threads take turns: the
        settings are those of the process.
        """
        mlflow = imported()
        with _POINTING:
            before = (mlflow.get_tracking_uri(), mlflow.get_registry_uri(), os.environ.get(VARIABLE))
            mlflow.set_tracking_uri(self.uri)
            mlflow.set_registry_uri(self.uri)
            try:
                with store_errors(self.shown):
                    yield
            finally:
                mlflow.set_tracking_uri(before[0])
                mlflow.set_registry_uri(before[1])
                os.environ.pop(VARIABLE, None)
                if before[2] is not None:
                    os.environ[VARIABLE] = before[2]

    @contextlib.contextmanager
    def lock(self, name: str, what: str = "") -> Iterator[None]:
        """Hold a lock among the processes that use this store; it is released when the process ends.

        It lies beside the database: of two folders that share one, neither has locks of its own. For a store
        on a server it lies with the project, and reaches no other machine.

        Parameters
        ----------
        name : str
        what : str
            What the other process does, shown on standard error while waiting for it.
        """
        with locked(self.lock_file(name), what):
            yield

    @contextlib.contextmanager
    def unlocked(self, name: str) -> Iterator[bool]:
        """Take a lock if nobody has it; say for the block whether it was taken."""
        with unlocked(self.lock_file(name)) as is_free:
            yield is_free

    def lock_file(self, name: str) -> Path:
        """Return the file of a lock; see :meth:`lock`."""
        home = self.database.parent if self.database is not None else self.home
        return home / "locks" / f"{name}.lock"

    def experiment(self, name: str, tags: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return the id of an experiment, created where there is none.

        Parameters
        ----------
        name : str
        tags : mapping
            Of a new one: with it they are one request.

        Raises
        ------
        StoreError
            Where the experiment was deleted in the UI and not restored.
        """
        # One lock around both: of two processes that find no experiment, the second could not create it.
        with self.lock("experiments"):
            experiment = self.client.get_experiment_by_name(name)
            # MLflow keeps the name of a deleted experiment: it can be neither used nor created again.
            if experiment is not None and experiment.lifecycle_stage != "active":
                restore = f"{script('mlflow')} experiments restore --experiment-id {experiment.experiment_id}"
                raise StoreError(
                    f"the experiment {name!r} was deleted; choose another name, or restore it:"
                    f" {VARIABLE}={shlex.quote(self.shown)} {restore}"
                )
            return experiment.experiment_id if experiment is not None else self._created(name, tags)

    def find_experiment(self, name: str) -> str:
        """Return the id of an existing experiment.

        Raises
        ------
        StoreError
            Where there is none of this name; with a suggestion.
        """
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            names = [experiment.name for experiment in self.client.search_experiments()]
            raise StoreError(f"there is no experiment {name!r}; {suggest(name, names)}")
        return str(experiment.experiment_id)

    def _created(self, name: str, tags: Mapping[str, str]) -> str:
        from mlflow.exceptions import MlflowException

        # Given explicitly: MLflow would place files by the working directory, wherever the database is.
        location = (self.artifacts / name).as_uri() if self.artifacts is not None else None
        try:
            return str(self.client.create_experiment(name, location, dict(tags)))
        except MlflowException:
            # On a server another machine may have been first: our lock does not reach there.
            experiment = self.client.get_experiment_by_name(name)
            if experiment is None:
                raise
            return str(experiment.experiment_id)

    def moved_roots(self) -> list[str]:
        """Return former addresses of files that lie beside a SQLite store now.

        The store was moved if such an address leads nowhere, and copied if the same files lie here too.
        Experiments whose files somebody put elsewhere on purpose are not among them.
        """
        if self.database is None or self.artifacts is None:
            return []
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute("SELECT artifact_location FROM experiments").fetchall()
        moved = set()
        for root, _, name in (str(location or "").rpartition("/") for (location,) in rows):
            # A copy where the former folder still exists, but this one holds the experiment's files too.
            is_other = root.startswith("file://") and root != self.artifacts.as_uri()
            if is_other and (not local_path(root).exists() or (self.artifacts / unquote(name)).exists()):
                moved.add(root)
        return sorted(moved)

    def refuse_moved(self) -> None:
        """Refuse a SQLite store that was moved or copied here and still points to its former folder.

        Raises
        ------
        StoreError
            Naming the former folder, and the command that corrects the addresses.
        """
        for root in self.moved_roots():
            raise StoreError(
                f"the store {self.database} was moved or copied here, but its runs point to"
                f" {local_path(root)}; correct them: {command_line('relocate')}"
            )


def home_folder(folder: Path | None = None) -> Path:
    """Return the harness's folder of a store without opening the store, which imports MLflow.

    Parameters
    ----------
    folder : Path, optional
        Where to look from, see :func:`project`; default: the working directory.
    """
    return _located(folder or Path.cwd()).home


def local_path(address: str) -> Path:
    """Return the path that a ``file://`` address means."""
    return Path(unquote(urlsplit(address).path))


def project(folder: Path) -> Path:
    """Return the folder whose ``.harness`` is the store of a working folder.

    The nearest folder upwards that holds ``.harness`` or is a checkout of the harness; else the folder.
    The file of another project, such as its ``pyproject.toml``, does not count.
    """
    folder = folder.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FOLDER).is_dir() or is_checkout(candidate):
            return candidate
    return folder


def _variable() -> str:
    """Return the name of the variable that the address is read from."""
    return STORE_VARIABLE if os.environ.get(STORE_VARIABLE, "") else VARIABLE


def _located(folder: Path) -> Store:
    home = project(folder) / FOLDER
    stated, variable = os.environ.get(STORE_VARIABLE, ""), _variable()
    uri = stated or os.environ.get(VARIABLE, "")
    if stated and "://" not in stated and stated.partition(":")[0] not in SERVERS:
        home, uri = Path(stated).expanduser().resolve(), ""
    if not uri:
        return Store(sqlite_uri(home / "mlflow.db"), home, home / "artifacts")
    if uri.startswith(SQLITE):
        # Absolute: MLflow reads a relative path from whichever folder a process works in.
        database = sqlite_path(uri).resolve()
        return Store(sqlite_uri(database), home, database.parent / "artifacts")
    # With or without a driver: postgresql+pg8000. Such a database holds no files: they lie with the project.
    if "://" in uri and uri.partition("://")[0].partition("+")[0] in DATABASES:
        know_password(uri, variable)
        return Store(uri, home, home / "artifacts")
    if uri.partition(":")[0] in SERVERS:
        address, user = lend(uri, variable)
        return Store(address, home, None, user)
    raise StoreError(
        f"{variable} is {masked(uri)!r}; use the address of a server (http://…) or a database (sqlite:////…/mlflow.db)"
    )
