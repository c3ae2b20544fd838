"""Stores whose addresses hold credentials: they are used, and shown nowhere."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from golden import Golden
from refused import refused

from harness.tracking.store import Store, credentials
from harness.tracking.store.ui import command
from harness.values.errors import StoreError
from harness.values.secrets import hide, masked

pytestmark = pytest.mark.usefixtures("own_memory")


ADDRESSES = {
    "http://ann:pw@host": "http://ann:***@host",
    "http://ann:p:w@host:80/a?b=c": "http://ann:***@host:80/a?b=c",
    "https://ann:p@w@host": "https://ann:***@host",
    "http://:pw@host": "http://:***@host",
    "postgresql+pg8000://ann:p%40w@/runs?unix_sock=/tmp/s": "postgresql+pg8000://ann:***@/runs?unix_sock=/tmp/s",
    "see http://ann:pw@host and http://ben:pw@host": "see http://ann:***@host and http://ben:***@host",
    "http://ann@host": "http://ann@host",
    "http://host:80/a@b": "http://host:80/a@b",
    "http://host/#/a:b@c": "http://host/#/a:b@c",
    "sqlite:////a:b@c/mlflow.db": "sqlite:////a:b@c/mlflow.db",
    "models:/stance@champion": "models:/stance@champion",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_passwords_of_addresses_are_masked(address: str) -> None:
    assert masked(address) == ADDRESSES[address]


USER, PASSWORD, TOKEN = "ann", "pa@ss:w/rd ü", "canary-token"
EXPECTED = {
    f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}",
    f"Bearer {TOKEN}",
}


class Guarded(BaseHTTPRequestHandler):
    """Answers what MLflow asks when experiments are listed, to whoever has the password or the token."""

    def answer(self) -> None:
        allowed = self.headers.get("Authorization") in EXPECTED
        body = b'{"experiments": []}' if allowed else b'{"error_code": "UNAUTHENTICATED", "message": "no"}'
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 (named by the library)

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@pytest.fixture
def guarded() -> Iterator[str]:
    """The host and port of a server that asks for a password."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def listed(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Store:
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        store = Store.open()
        assert list(store.client.search_experiments()) == []
    return store


def test_a_server_is_used_with_credentials(
    folder: Path, guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_address = f"http://{USER}:{quote(PASSWORD, safe='')}@{guarded}"
    for variable in ("HARNESS_STORE", "MLFLOW_TRACKING_URI"):
        store = listed({variable: in_address}, monkeypatch)
        assert (store.uri, store.shown) == (f"http://{guarded}", f"http://{USER}:***@{guarded}")
        assert os.environ[credentials.PASSWORD] == PASSWORD
        credentials.take_back()
    plain = {"HARNESS_STORE": f"http://{guarded}"}
    store = listed({**plain, credentials.USERNAME: USER, credentials.PASSWORD: PASSWORD}, monkeypatch)
    assert store.shown == f"http://{guarded}"
    listed({**plain, credentials.TOKEN: TOKEN}, monkeypatch)
    # An address comes before the environment, whose token would be sent first.
    listed({"HARNESS_STORE": in_address, credentials.TOKEN: "another"}, monkeypatch)


def test_a_password_is_not_sent_to_another_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(credentials.USERNAME, "ben")
    assert credentials.lend("http://ann:pw-of-ann@one", "X") == ("http://one", "ann")
    assert (os.environ[credentials.USERNAME], os.environ[credentials.PASSWORD]) == ("ann", "pw-of-ann")
    assert credentials.lend("http://two", "X") == ("http://two", "")
    assert os.environ[credentials.USERNAME] == "ben"
    assert credentials.PASSWORD not in os.environ


def test_no_message_about_a_store_shows_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    def opened(address: str) -> Store:
        monkeypatch.setenv("HARNESS_STORE", address)
        return Store.open()

    addresses = {
        "no answer": "http://ann:canary-pw@127.0.0.1:9",
        "a slash in the password": "http://ann:canary/pw@127.0.0.1:9",
        "a hash in the password": "http://ann:canary#pw@127.0.0.1:9",
        "no store": "ftp://ann:canary-pw@host",
    }
    errors = {case: refused(lambda address=address: opened(address)) for case, address in addresses.items()}  # type: ignore[misc]
    assert {type(error) for error in errors.values()} == {StoreError}
    text = "\n".join(f"{case}\n    {error}" for case, error in errors.items())
    assert "canary" not in text
    golden("tracking/addresses-with-passwords", text)


def test_a_database_is_given_its_password_and_shown_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql+pg8000://ann:canary-pw@db/runs"
    monkeypatch.setenv("HARNESS_STORE", address)
    # There is no such database.
    monkeypatch.setattr("harness.tracking.store.location.connected", lambda *_: None)
    store = Store.open()
    assert (store.uri, store.shown) == (address, "postgresql+pg8000://ann:***@db/runs")
    assert hide("canary-pw") == "***"
    assert "canary-pw" not in repr(store)
    assert "canary-pw" not in " ".join(command(store, 5000))
