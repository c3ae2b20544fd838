"""A config in, what the harness itself costs per classifier out.

    python -m experiments.performance.overhead configs/quickstart.yaml

Each classifier is fitted and labels validation, calibration and test twice in one process: bare, and through
the whole loop with scoring, intervals, figures, report, model and MLflow runs, on a store that exists.
Imports are done before. Writes a Markdown table to standard output; seconds are medians of three.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from harness.config import plan
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.classifiers import run_classifiers
from harness.tracking.store import Store

REPEATS = 3


def bare(prepared: Prepared) -> float:
    """Fit and predict without anything around."""
    planned, split = prepared.plan.classifiers[0], prepared.splits[0]
    classifier = planned.bound.make(labels=prepared.plan.labels, seed=1)
    parts = [prepared.labelled(split, name) for name in ("train", "validation", "calibration", "test")]
    began = time.perf_counter()
    classifier.fit(parts[0], parts[1])
    for part in parts[1:]:
        classifier.predict_proba(part.examples)
    return time.perf_counter() - began


def whole(prepared: Prepared, store: Store) -> float:
    """Run the experiment afresh."""
    (outcome,) = run_classifiers(prepared, store, fresh=True)
    if outcome.error is not None:
        raise outcome.error
    return outcome.seconds


def main() -> None:
    """Measure every classifier of the config that is named on the command line."""
    prepared = prepare(plan.read(Path(sys.argv[1]), sys.argv[2:]))
    print("| classifier | bare, s | harness, s | on top, s | on top, % |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        for planned in prepared.plan.classifiers:
            single = replace(prepared, plan=replace(prepared.plan, classifiers=(planned,)))
            whole(single, store)
            alone = statistics.median(bare(single) for _ in range(REPEATS))
            through = statistics.median(whole(single, store) for _ in range(REPEATS))
            extra = through - alone
            print(
                f"| {planned.name} | {alone:.2f} | {through:.2f} | {extra:.2f} | {100 * extra / alone:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
