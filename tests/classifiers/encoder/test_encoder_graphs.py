"""Passes that a GPU replays give what passes give that it is told step by step."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers import checkpoints
from harness.classifiers.encoder import encoder, graphs, training
from harness.classifiers.encoder.batching import Batch
from harness.classifiers.encoder.network import Network
from harness.classifiers.encoder.options import Regularization
from harness.classifiers.encoder.prediction import device
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models
from tests.classifiers.encoder.test_encoder_training import ready

PAIR = LabelSet(("critical", "supportive"))
on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
every_architecture = pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)


def network(folder: Path, architecture: str) -> Network:
    torch.manual_seed(1)
    body = checkpoints.load_body(tiny_models.write(folder, architecture))
    body.set_attn_implementation("eager")
    made = Network(body, "cls_target", 2, 0.0).to(device())
    for module in made.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return made.train()


def drawn(seed: int, rows: int, width: int) -> Batch:
    generator = np.random.default_rng(seed)
    tokens = generator.integers(5, 20, (rows, width))
    attention = np.ones((rows, width), dtype=np.int64)
    attention[0, width // 2 :] = 0
    targets = np.zeros((rows, width), dtype=np.bool_)
    targets[:, 1:3] = True
    return Batch(np.arange(rows), tokens, np.zeros_like(tokens), attention, targets)


def passed(model: torch.nn.Module, one: Network, batch: Batch) -> tuple[Any, dict[str, Any]]:
    for parameter in one.parameters():
        if parameter.grad is not None:
            parameter.grad.zero_()
    scores = model(batch)
    (scores * torch.arange(1, scores.numel() + 1, device=device()).view_as(scores)).sum().backward()
    return scores.detach().cpu().numpy().copy(), {
        name: parameter.grad.cpu().numpy().copy()
        for name, parameter in one.named_parameters()
        if parameter.grad is not None
    }


@on_a_gpu
@every_architecture
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "bf16"])
def test_scores_and_gradients_are_the_same(architecture: str, half: bool, tmp_path: Path) -> None:
    one = network(tmp_path, architecture)
    replayed = graphs.Replayed(one, 0, 32)
    near = 3e-2 if half else 1e-4
    for turn in range(6):
        # Two shapes, turn by turn: from the third turn on both are replayed, with new rows and new weights.
        batch = drawn(turn, 4, 11 if turn % 2 else 20)
        with torch.autocast("cuda", torch.bfloat16) if half else nullcontext():
            scores, gradients = passed(replayed, one, batch)
        with torch.autocast("cuda", torch.bfloat16) if half else nullcontext():
            expected, expected_gradients = passed(one, one, batch)
        assert scores == pytest.approx(expected, abs=near)
        assert gradients.keys() == expected_gradients.keys()
        for name, value in gradients.items():
            scale = max(float(np.abs(expected_gradients[name]).max()), 1e-3)
            assert np.abs(value - expected_gradients[name]).max() <= near * scale, name
        with torch.no_grad():
            one.head.weight += 0.01
    assert replayed.refused or len(replayed._passes) == 2


@on_a_gpu
def test_what_is_common_is_recorded(tmp_path: Path) -> None:
    one = network(tmp_path, "bert")
    replayed = graphs.Replayed(one, 0, 32)
    for rows, width in ((4, 9), (4, 16), (2, 9), (4, 12)):
        passed(replayed, one, drawn(1, rows, width))
    assert replayed.refused == ""
    assert list(replayed._passes) == [(4, 16)]


@on_a_gpu
def test_dropout_is_drawn_anew_at_each_replay(tmp_path: Path) -> None:
    one = network(tmp_path, "bert")
    one.dropout.p = 0.5
    replayed = graphs.Replayed(one, 0, 32)
    found = [passed(replayed, one, drawn(1, 4, 16))[0] for _ in range(4)]
    assert len({each.tobytes() for each in found}) == 4


@on_a_gpu
@pytest.mark.parametrize("terms", [{}, {"adversarial": 0.5}], ids=["plain", "adversarial"])
def test_a_training_learns_the_same(terms: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    learned = []
    for replays in (False, True):
        one, data = ready(regularization=Regularization(dropout=0.0, **terms), epochs=4, learning_rate=1e-2)
        for module in one.network.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        with monkeypatch.context() as patch:
            if not replays:
                patch.setattr(training.Training, "_replayed", lambda self: self.network)
            one.run(data, data)
        learned.append(one.network.cpu().state_dict())
    for name, value in learned[0].items():
        assert learned[1][name].numpy() == pytest.approx(value.numpy(), abs=1e-4), name


@on_a_gpu
def test_what_cannot_be_recorded_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = network(tmp_path, "bert")
    compute = Network.compute

    def looks(self: Network, *inputs: Any) -> Any:
        float(inputs[0].sum())
        return compute(self, *inputs)

    monkeypatch.setattr(Network, "compute", looks)
    replayed = graphs.Replayed(one, 0, 32)
    found = [passed(replayed, one, drawn(1, 4, 16))[0] for _ in range(4)]
    assert replayed.refused
    for each in found[1:]:
        assert each == pytest.approx(found[0], abs=1e-5)


def test_more_padding_changes_no_score_and_what_is_large_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "MAX_WEIGHTS", 1)
    one = network(tmp_path, "bert")
    replayed = graphs.Replayed(one, 0, 18)
    for turn, width in enumerate((11, 11, 17, 11)):
        batch = drawn(turn, 4, width)
        assert passed(replayed, one, batch)[0] == pytest.approx(passed(one, one, batch)[0], abs=1e-5)
    assert replayed.refused == "it is large enough to keep a GPU busy, and its recordings take memory"
    assert not replayed._passes


def test_on_a_processor_nothing_is_replayed(tmp_path: Path) -> None:
    assert ready()[0].replays == (device().type == "cuda")
    assert not ready(regularization=Regularization(r_drop=1.0))[0].replays
    path = tiny_models.write(tmp_path, "bert")
    rows = Labelled([Example("good plan"), Example("bad plan")] * 8, np.array([0, 1] * 8))
    fitted = encoder(checkpoint=path, max_tokens=16, batch_size=4, epochs=2, labels=PAIR, seed=1)
    fitted.fit(rows)
    assert np.isfinite(fitted.predict_proba(rows.examples)).all()


@pytest.mark.parametrize(
    ("length", "most", "expected"), [(1, 128, 8), (8, 128, 8), (9, 128, 16), (121, 126, 126)]
)
def test_rows_are_padded_to_few_lengths(length: int, most: int, expected: int) -> None:
    assert graphs.stepped(np.array([length]), most).tolist() == [expected]
