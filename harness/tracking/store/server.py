"""The address of a server or database in; whether it can be used out, or one StoreError that says why not.

MLflow reports a wrong password, a missing permission and a missing driver each in another way, most with a
traceback. What a person can do about them stands here.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from harness.tracking.store.credentials import PASSWORD, TOKEN, USERNAME
from harness.tracking.store.database import imported
from harness.values.errors import MissingPackageError, StoreError
from harness.values.secrets import masked

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXTRA = "server"
"""The extra of this package that brings pg8000, whose licence is BSD; those of the others are LGPL."""

DRIVERS = {
    "postgresql+pg8000": "pg8000",
    "postgresql": "psycopg",
    "postgresql+psycopg2": "psycopg2",
    "postgresql+psycopg": "psycopg",
}
"""Module that a kind of address needs; without a driver SQLAlchemy takes psycopg."""

SERVER_SECONDS = 10
"""So long a server may take to answer."""

PROBE = "/api/2.0/mlflow/experiments/search"
"""What every account may ask a server of MLflow."""

MAX_ANSWER = 200
"""Letters of a server's answer in a message."""

UNKNOWN_ACCOUNT, FORBIDDEN, NOT_FOUND = 401, 403, 404
STATUSES = {"UNAUTHENTICATED": UNKNOWN_ACCOUNT, "PERMISSION_DENIED": FORBIDDEN}
"""Codes of MLflow's exceptions, and of HTTP."""


def require_driver(uri: str) -> None:
    """Refuse a PostgreSQL database whose driver is not installed.

    Parameters
    ----------
    uri : str
        ``postgresql+pg8000://…``; without a driver SQLAlchemy takes one that the harness does not install.

    Raises
    ------
    MissingPackageError
        With the command that installs it.
    StoreError
        Where the address names another driver, which is not installed either.
    """
    scheme = uri.partition("://")[0]
    module = DRIVERS.get(scheme)
    # Other databases are SQLAlchemy's to report.
    if module is None or importlib.util.find_spec(module) is not None:
        return
    if module == "pg8000":
        raise MissingPackageError(module, f"a database of the address {scheme}://…", extra=EXTRA)
    raise StoreError(
        f"the address {scheme}://… needs the driver {module!r}, which is not installed; write"
        f" postgresql+pg8000://… and install the driver: pip install 'stance-harness[{EXTRA}]'"
    )


def reached(uri: str, variable: str) -> None:
    """Refuse a server that does not answer, is not one of MLflow, or does not let this account in.

    Parameters
    ----------
    uri : str
    variable : str
        What the address was read from.

    Raises
    ------
    StoreError
        At once; MLflow's client would retry for minutes.
    """
    # "databricks" is a name that MLflow resolves, not an address to open.
    if not uri.startswith("http"):
        return
    imported()
    from mlflow.exceptions import MlflowException
    from mlflow.utils import credentials, rest_utils

    # MLflow's own request: it knows tokens, certificates, and the file ~/.mlflow/credentials.
    host: Any = credentials.get_default_host_creds(uri)  # type: ignore[no-untyped-call]

    try:
        answer = rest_utils.http_request(  # type: ignore[no-untyped-call]
            host,
            PROBE,
            "GET",
            params={"max_results": 1},
            max_retries=0,
            timeout=SERVER_SECONDS,
            raise_on_status=False,
        )
    except MlflowException as error:
        raise StoreError(
            f"the server {masked(uri)} ({variable}) does not answer: {_innermost(error)}"
        ) from error
    if answer.status_code in (UNKNOWN_ACCOUNT, FORBIDDEN):
        raise refusal(uri, answer.status_code, answer.text)
    if answer.status_code == NOT_FOUND:
        raise StoreError(f"{masked(uri)} ({variable}) answers, but not as an MLflow server does")


def connected(uri: str, variable: str) -> None:
    """Refuse a database that does not answer, or does not let this account in.

    Parameters
    ----------
    uri : str
    variable : str
        What the address was read from.

    Raises
    ------
    MissingPackageError, StoreError
        At once; MLflow would try again for two minutes.
    """
    require_driver(uri)
    imported()
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    scheme = uri.partition("://")[0]
    # Of other drivers the name of the option is not known.
    seconds = "timeout" if scheme.endswith("+pg8000") else "connect_timeout"
    options = {seconds: SERVER_SECONDS} if scheme.startswith(("postgresql", "mysql")) else {}
    where = f"the database {masked(uri)} ({variable})"
    try:
        create_engine(uri, poolclass=NullPool, connect_args=options).connect().close()
    except ImportError as error:
        raise StoreError(f"{where} needs the driver {error.name!r}, which is not installed") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"{where} cannot be used: {_in_words(_innermost(error))}") from error


def _in_words(error: BaseException) -> str:
    """Return what a driver says, in a line; pg8000 hands on the fields of PostgreSQL's answer."""
    fields = error.args[0] if error.args else ""
    text = fields.get("M", "") if isinstance(fields, dict) else str(error)
    return text.strip().partition("\n")[0][:MAX_ANSWER] or type(error).__name__


def refusal(uri: str, status: int, answer: str = "") -> StoreError:
    """Describe a request that a server refused.

    Parameters
    ----------
    uri : str
    status : int
        401 or 403.
    answer : str
        What the server said.
    """
    from mlflow.utils.credentials import read_mlflow_creds

    account, server = read_mlflow_creds().username, f"the server {masked(uri)}"
    if status == UNKNOWN_ACCOUNT:
        if account or os.environ.get(TOKEN):
            who = f"the password of {account!r}" if account else "the token"
            return StoreError(f"{server} does not accept {who}; see {USERNAME}, {PASSWORD} and {TOKEN}")
        return StoreError(f"{server} asks for a password; set {USERNAME} and {PASSWORD}")
    reason = answer.strip().partition("\n")[0][:MAX_ANSWER]
    if reason and reason != "Permission denied":
        return StoreError(f"{server} refuses: {reason}")
    return StoreError(
        f"{server} does not allow this to {account!r}; ask its administrator for the permission, or use names"
        " of experiment and model of your own"
    )


@contextlib.contextmanager
def refusals(uri: str) -> Iterator[None]:
    """Raise a StoreError in place of MLflow's exceptions for a wrong password or a missing permission.

    Parameters
    ----------
    uri : str
        The server's.

    Raises
    ------
    StoreError
    """
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        status = STATUSES.get(str(error.error_code))
        if status is None:
            raise
        raise refusal(uri, status) from error
    except requests.HTTPError as error:
        # Of files, which MLflow passes on as they are.
        status = error.response.status_code if error.response is not None else 0
        if status not in (UNKNOWN_ACCOUNT, FORBIDDEN):
            raise
        raise refusal(uri, status) from error


class ServerClient:
    """MLflow's client for a server; what the server refuses is a StoreError.

    Parameters
    ----------
    client : MlflowClient
    uri : str
    """

    def __init__(self, client: MlflowClient, uri: str) -> None:
        self._client, self._uri = client, uri

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of MLflow's client, a method with its refusals translated."""
        attribute = getattr(self._client, name)
        return self._translated(attribute) if callable(attribute) else attribute

    def _translated(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*arguments: Any, **options: Any) -> Any:
            with refusals(self._uri):
                return method(*arguments, **options)

        return call


def _innermost(error: BaseException) -> BaseException:
    """Return what an error began with: refused, timed out, unknown name."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error
