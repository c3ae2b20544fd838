"""How long does the leak gate look at 100,000 sentences, how much memory does it take, and what does it find?

    make bench

Sentences are drawn: words by Zipf's law, as many as in news, a third of the sentences from templates, which
are alike without being copies. Into test some of train are put again: word for word, with one word changed,
with two. Writes its section of ``results.md``; the figures are of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from experiments.performance import section
from harness.corpora.checks import Raw, build
from harness.splits.leaks import leaks
from harness.splits.leaks.duplicates import NEAR_JACCARD, normalised
from harness.splits.leaks.likeness import likeness
from harness.splits.leaks.repeats import repeats
from harness.splits.split import split_from_indices
from harness.values.labels import STANCE
from harness.values.tables import Corpus

ROWS, TEST, VOCABULARY, TEMPLATES = 100_000, 10_000, 40_000, 300
PLANTED = 500
"""Of each kind: copies, copies with one word changed, copies with two."""

SECONDS, MEGABYTES = 60, 2_048


def sentences(draw: np.random.Generator) -> list[str]:
    """Draw sentences: free ones, and such that fill four gaps of a template."""
    words = np.array([f"w{k:x}" for k in range(VOCABULARY)])
    weights = 1 / np.arange(1, VOCABULARY + 1)
    weights /= weights.sum()
    lengths = draw.integers(12, 38, ROWS)
    pool = iter(draw.choice(VOCABULARY, size=int(lengths.sum()) + 50 * TEMPLATES, p=weights).tolist())
    templates = [[next(pool) for _ in range(24)] for _ in range(TEMPLATES)]
    texts = []
    for number, length in enumerate(lengths.tolist()):
        if number % 3:
            codes = [next(pool) for _ in range(length)]
        else:
            codes = list(templates[number % TEMPLATES])
            for gap in draw.choice(len(codes), size=12, replace=False).tolist():
                codes[gap] = int(draw.integers(VOCABULARY))
        texts.append(" ".join(words[codes].tolist()))
    return texts


def planted(draw: np.random.Generator, texts: list[str]) -> dict[str, set[int]]:
    """Put sentences of train into test again; return kind → places."""
    kinds = {"word for word": 0, "one word changed": 1, "two words changed": 2}
    test = draw.permutation(TEST)[: PLANTED * len(kinds)].tolist()
    planted_at: dict[str, set[int]] = {kind: set() for kind in kinds}
    for kind, changes in kinds.items():
        while len(planted_at[kind]) < PLANTED:
            source = texts[TEST + int(draw.integers(ROWS - TEST))].split(" ")
            # The changes of short sentences leave less than seven tenths of them.
            if len(source) < 22:
                continue
            for word in draw.choice(len(source), size=changes, replace=False).tolist():
                source[word] = f"new{int(draw.integers(10**6))}"
            index = test.pop()
            texts[index] = " ".join(source)
            planted_at[kind].add(index)
    return planted_at


def corpus() -> tuple[Corpus, dict[str, set[int]]]:
    """Make the corpus; the first rows are for test."""
    draw = np.random.default_rng(0)
    texts = sentences(draw)
    planted_at = planted(draw, texts)
    labels = np.array(STANCE.names, dtype=object)[draw.integers(0, 3, ROWS)]
    columns = {"id": [f"s{k}" for k in range(ROWS)], "text": texts, "stance": labels}
    columns["target"] = [f"party {k}" for k in draw.integers(0, 20, ROWS)]
    rows = pd.DataFrame(columns, dtype=object)
    return build("drawn", Raw(rows, columns["id"], "drawn"), labels=STANCE), planted_at


def look() -> None:
    """Run the gate; print seconds, megabytes, and the share of what was planted that it found."""
    drawn, planted_at = corpus()
    places = np.arange(ROWS)
    split = split_from_indices(drawn, STANCE, 0, (places[TEST:], places[:0], places[:0], places[:TEST]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    leaks().inspect(drawn, (split,), STANCE)
    taken = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    # Once more, and not timed: the gate counts all and lists the first.
    words = [normalised(str(text)) for text in drawn.rows["text"]]
    texts = list(dict.fromkeys(words))
    alike = likeness(texts, NEAR_JACCARD)
    listed = {repeat.id for repeat in repeats(drawn.rows["id"].tolist(), words, (split,), alike)}
    shares = {kind: sum(f"s{index}" in listed for index in at) / len(at) for kind, at in planted_at.items()}
    falsely = len(listed) - sum(f"s{index}" in listed for at in planted_at.values() for index in at)
    print(json.dumps([taken, most / unit, before / unit, shares, falsely]))


def report(measured: str) -> None:
    """Write the section of what :func:`look` printed."""
    taken, most, before, shares, falsely = json.loads(measured)
    lines = [
        f"The whole leak gate on {ROWS:,} drawn sentences of 12 to 37 words, a third of them from {TEMPLATES}"
        f" templates; {TEST:,} are for test, {PLANTED} of each kind below repeat one of train.",
        "",
        f"{taken:.0f} s on one core; {most:,.0f} MB at the most, {before:,.0f} of them before it starts.",
        "",
        "| planted | found |",
        "|---|---:|",
        *(f"| {kind} | {share:.1%} |" for kind, share in shares.items()),
        "",
        f"{falsely:,} other test rows were called near duplicates.",
    ]
    text = "\n".join(lines)
    print(text)
    ratios = {
        f"{ROWS:,} sentences, seconds": (f"{taken:.0f}", f"< {SECONDS}"),
        "the same, MB at the most": (f"{most:,.0f}", f"< {MEGABYTES:,}"),
    }
    section.write("Leaks", "make bench", text, ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--look", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().look:
        look()
        return
    command = [sys.executable, "-m", "experiments.performance.leaks", "--look"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
