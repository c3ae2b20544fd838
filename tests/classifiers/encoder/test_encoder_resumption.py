"""A training that is killed goes on from its last epoch, and ends with the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.encoder import encoder, resumption
from harness.classifiers.encoder.options import Regularization, Schedule
from harness.classifiers.protocol import Example, Labelled, Resumable
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
TOP = Path(__file__).parents[3]

DYING = """
import os, pathlib, signal, sys
sys.path[:0] = [sys.argv[3]]
from harness.classifiers.encoder import resumption
from tests.classifiers.encoder.test_encoder_resumption import data, made

save, saved = resumption.Resumption.save, []
def save_and_die(self, beside):
    save(self, beside)
    saved.append(len(beside["curves"]))
    if saved == [1, 2]:
        os.kill(os.getpid(), signal.SIGKILL)
resumption.Resumption.save = save_and_die
one = made(sys.argv[1])
one.checkpoint_dir = pathlib.Path(sys.argv[2])
one.fit(data(), data())
"""


def data() -> Labelled:
    """The verb tells the label."""
    rows = [
        (Example(f"the {a} {verb} varna {b} .", "varna"), code)
        for a in ("minister", "league", "union")
        for b in ("again", "on the hill")
        for verb, code in (("attacked", 0), ("praised", 1))
    ]
    return Labelled([one for one, _ in rows], np.array([code for _, code in rows]))


def made(checkpoint: str, **options: Any) -> Any:
    given = {"checkpoint": checkpoint, "epochs": 4, "max_tokens": 32, "batch_size": 4, "labels": PAIR}
    return encoder(
        **{**given, "learning_rate": 1e-3, "seed": 1, "regularization": Regularization(ema=0.9)} | options
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_models.write(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every epoch that is trained from here on."""
    from harness.classifiers.encoder import training

    noted: list[str] = []
    plain = training._Step.epoch
    monkeypatch.setattr(
        training._Step, "epoch", lambda self, *rest: (noted.append(rest[2]), plain(self, *rest))[1]
    )
    return noted


def fitted(checkpoint: str, place: Path | None, **options: Any) -> tuple[bytes, list[dict[str, float]]]:
    one = made(checkpoint, **options)
    one.checkpoint_dir = place
    one.fit(data(), data())
    return one.predict_proba(data().examples).tobytes(), one.curves_


def test_a_killed_training_goes_on_from_its_last_epoch(
    checkpoint: str, tmp_path: Path, epochs: list[str]
) -> None:
    place = tmp_path / "state"
    dead = subprocess.run(
        [sys.executable, "-c", DYING, checkpoint, str(place), str(TOP)],
        cwd=TOP,
        capture_output=True,
        check=False,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    resumed = fitted(checkpoint, place)
    assert epochs == ["epoch 3/4", "epoch 4/4"]
    assert resumed == fitted(checkpoint, None)
    assert len(epochs) == 6


def test_a_finished_training_is_not_repeated(checkpoint: str, tmp_path: Path, epochs: list[str]) -> None:
    first = fitted(checkpoint, tmp_path)
    assert fitted(checkpoint, tmp_path) == first
    assert len(epochs) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["training.pt"]


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"epochs": 3}, {"schedule": Schedule(warmup=0.0)}, {"precision": "fp32"}],
    ids=lambda other: next(iter(other)),
)
def test_another_training_begins_anew(
    other: dict[str, Any], checkpoint: str, tmp_path: Path, epochs: list[str]
) -> None:
    fitted(checkpoint, tmp_path, precision="bf16", epochs=2)
    again = fitted(checkpoint, tmp_path, **{"precision": "bf16", "epochs": 2, **other})
    assert again == fitted(checkpoint, None, **{"precision": "bf16", "epochs": 2, **other})
    assert len(epochs) == 2 + 2 * other.get("epochs", 2)


def spoilt(kind: str, file: Path) -> None:
    whole = file.read_bytes()
    if kind == "truncated":
        file.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "foreign":
        torch.save([1, 2], file)
    else:
        # A pickle that would run code is not read.
        torch.save({"identity": print}, file)


@pytest.mark.parametrize("kind", ["truncated", "empty", "foreign", "code"])
def test_a_spoilt_file_is_no_state(kind: str, checkpoint: str, tmp_path: Path, epochs: list[str]) -> None:
    first = fitted(checkpoint, tmp_path, epochs=1)
    spoilt(kind, tmp_path / resumption.FILE)
    assert fitted(checkpoint, tmp_path, epochs=1) == first
    assert len(epochs) == 2


def test_an_epoch_half_written_is_as_if_it_had_not_been(
    checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: list[str]
) -> None:
    plain, place = torch.save, tmp_path / "state"

    def dies(record: dict[str, Any], stream: Any) -> None:
        if len(record["beside"]["curves"]) == 2:
            stream.write(b"half")
            raise KeyboardInterrupt
        plain(record, stream)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", dies)
        with pytest.raises(KeyboardInterrupt):
            fitted(checkpoint, place)
    resumed = fitted(checkpoint, place)
    assert epochs[2:] == ["epoch 2/4", "epoch 3/4", "epoch 4/4"]
    assert resumed == fitted(checkpoint, None)
    assert [path.name for path in place.iterdir()] == [resumption.FILE]


def test_early_stopping_is_remembered(checkpoint: str, tmp_path: Path, epochs: list[str]) -> None:
    # At a rate of next to nothing no epoch is better than the first.
    options: dict[str, Any] = {"learning_rate": 1e-30, "epochs": 9, "schedule": Schedule(patience=2)}
    _, curves = fitted(checkpoint, tmp_path, **options)
    assert len(curves) == 3
    assert fitted(checkpoint, tmp_path, **options)[1] == curves
    assert len(epochs) == 3


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
    ],
)
def test_settings_are_part_of_the_identity(before: Any, after: Any, same: bool) -> None:
    rows, weights = [np.arange(3)], {"w": torch.ones(2)}
    assert (resumption.identity(before, rows, weights) == resumption.identity(after, rows, weights)) is same


def test_rows_and_weights_are_part_of_the_identity() -> None:
    rows, weights = [np.arange(3), np.arange(2)], {"w": torch.ones(2)}
    found = {
        resumption.identity({}, rows, weights),
        resumption.identity({}, [np.arange(2), np.arange(3)], weights),
        resumption.identity({}, [np.arange(3).astype(float), np.arange(2)], weights),
        resumption.identity({}, rows, {"w": torch.zeros(2)}),
        resumption.identity({}, rows, {"v": torch.ones(2)}),
    }
    assert len(found) == 5


def test_the_encoder_says_that_it_can_resume(checkpoint: str) -> None:
    assert isinstance(made(checkpoint), Resumable)
