"""Several processes learn what one learns."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.encoder import crew
from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.options import Regularization
from harness.values.errors import ClassifierError
from tests.classifiers.encoder.test_encoder_training import ready


def still(network: torch.nn.Module) -> None:
    """Turn dropout off: every process would draw its own."""
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


@pytest.mark.skipif(torch.cuda.device_count() == 1, reason="two processes cannot share a GPU")
def test_two_processes_learn_what_one_learns() -> None:
    # Batches of three rows, so that the second process has one row of each and none of the last.
    terms = Regularization(dropout=0.0, r_drop=1.0, adversarial=0.5, class_weights=1.0)
    learned, curves = [], []
    for processes in (1, 2):
        one, data = ready(regularization=terms, batch_size=3, learning_rate=1e-2, epochs=2)
        still(one.network)
        curves.append(one.run(data, data) if processes == 1 else crew.trained(one, data, data, processes))
        learned.append(one.network.cpu().state_dict())
    for name, value in learned[0].items():
        assert learned[1][name].numpy() == pytest.approx(value.numpy(), abs=2e-5), name
    for first, second in zip(*curves, strict=True):
        assert second == pytest.approx(first, abs=1e-5)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ("the loss is nan in epoch 1: lower learning_rate",) * 2,
        ("", "one of 2 training processes died: process 0 terminated with signal SIGKILL"),
    ],
    ids=["refused", "killed"],
)
def test_why_they_stopped_is_said(refused: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = importlib.import_module("torch.multiprocessing.spawn")

    def stops(work: Any, jobs: tuple[crew._Job], nprocs: int) -> None:
        if refused:
            (jobs[0].folder / crew.REFUSED).write_text(refused)
        raise spawn.ProcessExitedException("process 0 terminated with signal SIGKILL", 0, 1, -9)

    monkeypatch.setattr(spawn, "spawn", stops)
    one, data = ready()
    with pytest.raises(ClassifierError) as error:
        crew.trained(one, data, None, 2)
    assert str(error.value) == message


@pytest.mark.parametrize(("size", "parts"), [(1, [[0, 1, 2]]), (2, [[0, 2], [1]]), (4, [[0], [1], [2], []])])
def test_a_batch_is_dealt_out(size: int, parts: list[list[int]]) -> None:
    tokens = np.arange(6).reshape(3, 2)
    batch = Batch(np.arange(3), tokens, tokens, tokens, tokens > 0)
    for rank, rows in enumerate(parts):
        one = crew.Crew()
        one.rank, one.size = rank, size
        found = one.share(batch)
        assert found.rows.tolist() == rows
        assert found.tokens.tolist() == tokens[rows].tolist()
    assert crew.Crew().any_of(batch).rows.tolist() == [0]


def test_alone_a_process_is_the_first_and_all() -> None:
    one = crew.Crew()
    assert (one.rank, one.size) == (0, 1)
    assert one.first(5) == 5
    assert one.all(5) == [5]
    assert crew.processes() == max(torch.cuda.device_count(), 1)
