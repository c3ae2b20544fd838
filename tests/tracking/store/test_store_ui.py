from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from harness.tracking.store import Store
from harness.tracking.store.ui import command, runs_address, serve_ui
from harness.values.errors import StoreError

SERVING = """
from harness.tracking.store import Store
from harness.tracking.store.ui import serve_ui
serve_ui(Store.open(), say=lambda text: print(text, flush=True))
"""


def test_the_address_opens_the_view_of_an_experiment(ladder: Path) -> None:
    store = Store.open(ladder)
    expected = "http://h:1/#/experiments/1/runs?viewStateShareKey=harness&workflowType=machine_learning"
    assert runs_address(store, "http://h:1", "toys") == expected
    assert runs_address(store, "http://h:1") == expected


def test_without_runs_the_address_is_the_list(folder: Path) -> None:
    address = runs_address(Store.open(), "http://h:1")
    assert address == "http://h:1/#/experiments?workflowType=machine_learning"


def test_an_unknown_experiment_is_refused_with_a_suggestion(ladder: Path) -> None:
    with pytest.raises(StoreError, match="'toys'"):
        runs_address(Store.open(ladder), "http://h:1", "toy")


def test_a_taken_port_is_named(ladder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreError, match=f"port {port} "):
            serve_ui(Store.open(ladder), port=port)


def test_a_server_is_not_served_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[str] = []
    store = Store("http://runs.example/", folder, None)
    monkeypatch.setattr(
        "harness.tracking.store.ui.runs_address", lambda store, base, experiment: f"{base}/#/x"
    )
    assert serve_ui(store, say=messages.append) == 0
    assert [message.split()[-1] for message in messages] == ["http://runs.example/#/x"]


def test_the_command_line_starts_little(ladder: Path) -> None:
    store = Store.open(ladder)
    assert command(store, 5001)[2:] == [
        *("mlflow", "ui", "--host", "127.0.0.1", "--port", "5001", "--workers", "1"),
        *("--backend-store-uri", store.uri, "--no-serve-artifacts"),
        *("--default-artifact-root", f"{(ladder / '.harness' / 'artifacts').as_uri()}"),
    ]


def test_the_ui_serves_the_runs_and_leaves_nothing_behind(ladder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVING], cwd=ladder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        base = address.partition("/#/")[0]
        with urllib.request.urlopen(f"{base}/ajax-api/2.0/mlflow/experiments/get?experiment_id=1") as answer:
            tags = {tag["key"]: tag["value"] for tag in json.load(answer)["experiment"]["tags"]}
        view = json.loads(json.loads(tags["mlflow.sharedViewState.harness"])["state"])
        assert view["orderByKey"] == "metrics.`test/f1_macro`"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        server = int(children.read_text().split()[0]) if children.exists() else None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        if server is not None:
            with pytest.raises(ProcessLookupError):
                os.killpg(server, 0)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
