"""Simulates how often the alarm of ``harness drift`` is false, and how many weeks it needs after a change.

    python -m experiments.shares.drift

Writes ``drift.csv`` and the table of the README of this folder. A year of weeks, of which the first eight are
the reference; articles of one to seven sentences lean to critical or not; confidence and length of sentences
do not change. In the middle of the year the share of critical sentences rises by some points, or does not.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.statistics import tables
from harness.scoring.statistics.change_alarm import evidence, together
from harness.values import seeds
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("drift.csv")
README = Path(__file__).with_name("README.md")
REPEATS = 100
ROOT = 2029
WEEKS, REFERENCE, CHANGE = 52, 8, 26
ALPHA = 0.05
SHARE = 0.3


def alarm_week(per_week: int, rise: float, seed: int) -> int | None:
    """Return the week in which the alarm goes off; None where it does not."""
    draw = seeds.generator(ROOT, "drift", str(per_week), str(rise), str(seed))
    week = np.arange(per_week * WEEKS) // per_week
    share = np.where(week >= CHANGE, SHARE + rise, SHARE)
    # An article's own share scatters as if it were seen in four sentences.
    level, rows = draw.beta(4 * share, 4 * (1 - share)), draw.integers(1, 8, len(week))
    critical = draw.binomial(rows, level) / rows
    others = draw.normal(size=(len(week), 2)) / np.sqrt(rows)[:, None]
    logs = evidence(np.column_stack([critical, 1 - critical, others]), per_week * REFERENCE, seed=seed)
    passed = np.flatnonzero(together(logs) >= -math.log(ALPHA))
    return int(week[per_week * REFERENCE :][passed[0]]) if len(passed) else None


def simulate(repeats: int) -> pd.DataFrame:
    """Return a row for each number of articles a week and each rise."""
    rows = []
    for per_week in (5, 20, 100):
        for rise in (0.0, 0.05, 0.1, 0.2):
            worlds = progress(range(repeats), f"{per_week} articles a week", repeats, "repetitions")
            weeks = [alarm_week(per_week, rise, seed) for seed in worlds]
            early = [week for week in weeks if week is not None and (rise == 0 or week < CHANGE)]
            after = [week - CHANGE + 1 for week in weeks if week is not None and rise and week >= CHANGE]
            rows.append(
                {
                    "articles": per_week,
                    "rise": rise,
                    "false": len(early) / repeats,
                    "found": len(after) / repeats if rise else math.nan,
                    "delay": float(np.median(after)) if after else math.nan,
                    "repeats": repeats,
                }
            )
    return pd.DataFrame(rows)


def write(results: pd.DataFrame) -> None:
    """Replace the table of the README."""
    lines = [
        "| articles a week | rise, points | false alarms, % | found within the year, % | median weeks |",
        "|---:|---:|---:|---:|---:|",
    ]
    for row in results.to_dict("records"):
        found = "–" if math.isnan(row["found"]) else f"{100 * row['found']:.1f}"
        delay = "–" if math.isnan(row["delay"]) else f"{row['delay']:.0f}"
        rise = f"{100 * row['rise']:.0f}"
        lines.append(f"| {row['articles']} | {rise} | {100 * row['false']:.1f} | {found} | {delay} |")
    tables.replace_section("drift.py", lines, README)


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
