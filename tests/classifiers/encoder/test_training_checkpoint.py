"""A training that is killed resumes from its last epoch, and ends with the same bytes."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.encoder import encoder, training_checkpoint
from harness.classifiers.encoder.options import Schedule
from harness.classifiers.protocol import Example, Labelled, Resumable, Watched
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
TOP = Path(__file__).parents[3]

DYING = """
import os, pathlib, signal, sys
sys.path[:0] = [sys.argv[3]]
from harness.classifiers.encoder import training_checkpoint
from tests.classifiers.encoder.test_training_checkpoint import data, make

save, saved = training_checkpoint.Checkpoint.save, []
def save_and_die(self, progress):
    save(self, progress)
    saved.append(len(progress["curves"]))
    if saved == [1, 2]:
        os.kill(os.getpid(), signal.SIGKILL)
training_checkpoint.Checkpoint.save = save_and_die
model = make(sys.argv[1])
model.checkpoint_dir = pathlib.Path(sys.argv[2])
model.fit(data(), data())
"""


def data() -> Labelled:
    """The verb tells the label."""
    rows = [
        (Example(f"the {a} {verb} varna {b} .", "varna"), code)
        for a in ("minister", "league", "union")
        for b in ("again", "on the hill")
        for verb, code in (("attacked", 0), ("praised", 1))
    ]
    return Labelled([example for example, _ in rows], np.array([code for _, code in rows]))


def make(checkpoint: str, **options: Any) -> Any:
    defaults = {"checkpoint": checkpoint, "epochs": 4, "max_tokens": 32, "batch_size": 4, "labels": PAIR}
    return encoder(**{**defaults, "learning_rate": 1e-3, "seed": 1} | options)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_models.write(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every epoch that is trained."""
    from harness.classifiers.encoder import training

    epochs: list[str] = []
    original = training._Steps.run_epoch
    monkeypatch.setattr(
        training._Steps, "run_epoch", lambda self, *rest: (epochs.append(rest[2]), original(self, *rest))[1]
    )
    return epochs


def fit(checkpoint: str, folder: Path | None, **options: Any) -> tuple[bytes, list[dict[str, float]]]:
    model = make(checkpoint, **options)
    model.checkpoint_dir = folder
    model.fit(data(), data())
    return model.predict_proba(data().examples).tobytes(), model.curves_


def test_a_killed_training_resumes_from_its_last_epoch(
    checkpoint: str, tmp_path: Path, epochs: list[str]
) -> None:
    folder = tmp_path / "state"
    dead = subprocess.run(
        [sys.executable, "-c", DYING, checkpoint, str(folder), str(TOP)],
        cwd=TOP,
        capture_output=True,
        check=False,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    resumed = fit(checkpoint, folder)
    assert epochs == ["epoch 3/4", "epoch 4/4"]
    assert resumed == fit(checkpoint, None)
    assert len(epochs) == 6


@pytest.mark.parametrize("dies_at", [1, 3])
def test_a_training_resumes_within_an_epoch(
    dies_at: int, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.classifiers.encoder import training

    resumed_at: list[int] = []
    save, original = training_checkpoint.Checkpoint.save, training._Steps.run_epoch

    def save_and_die(self: Any, progress: dict[str, Any]) -> None:
        save(self, progress)
        if len(progress["curves"]) == 1 and progress["steps"] == dies_at:
            raise KeyboardInterrupt

    def run_epoch(self: Any, *rest: Any) -> float:
        resumed_at.append(rest[3].steps)
        return original(self, *rest)

    monkeypatch.setattr(training, "SAVE_INTERVAL", 0.0)
    monkeypatch.setattr(training._Steps, "run_epoch", run_epoch)
    with monkeypatch.context() as patch:
        patch.setattr(training_checkpoint.Checkpoint, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            fit(checkpoint, tmp_path, batch_size=2)
    resumed = fit(checkpoint, tmp_path, batch_size=2)
    assert resumed_at == [0, 0, dies_at, 0, 0]
    assert resumed == fit(checkpoint, None, batch_size=2)


def test_a_finished_training_is_not_repeated(checkpoint: str, tmp_path: Path, epochs: list[str]) -> None:
    first = fit(checkpoint, tmp_path)
    assert fit(checkpoint, tmp_path) == first
    assert len(epochs) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["training.pt"]


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"epochs": 3}, {"schedule": Schedule(warmup=0.0)}, {"precision": "fp32"}],
    ids=lambda other: next(iter(other)),
)
def test_another_training_starts_over(
    other: dict[str, Any], checkpoint: str, tmp_path: Path, epochs: list[str]
) -> None:
    fit(checkpoint, tmp_path, precision="bf16", epochs=2)
    again = fit(checkpoint, tmp_path, **{"precision": "bf16", "epochs": 2, **other})
    assert again == fit(checkpoint, None, **{"precision": "bf16", "epochs": 2, **other})
    assert len(epochs) == 2 + 2 * other.get("epochs", 2)


def damage(kind: str, file: Path) -> None:
    intact = file.read_bytes()
    if kind == "truncated":
        file.write_bytes(intact[: len(intact) // 2])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "foreign":
        torch.save([1, 2], file)
    else:
        # A pickle that would run code is not read.
        torch.save({"identity": print}, file)


@pytest.mark.parametrize("kind", ["truncated", "empty", "foreign", "code"])
def test_a_damaged_file_is_ignored(kind: str, checkpoint: str, tmp_path: Path, epochs: list[str]) -> None:
    first = fit(checkpoint, tmp_path, epochs=1)
    damage(kind, tmp_path / training_checkpoint.FILE)
    assert fit(checkpoint, tmp_path, epochs=1) == first
    assert len(epochs) == 2


def test_an_epoch_half_written_is_trained_again(
    checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: list[str]
) -> None:
    original, folder = torch.save, tmp_path / "state"

    def dies(record: dict[str, Any], stream: Any) -> None:
        if len(record["progress"]["curves"]) == 2:
            stream.write(b"half")
            raise KeyboardInterrupt
        original(record, stream)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", dies)
        with pytest.raises(KeyboardInterrupt):
            fit(checkpoint, folder)
    resumed = fit(checkpoint, folder)
    assert epochs[2:] == ["epoch 2/4", "epoch 3/4", "epoch 4/4"]
    assert resumed == fit(checkpoint, None)
    assert [path.name for path in folder.iterdir()] == [training_checkpoint.FILE]


def test_early_stopping_survives_a_restart(checkpoint: str, tmp_path: Path, epochs: list[str]) -> None:
    # At a rate close to 0 no epoch is better than the first.
    options: dict[str, Any] = {"learning_rate": 1e-30, "epochs": 9, "schedule": Schedule(patience=2)}
    _, curves = fit(checkpoint, tmp_path, **options)
    assert len(curves) == 3
    assert fit(checkpoint, tmp_path, **options)[1] == curves
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
    assert (
        training_checkpoint.identity(before, rows, weights)
        == training_checkpoint.identity(after, rows, weights)
    ) is same


def test_rows_and_weights_are_part_of_the_identity() -> None:
    rows, weights = [np.arange(3), np.arange(2)], {"w": torch.ones(2)}
    identities = {
        training_checkpoint.identity({}, rows, weights),
        training_checkpoint.identity({}, [np.arange(2), np.arange(3)], weights),
        training_checkpoint.identity({}, [np.arange(3).astype(float), np.arange(2)], weights),
        training_checkpoint.identity({}, rows, {"w": torch.zeros(2)}),
        training_checkpoint.identity({}, rows, {"v": torch.ones(2)}),
    }
    assert len(identities) == 5


def test_the_encoder_declares_that_it_can_resume(checkpoint: str) -> None:
    assert isinstance(make(checkpoint), Resumable)


def test_each_epoch_is_reported_also_those_before_an_interruption(
    checkpoint: str, epochs: list[str], tmp_path: Path
) -> None:
    class BehindError(Exception):
        """Ends a training that falls behind."""

    def run(stop: int, folder: Path | None) -> list[float]:
        scores: list[float] = []

        def watch(score: float) -> None:
            scores.append(score)
            if len(scores) == stop:
                raise BehindError

        classifier = make(checkpoint)
        assert isinstance(classifier, Watched)
        assert classifier.n_steps == 4
        classifier.checkpoint_dir, classifier.on_step = folder, watch
        with contextlib.suppress(BehindError):
            classifier.fit(data(), data())
        return scores

    whole = run(9, None)
    assert len(whole) == 4
    assert run(2, tmp_path) == whole[:2]
    del epochs[:]
    # The two epochs that are done are reported again, and only the others are trained.
    assert run(9, tmp_path) == whole
    assert len(epochs) == 2
