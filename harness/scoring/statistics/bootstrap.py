"""What each cluster adds to a statistic in; draws of the statistic and a 95 % interval out.

Test items are resampled by cluster: the sentences of an article are drawn together or not at all. Seeds are
resampled within each draw, so an interval covers both sources of variance. Nothing is computed item by item:
a draw is a row that says *how often each cluster was drawn*, and one product with ``(clusters, cells)`` gives
the counts of all draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.statistics.few_clusters import expanded
from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

CONFIDENCE_LEVEL = 0.95
# With 1,000 clusters, differences among 22 runs can then still pass Holm's correction (see smallest_p). Two
# runs of 10,000 rows and five seeds are resampled this often in 0.14 s (experiments/performance).
DRAWS = 10_000
MAX_UNDEFINED = 0.05
"""If more than this share of the draws has no value, there is no interval either."""

BLOCK_NUMBERS = 2**21
"""Numbers in a block of draws: 8 MB as 32-bit floats."""

STRIPE_NUMBERS = 2**16
"""Drawn cluster indices that are counted at once: they fit the second-level cache of a processor. Another
value may change the draws: the stream is read in these portions, and each ends the generator's buffer."""

SHARED_NUMBERS = 2**20
"""Numbers of resamples that are kept (4 MB): every classifier of an experiment is scored on the same ones."""

MAX_EXACT_FLOAT32 = 2**24
"""Integers up to this are exact in 32-bit floats, and so are sums that stay below."""


@dataclass(frozen=True)
class Draws:
    """Resamples of clusters: the same for equal arguments, whatever statistic is computed from them.

    Parameters
    ----------
    n_clusters : int
        Number of clusters; each draw has as many, with replacement.
    n_draws : int
        Number of draws.
    seed : int
        Root of the random stream.
    """

    n_clusters: int
    n_draws: int
    seed: int

    def blocks(self, width: int = 1) -> Iterator[NDArray[np.float32]]:
        """Yield how often each cluster was drawn, a block of draws at a time.

        Parameters
        ----------
        width : int
            How many numbers the caller computes from one draw, if more than there are clusters; the blocks
            are then smaller, the draws the same.

        Yields
        ------
        ndarray of float32
            ``(draws in this block, n_clusters)``; whole numbers, rows sum to ``n_clusters``.
        """
        # The stream is read in stripes of a fixed size, so that draws do not depend on the block size.
        stripe = max(1, STRIPE_NUMBERS // self.n_clusters)
        # A whole number of stripes, so that none is split between two blocks.
        block = max(1, BLOCK_NUMBERS // max(width, self.n_clusters) // stripe) * stripe
        starts = range(0, self.n_draws, block)
        if self.n_draws * self.n_clusters <= SHARED_NUMBERS:
            whole = _shared(self)
            yield from (whole[start : start + block] for start in starts)
            return
        stripes = self._stripes(stripe)
        for start in starts:
            yield self._block(stripes, min(block, self.n_draws - start))

    def seed_shares(self, n_seeds: int, *names: str) -> NDArray[np.float64]:
        """Return the share of each seed in each draw, ``(n_draws, n_seeds)``; rows sum to 1.

        Different ``names`` give independent shares, because the seeds of two runs are unrelated.
        """
        stream = seeds.generator(self.seed, "bootstrap", "seeds", *names)
        drawn = stream.multinomial(n_seeds, [1 / n_seeds] * n_seeds, size=self.n_draws)
        return drawn / float(n_seeds)

    def normal(self, *names: str) -> NDArray[np.float64]:
        """Return a standard normal number for each draw; different ``names`` give independent ones."""
        return seeds.generator(self.seed, "bootstrap", "seeds", *names).standard_normal(self.n_draws)

    def _stripes(self, stripe: int) -> Iterator[NDArray[np.int64]]:
        """Yield how often each cluster was drawn, in the fixed portions that the stream is read in."""
        n, stream = self.n_clusters, seeds.generator(self.seed, "bootstrap", "clusters")
        # Drawing 16-bit integers takes an eighth of the time of 64-bit ones.
        dtype = np.uint16 if n <= 2**16 else np.uint32
        offsets = np.arange(stripe)[:, None] * n
        while True:
            drawn = stream.integers(0, n, size=(stripe, n), dtype=dtype) + offsets
            # One ``bincount`` for the whole stripe: each draw has its own range of indices.
            yield np.bincount(drawn.ravel(), minlength=stripe * n).reshape(stripe, n)

    def _block(self, stripes: Iterator[NDArray[np.int64]], n_draws: int) -> NDArray[np.float32]:
        block = np.empty((n_draws, self.n_clusters), dtype=np.float32)
        filled = 0
        while filled < n_draws:
            portion = next(stripes)[: n_draws - filled]
            block[filled : filled + len(portion)] = portion
            filled += len(portion)
        return block


@lru_cache(8)
def _shared(resamples: Draws) -> NDArray[np.float32]:
    """Return all draws at once; nobody may change them."""
    stripe = max(1, STRIPE_NUMBERS // resamples.n_clusters)
    whole = resamples._block(resamples._stripes(stripe), resamples.n_draws)
    whole.flags.writeable = False
    return whole


def bootstrap(
    statistic: Callable[[Array], Array], cells: Array, *, draws: int = DRAWS, seed: int = 0
) -> NDArray[np.float64]:
    """Resample clusters, and seeds within each draw.

    Parameters
    ----------
    statistic : callable
        Of totals ``(draws, n_seeds, *rest)``, vectorised over the first two axes, which it keeps.
    cells : (n_clusters, n_seeds, *rest) array
        What each cluster adds to the totals of each seed.
    draws : int
        Number of draws.
    seed : int
        Equal seeds give equal draws.

    Returns
    -------
    ndarray of float64
        ``(draws, ...)``: the mean of each draw over its seeds. All NaN for a single cluster, which carries no
        information about how clusters differ.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap; Davison & Hinkley 1997, section 3.8, for
    resampling whole clusters.
    """
    resamples = Draws(len(cells), draws, seed)
    width = cells[0].size
    values = [np.asarray(statistic(totals(block, cells))) for block in resamples.blocks(width)]
    means = over_seeds(np.concatenate(values), resamples.seed_shares(cells.shape[1]))
    return means if len(cells) > 1 else np.full_like(means, np.nan)


def totals(weights: Array, cells: NDArray[Any]) -> NDArray[np.float64]:
    """Add up the cells of the drawn clusters: ``(draws, clusters)`` times ``(clusters, *rest)``.

    ``weights`` are whole numbers. If ``cells`` are integers and no sum exceeds what 32-bit floats represent
    exactly, those are used: that takes half the time.
    """
    flat = cells.reshape(len(cells), -1)
    # Integers only: sums of rounded floats would differ in their last bits between equal draws.
    whole = np.issubdtype(flat.dtype, np.integer)
    largest = weights.sum(axis=1).max(initial=0) * flat.max(initial=0) if whole else np.inf
    dtype = np.float32 if largest < MAX_EXACT_FLOAT32 else np.float64
    product = weights.astype(dtype, copy=False) @ flat.astype(dtype, copy=False)
    return np.asarray(product, dtype=np.float64).reshape(len(weights), *cells.shape[1:])


def over_seeds(values: Array, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the seeds of each draw by their shares, ``(draws, seeds, *rest)`` to ``(draws, *rest)``."""
    return np.asarray(np.einsum("ds...,ds->d...", values, shares))


def over_items_and_seeds(values: Array, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return draws of the mean over seeds that vary as much as it would with other items and other seeds.

    Items and seeds are crossed, and plain resampling of both (:func:`over_seeds`) gets the variance wrong
    twice. Part of the variance over seeds is due to the items at hand; resampled items already contain it, so
    it would count twice. And a few resampled seeds vary less than fresh ones, by ``(n - 1) / n``. Therefore
    the mean over all seeds is shifted by how far the drawn seeds are off it on all items, scaled to the
    variance of seeds beyond what items cause: the seed component of a two-way random-effects model.

    Parameters
    ----------
    values : (draws, n_seeds, *rest) array
        Computed on resampled items.
    shares : (draws, n_seeds) array
        Share of each seed in each draw; rows sum to 1.

    Returns
    -------
    (draws, *rest) array

    References
    ----------
    McCullagh 2000, Resampling and Exchangeable Arrays: no plain resampling of rows and columns is right;
    Owen 2007, The Pigeonhole Bootstrap: the interaction counts three times in it; Searle, Casella & McCulloch
    1992, Variance Components: the estimate by subtraction, 0 where it would be negative.
    """
    n = values.shape[1]
    if n == 1 or not len(values):
        return over_seeds(values, shares)
    off, total, noise = seed_variances(values)
    # Estimated by subtraction; a negative estimate counts as 0.
    due_to_seeds = np.divide(total - noise, total, out=np.zeros_like(total), where=total > noise)
    means = np.asarray(values).mean(axis=1)
    return np.asarray(means + np.sqrt(due_to_seeds * n / (n - 1)) * np.tensordot(shares, off, axes=1))


def seed_variances(values: Array) -> tuple[NDArray[np.float64], ...]:
    """Separate the variance over seeds from the part of it that is due to items.

    Parameters
    ----------
    values : (draws, n_seeds, *rest) array
        Computed on resampled items; at least one draw and two seeds.

    Returns
    -------
    off : (n_seeds, *rest) array
        Deviation of each seed from the mean of all.
    total, noise : (*rest) array
        Variance over seeds, and the part of it that resampled items cause; one degree of freedom taken off.
    """
    deviations = values - np.asarray(values).mean(axis=1, keepdims=True)
    defined = ~np.isnan(deviations)
    count = np.maximum(defined.sum(axis=0), 1)
    off = np.where(defined, deviations, 0.0).sum(axis=0) / count
    moved = (np.where(defined, deviations - off, 0.0) ** 2).sum(axis=0) / count
    freedom = values.shape[1] - 1
    return off, np.asarray((off**2).sum(axis=0) / freedom), np.asarray(moved.sum(axis=0) / freedom)


def by_cluster(values: NDArray[Any], clusters: NDArray[np.int64], n_clusters: int) -> NDArray[Any]:
    """Add items up by cluster: ``(n, *rest)`` to ``(n_clusters, *rest)``, of the same type."""
    sums = np.zeros((n_clusters, *values.shape[1:]), dtype=values.dtype)
    # ``add.at`` because clusters repeat: plain indexing would add each only once.
    np.add.at(sums, clusters, values)
    return sums


def quantiles(values: NDArray[np.float64], shares: tuple[float, float]) -> list[NDArray[np.float64]]:
    """Return two quantiles of type 6 over the first axis; ``values`` are defined and at least one.

    The same as ``numpy.quantile(..., method="weibull")``, to the last bit, without what that function checks
    on every call: a report has hundreds of intervals.
    """
    n = len(values)
    positions = [min(max(n * share + share - 1, 0.0), n - 1.0) for share in shares]
    below = [int(position) for position in positions]
    above = [min(index + 1, n - 1) for index in below]
    ordered = np.partition(values, sorted({*below, *above}), axis=0)
    both = []
    for position, first, second in zip(positions, below, above, strict=True):
        share, gap = position - first, ordered[second] - ordered[first]
        # From the nearer end, as NumPy does: the rounding then favours neither.
        both.append(ordered[first] + gap * share if share < 0.5 else ordered[second] - gap * (1 - share))
    return both


def interval(
    draws: Array,
    level: float = CONFIDENCE_LEVEL,
    *,
    around: Array | None = None,
    clusters: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the percentile interval of draws.

    Draws without a value (NaN) are ignored; if they are more than :data:`MAX_UNDEFINED` of all, or there are
    no draws, both bounds are NaN.

    Parameters
    ----------
    draws : (draws, *rest) array
        As :func:`bootstrap` returns them.
    level : float
        Share of draws between the bounds.
    around : (*rest) array, optional
        Where the mean of the draws should be: both bounds are shifted by its deviation. For statistics that
        resampling biases, such as an error summed over bins.
    clusters : float, optional
        Effective number of clusters that were drawn from; the interval is then widened by :func:`expanded`.

    Returns
    -------
    low, high : (*rest) array
        Quantiles of type 6 (Hyndman & Fan 1996): another draw falls outside with the probability that the
        level states, however few draws there are. With many draws they equal those of SciPy's
        ``method="percentile"``.
    """
    draws = np.asarray(draws, dtype=np.float64)
    undefined = np.isnan(draws)
    unusable = undefined.mean(axis=0) > MAX_UNDEFINED if len(draws) else np.ones(draws.shape[1:], dtype=bool)
    # NumPy warns about columns without any value; their bounds become NaN below.
    filled = np.where(unusable, 0.0, draws) if len(draws) else np.zeros((1, *draws.shape[1:]))
    tail = (1 - (level if clusters is None else expanded(level, clusters))) / 2
    low, high = (
        # NumPy calls type 6 "weibull".
        np.nanquantile(filled, [tail, 1 - tail], axis=0, method="weibull")
        if undefined.any()
        else quantiles(filled, (tail, 1 - tail))
    )
    if around is not None:
        shift = around - np.nanmean(filled, axis=0)
        low, high = low + shift, high + shift
    return np.where(unusable, np.nan, low), np.where(unusable, np.nan, high)
