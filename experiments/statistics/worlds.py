"""A setting in; test sets, predictions and the true scores out.

A world has articles of one to several sentences, parties that are named with different frequency, and
classifiers for which some articles, and some sentences, are harder than others. The true score of a
classifier in this world, over infinitely many articles and seeds, is approximated with very many of both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.scoring.aligned import AlignedPredictions
from harness.values import seeds
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.tables import Predictions

TARGETS = 12
SKILL = 1.1
LARGE = 40_000
"""Number of articles that approximates infinitely many."""


@dataclass(frozen=True)
class World:
    """How test sets and predictions are generated.

    Attributes
    ----------
    name : str
    clusters : int
        Number of articles in a test set.
    mean_size : float
        Mean number of sentences per article; with 1, items have no groups.
    n_seeds : int
    shift : float
        Standard deviation of the classifier's skill over seeds.
    noise : float
        How much a seed changes the predictions for single sentences.
    multi : bool
        Frames instead of stance.
    """

    name: str
    clusters: int
    mean_size: float = 4.0
    n_seeds: int = 5
    shift: float = 0.02
    noise: float = 0.4
    multi: bool = False

    @property
    def labels(self) -> LabelSet:
        return FRAMING if self.multi else STANCE


@dataclass(frozen=True)
class Items:
    """A drawn test set: its true labels, and how hard each item is for all classifiers."""

    clusters: np.ndarray
    targets: np.ndarray
    truth: np.ndarray
    hard: np.ndarray


def items(world: World, stream: np.random.Generator) -> Items:
    """Draw a test set."""
    k, n_clusters = len(world.labels), world.clusters
    sizes = np.ones(n_clusters, dtype=int)
    if world.mean_size > 1:
        sizes += stream.poisson(world.mean_size - 1, n_clusters)
    clusters = np.repeat(np.arange(n_clusters), sizes)
    n = len(clusters)
    # An article leans to one side and is about few parties: its sentences are not independent.
    lean = stream.normal(0, 0.8, (n_clusters, k))[clusters] + stream.gumbel(size=(n, k))
    truth = (lean > 1.2).astype(int) if world.multi else (lean + np.array([0.3, 0.5, 0.0])).argmax(axis=1)
    main = stream.choice(TARGETS, n_clusters, p=_popularity())[clusters]
    other = stream.choice(TARGETS, n, p=_popularity())
    targets = np.where(stream.random(n) < 0.7, main, other)
    hard = 0.5 * stream.normal(size=n_clusters)[clusters] + 0.5 * stream.normal(size=n)
    return Items(clusters, targets, truth, hard)


def probabilities(
    world: World, test_set: Items, shifts: np.ndarray, stream: np.random.Generator
) -> np.ndarray:
    """Draw the probabilities of one classifier for each seed, ``(n_seeds, n, k)``."""
    n, k = len(test_set.clusters), len(world.labels)
    n_clusters = int(test_set.clusters.max()) + 1
    leaning = 0.4 * stream.normal(size=(n_clusters, k))[test_set.clusters] + 0.6 * stream.normal(size=(n, k))
    one_hot = test_set.truth if world.multi else np.eye(k)[test_set.truth]
    skill = (SKILL + shifts)[:, None, None] - test_set.hard[:, None]
    if world.multi:
        logits = 1.6 * skill * (2 * one_hot - 1) + leaning + 0.6 * stream.normal(size=(len(shifts), n, k))
        return 1 / (1 + np.exp(-logits))
    logits = 1.5 * (skill * one_hot + leaning + world.noise * stream.normal(size=(len(shifts), n, k)))
    raised = np.exp(logits)
    return raised / raised.sum(axis=-1, keepdims=True)


def predictions(world: World, test_set: Items, stream: np.random.Generator, name: str) -> Predictions:
    """Draw a run with all its seeds on a drawn test set, as a table of predictions."""
    labels, n = world.labels, len(test_set.clusters)
    proba = probabilities(world, test_set, world.shift * stream.normal(size=world.n_seeds), stream)
    group = np.char.add("g", test_set.clusters.astype(str)).astype(object) if world.mean_size > 1 else None
    parts = []
    for seed, table in enumerate(proba, start=1):
        predicted = labels.decide(table)
        columns: dict[str, object] = {"run": name, "split": "test", "seed": seed, "fold": 0}
        columns |= {"id": np.arange(n).astype(str).astype(object), "group": group}
        columns |= {"target": np.char.add("t", test_set.targets.astype(str)).astype(object)}
        for word, codes in (("truth", test_set.truth), ("prediction", predicted)):
            if world.multi:
                columns |= {f"{word}_{label}": codes[:, index] for index, label in enumerate(labels.names)}
            else:
                columns[word] = np.array(labels.names, dtype=object)[codes]
        columns |= {f"p_{label}": table[:, index] for index, label in enumerate(labels.names)}
        parts.append(pd.DataFrame(columns))
    return Predictions(labels, pd.concat(parts, ignore_index=True))


def endless(world: World, n_seeds: int = 15) -> AlignedPredictions:
    """Return a sample so large that its scores are the true ones; its seeds are quantiles of the shift."""
    from statistics import NormalDist

    stream = seeds.generator(0, "endless", world.name)
    test_set = items(replace(world, clusters=LARGE), stream)
    shifts = world.shift * np.array([NormalDist().inv_cdf((i + 0.5) / n_seeds) for i in range(n_seeds)])
    proba = probabilities(world, test_set, shifts, stream)
    predicted = np.stack([world.labels.decide(table) for table in proba])
    ids = np.arange(len(test_set.clusters)).astype(str).astype(object)
    clusters = test_set.clusters if world.mean_size > 1 else np.arange(len(test_set.clusters))
    parts = world.labels, ids, test_set.truth, predicted, proba, clusters, test_set.targets
    return AlignedPredictions(*parts, tuple(range(n_seeds))).compact()


def _popularity() -> np.ndarray:
    weights = 1 / np.arange(1, TARGETS + 1)
    return weights / weights.sum()
