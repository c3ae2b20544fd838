"""How fast are the linear classifiers trained, and how fast do they label, on one core?

    make bench

It sets OMP_NUM_THREADS=1. Writes its section of ``results.md``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

from experiments.performance import encoder, section
from harness.classifiers.linear.classifier import linear
from harness.config import plan
from harness.evaluation.prepared import prepare
from harness.scoring.metrics.classification import F1_MACRO
from harness.scoring.score import score
from harness.values.labels import STANCE
from harness.values.tables import Predictions

REPEATS = 3
PRESETS: dict[str, tuple[dict[str, Any], str]] = {
    "`linear`": ({}, "≥ 2,000"),
    "`linear`, words only (`chars: null`)": ({"chars": None}, "≥ 15,000"),
}
"""Options, and how many sentences a second are aimed at."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1, as make bench does: this is timed on one core")
    prepared = prepare(plan.read(encoder.written() / "bench.yaml", ()))
    (split,) = prepared.splits
    parts = {name: prepared.labelled(split, name) for name in ("train", "test")}
    everything = [example for part in parts.values() for example in part.examples]
    lines = [
        f"{encoder.corpus_name()}, {len(parts['train']):,} rows to train on and"
        f" {len(parts['test']):,} to test on. {len(everything):,} rows are labelled, median of {REPEATS}."
        " Seconds of one core's time.",
        "",
        "| | train, s | sentences a second | macro-F1 on test | 95 % interval |",
        "|---|---:|---:|---:|---:|",
    ]
    ratios = {}
    for name, (options, aim) in PRESETS.items():
        classifier = linear(labels=STANCE, **options)
        began = time.process_time()
        classifier.fit(parts["train"])
        trained = time.process_time() - began
        rates = []
        for _ in range(REPEATS):
            began = time.process_time()
            classifier.predict_proba(everything)
            rates.append(len(everything) / (time.process_time() - began))
        proba = classifier.predict_proba(parts["test"].examples)
        corpus = prepared.part(split, "test")
        table = Predictions.of(corpus, STANCE, proba, run=name, split="test", seed=1, fold=0)
        row = score(table, [F1_MACRO]).rows.iloc[0]
        lines.append(
            f"| {name} | {trained:.1f} | {statistics.median(rates):,.0f} | {row['value']:.3f}"
            f" | {row['low']:.3f} to {row['high']:.3f} |"
        )
        ratios[f"{name}: sentences a second on one core"] = (f"{statistics.median(rates):,.0f}", aim)
        ratios[f"{name}: seconds to train"] = (f"{trained:.1f}", "< 20")
        ratios[f"{name}: macro-F1 on test"] = (f"{row['value']:.3f}", "≥ 0.60" if not options else "stated")
    text = "\n".join(lines)
    print(text)
    section.write("Linear classifiers", "make bench", text, ratios)


if __name__ == "__main__":
    main()
