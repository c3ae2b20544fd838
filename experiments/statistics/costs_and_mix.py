"""Simulates how often the intervals of costs, and of scores under another label mix, cover the truth.

    python -m experiments.statistics.costs_and_mix              # about 5 minutes of one core

Writes ``costs_and_mix.csv`` and its table in the README of this folder. Each repetition draws test items in
articles whose sentences are alike, scores them as a run with ``costs`` and ``prevalence`` is scored, and asks
whether the intervals hold the scores of infinitely many articles.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import tables
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import resolve
from harness.scoring.score import interval_of, seed_values
from harness.values import seeds
from harness.values.costs import Costs
from harness.values.labels import STANCE, LabelSet
from harness.values.prevalence import Prevalence
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("costs_and_mix.csv")
REPEATS = 1_000
DRAWS = 1_000
STATED = {"critical": 0.5, "neutral": 0.3, "supportive": 0.2}
"""The label mix of the stream that scores are wanted for."""

MIXES = {"alike": (0.45, 0.30, 0.25), "other": (0.10, 0.30, 0.60)}
"""Shares of critical, neutral and supportive in the corpus: near those that are stated, and far off."""

LABELS = LabelSet(
    STANCE.names,
    costs=Costs.of({"critical": {"supportive": 5, "neutral": 2}, "supportive": {"critical": 5}}),
    prevalence=Prevalence.of(STATED),
)
TAKEN_FOR = np.array([[0.60, 0.25, 0.15], [0.15, 0.70, 0.15], [0.05, 0.20, 0.75]])
"""The share of the items of each label that is given each label."""

METRICS = (
    "expected_cost",
    "expected_cost_shifted",
    "accuracy_shifted",
    "f1_macro_shifted",
    "f1_shifted",
    "precision_shifted",
)
REDRAWN = 0.15
"""Share of items for which another seed predicts anew."""


@dataclass(frozen=True)
class Setting:
    """How test items are drawn.

    Attributes
    ----------
    articles : int
    sentences : float
        Of an article, on average; 1: items are independent.
    mix : {"alike", "other"}
        See :data:`MIXES`.
    n_seeds : int
    alike : float
        Correlation of labels, and of what a label is taken for, within an article.
    """

    articles: int
    sentences: float
    mix: str
    n_seeds: int = 1
    alike: float = 0.2


SETTINGS = tuple(
    Setting(articles, sentences, mix, n_seeds)
    for sentences, n_seeds, sizes in ((1.0, 1, (60, 130, 400)), (4.0, 1, (60, 130, 400)), (4.0, 5, (130,)))
    for articles in sizes
    for mix in MIXES
)


def true_scores(setting: Setting, metrics: tuple[Metric, ...]) -> dict[str, float]:
    """Return the scores of infinitely many articles: those of the table of probabilities."""
    table = np.array(MIXES[setting.mix])[:, None] * TAKEN_FOR
    scores: dict[str, float] = {}
    for metric in metrics:
        scores |= dict(zip(metric.keys(LABELS), np.atleast_1d(metric.function(table)), strict=True))
    return scores


def drawn(setting: Setting, stream: np.random.Generator) -> AlignedPredictions:
    """Draw a test set, and what each seed of a classifier predicts for it."""
    n = setting.articles
    sizes = 1 + stream.poisson(setting.sentences - 1, n) if setting.sentences > 1 else np.ones(n, dtype=int)
    article = np.repeat(np.arange(n), sizes)
    mix, taken_for = np.tile(MIXES[setting.mix], (n, 1)), np.tile(TAKEN_FOR, (n, 1, 1))
    if setting.sentences > 1:
        # Dirichlet variables with this correlation within an article; their means stay as they are.
        concentration = (1 - setting.alike) / setting.alike
        mix = stream.dirichlet(np.array(MIXES[setting.mix]) * concentration, n)
        taken_for = np.stack([stream.dirichlet(row * concentration, n) for row in TAKEN_FOR], axis=1)
    truth = _codes(mix[article], stream)
    chances = taken_for[article, truth]
    first = _codes(chances, stream)
    others = [
        np.where(stream.random(len(truth)) < REDRAWN, _codes(chances, stream), first)
        for _ in range(setting.n_seeds - 1)
    ]
    predicted = np.stack([first, *others])
    return AlignedPredictions(
        LABELS,
        np.arange(len(truth)).astype(str).astype(object),
        truth,
        predicted,
        np.full((*predicted.shape, len(LABELS)), np.nan),
        article,
        np.zeros(len(truth), dtype=np.int64),
        tuple(range(setting.n_seeds)),
    ).compact()


def _codes(chances: NDArray[np.float64], stream: np.random.Generator) -> NDArray[np.int64]:
    """Draw a code for each row of chances."""
    codes = (stream.random(len(chances))[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    return np.asarray(codes.clip(0, chances.shape[1] - 1), dtype=np.int64)


def coverage(setting: Setting, repeats: int) -> Iterator[dict[str, Any]]:
    """Count how often the interval of each score covers its true value, and its mean width."""
    metrics = tuple(resolve(METRICS, METRICS[0], LABELS))
    true = true_scores(setting, metrics)
    about = f"{setting.articles} x {setting.sentences:g} {setting.mix} {setting.n_seeds}"
    ends: dict[str, list[tuple[float, float, float]]] = {name: [] for name in true}
    for repeat in progress(range(repeats), about, repeats, "repetitions"):
        sample = drawn(setting, seeds.generator(repeat, "costs and mix", about))
        for metric in metrics:
            low, high = interval_of(sample, metric, draws=DRAWS, seed=repeat)
            values = np.atleast_1d(seed_values(sample, metric).mean(axis=0))
            for name, *numbers in zip(metric.keys(LABELS), low, high, values, strict=True):
                ends[name].append((float(numbers[0]), float(numbers[1]), float(numbers[2])))
    for name, intervals in ends.items():
        lows, highs, values = np.array(intervals).T
        # A label with fewer than three items has no interval.
        given = ~np.isnan(lows)
        # Rounding: a bound of 1 is 1 less some 1e-16.
        held = (lows - 1e-9 <= true[name]) & (true[name] <= highs + 1e-9)
        yield {
            "articles": setting.articles,
            "sentences": setting.sentences,
            "seeds": setting.n_seeds,
            "mix": setting.mix,
            "score": name,
            "truth": true[name],
            "mean": values[given].mean(),
            "share": held[given].mean(),
            "width": (highs - lows)[given].mean(),
            "repeats": int(given.sum()),
        }


def main() -> None:
    """Simulate, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    results = pd.DataFrame([row for setting in SETTINGS for row in coverage(setting, arguments.repeats)])
    results.round(4).to_csv(arguments.output, index=False)
    if arguments.output == RESULTS:
        tables.write_costs_and_mix(pd.read_csv(RESULTS))


if __name__ == "__main__":
    main()
