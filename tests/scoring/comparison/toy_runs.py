"""Runs on made-up test sets, right more or less often."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from harness.scoring.comparison import Comparison, compare
from harness.scoring.metrics.metric import Metric
from harness.values.labels import FRAMING, STANCE, LabelSet
from harness.values.tables import Corpus, Predictions

N = 240
Runs = list[tuple[str, Predictions]]

NOWHERE = Metric("nowhere", lambda counts: np.full(counts.shape[:-2], np.nan), "counts", "single")
"""A metric without a value."""


def corpus(labels: LabelSet = STANCE, n: int = N, group: int = 0) -> Corpus:
    """Rows with random labels; ``group`` of them in a row share an article, 0 leaves articles out."""
    stream = np.random.default_rng(7)
    rows = pd.DataFrame(
        {
            "id": [f"i{index:03}" for index in range(n)],
            "target": [f"t{index % 4}" for index in range(n)],
            "group": [f"g{index // group}" for index in range(n)] if group else None,
        }
    )
    if labels.multi:
        frames = [tuple(name for name in labels.names if stream.random() < 0.4) for _ in range(n)]
        return Corpus("made", rows.assign(frames=frames))
    return Corpus("made", rows.assign(stance=[labels.names[i] for i in stream.integers(0, len(labels), n)]))


def run(
    name: str,
    skill: float,
    *,
    labels: LabelSet = STANCE,
    n_seeds: int = 3,
    group: int = 0,
    n: int = N,
    splits: tuple[str, ...] = ("test",),
) -> Predictions:
    """A run that is right the more often the greater its skill; equal names are equal runs."""
    items = corpus(labels, n, group)
    truth = items.truth(labels)
    signal = 2.0 * truth - 1 if labels.multi else np.eye(len(labels))[truth]
    stream, parts = np.random.default_rng(sum(map(ord, name))), []
    for split in splits:
        for seed in range(1, n_seeds + 1):
            logits = stream.normal(size=signal.shape) + skill * signal
            raised = np.exp(logits)
            proba = 1 / (1 + 1 / raised) if labels.multi else raised / raised.sum(axis=1, keepdims=True)
            parts.append(Predictions.of(items, labels, proba, run=name, split=split, seed=seed))
    return Predictions.concat(parts)


def frames(name: str, skill: float, **options: Any) -> Predictions:
    return run(name, skill, labels=FRAMING, **options)


def with_rows(table: Predictions, **columns: Any) -> Predictions:
    return replace(table, rows=table.rows.assign(**columns))


def unstated(table: Predictions) -> Predictions:
    """The same labels without probabilities."""
    return with_rows(table, **{f"p_{name}": np.nan for name in table.labels.names})


def runs(*skills: float, group: int = 0, n_seeds: int = 3) -> Runs:
    return [
        (name, run(name, skill, group=group, n_seeds=n_seeds))
        for name, skill in zip("abcdef", skills, strict=False)
    ]


def of(table: Runs, metric: str = "f1_macro", draws: int = 2_000, **options: object) -> Comparison:
    return compare(table, metric, draws=draws, **options)  # type: ignore[arg-type]
