"""Predictions for all rows and labels for a random sample in; an unbiased share with its interval out.

Prediction-powered inference (Angelopoulos et al. 2023), which weighs each sampled row by the inverse of its
inclusion probability, as design-based supervised learning does (Egami, Hinck, Stewart & Wei 2023): the share
among the predictions, plus the error that the sample shows. How far the predictions are leaned on is tuned
(PPI++, Angelopoulos, Duchi & Zrnic 2023), so that predictions of no worth are ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.statistics.sample_design import N_FOLDS, SampleDesign
from harness.scoring.statistics.share_intervals import (
    LEVEL,
    ShareEstimate,
    exact_interval,
    score_interval,
)
from harness.values.minimums import MIN_GOLD_ITEMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]


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
    worth = _worth(predicted, sample, design) if few and power is None else None
    fit = ShareFit(
        float(np.clip(share, 0, 1)), (0.0, 0.0), (design.freedom(sample.group), 1), worth,
        float((weight * powers).sum()), influence, (np.zeros(0, dtype=np.int64), np.zeros(0)),
    )  # fmt: skip
    return _with_errors(fit, predicted, sample, design, total)


def _with_errors(
    fit: ShareFit, predicted: Predicted, sample: SampleCounts, design: SampleDesign, total: float
) -> ShareFit:
    """Return a fit with its standard errors; ``total`` is the corrected whole that it is a share of."""
    variance = design.variance(fit.influence)
    least = _least_variance(predicted, sample, fit.value) / total**2 if fit.power > 0 else 0.0
    of_rows = max(variance, least)
    codes, sums = _by_article(predicted, design, fit.influence, fit.value, fit.power / total)
    m = len(codes)
    of_stream = m / max(m - 1, 1) * float((sums**2).sum()) + of_rows - variance
    return replace(
        fit,
        se=(math.sqrt(of_rows), math.sqrt(max(of_stream, of_rows))),
        freedom=(fit.freedom[0], max(min(fit.freedom[0], m - 1), 1)),
        articles=(codes, sums),
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


def _least_variance(predicted: Predicted, sample: SampleCounts, share: float) -> float:
    """Return the variance of a share that the sample's errors leave possible at the least."""
    # A row that is wrongly taken for one of the whole counts for as much as it moves the share.
    errors = (sample.part - sample.predicted_part) - share * (sample.whole - sample.predicted_whole)
    total, n_rows = 0.0, len(predicted.part)
    for value in (0.0, 1.0):
        cell = sample.group & (sample.predicted_part == value)
        rows, n = int((predicted.part == value).sum()), int(cell.sum())
        rate = (float((errors[cell] ** 2).sum()) + 0.5) / (n + 1)
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
