"""Does memory stay flat, however many rows a language model is asked about?

    make bench ONLY=asking

Writes its section of ``results.md``. Every figure is of a process of its own. The server is a function in
that process, which takes and gives what goes over the wire: prompts, store of answers and threads are real.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.performance import section
from harness.classifiers.llm import LanguageModel, llm
from harness.classifiers.llm.connection import Connection, Reply
from harness.classifiers.protocol import Example, Labelled
from harness.serving.contract import Contract
from harness.serving.folder import write_data
from harness.values.labels import STANCE
from harness.values.parties import EMPTY

ROWS = (1_000, 10_000, 100_000)
MODULE = "experiments.performance.asking"
TOP = Path(__file__).parents[2]
WAYS = {"run": "predict_proba, as `harness run` asks", "predict": "`harness predict`, CSV to CSV"}


def answered(self: Connection, path: str, body: Mapping[str, Any], *more: object) -> Reply:
    """Answer as a server does: a distribution over letters that the length of the prompt decides."""
    del self, path, more
    share = 0.2 + len(body["messages"][0]["content"]) % 7 / 10
    shares = {"A": share, "B": (1 - share) / 2, "C": (1 - share) / 2}
    top = [{"token": token, "logprob": math.log(value)} for token, value in shares.items()]
    choice = {"message": {"content": "A"}, "logprobs": {"content": [{"top_logprobs": top}]}}
    usage = {"prompt_tokens": 200, "completion_tokens": 1}
    return Reply({"model": "function", "choices": [choice], "usage": usage}, 0.0, 0)


def model_of(seed: int = 1) -> LanguageModel:
    """Return a fitted model that asks nobody but :func:`answered`."""
    url = "http://127.0.0.1:9/v1"
    model = llm(url=url, model="function", api="logprobs", concurrency=8, labels=STANCE, seed=seed)
    rows = [Example("The League attacked Varna.", "Varna", ((20, 25),))]
    model.fit(Labelled(rows, STANCE.encode(["critical"])))
    return model


def sentences(count: int) -> Iterator[tuple[str, str]]:
    """Yield so many sentences with their party, no two of them alike."""
    for number in range(count):
        yield sentence(number), "Varna"


def sentence(number: int) -> str:
    return f"The League attacked Varna for the {number}th time, and Varna said that it did not mind."


@dataclass(frozen=True)
class Rows(Sequence[Example]):
    """So many examples, made when they are looked at: a list of them would be what grows."""

    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(self.count))]
        return Example(sentence(at), "Varna")


def ask(way: str, count: int, folder: Path) -> None:
    """Ask about so many rows; print seconds, and megabytes at the most."""
    # mypy: a method is replaced, which is the point here.
    Connection.post = answered  # type: ignore[assignment,method-assign]
    model = model_of()
    began = time.perf_counter()
    if way == "run":
        proba = model.predict_proba(Rows(count))
        assert len(proba) == count
    else:
        from harness.serving.inference import load_folder
        from harness.serving.inference.labelling import predict_file

        (folder / "own" / "model").mkdir(parents=True)
        (folder / "served").mkdir()
        address = model.save(folder / "own" / "model")
        write_data(folder / "served", folder / "own", Contract("stance", STANCE, address), EMPTY)
        source = folder / "rows.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["text", "target"])
            table.writerows(sentences(count))
        began = time.perf_counter()
        assert predict_file(load_folder(folder / "served"), source, folder / "labelled.csv") == count
    taken = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([taken, most / (2**20 if sys.platform == "darwin" else 2**10)]))


def measured(way: str, count: int) -> tuple[float, float]:
    """Return seconds and megabytes of one process."""
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", MODULE, "--ask", way, str(count), name],
            cwd=TOP,
            env={**os.environ, "HARNESS_CACHE": str(Path(name) / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
    taken, most = json.loads(done.stdout.splitlines()[-1])
    return taken, most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ask", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ask:
        way, count, folder = arguments.ask
        ask(way, int(count), Path(folder))
        return
    lines = [
        "A language model is asked about distinct rows, 8 at a time. A function stands for the server:"
        " prompts, the store of answers and threads are real, the network is not there."
    ]
    ratios = {}
    for way, what in WAYS.items():
        lines += ["", f"{what}:", "", "| rows | rows a second | memory at the most, MB |", "|---:|---:|---:|"]
        most_of = []
        for count in ROWS:
            taken, most = measured(way, count)
            most_of.append(most)
            lines.append(f"| {count:,} | {count / taken:,.0f} | {most:,.0f} |")
            print(lines[-1], flush=True)
        more = most_of[-1] - most_of[0]
        ratios[f"{what}: MB more for {ROWS[-1]:,} rows than for {ROWS[0]:,}"] = (f"{more:,.0f}", "flat")
    section.write("Asking a language model", "make bench ONLY=asking", "\n".join(lines), ratios)


if __name__ == "__main__":
    main()
