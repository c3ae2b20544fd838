"""Calibrated probabilities of validation rows in, one threshold per label out.

The cut that gives a label its best F1 on few rows is mostly luck. So each label's best cut is shrunk toward
the cut that is best for all labels together, the more so the fewer rows have the label: with :data:`WEIGHT`
rows it is half-way (in log-odds), without any it is the common cut. Of equally good cuts the nearest to 0.5
is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.metrics.counts import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

HALF = 0.5
N_STEPS = 100
"""Cuts are whole percentages."""

WEIGHT = 10
"""Rows with a label that weigh as much as the common cut."""


def tune_thresholds(proba: Array, truth: Codes, *, beta: float = 1.0) -> tuple[float, ...]:
    """Tune one threshold per label for its F-measure.

    Parameters
    ----------
    proba : (n, k) array
        Calibrated, in [0, 1], of rows that the classifier was not fitted on.
    truth : (n, k) array
        0 and 1.
    beta : float
        How many times as much recall weighs as precision (van Rijsbergen 1979); above 0. One is F1.

    Returns
    -------
    tuple of float
        In (0, 1); a label is predicted where its probability is at least its threshold.
    """
    # Without 0 and 1, whose log-odds are infinite.
    cuts = np.arange(1, N_STEPS) / N_STEPS
    values = f_by_cut(proba, truth, cuts, beta)
    # The cut of the best mean rests on all rows, not on the few that have a rare label.
    common = best_cut(cuts, values.mean(axis=0))
    by_label = np.array([best_cut(cuts, row) for row in values])
    support = truth.sum(axis=0)
    share = support / (support + WEIGHT)
    odds = share * _log_odds(by_label) + (1 - share) * _log_odds(np.full(len(by_label), common))
    return tuple((1 / (1 + np.exp(-odds))).tolist())


def f_by_cut(proba: Array, truth: Codes, cuts: Array, beta: float = 1.0) -> Array:
    """Return each label's F-measure at each cut, ``(k, cuts)``; 0 where it is neither true nor predicted."""
    rows, weight = [], beta**2
    for column, true in zip(proba.T, truth.T, strict=True):
        predicted = column[:, None] >= cuts
        hits = (predicted & (true == 1)[:, None]).sum(axis=0)
        rows.append(ratio((1 + weight) * hits, predicted.sum(axis=0) + weight * float(true.sum())))
    return np.stack(rows)


def best_cut(cuts: Array, values: Array) -> float:
    """Return the cut with the highest value; of equally good ones the nearest to 0.5."""
    # A label that no row has gets an F1 of 0 at every cut: all tie, and 0.5 is taken.
    good = cuts[values >= values.max() - 1e-12]
    return float(good[np.abs(good - HALF).argmin()])


def _log_odds(values: Array) -> Array:
    return np.asarray(np.log(values / (1 - values)))
