"""Keys, and models that are saved and loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers import protocol
from harness.values import trusted_hosts
from harness.values.errors import ClassifierError
from harness.values.labels import STANCE, LabelSet
from tests.classifiers.llm.asked_models import (
    KEY,
    ROWS,
    fitted,
)
from tests.classifiers.llm.stub_server import Stub


def test_the_key_goes_to_a_bound_host_and_is_written_nowhere(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="harness trust key LLM_KEY"):
        fitted(stub.url, key="LLM_KEY").predict_proba(ROWS)
    assert stub.requests == []
    trusted_hosts.bind_key("LLM_KEY", stub.url)
    model = fitted(stub.url, key="LLM_KEY", shots=2)
    model.predict_proba(ROWS)
    assert {request.headers["authorization"] for request in stub.requests} == {f"Bearer {KEY}"}
    protocol.save(model, tmp_path / "saved")
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert KEY.encode() not in file.read_bytes(), file
    assert KEY not in json.dumps(model.usage()) + repr(model) + repr(vars(model))


def test_a_key_that_is_not_set_is_named(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted_hosts.bind_key("LLM_KEY", stub.url)
    monkeypatch.delenv("LLM_KEY")
    with pytest.raises(ClassifierError, match="LLM_KEY"):
        fitted(stub.url, key="LLM_KEY").predict_proba(ROWS)


@pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")
@pytest.mark.parametrize("options", [{}, {"shots": 2}, {"debias": "prior"}, {"api": "auto"}])
def test_a_saved_model_predicts_the_same(options: dict[str, Any], stub: Stub, tmp_path: Path) -> None:
    model = fitted(stub.url, **options)
    proba = model.predict_proba(ROWS)
    folder = protocol.save(model, tmp_path)
    assert folder is not None
    n_requests = len(stub.requests)
    loaded = protocol.load(folder, STANCE)
    np.testing.assert_array_equal(loaded.predict_proba(ROWS), proba)
    assert len(stub.requests) == n_requests


def test_a_loaded_model_sends_texts_to_trusted_hosts_alone(stub: Stub, tmp_path: Path) -> None:
    model = fitted(stub.url)
    protocol.save(model, tmp_path)
    file = tmp_path / "model" / "llm.json"
    file.write_text(file.read_text().replace(stub.url, "https://llm.example.org/v1"))
    loaded = protocol.load(tmp_path, STANCE)
    with pytest.raises(ClassifierError, match="harness trust host https://llm.example.org:443"):
        loaded.predict_proba(ROWS)


@pytest.mark.parametrize("damage", ["", "[]", '{"settings": {}}'])
def test_a_damaged_model_is_named(damage: str, stub: Stub, tmp_path: Path) -> None:
    protocol.save(fitted(stub.url), tmp_path)
    (tmp_path / "model" / "llm.json").write_text(damage)
    with pytest.raises(ClassifierError, match=r"llm\.json"):
        protocol.load(tmp_path, STANCE)


def test_another_number_of_labels_is_refused(stub: Stub, tmp_path: Path) -> None:
    protocol.save(fitted(stub.url), tmp_path)
    with pytest.raises(ClassifierError, match="expected 2"):
        protocol.load(tmp_path, LabelSet(("critical", "supportive")))
