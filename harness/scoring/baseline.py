"""Predictions in, the best score that an answer without reading would have out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.metric import Metric
from harness.scoring.score import score
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Baseline:
    """A constant answer and its score.

    Attributes
    ----------
    answer : str
        A label, ``every label`` or ``no label``.
    value : float
        By the primary metric, on the same items.
    """

    answer: str
    value: float


def best_constant(predictions: Predictions, metric: Metric) -> Baseline | None:
    """Score every constant answer on the items of one seed, and return the best.

    It is chosen on these very items, so that it flatters the constant: what scores lower has learned nothing.

    Parameters
    ----------
    predictions : Predictions
        Of one split and seed.
    metric : Metric

    Returns
    -------
    Baseline or None
        None for metrics of probabilities, which a constant label does not have, and of each label.
    """
    if metric.probabilities or metric.per_label or predictions.rows.empty:
        return None
    sign = 1.0 if metric.direction == "higher" else -1.0
    scored = [
        Baseline(answer, score(table, [metric], draws=0).value(metric.name))
        for answer, table in _constants(predictions)
    ]
    defined = [baseline for baseline in scored if not math.isnan(baseline.value)]
    # Of equal ones the first: labels come in their order.
    return max(defined, key=lambda baseline: sign * baseline.value, default=None)


def _constants(predictions: Predictions) -> Iterator[tuple[str, Predictions]]:
    names = predictions.labels.names
    k = len(names)
    if not predictions.labels.multi:
        for code, name in enumerate(names):
            yield name, _answering(predictions, np.eye(k)[code])
        return
    for code, name in enumerate(names):
        yield name, _answering(predictions, np.eye(k)[code])
    yield "every label", _answering(predictions, np.ones(k))
    yield "no label", _answering(predictions, np.zeros(k))


def _answering(predictions: Predictions, answer: NDArray[np.float64]) -> Predictions:
    """Return the table with one answer, certain of it, in every row."""
    labels = predictions.labels
    columns: dict[str, Any] = {f"p_{name}": p for name, p in zip(labels.names, answer, strict=True)}
    if labels.multi:
        columns |= {f"prediction_{name}": int(p) for name, p in zip(labels.names, answer, strict=True)}
    else:
        columns["prediction"] = labels.names[int(answer.argmax())]
    return replace(predictions, rows=predictions.rows.assign(**columns))
