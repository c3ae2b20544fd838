"""What a trial takes longer on a Ray cluster than in this process.

    python -m experiments.performance.ray_overhead

Forty trials that train nothing to speak of (the class prior of Partyline's core, a fold each) run in this
process and on two nodes of this machine, one trial at a time, each writing its result and its model, which
come back to the driver. The first trial, for which the nodes unpack the harness and start a process, is told
apart.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from experiments.performance import section
from harness.config import plan
from harness.config.load import document_of
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.trial import list_trials
from harness.runs.executors.ahead import Ahead
from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.allocation import Request
from harness.runs.executors.cluster.workers import ClusterSettings
from harness.runs.executors.jobs import Job
from tests.ray_cluster import two_nodes

CONFIG: dict[str, Any] = {
    "name": "forty",
    "task": "stance",
    "corpus": {"kind": "partyline", "training": "core"},
    "split": {"kind": "kfold", "k": 5, "repeats": 8},
    "audits": ["leaks"],
    "classifiers": {"prior": {"kind": "prior"}},
}


def jobs_of(prepared: Prepared, folder: Path) -> list[Job]:
    """Return the trials, each with a folder of its own."""
    trials = list_trials(prepared, prepared.plan.classifiers[0])
    return [Job(trial, folder / trial.digest) for trial in trials]


def here(prepared: Prepared, folder: Path) -> list[float]:
    """Return the seconds of each trial in this process."""
    seconds = []
    for job in jobs_of(prepared, folder):
        began = time.perf_counter()
        job.run(prepared)
        seconds.append(time.perf_counter() - began)
    return seconds


def there(prepared: Prepared, folder: Path, address: str) -> tuple[float, list[float]]:
    """Return the seconds until the first trial has ended, and of each that follows."""
    began = time.perf_counter()
    jobs = jobs_of(prepared, folder)
    ahead = Ahead(prepared, jobs, ClusterSettings(Address.parse(address), Request(workers=1, threads=1)))
    ends = []
    try:
        for job in jobs:
            ahead.end(job.trial)
            ends.append(time.perf_counter())
    finally:
        ahead.close()
    return ends[0] - began, [after - before for before, after in itertools.pairwise(ends)]


def main() -> int:
    """Measure, and write the section."""
    prepared = prepare(plan.resolve(document_of(CONFIG)))
    with two_nodes() as nodes, tempfile.TemporaryDirectory() as folder:
        os.environ.update(nodes.environment)
        first, on_nodes = there(prepared, Path(folder) / "there", nodes.address)
        alone = here(prepared, Path(folder) / "here")
    extra = 1000 * (statistics.median(on_nodes) - statistics.median(alone))
    text = f"""\
| | median, ms | largest, ms |
|---|---:|---:|
| a trial in this process | {1000 * statistics.median(alone):.0f} | {1000 * max(alone):.0f} |
| a trial on a node | {1000 * statistics.median(on_nodes):.0f} | {1000 * max(on_nodes):.0f} |

{len(alone)} trials, one at a time, with their results and models brought back. The first result came
{first:.0f} s after the connection was begun: in that time nodes are compared, get the harness and start a
process."""
    section.write(
        "Ray",
        "python -m experiments.performance.ray_overhead",
        text,
        {"a trial on a node, beyond one in this process, median": (f"{extra:.0f} ms", "< 50 ms")},
    )
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
