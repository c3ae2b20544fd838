"""Two runs on the same items in, a p-value by approximate randomization out; a check on the bootstrap.

Were the runs the same, it would not matter which of them a cluster's predictions came from: in each draw they
are swapped in random clusters. What the choice of seeds adds is added with random signs, since swapping evens
it out. A draw's clusters are the same for all runs, so that a run is gone through once (:func:`halved`)
however many it is compared with (:func:`randomized`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.statistics.bootstrap import BLOCK, seed_variances, totals
from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Statistic = Callable[[Array], Array]

RANDOMIZATIONS = 2_000


@dataclass(frozen=True)
class Halved:
    """What a run adds to the totals from the clusters that are not swapped, in every draw.

    Parameters
    ----------
    by_seed : (n_seeds,) array
        The statistic on all clusters, under each seed.
    whole : (n_seeds, *rest) array
        Totals over all clusters.
    kept : (draws, n_seeds, *rest) array
        Totals over those that are not swapped.
    noise : (draws,) array
        What the mean over seeds owes to their choice, with random signs.
    """

    by_seed: Array
    whole: Array
    kept: Array
    noise: Array


def halved(
    statistic: Statistic, cells: NDArray[Any], *, name: str, draws: int = RANDOMIZATIONS, seed: int = 0
) -> Halved:
    """Go through a run's clusters once.

    Parameters
    ----------
    statistic : callable
        Of totals ``(draws, n_seeds, *rest)``, to ``(draws, n_seeds)``.
    cells : (n_clusters, n_seeds, *rest) array
        What each cluster adds to the totals.
    name : str
        Of the run; different names have independent seed noise.
    draws, seed : int
        Equal ones for runs that are to be compared.
    """
    n = len(cells)
    whole = totals(np.ones((1, n), dtype=np.float32), cells)
    by_seed = np.asarray(statistic(whole))[0]
    kept = np.concatenate([totals(kept, cells) for kept in _swaps(n, draws, seed)])
    # A random half of the clusters varies about the whole as the whole does about what it was drawn from.
    due_to_items = 0.0
    if len(by_seed) > 1:
        # Of very few clusters all may be swapped; such a draw has no value and is left out.
        with np.errstate(invalid="ignore", divide="ignore"):
            due_to_items = float(seed_variances(np.asarray(statistic(kept)))[2])
    stream = seeds.generator(seed, "randomization", "seeds", name)
    return Halved(by_seed, whole[0], kept, _seed_noise(by_seed, due_to_items, draws, stream))


def randomized(statistic: Statistic, a: Halved, b: Halved) -> float:
    """Test whether two runs differ.

    Parameters
    ----------
    statistic : callable
        As in :func:`halved`.
    a, b : Halved
        Of equal draws. A run with fewer seeds has them repeated in turn.

    Returns
    -------
    float
        Two-sided p-value, at least ``1 / (1 + draws)``.

    References
    ----------
    Noreen 1989; Yeh 2000.
    """
    n_seeds, draws = max(len(a.by_seed), len(b.by_seed)), len(a.kept)
    (whole_a, kept_a), (whole_b, kept_b) = (
        (one.whole[turn], one.kept[:, turn])
        for one in (a, b)
        for turn in [np.arange(n_seeds) % len(one.by_seed)]
    )
    one = kept_a + (whole_b - kept_b)
    other = whole_a + whole_b - one
    drawn = statistic(one).mean(axis=1) - statistic(other).mean(axis=1) + a.noise + b.noise
    observed = a.by_seed.mean() - b.by_seed.mean()
    # Equal differences may differ in their last bits.
    extreme = int((np.abs(drawn) >= abs(observed) - 1e-12).sum())
    return (1 + extreme) / (1 + draws)


def randomization(
    statistic: Statistic,
    a: NDArray[Any],
    b: NDArray[Any],
    *,
    draws: int = RANDOMIZATIONS,
    seed: int = 0,
) -> float:
    """Test whether two runs differ that are compared with no other; see :func:`randomized`.

    NaN for a single cluster.
    """
    if len(a) < 2:
        return math.nan
    one, other = (
        halved(statistic, cells, name=name, draws=draws, seed=seed) for name, cells in (("a", a), ("b", b))
    )
    return randomized(statistic, one, other)


def _swaps(n_clusters: int, draws: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Yield which clusters are not swapped, ``(some draws, n_clusters)`` of 0 and 1.

    The portions are a matter of the clusters alone: with others, a generator of small integers gives others.
    """
    stream = seeds.generator(seed, "randomization")
    portion = max(1, BLOCK // n_clusters)
    for start in range(0, draws, portion):
        kept = stream.integers(0, 2, (min(portion, draws - start), n_clusters), dtype=np.int8)
        yield kept.astype(np.float32)


def _seed_noise(by_seed: Array, due_to_items: float, draws: int, stream: np.random.Generator) -> Array:
    """Return draws of what a mean over seeds owes to their choice; 0 for one seed.

    ``due_to_items`` is the part of the variance over seeds that swapping items makes already.
    """
    n = len(by_seed)
    if n < 2:
        return np.zeros(draws)
    total = float(by_seed.var(ddof=1))
    if total <= due_to_items:
        return np.zeros(draws)
    # Deviations from a mean of their own are too small by the second factor.
    deviations = (by_seed - by_seed.mean()) * math.sqrt((1 - due_to_items / total) * n / (n - 1))
    signs = stream.integers(0, 2, (draws, n)) * 2.0 - 1.0
    return np.asarray(signs @ deviations / n)
