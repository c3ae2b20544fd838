"""Fast engines compared with the exact one: every architecture, every way in which an engine may fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import Golden

from harness.classifiers.encoder import load
from harness.classifiers.encoder.engines import acceptance, record
from harness.classifiers.encoder.engines.computing import OnnxEngine, TorchEngine
from harness.classifiers.protocol import Accelerated, Example, Labelled
from harness.values.errors import ClassifierError, HarnessWarning
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models
from tests.classifiers.conftest import EncoderFolder

pytestmark = pytest.mark.usefixtures("every_engine")

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)
FILES = ("fp32.onnx", "int8.onnx", "model.safetensors")


def offers(path: Path) -> dict[Any, Any]:
    engines = record.read(path)
    assert engines is not None
    return dict(engines.offers)


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_every_architecture_is_served_by_every_engine(
    architecture: str, encoder_folder: EncoderFolder, worded: Labelled
) -> None:
    path = encoder_folder(architecture)
    assert sorted(offers(path)) == ["bf16", "int8", "onnx"], record.read(path)
    exact = load(path, PAIR).predict_proba(worded.examples)
    for name, tolerance in (("onnx", 1e-5), ("bf16", 0.05), ("int8", 0.05)):
        model = load(path, PAIR)
        assert isinstance(model, Accelerated)
        model.use(name)
        fast = model.predict_proba(worded.examples)
        assert (fast.argmax(axis=1) == exact.argmax(axis=1)).all()
        assert fast == pytest.approx(exact, abs=tolerance)
        assert not np.array_equal(fast, exact)


@pytest.mark.parametrize("pooling", ["cls", "mean", "target"])
def test_the_graph_computes_what_it_was_exported_from(
    pooling: str, encoder_folder: EncoderFolder, worded: Labelled
) -> None:
    path = encoder_folder(pooling=pooling, target="pair")
    model = load(path, PAIR)
    unnamed = [Example("the plan was bad", "varna"), Example("", "varna"), Example("x", "varna")]
    examples = [*worded.examples, *unnamed]
    exact = model.predict_proba(examples)
    model._service._engines["int8"] = OnnxEngine(path / "fp32.onnx")
    model.use("int8")
    assert model.predict_proba(examples) == pytest.approx(exact, abs=1e-5)


def test_a_multi_label_task_is_served(encoder_folder: EncoderFolder, worded: Labelled) -> None:
    path = encoder_folder(labels=FRAMES)
    exact, fast = load(path, FRAMES), load(path, FRAMES)
    fast.use("int8")
    assert fast.predict_proba(worded.examples) == pytest.approx(
        exact.predict_proba(worded.examples), abs=0.05
    )


@pytest.mark.parametrize("engine", ["fp32", "onnx", "bf16", "int8"])
def test_labels_do_not_depend_on_batch_or_order(
    engine: str, encoder_folder: EncoderFolder, worded: Labelled
) -> None:
    model = load(encoder_folder(), PAIR)
    model.use(engine)
    together = model.predict_proba(worded.examples)
    backwards = model.predict_proba(list(reversed(worded.examples)))[::-1]
    single = np.concatenate([model.predict_proba([example]) for example in worded.examples])
    # 16 bits round sums that are added up in another order a little differently.
    tolerance = {"fp32": 1e-6, "onnx": 1e-6, "bf16": 5e-3, "int8": 5e-3}[engine]
    assert together == pytest.approx(backwards, abs=tolerance)
    assert together == pytest.approx(single, abs=tolerance)
    assert (together.argmax(axis=1) == single.argmax(axis=1)).all()


@pytest.mark.parametrize("engine", ["fp32", "onnx", "bf16", "int8"])
def test_any_text_is_read(engine: str, encoder_folder: EncoderFolder) -> None:
    model = load(encoder_folder(), PAIR)
    model.use(engine)
    texts = ["", "x", " ", "\x00\ud800 \udfff", "🙂 \u202e مرحبا", "a" * 100_000, "good bad " * 11_112]
    assert np.isfinite(model.predict_proba([Example(text, "varna") for text in texts])).all()
    assert model.predict_proba([]).shape == (0, 2)


@pytest.mark.parametrize("words", [0, 10, 11, 12, 5_000])
def test_a_target_beyond_the_cut_is_in_the_window(words: int, encoder_folder: EncoderFolder) -> None:
    """32 tokens are read, so that without a window a target after some 25 words would be lost."""
    model = load(encoder_folder(pooling="target", target="pair"), PAIR)
    before, after = "good " * words, " bad" * 50
    text = f"{before}varna{after}"
    span = (len(before), len(before) + 5)
    rows = model.tokenizer_([Example(text, "varna", (span,))])
    assert rows.lengths[0] <= 32
    assert rows.targets[0].sum() == 1


def test_parties_of_one_sentence_share_a_pass(
    encoder_folder: EncoderFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(encoder_folder(pooling="target", target="pair"), PAIR)
    text = "varna attacked varna ."
    first, second = (Example(text, "varna", (span,)) for span in ((0, 5), (15, 20)))
    passes: list[tuple[int, int]] = []
    original = TorchEngine.scores
    monkeypatch.setattr(
        TorchEngine,
        "scores",
        lambda self, batch: (passes.append((len(batch.tokens), len(batch.rows))), original(self, batch))[1],
    )
    together = model.predict_proba([first, second])
    assert passes == [(1, 2)]
    apart = np.concatenate([model.predict_proba([first]), model.predict_proba([second])])
    assert together == pytest.approx(apart, abs=1e-6)
    assert not np.allclose(together[0], together[1])


# Packing


def test_weights_with_a_second_hard_link_are_packed(folder: Path, worded: Labelled, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.hardlink_to(folder / "model.safetensors")
    summary = load(folder, PAIR).accelerate(folder, worded.examples, worded)
    assert "refused" not in summary["int8"]
    assert sorted(offers(folder)) == ["bf16", "int8", "onnx"]
    assert other.read_bytes() == (folder / "model.safetensors").read_bytes()
    assert not list(folder.glob("*.copy"))


def int8_refusal(folder: Path, worded: Labelled) -> str:
    """Pack again; return why int8 was refused."""
    summary = load(folder, PAIR).accelerate(folder, worded.examples, worded)
    assert not (folder / "int8.onnx").exists()
    assert not (folder / "fp32.onnx").exists()
    return str(summary["int8"]["refused"])


def test_an_export_that_is_off_is_refused_and_the_model_served_exactly(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    original = OnnxEngine.scores
    monkeypatch.setattr(OnnxEngine, "scores", lambda self, batch: -original(self, batch))
    reason = int8_refusal(folder, worded)
    golden("classifiers/exported-graph", re.sub(r"\d\S*$", "N", reason))
    model = load(folder, PAIR)
    with pytest.raises(ClassifierError) as caught:
        model.use("int8")
    assert str(caught.value).endswith(reason)
    model.use("auto")
    assert model._service.offered == ["fp32", "bf16"]


def test_an_engine_with_other_labels_is_refused(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "MAX_DIFFERENT", -1.0)
    agreement = offers(folder)["int8"].agreement
    assert int8_refusal(folder, worded) == agreement.problem() != ""


def test_without_rows_to_test_on_there_is_fp32_alone(folder: Path, worded: Labelled) -> None:
    summary = load(folder, PAIR).accelerate(folder, worded.examples, Labelled([], worded.codes[:0]))
    assert {name: list(entry) for name, entry in summary.items()} == {
        "onnx": ["refused"],
        "bf16": ["refused"],
        "int8": ["refused"],
    }
    assert offers(folder) == {}


def test_without_the_package_there_is_fp32_alone(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    model = load(folder, PAIR)
    model.use("auto")
    with pytest.warns(HarnessWarning, match="pip install onnxruntime"):
        proba = model.predict_proba(worded.examples)
    exact = load(folder, PAIR)
    assert proba.tobytes() == exact.predict_proba(worded.examples).tobytes()
    assert int8_refusal(folder, worded).endswith("pip install onnxruntime")


def test_a_graph_that_rounds_otherwise_is_not_served_as_it_is(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = OnnxEngine.scores
    monkeypatch.setattr(OnnxEngine, "scores", lambda self, batch: original(self, batch) + [5e-4, 0])
    summary = load(folder, PAIR).accelerate(folder, worded.examples, worded)
    assert "refused" in summary["onnx"]
    # Rounding of that size does not matter to int8, whose probabilities are farther off.
    assert sorted(offers(folder)) == ["bf16", "int8"]


def test_a_model_without_int8_keeps_the_graph_that_it_is_served_by(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.classifiers.encoder.engines import quantization

    def fails(*_: Any) -> None:
        raise ClassifierError("no")

    monkeypatch.setattr(quantization, "quantize", fails)
    load(folder, PAIR).accelerate(folder, worded.examples, worded)
    assert sorted(offers(folder)) == ["bf16", "onnx"]
    assert not (folder / "int8.onnx").exists()
    model = load(folder, PAIR)
    model.use("onnx")
    exact = load(folder, PAIR).predict_proba(worded.examples)
    assert model.predict_proba(worded.examples) == pytest.approx(exact, abs=1e-5)


# Damage


def test_damaged_files_are_refused(folder: Path) -> None:
    file = folder / "model.safetensors"
    intact = file.read_bytes()
    file.write_bytes(intact[:-1])
    with pytest.raises(ClassifierError, match=r"model\.safetensors: "):
        load(folder, PAIR)
    file.write_bytes(intact)
    (folder / "engines.json").write_text('{"weights": 1}')
    with pytest.raises(ClassifierError, match=r"engines\.json is damaged"):
        load(folder, PAIR)


def test_nan_weights_are_refused_when_they_are_read(folder: Path, worded: Labelled) -> None:
    from safetensors.numpy import load_file, save_file

    file = folder / "model.safetensors"
    weights = load_file(file)
    weights["head.bias"][0] = float("nan")
    save_file(weights, file)
    model = load(folder, PAIR)
    with pytest.raises(ClassifierError, match=r"NaN .* head\.bias"):
        model.predict_proba(worded.examples)


@pytest.mark.parametrize("engine", ["onnx", "int8"])
def test_it_is_served_without_torch(engine: str, encoder_folder: EncoderFolder) -> None:
    """It takes seconds to import, and most of a short run would be spent on it."""
    code = f"""
import sys
from pathlib import Path
from harness.classifiers.encoder import load
from harness.classifiers.encoder.engines import choice
from harness.classifiers.protocol import Example
from harness.values.labels import LabelSet
choice.has_instructions_for = lambda name: True
model = load(Path({str(encoder_folder())!r}), LabelSet({PAIR.names!r}))
model.use({engine!r})
print(model.predict_proba([Example("varna won", "varna", ((0, 5),))]).shape)
print(sorted({{"torch", "transformers", "sklearn"}} & set(sys.modules)))
"""
    top = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["(1, 2)", "[]"], done.stderr


def test_nothing_saved_is_code_or_pickle(encoder_folder: EncoderFolder) -> None:
    names = {path.name for path in encoder_folder().iterdir()}
    assert {"engines.json", *FILES} < names
    assert {Path(name).suffix for name in names} == {".json", ".onnx", ".safetensors"}
    data = json.loads((encoder_folder() / "engines.json").read_text())
    assert sorted(data) == ["files", "offers", "padding", "refused", "weights"]
    assert data["files"] == {name: record.digest(encoder_folder() / name) for name in FILES}
