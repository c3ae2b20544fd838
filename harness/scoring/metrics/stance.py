"""Confusion tables of stance in, the averages that stance papers report out.

Both drop *neutral* from the average, not neutral items from the data: a neutral item that is predicted
critical still costs precision. Both need the labels ``critical`` and ``supportive``, which come first on the
label axes. The mean over targets is meant for few targets with many items each: if most are named once or
twice, its 95 % interval covers about 91 % (simulated; 1,034 items, 10 to 600 targets of very unequal size).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.counts import ratio
from harness.scoring.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

SIDES = ("critical", "supportive")


def favg_pooled(table: Array) -> Array:
    """Return (F1 critical + F1 supportive) / 2 over all items together, from ``(..., k, k)``."""
    return _side_f1(table)[0].mean(axis=-1)  # type: ignore[no-any-return]


def favg_target_mean(tables: Array) -> Array:
    """Return the mean over targets of each target's (F1 critical + F1 supportive) / 2.

    Parameters
    ----------
    tables : (..., targets, k, k) array
        One confusion table per target.

    Returns
    -------
    ndarray
        ``(...)``, in [0, 1]. A target with neither side in truth or prediction is not averaged over; one with
        a single side has 0 for the other. 0 if no target is averaged over.
    """
    values, marginals = _side_f1(tables)
    present = (marginals > 0).any(axis=-1)
    # Both F1 of a target that is not averaged over are 0, so the sum needs no mask.
    return ratio(values.mean(axis=-1).sum(axis=-1), present.sum(axis=-1))


def _side_f1(table: Array) -> tuple[Array, Array]:
    """Return F1 of the two sides, and how often each is true or predicted, both ``(..., 2)``."""
    # A table has a column more than rows where predictions are missing.
    shape = table.shape[-2:]
    # One small matrix product: sums over axes of length 2 or 3 are slow with hundreds of targets per draw.
    side, cells = np.arange(2), np.zeros((*shape, 4))
    cells[side, side, side] = 1
    cells[side, :, side + 2] += 1
    cells[:, side, side + 2] += 1
    sums = table.reshape(*table.shape[:-2], -1) @ cells.reshape(-1, 4)
    hits, marginals = sums[..., :2], sums[..., 2:]
    return ratio(2 * hits, marginals), marginals


FAVG_POOLED = Metric(
    "favg_pooled",
    favg_pooled,
    "counts",
    "single",
    averages_labels=True,
    reference="(F1 critical + F1 supportive) / 2 over pooled items; Mohammad et al. 2016 (SemEval)",
    needs_labels=SIDES,
    gloss="the mean F1 of critical and supportive; neutral counts through its errors alone",
)
FAVG_TARGET_MEAN = Metric(
    "favg_target_mean",
    favg_target_mean,
    "counts",
    "single",
    reference="mean over targets of (F1 critical + F1 supportive) / 2; Li et al. 2021, P-Stance",
    by_target=True,
    biased=True,
    needs_labels=SIDES,
    gloss="the mean over parties of the mean F1 of critical and supportive",
)
