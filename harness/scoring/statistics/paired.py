"""Two runs on the same items in, their difference with an interval, its probability and its power out.

Two sources of variance are kept apart. *Items*: another test set would give another difference; both runs
are resampled on the same clusters, so what is hard for both cancels. *Seeds*: so would another training run;
the seeds of the two runs have nothing to do with each other and are resampled independently. One seed shows
nothing of that: a difference between runs of one seed each is one of two models, not of two classifiers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.statistics.bootstrap import (
    LEVEL,
    MAX_UNDEFINED,
    Draws,
    corrected_p,
    interval,
    over_items_and_seeds,
    seed_variances,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

POWER = 0.8
SMALL_TABLE = 25
"""McNemar's test is exact below this many items on which the runs disagree."""


@dataclass(frozen=True)
class Resampled:
    """A metric of one run under resampling.

    Parameters
    ----------
    by_seed : (n_seeds,) array
        The metric on all items, under each seed.
    item_draws : (draws,) array
        Mean over all seeds on resampled items.
    draws : (draws,) array
        Mean over resampled seeds on resampled items.
    noise : float
        The part of the variance over seeds that is due to items, and stands in ``item_draws`` already.
    """

    by_seed: Array
    item_draws: Array
    draws: Array
    noise: float = 0.0

    @property
    def value(self) -> float:
        """Mean over seeds on all items."""
        return float(self.by_seed.mean())

    @property
    def seed_variance(self) -> float:
        """Variance of the mean over seeds that is due to the choice of seeds; 0 for one seed."""
        n = len(self.by_seed)
        return max(0.0, float(self.by_seed.var(ddof=1)) - self.noise) / n if n > 1 else 0.0


@dataclass(frozen=True)
class Difference:
    """How much higher run A scores than run B.

    Attributes
    ----------
    value : float
        A minus B, each the mean over its seeds.
    low, high : float
        95 % interval over items and seeds: percentiles, expanded for few clusters.
    p : float
        Two-sided, from the same draws: the smallest level whose interval leaves 0 out.
    probability : float
        Share of draws in which A scores higher; a draw without a difference counts half.
    se, se_items, se_seeds : float
        Standard error of the difference: of both sources, of items alone, of seeds alone (0 where each run
        has one seed, which does not mean that seeds do not matter).
    detectable : float
        Minimum detectable effect: the true difference that this test set and these seeds would show with
        power 0.8 at level 0.05.
    needed : float
        How many items of this kind would show a true difference of ``value`` with that power; infinite where
        it is 0, or where the spread over seeds alone hides it, so that only more seeds would help.
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


def resampled(by_seed: Array, drawn: Array, resamples: Draws, name: str) -> Resampled:
    """Average a run's seeds in every draw.

    Parameters
    ----------
    by_seed : (n_seeds,) array
        Values on all items.
    drawn : (draws, n_seeds) array
        Values on resampled items; the runs to be compared share ``resamples``.
    resamples : Draws
        What was resampled.
    name : str
        Of the run: its seeds are resampled independently of those of every other name.
    """
    shares = resamples.seed_shares(len(by_seed), "run", name)[: len(drawn)]
    noise = float(seed_variances(drawn)[2]) if drawn.size and len(by_seed) > 1 else 0.0
    return Resampled(by_seed, drawn.mean(axis=1), over_items_and_seeds(drawn, shares), noise)


def difference(a: Resampled, b: Resampled, n_items: int, clusters: float) -> Difference:
    """Compare two runs whose ``n_items`` in so many equal ``clusters`` were resampled together.

    Where more than 5 % of the draws have no value, all that rests on them is NaN; so it is for a single
    cluster, whose draws are NaN throughout.
    """
    value, drawn, of_items = a.value - b.value, a.draws - b.draws, a.item_draws - b.item_draws
    undefined = float(np.isnan(drawn).mean()) if len(drawn) else 1.0
    se_seeds = math.sqrt(a.seed_variance + b.seed_variance)
    if undefined > MAX_UNDEFINED:
        nan = math.nan
        return Difference(value, nan, nan, nan, nan, nan, nan, se_seeds, nan, nan)
    low, high = map(float, interval(drawn, clusters=clusters))
    drawn, se_items = drawn[~np.isnan(drawn)], float(np.nanstd(of_items, ddof=1))
    above, below = int((drawn > 0).sum()), int((drawn < 0).sum())
    n = len(drawn)
    return Difference(
        value=value,
        low=low,
        high=high,
        # One is added to both counts: a p-value from draws is never 0.
        p=corrected_p(min(1.0, 2 * (1 + n - max(above, below)) / (1 + n)), clusters),
        probability=(above + (n - above - below) / 2) / n,
        se=float(drawn.std(ddof=1)),
        se_items=se_items,
        se_seeds=se_seeds,
        detectable=detectable(math.hypot(se_items, se_seeds)),
        needed=items_needed(value, se_items, se_seeds, n_items),
    )


def detectable(se: float, *, power: float = POWER, level: float = LEVEL) -> float:
    """Return the true difference that a two-sided test at ``1 - level`` finds with this power.

    Examples
    --------
    >>> round(detectable(0.01), 4)
    0.028
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * se


def items_needed(
    value: float, se_items: float, se_seeds: float, n_items: int, *, level: float = LEVEL
) -> float:
    """Return how many items would show a true difference of ``value`` with power 0.8 at ``1 - level``.

    The variance over items falls as one over their number; that over seeds stays.

    Examples
    --------
    >>> round(items_needed(0.014, 0.01, 0.0, 1000))
    4005
    >>> items_needed(0.014, 0.01, 0.01, 1000)
    inf
    """
    if math.isnan(se_items):
        return math.nan
    left = (value / detectable(1.0, level=level)) ** 2 - se_seeds**2
    return math.ceil(n_items * se_items**2 / left) if left > 0 else math.inf


def mcnemar(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """Test whether two classifiers are right equally often on the same independent items, ``(n,)`` each.

    One seed of each; not for grouped items. Exact below :data:`SMALL_TABLE` disagreements, else chi-squared
    with continuity correction. 1 where they never disagree.

    References
    ----------
    McNemar 1947; Edwards 1948; Dietterich 1998.
    """
    from statsmodels.stats.contingency_tables import mcnemar as test

    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    if only_a + only_b == 0:
        return 1.0
    both, none = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
    table = np.array([[both, only_a], [only_b, none]])
    return float(test(table, exact=only_a + only_b < SMALL_TABLE, correction=True).pvalue)
