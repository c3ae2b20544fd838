"""Which engine serves: the one that is asked for, the fastest, or the exact one where another fails."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder import load
from harness.classifiers.encoder.engines import choice, record, service
from harness.classifiers.protocol import Example, Labelled
from harness.values.errors import ClassifierError, HarnessWarning
from harness.values.labels import LabelSet
from tests.classifiers.conftest import Saving

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of its own, and a processor that has every instruction."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "multiplies", lambda name: True)


@pytest.fixture
def folder(saved: Saving, tmp_path: Path) -> Path:
    """One of them, to damage."""
    return Path(shutil.copytree(saved(), tmp_path / "model"))


def test_a_damaged_engine_gives_way(folder: Path, worded: Labelled) -> None:
    packed = record.digest(folder / "int8.onnx")
    (folder / "int8.onnx").write_bytes(b"nothing of the kind")
    one = load(folder, PAIR)
    one.use("int8")
    with pytest.raises(ClassifierError) as error:
        one.predict_proba(worded.examples)
    said = f"{folder / 'int8.onnx'}: is not what the model was packed with, of SHA-256 {packed}"
    assert str(error.value) == said
    one.use("auto")
    with pytest.warns(HarnessWarning, match="the engine int8 failed, fp32 takes over: ") as warned:
        first = one.predict_proba(worded.examples)
    assert said in str(warned[0].message)
    # It is said once.
    assert one.predict_proba(worded.examples).tobytes() == first.tobytes()


@pytest.mark.parametrize("file", ["fp32.onnx", "model.safetensors"])
def test_rows_are_not_computed_once_more_by_other_weights(
    file: str, folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = load(folder, PAIR)
    one.use("int8")
    data = bytearray((folder / file).read_bytes())
    data[-1] ^= 1
    (folder / file).write_bytes(data)
    # Narrower than any bound, which may be 0.
    monkeypatch.setattr(service, "gaps", lambda proba, labels: -np.ones(len(proba)))
    with pytest.raises(ClassifierError, match=f"{file}: is not what the model was packed with, of SHA-256"):
        one.predict_proba(worded.examples)


def test_a_damaged_graph_of_which_no_checksum_is_known_is_refused(folder: Path) -> None:
    (folder / "int8.onnx").write_bytes(b"nothing of the kind")
    found = record.read(folder)
    assert found is not None
    dataclasses.replace(found, files={}).write(folder)
    one = load(folder, PAIR)
    one.use("int8")
    with pytest.raises(ClassifierError, match=r"int8\.onnx: cannot be opened: "):
        one.predict_proba([Example("good", "varna")])


@pytest.mark.parametrize(
    ("engine", "what"),
    [
        ("int4", "there is no engine 'int4'; known: auto, fp32, bf16, int8"),
        ("int8", "the engine int8 cannot serve this model: this processor has no instructions for it"),
    ],
)
def test_an_engine_that_is_not_there_is_refused(
    engine: str, what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "multiplies", lambda name: name != "int8")
    with pytest.raises(ClassifierError) as error:
        load(folder, PAIR).use(engine)
    assert str(error.value) == what


def test_a_model_that_was_packed_before_there_were_engines_is_served(folder: Path, worded: Labelled) -> None:
    before = load(folder, PAIR).predict_proba(worded.examples)
    for name in ("engines.json", "fp32.onnx", "int8.onnx"):
        (folder / name).unlink()
    one = load(folder, PAIR)
    one.use("auto")
    assert one.predict_proba(worded.examples).tobytes() == before.tobytes()
    with pytest.raises(ClassifierError) as error:
        one.use("int8")
    assert str(error.value) == "the engine int8 cannot serve this model: it was packed with fp32 alone"


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Engines that are as fast as they are told to be; who was measured."""
    seen: list[Any] = []

    def measured(engines: Any, rows: Any, padding: int) -> dict[Any, float]:
        seen.append((sorted(engines), len(rows.lengths)))
        return {"fp32": 1.0, "bf16": 3.0, "int8": 2.0}

    monkeypatch.setattr(choice, "measured", measured)
    return iter([seen])  # type: ignore[return-value]


def test_engines_are_measured_once_enough_is_asked(folder: Path, worded: Labelled, rates: Any) -> None:
    (seen,) = rates
    one = load(folder, PAIR)
    one.use("auto")
    many = [dataclasses.replace(each, holder=str(n)) for n in range(5) for each in worded.examples]
    few = many[: service.MEASURED_AFTER - 1]
    one.predict_proba(few)
    assert (seen, one._service._chosen) == ([], None)
    one.predict_proba(many[:1])
    assert [names for names, _ in seen] == [["bf16", "fp32", "int8"]]
    assert one._service._chosen == "bf16"
    again = load(folder, PAIR)
    again.use("auto")
    again.predict_proba(many[:1])
    assert (len(seen), again._service._chosen) == (1, "bf16")
