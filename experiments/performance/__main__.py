"""Benchmarks in, ``results.md`` out: one after another, each in a process of its own.

    make bench [ONLY=linear,inference]
    make bench-long   # what takes longer: executors, a suite, 50 trials, a million rows, fewer layers, …

A new one is a module beside this with a ``main`` that calls :func:`experiments.performance.section.write`,
and a line in :data:`CORES` or :data:`LONG`. One that fails does not keep the others from being run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from experiments.performance import section

CORES: dict[str, int | None] = {
    "comparison": 1,
    "linear": 1,
    "leaks": 1,
    "audits": 1,
    "training": None,
    "inference": None,
    "memory": None,
    "asking": None,
    "reading": None,
}
"""Modules, in the order in which they are run, and how many cores each is measured on; None for all."""

LONG: dict[str, int | None] = {
    "executors": None,
    "suite": None,
    "trials": None,
    "growth": None,
    "depth": None,
    "evaluation": None,
    "training_quality": None,
}
"""The same of those that are too long for every change."""


def environment(cores: int | None) -> dict[str, str]:
    """Return an environment in which so many cores compute."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return environment if cores is None else environment | {"OMP_NUM_THREADS": str(cores)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = {**CORES, **LONG}
    parser.add_argument("--only", default="", help=f"names, with commas: {', '.join(every)}")
    parser.add_argument("--long", action="store_true", help=f"those that take long: {', '.join(LONG)}")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else [*(LONG if options.long else CORES)]
    unknown = [name for name in names if name not in every]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; known: {', '.join(every)}")
    minutes: dict[str, float] = {}
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        began = time.perf_counter()
        command = [sys.executable, "-m", f"experiments.performance.{name}"]
        if subprocess.run(command, env=environment(every[name]), check=False).returncode:
            failed.append(name)
        minutes[name] = (time.perf_counter() - began) / 60
    taken = ", ".join(f"{name} {value:.1f}" for name, value in minutes.items())
    print(f"minutes: {sum(minutes.values()):.1f} ({taken})")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    elif names == [*CORES]:
        section.lasted(sum(minutes.values()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
