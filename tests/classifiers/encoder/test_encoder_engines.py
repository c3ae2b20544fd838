"""Fast engines beside the exact one: every architecture, every way in which one may fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder import load
from harness.classifiers.encoder.engines import agreement as judging
from harness.classifiers.encoder.engines import choice, record
from harness.classifiers.encoder.engines.computing import OnnxEngine, TorchEngine
from harness.classifiers.protocol import Accelerated, Example, Labelled
from harness.values.errors import ClassifierError, HarnessWarning
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models
from tests.classifiers.conftest import Saving

PAIR = LabelSet(("critical", "supportive"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)
GRAPHS = ("fp32.onnx", "int8.onnx", "model.safetensors")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of its own, and a processor that has every instruction."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "multiplies", lambda name: True)


@pytest.fixture
def folder(saved: Saving, tmp_path: Path) -> Path:
    """One of them, to damage."""
    return Path(shutil.copytree(saved(), tmp_path / "model"))


def offers(path: Path) -> dict[Any, Any]:
    found = record.read(path)
    assert found is not None
    return dict(found.offers)


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_every_architecture_is_served_by_every_engine(
    architecture: str, saved: Saving, worded: Labelled
) -> None:
    path = saved(architecture)
    assert sorted(offers(path)) == ["bf16", "int8"], record.read(path)
    exact = load(path, PAIR).predict_proba(worded.examples)
    for name in ("bf16", "int8"):
        one = load(path, PAIR)
        assert isinstance(one, Accelerated)
        one.use(name)
        fast = one.predict_proba(worded.examples)
        assert (fast.argmax(axis=1) == exact.argmax(axis=1)).all()
        assert fast == pytest.approx(exact, abs=0.05)
        assert not np.array_equal(fast, exact)


@pytest.mark.parametrize("pooling", ["cls", "mean", "target"])
def test_the_graph_computes_what_it_was_exported_from(pooling: str, saved: Saving, worded: Labelled) -> None:
    path = saved(pooling=pooling, target="pair")
    one = load(path, PAIR)
    absent = [Example("the plan was bad", "varna"), Example("", "varna"), Example("x", "varna")]
    examples = [*worded.examples, *absent]
    exact = one.predict_proba(examples)
    one._service._made["int8"] = OnnxEngine(path / "fp32.onnx")
    one.use("int8")
    assert one.predict_proba(examples) == pytest.approx(exact, abs=1e-5)


def test_several_labels_at_once(saved: Saving, worded: Labelled) -> None:
    path = saved(labels=FRAMES)
    one, other = load(path, FRAMES), load(path, FRAMES)
    other.use("int8")
    assert other.predict_proba(worded.examples) == pytest.approx(one.predict_proba(worded.examples), abs=0.05)


@pytest.mark.parametrize("engine", ["fp32", "bf16", "int8"])
def test_labels_do_not_depend_on_batch_or_order(engine: str, saved: Saving, worded: Labelled) -> None:
    one = load(saved(), PAIR)
    one.use(engine)
    whole = one.predict_proba(worded.examples)
    backwards = one.predict_proba(list(reversed(worded.examples)))[::-1]
    alone = np.concatenate([one.predict_proba([each]) for each in worded.examples])
    # 16 bits round sums that are added up in another order a little differently.
    close = {"fp32": 1e-6, "bf16": 5e-3, "int8": 5e-3}[engine]
    assert whole == pytest.approx(backwards, abs=close)
    assert whole == pytest.approx(alone, abs=close)
    assert (whole.argmax(axis=1) == alone.argmax(axis=1)).all()


@pytest.mark.parametrize("engine", ["fp32", "bf16", "int8"])
def test_any_text_is_read(engine: str, saved: Saving) -> None:
    one = load(saved(), PAIR)
    one.use(engine)
    texts = ["", "x", " ", "\x00\ud800 \udfff", "🙂 \u202e مرحبا", "a" * 100_000, "good bad " * 11_112]
    assert np.isfinite(one.predict_proba([Example(text, "varna") for text in texts])).all()
    assert one.predict_proba([]).shape == (0, 2)


@pytest.mark.parametrize("words", [0, 10, 11, 12, 5_000])
def test_a_target_beyond_the_cut_is_in_the_window(words: int, saved: Saving) -> None:
    """32 tokens are read, so that without a window a target after some 25 words would be lost."""
    one = load(saved(pooling="target", target="pair"), PAIR)
    before, after = "good " * words, " bad" * 50
    text = f"{before}varna{after}"
    span = (len(before), len(before) + 5)
    rows = one.tokenizer_([Example(text, "varna", (span,))])
    assert rows.lengths[0] <= 32
    assert rows.targets[0].sum() == 1


def test_parties_of_one_sentence_share_a_pass(saved: Saving, monkeypatch: pytest.MonkeyPatch) -> None:
    one = load(saved(pooling="target", target="pair"), PAIR)
    text = "varna attacked varna ."
    first, second = (Example(text, "varna", (span,)) for span in ((0, 5), (15, 20)))
    passed: list[tuple[int, int]] = []
    plain = TorchEngine.scores
    monkeypatch.setattr(
        TorchEngine,
        "scores",
        lambda self, batch: (passed.append((len(batch.tokens), len(batch.rows))), plain(self, batch))[1],
    )
    together = one.predict_proba([first, second])
    assert passed == [(1, 2)]
    apart = np.concatenate([one.predict_proba([first]), one.predict_proba([second])])
    assert together == pytest.approx(apart, abs=1e-6)
    assert not np.allclose(together[0], together[1])


# Judging


def test_weights_that_go_by_two_names_are_packed(folder: Path, worded: Labelled, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.hardlink_to(folder / "model.safetensors")
    found = load(folder, PAIR).accelerate(folder, worded.examples, worded)
    assert "refused" not in found["int8"]
    assert sorted(offers(folder)) == ["bf16", "int8"]
    assert other.read_bytes() == (folder / "model.safetensors").read_bytes()
    assert not list(folder.glob("*.copy"))


def refused(folder: Path, worded: Labelled) -> Any:
    found = load(folder, PAIR).accelerate(folder, worded.examples, worded)
    assert not (folder / "int8.onnx").exists()
    assert not (folder / "fp32.onnx").exists()
    return found["int8"]["refused"]


def test_a_quantization_that_is_off_is_refused_and_the_model_served_exactly(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = OnnxEngine.scores
    monkeypatch.setattr(OnnxEngine, "scores", lambda self, batch: -plain(self, batch))
    assert refused(folder, worded).startswith("the exported graph computes something else: it is off by ")
    with pytest.raises(ClassifierError, match="^the engine int8 cannot serve this model: the exported graph"):
        load(folder, PAIR).use("int8")
    load(folder, PAIR).use("auto")


def test_an_engine_with_other_labels_is_refused(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MAX_DIFFERENT", -1.0)
    assert refused(folder, worded) == "0.0% of 60 rows got another label, more than -100.0%"


def test_without_rows_to_judge_by_there_is_fp32_alone(folder: Path, worded: Labelled) -> None:
    found = load(folder, PAIR).accelerate(folder, worded.examples, Labelled([], worded.codes[:0]))
    assert found == {
        name: {"refused": "there are no held-out rows to judge it on"} for name in ("bf16", "int8")
    }


def test_without_the_packages_there_is_fp32_alone(
    folder: Path, worded: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    one = load(folder, PAIR)
    one.use("auto")
    with pytest.warns(HarnessWarning, match="the engine int8 failed, fp32 takes over: the engine int8 needs"):
        proba = one.predict_proba(worded.examples)
    exact = load(folder, PAIR)
    assert proba.tobytes() == exact.predict_proba(worded.examples).tobytes()
    assert (
        refused(folder, worded) == "the engine int8 needs the package 'onnxruntime': pip install onnxruntime"
    )


# Damage


def test_damaged_files_are_refused(folder: Path, worded: Labelled) -> None:
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(ClassifierError, match=r"model\.safetensors: its weights cannot be read: "):
        load(folder, PAIR)
    file.write_bytes(whole)
    (folder / "engines.json").write_text('{"weights": 1}')
    with pytest.raises(ClassifierError, match=r"engines\.json: cannot be read: "):
        load(folder, PAIR)


def test_nan_weights_are_refused_when_they_are_read(folder: Path, worded: Labelled) -> None:
    from safetensors.numpy import load_file, save_file

    file = folder / "model.safetensors"
    weights = load_file(file)
    weights["head.bias"][0] = float("nan")
    save_file(weights, file)
    with pytest.raises(ClassifierError, match="its weights hold NaN or infinity, first in head.bias"):
        load(folder, PAIR).predict_proba(worded.examples)


def test_int8_is_served_without_torch(saved: Saving, worded: Labelled) -> None:
    """It takes seconds to import, and most of a short run would be spent on it."""
    code = f"""
import sys
from pathlib import Path
from harness.classifiers.encoder import load
from harness.classifiers.encoder.engines import choice
from harness.classifiers.protocol import Example
from harness.values.labels import LabelSet
choice.multiplies = lambda name: True
one = load(Path({str(saved())!r}), LabelSet({PAIR.names!r}))
one.use("int8")
print(one.predict_proba([Example("varna won", "varna", ((0, 5),))]).shape)
print(sorted({{"torch", "transformers", "sklearn"}} & set(sys.modules)))
"""
    top = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["(1, 2)", "[]"], done.stderr


def test_nothing_saved_is_code_or_pickle(saved: Saving) -> None:
    names = {path.name for path in saved().iterdir()}
    assert {"engines.json", *GRAPHS} < names
    assert {Path(name).suffix for name in names} == {".json", ".onnx", ".safetensors"}
    data = json.loads((saved() / "engines.json").read_text())
    assert sorted(data) == ["files", "offers", "padding", "refused", "weights"]
    assert data["files"] == {name: record.digest(saved() / name) for name in GRAPHS}
