"""Predictions in, the best score that an answer without reading would have out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.score import seed_values
from harness.values import seeds
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray


GUESSING = "guessing"
"""The classifier's own answers, dealt out to the items at random."""

DEALS = 100
"""How often they are dealt out: the mean is known to a tenth of its spread."""


@dataclass(frozen=True)
class Baseline:
    """An answer without reading, and its score.

    Attributes
    ----------
    answer : str
        A label, ``every label`` or ``no label``; or :data:`GUESSING`.
    value : float
        By the primary metric, on the same items.
    """

    answer: str
    value: float

    @property
    def words(self) -> str:
        """What it does: ``always answering neutral``."""
        return self.answer if self.answer == GUESSING else f"always answering {self.answer}"


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
    sample = AlignedPredictions.of(predictions)
    scored = [
        Baseline(answer, float(seed_values(_answering(sample, codes), metric).mean(axis=0)))
        for answer, codes in _constants(sample.labels)
    ]
    defined = [baseline for baseline in scored if not math.isnan(baseline.value)]
    # Of equal ones the first: labels come in their order.
    return max(defined, key=lambda baseline: sign * baseline.value, default=None)


def without_skill(predictions: Predictions, metric: Metric) -> Baseline | None:
    """Return the better of the best constant answer and of guessing, see :func:`best_constant`.

    Guessing keeps how often each label is given, and loses which items it is given to: its score is the mean
    over permutations of the answers (Ojala & Garriga 2010, Permutation Tests for Studying Classifier
    Performance).
    """
    constant = best_constant(predictions, metric)
    if constant is None:
        return None
    sample = AlignedPredictions.of(predictions)
    generator = np.random.default_rng(seeds.derive(0, "guessing"))
    values = []
    for _ in range(DEALS):
        dealt = sample.predicted[:, generator.permutation(len(sample))]
        values.append(float(seed_values(replace(sample, predicted=dealt), metric).mean()))
    guessed = Baseline(GUESSING, float(np.mean(values)))
    sign = 1.0 if metric.direction == "higher" else -1.0
    return guessed if sign * guessed.value > sign * constant.value else constant


def _constants(labels: LabelSet) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield what each constant answer is called, and its code, or the codes of all labels."""
    k = len(labels)
    for code, name in enumerate(labels.names):
        yield name, np.eye(k, dtype=np.int64)[code] if labels.multi else np.array(code)
    if labels.multi:
        yield "every label", np.ones(k, dtype=np.int64)
        yield "no label", np.zeros(k, dtype=np.int64)


def _answering(sample: AlignedPredictions, codes: NDArray[np.int64]) -> AlignedPredictions:
    """Return the items with one answer throughout."""
    return replace(sample, predicted=np.broadcast_to(codes, sample.predicted.shape))
