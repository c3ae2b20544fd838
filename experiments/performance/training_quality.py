"""How much faster than a plain ``transformers.Trainer`` is a training that learns as much?

    python -m experiments.performance.training_quality [--rows 1536] [--epochs 2] [--seeds 1,2,3,4,5]

The Trainer has its own settings, as in :mod:`experiments.performance.training`; the harness has several sizes
of batches, each with rates: larger batches are faster and take fewer steps, so that they need a higher rate.
For each seed all are trained on the same rows and scored on the same held-out ones. A setting learns as much
where the mean over seeds of its macro-F1 less the Trainer's is above −.01 with 95 % certainty (t interval,
paired by seed). ``training_quality.csv`` takes a line for each training: what is there is not trained again.
Writes its section of ``results.md``.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy import stats

from experiments.performance import section
from experiments.performance.training import PLAIN, RATE, SIZES, How, corpus, ours, parts, plain
from harness.classifiers.protocol import Labelled

FILE = Path(__file__).with_suffix(".csv")
SETTINGS = ((8, RATE), (16, 1.5 * RATE), (16, 2 * RATE), (32, 2 * RATE), (32, 3 * RATE))
"""Rows a batch, and the learning rate."""

MARGIN, AIM = 0.01, 3.5


class Gain(NamedTuple):
    """Of a way to train: times the Trainer's speed, and its macro-F1 less the Trainer's with an interval."""

    speed: float
    value: float
    low: float
    high: float
    seeds: int


def ways(epochs: int, seed: int) -> dict[str, How]:
    """Return how each way trains, by name; the Trainer first."""
    own = {
        f"harness, {size} rows, rate {rate:g}": How(size, epochs, rate=rate, seed=seed)
        for size, rate in SETTINGS
    }
    return {PLAIN: How(SIZES[PLAIN], epochs, seed=seed)} | own


def train_all(rows: int, epochs: int, seeds: Sequence[int]) -> None:
    """Train what is missing, seed by seed, so that all ways of one seed are measured beside each other."""
    train, held = parts(corpus(), rows)
    few = Labelled(train.examples[:8], train.codes[:8])
    for name, how in ways(1, 1).items():
        # What is imported, and read from the disk, for the first time is nobody's speed.
        (plain if name == PLAIN else ours)(how, few, few)
    present = {tuple(line) for line in trained().iloc[:, :4].itertuples(index=False)}
    for seed in seeds:
        for name, how in ways(epochs, seed).items():
            if (rows, epochs, name, seed) not in present:
                seconds, score = (plain if name == PLAIN else ours)(how, train, held)
                with FILE.open("a", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerow([rows, epochs, name, seed, round(seconds, 1), round(score, 4)])


def trained() -> pd.DataFrame:
    """Return a line for each training so far."""
    if not FILE.is_file():
        FILE.write_text("rows,epochs,way,seed,seconds,f1_macro\n", encoding="utf-8")
    return pd.read_csv(FILE)


def gain(lines: pd.DataFrame, name: str) -> Gain:
    """Return how fast a way is and what it gains, over the seeds that the Trainer has, too."""
    by_way = {way: part.set_index("seed") for way, part in lines.groupby("way")}
    pairs = by_way[name].join(by_way[PLAIN].add_suffix("_plain"), how="inner")
    gains = pairs["f1_macro"] - pairs["f1_macro_plain"]
    error = gains.std(ddof=1) / math.sqrt(len(gains))
    half = float(stats.t.ppf(0.975, len(gains) - 1) * error) if len(gains) > 1 else math.inf
    speed = float((pairs["seconds_plain"] / pairs["seconds"]).median())
    return Gain(
        speed, float(gains.mean()), float(gains.mean()) - half, float(gains.mean()) + half, len(gains)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1536)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", default="1,2,3,4,5")
    given = parser.parse_args()
    train_all(given.rows, given.epochs, [int(text) for text in given.seeds.split(",")])
    lines = trained().query("rows == @given.rows and epochs == @given.epochs")
    gains = {name: gain(lines, name) for name in ways(1, 1) if name != PLAIN}
    table = [
        "| training | × the Trainer's speed | macro-F1 less the Trainer's | seeds |",
        "|---|---:|---:|---:|",
    ]
    for name, (speed, value, low, high, seeds) in gains.items():
        table.append(f"| {name} | {speed:.1f} | {value:+.3f} ({low:+.3f} to {high:+.3f}) | {seeds} |")
    about = (
        f"{given.rows} rows, {given.epochs} epochs; held-out rows as above. A setting learns as much as the"
        f" Trainer where its interval is above −{MARGIN:g}."
    )
    text = "\n".join([*table, "", about])
    best = max((each.speed for each in gains.values() if each.low > -MARGIN), default=0.0)
    ratios = {"one that learns as much, × the speed of a plain Trainer": (f"{best:.1f}", f"≥ {AIM}")}
    section.write(
        "Training to one quality", "python -m experiments.performance.training_quality", text, ratios
    )
    print(text)


if __name__ == "__main__":
    main()
