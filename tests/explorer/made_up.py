"""Classifiers and rows for tests of the explorer: answers at random, with seeds, groups and missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.explorer.answers import ExploredClassifier
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

LABELS = LabelSet(("critical", "neutral", "supportive"))
FRAMES = LabelSet(("conflict", "economy", "morality"), multi=True)
PARTIES = ("Coastal Union", "Harbour Party", "Varna")


def classifier(
    name: str, n: int = 60, *, seeds: int = 3, salt: int = 0, missing: float = 0.0, **columns: Sequence[Any]
) -> ExploredClassifier:
    """Return a classifier of stances that answers at random."""
    generator = np.random.default_rng([n, salt])
    truth = np.random.default_rng(n).integers(0, 3, n)
    tables = []
    for seed in range(seeds):
        proba = generator.dirichlet(np.ones(3), n)
        answers = [LABELS.names[code] for code in proba.argmax(axis=1)]
        absent = generator.random(n) < missing
        table = pd.DataFrame(
            {"run": name, "split": "test", "seed": seed, "fold": 0, "id": [f"row-{row}" for row in range(n)]}
            | {
                "target": [PARTIES[row % 3] for row in range(n)],
                "group": [f"g{row // 4}" for row in range(n)],
            }
            | {"truth": [LABELS.names[code] for code in truth]}
            | {"prediction": [None if gone else answer for answer, gone in zip(answers, absent, strict=True)]}
            | {f"p_{label}": np.where(absent, np.nan, proba[:, k]) for k, label in enumerate(LABELS.names)}
            | {"abstain": (proba.max(axis=1) < 0.5) & ~absent}
        )
        tables.append(table.assign(**columns))
    return ExploredClassifier(name, Predictions(LABELS, pd.concat(tables, ignore_index=True)))


def framing(name: str, n: int = 40, *, salt: int = 0) -> ExploredClassifier:
    """Return a classifier of frames, several a row."""
    generator = np.random.default_rng([n, salt, 1])
    truth = np.random.default_rng(n).integers(0, 2, (n, 3))
    proba = generator.random((n, 3))
    rows = pd.DataFrame(
        {"run": name, "split": "test", "seed": 0, "fold": 0, "id": [f"row-{row}" for row in range(n)]}
        | {"target": None, "group": [f"g{row // 4}" for row in range(n)]}
        | {f"truth_{label}": truth[:, k] for k, label in enumerate(FRAMES.names)}
        | {f"prediction_{label}": (proba[:, k] > 0.5).astype(int) for k, label in enumerate(FRAMES.names)}
        | {f"p_{label}": proba[:, k] for k, label in enumerate(FRAMES.names)}
    )
    return ExploredClassifier(name, Predictions(FRAMES, rows))


def details(texts: Sequence[str], **columns: Sequence[Any]) -> pd.DataFrame:
    """Return the table of scored rows for these sentences."""
    n = len(texts)
    rows = {"id": [f"row-{row}" for row in range(n)], "text": list(texts)} | dict(columns)
    # As objects: the strings of pandas hold no lone surrogates.
    return pd.DataFrame(rows, dtype=object)
