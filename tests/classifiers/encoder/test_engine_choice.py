"""Which engine serves: the requested one, the fastest, or the exact one where another fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder import load
from harness.classifiers.encoder.engines import choice, record, service
from harness.classifiers.protocol import Example, Labelled
from harness.values.errors import ClassifierError, HarnessWarning
from harness.values.labels import LabelSet

pytestmark = pytest.mark.usefixtures("every_engine")

PAIR = LabelSet(("critical", "supportive"))


def test_a_damaged_engine_is_refused_or_replaced_by_fp32(folder: Path, worded: Labelled) -> None:
    file = folder / "int8.onnx"
    packed = record.digest(file)
    file.write_bytes(b"nothing of the kind")
    model = load(folder, PAIR)
    model.use("int8")
    with pytest.raises(ClassifierError) as caught:
        model.predict_proba(worded.examples)
    assert str(file) in str(caught.value)
    assert packed in str(caught.value)
    model.use("auto")
    with pytest.warns(HarnessWarning) as warned:
        first = model.predict_proba(worded.examples)
    assert [str(caught.value) in str(warning.message) for warning in warned] == [True]
    # Once only: a second warning would be an error.
    assert model.predict_proba(worded.examples).tobytes() == first.tobytes()


@pytest.mark.parametrize("name", ["fp32.onnx", "model.safetensors"])
def test_rows_are_not_recomputed_with_other_weights(
    name: str, folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = record.digest(folder / name)
    model = load(folder, PAIR)
    model.use("int8")
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    # Narrower than any bound, which may be 0.
    monkeypatch.setattr(service, "gaps", lambda proba, labels: -np.ones(len(proba)))
    with pytest.raises(ClassifierError) as caught:
        model.predict_proba(worded.examples)
    assert str(folder / name) in str(caught.value)
    assert packed in str(caught.value)


def test_a_damaged_graph_without_a_checksum_is_refused(folder: Path) -> None:
    (folder / "int8.onnx").write_bytes(b"nothing of the kind")
    engines = record.read(folder)
    assert engines is not None
    dataclasses.replace(engines, files={}).write(folder)
    model = load(folder, PAIR)
    model.use("int8")
    with pytest.raises(ClassifierError) as caught:
        model.predict_proba([Example("good", "varna")])
    assert str(caught.value).startswith(f"{folder / 'int8.onnx'}: ")


@pytest.mark.parametrize("engine", ["int4", "int8"])
def test_an_engine_that_does_not_exist_or_does_not_fit_is_refused(
    engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "has_instructions_for", lambda name: name != "int8")
    model = load(folder, PAIR)
    with pytest.raises(ClassifierError, match=engine):
        model.use(engine)
    assert model._service.requested == "fp32"


def test_a_model_that_was_packed_before_there_were_engines_is_served(folder: Path, worded: Labelled) -> None:
    before = load(folder, PAIR).predict_proba(worded.examples)
    for name in ("engines.json", "fp32.onnx", "int8.onnx"):
        (folder / name).unlink()
    model = load(folder, PAIR)
    model.use("auto")
    assert model.predict_proba(worded.examples).tobytes() == before.tobytes()
    with pytest.raises(ClassifierError, match="int8"):
        model.use("int8")


def test_engines_are_measured_once_enough_rows_are_requested(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[list[str]] = []

    def rates(engines: Any, rows: Any, padding: int) -> dict[Any, float]:
        measured.append(sorted(engines))
        return {"fp32": 1.0, "onnx": 1.5, "bf16": 3.0, "int8": 2.0}

    monkeypatch.setattr(choice, "measure_rates", rates)
    model = load(folder, PAIR)
    model.use("auto")
    many = [dataclasses.replace(example, holder=str(n)) for n in range(5) for example in worded.examples]
    model.predict_proba(many[: service.MIN_ROWS_TO_MEASURE - 1])
    assert (measured, model._service._chosen) == ([], None)
    model.predict_proba(many[:1])
    assert measured == [["bf16", "fp32", "int8", "onnx"]]
    assert model._service._chosen == "bf16"
    again = load(folder, PAIR)
    again.use("auto")
    again.predict_proba(many[:1])
    assert (len(measured), again._service._chosen) == (1, "bf16")
