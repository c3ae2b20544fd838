"""Simulates intervals and tests about classifiers that are trained anew: cross-validation, and several seeds.

    python -m experiments.statistics.trained_anew        # about 25 minutes of one core

Writes ``trained_anew.csv`` and its tables in the README of this folder, one setting at a time. Settings that
are in the file already are not repeated.

Folds: a nearest-centroid classifier is really trained in each fold, on articles with features of their own.
Two classifiers that read different features of the same kind score alike on average: they are exchangeable.
Seeds: a classifier is right in seven of ten items; each seed is a little better or worse.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.statistics import tables
from harness.scoring.aligned import AlignedPredictions, Design
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.retraining import stretch
from harness.scoring.score import interval_of
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.cross_validation import stretched
from harness.scoring.statistics.paired import Difference, difference, resampled
from harness.values import seeds
from harness.values.labels import STANCE
from harness.values.progress import progress

RESULTS = Path(__file__).with_name("trained_anew.csv")
REPEATS, FEWER_REPEATS = 4_000, 1_000
"""Repetitions of the settings that claims are made of, and of the others."""

DRAWS = 1_000
FOLDS_METRIC, SEEDS_METRIC = "f1_macro", "accuracy"
LEVEL = 0.05


@dataclass(frozen=True)
class Folds:
    """A cross-validation.

    Attributes
    ----------
    articles, folds, repeats : int
    features : int
        Of each of the two groups that a classifier reads; more features need more rows to learn from.
    signal : float
        Distance between the means of the labels, in standard deviations of a feature.
    """

    articles: int
    folds: int
    repeats: int
    features: int = 20
    signal: float = 1.0

    @property
    def name(self) -> str:
        return f"{self.articles} articles, {self.features} features, {self.folds} folds × {self.repeats}"


@dataclass(frozen=True)
class Seeds:
    """One test set without articles, and classifiers of several seeds."""

    items: int
    seeds: int
    sd: float = 0.015

    @property
    def name(self) -> str:
        return f"{self.items} items, {self.seeds} seeds, sd {self.sd}"


FOLDS = (
    *(Folds(articles, 5, repeats) for repeats in (10, 1) for articles in (60, 130, 400)),
    Folds(60, 10, 10),
    # As many features as articles: what is learned depends on the rows at hand.
    Folds(60, 5, 10, features=60),
)
SEEDS = tuple(Seeds(items, n) for n in (1, 2, 5) for items in (138, 448, 1_034, 10_000))
SHARED = 0.3
"""Standard deviation of what the sentences of an article share, in each feature."""

RIGHT = 0.7
MAX_CLUSTERS = 500
"""Items without articles are independent: drawn several at a time, they say the same, in less time."""

DISPUTED = 0.15
"""Share of the items that one training labels rightly and another, as good, does not."""


@dataclass(frozen=True)
class Drawn:
    """Articles: the label of each sentence and the features of both classifiers."""

    article: NDArray[np.int64]
    truth: NDArray[np.int64]
    features: tuple[NDArray[np.float64], NDArray[np.float64]]


def drawn_articles(setting: Folds, stream: np.random.Generator, articles: int = 0) -> Drawn:
    """Draw a corpus."""
    n_articles = articles or setting.articles
    sizes = 1 + stream.poisson(3, n_articles)
    article = np.repeat(np.arange(n_articles), sizes)
    lean = stream.normal(0, 0.8, (n_articles, 3))[article] + stream.gumbel(size=(len(article), 3))
    truth = (lean + np.array([0.3, 0.5, 0.0])).argmax(axis=1)
    means = setting.signal * np.eye(3, setting.features)

    def features() -> NDArray[np.float64]:
        of_article = SHARED * stream.normal(size=(n_articles, setting.features))[article]
        return means[truth] + of_article + stream.normal(size=(len(article), setting.features))

    # One group of features is read by both, so that both find the same sentences hard.
    common = features()
    return Drawn(article, truth, (np.hstack([common, features()]), np.hstack([common, features()])))


def partitions(setting: Folds, stream: np.random.Generator) -> NDArray[np.int64]:
    """Return the fold of each article in each repeat, ``(repeats, articles)``."""
    equal = np.arange(setting.articles) % setting.folds
    return np.stack([stream.permutation(equal) for _ in range(setting.repeats)])


def centroids(x: NDArray[np.float64], drawn: Drawn) -> NDArray[np.float64]:
    """Return what a nearest-centroid model learns from each article, ``(articles, 3, features + 1)``.

    The sums of the features of each label, and its rows.
    """
    one_hot = np.eye(3)[drawn.truth]
    with_count = np.column_stack([x, np.ones(len(x))])
    starts = np.flatnonzero(np.diff(drawn.article, prepend=-1))
    return np.asarray(np.add.reduceat(one_hot[:, :, None] * with_count[:, None, :], starts, axis=0))


def weights_of(learned: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights ``(..., 3, features)`` and offsets ``(..., 3)`` of models from summed centroids."""
    means = learned[..., :-1] / np.maximum(learned[..., -1:], 1)
    return means, -0.5 * (means**2).sum(axis=-1)


def cross_validated(drawn: Drawn, which: int, folds: NDArray[np.int64], setting: Folds) -> AlignedPredictions:
    """Train a classifier in each fold, and label the fold with it."""
    x, truth, n = drawn.features[which], drawn.truth, len(drawn.truth)
    of_article = centroids(x, drawn)
    flat = of_article.reshape(len(of_article), -1)
    predicted = np.empty((setting.repeats, n), dtype=np.int64)
    for repeat, fold_of in enumerate(folds):
        inside = np.arange(setting.folds)[:, None] == fold_of
        # Sums over the other folds are what training on their rows learns.
        learned = (~inside).astype(np.float64) @ flat
        means, offsets = weights_of(learned.reshape(setting.folds, *of_article.shape[1:]))
        scores = (x @ means.reshape(-1, x.shape[1]).T).reshape(n, setting.folds, 3) + offsets
        predicted[repeat] = scores[np.arange(n), fold_of[drawn.article]].argmax(axis=1)
    repeats = np.repeat(np.arange(setting.repeats), n)
    rows = np.tile(np.arange(n), setting.repeats)
    return AlignedPredictions(
        labels=STANCE,
        ids=rows.astype(object),
        truth=truth[rows],
        predicted=predicted.reshape(1, -1),
        proba=np.eye(3)[predicted.reshape(1, -1)],
        clusters=drawn.article[rows],
        targets=np.zeros(len(rows), dtype=np.int64),
        seeds=(1,),
        repeats=repeats if setting.repeats > 1 else None,
        design=Design(setting.folds, setting.repeats),
    )


def tested(
    samples: tuple[AlignedPredictions, AlignedPredictions],
    scalar: ScalarMetric,
    factors: list[float],
    seed: int,
) -> Difference:
    """Compare two runs as ``compare`` does."""
    draws = Draws(samples[0].n_clusters, DRAWS, seed)
    blocks = list(draws.blocks())
    runs = []
    for name, sample, factor in zip("ab", samples, factors, strict=True):
        values = np.concatenate([scalar.drawn(sample, weights) for weights in blocks])
        runs.append(resampled(scalar.by_seed(sample), values, draws, name, factor))
    return difference(runs[0], runs[1], samples[0].n_items, samples[0].effective_clusters)


def expected_score(setting: Folds, trainings: int = 400) -> float:
    """Return the mean score of the classifier, over training sets of the size that the folds have."""
    scalar = ScalarMetric.named(FOLDS_METRIC, STANCE)
    stream = seeds.generator(0, "expected", setting.name)
    test = drawn_articles(setting, stream, 2_000)
    size = setting.articles * (setting.folds - 1) // setting.folds
    values = []
    for _ in range(trainings):
        train = drawn_articles(setting, stream, size)
        for which in (0, 1):
            means, offsets = weights_of(centroids(train.features[which], train).sum(axis=0))
            predicted = (test.features[which] @ means.T + offsets).argmax(axis=1)
            counts = np.bincount(test.truth * 3 + predicted, minlength=9).reshape(1, 1, 3, 3)
            values.append(float(scalar.metric.function(_one_vs_rest(counts))[0, 0]))
    return float(np.mean(values))


def _one_vs_rest(counts: NDArray[Any]) -> NDArray[np.float64]:
    from harness.scoring.metrics.counts import one_vs_rest

    return np.asarray(one_vs_rest(counts.astype(np.float64)))


def folds_setting(setting: Folds, repeats: int) -> dict[str, Any]:
    """Count how often intervals cover the expected score, and how often equal classifiers are told apart."""
    expected = expected_score(setting)
    scalar = ScalarMetric.named(FOLDS_METRIC, STANCE)
    rows = []
    for repeat in progress(range(repeats), setting.name, repeats, "repetitions"):
        stream = seeds.generator(repeat, "trained anew", setting.name)
        drawn = drawn_articles(setting, stream)
        folds = partitions(setting, stream)
        first, second = (cross_validated(drawn, which, folds, setting) for which in (0, 1))
        inner = [
            float(end[0]) for end in interval_of(first, scalar.metric, draws=DRAWS, seed=repeat, anew=False)
        ]
        factors = [stretch(first), stretch(second)]
        value = float(scalar.by_seed(first)[0])
        low, high = (float(stretched(end, value, factors[0])) for end in np.array(inner))
        gap = tested((first, second), scalar, factors, repeat)
        # What the test would say if only items varied: the same interval, not stretched.
        half = (gap.high - gap.low) / 2 / max(factors)
        rows.append(
            {
                "covered": low <= expected <= high,
                "width": high - low,
                "covered_items": inner[0] <= expected <= inner[1],
                "width_items": inner[1] - inner[0],
                "rejected": gap.p <= LEVEL,
                "rejected_items": abs(gap.value) > half,
                "width_difference": gap.high - gap.low,
            }
        )
    return {
        "question": "folds",
        "setting": setting.name,
        **{name: getattr(setting, name) for name in ("articles", "features", "folds", "repeats")},
        "expected": expected,
        **pd.DataFrame(rows).astype(float).mean().to_dict(),
        "repetitions": repeats,
    }


def seeded(
    setting: Seeds, items: NDArray[np.float64], skill: float, stream: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which items each seed of a classifier labels rightly, ``(n_seeds, n)``."""
    shift = skill + setting.sd * stream.normal(size=(setting.seeds, 1))
    # Labelled anew, two classifiers differ in as many items as is said, and are equally often right.
    anew_share = 1 - math.sqrt(1 - DISPUTED / (2 * RIGHT * (1 - RIGHT)))
    disputed = stream.random((setting.seeds, setting.items)) < anew_share
    anew = stream.random((setting.seeds, setting.items)) < RIGHT + shift
    as_before = items < RIGHT + shift
    return np.where(disputed, anew, as_before)


def with_seeds(setting: Seeds, stream: np.random.Generator) -> tuple[AlignedPredictions, AlignedPredictions]:
    """Draw a test set and two classifiers of the same kind."""
    items, truth = stream.random(setting.items), stream.integers(0, 3, setting.items)
    samples = []
    for _ in range(2):
        right = seeded(setting, items, 0.0, stream)
        predicted = np.where(right, truth, (truth + stream.integers(1, 3, right.shape)) % 3)
        samples.append(
            AlignedPredictions(
                labels=STANCE,
                ids=np.arange(setting.items).astype(object),
                truth=truth,
                predicted=predicted,
                proba=np.eye(3)[predicted],
                clusters=np.arange(setting.items) % MAX_CLUSTERS,
                targets=np.zeros(setting.items, dtype=np.int64),
                seeds=tuple(range(setting.seeds)),
            )
        )
    return samples[0], samples[1]


def seeds_setting(setting: Seeds, repeats: int) -> dict[str, Any]:
    """Count how often equally good classifiers are told apart on one test set."""
    scalar = ScalarMetric.named(SEEDS_METRIC, STANCE)
    gaps = []
    for repeat in progress(range(repeats), setting.name, repeats, "repetitions"):
        stream = seeds.generator(repeat, "seeds", setting.name)
        gaps.append(tested(with_seeds(setting, stream), scalar, [1.0, 1.0], repeat))
    return {
        "question": "seeds",
        "setting": setting.name,
        "items": setting.items,
        "seeds": setting.seeds,
        "rejected": float(np.mean([gap.p <= LEVEL for gap in gaps])),
        "width": float(np.mean([gap.high - gap.low for gap in gaps])),
        "repetitions": repeats,
    }


def answered(wanted: tuple[str, ...], repeats: int, done: set[str]) -> Iterator[dict[str, Any]]:
    """Simulate the settings that are wanted and not done."""
    for setting in (*FOLDS[:3], *SEEDS, *FOLDS[3:]):
        if setting.name.startswith(wanted) and setting.name not in done:
            fewer = setting not in FOLDS[:3]
            times = min(repeats, FEWER_REPEATS) if fewer else repeats
            yield (
                folds_setting(setting, times) if isinstance(setting, Folds) else seeds_setting(setting, times)
            )


def main() -> None:
    """Simulate, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", default="", help="settings whose names begin so, semicolons between")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    results = pd.read_csv(arguments.output) if arguments.output.exists() else pd.DataFrame({"setting": []})
    wanted = tuple(arguments.only.split(";"))
    for row in answered(wanted, arguments.repeats, set(results["setting"])):
        results = pd.concat([results, pd.DataFrame([row])], ignore_index=True)
        results.to_csv(arguments.output, index=False)
        if arguments.output == RESULTS:
            tables.write_trained_anew(results)
        print({name: round(value, 3) for name, value in row.items() if isinstance(value, float)}, flush=True)


if __name__ == "__main__":
    main()
