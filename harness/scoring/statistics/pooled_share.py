"""Few labels in each of many groups in; shares that borrow strength from all groups out.

A share of a group with a handful of labels is the share that its predictions suggest by the errors in all
groups (a synthetic estimate), moved towards its own labels as far as groups differ: the composite estimate of
small areas (Fay & Herriot 1979; Rao & Molina 2015, Small Area Estimation, chapters 6 and 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.statistics.share_intervals import ShareEstimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]

_STEPS = 60
"""Values of the spread over groups that are tried."""

_QUANTILE = 1.96


@dataclass(frozen=True)
class GroupErrors:
    """What groups show of a label: ``(groups,)`` arrays.

    Attributes
    ----------
    rows, labelled : array
        Rows of each group, and labelled ones.
    synthetic : array
        The share that the predictions suggest by the errors in all groups, in [0, 1].
    synthetic_variance : array
        Its variance, by the labels of all groups.
    excess : array
        Mean over a group's labelled rows of label less expected label; 0 where none is labelled.
    spread : float
        Variance of that of a single row.
    """

    rows: Reals
    labelled: Reals
    synthetic: Reals
    synthetic_variance: Reals
    excess: Reals
    spread: float


def pooled_shares(errors: GroupErrors) -> list[ShareEstimate]:
    """Estimate the share of each group from its own labels and those of all others.

    Notes
    -----
    Groups differ from what the pooled errors suggest by a normal deviation whose standard deviation ``τ`` is
    unknown: it is averaged over, with a prior that is flat from 0 to ½ (Gelman 2006), so that a handful of
    groups does not pass for agreement. The intervals cover 95 % on average over groups, not in each: a group
    unlike all others is drawn towards them.
    """
    tau = np.linspace(0, 0.5, _STEPS)[:, None]
    labelled = errors.labelled > 0
    sampling = errors.spread / np.maximum(errors.labelled, 1)
    total = tau**2 + sampling
    log_likelihood = np.where(labelled, -0.5 * (np.log(total) + errors.excess**2 / total), 0.0).sum(axis=1)
    weight = np.exp(log_likelihood - log_likelihood.max())[:, None]
    weight = weight / weight.sum()
    pull = np.where(labelled, tau**2 / total, 0.0)
    means = pull * errors.excess
    variances = np.where(labelled, pull * sampling, tau**2)
    deviation = (weight * means).sum(axis=0)
    variance = (weight * (variances + means**2)).sum(axis=0) - deviation**2
    # Labelled rows are known; the rest vary about the group's mean.
    unlabelled = np.maximum(errors.rows - errors.labelled, 0)
    rest = unlabelled / np.maximum(errors.rows, 1)
    value = errors.synthetic + (1 - rest) * errors.excess + rest * deviation
    se = np.sqrt(
        rest**2 * (variance + errors.spread / np.maximum(unlabelled, 1)) + rest * errors.synthetic_variance
    )
    return [_estimate(*pair) for pair in zip(value.tolist(), se.tolist(), strict=True)]


def _estimate(value: float, se: float) -> ShareEstimate:
    value = min(max(value, 0.0), 1.0)
    half_width = _QUANTILE * se
    return ShareEstimate(value, max(value - half_width, 0.0), min(value + half_width, 1.0), se)


def group_errors(
    predicted: tuple[Codes, Codes], sample: tuple[Codes, Codes, Reals, Reals], n_classes: int
) -> GroupErrors:
    """Measure how labels differ from predictions, in all groups together and in each.

    Parameters
    ----------
    predicted : pair of array
        Of all rows: the code of the group, and of the prediction.
    sample : four arrays
        Of the labelled rows: codes of group and prediction, label (0 or 1), and weight.
    n_classes : int
        Number of predictions.
    """
    groups, classes = predicted
    n_groups = int(groups.max()) + 1
    counts = np.zeros((n_groups, n_classes))
    np.add.at(counts, (groups, classes), 1)
    rows = counts.sum(axis=1)
    group, guess, label, weight = sample
    mass = np.bincount(guess, weights=weight, minlength=n_classes)
    overall = float((weight * label).sum() / weight.sum())
    # A prediction of which no row is labelled counts as half a label of the overall share.
    scale = len(weight) / float(weight.sum())
    expected = (np.bincount(guess, weights=weight * label, minlength=n_classes) * scale + 0.5 * overall) / (
        mass * scale + 0.5
    )
    n_of_class = np.bincount(guess, minlength=n_classes)
    variances = expected * (1 - expected) / (n_of_class + 0.5)
    mix = counts / np.maximum(rows, 1)[:, None]
    labelled = np.bincount(group, minlength=n_groups).astype(float)
    excess = np.bincount(group, weights=label - expected[guess], minlength=n_groups)
    residual = label - expected[guess]
    least = 1 / (4 * (len(label) + 1))
    return GroupErrors(
        rows,
        labelled,
        mix @ expected,
        mix**2 @ variances,
        excess / np.maximum(labelled, 1),
        max(float((residual**2).mean()), least),
    )
