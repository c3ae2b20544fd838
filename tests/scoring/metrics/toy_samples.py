"""Random samples for tests of metrics: some right, some wrong, several seeds, groups and targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.values.labels import LabelSet

SINGLE = LabelSet(("critical", "neutral", "supportive"))
MULTI = LabelSet(("conflict", "morality", "economy", "responsibility"), multi=True)
SIDES = LabelSet(("supportive", "critical"))


@dataclass(frozen=True)
class Recipe:
    """How a random sample is made; ``skill`` 0 is chance, negative is systematically wrong."""

    labels: LabelSet = SINGLE
    n: int = 60
    n_seeds: int = 2
    n_clusters: int = 17
    n_targets: int = 4
    skill: float = 1.0
    sharpness: float = 1.0


def sample(recipe: Recipe, root: int = 0) -> AlignedPredictions:
    stream, k, n = np.random.default_rng(root), len(recipe.labels), recipe.n
    if recipe.labels.multi:
        truth = (stream.random((n, k)) < 0.4).astype(np.int64)
        signal = truth * 2.0 - 1.0
    else:
        truth = stream.integers(0, k, n)
        signal = np.eye(k)[truth] * 2.0
    logits = stream.normal(size=(recipe.n_seeds, n, k)) + recipe.skill * signal
    proba = 1 / (1 + np.exp(-recipe.sharpness * logits))
    if not recipe.labels.multi:
        proba = np.exp(recipe.sharpness * logits)
        proba /= proba.sum(axis=-1, keepdims=True)
    return of(
        recipe.labels,
        truth,
        proba,
        stream.integers(0, recipe.n_clusters, n),
        stream.integers(0, recipe.n_targets, n),
    )


def of(
    labels: LabelSet,
    truth: np.ndarray,
    proba: np.ndarray,
    clusters: np.ndarray | None = None,
    targets: np.ndarray | None = None,
) -> AlignedPredictions:
    """Make a sample of truth ``(n[, k])`` and probabilities ``(n_seeds, n, k)``; items are clusters."""
    n = len(truth)
    return AlignedPredictions(
        labels=labels,
        ids=np.array([f"i{index}" for index in range(n)], dtype=object),
        truth=truth,
        predicted=np.stack([labels.decide(seed_proba) for seed_proba in proba]),
        proba=proba,
        clusters=np.arange(n) if clusters is None else clusters,
        targets=np.zeros(n, dtype=np.int64) if targets is None else targets,
        seeds=tuple(range(1, len(proba) + 1)),
    ).compact()


def perfect(recipe: Recipe, root: int = 0) -> AlignedPredictions:
    """Every label predicted with certainty, and right; every label and both answers occur."""
    stream, k = np.random.default_rng(root), len(recipe.labels)
    if recipe.labels.multi:
        truth = (stream.random((recipe.n, k)) < 0.4).astype(np.int64)
        proba = truth.astype(np.float64)
    else:
        truth = np.arange(recipe.n) % k
        proba = np.eye(k)[truth]
    # Each target has every label, so that both sides of each can be found.
    targets = np.arange(recipe.n) // k % recipe.n_targets
    return of(recipe.labels, truth, np.stack([proba] * recipe.n_seeds), targets=targets)
