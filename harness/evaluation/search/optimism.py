"""Predictions of all candidates in, how much too good the score of the best is expected to be out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.score import drawn_values, seed_values
from harness.values import seeds
from harness.values.errors import PredictionsError
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.scoring.metrics.metric import Metric

DRAWS = 1000


def tuning_optimism(candidates: Sequence[Predictions], metric: Metric) -> float:
    """Estimate by how much the best candidate's score exceeds its true score, because it was chosen for it.

    Groups are drawn with replacement; in each draw the candidate that is best on the groups that were drawn
    is scored on those that were not, which had no part in choosing it. Where its lead over the mean candidate
    does not recur there, it was luck. The lead, and not the score: metrics such as macro-F1 are lower on
    fewer rows, for all candidates alike.

    Parameters
    ----------
    candidates : sequence of Predictions
        Of the same rows, one candidate each.
    metric : Metric

    Returns
    -------
    float
        At least 0, in units of the metric, toward the better side; 0 for a single candidate. NaN where the
        metric has no value on these rows.

    References
    ----------
    Tsamardinos, Greasidou & Borboudakis 2018, Bootstrapping the Out-of-sample Predictions for Efficient and
    Accurate Cross-validation (BBC-CV), Machine Learning 107.
    """
    if len(candidates) < 2:
        return 0.0
    sign = 1.0 if metric.direction == "higher" else -1.0
    try:
        samples = [AlignedPredictions.of(each).ordered(metric.needs_labels) for each in candidates]
        scores = sign * np.array([seed_values(sample, metric)[0] for sample in samples])
        counts = _drawn_groups(samples[0].n_clusters)
        inside, outside = (
            sign * np.stack([drawn_values(sample, metric, weights)[:, 0] for sample in samples])
            for weights in (counts, (counts == 0).astype(np.float32))
        )
    except PredictionsError:
        return math.nan
    if np.isnan(scores).any():
        return math.nan
    # A draw may lack a label, without which some metrics have no value.
    usable = ~(np.isnan(inside).any(axis=0) | np.isnan(outside).any(axis=0))
    if not usable.any():
        return math.nan
    inside, outside = inside[:, usable], outside[:, usable]
    # Of equal candidates the first, as in the search itself.
    winners = inside.argmax(axis=0)
    recurring = outside[winners, np.arange(outside.shape[1])] - outside.mean(axis=0)
    # The mean candidate stands for what fewer rows do to the metric, which has nothing to do with luck.
    return float(max(0.0, scores.max() - scores.mean() - recurring.mean()))


def _drawn_groups(n: int) -> NDArray[np.float32]:
    """Return how often each group is drawn, ``(draws, n)``; draws that leave none out are dropped."""
    stream = seeds.generator(0, "tuning optimism", n)
    counts = stream.multinomial(n, np.full(n, 1 / n), size=DRAWS)
    return np.asarray(counts[(counts == 0).any(axis=1)], dtype=np.float32)
