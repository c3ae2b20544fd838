"""An encoder as a whole: what it learns, saves, reads and refuses."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.classifiers.encoder import encoder, load
from harness.classifiers.encoder.options import Regularization, Schedule
from harness.classifiers.protocol import Classifier, Example, Labelled, Saveable, Traced
from harness.values.errors import ClassifierError
from harness.values.labels import STANCE, LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_models.write(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def data() -> Labelled:
    """The verb tells the label."""
    rows = [
        (Example(f"the {a} {verb} varna {b} .", "varna"), code)
        for a in ("minister", "league", "union")
        for b in ("again", "on the hill", "in a plan")
        for verb, code in (("attacked", 0), ("praised", 1))
    ]
    spanned = [
        dataclasses.replace(example, spans=((example.text.index("varna"), example.text.index("varna") + 5),))
        for example, _ in rows
    ]
    return Labelled(spanned, np.array([code for _, code in rows]))


@pytest.fixture(scope="module")
def make(checkpoint: str) -> Callable[..., Any]:
    def model(**options: Any) -> Any:
        defaults = {"checkpoint": checkpoint, "epochs": 2, "max_tokens": 32, "batch_size": 4, "labels": PAIR}
        return encoder(**{**defaults, "learning_rate": 1e-3, "seed": 1, **options})

    return model


@pytest.fixture(scope="module")
def fitted(make: Callable[..., Any], data: Labelled) -> Any:
    model = make(epochs=6, learning_rate=1e-2, regularization=Regularization(dropout=0.0))
    model.fit(data, data)
    return model


def test_it_follows_the_protocol(fitted: Any) -> None:
    assert isinstance(fitted, Classifier)
    assert isinstance(fitted, Saveable)
    assert isinstance(fitted, Traced)
    assert not fitted.deterministic


def test_it_learns(fitted: Any, data: Labelled) -> None:
    proba = fitted.predict_proba(data.examples)
    assert proba.shape == (18, 2)
    assert proba.sum(axis=1) == pytest.approx(np.ones(18), abs=1e-12)
    assert (proba.argmax(axis=1) == data.codes).all()


def test_curves_have_one_entry_an_epoch(fitted: Any) -> None:
    assert len(fitted.curves_) == 6
    assert all(
        list(epoch) == ["train_loss", "validation_loss", "validation_f1_macro"] for epoch in fitted.curves_
    )
    assert fitted.curves_[-1]["train_loss"] < fitted.curves_[0]["train_loss"]


def test_without_validation_rows_curves_hold_the_training_loss(
    make: Callable[..., Any], data: Labelled
) -> None:
    model = make(epochs=1)
    model.fit(data)
    assert [list(epoch) for epoch in model.curves_] == [["train_loss"]]


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_every_architecture_is_fitted_saved_and_read(
    architecture: str, tmp_path: Path, make: Callable[..., Any], data: Labelled
) -> None:
    model = make(
        checkpoint=tiny_models.write(tmp_path / "from", architecture),
        epochs=1,
        pooling="cls_target",
    )
    model.fit(data, data)
    folder = tmp_path / "to"
    folder.mkdir()
    assert model.save(folder) == "harness.classifiers.encoder:load"
    again = load(folder, PAIR)
    assert again.predict_proba(data.examples).tobytes() == model.predict_proba(data.examples).tobytes()


@pytest.mark.parametrize("pooling", ["cls", "mean", "target", "cls_target"])
@pytest.mark.parametrize("target", ["marked", "masked", "pair", "marked_pair"])
def test_every_pooling_reads_every_view(
    target: str, pooling: str, make: Callable[..., Any], data: Labelled
) -> None:
    model = make(target=target, pooling=pooling, epochs=1)
    model.fit(Labelled(data.examples[:6], data.codes[:6]))
    unnamed = [Example("the plan was bad .", "varna"), Example("", "varna")]
    assert np.isfinite(model.predict_proba([*data.examples, *unnamed])).all()


@pytest.mark.parametrize("pooling", ["cls", "mean", "target", "cls_target"])
def test_blind_to_the_target_every_pooling_reads_the_sentence(
    pooling: str, make: Callable[..., Any], data: Labelled
) -> None:
    model = make(target="none", pooling=pooling, epochs=1)
    model.fit(Labelled(data.examples[:6], data.codes[:6]))
    same = [dataclasses.replace(data.examples[0], target=name, spans=()) for name in ("varna", "union", None)]
    proba = model.predict_proba(same)
    assert proba[0].tobytes() == proba[1].tobytes() == proba[2].tobytes()


def test_target_pooling_tells_two_mentions_apart(make: Callable[..., Any], data: Labelled) -> None:
    model = make(target="pair", pooling="target", epochs=1)
    model.fit(data)
    text = "varna attacked varna ."
    first, second = (Example(text, "varna", (span,)) for span in ((0, 5), (15, 20)))
    proba = model.predict_proba([first, second])
    assert not np.allclose(proba[0], proba[1])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_same_seed_same_bytes_whatever_torch_drew_before(
    precision: str, make: Callable[..., Any], data: Labelled
) -> None:
    probas = []
    for before in (3, 4):
        torch.manual_seed(before)
        model = make(precision=precision, epochs=1)
        model.fit(data, data)
        probas.append(model.predict_proba(data.examples).tobytes())
    assert probas[0] == probas[1]


def test_another_seed_gives_another_model(make: Callable[..., Any], data: Labelled) -> None:
    probas = []
    for seed in (1, 2):
        model = make(seed=seed, epochs=1)
        model.fit(data)
        probas.append(model.predict_proba(data.examples).tobytes())
    assert probas[0] != probas[1]


def test_fitting_restores_the_random_streams_of_torch(make: Callable[..., Any], data: Labelled) -> None:
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    make(epochs=1).fit(data)
    assert torch.rand(3).equal(expected)


def test_probabilities_do_not_depend_on_order_or_batch(fitted: Any, data: Labelled) -> None:
    together = fitted.predict_proba(data.examples)
    backwards = fitted.predict_proba(list(reversed(data.examples)))[::-1]
    single = np.concatenate([fitted.predict_proba([example]) for example in data.examples])
    assert together == pytest.approx(backwards, abs=1e-6)
    assert together == pytest.approx(single, abs=1e-6)


def test_equal_examples_are_computed_once(
    fitted: Any, data: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    original = fitted.tokenizer_
    monkeypatch.setattr(fitted, "tokenizer_", lambda some: (calls.append(len(some)), original(some))[1])
    monkeypatch.setattr(fitted.tokenizer_, "backend", original.backend, raising=False)
    first, second = data.examples[:2]
    proba = fitted.predict_proba([first, second, first, first])
    assert calls == [2]
    assert proba.tobytes() == proba[[0, 1, 0, 0]].tobytes()


def test_a_multi_label_task_is_learned(make: Callable[..., Any], data: Labelled) -> None:
    codes = np.stack([data.codes, np.ones_like(data.codes)], axis=1)
    texts = [Example(example.text) for example in data.examples]
    model = make(labels=FRAMES, target="none", pooling="mean", epochs=15, learning_rate=1e-2)
    model.fit(Labelled(texts, codes), Labelled(texts, codes))
    proba = model.predict_proba(texts)
    assert proba.shape == (18, 2)
    assert (FRAMES.decide(proba) == codes).all()
    assert max(epoch["validation_f1_macro"] for epoch in model.curves_) == 1.0


def test_any_text_is_read(fitted: Any) -> None:
    texts = ["", "x", " ", "\x00\ud800 \udfff", "🙂 \u202e مرحبا", "a" * 100_000, "good bad " * 10_000]
    proba = fitted.predict_proba([Example(text, "varna") for text in texts])
    assert proba.shape == (7, 2)
    assert np.isfinite(proba).all()
    assert fitted.predict_proba([]).shape == (0, 2)


def test_use_before_fit_is_refused(make: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"\bfit\b"):
        make().predict_proba([Example("good")])
    with pytest.raises(ClassifierError, match=r"\bfit\b"):
        make().save(tmp_path)


def test_divergence_is_refused(make: Callable[..., Any], data: Labelled) -> None:
    model = make(learning_rate=1e30, precision="fp32", schedule=Schedule(warmup=0.0))
    with pytest.raises(ClassifierError, match=r"nan .*epoch 1: .*learning_rate"):
        model.fit(data)


@pytest.mark.parametrize("limit", [64, 65])
def test_rows_longer_than_the_positions_are_refused(
    limit: int, make: Callable[..., Any], data: Labelled, tmp_path: Path
) -> None:
    # RoBERTa counts from the padding token (0) on: of 66 positions 65 are left.
    path = tiny_models.write(tmp_path, "roberta")
    make(checkpoint=path, epochs=1, max_tokens=limit).fit(data)
    with pytest.raises(ClassifierError, match=r"65 .*max_tokens .*66") as caught:
        make(checkpoint=path, max_tokens=66).fit(data)
    assert path in str(caught.value)


def test_damaged_weights_are_refused(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    file = tmp_path / "model.safetensors"
    intact = file.read_bytes()
    file.write_bytes(intact[: len(intact) // 2])
    with pytest.raises(ClassifierError, match=r"model\.safetensors: "):
        load(tmp_path, PAIR)
    file.write_bytes(intact)
    weights = load_file(file)
    weights["head.bias"][0] = float("nan")
    save_file(weights, file)
    with pytest.raises(ClassifierError, match=r"NaN .* head\.bias") as caught:
        load(tmp_path, PAIR)
    assert str(caught.value).startswith(f"{file}: ")
    file.unlink()
    with pytest.raises(ClassifierError, match=r"model\.safetensors: "):
        load(tmp_path, PAIR)


def test_a_folder_of_something_else_is_refused(fitted: Any, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"encoder\.json: "):
        load(tmp_path, PAIR)
    fitted.save(tmp_path)
    with pytest.raises(ClassifierError, match=r"\b2\b.* 3$"):
        load(tmp_path, STANCE)


def test_a_model_that_was_trained_with_weight_averaging_is_read(
    fitted: Any, data: Labelled, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    settings = json.loads((tmp_path / "encoder.json").read_text())
    settings["options"]["regularization"]["ema"] = 0.995
    (tmp_path / "encoder.json").write_text(json.dumps(settings))
    again = load(tmp_path, PAIR)
    assert again.options == fitted.options
    assert again.predict_proba(data.examples).tobytes() == fitted.predict_proba(data.examples).tobytes()


def test_nothing_saved_is_code_or_pickle(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
