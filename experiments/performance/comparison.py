"""How long do resampling and comparing take?

    make bench

It sets OMP_NUM_THREADS=1: what is measured is the arithmetic on one core, not how many there are.

Writes its section of ``results.md``: 10,000 paired clustered resamples of macro-F1 against
``scipy.stats.bootstrap`` with scikit-learn's ``f1_score``, and the comparison of 50 runs.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.performance import section
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison import compare
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.paired import difference, resampled
from harness.values import seeds
from harness.values.labels import STANCE
from harness.values.tables import Predictions

ROWS, CLUSTERS, SEEDS, DRAWS = 10_000, 2_000, 5, 10_000
RUNS = 50
THEIRS = 30
"""So many draws are timed of SciPy's, and scaled up."""

REPEATS = 5


def table(name: str, skill: float, n_seeds: int = SEEDS) -> Predictions:
    """Make a run: 10,000 rows in 2,000 groups."""
    base, noise = seeds.generator(0, "performance"), seeds.generator(0, "performance", name)
    truth = base.integers(0, len(STANCE), ROWS)
    groups = np.char.add("article ", base.integers(0, CLUSTERS, ROWS).astype(str)).astype(object)
    names = np.array(STANCE.names, dtype=object)
    ids = np.char.add("sentence ", np.arange(ROWS).astype(str)).astype(object)
    parts = []
    for seed in range(1, n_seeds + 1):
        logits = noise.normal(size=(ROWS, len(STANCE))) + skill * np.eye(len(STANCE))[truth]
        proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        columns = {"run": name, "split": "test", "seed": seed, "fold": 0, "id": ids, "target": "party"}
        columns |= {"group": groups, "truth": names[truth], "prediction": names[proba.argmax(axis=1)]}
        columns |= {f"p_{label}": proba[:, k] for k, label in enumerate(STANCE.names)}
        parts.append(pd.DataFrame(columns))
    return Predictions(STANCE, pd.concat(parts, ignore_index=True))


def ours(a: AlignedPredictions, b: AlignedPredictions) -> float:
    """Time 10,000 paired resamples of two runs, from their aligned items to the interval and the p-value."""
    began = time.perf_counter()
    measure = ScalarMetric.named("f1_macro", STANCE)
    # Views without what an earlier call may have left in them.
    views = [sample.at(np.arange(len(sample))) for sample in (a, b)]
    resamples = Draws(a.n_clusters, DRAWS, 0)
    drawn: list[list[np.ndarray]] = [[], []]
    for weights in resamples.blocks():
        for index, view in enumerate(views):
            drawn[index].append(measure.drawn(view, weights))
    first, second = (
        resampled(measure.by_seed(view), np.concatenate(parts), resamples, name)
        for view, parts, name in zip(views, drawn, "ab", strict=True)
    )
    difference(first, second, len(a), a.effective_clusters)
    return time.perf_counter() - began


def scipys(a: AlignedPredictions, b: AlignedPredictions) -> float:
    """Time the same work by scipy.stats.bootstrap and f1_score: a few draws, scaled up."""
    from scipy.stats import bootstrap
    from sklearn.metrics import f1_score

    rows = [np.flatnonzero(a.clusters == cluster) for cluster in range(a.n_clusters)]
    labels = list(range(len(STANCE)))
    stream = np.random.default_rng(0)

    def gap(drawn: np.ndarray) -> float:
        places = np.concatenate([rows[cluster] for cluster in drawn.astype(int)])
        means = []
        for run in (a, b):
            chosen = stream.integers(0, len(run.seeds), len(run.seeds))
            values = [
                f1_score(run.truth[places], run.predicted[seed][places], labels=labels, average="macro")
                for seed in chosen
            ]
            means.append(np.mean(values))
        return float(means[0] - means[1])

    began = time.perf_counter()
    bootstrap(
        (np.arange(a.n_clusters),), gap, n_resamples=THEIRS, vectorized=False, method="percentile", rng=stream
    )
    # SciPy computes the statistic once more, on the data themselves.
    return (time.perf_counter() - began) / (THEIRS + 1) * DRAWS


def fifty(folder: Path, n_seeds: int) -> tuple[float, float]:
    """Compare 50 runs that lie in files, in a process of its own: seconds, and megabytes at the most."""
    for number in range(RUNS):
        table(f"run {number}", 1 + number / 100, n_seeds).write(folder / f"{number:02}.parquet")
    command = [sys.executable, "-m", "experiments.performance.comparison", "--compare", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, answer.stdout.split())
    return seconds, megabytes


def compare_files(folder: Path) -> None:
    """Compare the runs of a folder; print how long that took and how much memory the process had."""
    began = time.perf_counter()
    paths = sorted(folder.glob("*.parquet"))
    compare(((path.stem, Predictions.read(path, STANCE)) for path in paths), "f1_macro")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(time.perf_counter() - began, most / (2**20 if sys.platform == "darwin" else 2**10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.compare:
        compare_files(arguments.compare)
        return
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1, as make bench does: this is timed on one core")
    a, b = (AlignedPredictions.of(table(name, skill)) for name, skill in (("a", 1.0), ("b", 1.05)))
    ours(a, b)
    times = sorted(ours(a, b) for _ in range(REPEATS))
    middle, theirs = times[REPEATS // 2], scipys(a, b)
    lines = [
        f"Two runs, {SEEDS} seeds each, {ROWS:,} rows in {a.n_clusters:,} groups; {DRAWS:,} paired resamples"
        " of macro-F1, groups drawn whole and seeds inside each draw, one core.",
        "",
        "| | seconds |",
        "|---|---:|",
        f"| the harness, median of {REPEATS} (least {times[0]:.3f}, most {times[-1]:.3f}) | {middle:.3f} |",
        f"| `scipy.stats.bootstrap` with `f1_score`, {THEIRS} draws scaled up | {theirs:,.0f} |",
        f"| times faster | {theirs / middle:,.0f} |",
        "",
        f"Comparing {RUNS} runs of {ROWS:,} rows a seed in Parquet files, reading included, one core:",
        "",
        "| seeds | seconds | memory at the most, MB |",
        "|---:|---:|---:|",
    ]
    waited = []
    for n_seeds in (1, SEEDS):
        with tempfile.TemporaryDirectory() as name:
            seconds, megabytes = fifty(Path(name), n_seeds)
        waited.append(seconds)
        lines.append(f"| {n_seeds} | {seconds:.1f} | {megabytes:,.0f} |")
    text = "\n".join(lines)
    print(text)
    ratios = {
        "10,000 paired resamples, times as fast as SciPy": (f"{theirs / middle:,.0f}", "≥ 1,000"),
        "the same, seconds": (f"{middle:.2f}", "< 0.5"),
        "comparing 50 runs of 10,000 rows, seconds": (f"{waited[0]:.1f}", "< 10"),
    }
    section.write("Comparison", "make bench", text, ratios)


if __name__ == "__main__":
    main()
