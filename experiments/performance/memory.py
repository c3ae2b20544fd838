"""Does memory stay flat, however many rows are labelled? And how soon is the first label there?

    make bench

Writes its sections of ``results.md``. Every figure is of a process of its own.
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
from pathlib import Path

from experiments.performance import encoder, section
from harness.classifiers.encoder import load
from harness.classifiers.linear.classifier import linear
from harness.classifiers.protocol import Example
from harness.serving.contract import Contract
from harness.serving.folder import write_data
from harness.values.labels import STANCE
from harness.values.parties import EMPTY

LINEAR_ROWS = (10_000, 100_000, 1_000_000)
ENCODER_ROWS = (1_000, 5_000, 20_000)


def write_rows(path: Path, examples: list[Example], count: int) -> None:
    """Write so many rows, no two of them alike."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "target", "target_start", "target_end"])
        for number in range(count):
            example = examples[number % len(examples)]
            start, end = example.spans[0]
            table.writerow([f"{example.text} ({number})", example.target, start, end])


def label_file(model: str, source: Path, engine: str) -> None:
    """Label a file; print seconds, and megabytes at the most."""
    from harness.serving.inference.labelling import predict_file
    from harness.tracking.models import load as load_model

    loaded = load_model(model, engine=engine)
    began = time.perf_counter()
    predict_file(loaded, source, source.with_suffix(".labelled.csv"))
    taken = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([taken, most / (2**20 if sys.platform == "darwin" else 2**10)]))


def measured(
    model: str, folder: Path, examples: list[Example], engine: str, counts: tuple[int, ...]
) -> tuple[list[str], float]:
    """Return a line of a table for each number of rows; and how many megabytes more the last took."""
    lines, taken_most = [], []
    for count in counts:
        source = folder / "rows.csv"
        write_rows(source, examples, count)
        command = [
            sys.executable,
            "-m",
            "experiments.performance.memory",
            "--label",
            model,
            str(source),
            engine,
        ]
        done = subprocess.run(
            command,
            cwd=encoder.TOP,
            env=encoder.environment(folder),
            capture_output=True,
            text=True,
            check=True,
        )
        taken, most = json.loads(done.stdout.splitlines()[-1])
        lines.append(f"| {count:,} | {count / taken:,.0f} | {most:,.0f} |")
        taken_most.append(most)
    return lines, taken_most[-1] - taken_most[0]


def linear_model(folder: Path, home: Path) -> str:
    """Write a words-only linear model, and return its address."""
    classifier = linear(chars=None, labels=STANCE)
    classifier.fit(encoder.rows(home)["train"])
    (folder / "own" / "model").mkdir(parents=True)
    (folder / "served").mkdir()
    address = classifier.save(folder / "own" / "model")
    write_data(folder / "served", folder / "own", Contract("stance", STANCE, address), EMPTY)
    return str(folder / "served")


IMPORTING = """
import importlib, runpy, sys
for name in open(sys.argv.pop(1)).read().split():
    try:
        importlib.import_module(name)
    except Exception:
        pass
print(flush=True)
runpy.run_module("harness", run_name="__main__")
"""
"""Imports what a file names, says so with an empty line, and goes on as ``python -m harness``."""


def fastest(home: Path) -> str:
    """Name the engine that most likely is: int8, where it was not refused for the model."""
    return load(encoder.model(home), STANCE)._service.offered[-1]


def command(engine: str, source: Path) -> list[str]:
    """Return what labels a file to standard output, after ``python -m harness``."""
    asked = ["predict", "--model", encoder.ADDRESS, "--input", str(source), "--output", "-"]
    return [*asked, "--engine", engine]


def from_the_command(engine: str, home: Path, source: Path) -> float:
    """Return seconds from the command to its first label."""
    waited = [until(["-m", "harness", *command(engine, source)], home, 2)[1] for _ in range(3)]
    return sorted(waited)[1]


def from_its_imports(engine: str, home: Path, source: Path) -> float:
    """Return seconds to the first label from where all that the command imports has been imported."""
    timed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "harness", *command(engine, source)],
        cwd=home,
        env=encoder.environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("|") for line in timed.stderr.splitlines() if line.startswith("import time:")]
    names = source.with_suffix(".imports")
    names.write_text("\n".join(line[2].strip() for line in lines[1:]), encoding="utf-8")
    waited = []
    for _ in range(3):
        imported, labelled = until(["-c", IMPORTING, str(names), *command(engine, source)], home, 3)
        waited.append(labelled - imported)
    return sorted(waited)[1]


def until(arguments: list[str], home: Path, count: int) -> tuple[float, float]:
    """Run Python; return seconds until the first line that it writes, and until so many."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=home, env=encoder.environment(home), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first = time.perf_counter() - began
        for _ in range(count - 1):
            process.stdout.readline()
        last = time.perf_counter() - began
        process.stdout.read()
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} ended with {process.returncode}")
    return first, last


def start(home: Path, examples: list[Example], folder: Path) -> None:
    """Write the section on how soon the first label is there."""
    source = folder / "few.csv"
    write_rows(source, examples, 200)
    lines = [
        "`harness predict` on a registered encoder: until the first label can be read, median of three.",
        "",
        "| engine | from the command, s |",
        "|---|---:|",
    ]
    ratios = {}
    fast = fastest(home)
    for engine in dict.fromkeys((fast, "fp32")):
        waited = from_the_command(engine, home, source)
        lines.append(f"| {engine} | {waited:.1f} |")
        ratios[f"{engine}: seconds from the command"] = (f"{waited:.1f}", "≤ 8")
    beside = from_its_imports(fast, home, source)
    lines += ["", f"By {fast} it is there {beside:.1f} s after the last import."]
    ratios[f"{fast}: seconds from the end of the imports"] = (f"{beside:.1f}", "≤ 1")
    text = "\n".join(lines)
    print(text)
    section.write("First label", "make bench", text, ratios)


def flatness(home: Path, examples: list[Example], folder: Path) -> None:
    """Write the section on memory."""
    engine = fastest(home)
    counted = (
        ("The linear model, words only", linear_model(folder, home), "auto", LINEAR_ROWS),
        (f"The encoder, by {engine}", str(encoder.model(home).parent), engine, ENCODER_ROWS),
    )
    lines = [
        "`harness predict` on files of distinct rows, reading and writing CSV included; the rows are numbered"
        f" sentences of {encoder.corpus_name()}."
    ]
    ratios = {}
    for what, model, by, counts in counted:
        table, more = measured(model, folder, examples, by, counts)
        lines += ["", f"{what}:", "", "| rows | rows a second | memory at the most, MB |", "|---:|---:|---:|"]
        lines += table
        ratios[f"{what}: MB more for {counts[-1]:,} rows than for {counts[0]:,}"] = (f"{more:,.0f}", "flat")
    text = "\n".join(lines)
    print(text)
    section.write("Memory", "make bench", text, ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--label", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.label:
        label_file(arguments.label[0], Path(arguments.label[1]), arguments.label[2])
        return
    home = encoder.registered()
    examples = [example for example in encoder.rows(home)["test"].examples if example.spans]
    with tempfile.TemporaryDirectory() as name:
        start(home, examples, Path(name))
        flatness(home, examples, Path(name))


if __name__ == "__main__":
    main()
