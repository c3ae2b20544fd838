"""Simulates how often intervals cover where a label is rare, or articles are of unequal size.

    python -m experiments.statistics.rare --workers 2           # about 20 minutes of one core

Writes ``rare.csv`` and its table in the README of this folder. In each setting the rare label is expected so
many times; test sets with fewer than three of it are passed over, since no interval is given for them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import tables
from harness.scoring.metrics.classification import ACCURACY, F1, F1_MACRO, RECALL
from harness.scoring.score import score
from harness.values import seeds
from harness.values.labels import STANCE
from harness.values.minimums import MIN_LABEL_ITEMS
from harness.values.progress import progress
from harness.values.tables import Predictions

RESULTS = Path(__file__).with_name("rare.csv")
REPEATS = 500
DRAWS = 1_000
RECALLS = (0.3, 0.6, 0.9, 1.0)
EXPECTED = (3, 5, 10, 30)
OTHER_RECALL = 0.7
SCORES = ("recall_critical", "f1_critical", "f1_macro", "accuracy")


@dataclass(frozen=True)
class Articles:
    """Sizes of articles, and how alike their sentences are.

    Attributes
    ----------
    name : str
    sizes : array
        Sentences of each article.
    alike : float
        Correlation of labels, and of being right, within an article; 0 where sentences are independent.
    """

    name: str
    sizes: NDArray[np.int64]
    alike: float


ARTICLES = (
    Articles("300 sentences", np.ones(300, dtype=np.int64), 0.0),
    Articles("75 articles of 4", np.full(75, 4), 0.25),
    # The largest holds 7 % of the sentences, the smaller half of the articles 16 %.
    Articles("200 articles, Zipf", np.maximum(1, 120 / np.arange(1, 201) ** 0.8).astype(np.int64), 0.15),
)


def shares(articles: Articles, expected: float) -> NDArray[np.float64]:
    """Return the share of each label; the first is the rare one."""
    rare = expected / articles.sizes.sum()
    return np.array([rare, (1 - rare) / 2, (1 - rare) / 2])


def truth(label_shares: NDArray[np.float64], recall: float) -> dict[str, float]:
    """Return the true scores: those of the table of probabilities."""
    recalls = np.array([recall, OTHER_RECALL, OTHER_RECALL])
    table = label_shares[:, None] * (1 - recalls[:, None]) / 2 * (1 - np.eye(3))
    table += np.diag(label_shares * recalls)
    f1 = 2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))
    return dict(zip(SCORES, (recall, f1[0], f1.mean(), np.trace(table)), strict=True))


def drawn(articles: Articles, expected: float, recall: float, stream: np.random.Generator) -> Predictions:
    """Draw a test set and what a classifier predicts for it."""
    label_shares, recalls = shares(articles, expected), np.array([recall, OTHER_RECALL, OTHER_RECALL])
    n_articles, n = len(articles.sizes), int(articles.sizes.sum())
    article = np.repeat(np.arange(n_articles), articles.sizes)
    of_label = np.tile(label_shares, (n_articles, 1))
    right = np.tile(recalls, (n_articles, 1))
    if articles.alike:
        # Beta and Dirichlet variables with this correlation within an article.
        concentration = (1 - articles.alike) / articles.alike
        of_label = stream.dirichlet(label_shares * concentration, n_articles)
        varies = recalls < 1
        a, b = recalls[varies] * concentration, (1 - recalls[varies]) * concentration
        right[:, varies] = stream.beta(a, b, (n_articles, int(varies.sum())))
    codes = (stream.random(n)[:, None] > of_label.cumsum(axis=1)[article]).sum(axis=1).clip(0, 2)
    is_right = stream.random(n) < right[article, codes]
    predicted = np.where(is_right, codes, (codes + stream.integers(1, 3, n)) % 3)
    names = np.array(STANCE.names, dtype=object)
    columns: dict[str, object] = {"run": "r", "split": "test", "seed": 1, "fold": 0}
    columns |= {"id": np.arange(n).astype(str).astype(object), "target": None}
    columns |= {"group": np.char.add("a", article.astype(str)).astype(object) if articles.alike else None}
    columns |= {"truth": names[codes], "prediction": names[predicted]}
    one_hot = np.eye(3)[predicted]
    columns |= {f"p_{name}": one_hot[:, index] for index, name in enumerate(STANCE.names)}
    return Predictions(STANCE, pd.DataFrame(columns))


def coverage(articles: Articles, expected: float, recall: float, repeats: int) -> Iterator[dict[str, Any]]:
    """Count how often each score's interval covers its true value, and its mean width."""
    stream = seeds.generator(0, "rare", articles.name, str(expected), str(recall))
    true = truth(shares(articles, expected), recall)
    covered: dict[str, list[bool]] = {name: [] for name in SCORES}
    widths: dict[str, list[float]] = {name: [] for name in SCORES}
    for repeat in range(repeats):
        table = drawn(articles, expected, recall, stream)
        if (table.rows["truth"] == STANCE.names[0]).sum() < MIN_LABEL_ITEMS:
            continue
        rows = score(table, [RECALL, F1, F1_MACRO, ACCURACY], draws=DRAWS, seed=repeat).rows.set_index(
            "metric"
        )
        for name in SCORES:
            low, high = rows.loc[name, ["low", "high"]]
            # Rounding: a bound of 1 is 1 less some 1e-16.
            covered[name].append(bool(low - 1e-9 <= true[name] <= high + 1e-9))
            widths[name].append(float(high - low))
    for name in SCORES:
        yield {
            "articles": articles.name,
            "expected": expected,
            "recall": recall,
            "score": name,
            "share": float(np.mean(covered[name])),
            "width": float(np.mean(widths[name])),
            "repeats": len(covered[name]),
        }


def _setting(setting: tuple[int, float, float, int]) -> list[dict[str, Any]]:
    index, expected, recall, repeats = setting
    return list(coverage(ARTICLES[index], expected, recall, repeats))


def main() -> None:
    """Simulate, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    settings = [
        (index, expected, recall, arguments.repeats)
        for index in range(len(ARTICLES))
        for expected in EXPECTED
        for recall in RECALLS
    ]
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        done = list(progress(pool.map(_setting, settings), "rare labels", len(settings), "settings"))
    results = pd.DataFrame([row for rows in done for row in rows])
    results.to_csv(arguments.output, index=False)
    if arguments.output == RESULTS:
        tables.write_rare(results)


if __name__ == "__main__":
    main()
