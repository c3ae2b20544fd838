"""What does the harness itself take for a corpus of 10,000, 100,000 and a million rows?

    make bench-long                                              # or, by itself:
    python -m experiments.performance.growth [--rows 10000,100000]

Sentences are drawn: words by Zipf's law, 50 parties, articles of 20 rows, 30 outlets, a tenth each for dev
and test. ``harness run`` trains ``majority`` on them, so that what is timed is all the rest: reading, checks,
the split, the leak gate, scores with intervals, slices by outlet, figures, the report, the store. Writes its
section of ``results.md``; each figure is of a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.performance import encoder, section
from harness.values.labels import STANCES

ROWS = (10_000, 100_000, 1_000_000)
MINUTES, GIB = 5, 4
"""That a million rows may take."""

VOCABULARY, PARTIES, OUTLETS, ROWS_PER_ARTICLE = 40_000, 50, 30, 20
CONFIG = """\
name: growth
corpus: {{kind: files, path: {path}, columns: {{group: article}}}}
slices: [outlet]
audits: [leaks]
classifiers: {{majority: {{kind: majority}}}}
"""


def write_corpus(path: Path, count: int) -> None:
    """Write so many rows."""
    draw = np.random.default_rng(count)
    words = np.array([f"w{number:x}" for number in range(VOCABULARY)])
    # Weight up to each word: a random number's place among them is a word by Zipf's law.
    weights = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "text", "target", "stance", "article", "outlet", "split"])
        for number in range(count):
            party = f"Party{draw.integers(PARTIES)}"
            places = draw.random(draw.integers(11, 37)) * weights[-1]
            drawn = words[np.searchsorted(weights, places)].tolist()
            drawn.insert(draw.integers(len(drawn)), party)
            article = number // ROWS_PER_ARTICLE
            part = {0: "test", 1: "dev"}.get(article % 10, "train")
            outlet = f"outlet {article % OUTLETS}"
            stance = STANCES[draw.integers(len(STANCES))]
            table.writerow([number, " ".join(drawn), party, stance, f"a{article}", outlet, part])


def run(config: Path) -> None:
    """Run a config as a person would; print seconds, and gigabytes at the most."""
    from harness.cli.main import main as harness

    began = time.perf_counter()
    sys.argv = ["harness", "run", str(config)]
    try:
        harness()
    except SystemExit as end:
        if end.code:
            raise
    # Of this process and of those that it waited for.
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    most = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    gib = most / (2**30 if sys.platform == "darwin" else 2**20)
    print(json.dumps([time.perf_counter() - began, gib]))


def measured(count: int) -> tuple[float, float]:
    """Return seconds and gigabytes of a run on so many rows."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        write_corpus(folder / "rows.csv", count)
        config = folder / "growth.yaml"
        config.write_text(CONFIG.format(path=folder / "rows.csv"), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "experiments.performance.growth", "--run", str(config)],
            cwd=encoder.TOP,
            env=encoder.environment(folder) | {"HARNESS_STORE": str(folder / "store")},
            capture_output=True,
            text=True,
            check=True,
        )
    seconds, gib = json.loads(done.stdout.splitlines()[-1])
    return seconds, gib


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default=",".join(map(str, ROWS)))
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.run is not None:
        run(options.run)
        return 0
    lines = []
    seconds, gib = 0.0, 0.0
    for count in map(int, options.rows.split(",")):
        seconds, gib = measured(count)
        lines.append(f"| {count:,} | {seconds:.0f} | {1e6 * seconds / count:.0f} | {gib:.2f} |")
        print(lines[-1], flush=True)
    table = "| rows | seconds | microseconds a row | GiB at the most |\n|---:|---:|---:|---:|\n"
    ratios = {
        "a million rows, minutes": (f"{seconds / 60:.1f}", f"≤ {MINUTES}"),
        "a million rows, GiB": (f"{gib:.1f}", f"≤ {GIB}"),
    }
    text = table + "\n".join(lines) + "\n\n`harness run` of `majority`: all but training."
    # A part of it would stand there as the whole.
    if options.rows == ",".join(map(str, ROWS)):
        section.write("Growth", "python -m experiments.performance.growth", text, ratios)
    return 0


if __name__ == "__main__":
    sys.exit(main())
