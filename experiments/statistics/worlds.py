"""A setting in, corpora with predictions and the truth about them out.

A world has articles of one to several sentences, parties that are named more or less often, and classifiers
that find some articles, and some sentences, harder than others. What a classifier's score is in this world,
over endless articles and endless seeds, is known: it is computed from very many of both.
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
"""Articles that stand for endlessly many."""


@dataclass(frozen=True)
class World:
    """How test sets and classifiers come about.

    Attributes
    ----------
    name : str
    clusters : int
        Articles of a test set.
    mean_size : float
        Sentences of an article; 1 leaves them without groups.
    n_seeds : int
    shift : float
        Standard deviation over seeds of how skilled a classifier is.
    noise : float
        How much a seed changes what is said of single sentences.
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
    """A drawn test set: what is true of it, and what all classifiers find hard."""

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
    # An article leans to one side, and is about few parties.
    lean = stream.normal(0, 0.8, (n_clusters, k))[clusters] + stream.gumbel(size=(n, k))
    truth = (lean > 1.2).astype(int) if world.multi else (lean + np.array([0.3, 0.5, 0.0])).argmax(axis=1)
    main = stream.choice(TARGETS, n_clusters, p=_popularity())[clusters]
    other = stream.choice(TARGETS, n, p=_popularity())
    targets = np.where(stream.random(n) < 0.7, main, other)
    hard = 0.5 * stream.normal(size=n_clusters)[clusters] + 0.5 * stream.normal(size=n)
    return Items(clusters, targets, truth, hard)


def probabilities(world: World, found: Items, shifts: np.ndarray, stream: np.random.Generator) -> np.ndarray:
    """Draw what one classifier says under each seed, ``(n_seeds, n, k)``."""
    n, k = len(found.clusters), len(world.labels)
    n_clusters = int(found.clusters.max()) + 1
    own = 0.4 * stream.normal(size=(n_clusters, k))[found.clusters] + 0.6 * stream.normal(size=(n, k))
    held = found.truth if world.multi else np.eye(k)[found.truth]
    skill = (SKILL + shifts)[:, None, None] - found.hard[:, None]
    if world.multi:
        logits = 1.6 * skill * (2 * held - 1) + own + 0.6 * stream.normal(size=(len(shifts), n, k))
        return 1 / (1 + np.exp(-logits))
    logits = 1.5 * (skill * held + own + world.noise * stream.normal(size=(len(shifts), n, k)))
    raised = np.exp(logits)
    return raised / raised.sum(axis=-1, keepdims=True)


def predictions(world: World, found: Items, stream: np.random.Generator, name: str) -> Predictions:
    """Draw a run with its seeds on a drawn test set, as the harness would hold it."""
    labels, n = world.labels, len(found.clusters)
    proba = probabilities(world, found, world.shift * stream.normal(size=world.n_seeds), stream)
    group = np.char.add("g", found.clusters.astype(str)).astype(object) if world.mean_size > 1 else None
    parts = []
    for seed, table in enumerate(proba, start=1):
        said = labels.decide(table)
        columns: dict[str, object] = {"run": name, "split": "test", "seed": seed, "fold": 0}
        columns |= {"id": np.arange(n).astype(str).astype(object), "group": group}
        columns |= {"target": np.char.add("t", found.targets.astype(str)).astype(object)}
        for word, codes in (("truth", found.truth), ("prediction", said)):
            if world.multi:
                columns |= {f"{word}_{label}": codes[:, place] for place, label in enumerate(labels.names)}
            else:
                columns[word] = np.array(labels.names, dtype=object)[codes]
        columns |= {f"p_{label}": table[:, place] for place, label in enumerate(labels.names)}
        parts.append(pd.DataFrame(columns))
    return Predictions(labels, pd.concat(parts, ignore_index=True))


def endless(world: World, n_seeds: int = 15) -> AlignedPredictions:
    """Return a sample so large that its scores are the world's, seeds spread evenly over what they can be."""
    from statistics import NormalDist

    stream = seeds.generator(0, "endless", world.name)
    found = items(replace(world, clusters=LARGE), stream)
    shifts = world.shift * np.array([NormalDist().inv_cdf((i + 0.5) / n_seeds) for i in range(n_seeds)])
    proba = probabilities(world, found, shifts, stream)
    said = np.stack([world.labels.decide(table) for table in proba])
    ids = np.arange(len(found.clusters)).astype(str).astype(object)
    clusters = found.clusters if world.mean_size > 1 else np.arange(len(found.clusters))
    parts = world.labels, ids, found.truth, said, proba, clusters, found.targets
    return AlignedPredictions(*parts, tuple(range(n_seeds))).compact()


def _popularity() -> np.ndarray:
    weights = 1 / np.arange(1, TARGETS + 1)
    return weights / weights.sum()
