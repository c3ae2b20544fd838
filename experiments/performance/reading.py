"""How fast are articles read, and does memory stay flat, however many there are?

    make bench

Writes its sections of ``results.md``. Articles of 25 sentences are made up, no two sentences alike; they are
read as ``harness read FOLDER -o rows.csv`` reads them, without ``--explain``, each time in a process of its
own. Stance is from a linear classifier, then from an encoder; frames are from a linear one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from experiments.performance import encoder, section

MODULE = "python -m experiments.performance.reading"
CONFIG = """\
name: {task}
task: {task}
corpus: {{kind: partyline}}
classifiers:
  linear: {{kind: linear{options}}}
"""
ARTICLES = (250, 1000)
LARGEST = 1000
SENTENCES = 25
HEAD = (
    "| articles | rows | s | s of processor time | rows a second | peak memory, MiB |",
    "|---:|---:|---:|---:|---:|---:|",
)
AIMS = {"linear": 60, "encoder": 300}
"""Stance from, and within how many seconds a thousand articles are to be read."""

PARTIES = ("Russia", "Ukraine", "NATO", "the United States", "China", "Germany", "France", "Japan")
VERBS = ("praised", "blamed", "met", "warned", "thanked", "ignored", "joined", "accused")
THINGS = (
    "the harbour authority",
    "a budget for schools",
    "two ministers and their staff",
    "the treaty of last spring",
    "its many critics abroad",
    "a court that nobody had heard of",
    "the talks in Geneva",
    "new tariffs on steel and grain",
)
ENDS = (
    "on Monday",
    "after a long night of talks behind closed doors",
    "as prices rose in most of the towns along the coast",
    "to the surprise of those who had followed the affair from its beginning in the spring",
    "in a letter",
    "without a word about the money that had been promised for the bridges and the roads",
)
MORE = ("", ", which {party} had long expected", ", and {party} kept out of it", "")


def article(number: int) -> dict[str, str]:
    """An article of sentences of 8 to 39 words, 22 on average, that name 1.3 parties on average."""
    lines = []
    for k in range(SENTENCES):
        at = number * SENTENCES + k
        first = PARTIES[at % 8] if k % 3 else "Officials"
        second = PARTIES[at // 8 % 8] if k % 4 == 1 else THINGS[at // 64 % 8]
        clause = f", the mayor said of case {at}" if k % 3 == 0 else f" in case {at}"
        more = MORE[at % 4].format(party=PARTIES[at // 2 % 8])
        sentence = f"{first} {VERBS[at // 3 % 8]} {second} {ENDS[at // 5 % 6]}{clause}{more}."
        lines.append(sentence[:1].upper() + sentence[1:])
    return {"id": str(number), "outlet": "made", "date": "2024-06-18", "text": "\n".join(lines)}


def linear(task: str) -> Path:
    """Return the files of a linear classifier of partyline; train it first if need be."""
    folder = encoder.FOLDER / f"reading-{task}"
    models = ".harness/artifacts/*/models/*/artifacts"
    if not list(folder.glob(models)):
        folder.mkdir(parents=True, exist_ok=True)
        options = ", target: none" if task == "framing" else ""
        (folder / "bench.yaml").write_text(CONFIG.format(task=task, options=options), encoding="utf-8")
        command = [sys.executable, "-m", "harness", "run", "bench.yaml"]
        subprocess.run(command, cwd=folder, env=encoder.environment(folder), check=True)
    return sorted(folder.glob(models))[-1]


def measured(stance: str, frames: str, n: int) -> dict[str, float]:
    """Read ``n`` articles in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "articles.jsonl"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(article(k)) + "\n" for k in range(n))
        command = [
            sys.executable,
            "-m",
            "experiments.performance.reading",
            "--one",
            stance,
            frames,
            str(source),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure_here(stance: str, frames: str, source: Path) -> None:
    """Read a file; print rows, seconds and seconds of processors (of loading too), and peak memory in MiB."""
    from harness.articles.pipeline import ReadingOptions, read

    began = time.perf_counter()
    options = ReadingOptions((source.with_suffix(".csv"),), stance=stance, frames=frames, keep_rows=False)
    rows = read(source, options).n_rows
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {"rows": rows, "seconds": seconds, "used": used.ru_utime + used.ru_stime}
    print(json.dumps(figures | {"peak": used.ru_maxrss / 1024}))


def main() -> None:
    """Measure, and write a section for each kind of classifier that stance is from."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stance", nargs="+", choices=AIMS, default=tuple(AIMS), help="left out, both")
    parser.add_argument("--articles", nargs="+", type=int, default=ARTICLES)
    parser.add_argument("--encoder", help="a model's address; left out, one is trained for an epoch")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        measure_here(*chosen.one[:2], Path(chosen.one[2]))
        return
    frames = str(linear("framing"))
    for name in chosen.stance:
        if name == "linear":
            model = str(linear("stance"))
        else:
            model = chosen.encoder or str(encoder.model(encoder.registered()).parents[2])
        measured_by_n = {n: measured(model, frames, n) for n in chosen.articles}
        write(name, measured_by_n, os.getloadavg()[0])


def write(name: str, measured_by_n: Mapping[int, Mapping[str, float]], load: float) -> None:
    """Write the section of a kind of classifier; ``measured_by_n`` maps numbers of articles to
    their figures.
    """
    lines = list(HEAD)
    for n, figures in measured_by_n.items():
        cells = [f"{n:,}", f"{figures['rows']:,.0f}", f"{figures['seconds']:.1f}", f"{figures['used']:.1f}"]
        cells += [f"{figures['rows'] / figures['seconds']:,.0f}", f"{figures['peak']:,.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    about = (
        "Sentences have 22 words on average and name 1.3 parties; frames are from a linear classifier."
        " Seconds are those of the whole command, loading the models included."
        f" The load of the machine, this included, was {load:.1f} at the end."
    )
    aim = (
        (f"{measured_by_n[LARGEST]['seconds']:.0f}", f"< {AIMS[name]}") if LARGEST in measured_by_n else None
    )
    ratios = {f"seconds for {LARGEST:,} articles": aim} if aim else {}
    counts = " ".join(map(str, measured_by_n))
    command = (
        "make bench" if tuple(measured_by_n) == ARTICLES else f"{MODULE} --stance {name} --articles {counts}"
    )
    section.write(f"Reading articles, stance from {name}", command, "\n".join([about, "", *lines]), ratios)


if __name__ == "__main__":
    main()
