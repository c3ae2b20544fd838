"""Simulated raw predictions whose overconfidence is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.values.labels import LabelSet
from harness.values.tables import Corpus, Predictions

SINGLE = LabelSet(("critical", "neutral", "supportive"))
MULTI = LabelSet(("conflict", "morality"), multi=True)
PARTS = ("validation", "calibration", "test")


def codes_of(labels: LabelSet, proba: np.ndarray, stream: np.random.Generator) -> np.ndarray:
    """Draw true labels so that ``proba`` is calibrated."""
    if labels.multi:
        return (stream.random(proba.shape) < proba).astype(np.int64)
    return (proba.cumsum(axis=1) < stream.random((len(proba), 1))).sum(axis=1)


def calibrated(labels: LabelSet, n: int, stream: np.random.Generator, spread: float = 1.5) -> np.ndarray:
    logits = stream.normal(0, spread, (n, len(labels)))
    if labels.multi:
        return np.asarray(1 / (1 + np.exp(-(logits - 0.5))))
    raised = np.exp(logits)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def sharpened(labels: LabelSet, proba: np.ndarray, power: float) -> np.ndarray:
    """Multiply the logits: a temperature of ``power`` undoes it."""
    if labels.multi:
        odds = (proba / (1 - proba)) ** power
        return np.asarray(odds / (1 + odds))
    raised = proba**power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def table(
    labels: LabelSet,
    *,
    n: int = 300,
    group: int = 5,
    power: float = 2.0,
    root: int = 0,
    parts: tuple[str, ...] = PARTS,
) -> Predictions:
    """``n`` rows of each part, ``group`` to an article, whose logits are ``power`` times too large."""
    stream, tables = np.random.default_rng(root), []
    for part in parts:
        proba = calibrated(labels, n, stream)
        truth = labels.decode(codes_of(labels, proba, stream))
        rows = pd.DataFrame({"id": [f"{part}{i}" for i in range(n)], "target": None})
        rows["group"] = [f"{part} article {i // group}" for i in range(n)]
        rows["frames" if labels.multi else "stance"] = truth
        stated = sharpened(labels, proba, power)
        corpus = Corpus("simulated", rows)
        tables.append(Predictions.of(corpus, labels, stated, run="simulated", split=part, seed=1))
    return Predictions.concat(tables)
