"""One encoder, two heads: what it learns of each task, what it saves, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.classifiers.encoder.joint import JointEncoder, joint_encoder, load
from harness.classifiers.encoder.losses import loss_for
from harness.classifiers.encoder.objectives import OneTask, TwoTasks
from harness.classifiers.encoder.options import Options, Regularization
from harness.classifiers.encoder.prediction import device
from harness.classifiers.protocol import Example, Labelled
from harness.values.catalog import bind
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import STANCE, LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)
PLAIN = Regularization(dropout=0.0, label_smoothing=0.0)
VERBS = {"attacked": (0, (1, 0)), "praised": (1, (0, 1))}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_models.write(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def both() -> Labelled:
    """The verb tells the stance toward the target, and the frames of the sentence."""
    texts = [
        (f"the {who} {verb} varna {end} .", *labels)
        for who in ("minister", "league", "union")
        for end in ("again", "on the hill", "in a plan")
        for verb, labels in VERBS.items()
    ]
    spans = [((text.index("varna"), text.index("varna") + 5),) for text, *_ in texts]
    stance = [Example(text, "varna", span) for (text, *_), span in zip(texts, spans, strict=True)]
    frames = Labelled([Example(text) for text, *_ in texts], np.array([codes for *_, codes in texts]))
    return Labelled(stance, np.array([code for _, code, _ in texts]), frames)


@pytest.fixture(scope="module")
def options(checkpoint: str) -> Options:
    return Options(
        checkpoint=checkpoint, epochs=6, max_tokens=32, batch_size=4, learning_rate=1e-2, regularization=PLAIN
    )


@pytest.fixture(scope="module")
def fitted(options: Options, both: Labelled) -> JointEncoder:
    model = joint_encoder(encoder=options, labels=PAIR, other_labels=FRAMES, seed=1)
    model.fit(both, both)
    return model


def test_both_tasks_are_learned(fitted: JointEncoder, both: Labelled, tmp_path: Path) -> None:
    assert fitted.predict_proba(both.examples).argmax(axis=1).tolist() == both.codes.tolist()
    fitted.save(tmp_path)
    frames = load(tmp_path, FRAMES)
    assert both.other_task is not None
    proba = frames.predict_proba(both.other_task.examples)
    assert (proba >= 0.5).astype(int).tolist() == both.other_task.codes.tolist()
    assert set(fitted.curves_[-1]) == {
        *("train_loss", "validation_loss", "validation_f1_macro"),
        *("validation_f1_macro_1", "validation_f1_macro_2"),
    }
    last = fitted.curves_[-1]
    assert last["validation_f1_macro"] == pytest.approx(
        (last["validation_f1_macro_1"] + last["validation_f1_macro_2"]) / 2
    )


def test_a_saved_model_labels_either_task_and_no_other(
    fitted: JointEncoder, both: Labelled, tmp_path: Path
) -> None:
    assert fitted.save(tmp_path) == "harness.classifiers.encoder.joint:load"
    again = load(tmp_path, PAIR)
    assert again.predict_proba(both.examples).tobytes() == fitted.predict_proba(both.examples).tobytes()
    again.save(tmp_path)
    assert load(tmp_path, FRAMES).labels == FRAMES
    with pytest.raises(ClassifierError) as caught:
        load(tmp_path, STANCE)
    assert str(tmp_path / "joint.json") in str(caught.value)
    assert str(caught.value).endswith(", ".join(STANCE.names))


@pytest.mark.parametrize("lacking", ["rows", "labels"])
def test_a_corpus_labelled_for_one_task_is_refused(lacking: str, options: Options, both: Labelled) -> None:
    other_labels = None if lacking == "labels" else FRAMES
    rows = replace(both, other_task=None) if lacking == "rows" else both
    model = joint_encoder(encoder=options, labels=PAIR, other_labels=other_labels, seed=1)
    with pytest.raises(ClassifierError, match=r"\bjoint\b"):
        model.fit(rows)


def test_a_model_that_is_not_fitted_is_refused(options: Options, both: Labelled) -> None:
    model = joint_encoder(encoder=options, labels=PAIR, other_labels=FRAMES, seed=1)
    with pytest.raises(ClassifierError, match=r"\bfit\b"):
        model.predict_proba(both.examples)


def test_options_out_of_range_are_reported(checkpoint: str) -> None:
    bound = bind(
        "classifier", "joint_encoder", {"weight": 0.0, "encoder": {"epochs": 0, "checkpoint": checkpoint}}
    )
    with pytest.raises(ConfigError) as caught:
        bound.make(labels=PAIR, seed=1)
    assert [problem.where for problem in caught.value.problems] == ["weight", "encoder.epochs"]
    with pytest.raises(ConfigError) as caught:
        bind("classifier", "joint_encoder", {"encoder": {"epoch": 1}})
    (problem,) = caught.value.problems
    assert problem.where == "encoder.epoch"
    assert "'epochs'" in problem.hint


def tensors(tasks: TwoTasks, codes: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    return torch.randn(len(codes), len(tasks.outputs)).to(device()), torch.from_numpy(codes).to(device())


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_the_loss_is_that_of_each_task_on_its_own_rows(both: Labelled, weight: float) -> None:
    tasks = TwoTasks(PAIR, FRAMES, weight)
    assert both.other_task is not None
    stacked = tasks.stack(both, both.other_task)
    assert stacked.codes.shape == (36, 4)
    raw, truth = tensors(tasks, stacked.codes)
    loss = tasks.loss(stacked.codes, PLAIN)
    separate = [
        loss_for(labels, codes, PLAIN).total(raw[rows][:, span], torch.from_numpy(codes).to(device()))
        for labels, codes, rows, span in (
            (PAIR, both.codes, slice(0, 18), slice(0, 2)),
            (FRAMES, both.other_task.codes, slice(18, 36), slice(2, 4)),
        )
    ]
    # Each frame weighs as much as a stance: those of a row are added up.
    assert float(loss.total(raw, truth)) == pytest.approx(float(separate[0] + weight * separate[1]), rel=1e-5)
    assert loss.mass(stacked.codes) == 36


def test_rows_of_one_task_alone_have_a_loss(both: Labelled) -> None:
    tasks = TwoTasks(PAIR, FRAMES, 1.0)
    stacked = tasks.stack(both, both.other_task)
    raw, truth = tensors(tasks, stacked.codes)
    loss = tasks.loss(stacked.codes, PLAIN)
    halves = [float(loss.total(raw[rows], truth[rows])) for rows in (slice(0, 18), slice(18, 36))]
    assert sum(halves) == pytest.approx(float(loss.total(raw, truth)), rel=1e-5)


def test_validation_metrics_are_means_over_both_tasks(both: Labelled) -> None:
    tasks = TwoTasks(PAIR, FRAMES, 1.0)
    assert both.other_task is not None
    stacked = tasks.stack(both, both.other_task)
    raw = tensors(tasks, stacked.codes)[0].double().cpu().numpy()
    stance = OneTask(PAIR).validation_metrics(raw[:18, :2], both.codes)
    frames = OneTask(FRAMES).validation_metrics(raw[18:, 2:], both.other_task.codes)
    metrics = tasks.validation_metrics(raw, stacked.codes)
    for key in ("validation_loss", "validation_f1_macro"):
        assert metrics[key] == pytest.approx((stance[key] + frames[key]) / 2)
    assert metrics["validation_f1_macro_2"] == frames["validation_f1_macro"]
    # Without rows of the second task they are the first one's.
    assert tasks.validation_metrics(raw[:18], stacked.codes[:18]) == stance


def test_the_divergence_is_that_of_both_heads() -> None:
    tasks = TwoTasks(PAIR, FRAMES, 2.0)
    first, second = torch.randn(3, 4), torch.randn(3, 4)
    assert tasks.divergence(first, first).abs().max() < 1e-6
    expected = OneTask(PAIR).divergence(first[:, :2], second[:, :2]) + 2 * OneTask(FRAMES).divergence(
        first[:, 2:], second[:, 2:]
    )
    assert torch.allclose(tasks.divergence(first, second), expected)
