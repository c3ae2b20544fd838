"""How fast articles are read, and how much memory that takes; writes its section of ``results.md``.

    python -m experiments.performance.reading STANCE FRAMES

takes the addresses of two models, ``models:/stance@champion`` and ``models:/framing@champion`` where left
out.
Articles of 25 sentences are made up, no two alike; they are read without ``--explain`` into a table.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments.performance import section

ARTICLES = (250, 1000)
SENTENCES = 25
PARTIES = ("Russia", "Ukraine", "NATO", "the United States", "China", "Germany", "France", "Japan")
VERBS = ("praised", "blamed", "met", "warned", "thanked", "ignored", "joined", "accused")
THINGS = (
    "the harbour",
    "a budget",
    "two ministers",
    "the treaty",
    "its critics",
    "a court",
    "the talks",
    "new tariffs",
)
ENDS = (
    "on Monday",
    "after a long night",
    "as prices rose",
    "to general surprise",
    "in a letter",
    "without a word",
)


def article(number: int) -> dict[str, str]:
    """An article in which about half of the sentences name parties."""
    lines = []
    for k in range(SENTENCES):
        at = number * SENTENCES + k
        first = PARTIES[at % 8] if k % 2 else "Officials"
        second = PARTIES[at // 8 % 8] if k % 4 == 1 else THINGS[at // 64 % 8]
        said = f", the mayor said of case {at}" if k % 3 == 0 else f" in case {at}"
        sentence = f"{first} {VERBS[at // 3 % 8]} {second} {ENDS[at // 5 % 6]}{said}."
        lines.append(sentence[:1].upper() + sentence[1:])
    return {"id": str(number), "outlet": "made", "date": "2024-06-18", "text": "\n".join(lines)}


def measured(stance: str, frames: str, n: int) -> dict[str, float]:
    """Read ``n`` articles in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "articles.jsonl"
        source.write_text("".join(json.dumps(article(k)) + "\n" for k in range(n)), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "experiments.performance.reading",
            "--one",
            stance,
            frames,
            str(source),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(stance: str, frames: str, source: Path) -> None:
    """Read a file and print rows, seconds (loading of models left out and counted apart) and peak memory."""
    from harness.article.documents import Document, read
    from harness.article.reading import Reader
    from harness.article.rows import Tables
    from harness.inference import load
    from harness.parties import shipped

    began = time.perf_counter()
    reader = Reader(shipped(), load(stance), load(frames))
    loaded = time.perf_counter()
    rows = 0
    with Tables([source.with_suffix(".csv")]) as tables:
        for reading in reader.read(found for found in read([source]) if isinstance(found, Document)):
            tables.add(reading)
            rows += len(reading.rows)
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "load": loaded - began, "seconds": ended - loaded, "peak": peak}))


def main(stance: str = "models:/stance@champion", frames: str = "models:/framing@champion") -> None:
    """Measure, and write the section."""
    lines = [
        "| articles | rows | s | rows a second | loading, s | peak memory, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for n in ARTICLES:
        found = measured(stance, frames, n)
        rate = found["rows"] / found["seconds"]
        lines.append(
            f"| {n:,} | {found['rows']:,.0f} | {found['seconds']:.1f} | {rate:,.0f} | {found['load']:.1f} "
            f"| {found['peak']:,.0f} |"
        )
        print(lines[-1], flush=True)
    name = f"Reading articles, {stance} and {frames}"
    section.write(name, f"python -m experiments.performance.reading {stance} {frames}", "\n".join(lines))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        main(*sys.argv[1:])
