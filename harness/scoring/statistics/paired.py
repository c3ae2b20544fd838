"""Two runs on the same items in; their difference with interval, p-value, probability and power out.

Two sources of variance are kept apart. *Items*: another test set would give another difference. Both runs are
resampled on the same clusters, so that the difficulty of an item cancels. *Seeds*: another training run would
give another difference too. The seeds of the two runs are unrelated; what their choice adds is estimated from
a few of them, which Student's t allows for. A single seed shows nothing of that variance: a difference
between runs of one seed each is one between two models, not between two classifiers.

Of cross-validated runs there is a third, *training rows*; see
:mod:`harness.scoring.statistics.cross_validation`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.statistics.bootstrap import (
    CONFIDENCE_LEVEL,
    MAX_UNDEFINED,
    Draws,
    interval,
    seed_variances,
)
from harness.scoring.statistics.cross_validation import degrees_of_freedom, stretched
from harness.scoring.statistics.few_clusters import half_width, smallest_p
from harness.values.proportions import mcnemar_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

# The convention of power analysis since Cohen (1988).
POWER = 0.8
MAX_QUANTILE = 3.0
"""Standard deviations; farther out, too few draws lie for a quantile, and intervals go on in proportion."""

MIN_CHI_SQUARED = 25
"""McNemar's test is exact with fewer items than this on which the runs disagree, else chi-squared."""


@dataclass(frozen=True)
class Resampled:
    """A metric of one run under resampling.

    Parameters
    ----------
    by_seed : (n_seeds,) array
        The metric on all items, for each seed.
    item_draws : (draws,) array
        Mean over all seeds on resampled items.
    draws : (draws,) array
        The same with other seeds.
    noise : float
        The part of the variance over seeds that is due to items, and is contained in ``item_draws`` already.
    stretch : float
        By how much the spread of ``draws`` falls short of that of the classifier trained anew.
    """

    by_seed: Array
    item_draws: Array
    draws: Array
    noise: float = 0.0
    stretch: float = 1.0

    @property
    def value(self) -> float:
        """Mean over seeds on all items."""
        return float(self.by_seed.mean())

    @property
    def seed_variance(self) -> float:
        """Variance of the mean over seeds due to the choice of seeds; 0 for one seed."""
        n = len(self.by_seed)
        return max(0.0, float(self.by_seed.var(ddof=1)) - self.noise) / n if n > 1 else 0.0

    @property
    def seed_freedom(self) -> int:
        """Degrees of freedom of that variance, at least 1."""
        return max(1, len(self.by_seed) - 1)


@dataclass(frozen=True)
class Difference:
    """How much higher run A scores than run B.

    Attributes
    ----------
    value : float
        A minus B, each the mean over its seeds.
    low, high : float
        95 % interval over items and seeds, of cross-validated runs over training rows too: percentiles,
        expanded for few clusters and few seeds.
    p : float
        Two-sided, from the same draws: the smallest level whose interval excludes 0.
    probability : float
        Share of draws in which A scores higher; a draw without a difference counts half.
    se, se_items, se_seeds, se_training : float
        Standard error of the difference: over all sources, over items alone, over seeds alone (0 if each run
        has one seed, which does not mean that seeds do not matter), and over training rows (0 if the runs are
        not cross-validated, which means no more).
    detectable : float
        Minimum detectable effect: the true difference that would be found on this test set with these seeds,
        with power 0.8 at level 0.05.
    needed : float
        Number of items of this kind on which a true difference of ``value`` would be found with that power;
        infinite if it is 0, or if the spread over seeds alone hides it, so that only more seeds would help.
    """

    value: float
    low: float
    high: float
    p: float
    probability: float
    se: float
    se_items: float
    se_seeds: float
    detectable: float
    needed: float
    se_training: float = 0.0

    @property
    def se_rows(self) -> float:
        """Standard error over items and training rows: what falls as rows are added."""
        return math.hypot(self.se_items, self.se_training)


def resampled(by_seed: Array, drawn: Array, resamples: Draws, name: str, stretch: float = 1.0) -> Resampled:
    """Average the seeds of a run in each draw.

    Parameters
    ----------
    by_seed : (n_seeds,) array
        Values on all items.
    drawn : (draws, n_seeds) array
        Values on resampled items; runs that are compared share ``resamples``.
    resamples : Draws
        Of the items.
    name : str
        Of the run: its seeds vary independently of those of any other name.
    stretch : float
        See :func:`harness.scoring.retraining.stretch`.
    """
    noise = float(seed_variances(drawn)[2]) if drawn.size and len(by_seed) > 1 else 0.0
    of_items = drawn.mean(axis=1)
    run = Resampled(by_seed, of_items, of_items, noise, stretch)
    if not run.seed_variance:
        return run
    # Normal, and not resampled: two seeds would give three values. The name selects the stream.
    of_seeds = math.sqrt(run.seed_variance) * resamples.normal("run", name)[: len(drawn)]
    return replace(run, draws=of_items + of_seeds)


def difference(a: Resampled, b: Resampled, n_items: int, clusters: float) -> Difference:
    """Compare two runs that were resampled together.

    Parameters
    ----------
    a, b : Resampled
        Of the same resamples.
    n_items : int
    clusters : float
        Effective number of clusters.

    Returns
    -------
    Difference
        NaN in all that is computed from draws, if more than 5 % of them have no value; that includes a single
        cluster, whose draws are all NaN.
    """
    value, plain, of_items = a.value - b.value, a.draws - b.draws, a.item_draws - b.item_draws
    undefined = float(np.isnan(plain).mean()) if len(plain) else 1.0
    se_seeds = math.sqrt(a.seed_variance + b.seed_variance)
    if undefined > MAX_UNDEFINED:
        nan = math.nan
        return Difference(value, nan, nan, nan, nan, nan, nan, se_seeds, nan, nan)
    plain, se_items = plain[~np.isnan(plain)], float(np.nanstd(of_items, ddof=1))
    # One factor for both runs: with one each, what is hard for both would no longer cancel.
    drawn = stretched(plain, value, max(a.stretch, b.stretch))
    seed_parts = [(run.seed_variance, run.seed_freedom) for run in (a, b)]
    freedom = degrees_of_freedom([(se_items**2, max(1.0, clusters - 1)), *seed_parts])
    low, high = _ends(drawn, value, half_width(CONFIDENCE_LEVEL, clusters, freedom))
    # Ties count half on both sides, so that two equal runs have probability 0.5.
    above, below = int((drawn > 0).sum()), int((drawn < 0).sum())
    n, se = len(drawn), float(drawn.std(ddof=1))
    se_training = math.sqrt(max(0.0, se**2 - float(plain.var(ddof=1))))
    se_rows = math.hypot(se_items, se_training)
    return Difference(
        value=value,
        low=low,
        high=high,
        p=_p_value(drawn, value, clusters, freedom),
        probability=(above + (n - above - below) / 2) / n,
        se=se,
        se_items=se_items,
        se_seeds=se_seeds,
        detectable=detectable(math.hypot(se_rows, se_seeds)),
        needed=items_needed(value, se_rows, se_seeds, n_items),
        se_training=se_training,
    )


def _ends(drawn: Array, value: float, width: float) -> tuple[float, float]:
    """Return the interval of draws that reaches so many standard deviations to either side."""
    quantile = min(width, MAX_QUANTILE)
    low, high = interval(drawn, 2 * NormalDist().cdf(quantile) - 1)
    return float(stretched(low, value, width / quantile)), float(stretched(high, value, width / quantile))


def _p_value(drawn: Array, value: float, clusters: float, freedom: float) -> float:
    """Return the smallest level whose interval excludes 0."""
    from scipy.stats import norm, t

    n = len(drawn)
    most = max(int((drawn > 0).sum()), int((drawn < 0).sum()))
    # One is added to both counts, so that a p-value from draws is never 0 (Davison & Hinkley 1997, 4.2).
    distance = float(norm.isf(min(1.0, 2 * (1 + n - most) / (1 + n)) / 2))
    if most == n:
        # No draw reaches 0: as the interval does, the distance goes on in proportion.
        inner = _ends(drawn, value, MAX_QUANTILE)[0 if value > 0 else 1]
        distance = max(distance, MAX_QUANTILE * value / (value - inner) if value != inner else math.inf)
    p = 2 * float(t.sf(distance * math.sqrt((clusters - 1) / clusters), freedom))
    return min(1.0, max(p, smallest_p(n, clusters)))


def detectable(se: float, *, power: float = POWER, level: float = CONFIDENCE_LEVEL) -> float:
    """Return the true difference that a two-sided test at level ``1 - level`` finds with this power.

    The power calculation for a normal estimate with standard error ``se``.

    Examples
    --------
    >>> round(detectable(0.01), 4)
    0.028
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * se


def items_needed(
    value: float, se_items: float, se_seeds: float, n_items: int, *, level: float = CONFIDENCE_LEVEL
) -> float:
    """Return on how many items a true difference of ``value`` would be found with power 0.8.

    The test is two-sided at level ``1 - level``. The variance over items falls with the inverse of their
    number; that over seeds does not change.

    Examples
    --------
    >>> round(items_needed(0.014, 0.01, 0.0, 1000))
    4005
    >>> items_needed(0.014, 0.01, 0.01, 1000)
    inf
    """
    if math.isnan(se_items):
        return math.nan
    variance_for_items = (value / detectable(1.0, level=level)) ** 2 - se_seeds**2
    return math.ceil(n_items * se_items**2 / variance_for_items) if variance_for_items > 0 else math.inf


def mcnemar(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """Test whether two classifiers are right equally often on the same independent items, ``(n,)`` each.

    For one seed of each; not for grouped items. Exact below :data:`MIN_CHI_SQUARED` disagreements, else
    chi-squared with continuity correction. 1 if they never disagree.

    References
    ----------
    McNemar 1947; Edwards 1948; Dietterich 1998.
    """
    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    # Without disagreement the test statistic is 0 / 0.
    if only_a + only_b == 0:
        return 1.0
    return mcnemar_p(only_a, only_b, exact=only_a + only_b < MIN_CHI_SQUARED)
