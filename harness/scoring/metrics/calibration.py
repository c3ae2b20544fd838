"""Predicted probabilities in, how well calibrated they are out.

Papers differ in their conventions; these are ours:

* log loss: natural logarithm, probabilities clipped to ``[EPSILON, 1 - EPSILON]``;
* Brier score: squared error summed over classes in a single-label task, in ``[0, 2]``; mean over labels in a
  multi-label task, in ``[0, 1]``;
* a row without a prediction states no probabilities. By the log loss and the Brier score it counts as one
  that knows nothing: all labels alike, of several labels each with one half. Calibration errors are about
  what was stated, and leave it out;
* ECE: :data:`BINS` bins. In a single-label task, the probability of the likeliest label against whether it is
  right; in a multi-label task, the probability of each label against whether it applies, then the mean over
  labels.

ECE is biased upwards, more so the fewer items a bin holds: compare it only at equal numbers of items. The
debiased root mean squared calibration error takes off what chance adds, so that its interval is about the
error over bins itself. Every calibration error of bins is a lower bound of the error without bins: gaps of
opposite sign within a bin cancel out (Kumar et al. 2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.scoring.metrics.counts import ratio
from harness.scoring.metrics.metric import Metric
from harness.values.labels import unstated_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Codes = NDArray[np.int64]

# As Guo et al. (2017): an error over another number of bins does not compare with published ones.
BINS = 15
EPSILON = 2.0**-52
"""Clips probabilities before the logarithm: spacing of 64-bit floats at 1, as scikit-learn does."""

Scheme = Literal["equal_mass", "equal_width"]


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin of a reliability diagram.

    Attributes
    ----------
    low, high : float
        Bounds of the predicted probabilities in it.
    confidence : float
        Mean predicted probability.
    frequency : float
        Share of its items for which the prediction was true.
    n : float
        Number of items; fractional if a bound of equal mass divides an item.
    """

    low: float
    high: float
    confidence: float
    frequency: float
    n: float


def log_loss(truth: Codes, proba: Array, _predicted: Codes) -> Array:
    """Return minus the log probability of the true label, ``(n,)``; mean over labels if multi-label."""
    # A probability of 0 for the true label would make the mean infinite.
    clipped = np.clip(without_gaps(proba, multi=truth.ndim > 1), EPSILON, 1 - EPSILON)
    if truth.ndim == 1:
        return np.asarray(-np.log(np.take_along_axis(clipped, truth[:, None], axis=1)[:, 0]))
    return np.asarray(-np.log(np.where(truth == 1, clipped, 1 - clipped)).mean(axis=1))


def brier(truth: Codes, proba: Array, _predicted: Codes) -> Array:
    """Return the squared error, ``(n,)``: summed over classes, or the mean over labels if multi-label."""
    proba = without_gaps(proba, multi=truth.ndim > 1)
    if truth.ndim == 1:
        return np.asarray(((proba - np.eye(proba.shape[1])[truth]) ** 2).sum(axis=1))
    return np.asarray(((proba - truth) ** 2).mean(axis=1))


def without_gaps(proba: Array, *, multi: bool) -> Array:
    """Return probabilities, ``(n, k)``; of rows without any (NaN) those of one who knows nothing."""
    missing = unstated_rows(proba)
    if not missing.any():
        return proba
    # By a proper score nobody gains from saying nothing: what one believes scores at least as well. And
    # unlike that of a probability of 0, its log loss does not depend on where probabilities are clipped.
    nothing = 0.5 if multi else 1 / proba.shape[1]
    return np.where(missing[:, None], nothing, proba)


def ece_equal_mass(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the expected calibration error over bins that hold equally many items.

    Items are sorted by predicted probability; ties share one frequency, and a bin bound that falls within an
    item, or among ties, divides it. Therefore the order of rows does not matter.

    Parameters
    ----------
    truth, proba
        See :mod:`harness.scoring.metrics.metric`.
    weights : (..., n) array
        How often each item counts.

    Returns
    -------
    ndarray
        ``(...)``, in ``[0, 1]``.
    """
    return _over_claims(truth, proba, weights, _equal_mass_error)


def ece_equal_width(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the expected calibration error over bins ``(0, 1/15], (1/15, 2/15], …``; see equal mass."""
    return _over_claims(truth, proba, weights, _equal_width_error)


def rmsce_debiased(truth: Codes, proba: Array, weights: Array) -> Array:
    """Return the root mean squared calibration error over bins of equal mass, less what chance adds to it.

    The squared gap of a bin is too large by the variance of the bin's mean gap, which is estimated from the
    items and taken off (Kumar et al. 2019, there with the variance of outcomes alone). A draw of a bootstrap
    counts some items several times, which adds to that variance: so the draws scatter about the value.

    Parameters
    ----------
    truth, proba, weights
        See :func:`ece_equal_mass`.

    Returns
    -------
    ndarray
        ``(...)``, in ``[0, 1]``; 0 where chance explains all gaps. Items count as independent.
    """
    squared = _over_claims(truth, proba, weights, _debiased_squared_error)
    return np.sqrt(np.maximum(squared, 0.0))


def claims(truth: Codes, proba: Array) -> tuple[tuple[Array, Array], ...]:
    """Return pairs of predicted probability and outcome, ``(n,)`` each; one pair per label if multi-label.

    Rows without probabilities are left out.
    """
    stated = ~unstated_rows(proba)
    if not stated.all():
        truth, proba = truth[stated], proba[stated]
    if truth.ndim == 1:
        right = proba.argmax(axis=1) == truth
        return ((proba.max(axis=1), right.astype(np.float64)),)
    return tuple((proba[:, k], truth[:, k].astype(np.float64)) for k in range(proba.shape[1]))


def reliability_bins(
    stated: Array, true: Array, *, scheme: Scheme = "equal_mass", bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Sort one pair of :func:`claims` into the bins of its ECE, without empty bins.

    Parameters
    ----------
    stated : (n,) array
        Predicted probabilities.
    true : (n,) array
        0 or 1.
    scheme : {"equal_mass", "equal_width"}
    bins : int
    """
    if scheme == "equal_width":
        bin_of = width_bins(stated, bins)
        n: Array = np.bincount(bin_of, minlength=bins).astype(np.float64)
        sums: Array = np.stack(
            [np.bincount(bin_of, weights=values, minlength=bins) for values in (stated, true)]
        )
        edges = np.arange(bins + 1) / bins
    else:
        order = np.argsort(stated, kind="stable")
        pair = np.stack([stated, true])[:, order]
        mass, cumulated = _cumulated(stated[order], pair, np.ones((1, len(stated))))
        bounds = np.arange(bins + 1) / bins * len(stated)
        n = np.diff(bounds)
        sums = np.diff([np.interp(bounds, mass, curve) for curve in cumulated], axis=-1)
        # The i-th item takes up the mass from i to i + 1: its probability stands at the middle.
        edges = np.interp(bounds, np.arange(len(stated)) + 0.5, np.sort(stated))
    means = ratio(sums, n)
    columns = (edges[:-1], edges[1:], means[0], means[1], n)
    return tuple(ReliabilityBin(*map(float, row)) for row in zip(*columns, strict=True) if row[-1] > 0)


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error beside what chance alone gives.

    Attributes
    ----------
    observed : float
    chance, chance_high : float
        Mean and 95th percentile for probabilities that are right, on as many items.
    """

    observed: float
    chance: float
    chance_high: float

    @property
    def excess(self) -> float:
        """What is beyond chance; 0 where nothing is."""
        return max(0.0, self.observed - self.chance)


def chance_corrected_ece(
    truth: Codes, proba: Array, *, draws: int = 1_000, seed: int = 0
) -> CalibrationError:
    """Return the ECE over bins of equal mass, and that of as many outcomes drawn from the probabilities.

    ECE is biased upwards: 138 items in 15 bins give about 0.1 for probabilities that are exactly right.

    Parameters
    ----------
    truth, proba
        See :mod:`harness.scoring.metrics.metric`.
    draws, seed : int
        Of the simulation.

    References
    ----------
    Bröcker & Smith 2007, Increasing the reliability of reliability diagrams: consistency resampling. Items
    count as independent, so that alike items of one article make chance look smaller than it is.
    """
    pairs = claims(truth, proba)
    generator, ones = np.random.default_rng(seed), np.ones((1, len(proba)))
    observed = np.mean([_equal_mass_error(stated, true, ones)[0] for stated, true in pairs])
    simulated = [
        np.mean(
            [
                _equal_mass_error(stated, (generator.random(len(stated)) < stated).astype(np.float64), ones)[
                    0
                ]
                for stated, _ in pairs
            ]
        )
        for _ in range(draws)
    ]
    return CalibrationError(float(observed), float(np.mean(simulated)), float(np.quantile(simulated, 0.95)))


def width_bins(stated: Array, bins: int = BINS) -> NDArray[np.int64]:
    """Return the bin of each probability, in ``[0, bins)``; a bound belongs to the bin below it."""
    return np.clip(np.ceil(np.asarray(stated, dtype=np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)


def _over_claims(truth: Codes, proba: Array, weights: Array, error: Any) -> Array:
    # All draws at once, as rows of one matrix.
    flat = weights.reshape(-1, weights.shape[-1])
    stated = ~unstated_rows(proba)
    if not stated.all():
        truth, proba, flat = truth[stated], proba[stated], flat.take(np.flatnonzero(stated), axis=1)
    if not len(truth):
        return np.full(weights.shape[:-1], np.nan)
    errors = np.mean([error(stated, true, flat) for stated, true in claims(truth, proba)], axis=0)
    return np.asarray(errors).reshape(weights.shape[:-1])


def _equal_width_error(stated: Array, true: Array, weights: Array) -> Array:
    # One matrix product sums the gaps of all bins for all draws.
    gaps = np.eye(BINS)[width_bins(stated)] * (stated - true)[:, None]
    return ratio(np.abs(weights.astype(np.float64, copy=False) @ gaps).sum(axis=1), _totals(weights))


def _totals(weights: Array) -> Array:
    return np.asarray(weights.sum(axis=1, dtype=np.float64))


def _equal_mass_error(stated: Array, true: Array, weights: Array) -> Array:
    order = np.argsort(stated, kind="stable")
    mass, (gaps,) = _cumulated(stated[order], (stated - true)[order][None], weights.take(order, axis=1))
    totals = _totals(weights)
    # The rows of weights lie one after another on one axis, so that one interpolation serves all.
    starts = np.cumsum(totals) - totals
    bounds = starts[:, None] + totals[:, None] * (np.arange(BINS + 1) / BINS)
    within = np.diff(np.interp(bounds, mass, gaps), axis=1)
    return ratio(np.abs(within).sum(axis=1), totals)


def _debiased_squared_error(stated: Array, true: Array, weights: Array) -> Array:
    order = np.argsort(stated, kind="stable")
    stated, gap, weights = stated[order], (stated - true)[order], weights.take(order, axis=1)
    mass, (gaps,) = _cumulated(stated, gap[None], weights)
    # The variance of a weighted mean needs sums of squared weights, at the same bounds.
    squares, (square_gaps, square_gaps2) = _cumulated(stated, np.stack([gap, gap**2]), weights**2)
    totals = _totals(weights)
    starts = np.cumsum(totals) - totals
    bounds = starts[:, None] + totals[:, None] * (np.arange(BINS + 1) / BINS)
    mass_in, gap_in, w2, w2_gap, w2_gap2 = (
        np.diff(np.interp(bounds, mass, curve), axis=1)
        for curve in (mass, gaps, squares, square_gaps, square_gaps2)
    )
    mean = ratio(gap_in, mass_in)
    spread = np.maximum(w2_gap2 - 2 * mean * w2_gap + mean**2 * w2, 0.0)
    # As many items of equal weight would vary as much; of one item alone no variance can be told.
    n = ratio(mass_in**2, w2)
    several = n > 1
    noise = ratio(spread, mass_in**2) * np.where(several, ratio(n, np.where(several, n - 1, 1.0)), 0.0)
    return ratio((mass_in * np.where(several, mean**2 - noise, 0.0)).sum(axis=1), totals)


def _cumulated(stated: Array, values: Array, weights: Array) -> tuple[Array, Array]:
    """Cumulate over items in order of predicted probability, one row of ``weights`` after another.

    The curves have one point at the end of each tie. Between two points both grow in proportion: that gives
    tied items one frequency and lets a bound divide an item.

    Parameters
    ----------
    stated : (n,) array
        Predicted probabilities, sorted.
    values : (k, n) array
    weights : (rows, n) array

    Returns
    -------
    mass : (1 + rows * distinct,) array
        Cumulated weight; starts at 0.
    sums : (k, 1 + rows * distinct) array
        Cumulated weight times value.
    """
    last = np.flatnonzero(np.append(np.diff(stated) != 0, True))
    curves = np.zeros((1 + len(values), 1 + weights.size))
    np.cumsum(weights, dtype=np.float64, out=curves[0, 1:])
    for curve, value in zip(curves[1:], values, strict=True):
        np.cumsum(weights * value, out=curve[1:])
    if len(last) < len(stated):
        ends = np.arange(len(weights))[:, None] * len(stated) + last + 1
        curves = curves[:, np.append(0, ends.ravel())]
    return curves[0], curves[1:]


LOG_LOSS = Metric(
    "log_loss",
    log_loss,
    "items",
    "both",
    direction="lower",
    high=-math.log(EPSILON),
    reference="natural logarithm, clipped at 2**-52; mean over labels if multi-label; Good 1952",
    probabilities=True,
    gloss="how surprised the probabilities are by the truth; confident errors cost most",
)
BRIER = Metric(
    "brier",
    brier,
    "items",
    "both",
    direction="lower",
    high=2.0,
    reference="sum over classes, mean over labels if multi-label; Brier 1950",
    probabilities=True,
    gloss="the squared distance of the probabilities from the truth",
)
ECE_EQUAL_MASS = Metric(
    "ece_equal_mass",
    ece_equal_mass,
    "table",
    "both",
    direction="lower",
    reference="15 bins of equal mass, likeliest label; Nguyen & O'Connor 2015",
    probabilities=True,
    weighted=True,
    biased=True,
    gloss="how far probabilities are off the share of correct labels, in bins of equally many items",
)
ECE_EQUAL_WIDTH = Metric(
    "ece_equal_width",
    ece_equal_width,
    "table",
    "both",
    direction="lower",
    reference="15 bins of equal width, likeliest label; Guo et al. 2017",
    probabilities=True,
    weighted=True,
    biased=True,
    gloss="how far probabilities are off the share of correct labels, in bins of equal width",
)
RMSCE_DEBIASED = Metric(
    "rmsce_debiased",
    rmsce_debiased,
    "table",
    "both",
    direction="lower",
    reference="root of the debiased squared error over 15 bins of equal mass; Kumar, Liang & Ma 2019",
    probabilities=True,
    weighted=True,
    debiased=True,
    gloss="how far probabilities are off the share of correct labels, without what chance adds",
)
