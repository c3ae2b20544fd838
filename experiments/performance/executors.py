"""A run in several processes, times what it takes in one.

    python -m experiments.performance.executors

Eight trials of equal length: the packaged encoder, an epoch each, on the core of Partyline's train. Then the
quickstart as it ships, whose longest classifier is a single trial. Runs take turns, each from nothing, in a
process of its own that may use all cores, as a person would run it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from experiments.performance import section

EIGHT: dict[str, Any] = {
    "name": "eight",
    "task": "stance",
    "corpus": {"kind": "partyline", "training": "core"},
    "split": {"kind": "predefined"},
    "seeds": [1, 2, 3, 4, 5, 6, 7, 8],
    "audits": ["leaks"],
    "classifiers": {"encoder": {"kind": "encoder", "epochs": 1}},
}
QUICKSTART = "configs/quickstart.yaml"
CODE = """\
import json, sys, harness
config, executor = json.loads(sys.argv[1])
run = harness.run(config, set={"run": {"executor": executor}}, track=False)
print(json.dumps([round(float(run[name].scores["value"].iloc[0]), 4) for name in run.classifiers]))
"""
PAIRS = 2
EXECUTORS = ("serial", "processes")


def seconds(config: Any, executor: str) -> tuple[float, list[float]]:
    """Run an experiment in a process of its own; return seconds, and a score of each classifier."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as store:
        ended = subprocess.run(
            [sys.executable, "-c", CODE, json.dumps([config, executor])],
            env=environment | {"HARNESS_STORE": store, "HARNESS_PROGRESS": "off"},
            capture_output=True,
            text=True,
            check=True,
        )
    return time.perf_counter() - began, json.loads(ended.stdout.strip().splitlines()[-1])


def measured(config: Any) -> tuple[dict[str, float], float]:
    """Return the median seconds of each executor, and the largest difference of a score."""
    times: dict[str, list[float]] = {executor: [] for executor in EXECUTORS}
    scores: dict[str, list[float]] = {}
    for _ in range(PAIRS):
        for executor in EXECUTORS:
            taken, scores[executor] = seconds(config, executor)
            times[executor].append(taken)
    apart = max(abs(one - other) for one, other in zip(*scores.values(), strict=True))
    return {executor: statistics.median(values) for executor, values in times.items()}, apart


def ratio(times: dict[str, float]) -> str:
    """Return the time of processes in those of one process."""
    return f"{times['processes'] / times['serial']:.2f}"


def row(name: str, times: dict[str, float], apart: float) -> str:
    """Return a row of the table."""
    seconds_each = " | ".join(f"{times[executor]:.0f}" for executor in EXECUTORS)
    return f"| {name} | {seconds_each} | {ratio(times)} | {apart:.4f} |"


def main() -> int:
    """Measure, and write the section."""
    eight, quickstart = measured(EIGHT), measured(str(Path(QUICKSTART)))
    text = f"""\
| run | one process, s | processes, s | ratio | largest difference of a score |
|---|---:|---:|---:|---:|
{row("eight encoders, an epoch each", *eight)}
{row("the quickstart", *quickstart)}

Medians of {PAIRS} runs each, in turns. In one process a training has all cores; of several each has its
share, so that what is trained differs in the last digits."""
    ratios = {
        "eight trials in processes, times one process": (ratio(eight[0]), "≤ .65"),
        "the quickstart in processes, times one process": (ratio(quickstart[0]), "≤ 1"),
    }
    section.write("Executors", "python -m experiments.performance.executors", text, ratios)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
