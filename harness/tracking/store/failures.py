"""What MLflow, SQLite and the system say when a store fails in, one StoreError that says what to do out."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from harness.values.errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

AGAIN = "what is finished is kept: run the same command again"

STATES = {
    "database disk image is malformed": "is damaged; restore a copy of it, or salvage what can be read:"
    " {salvage}",
    "file is not a database": "is not a database; restore a copy of it, or move it away",
    "readonly database": "is read-only; make it writable, or name another store: harness --store FOLDER VERB"
    " …",
    "database or disk is full": f"is on a full disk; free some space; {AGAIN}",
    "database is locked": f"has been locked by another process for too long; {AGAIN}",
    "disk i/o error": f"cannot be read or written (disk I/O error); look whether its disk is full; {AGAIN}",
    "unable to open database file": "cannot be opened; look at the permissions of the file and of its folder",
}
"""What SQLite says, in small letters → what it means of the store, and what to do."""

SYSTEM = {
    errno.ENOSPC: STATES["database or disk is full"],
    errno.EDQUOT: f"is on a disk whose quota is used up; free some space; {AGAIN}",
    errno.EROFS: STATES["readonly database"],
    errno.EACCES: "may not be written by this user; change the permissions, or name another store:"
    " harness --store FOLDER VERB …",
}

FULL = (errno.ENOSPC, errno.EDQUOT)

GONE = (
    "api request to",
    "max retries exceeded",
    "connection refused",
    "failed to establish a new connection",
    "can't create a connection",
    "terminating connection",
    "server closed the connection",
    "network error",
)
"""What MLflow, its client for HTTP and PostgreSQL say when a server does not answer, in small letters."""

GONE_SECONDS = 60.0
"""So long a server that did not answer is not asked again."""

TWICE = ("UNIQUE constraint failed", "duplicate key", "Duplicate entry")
"""What SQLite, PostgreSQL and MySQL say of a row that is there already."""

WRITES = ("create_", "set_", "log_", "update_", "delete_", "finalize_", "transition_")
"""How the names of the client's methods begin that change something."""


class GoneStoreError(StoreError):
    """A server that no longer answers."""


@contextlib.contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turn failures of a store into a :class:`StoreError`; anything else is raised as it is."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        translated = failure(error, uri)
        if translated is None:
            raise
        raise translated from error


def failure(error: Exception, uri: str) -> StoreError | None:
    """Return what a failure says of the store; None where it is not the store's.

    Parameters
    ----------
    error : Exception
        Of MLflow, SQLAlchemy, SQLite or the system.
    uri : str
        The address of the store.
    """
    where = uri.removeprefix("sqlite:///")
    if isinstance(error, OSError) and error.errno in SYSTEM:
        return StoreError(f"the store {where} {SYSTEM[error.errno]}")
    if not isinstance(error, sqlite3.Error | OSError) and not _is_of_a_store(error):
        return None
    text = str(error).lower()
    for words, state in STATES.items():
        if words in text:
            return StoreError(f"the store {where} {state.format(salvage=f'sqlite3 {where} .recover')}")
    if not uri.startswith("sqlite") and any(words in text for words in GONE):
        return GoneStoreError(
            f"the server {uri} no longer answers; finished trials wait on this machine for the next start:"
            " run the same command again"
        )
    return None


def _mlflow_error() -> type[Exception]:
    from mlflow.exceptions import MlflowException

    return cast("type[Exception]", MlflowException)


def _is_of_a_store(error: Exception) -> bool:
    modules = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return bool(modules & {"mlflow", "sqlalchemy", "requests", "urllib3"})


class GuardedClient:
    """MLflow's client, whose failures are errors of the store, and which asks before it writes.

    Parameters
    ----------
    client : MlflowClient
    uri : str
        Of the store, as messages show it.
    """

    def __init__(self, client: MlflowClient, uri: str) -> None:
        self._client, self._uri = client, uri
        self._gone: GoneStoreError | None = None
        self._gone_at = 0.0
        self.guards: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **options: Any) -> Any:
            with self.guarded(is_write=name.startswith(WRITES)):
                try:
                    return attribute(*arguments, **options)
                except _mlflow_error() as error:
                    # MLflow looks for a tag and then adds it: of two processes, the second may be late, and
                    # changes what is there by now.
                    if not (name.startswith("set_") and any(word in str(error) for word in TWICE)):
                        raise
                    return attribute(*arguments, **options)

        return call

    @contextlib.contextmanager
    def guarded(self, *, is_write: bool) -> Iterator[None]:
        """Ask the guards before a block that writes, and turn its failures into errors of the store."""
        # MLflow would try again for a minute, at each of the calls that close a run.
        if self._gone is not None and time.monotonic() - self._gone_at < GONE_SECONDS:
            raise self._gone
        for guard in self.guards if is_write else ():
            guard()
        try:
            with store_errors(self._uri):
                yield
        except GoneStoreError as error:
            self._gone, self._gone_at = error, time.monotonic()
            raise


def guarded(client: MlflowClient, uri: str) -> MlflowClient:
    """Return a client whose failures are errors of the store."""
    return cast("MlflowClient", GuardedClient(client, uri))


def writing(client: MlflowClient) -> contextlib.AbstractContextManager[None]:
    """Return a block that writes past a guarded client as one of its calls would."""
    return cast("GuardedClient", client).guarded(is_write=True)


@contextlib.contextmanager
def guarding(client: MlflowClient, guard: Callable[[], object]) -> Iterator[None]:
    """Call ``guard`` before each write of a guarded client within the block."""
    guards = cast("GuardedClient", client).guards
    guards.append(guard)
    try:
        yield
    finally:
        guards.remove(guard)
