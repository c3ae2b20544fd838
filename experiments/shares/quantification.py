"""Simulates shares that are estimated without gold: how far off they are, and how often intervals hold.

    python -m experiments.shares.quantification

Writes ``quantification.csv`` and the table of the README of this folder. Labelled rows have a balanced mix of
three labels, unlabelled ones another; articles of four rows lean to one label. The classifier is calibrated
for the labelled mix. In the last settings the supposition of label shift fails: critical sentences of the
unlabelled rows are harder than those that were labelled.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import tables
from harness.scoring.statistics.quantification import METHODS, LabelledErrors, UnlabelledRows, quantify
from harness.values import seeds
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("quantification.csv")
README = Path(__file__).with_name("README.md")
REPEATS = 80
ROOT = 2029
ROWS_PER_ARTICLE = 4
BEFORE = np.full(3, 1 / 3)
MIX = np.array([0.15, 0.6, 0.25])
SETTINGS = (
    # labelled rows, unlabelled rows, separation of the labels, how much harder critical rows are
    (200, 100, 1.5, 0.0),
    (200, 2_000, 1.5, 0.0),
    (600, 100, 1.5, 0.0),
    (600, 400, 1.5, 0.0),
    (600, 2_000, 1.5, 0.0),
    (600, 400, 0.8, 0.0),
    (600, 2_000, 1.5, 0.5),
)

Array = NDArray[np.float64]


def world(
    mix: Array, n: int, separation: float, harder: float, draw: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, NDArray[np.int64]]:
    """Draw truth, predictions, probabilities and articles of ``n`` rows."""
    articles = np.arange(n) // ROWS_PER_ARTICLE
    # Articles lean: their mixes scatter around that of all, as if each had eight rows of its own mix.
    mixes = draw.dirichlet(8 * mix, int(articles[-1]) + 1)[articles]
    truth = (draw.random((n, 1)) > mixes.cumsum(axis=1)).sum(axis=1).clip(max=2)
    strength = np.where(truth == 0, separation * (1 - harder), separation)
    evidence = draw.normal(size=(n, 3)) + strength[:, None] * np.eye(3)[truth]
    proba = BEFORE * np.exp(separation * evidence)
    proba /= proba.sum(axis=1, keepdims=True)
    return truth, proba.argmax(axis=1), proba, articles


def repetition(setting: tuple[int, int, float, float], seed: int) -> list[dict[str, float | str]]:
    """Return the errors of every estimate in one world, and whether its intervals hold the true shares."""
    labelled, unlabelled, separation, harder = setting
    draw = seeds.generator(ROOT, "quantification", *map(str, setting), str(seed))
    errors = LabelledErrors(*world(BEFORE, labelled, separation, 0.0, draw))
    _, predicted, proba, articles = world(MIX, unlabelled, separation, harder, draw)
    rows = UnlabelledRows(predicted, proba, articles)
    counted = np.bincount(predicted, minlength=3) / unlabelled
    results: list[dict[str, float | str]] = [{"method": "count", "error": float(abs(counted - MIX).mean())}]
    for method in METHODS:
        shares = quantify(rows, errors, method)
        values = np.array([share.value for share in shares])
        results.append(
            {
                "method": method,
                "error": float(abs(values - MIX).mean()),
                "coverage": float(
                    np.mean(
                        [share.low <= true <= share.high for share, true in zip(shares, MIX, strict=True)]
                    )
                ),
                "width": float(np.mean([share.high - share.low for share in shares])),
                "condition": errors.condition,
            }
        )
    return results


def simulate(repeats: int) -> pd.DataFrame:
    """Return a row a setting and method: means over repetitions and labels."""
    names = ("labelled", "unlabelled", "separation", "harder")
    tables = []
    for setting in SETTINGS:
        worlds = progress(range(repeats), f"{setting[0]} labelled", repeats, "repetitions")
        results = pd.DataFrame([row for seed in worlds for row in repetition(setting, seed)])
        table = results.groupby("method", sort=False).mean().reset_index()
        tables.append(table.assign(**dict(zip(names, setting, strict=True)), repeats=repeats))
    return pd.concat(tables, ignore_index=True)


def write(results: pd.DataFrame) -> None:
    """Replace the table of the README."""
    lines = [
        "| labelled | unlabelled | separation (condition) | critical harder | method | mean error |"
        " coverage, % | width |",
        "|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for key, rows in results.groupby(["labelled", "unlabelled", "separation", "harder"], sort=False):
        labelled, unlabelled, separation, harder = key
        condition = rows["condition"].max()
        for row in rows.to_dict("records"):
            measured = ("–", "–")
            if row["method"] != "count":
                measured = f"{100 * row['coverage']:.1f}", f"{row['width']:.2f}"
            lines.append(
                f"| {labelled:,} | {unlabelled:,} | {separation} ({condition:.1f}) | {harder:.0%} |"
                f" {row['method']} | {row['error']:.3f} | {' | '.join(measured)} |"
            )
    tables.replace_section("quantification.py", lines, README)


def main() -> None:
    """Simulate, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    simulate(arguments.repeats).round(4).to_csv(arguments.output, index=False)
    if arguments.output == RESULTS:
        write(pd.read_csv(RESULTS))


if __name__ == "__main__":
    main()
