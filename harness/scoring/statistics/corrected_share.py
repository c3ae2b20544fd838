"""Predictions for all rows and labels for a random sample in; an unbiased share with its interval out.

The weighted difference estimator of design-based supervised learning (Egami, Hinck, Stewart & Wei 2023) and
of prediction-powered inference (Angelopoulos et al. 2023): the total of the predictions, plus the error that
the sample shows, each sampled row weighted by the inverse of its inclusion probability. The estimate is
unbiased however bad the predictions are; the better they are, the narrower its interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.values.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class ShareEstimate:
    """A share in ``[0, 1]`` with its interval and standard error; NaN if it cannot be estimated."""

    value: float
    low: float
    high: float
    se: float


UNKNOWN_SHARE = ShareEstimate(math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class SampleDesign:
    """How a sample was drawn.

    Attributes
    ----------
    pi : (n,) array
        In ``(0, 1]``: inclusion probability of each row.
    stratum : (n,) array of int
        Codes from 0. Within a stratum, rows were drawn with equal probability and without replacement.
    """

    pi: Reals
    stratum: Codes

    def variance(self, values: Reals) -> float:
        """Return the variance of the sum of weighted ``values``, ``(n,)``, over samples drawn like this one.

        The usual estimator for stratified sampling (Cochran 1977, Sampling Techniques, chapter 5). A single
        row shows no spread within its stratum: it adds the square of its value instead.
        """
        total = 0.0
        # A stratum in which all values are 0 adds nothing.
        for code in np.unique(self.stratum[values != 0]):
            members = self.stratum == code
            n, drawn = int(members.sum()), values[members]
            # Finite population: what is labelled already does not vary.
            unsampled = 1 - float(self.pi[members].mean())
            if n > 1:
                spread = float(((drawn - drawn.mean()) ** 2).sum()) * n / (n - 1)
            else:
                spread = float(drawn[0] ** 2)
            total += unsampled * spread
        return total


@dataclass(frozen=True)
class SampleCounts:
    """What each sampled row counts for, by its label and by its prediction: ``(n,)`` arrays of 0 and 1.

    Attributes
    ----------
    part, whole : array
        By the labels: whether the row has the label of interest, and whether it belongs to the group.
    predicted_part, predicted_whole : array
        The same by the predictions.
    """

    part: Reals
    whole: Reals
    predicted_part: Reals
    predicted_whole: Reals


def corrected_share(
    part: float, whole: float, sample: SampleCounts, design: SampleDesign, *, level: float = 0.95
) -> ShareEstimate:
    """Estimate the share of a label in a group of rows.

    Parameters
    ----------
    part, whole : float
        Number of rows predicted to have the label, and to belong to the group, over all rows.
    sample : SampleCounts
    design : SampleDesign
        Of the same rows.
    level : float
        Confidence level of the interval, in (0, 1).

    Returns
    -------
    ShareEstimate
        For exactly these rows, not for a larger population: the interval shrinks to nothing if all rows are
        labelled. All NaN if the sample has fewer than two rows of the group.

    Notes
    -----
    With ``d`` = label minus prediction, the corrected totals are ``A = part + sum(d_part / pi)`` and
    ``B = whole + sum(d_whole / pi)``, and the share is ``R = A / B``. Its variance is that of the sum of
    ``(d_part - R d_whole) / (pi B)``. A few sampled rows without disagreement do not prove that there is
    none: the error rate counts as at least ``(disagreements + 1) / (rows + 2)`` (Laplace's rule of
    succession).
    """
    from scipy.stats import t as student

    inside = (sample.whole > 0) | (sample.predicted_whole > 0)
    n = int(inside.sum())
    d_part, d_whole = sample.part - sample.predicted_part, sample.whole - sample.predicted_whole
    # Labels may also move rows into the group or out of it: its size is corrected, too.
    total = whole + float((d_whole / design.pi).sum())
    if n < 2 or total <= 0:
        return UNKNOWN_SHARE
    share = (part + float((d_part / design.pi).sum())) / total
    values = (d_part - share * d_whole) / (design.pi * total)
    error_rate = (int((np.abs(d_part[inside]) + np.abs(d_whole[inside]) > 0).sum()) + 1) / (n + 2)
    # The inverse inclusion probabilities sum to an estimate of the group's size (Horvitz & Thompson 1952).
    unsampled = 1 - n / max(float((1 / design.pi[inside]).sum()), n)
    min_variance = unsampled * error_rate * (1 - error_rate) / n
    se = math.sqrt(max(design.variance(values), min_variance))
    # One degree of freedom per stratum is used up by its mean.
    freedom = max(n - len(np.unique(design.stratum[inside])), 1)
    half_width = float(student.ppf(0.5 + level / 2, freedom)) * se
    bounds = (share, share - half_width, share + half_width)
    value, low, high = (float(np.clip(bound, 0, 1)) for bound in bounds)
    return ShareEstimate(value, low, high, se)


def naive_share(part: float, whole: float, *, level: float = 0.95) -> ShareEstimate:
    """Return the share among the predictions, with Wilson's interval (1927) as if all of them were right.

    It is shown for contrast, because it is often published: it ignores the errors of the predictions.
    """
    if whole <= 0:
        return UNKNOWN_SHARE
    low, high = wilson(part, whole, level)
    value = part / whole
    return ShareEstimate(value, low, high, math.sqrt(value * (1 - value) / whole))
