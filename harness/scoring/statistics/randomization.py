"""Two runs on the same items in, a p-value by approximate randomization out: a check on the bootstrap.

If the runs were equal, it would not matter which of them the predictions of a cluster came from: each draw
swaps them in random clusters. Swapping averages out what the choice of seeds adds, so that is added back with
random signs. All runs share the same swaps, so the totals of a run are computed once (:func:`halved`) for all
its comparisons (:func:`randomized`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.statistics.bootstrap import BLOCK_NUMBERS, seed_variances, totals
from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Statistic = Callable[[Array], Array]

# A check needs less precision than the verdict: at p = 0.05 the standard error of these draws is 0.005.
RANDOMIZATIONS = 2_000


@dataclass(frozen=True)
class Halved:
    """Totals of a run over the clusters that are not swapped, in each draw.

    Parameters
    ----------
    by_seed : (n_seeds,) array
        The statistic on all clusters, for each seed.
    whole : (n_seeds, *rest) array
        Totals over all clusters.
    unswapped : (draws, n_seeds, *rest) array
        Totals over the clusters that are not swapped.
    noise : (draws,) array
        Deviation of the mean over seeds that is due to their choice, with random signs.
    """

    by_seed: Array
    whole: Array
    unswapped: Array
    noise: Array


def halved(
    statistic: Statistic, cells: NDArray[Any], *, name: str, draws: int = RANDOMIZATIONS, seed: int = 0
) -> Halved:
    """Compute the totals of a run once, for all its comparisons.

    Parameters
    ----------
    statistic : callable
        Maps totals ``(draws, n_seeds, *rest)`` to ``(draws, n_seeds)``.
    cells : (n_clusters, n_seeds, *rest) array
        What each cluster adds to the totals.
    name : str
        Of the run; different names have independent seed noise.
    draws, seed : int
        Must be equal for runs that are compared.
    """
    n = len(cells)
    whole = totals(np.ones((1, n), dtype=np.float32), cells)
    by_seed = np.asarray(statistic(whole))[0]
    unswapped = np.concatenate([totals(weights, cells) for weights in _swaps(n, draws, seed)])
    # A random half of the clusters varies about the whole as the whole does about the population.
    due_to_items = 0.0
    if len(by_seed) > 1:
        # With very few clusters all may be swapped; such a draw has no value and is ignored.
        with np.errstate(invalid="ignore", divide="ignore"):
            due_to_items = float(seed_variances(np.asarray(statistic(unswapped)))[2])
    stream = seeds.generator(seed, "randomization", "seeds", name)
    return Halved(by_seed, whole[0], unswapped, _seed_noise(by_seed, due_to_items, draws, stream))


def randomized(statistic: Statistic, a: Halved, b: Halved, stretch: float = 1.0) -> float:
    """Test whether two runs differ.

    Parameters
    ----------
    statistic : callable
        As in :func:`halved`.
    a, b : Halved
        With the same draws and seed. The seeds of the run with fewer seeds are repeated in turn.
    stretch : float
        What the differences under the hypothesis are multiplied by: swapping items of cross-validated runs
        varies too little (:mod:`harness.scoring.statistics.cross_validation`).

    Returns
    -------
    float
        Two-sided p-value, at least ``1 / (1 + draws)``.

    References
    ----------
    Noreen 1989, Computer-Intensive Methods for Testing Hypotheses; Yeh 2000, More Accurate Tests for the
    Statistical Significance of Result Differences.
    """
    n_seeds, draws = max(len(a.by_seed), len(b.by_seed)), len(a.unswapped)
    (whole_a, unswapped_a), (whole_b, unswapped_b) = (
        (run.whole[turn], run.unswapped[:, turn])
        for run in (a, b)
        for turn in [np.arange(n_seeds) % len(run.by_seed)]
    )
    # Run A with the clusters of B where they are swapped; the complement is B with those of A.
    mixed = unswapped_a + (whole_b - unswapped_b)
    complement = whole_a + whole_b - mixed
    drawn = statistic(mixed).mean(axis=1) - statistic(complement).mean(axis=1) + a.noise + b.noise
    observed = a.by_seed.mean() - b.by_seed.mean()
    # Equal differences may differ in their last bits.
    extreme = int((stretch * np.abs(drawn) >= abs(observed) - 1e-12).sum())
    return (1 + extreme) / (1 + draws)


def randomization(
    statistic: Statistic,
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    draws: int = RANDOMIZATIONS,
    seed: int = 0,
) -> float:
    """Test whether two runs differ, given the cells of both; see :func:`randomized`.

    NaN for a single cluster.
    """
    if len(a) < 2:
        return math.nan
    half_a, half_b = (
        halved(statistic, cells, name=name, draws=draws, seed=seed) for name, cells in (("a", a), ("b", b))
    )
    return randomized(statistic, half_a, half_b)


def _swaps(n_clusters: int, draws: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Yield which clusters are not swapped, ``(some draws, n_clusters)`` of 0 and 1.

    The size of the portions depends on the number of clusters alone: a generator of small integers gives
    other numbers if it is read in other portions.
    """
    stream = seeds.generator(seed, "randomization")
    portion = max(1, BLOCK_NUMBERS // n_clusters)
    for start in range(0, draws, portion):
        unswapped = stream.integers(0, 2, (min(portion, draws - start), n_clusters), dtype=np.int8)
        yield unswapped.astype(np.float32)


def _seed_noise(by_seed: Array, due_to_items: float, draws: int, stream: np.random.Generator) -> Array:
    """Return draws of the deviation of a mean over seeds that is due to their choice; 0 for one seed.

    ``due_to_items`` is the part of the variance over seeds that swapping items causes already.
    """
    n = len(by_seed)
    if n < 2:
        return np.zeros(draws)
    total = float(by_seed.var(ddof=1))
    # The seeds differ no more than their items make them: there is nothing to add.
    if total <= due_to_items:
        return np.zeros(draws)
    # Deviations from their own mean are too small: the second factor corrects that.
    deviations = (by_seed - by_seed.mean()) * math.sqrt((1 - due_to_items / total) * n / (n - 1))
    signs = stream.integers(0, 2, (draws, n)) * 2.0 - 1.0
    return np.asarray(signs @ deviations / n)
