"""A server that refuses, and a database without its driver: each is one line that says what to do."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from golden import Golden

from harness.tracking.store import Store, server
from harness.values.errors import HarnessError, MissingPackageError, StoreError

USERNAME, PASSWORD, TOKEN = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"
INVALID_HOST = "Invalid Host header - possible DNS rebinding attack detected\nmore"


@contextmanager
def answering(status: int, text: str) -> Iterator[tuple[str, list[str]]]:
    """A server that gives every request the same answer; its address, and who asked."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization", ""))
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", asked
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture
def nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No account: neither in the environment nor in a file of the home."""
    for name in (USERNAME, PASSWORD, TOKEN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return monkeypatch


REFUSALS: dict[str, tuple[int, str, dict[str, str]]] = {
    "no account": (401, "You are not authenticated.", {}),
    "wrong password": (401, "You are not authenticated.", {USERNAME: "ann", PASSWORD: "a secret"}),
    "wrong token": (401, "", {TOKEN: "a secret"}),
    "no permission": (403, "Permission denied", {USERNAME: "ann", PASSWORD: "a secret"}),
    "another host": (403, INVALID_HOST, {USERNAME: "ann", PASSWORD: "a secret"}),
    "no MLflow": (404, "not here", {}),
}


def test_each_refusal_is_a_line(nobody: pytest.MonkeyPatch, golden: Golden) -> None:
    lines = {}
    for case, (status, text, account) in REFUSALS.items():
        with nobody.context() as patch, answering(status, text) as (uri, asked):
            patch.setenv("HARNESS_STORE", uri)
            for name, value in account.items():
                patch.setenv(name, value)
            with pytest.raises(StoreError) as caught:
                Store.open()
            # At once: a wrong password is not tried again.
            assert len(asked) == 1
        lines[case] = str(caught.value).replace(uri, "http://SERVER")
    assert not any("secret" in line or "\n" in line for line in lines.values())
    golden("tracking/server-refusals", "\n".join(f"{case}: {line}" for case, line in lines.items()))


@pytest.mark.parametrize("status", [200, 400, 500])
def test_any_other_answer_is_left_to_mlflow(nobody: pytest.MonkeyPatch, folder: Path, status: int) -> None:
    with answering(status, "{}") as (uri, _):
        nobody.setenv("HARNESS_STORE", uri)
        assert Store.open() == Store(uri, folder / ".harness", None)


def test_an_account_may_stand_in_the_file_that_mlflow_reads(nobody: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / ".mlflow").mkdir()
    lines = "[mlflow]\nmlflow_tracking_username = ann\nmlflow_tracking_password = of-ann\n"
    (folder / ".mlflow" / "credentials").write_text(lines)
    with answering(200, "{}") as (uri, asked):
        nobody.setenv("HARNESS_STORE", uri)
        Store.open()
    assert asked == [f"Basic {base64.b64encode(b'ann:of-ann').decode()}"]


def failing_with(error: Exception) -> Callable[..., Any]:
    class Client:
        def search_runs(self) -> None:
            raise error

    return server.ServerClient(Client(), "http://runs.example").search_runs  # type: ignore[arg-type]


def test_a_client_raises_what_the_harness_raises() -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST, UNAUTHENTICATED

    for code in (PERMISSION_DENIED, UNAUTHENTICATED):
        with pytest.raises(StoreError):
            failing_with(MlflowException("no", error_code=code))()
    for status in (401, 403):
        response = requests.Response()
        response.status_code = status
        with pytest.raises(StoreError):
            failing_with(requests.HTTPError(response=response))()
    # Anything else is what it was: the callers tell a missing run from other failures.
    with pytest.raises(MlflowException):
        failing_with(MlflowException("no", error_code=RESOURCE_DOES_NOT_EXIST))()
    response.status_code = 404
    with pytest.raises(requests.HTTPError):
        failing_with(requests.HTTPError(response=response))()
    with pytest.raises(requests.HTTPError):
        failing_with(requests.HTTPError("without an answer"))()


DATABASES = (
    "postgresql+pg8000://ann:secret@h/db",
    "postgresql://ann:secret@h/db",
    "postgresql+psycopg://h/db",
)


def test_a_missing_driver_is_a_line(folder: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    lines, kinds = [], []
    for uri in DATABASES:
        monkeypatch.setenv("HARNESS_STORE", uri)
        with pytest.raises(HarnessError) as caught:
            Store.open()
        lines.append(str(caught.value))
        kinds.append(type(caught.value))
    assert kinds == [MissingPackageError, StoreError, StoreError]
    assert not any("secret" in line or "\n" in line for line in lines)
    golden("tracking/missing-drivers", "\n".join(lines))


def engine(
    connected: list[tuple[str, Mapping[str, int]]], error: Exception | None = None
) -> Callable[..., Any]:
    """An engine of SQLAlchemy that notes what it is connected to, or does not connect."""

    def create(uri: str, *, connect_args: Mapping[str, int], **_: Any) -> Any:
        if error is not None:
            raise error
        connected.append((uri, connect_args))
        return Mock()

    return create


def test_a_database_that_does_not_answer_is_a_line_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    began = time.monotonic()
    for host in (f"127.0.0.1:{port}", "no-such-host.invalid"):
        monkeypatch.setenv("HARNESS_STORE", f"postgresql+pg8000://ann:secret@{host}/db")
        with pytest.raises(StoreError) as caught:
            Store.open()
        assert f"postgresql+pg8000://ann:***@{host}/db" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 2 * server.SERVER_SECONDS


def test_what_a_database_answers_is_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    from sqlalchemy.exc import NoSuchModuleError, OperationalError

    def wrapped(answer: Exception) -> Exception:
        error = OperationalError("connect", {}, answer)
        error.__cause__ = answer
        return error

    answer = {"S": "FATAL", "C": "28P01", "M": 'password authentication failed for user "ann"'}
    failures = (
        wrapped(Exception(answer)),
        wrapped(Exception()),
        OSError("no route to host\nthe second line"),
        NoSuchModuleError("Can't load plugin: sqlalchemy.dialects:mysql.other"),
        ModuleNotFoundError("No module named 'pymysql'", name="pymysql"),
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setenv("HARNESS_STORE", "postgresql+pg8000://ann:secret@h/db")
    lines = []
    for error in failures:
        monkeypatch.setattr("sqlalchemy.create_engine", engine([], error))
        with pytest.raises(StoreError) as caught:
            Store.open()
        lines.append(str(caught.value))
    golden("tracking/databases-that-answer", "\n".join(lines))


@pytest.mark.parametrize("uri", [*DATABASES, "mysql+pymysql://h/db"])
def test_a_driver_that_is_installed_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    modules: list[str] = []
    connected: list[tuple[str, Mapping[str, int]]] = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: modules.append(name) or object())
    monkeypatch.setattr("sqlalchemy.create_engine", engine(connected))
    monkeypatch.setenv("HARNESS_STORE", uri)
    assert Store.open().uri == uri
    ((address, options),) = connected
    assert address == uri
    assert set(options.values()) == {server.SERVER_SECONDS}
    # Other databases than PostgreSQL are SQLAlchemy's to report.
    assert len(modules) == uri.startswith("postgresql")
