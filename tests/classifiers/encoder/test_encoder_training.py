"""The steps of a training: which epoch is kept, the rate, the terms of the loss."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.encoder import optimization, training
from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.encoder.losses import divergence
from harness.classifiers.encoder.objectives import OneTask
from harness.classifiers.encoder.options import Options, Regularization, Schedule
from harness.classifiers.encoder.prediction import device
from harness.classifiers.protocol import Example
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
NONE = Regularization(label_smoothing=0.0)


def ready(**options: Any) -> tuple[training.Training, training.TrainingData]:
    from transformers import BertConfig, BertModel

    from harness.classifiers.encoder.network import Network

    torch.manual_seed(0)
    size = len(tiny_models.SPECIAL) + len(tiny_models.WORDS)
    config = BertConfig(
        vocab_size=size, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    network = Network(BertModel(config), "cls", 2, 0.0).to(device())
    tokenizer = Tokenizer(tiny_models.tokenizer(), "none", 16)
    rows = tokenizer([Example("good plan"), Example("bad plan")] * 4)
    settings = Options(**{"epochs": 3, "batch_size": 4, "precision": "fp32", **options})
    return training.Training(network, settings, OneTask(PAIR), 1, 0), training.TrainingData(
        rows, np.array([0, 1, 0, 0, 0, 1, 0, 1])
    )


@pytest.mark.parametrize(
    ("scores", "best"),
    [((0.5, 0.7, 0.6), 1), ((0.5, 0.7, 0.7), 1), ((0.7, 0.7, 0.7), 0), ((0.1, 0.2, 0.3), 2)],
)
def test_the_best_epoch_is_kept_and_of_two_that_tie_the_earlier(
    scores: tuple[float, ...], best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, data = ready()
    by_epoch: list[torch.Tensor] = []

    def scripted(_: Any, validation: Any) -> dict[str, float]:
        by_epoch.append(run.network.head.weight.detach().clone())
        return {"validation_loss": 0.0, "validation_f1_macro": scores[len(by_epoch) - 1]}

    monkeypatch.setattr(training.Training, "_validate", scripted)
    run.run(data, data)
    assert run.network.head.weight.equal(by_epoch[best])
    assert not by_epoch[0].equal(by_epoch[1])


def test_the_rate_rises_and_falls_in_a_line() -> None:
    run, _ = ready(schedule=Schedule(warmup=0.2), learning_rate=1.0)
    optimizer, schedule = optimization.make_optimizer(run.network, run.options, 10)
    rates: list[float] = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    # 2 of 10 steps up; then 8 down to 0, which is reached after the last.
    assert rates == pytest.approx([1 / 2, 1, *(steps / 8 for steps in (8, 7, 6, 5, 4, 3, 2, 1))])


def test_biases_and_normalizations_do_not_decay() -> None:
    run, _ = ready()
    optimizer, _ = optimization.make_optimizer(run.network, run.options, 10)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len([*run.network.parameters()])
    for group in optimizer.param_groups:
        assert {parameter.ndim > 1 for parameter in group["params"]} == {group["weight_decay"] > 0}


def test_divergence_is_none_between_equals_and_symmetric() -> None:
    even = torch.tensor([[0.0, 0.0]])
    odd = torch.tensor([[math.log(3), 0.0]])
    assert divergence(even, even, False).item() == 0.0
    # Of (1/2, 1/2) and (3/4, 1/4): ½ (½ ln ⅔ + ½ ln 2 + ¾ ln 3/2 + ¼ ln ½) = ½ · ¼ ln 3
    for pair in ((even, odd), (odd, even)):
        assert divergence(*pair, False).item() == pytest.approx(math.log(3) / 8)
    # One label of several is such a pair of probabilities.
    assert divergence(even[:, :1], odd[:, :1], True).item() == pytest.approx(math.log(3) / 8)


@pytest.mark.parametrize(
    "terms",
    [
        replace(NONE, r_drop=1.0),
        replace(NONE, adversarial=0.5),
        replace(NONE, label_smoothing=0.1),
        replace(NONE, class_weights=1.0),
    ],
)
def test_every_term_changes_what_is_learned(terms: Regularization) -> None:
    learned = []
    for regularization in (NONE, terms):
        run, data = ready(regularization=regularization)
        with training.seeded(1):
            run.run(data, None)
        learned.append(run.network.head.weight.detach())
    assert not learned[0].equal(learned[1])


def test_the_adversarial_step_is_taken_back() -> None:
    run, data = ready(regularization=replace(NONE, adversarial=0.5), learning_rate=1e-30)
    embeddings = run.network.body.get_input_embeddings().weight
    before = embeddings.detach().clone()
    run.run(data, None)
    assert embeddings.detach().cpu().numpy() == pytest.approx(before.cpu().numpy(), abs=1e-6)
