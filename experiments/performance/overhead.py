"""A config in, what the harness itself costs per classifier out.

    python -m experiments.performance.overhead configs/quickstart.yaml

Each classifier is fitted and labels validation, calibration and test twice in one process: bare, and through
the whole loop with scoring, intervals, figures, report, model and MLflow runs, on a store that exists.
Imports are done before. Writes a Markdown table to standard output; seconds are medians of three. Those of
the processor are for machines on which other programs run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import run_classifiers
from harness.tracking.store import Store

REPEATS = 3


def bare(prepared: Prepared) -> tuple[float, float]:
    """Fit and predict without anything around; return seconds by the clock and of the processor."""
    planned, split = prepared.plan.classifiers[0], prepared.splits[0]
    classifier = planned.bound.make(labels=prepared.plan.labels, seed=1)
    parts = [prepared.labelled(split, name) for name in ("train", "validation", "calibration", "test")]
    began, processor = time.perf_counter(), time.process_time()
    classifier.fit(parts[0], parts[1])
    for part in parts[1:]:
        classifier.predict_proba(part.examples)
    return time.perf_counter() - began, time.process_time() - processor


def whole(prepared: Prepared, store: Store) -> tuple[float, float]:
    """Run the experiment afresh; return seconds by the clock and of the processor."""
    processor = time.process_time()
    (outcome,) = run_classifiers(prepared, store, fresh=True)
    if outcome.error is not None:
        raise outcome.error
    return outcome.seconds, time.process_time() - processor


def medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the median of the first and of the second numbers."""
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


def main() -> None:
    """Measure every classifier of the config that is named on the command line."""
    prepared = prepare(plan.read(Path(sys.argv[1]), sys.argv[2:]))
    head = ["classifier", "bare, s", "harness, s", "on top, s", "on top, %", "on top, processor s"]
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        for planned in prepared.plan.classifiers:
            single = replace(prepared, plan=replace(prepared.plan, classifiers=(planned,)))
            whole(single, store)
            alone, alone_processor = medians([bare(single) for _ in range(REPEATS)])
            through, processor = medians([whole(single, store) for _ in range(REPEATS)])
            extra = through - alone
            cells = [f"{alone:.2f}", f"{through:.2f}", f"{extra:.2f}", f"{100 * extra / alone:.0f}"]
            print(
                f"| {' | '.join([planned.name, *cells, f'{processor - alone_processor:.2f}'])} |", flush=True
            )


if __name__ == "__main__":
    main()
