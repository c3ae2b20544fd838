"""Predictions for all rows and labels for a random sample in, an unbiased share with its interval out.

The weighted difference estimator of design-based supervised learning (Egami, Hinck, Stewart & Wei 2023) and
of prediction-powered inference (Angelopoulos et al. 2023): what the predictions add up to, plus what the
sample says they are wrong by, each sampled row weighed by one over its inclusion probability. However bad the
predictions are, the estimate is not biased; the better they are, the narrower its interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class ShareEstimate:
    """A share in ``[0, 1]`` with an interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    se: float


UNKNOWN_SHARE = ShareEstimate(math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class SampleDesign:
    """A sample with known inclusion probabilities.

    Attributes
    ----------
    pi : (n,) array
        In ``(0, 1]``: how probable it was that the row was drawn.
    stratum : (n,) array of int
        Codes from 0: rows of a stratum were drawn alike, at random and without replacement.
    """

    pi: Reals
    stratum: Codes

    def variance(self, values: Reals) -> float:
        """Return the variance of the sum of weighted ``values``, ``(n,)``, over samples drawn like this one.

        A stratum with a single row adds what it would if its value were drawn alone: its square.
        """
        total = 0.0
        # A stratum in which all values are 0 adds nothing.
        for code in np.unique(self.stratum[values != 0]):
            mine = self.stratum == code
            n, own = int(mine.sum()), values[mine]
            left = 1 - float(self.pi[mine].mean())
            spread = float(((own - own.mean()) ** 2).sum()) * n / (n - 1) if n > 1 else float(own[0] ** 2)
            total += left * spread
        return total


@dataclass(frozen=True)
class SampleCounts:
    """What is counted in each sampled row, as predicted and as labelled, ``(n,)`` arrays of 0 and 1.

    Attributes
    ----------
    part, whole : array
        By the labels: whether the row has the label, and whether it belongs to the group at all.
    part_said, whole_said : array
        The same by the predictions.
    """

    part: Reals
    whole: Reals
    part_said: Reals
    whole_said: Reals


def corrected_share(
    part: float, whole: float, sample: SampleCounts, drawn: SampleDesign, *, level: float = 0.95
) -> ShareEstimate:
    """Estimate the share of a label in a group of rows.

    Parameters
    ----------
    part, whole : float
        Number of rows predicted to have the label, and to belong to the group, over all rows.
    sample : SampleCounts
    drawn : SampleDesign
        Of the same rows.
    level : float
        Of the interval.

    Returns
    -------
    ShareEstimate
        Over these very rows, not over others like them: the interval shrinks to nothing where all rows are
        labelled. Where the sample has fewer than two rows of the group, nothing is known.

    Notes
    -----
    With ``d`` = labelled less predicted, the corrected totals are ``A = part + sum(d_part / pi)`` and
    ``B = whole + sum(d_whole / pi)``, and the share is ``R = A / B``. Its variance is that of the sum of
    ``(d_part - R d_whole) / (pi B)``. Few disagreements say little about how many there are: the error rate
    counts as at least ``(disagreements + 1) / (rows + 2)``, so that none among ten does not mean none at all.
    """
    from scipy.stats import t as student

    inside = (sample.whole > 0) | (sample.whole_said > 0)
    n = int(inside.sum())
    d_part, d_whole = sample.part - sample.part_said, sample.whole - sample.whole_said
    total = whole + float((d_whole / drawn.pi).sum())
    if n < 2 or total <= 0:
        return UNKNOWN_SHARE
    share = (part + float((d_part / drawn.pi).sum())) / total
    values = (d_part - share * d_whole) / (drawn.pi * total)
    wrong = (int((np.abs(d_part[inside]) + np.abs(d_whole[inside]) > 0).sum()) + 1) / (n + 2)
    left = 1 - n / max(float((1 / drawn.pi[inside]).sum()), n)
    least = left * wrong * (1 - wrong) / n
    se = math.sqrt(max(drawn.variance(values), least))
    freedom = max(n - len(np.unique(drawn.stratum[inside])), 1)
    reach = float(student.ppf(0.5 + level / 2, freedom)) * se
    value, low, high = (float(np.clip(one, 0, 1)) for one in (share, share - reach, share + reach))
    return ShareEstimate(value, low, high, se)


def naive_share(part: float, whole: float, *, level: float = 0.95) -> ShareEstimate:
    """Return the share of the predictions, with Wilson's interval as if every one were right.

    It is shown because people publish it: it knows nothing of the errors of the predictions.
    """
    from statsmodels.stats.proportion import proportion_confint

    if whole <= 0:
        return UNKNOWN_SHARE
    low, high = proportion_confint(part, whole, alpha=1 - level, method="wilson")
    value = part / whole
    return ShareEstimate(value, float(low), float(high), math.sqrt(value * (1 - value) / whole))
