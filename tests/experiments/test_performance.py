"""What benchmarks write: sections by name, and above them what each says in one number."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from golden import Golden
from sentences import numbers, words

from experiments.performance import __main__ as bench
from experiments.performance import encoder, section, training_quality
from experiments.performance.untrained import by_turns, middle
from harness.classifiers.protocol import Example
from harness.tracking.store.location import project


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(section, "machine", lambda: "a machine")
    monkeypatch.setattr(section, "_today", lambda: "2026-01-02")
    return tmp_path / "results.md"


def test_sections_are_sorted_and_ratios_come_first(path: Path, golden: Golden) -> None:
    section.write("Speed", "make bench", "fast\n", {"times as fast": ("3.0", "≥ 2"), "also": ("1", "")}, path)
    section.write("Memory", "make bench", "flat", {"MB more": ("0", "flat")}, path)
    section.write("Speed", "make bench", "faster", {"times as fast": ("4.0", "≥ 2")}, path)
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [section.RATIOS, "Memory", "Speed"]
    rows = re.findall(r"^\| (Memory|Speed) \| .* \| (.*) \| .* \|$", text, re.MULTILINE)
    assert rows == [("Memory", "0"), ("Speed", "4.0")]
    golden("experiments/sections", text)


def test_how_long_it_lasted_is_kept(path: Path, golden: Golden) -> None:
    section.write("Speed", "make bench", "fast", {"times": ("3", "")}, path)
    section.lasted(11.6, path)
    section.write("Speed", "make bench", "fast", {"times": ("4", "")}, path)
    text = path.read_text(encoding="utf-8")
    (note,) = re.findall(rf"^{re.escape(section.ABOUT)} (.*)$", text, re.MULTILINE)
    assert numbers(note)[0] == 12
    assert "2026-01-02" in note
    assert text.count("| Speed | ") == 1
    golden("experiments/lasted", text)


def test_every_benchmark_can_be_run(capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    for name in (*bench.CORES, *bench.LONG):
        assert callable(importlib.import_module(f"experiments.performance.{name}").main)
    with pytest.raises(SystemExit):
        bench.main(["--only", "linear,speed"])
    refusal = capsys.readouterr().err.splitlines()[-1].partition("error: ")[2]
    assert {"speed", *bench.CORES} <= set(words(refusal))
    golden("experiments/unknown", refusal)


def test_what_fails_does_not_keep_others(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def run(command: list[str], env: dict[str, str], check: bool) -> Any:
        asked.append((command[-1].rpartition(".")[2], env.get("OMP_NUM_THREADS")))
        return subprocess.CompletedProcess(command, "linear" in command[-1], "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert bench.main(["--only", "linear,memory"]) == 1
    assert asked == [("linear", "1"), ("memory", None)]
    said = capfd.readouterr()
    assert set(words(said.err)) & set(bench.CORES) == {"linear"}
    assert re.search(r" 0\.0 \(linear 0\.0, memory 0\.0\)\n", said.out)


def test_what_is_measured_leaves_the_own_runs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".harness").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////elsewhere/mlflow.db")
    place = tmp_path / "bench"
    assert "MLFLOW_TRACKING_URI" not in encoder.environment(place)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert project(place) == place


def test_what_is_published_names_its_ratios() -> None:
    text = section.RESULTS.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == section.RATIOS


def test_ways_of_labelling_take_turns_and_the_first_turn_is_not_counted() -> None:
    labelled: list[str] = []
    ways = {name: lambda examples, name=name: labelled.append(f"{name}{len(examples)}") for name in "ab"}
    rates = by_turns(ways, [Example("a"), Example("b")], 2)
    assert labelled == ["a2", "b2"] * 3
    assert [len(values) for values in rates.values()] == [2, 2]


def test_ratios_are_taken_turn_by_turn() -> None:
    # By the clock 2, 1 and 4 times, of which the middle is 2; the ratio of the medians would be 1.5.
    fast, slow = [(2.0, 3.0), (6.0, 3.0), (4.0, 3.0)], [(1.0, 1.0), (6.0, 1.5), (1.0, 1.0)]
    assert middle(fast, slow) == (2.0, 3.0)


def test_a_training_is_compared_with_the_trainers_of_the_same_seed() -> None:
    plain = training_quality.PLAIN
    lines = pd.DataFrame(
        [(plain, 1, 30.0, 0.5), (plain, 2, 33.0, 0.6), ("fast", 1, 10.0, 0.52), ("fast", 2, 11.0, 0.64)],
        columns=["way", "seed", "seconds", "f1_macro"],
    )
    speed, value, low, high, seeds = training_quality.gain(lines, "fast")
    assert (speed, round(value, 6), seeds) == (3.0, 0.03, 2)
    # Of two seeds: 12.706 standard errors, here of .01.
    assert (round(low, 5), round(high, 5)) == (round(0.03 - 0.12706, 5), round(0.03 + 0.12706, 5))
    assert training_quality.gain(lines[lines["seed"] == 1], "fast").low == -float("inf")
