"""A run in several processes, or on two nodes of a Ray cluster, times what it takes in one process.

    python -m experiments.performance.executors

Eight trials of equal length: two layers of the packaged encoder, an epoch each, on the core of Partyline's
train; and ``linear``, which computes with one thread, in eight folds of all of Partyline. Then the quickstart
as it ships, whose longest classifier is a single trial. Runs take turns, each from nothing, in a process that
may use all cores, as a person would run it; the nodes have a CPU each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.performance import section
from tests.ray_cluster import two_nodes

EIGHT: dict[str, Any] = {
    "name": "eight",
    "task": "stance",
    "corpus": {"kind": "partyline", "training": "core"},
    "split": {"kind": "predefined"},
    "seeds": [1, 2, 3, 4, 5, 6, 7, 8],
    "audits": ["leaks"],
    "classifiers": {"encoder": {"kind": "encoder", "layers": 2, "epochs": 1}},
}
LINEAR: dict[str, Any] = {
    "name": "linear",
    "task": "stance",
    "corpus": {"kind": "partyline"},
    "split": {"kind": "kfold", "k": 8},
    "audits": ["leaks"],
    "classifiers": {"linear": {"kind": "linear"}},
}
QUICKSTART = "configs/quickstart.yaml"
CODE = """\
import json, sys, harness
config, executor = json.loads(sys.argv[1])
run = harness.run(config, set={"run": {"executor": executor}}, track=False)
print(json.dumps([round(float(run[name].scores["value"].iloc[0]), 4) for name in run.classifiers]))
"""
EXECUTORS = ("serial", "processes", "ray")


def seconds(config: Any, executor: str, more: dict[str, str]) -> tuple[float, list[float]]:
    """Run an experiment in a process of its own; return seconds, and a score of each classifier."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as store:
        environment |= more | {"HARNESS_STORE": store, "HARNESS_PROGRESS": "off"}
        ended = subprocess.run(
            [sys.executable, "-c", CODE, json.dumps([config, executor])],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    return time.perf_counter() - began, json.loads(ended.stdout.strip().splitlines()[-1])


def measured(config: Any, executors: Sequence[str], more: dict[str, str]) -> tuple[dict[str, float], float]:
    """Return the seconds of each executor, and the largest difference of a score."""
    times: dict[str, float] = {}
    scores: dict[str, list[float]] = {}
    for executor in executors:
        times[executor], scores[executor] = seconds(config, executor, more)
        print(f"{executor}: {times[executor]:.0f} s", flush=True)
    apart = max(max(each) - min(each) for each in zip(*scores.values(), strict=True))
    return times, apart


def ratio(times: dict[str, float], executor: str) -> str:
    """Return the time of an executor in those of one process."""
    return f"{times[executor] / times['serial']:.2f}"


def row(name: str, times: dict[str, float], apart: float) -> str:
    """Return a row of the table."""
    cells = [
        f"{times[executor]:.0f}, {ratio(times, executor)} ×" if executor in times else "–"
        for executor in EXECUTORS
    ]
    return f"| {name} | {' | '.join(cells)} | {apart:.4f} |"


def main() -> int:
    """Measure, and write the section."""
    with two_nodes() as nodes:
        there = nodes.environment | {"RAY_ADDRESS": nodes.address}
        eight, linear = measured(EIGHT, EXECUTORS, there), measured(LINEAR, EXECUTORS, there)
    quickstart = measured(str(Path(QUICKSTART)), EXECUTORS[:2], {})
    text = f"""\
| run | one process, s | processes | two nodes | largest difference of a score |
|---|---:|---:|---:|---:|
{row("eight encoders of two layers, an epoch each", *eight)}
{row("`linear` in eight folds", *linear)}
{row("the quickstart", *quickstart)}

One run each, in turns. In one process a training has all cores; of several each has its share, so that what
is trained differs in the last digits."""
    ratios = {
        "eight encoders in processes, times one process": (ratio(eight[0], "processes"), "≤ .65"),
        "eight encoders on two nodes, times one process": (ratio(eight[0], "ray"), "stated"),
        "eight folds of `linear` in processes, times one process": (ratio(linear[0], "processes"), "≤ .65"),
        "eight folds of `linear` on two nodes, times one process": (ratio(linear[0], "ray"), "stated"),
        "the quickstart in processes, times one process": (ratio(quickstart[0], "processes"), "≤ 1"),
    }
    section.write("Executors", "python -m experiments.performance.executors", text, ratios)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
