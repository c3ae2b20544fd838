"""How fast is the explorer in a browser, how large is its page, and what does a run wait for it?

    python -m experiments.performance.explorer

Writes its section of ``results.md``. Rows are made up; classifiers answer at random, with five seeds each.
The page is opened in headless Chromium, and every time is the page's own: from the start of filtering to the
drawn list and numbers, intervals apart, which come later and hold nothing up.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.performance import section
from experiments.performance.browser import Browser, Tab, browser
from harness.explorer.answers import ExploredClassifier, answered_rows
from harness.explorer.page_data import Described, page_data
from harness.explorer.page_writer import explorer_page
from harness.scoring.metrics.classification import ACCURACY, F1_MACRO
from harness.scoring.score import score
from harness.values.labels import STANCES, LabelSet
from harness.values.tables import Predictions

SIZES = (1_000, 10_000, 100_000)
CLASSIFIERS, SEEDS = 6, 5
PARTIES = ("Coastal Union", "Harbour Party", "Varna", "Saffron Party", "Salt Road Party")
VERBS = ("praised", "blamed", "met", "warned", "thanked", "ignored", "joined", "accused")
FILTERS = {
    "wrong": "outcome=wrong",
    "two differ": "clf=number-1&vs=number-2&who=differ",
    "a party, a range": "party=Varna&of=critical&from=0.2&to=0.6",
    "search": "q=harbour",
    "sorted by difference": "clf=number-1&vs=number-2&sort=moved",
    "sorted by sentence": "sort=text",
}
REPEATS = 5


def predictions(n: int, seed: int, generator: np.random.Generator) -> list[dict[str, Any]]:
    proba = generator.dirichlet(np.ones(3), n)
    truth = np.arange(n) % 3
    return [
        {"run": "", "split": "test", "seed": seed, "fold": 0, "id": f"row-{row}"}
        | {"target": PARTIES[row % 5], "group": f"article-{row // 8}", "truth": STANCES[truth[row]]}
        | {"prediction": STANCES[int(proba[row].argmax())]}
        | {f"p_{name}": float(p) for name, p in zip(STANCES, proba[row], strict=True)}
        for row in range(n)
    ]


def page(n: int) -> tuple[str, float]:
    """Return a page of so many rows, and the seconds of processor time of the page of one classifier."""
    import pandas as pd

    labels = LabelSet(STANCES)
    generator = np.random.default_rng(n)
    classifiers = []
    for number in range(CLASSIFIERS):
        rows = pd.DataFrame([row for seed in range(SEEDS) for row in predictions(n, seed, generator)])
        classifiers.append(ExploredClassifier(f"number-{number + 1}", Predictions(labels, rows)))
    texts = [
        f"{PARTIES[row % 5]} {VERBS[generator.integers(8)]} {PARTIES[(row + 1) % 5]} for the {row}th time in"
        f" the harbour of {VERBS[generator.integers(8)]} ships, and {VERBS[generator.integers(8)]} nobody."
        for row in range(n)
    ]
    details = pd.DataFrame({"id": [f"row-{row}" for row in range(n)], "text": texts})
    details = details.assign(start=0, end=[len(PARTIES[row % 5]) for row in range(n)], outlet="Harbour Post")
    described = Described("made up", "stance", "made up")
    first = classifiers[0]
    # A run has scored its predictions before it writes its page.
    first = replace(first, scores=score(first.predictions, [ACCURACY, F1_MACRO]))
    began = time.process_time()
    explorer_page(page_data(answered_rows([first]), details, described), described)
    seconds = time.process_time() - began
    return explorer_page(page_data(answered_rows(classifiers), details, described), described), seconds


def opened(chromium: Browser, path: Path) -> tuple[Tab, float]:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        tab = chromium.open(path.as_uri())
        tab.wait("document.documentElement.dataset.drawn", 60)
        times.append(time.perf_counter() - began)
    return tab, min(times)


def filter_times(tab: Tab) -> dict[str, float]:
    """Return the fewest milliseconds that each filter takes."""
    times: dict[str, list[float]] = {name: [] for name in FILTERS}
    for _ in range(REPEATS):
        for name, text in FILTERS.items():
            # What it does not know filters nothing, and is another address: all rows, before each filter.
            for address in ("nothing=1", text):
                tab.evaluate("delete document.documentElement.dataset.drawn")
                tab.evaluate(f"location.hash = {address!r}")
                tab.wait("document.documentElement.dataset.drawn", 60)
            times[name].append(float(tab.evaluate("document.documentElement.dataset.drawn")))
    return {name: min(values) for name, values in times.items()}


def main() -> None:
    rows, ratios = [], {}
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        for n in SIZES:
            text, waited = page(n)
            path = Path(folder) / f"{n}.html"
            path.write_text(text, encoding="utf-8")
            tab, seconds = opened(chromium, path)
            times = filter_times(tab)
            shown = int(tab.evaluate("Number(document.querySelectorAll('.row').length)"))
            cells = " | ".join(f"{times[name]:.0f}" for name in FILTERS)
            rows.append(
                f"| {n:,} | {len(text) / 2**20:.1f} | {waited:.2f} | {seconds:.2f} | {cells} | {shown} |"
            )
            if n == 10_000:
                ratios["10,000 rows of 6 classifiers: ms of the slowest filter"] = (
                    f"{max(times.values()):.0f}",
                    "< 200",
                )
            if n == 100_000:
                ratios["100,000 rows: seconds until the page is drawn"] = (f"{seconds:.1f}", "< 5")
                ratios["100,000 rows: seconds of processor time in a classifier's run"] = (
                    f"{waited:.2f}",
                    "< 0.5",
                )
            if n == 1_000:
                ratios["1,000 rows: seconds of processor time in a classifier's run"] = (
                    f"{waited:.2f}",
                    "< 0.3",
                )
    names = " | ".join(f"{name}, ms" for name in FILTERS)
    head = f"| rows | page, MiB | page of one classifier, s | open, s | {names} | rows drawn |"
    rule = "|" + "---:|" * (5 + len(FILTERS))
    about = (
        f"{CLASSIFIERS} classifiers with {SEEDS} seeds, in headless Chromium; the fastest of {REPEATS}, since"
        " others computed on the machine. Each filter is set on all rows; list, scores, confusion matrix and"
        " histogram are drawn then. What a run waits for is processor time."
    )
    section.write(
        "Explorer",
        "python -m experiments.performance.explorer",
        "\n".join([about, "", head, rule, *rows]),
        ratios,
    )


if __name__ == "__main__":
    main()
