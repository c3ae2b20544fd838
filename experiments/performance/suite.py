"""The suite over all corpora at hand: in one process, in several, and on two nodes of a Ray cluster.

    python -m experiments.performance.suite

``configs/suites/public.yaml`` with its classifiers that train in seconds, so that what is measured is the
harness as much as the training: ``majority``, ``linear``, ``every-frame``. Each run starts from nothing, in
a process of its own; nodes have a CPU each. Corpora are those whose environment variables are set. The tables
that the three write are compared, number by number.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from experiments.performance import section
from tests.ray_cluster import two_nodes

SUITE = "configs/suites/public.yaml"
CLASSIFIERS = "majority,linear,every-frame"
WHERE = {"serial": "one process", "processes": "processes", "ray": "two nodes"}


def run(executor: str, environment: dict[str, str], folder: Path) -> tuple[float, pd.DataFrame]:
    """Run the suite; return seconds and its table."""
    output = folder / executor
    began = time.perf_counter()
    subprocess.run(
        [
            *(sys.executable, "-m", "harness", "suite", SUITE, "--classifier", CLASSIFIERS),
            *("--executor", executor, "--output", str(output)),
        ],
        env=os.environ | environment | {"HARNESS_STORE": str(folder / f"store-{executor}")},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began, pd.read_csv(output / "table.csv")


def apart(tables: dict[str, pd.DataFrame]) -> float:
    """Return the largest difference of a number, seconds aside, from the table of one process."""
    first = tables["serial"].drop(columns="seconds")
    others = [tables[executor] for executor in WHERE if executor != "serial"]
    words = first.select_dtypes(exclude="number").columns
    for other in others:
        pd.testing.assert_frame_equal(first[words], other[words])
    numbers = first.select_dtypes("number")
    return max(float((numbers - other[numbers.columns]).abs().max().max()) for other in others)


def main() -> int:
    """Measure, and write the section."""
    seconds: dict[str, float] = {}
    tables: dict[str, pd.DataFrame] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for executor in ("serial", "processes"):
            seconds[executor], tables[executor] = run(executor, {}, Path(scratch))
        with two_nodes() as nodes:
            environment = nodes.environment | {"RAY_ADDRESS": nodes.address}
            seconds["ray"], tables["ray"] = run("ray", environment, Path(scratch))
    table = tables["serial"]
    lines = [
        f"| {name} | {seconds[executor]:.0f} | {seconds[executor] / seconds['serial']:.2f} |"
        for executor, name in WHERE.items()
    ]
    text = f"""\
| where | seconds | times one process |
|---|---:|---:|
{chr(10).join(lines)}

{table["corpus"].nunique()} experiments, {len(table)} rows in the table; the largest difference of a number in
it is {apart(tables):.1e}. One run each. In one process a classifier has all cores; of two, a core each."""
    section.write(
        "Suite",
        "python -m experiments.performance.suite",
        text,
        {
            f"the suite: {WHERE[executor]}, times one process": (
                f"{seconds[executor] / seconds['serial']:.2f}",
                "stated",
            )
            for executor in ("processes", "ray")
        },
    )
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
