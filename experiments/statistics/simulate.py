"""Simulates how often the intervals cover the truth, and how often equal runs are told apart.

    python -m experiments.statistics.simulate --workers 2       # everything: about 40 minutes of one core
    python -m experiments.statistics.simulate --only grouped-50,frames --repeats 100 --output part.csv

Writes ``results.csv`` and the tables of the README in this folder, one setting at a time. Settings that are
in the file already are not repeated.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.statistics import tables
from experiments.statistics.worlds import World, endless, items, predictions
from harness.scoring.comparison import compare
from harness.scoring.limitations import uses_ranks
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import resolve
from harness.scoring.score import score, seed_values
from harness.values import seeds
from harness.values.minimums import MIN_CLUSTERS_FOR_RANKS, MIN_SEEDS
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("results.csv")
REPEATS = 1_000
DRAWS = 1_000
SINGLE = ("f1_macro", "accuracy", "favg_pooled", "mcc", "brier", "favg_target_mean")
BINNED = ("ece_equal_mass",)
DEBIASED = ("rmsce_debiased",)
MULTI = ("f1_macro", "f1_micro", "exact_match", "average_precision_macro")

INSIDE = (
    World("grouped-50", 50),
    World("grouped-50-no-shift", 50, shift=0.0),
    World("grouped-50-shift-alone", 50, shift=0.1, noise=0.0),
    World("grouped-50-equal-seeds", 50, shift=0.0, noise=0.0),
    World("grouped-50-ten-seeds", 50, shift=0.08, n_seeds=10),
    World("grouped-100", 100),
    World("grouped-200", 200),
    World("grouped-400-large", 400, mean_size=2.0, shift=0.01),
    World("ungrouped-200", 200, mean_size=1.0),
    World("ungrouped-1000", 1_000, mean_size=1.0, shift=0.01),
    World("frames-50", 50, multi=True),
    World("frames-200", 200, multi=True),
)
"""At least 50 clusters, at least 5 seeds, and a spread over seeds no larger than that over items."""

OUTSIDE = (
    World("grouped-10", 10),
    World("grouped-20", 20),
    World("grouped-30", 30),
    World("two-seeds", 100, n_seeds=2),
    World("three-seeds", 100, n_seeds=3),
    World("one-seed", 100, n_seeds=1),
    World("wild-seeds", 100, shift=0.25),
    World("wild-seeds-twenty", 100, shift=0.25, n_seeds=20),
    World("frames-20", 20, multi=True),
)
"""Settings for which the output states a limitation."""


WITH_BINS = ("grouped-20", "grouped-50", "grouped-200", "ungrouped-1000")
"""Settings in which calibration error is simulated: it takes as long as all other metrics together."""


CALIBRATED = (
    World("binned-ungrouped-200", 200, mean_size=1.0),
    World("binned-grouped-50", 50),
    World("binned-one-seed-200", 200, mean_size=1.0, n_seeds=1, shift=0.0),
)
"""Settings in which the debiased calibration error alone is simulated."""


def metric_names(world: World) -> tuple[str, ...]:
    """Return the metrics that are simulated in a setting."""
    if world.multi:
        return MULTI
    if world in CALIBRATED:
        return DEBIASED
    return (*SINGLE, *(BINNED if world.name in WITH_BINS else ()))


def coverage(world: World, repeats: int) -> Iterator[dict[str, Any]]:
    """Count how often the interval of each metric covers its true value in this world."""
    names = metric_names(world)
    metrics = resolve(names, names[0], world.labels)
    whole = endless(world)
    truth = {metric.name: float(seed_values(whole, metric).mean()) for metric in metrics}
    tables = []
    for repeat in progress(range(repeats), f"coverage {world.name}", repeats, "repetitions"):
        stream = seeds.generator(repeat, "coverage", world.name)
        run = predictions(world, items(world, stream), stream, "run")
        tables.append(score(run, metrics, draws=DRAWS, seed=repeat).rows)
    rows = pd.concat(tables)
    for metric in metrics:
        yield _covered(world, metric, truth[metric.name], rows[rows["metric"] == metric.name])


def _covered(world: World, metric: Metric, truth: float, rows: pd.DataFrame) -> dict[str, Any]:
    low, high, values = (rows[name].to_numpy() for name in ("low", "high", "value"))
    has_interval = ~np.isnan(low)
    centre = values.mean()
    share = float(((low <= truth) & (truth <= high))[has_interval].mean())
    of_mean = float(((low <= centre) & (centre <= high))[has_interval].mean())
    width = float((high - low)[has_interval].mean())
    seed_sd = float(np.sqrt((rows["seed_sd"].to_numpy() ** 2).mean())) if world.n_seeds > 1 else math.nan
    # The spread over test sets contains that of the mean over seeds.
    of_items = math.sqrt(
        max(values.var() - (0.0 if world.n_seeds == 1 else seed_sd**2 / world.n_seeds), 1e-12)
    )
    return {
        "question": "coverage",
        "setting": world.name,
        "conditions": "inside" if _inside(world, metric) else "outside",
        "what": metric.name,
        "clusters": world.clusters,
        "items": round(float(rows["n"].mean())),
        "seeds": world.n_seeds,
        "seed_sd_to_item_se": round(seed_sd / of_items, 2),
        "repeats": int(has_interval.sum()),
        "share": round(share, 3),
        "error": round(math.sqrt(share * (1 - share) / max(1, has_interval.sum())), 4),
        "share_of_mean": round(of_mean, 3),
        "truth": round(truth, 4),
        "mean": round(float(centre), 4),
        "width": round(width, 4),
    }


def _inside(world: World, metric: Metric) -> bool:
    few = uses_ranks(metric) and world.clusters < MIN_CLUSTERS_FOR_RANKS
    return world in (*INSIDE, *CALIBRATED) and world.n_seeds >= MIN_SEEDS and not few


ALIKE = (
    World("alike-grouped-60", 60),
    World("alike-grouped-200", 200),
    World("alike-ungrouped-250", 250, mean_size=1.0),
    World("alike-one-seed-no-shift", 200, mean_size=1.0, n_seeds=1, shift=0.0),
    World("alike-frames-60", 60, multi=True),
)


def alarms(world: World, repeats: int) -> Iterator[dict[str, Any]]:
    """Count how often equally good runs are told apart: two by each test, four after correction."""
    alarms_by_test: dict[str, list[bool]] = {}
    n_items = []
    for repeat in progress(range(repeats), f"alarms {world.name}", repeats, "repetitions"):
        stream = seeds.generator(repeat, "alarms", world.name)
        drawn = items(world, stream)
        runs = [(name, predictions(world, drawn, stream, name)) for name in "abcd"]
        four = compare(runs, "f1_macro", draws=DRAWS, seed=repeat)
        pair = four.pair("a", "b")
        n_items.append(four.n_items)
        told_apart = {
            "bootstrap": pair.difference.p <= 0.05,
            "randomization": pair.randomization <= 0.05,
            "any of 6 pairs, Holm": any(compared.separable for compared in four.pairs),
        }
        if pair.mcnemar and world.n_seeds == 1:
            told_apart["McNemar"] = pair.mcnemar[0] <= 0.05
        for name, alarm in told_apart.items():
            alarms_by_test.setdefault(name, []).append(bool(alarm))
    for name, false_alarms in alarms_by_test.items():
        share = float(np.mean(false_alarms))
        yield {
            "question": "false positives",
            "setting": world.name,
            "conditions": "inside",
            "what": name,
            "clusters": world.clusters,
            "items": round(float(np.mean(n_items))),
            "seeds": world.n_seeds,
            "repeats": repeats,
            "share": round(share, 3),
            "error": round(math.sqrt(share * (1 - share) / repeats), 4),
        }


def answered(setting: tuple[str, World], repeats: int) -> pd.DataFrame:
    """Answer one question in one setting."""
    question, world = setting
    return pd.DataFrame(list({"coverage": coverage, "alarms": alarms}[question](world, repeats)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", default="", help="settings whose names begin so, commas between")
    parser.add_argument("--workers", type=int, default=1, help="settings at once")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    results = pd.read_csv(arguments.output) if arguments.output.exists() else pd.DataFrame({"setting": []})
    wanted = tuple(arguments.only.split(","))
    every = [("coverage", world) for world in INSIDE] + [("alarms", world) for world in ALIKE]
    every += [("coverage", world) for world in (*CALIBRATED, *OUTSIDE)]
    settings = [setting for setting in every if setting[1].name.startswith(wanted)]
    settings = [setting for setting in settings if setting[1].name not in set(results["setting"])]
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        for rows in pool.map(answered, settings, [arguments.repeats] * len(settings)):
            results = pd.concat([results, rows], ignore_index=True) if len(results) else rows
            results.to_csv(arguments.output, index=False)
            if arguments.output == RESULTS:
                tables.write(results)
            print(rows[["setting", "what", "share"]].to_string(index=False, header=False), flush=True)


if __name__ == "__main__":
    main()
