"""Scores of models trained on more and more labels in; what labels are worth, and how many are needed, out.

The curve is a power law with the exponent one half, ``score(n) = a + b · (1 - (rows / (rows + n)) ** 0.5)``,
fitted by least squares. The exponent is fixed: learning curves are power laws, with exponents between 0.1
and 1 that a few noisy points do not tell. With one half, forecasts of twice the labels were off by less
than with a straight line in the logarithm of the rows in each of twelve simulated settings, and end in a
limit in place of promising ever more. A free exponent, within bounds, was closer in eight of the twelve,
above all where the rows hardly grow (``experiments/learning``); but it cannot be fitted to each of
thousands of resamples. This curve is linear in what is fitted, so that its interval comes from the
resamples of the scores.

References
----------
Viering & Loog 2023, The Shape of Learning Curves: a Review.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.statistics.bootstrap import CONFIDENCE_LEVEL, interval
from harness.scoring.statistics.few_clusters import expanded
from harness.scoring.statistics.paired import Resampled

# Between those of networks (0.1 to 0.35) and that of a standard error's square (1).
EXPONENT = 0.5

MAX_LABELS = 100_000
"""No number of labels beyond is named: so far, no curve goes on."""


@dataclass(frozen=True)
class LearningSlope:
    """What labels are worth, as a power law of the training rows with a fixed exponent.

    Attributes
    ----------
    rows : int
        Training rows without any of the labels, at least 1.
    value, low, high : float
        The gain that labels without end would give, with a 95 % interval over items, seeds and subsets; NaN
        where there is none. Positive is better, whatever the metric.
    """

    rows: int
    value: float
    low: float
    high: float

    def worth(self, labels: int, more: int) -> tuple[float, float, float]:
        """Return what ``more`` labels are worth after ``labels``: a gain, and its 95 % interval.

        Examples
        --------
        >>> LearningSlope(100, 0.1, 0.0, 0.2).worth(0, 300)
        (0.05, 0.0, 0.1)
        """
        step = float(grown(self.rows, labels + more) - grown(self.rows, labels))
        return self.value * step, self.low * step, self.high * step

    def more_labels(self, gain: float, labels: int) -> tuple[float, float, float]:
        """Return how many more labels it takes until all of them together are worth a gain.

        Parameters
        ----------
        gain : float
            Above 0: over the score without any of the labels.
        labels : int
            Those that are there.

        Returns
        -------
        tuple of float
            With the slope as measured, at the high and at the low end of its interval, so that the second is
            the fewest; infinite where no number would do, or more than :data:`MAX_LABELS`; 0 where those that
            are there suffice.

        Examples
        --------
        >>> LearningSlope(100, 0.1, 0.0, 0.2).more_labels(0.05, 50)
        (250.0, 27.8, inf)
        """
        return tuple(self._needed(slope, gain, labels) for slope in (self.value, self.high, self.low))  # type: ignore[return-value]

    def _needed(self, slope: float, gain: float, labels: int) -> float:
        # A slope of NaN is not above 0 either; of one that is not above the gain, all labels are too few.
        if not slope > gain:
            return math.inf
        needed = self.rows * ((1 - gain / slope) ** (-1 / EXPONENT) - 1)
        return round(max(0.0, needed - labels), 1) if needed <= MAX_LABELS else math.inf


def grown(rows: int, labels: int) -> float:
    """Return how far labels lead from the score without them to the limit, in [0, 1).

    Examples
    --------
    >>> grown(100, 0), grown(100, 300)
    (0.0, 0.5)
    """
    return float(1 - (rows / (rows + labels)) ** EXPONENT)


def learning_slope(
    rows: int, points: Sequence[tuple[int, Resampled]], clusters: float, *, higher_is_better: bool = True
) -> LearningSlope:
    """Fit the curve by least squares, with an interval from the resamples that all points share.

    Parameters
    ----------
    rows : int
        Training rows without any of the labels.
    points : sequence of (int, Resampled)
        Labels and scores, resampled together; with two numbers of labels at least.
    clusters : float
        Effective number of clusters of the items.
    higher_is_better : bool
        Of the scores.
    """
    distances = np.array([grown(rows, labels) for labels, _ in points])
    centred = distances - distances.mean()
    weights = (1 if higher_is_better else -1) * centred / (centred**2).sum()
    # Linear in the scores: the slope of each draw is that of the scores of this draw.
    value = sum(weight * run.value for weight, (_, run) in zip(weights, points, strict=True))
    if not len(points[0][1].draws) or clusters <= 1:
        return LearningSlope(rows, float(value), math.nan, math.nan)
    drawn = np.stack([weight * run.draws for weight, (_, run) in zip(weights, points, strict=True)]).sum(
        axis=0
    )
    low, high = interval(drawn, expanded(CONFIDENCE_LEVEL, clusters))
    return LearningSlope(rows, float(value), float(low), float(high))
