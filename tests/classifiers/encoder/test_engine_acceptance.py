"""When fast probabilities may replace exact ones, and which rates are cached."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.classifiers.encoder.engines import choice, packing
from harness.classifiers.encoder.engines.acceptance import (
    Agreement,
    gaps,
    measure_agreement,
    recompute_below,
)
from harness.classifiers.encoder.engines.computing import NAMES
from harness.classifiers.protocol import Example
from harness.values.labels import LabelSet

PAIR = LabelSet(("critical", "supportive"))
THREE = LabelSet(("a", "b", "c"))
FRAMES = LabelSet(("conflict", "morality"), multi=True)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def test_gaps_between_the_likeliest_labels() -> None:
    proba = np.array([[0.5, 0.1, 0.4], [1.0, 0.0, 0.0]])
    assert gaps(proba, THREE) == pytest.approx([0.1, 1.0])
    assert gaps(np.array([[0.9, 0.45]]), FRAMES) == pytest.approx([0.1])


def test_the_gap_below_which_rows_are_recomputed() -> None:
    """The gap of the likeliest two goes from 0.5 to 0.46, by 0.04; 1.5 times that, less 0.02, is 0.04."""
    exact, fast = np.array([[0.7, 0.2, 0.1]]), np.array([[0.68, 0.22, 0.1]])
    assert recompute_below(exact, fast, THREE) == pytest.approx(0.04)
    # One label moved by 0.02, its gap between yes and no by 0.04.
    assert recompute_below(np.array([[0.7, 0.2]]), np.array([[0.68, 0.2]]), FRAMES) == pytest.approx(0.04)


def test_nothing_is_recomputed_where_probabilities_move_little() -> None:
    """By 0.01 at the most, 0.015 with the margin: no gap that is wider than 0.02 closes."""
    assert recompute_below(np.array([[0.6, 0.4]]), np.array([[0.595, 0.405]]), PAIR) == 0


def test_agreement_is_of_what_is_served() -> None:
    """Of four rows one is narrow and taken from the exact ones, one is wrong by a gap of 0.1."""
    exact = np.array([[0.9, 0.1], [0.2, 0.8], [0.51, 0.49], [0.55, 0.45]])
    fast = np.array([[0.9, 0.1], [0.2, 0.8], [0.495, 0.505], [0.45, 0.55]])
    agreement = measure_agreement(exact, fast, np.array([0, 1, 0, 0]), PAIR, 0.02)
    # Exact: all right, macro-F1 1. Fast: F1 of 2 of 3 found: 0.8, and 2 * 1 / (2 + 1) = 0.667; mean 0.733.
    assert dataclasses.astuple(agreement) == pytest.approx((4, 1, 0.1, 100 - 73.333333, 0.25))


AT_THE_LIMITS = Agreement(1_000, 5, 0.02, 0.2, 0.2)


@pytest.mark.parametrize(
    ("beyond", "numbers"),
    [
        ({"different": 6}, ["0.6%", "1,000", "0.5%"]),
        ({"widest": 0.0201}, ["0.020", "0.02"]),
        ({"lost": 0.3}, ["0.3", "0.2"]),
        ({"again": 0.21}, ["21%", "20%"]),
    ],
)
def test_an_engine_beyond_a_limit_is_refused(beyond: dict[str, float], numbers: list[str]) -> None:
    assert AT_THE_LIMITS.problem() == ""
    problem = dataclasses.replace(AT_THE_LIMITS, **beyond).problem()
    words = problem.replace("%,", "%").split()
    assert [word for word in words if word[0].isdigit() and word not in ("1",)] == numbers


def test_rates_are_cached_by_model_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choice.cached_rates("abc") is None
    choice.cache_rates("abc", {"fp32": 10.04, "int8": 30.0})
    assert choice.cached_rates("abc") == {"fp32": 10.0, "int8": 30.0}
    assert choice.cached_rates("abd") is None
    monkeypatch.setattr(choice, "machine_id", lambda: "another")
    assert choice.cached_rates("abc") is None


@pytest.mark.parametrize("content", ["", "[]", '{"abc on here": 7}', '{"abc on here": {}}'])
def test_a_broken_cache_is_ignored(content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(choice, "machine_id", lambda: "here")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "engines.json").write_text(content)
    assert choice.cached_rates("abc") is None


def test_a_cache_that_cannot_be_written_is_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))
    choice.cache_rates("abc", {"fp32": 1.0})
    assert choice.cached_rates("abc") is None


@pytest.mark.parametrize(("n", "count", "rows"), [(8, 3, [0, 2, 5]), (2, 3, [0, 1]), (0, 3, [])])
def test_rows_are_evenly_spaced(n: int, count: int, rows: list[int]) -> None:
    assert packing.evenly_spaced([Example("good")] * n, count) == rows


def test_the_fastest_is_chosen_and_of_equal_ones_the_first() -> None:
    assert choice.fastest({"fp32": 2.0, "bf16": 3.0, "int8": 1.0}) == "bf16"
    assert choice.fastest({"fp32": 2.0, "bf16": 2.0}) == "fp32"


def supported() -> list[str]:
    return [name for name in NAMES if choice.has_instructions_for(name)]


@pytest.mark.parametrize(
    ("instruction_sets", "engines"),
    [
        (set(), ["fp32", "onnx"]),
        ({"avx2", "avx512f"}, ["fp32", "onnx"]),
        ({"avx512_vnni"}, ["fp32", "onnx", "int8"]),
        ({"avx512_bf16", "avx_vnni"}, ["fp32", "onnx", "bf16", "int8"]),
    ],
)
def test_instruction_sets_decide_what_a_processor_supports(
    instruction_sets: set[str], engines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "instruction_sets", lambda: frozenset(instruction_sets))
    monkeypatch.setattr(choice, "gpus", list)
    assert supported() == engines


def test_a_gpu_supports_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "instruction_sets", frozenset)
    monkeypatch.setattr(choice, "gpus", lambda: ["nvidia0"])
    assert supported() == ["fp32", "onnx", "bf16"]


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_hidden_gpus_do_not_count(hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [self / "nvidia1", self / "nvidia0"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert choice.gpus() == ["nvidia0", "nvidia1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert choice.gpus() == []
