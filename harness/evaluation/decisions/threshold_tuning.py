"""Calibrated probabilities of validation rows in, one threshold a label out.

The cut that gives one label its best F1 on a few rows is mostly luck. So each label's own cut is drawn toward
the cut that serves all labels best, the more the fewer rows have the label: a label with :data:`WEIGHT` rows
stands half-way (in log-odds), one without any takes the common cut. Among cuts that are equally good the one
nearest 0.5 counts.
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
STEPS = 100
"""Cuts are whole percentages."""

WEIGHT = 10
"""How many rows with a label weigh as much as all labels together."""


def tuned(proba: Array, truth: Codes) -> tuple[float, ...]:
    """Tune one threshold a label for its F1.

    Parameters
    ----------
    proba : (n, k) array
        Calibrated, of rows that the classifier was not fitted on.
    truth : (n, k) array
        0 and 1.

    Returns
    -------
    tuple of float
        In (0, 1); a label applies where its probability is at least that.
    """
    cuts = np.arange(1, STEPS) / STEPS
    found = f1_by_cut(proba, truth, cuts)
    common = best_cut(cuts, found.mean(axis=0))
    own = np.array([best_cut(cuts, row) for row in found])
    held = truth.sum(axis=0)
    share = held / (held + WEIGHT)
    odds = share * _log_odds(own) + (1 - share) * _log_odds(np.full(len(own), common))
    return tuple((1 / (1 + np.exp(-odds))).tolist())


def f1_by_cut(proba: Array, truth: Codes, cuts: Array) -> Array:
    """Return each label's F1 at each cut, ``(k, cuts)``; 0 where it neither applies nor is given."""
    rows = []
    for column, true in zip(proba.T, truth.T, strict=True):
        given = column[:, None] >= cuts
        hits = (given & (true == 1)[:, None]).sum(axis=0)
        rows.append(ratio(2.0 * hits, given.sum(axis=0) + float(true.sum())))
    return np.stack(rows)


def best_cut(cuts: Array, values: Array) -> float:
    """Return the cut with the highest value; of equally good ones the nearest to 0.5."""
    good = cuts[values >= values.max() - 1e-12]
    return float(good[np.abs(good - HALF).argmin()])


def _log_odds(values: Array) -> Array:
    return np.asarray(np.log(values / (1 - values)))
