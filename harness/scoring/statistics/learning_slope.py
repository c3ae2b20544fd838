"""Scores of models trained on more and more labels in; what labels are worth, and how many are needed, out.

The curve is ``score(n) = score(0) + slope · ln((rows + n) / rows)``: a straight line in the logarithm of the
number of training rows, through the score without any of the labels. Learning curves are power laws; a power
law has two parameters more, and over a training set that grows by less than tenfold its exponent and its
limit are not told apart from noise (``experiments/learning``). The line is the first term of every power law,
has one parameter, and errs on the side that promises too much only far beyond what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.scoring.statistics.bootstrap import CONFIDENCE_LEVEL, interval
from harness.scoring.statistics.few_clusters import expanded
from harness.scoring.statistics.paired import Resampled

MAX_LABELS = 100_000
"""No number of labels beyond is named: so far, no line goes on."""


@dataclass(frozen=True)
class LearningSlope:
    """What labels are worth, as a straight line in the logarithm of the training rows.

    Attributes
    ----------
    rows : int
        Training rows without any of the labels, at least 1.
    value, low, high : float
        Gain for each time that the training rows are multiplied by e, with a 95 % interval over items, seeds
        and subsets; NaN where there is none. Positive is better, whatever the metric.
    """

    rows: int
    value: float
    low: float
    high: float

    def worth(self, labels: int, more: int) -> tuple[float, float, float]:
        """Return what ``more`` labels are worth after ``labels``: a gain, and its 95 % interval.

        Examples
        --------
        >>> LearningSlope(100, 0.1, 0.0, 0.2).worth(0, 100)
        (0.06931471805599453, 0.0, 0.13862943611198905)
        """
        times = math.log((self.rows + labels + more) / (self.rows + labels))
        return self.value * times, self.low * times, self.high * times

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
            At the slope as measured, at the high and at the low end of its interval, so that the second is
            the fewest; infinite where the slope is not above 0, or where it takes more than
            :data:`MAX_LABELS`; 0 where those that are there suffice.

        Examples
        --------
        >>> slope = LearningSlope(100, 0.1, 0.0, 0.2)
        >>> [round(n) if n < MAX_LABELS else n for n in slope.more_labels(0.1, 50)]
        [122, 15, inf]
        """
        return tuple(self._needed(slope, gain, labels) for slope in (self.value, self.high, self.low))  # type: ignore[return-value]

    def _needed(self, slope: float, gain: float, labels: int) -> float:
        # A slope of NaN is not above 0 either.
        if not slope > 0 or gain / slope > math.log(1 + MAX_LABELS / self.rows):
            return math.inf
        return max(0.0, self.rows * math.expm1(gain / slope) - labels)


def learning_slope(
    rows: int, points: Sequence[tuple[int, Resampled]], clusters: float, *, higher_is_better: bool = True
) -> LearningSlope:
    """Fit the line by least squares, with an interval from the resamples that all points share.

    Parameters
    ----------
    rows : int
        Training rows without any of the labels.
    points : sequence of (int, Resampled)
        Labels and scores, resampled together; the first has 0 labels, and another one more.
    clusters : float
        Effective number of clusters of the items.
    higher_is_better : bool
        Of the scores.
    """
    (_, start), *others = points
    distances = np.array([math.log((rows + labels) / rows) for labels, _ in others])
    weights = distances / (distances**2).sum()
    sign = 1 if higher_is_better else -1
    value = sign * sum(w * (run.value - start.value) for w, (_, run) in zip(weights, others, strict=True))
    if not len(start.draws) or clusters <= 1:
        return LearningSlope(rows, float(value), math.nan, math.nan)
    # Linear in the scores: the slope of each draw is that of the scores of this draw.
    drawn = sign * sum(w * (run.draws - start.draws) for w, (_, run) in zip(weights, others, strict=True))
    low, high = interval(np.asarray(drawn), expanded(CONFIDENCE_LEVEL, clusters))
    return LearningSlope(rows, float(value), float(low), float(high))
