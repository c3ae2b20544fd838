"""A cascade of two models: who answers which row, and what it agrees with and costs."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.cascade.curve import Labelled, cascaded, codes, line
from harness.values.labels import STANCE
from harness.values.tables import Predictions

ROWS = 60


def predictions(labels: list[int], sure: list[float]) -> Predictions:
    """Return a table whose rows have these labels, so surely; the truth is every label in turn."""
    k = len(STANCE)
    proba = np.array(
        [np.where(np.arange(k) == label, p, (1 - p) / (k - 1)) for label, p in zip(labels, sure, strict=True)]
    )
    truth = [STANCE.names[n % k] for n in range(len(labels))]
    predicted = [STANCE.names[label] for label in labels]
    return Predictions.from_labels(
        truth,
        predicted,
        proba=proba,
        groups=[str(n // 2) for n in range(len(labels))],
        labels=STANCE.names,
    )


def test_the_cheaper_model_answers_what_it_is_sure_of() -> None:
    k = len(STANCE)
    right = [n % k for n in range(ROWS)]
    # Surest of its first half, where it is right; always wrong in the other.
    cheap = predictions([n % k if n < ROWS // 2 else (n + 1) % k for n in range(ROWS)], _falling(ROWS))
    better = predictions(right, [0.9] * ROWS)
    is_cheap = np.arange(ROWS) < ROWS // 2
    assert codes(cascaded(cheap, better, is_cheap)).tolist() == right
    assert codes(cascaded(cheap, better, ~is_cheap)).tolist() != right
    point = line(Labelled(cheap, cheap, 0.1), Labelled(better, better, 1.0), 0.5)
    assert (point["answered"], point["agreement"], point["difference"]) == (0.5, 1, 0)
    assert point["rate"] == pytest.approx(1 / 0.6, abs=0.01)
    # Beyond what it knows it costs more than it saves.
    further = line(Labelled(cheap, cheap, 0.1), Labelled(better, better, 1.0), 0.8)
    assert further["agreement"] == pytest.approx(0.7)
    assert further["high"] < 0


def _falling(count: int) -> list[float]:
    return np.linspace(0.95, 0.45, count).tolist()
