"""Predictions for all rows and labels for a random sample in; an unbiased share with its interval out.

Prediction-powered inference (Angelopoulos et al. 2023), which weighs each sampled row by the inverse of its
inclusion probability, as design-based supervised learning does (Egami, Hinck, Stewart & Wei 2023): the share
among the predictions, plus the error that the sample shows. How far the predictions are leaned on is tuned
(PPI++, Angelopoulos, Duchi & Zrnic 2023), so that predictions of no worth are ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.values.minimums import MIN_GOLD_ITEMS
from harness.values.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

N_FOLDS = 5
"""The power of a row is tuned on the rows of the other folds: tuned on its own, it would flatter the row."""

LEVEL = 0.95
"""Confidence level of intervals."""


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
    fold : (n,) array of int
        Codes from 0 to :data:`N_FOLDS` less one, by which the power is tuned.
    article : (n,) array of int
        Codes of articles, the same as those of the table.
    """

    pi: Reals
    stratum: Codes
    fold: Codes
    article: Codes

    @classmethod
    def of(cls, pi: Reals, stratum: Codes, *, order: Reals | None = None, article: Codes) -> SampleDesign:
        """Return a design whose strata can be estimated from, and whose folds are even in each stratum.

        Parameters
        ----------
        pi, stratum, article : (n,) array
        order : (n,) array, optional
            Rows of a stratum are dealt to the folds in this order; it must say nothing of their labels.
            Default: as they come.

        Notes
        -----
        A single row shows no spread within its stratum. Strata of a single row count as one (collapsed
        strata: Cochran 1977, Sampling Techniques, section 5A.12), which makes the variance no smaller.
        """
        sizes = np.bincount(stratum, minlength=1)
        alone = sizes[stratum] == 1
        if alone.sum() == 1 and len(pi) > 1:
            # A single one has no other of its kind: it joins the smallest stratum.
            others = np.flatnonzero(sizes > 1)
            alone |= stratum == others[np.argmin(sizes[others])]
        collapsed = np.where(alone, len(sizes), stratum)
        codes = np.unique(collapsed, return_inverse=True)[1].astype(np.int64)
        ranked = np.lexsort((np.arange(len(pi)) if order is None else order, codes))
        fold = np.empty(len(pi), dtype=np.int64)
        fold[ranked] = np.arange(len(pi)) % N_FOLDS
        return cls(pi, codes, fold, article)

    @property
    def sizes(self) -> Codes:
        """Sampled rows of each stratum."""
        return np.bincount(self.stratum)

    def variance(self, values: Reals) -> float:
        """Return the variance of the sum of weighted ``values``, ``(n,)``, over samples drawn like this one.

        The usual estimator for stratified sampling (Cochran 1977, Sampling Techniques, chapter 5). Rows that
        are labelled already do not vary: the finite-population correction.
        """
        sizes = self.sizes
        unsampled = np.bincount(self.stratum, weights=1 - self.pi) / sizes
        sums = np.bincount(self.stratum, weights=values)
        squares = np.bincount(self.stratum, weights=values**2)
        spread = (squares - sums**2 / sizes) * sizes / np.maximum(sizes - 1, 1)
        return float((unsampled * spread).clip(0).sum())

    def freedom(self, inside: Mask) -> int:
        """Return the degrees of freedom of a variance over the rows of a group: a mean a stratum is lost."""
        sizes, members = self.sizes, np.bincount(self.stratum[inside], minlength=len(self.sizes))
        return max(int(np.minimum(sizes - 1, members).sum()), 1)


@dataclass(frozen=True)
class SampleCounts:
    """What each sampled row counts for, by its label and by its prediction: ``(n,)`` arrays of 0 and 1.

    Attributes
    ----------
    part, whole : array
        By the labels: whether the row has the label of interest, and whether it belongs to the whole of which
        it is a part, such as the quoted rows of a group.
    predicted_part, predicted_whole : array
        The same by the predictions.
    group : array of bool
        Whether a row is of the group, which needs no prediction.
    """

    part: Reals
    whole: Reals
    predicted_part: Reals
    predicted_whole: Reals
    group: Mask


@dataclass(frozen=True)
class Predicted:
    """Predictions of all rows of a group, labelled or not: ``(rows,)`` arrays.

    Attributes
    ----------
    part, whole : array of 0 and 1
        Whether a row is predicted to have the label, and to belong to the whole.
    article : array of int
        Codes of the articles that rows stand in.
    """

    part: Reals
    whole: Reals
    article: Codes


@dataclass(frozen=True)
class ShareFit:
    """An estimated share, with what its intervals and its differences to others need.

    Pairs are of two questions: what the share is in exactly these rows, and what it is in the stream of
    articles that they are from.

    Attributes
    ----------
    value : float
        In [0, 1].
    se : pair of float
        Standard errors.
    freedom : pair of int
        Their degrees of freedom.
    worth : pair of float, or None
        Where few rows have the label, how many independent labels the sample is worth: the share is then that
        of the labels alone, and its interval is exact.
    power : float
        In [0, 1]: how far predictions are leaned on.
    influence : (n,) array
        Weighted residuals of the sampled rows; their variance is that of the share.
    articles : pair of array
        Codes of the articles of the group, ascending, and what each adds to the share.
    """

    value: float
    se: tuple[float, float]
    freedom: tuple[int, int]
    worth: tuple[float, float] | None
    power: float
    influence: Reals
    articles: tuple[Codes, Reals]

    def bounds(self, level: float = LEVEL, *, stream: bool = False) -> tuple[float, float]:
        """Return the interval of the share in these rows, or in the stream."""
        if self.worth is not None:
            return exact_interval(self.value, self.worth[stream], level)
        return score_interval(self.value, self.se[stream], self.freedom[stream], level)

    def estimate(self, *, stream: bool = False) -> ShareEstimate:
        """Return the share with its 95 % interval."""
        return ShareEstimate(self.value, *self.bounds(stream=stream), self.se[stream])


def score_interval(share: float, se: float, freedom: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's interval (1927) for the number of independent labels that a standard error is worth.

    It keeps its coverage near 0 and 1, where ``share ± t · se`` loses it (Franco, Little, Louis & Slud 2019).

    Examples
    --------
    >>> [round(bound, 3) for bound in score_interval(0.2, 0.04, 10_000)]
    [0.133, 0.289]
    """
    from scipy.special import stdtrit

    if se <= 0 or not 0 < share < 1:
        return share, share
    n, q = share * (1 - share) / se**2, float(stdtrit(freedom, (1 - level) / 2)) ** 2
    centre = (share + q / (2 * n)) / (1 + q / n)
    half_width = math.sqrt(q * (share * (1 - share) / n + q / (4 * n * n))) / (1 + q / n)
    return centre - half_width, centre + half_width


def exact_interval(share: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of Clopper & Pearson (1934); of weighted labels, for as many as they are worth.

    The latter is that of Korn & Graubard (1998).

    Examples
    --------
    >>> [round(bound, 4) for bound in exact_interval(0.0, 20)]
    [0.0, 0.1684]
    """
    from scipy.special import betaincinv

    if math.isinf(n):
        return share, share
    count, tail = share * n, (1 - level) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count > 0 else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high


def fit_share(
    predicted: Predicted, sample: SampleCounts, design: SampleDesign, *, power: float | None = None
) -> ShareFit | None:
    """Estimate the share of a label in a group of rows.

    Parameters
    ----------
    predicted : Predicted
        Of all rows of the group.
    sample : SampleCounts
    design : SampleDesign
        Of the same rows.
    power : float, optional
        How far predictions are leaned on, in [0, 1]: 0 ignores them, 1 is the difference estimator. Default:
        tuned, each row's on the folds that it is not in.

    Returns
    -------
    ShareFit or None
        None if the sample has fewer than two rows of the whole.

    Notes
    -----
    With weights ``w = 1 / pi``, scaled to sum to 1 over the sampled rows of the group, predictions ``f``
    (part) and ``h`` (whole), labels ``y`` and ``z``, and their means over all rows of the group ``F`` and
    ``H``, the share is ``R = (λF + Σw(y - λf)) / (λH + Σw(z - λh))``. Its variance is that of the sum of the
    weighted residuals ``w((y - Rz) - λ(f - Rh))``. Of the rows themselves, only the sample varies; of the
    stream, the articles do, too: each adds its predictions and its residuals, and the variance is that of
    their sum over articles.

    A few sampled rows without disagreement do not prove that there is none: the error rates among rows with
    and without the label count as at least ``(errors + 1/2) / (rows + 1)`` (the prior of Jeffreys).

    Where fewer than :data:`MIN_GOLD_ITEMS` rows have the label, or do not have it, the normal approximation
    fails: the share is then that of the labels alone, with an exact interval.
    """
    n_whole = int(sample.whole.sum())
    if n_whole < 2:
        return None
    weight = np.where(sample.group, 1 / design.pi, 0.0)
    weight = weight / weight.sum()
    nothing = np.zeros(len(weight))
    gold = _ratio(predicted, sample, weight, nothing)
    powers = tuned_powers(sample, design, gold[0]) if power is None else np.full(len(weight), power)
    share, total = _ratio(predicted, sample, weight, powers)
    # By the estimate, not by the count: whether few rows happened to be drawn must not decide.
    few = total <= 0 or n_whole * min(share, 1 - share) < MIN_GOLD_ITEMS
    if few and power is None:
        powers, (share, total) = nothing, gold
    if total <= 0:
        return None
    residual = (sample.part - share * sample.whole) - powers * (
        sample.predicted_part - share * sample.predicted_whole
    )
    # Centred: where strata do not divide by group, how many of its rows are drawn is random, and the weights
    # are scaled for it.
    influence = weight * (residual - float((weight * residual).sum())) / total
    mean_power = float((weight * powers).sum())
    variance = design.variance(influence)
    least = _least_variance(predicted, sample) / total**2 if mean_power > 0 else 0.0
    freedom = design.freedom(sample.group)
    se = math.sqrt(max(variance, least))
    codes, sums = _by_article(predicted, design, influence, share, mean_power / total)
    m = len(codes)
    of_stream = m / max(m - 1, 1) * float((sums**2).sum()) + se**2 - variance
    worth = _worth(predicted, sample, design) if few and power is None else None
    return ShareFit(
        float(np.clip(share, 0, 1)),
        (se, math.sqrt(max(of_stream, se**2))),
        (freedom, max(min(freedom, m - 1), 1)),
        worth,
        mean_power,
        influence,
        (codes, sums),
    )


def _ratio(predicted: Predicted, sample: SampleCounts, weight: Reals, powers: Reals) -> tuple[float, float]:
    """Return the share at given powers, and the corrected whole that it is a share of."""
    power = float((weight * powers).sum())
    part, whole = (
        power * float(of_all.mean()) + float((weight * (true - powers * guess)).sum())
        for of_all, true, guess in (
            (predicted.part, sample.part, sample.predicted_part),
            (predicted.whole, sample.whole, sample.predicted_whole),
        )
    )
    return (part / whole if whole > 0 else math.nan), whole


def tuned_powers(sample: SampleCounts, design: SampleDesign, share: float) -> Reals:
    """Return each row's power: that which makes the variance over rows of the other folds smallest.

    The variance of ``e - λp`` is smallest at ``λ = cov(e, p) / var(p)``, within strata, each row weighted as
    in the variance.
    """
    e = sample.part - share * sample.whole
    p = sample.predicted_part - share * sample.predicted_whole
    weight = np.where(sample.group, (1 / design.pi) * (1 / design.pi - 1), 0.0)
    n = int(design.stratum.max()) + 1
    powers = np.zeros(len(e))
    for fold in range(N_FOLDS):
        w = np.where(design.fold == fold, 0.0, weight)
        mass = np.maximum(np.bincount(design.stratum, weights=w, minlength=n), 1e-300)
        centred_e, centred_p = (
            values - (np.bincount(design.stratum, weights=w * values, minlength=n) / mass)[design.stratum]
            for values in (e, p)
        )
        spread = float((w * centred_p**2).sum())
        covariance = float((w * centred_e * centred_p).sum())
        powers[design.fold == fold] = min(max(covariance / spread, 0.0), 1.0) if spread > 0 else 0.0
    return powers


def _least_variance(predicted: Predicted, sample: SampleCounts) -> float:
    """Return the variance of a share that the sample's errors leave possible at the least."""
    wrong = (sample.part != sample.predicted_part) | (sample.whole != sample.predicted_whole)
    total, n_rows = 0.0, len(predicted.part)
    for value in (0.0, 1.0):
        cell = sample.group & (sample.predicted_part == value)
        rows, n = int((predicted.part == value).sum()), int(cell.sum())
        rate = (int(wrong[cell].sum()) + 0.5) / (n + 1)
        unsampled = max(1 - n / max(rows, 1), 0.0)
        total += unsampled * (rows / n_rows) ** 2 * rate * (1 - rate) / max(n, 1)
    return total


def _by_article(
    predicted: Predicted, design: SampleDesign, influence: Reals, share: float, power: float
) -> tuple[Codes, Reals]:
    """Return the articles of a group, and what each adds to its share: predictions and residuals."""
    p = predicted.part - share * predicted.whole
    codes, which = np.unique(predicted.article, return_inverse=True)
    sums = np.bincount(which, weights=(p - p.mean()) * power / len(p))
    sampled = np.flatnonzero(influence)
    positions = np.searchsorted(codes, design.article[sampled])
    sums = sums + np.bincount(positions, weights=influence[sampled], minlength=len(codes))
    return codes.astype(np.int64), sums.astype(np.float64)


def _worth(predicted: Predicted, sample: SampleCounts, design: SampleDesign) -> tuple[float, float]:
    """Return how many independent labels those of a group are worth: for its rows, and for the stream."""
    inside = sample.whole > 0
    weight = 1 / design.pi[inside]
    # Unequal weights are worth fewer labels (Kish 1965, Survey Sampling, section 11.7).
    n = float(weight.sum() ** 2 / (weight**2).sum())
    unsampled = max(1 - len(weight) / float(weight.sum()), 0.0)
    # Rows of an article are alike, as their predictions are.
    p = predicted.part - predicted.part.sum() / max(float(predicted.whole.sum()), 1.0) * predicted.whole
    which = np.unique(predicted.article, return_inverse=True)[1]
    alone, together = float((p**2).sum()), float((np.bincount(which, weights=p) ** 2).sum())
    alike = max(together / alone, 1.0) if alone > 0 else 1.0
    of_rows = n / unsampled if unsampled > 1e-9 else math.inf
    return of_rows, 1 / (unsampled / n + alike / float(weight.sum()))


def naive_share(part: float, whole: float, *, level: float = LEVEL) -> ShareEstimate:
    """Return the share among the predictions, with Wilson's interval (1927) as if all of them were right.

    It is shown for contrast, because it is often published: it ignores the errors of the predictions.
    """
    if whole <= 0:
        return UNKNOWN_SHARE
    low, high = wilson(part, whole, level)
    value = part / whole
    return ShareEstimate(value, low, high, math.sqrt(value * (1 - value) / whole))
