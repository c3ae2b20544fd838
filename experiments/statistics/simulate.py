"""Do the intervals hold the truth as often as they say, and do the tests cry wolf as seldom?

    python -m experiments.statistics.simulate --workers 2       # everything, some forty minutes of one core
    python -m experiments.statistics.simulate --only grouped-50,frames --repeats 100 --output part.csv

Writes ``results.csv`` beside this file, and the tables in the README there, a setting at a time; settings
that it holds are not repeated.
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
from harness.scoring.limitations import of_ranks
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import resolve
from harness.scoring.score import score, seed_values
from harness.values import seeds
from harness.values.minimums import MIN_CLUSTERS_FOR_RANKS
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("results.csv")
REPEATS = 1_000
DRAWS = 1_000
SINGLE = ("f1_macro", "accuracy", "favg_pooled", "mcc", "brier", "favg_target_mean")
BINNED = ("ece_equal_mass",)
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
"""At least 50 clusters, at least 5 seeds, seeds that differ no more than items make them."""

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
"""What the output carries a caution for."""


WITH_BINS = ("grouped-20", "grouped-50", "grouped-200", "ungrouped-1000")
"""Settings in which calibration error is looked at: it takes as long as all other metrics together."""


def coverage(world: World, repeats: int) -> Iterator[dict[str, Any]]:
    """Count how often the interval of each metric holds the world's value."""
    names = MULTI if world.multi else (*SINGLE, *(BINNED if world.name in WITH_BINS else ()))
    metrics = resolve(names, "f1_macro", world.labels)
    whole = endless(world)
    truth = {metric.name: float(seed_values(whole, metric).mean()) for metric in metrics}
    tables = []
    for place in progress(range(repeats), f"coverage {world.name}", repeats):
        stream = seeds.generator(place, "coverage", world.name)
        run = predictions(world, items(world, stream), stream, "run")
        tables.append(score(run, metrics, draws=DRAWS, seed=place).rows)
    rows = pd.concat(tables)
    for metric in metrics:
        yield _covered(world, metric, truth[metric.name], rows[rows["metric"] == metric.name])


def _covered(world: World, metric: Metric, truth: float, rows: pd.DataFrame) -> dict[str, Any]:
    low, high, values = (rows[name].to_numpy() for name in ("low", "high", "value"))
    known = ~np.isnan(low)
    centre = values.mean()
    share = float(((low <= truth) & (truth <= high))[known].mean())
    of_mean = float(((low <= centre) & (centre <= high))[known].mean())
    width = float((high - low)[known].mean())
    seed_sd = float(np.sqrt((rows["seed_sd"].to_numpy() ** 2).mean())) if world.n_seeds > 1 else math.nan
    # The spread over test sets holds that of the mean over seeds, too.
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
        "repeats": int(known.sum()),
        "share": round(share, 3),
        "error": round(math.sqrt(share * (1 - share) / max(1, known.sum())), 4),
        "share_of_mean": round(of_mean, 3),
        "truth": round(truth, 4),
        "mean": round(float(centre), 4),
        "width": round(width, 4),
    }


def _inside(world: World, metric: Metric) -> bool:
    return world in INSIDE and not (of_ranks(metric) and world.clusters < MIN_CLUSTERS_FOR_RANKS)


ALIKE = (
    World("alike-grouped-60", 60),
    World("alike-grouped-200", 200),
    World("alike-ungrouped-250", 250, mean_size=1.0),
    World("alike-one-seed-no-shift", 200, mean_size=1.0, n_seeds=1, shift=0.0),
    World("alike-frames-60", 60, multi=True),
)


def alarms(world: World, repeats: int) -> Iterator[dict[str, Any]]:
    """Count how often runs that are equally good are told apart: two by each test, four after correction."""
    found: dict[str, list[bool]] = {}
    n_items = []
    for place in progress(range(repeats), f"alarms {world.name}", repeats):
        stream = seeds.generator(place, "alarms", world.name)
        drawn = items(world, stream)
        runs = [(name, predictions(world, drawn, stream, name)) for name in "abcd"]
        four = compare(runs, "f1_macro", draws=DRAWS, seed=place)
        pair = four.pair("a", "b")
        n_items.append(four.n_items)
        seen = {
            "bootstrap": pair.difference.p <= 0.05,
            "randomization": pair.randomization <= 0.05,
            "any of 6 pairs, Holm": any(one.separable for one in four.pairs),
        }
        if pair.mcnemar and world.n_seeds == 1:
            seen["McNemar"] = pair.mcnemar[0] <= 0.05
        for name, alarm in seen.items():
            found.setdefault(name, []).append(bool(alarm))
    for name, alarms_ in found.items():
        share = float(np.mean(alarms_))
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


def counted(setting: tuple[str, World], repeats: int) -> pd.DataFrame:
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
    known = pd.read_csv(arguments.output) if arguments.output.exists() else pd.DataFrame({"setting": []})
    wanted = tuple(arguments.only.split(","))
    every = [("coverage", world) for world in INSIDE] + [("alarms", world) for world in ALIKE]
    every += [("coverage", world) for world in OUTSIDE]
    settings = [one for one in every if one[1].name.startswith(wanted)]
    settings = [one for one in settings if one[1].name not in set(known["setting"])]
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        for rows in pool.map(counted, settings, [arguments.repeats] * len(settings)):
            known = pd.concat([known, rows], ignore_index=True) if len(known) else rows
            known.to_csv(arguments.output, index=False)
            if arguments.output == RESULTS:
                tables.write(known)
            print(rows[["setting", "what", "share"]].to_string(index=False, header=False), flush=True)


if __name__ == "__main__":
    main()
