"""When fast probabilities may stand for exact ones, and what is remembered of how fast they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder.engines import choice, packing
from harness.classifiers.encoder.engines.acceptance import Agreement, agreement, gaps, narrow_below
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


def test_what_is_narrow_is_measured() -> None:
    """The gap of the likeliest two goes from 0.5 to 0.46, by 0.04; 1.5 times that, less 0.02, is 0.04."""
    exact, fast = np.array([[0.7, 0.2, 0.1]]), np.array([[0.68, 0.22, 0.1]])
    assert narrow_below(exact, fast, THREE) == pytest.approx(0.04)
    # One label moved by 0.02, its gap between yes and no by 0.04.
    assert narrow_below(np.array([[0.7, 0.2]]), np.array([[0.68, 0.2]]), FRAMES) == pytest.approx(0.04)


def test_what_moves_little_may_differ_where_labels_are_close() -> None:
    """By 0.01 at the most, 0.015 with the margin: no gap that is wider than 0.02 closes."""
    assert narrow_below(np.array([[0.6, 0.4]]), np.array([[0.595, 0.405]]), PAIR) == 0


def test_agreement_is_of_what_is_served() -> None:
    """Of four rows one is narrow and taken from the exact ones, one is wrong by a gap of 0.1."""
    exact = np.array([[0.9, 0.1], [0.2, 0.8], [0.51, 0.49], [0.55, 0.45]])
    fast = np.array([[0.9, 0.1], [0.2, 0.8], [0.495, 0.505], [0.45, 0.55]])
    found = agreement(exact, fast, np.array([0, 1, 0, 0]), PAIR, 0.02)
    # Exact: all right, macro-F1 1. Fast: F1 of 2 of 3 found: 0.8, and 2 * 1 / (2 + 1) = 0.667; mean 0.733.
    assert dataclasses.astuple(found) == pytest.approx((4, 1, 0.1, 100 - 73.333333, 0.25))


FINE = Agreement(1_000, 5, 0.02, 0.2, 0.2)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({}, ""),
        ({"different": 6}, "0.6% of 1,000 rows got another label, more than 0.5%"),
        ({"widest": 0.0201}, "a row whose likeliest labels are 0.020 apart got another, beyond 0.02"),
        ({"lost": 0.3}, "0.3 points of macro-F1 were lost, more than 0.2"),
        ({"again": 0.21}, "21% of rows had to be computed once more, more than 20%"),
    ],
)
def test_what_is_too_far_off_is_refused(change: dict[str, Any], what: str) -> None:
    assert dataclasses.replace(FINE, **change).problem() == what


def test_a_measurement_is_remembered_by_model_and_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choice.remembered("abc") is None
    choice.remember("abc", {"fp32": 10.04, "int8": 30.0})
    assert choice.remembered("abc") == {"fp32": 10.0, "int8": 30.0}
    assert choice.remembered("abd") is None
    monkeypatch.setattr(choice, "processor", lambda: "another")
    assert choice.remembered("abc") is None


@pytest.mark.parametrize("content", ["", "[]", '{"abc on here": 7}', '{"abc on here": {}}'])
def test_a_broken_cache_is_measured_anew(
    content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(choice, "processor", lambda: "here")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "engines.json").write_text(content)
    assert choice.remembered("abc") is None


def test_a_cache_that_cannot_be_written_is_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))
    choice.remember("abc", {"fp32": 1.0})
    assert choice.remembered("abc") is None


@pytest.mark.parametrize(("n", "count", "rows"), [(8, 3, [0, 2, 5]), (2, 3, [0, 1]), (0, 3, [])])
def test_rows_are_taken_from_everywhere(n: int, count: int, rows: list[int]) -> None:
    assert packing.spread(list(range(n)), count) == rows  # type: ignore[arg-type]


def test_the_fastest_is_taken_and_of_equal_ones_the_first() -> None:
    assert choice.fastest({"fp32": 2.0, "bf16": 3.0, "int8": 1.0}) == "bf16"
    assert choice.fastest({"fp32": 2.0, "bf16": 2.0}) == "fp32"


@pytest.mark.parametrize(
    ("flags", "able"),
    [
        (set(), ["fp32"]),
        ({"avx2", "avx512f"}, ["fp32"]),
        ({"avx512_vnni"}, ["fp32", "int8"]),
        ({"avx512_bf16", "avx_vnni"}, ["fp32", "bf16", "int8"]),
    ],
)
def test_a_processor_says_what_it_multiplies(
    flags: set[str], able: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "flags", lambda: frozenset(flags))
    monkeypatch.setattr(choice, "gpus", list)
    assert [name for name in ("fp32", "bf16", "int8") if choice.multiplies(name)] == able  # type: ignore[arg-type]


def test_a_gpu_multiplies_in_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "flags", frozenset)
    monkeypatch.setattr(choice, "gpus", lambda: ["nvidia0"])
    assert [name for name in ("fp32", "bf16", "int8") if choice.multiplies(name)] == ["fp32", "bf16"]  # type: ignore[arg-type]


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_gpus_that_are_hidden_are_not_there(hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [self / "nvidia1", self / "nvidia0"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert choice.gpus() == ["nvidia0", "nvidia1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert choice.gpus() == []
