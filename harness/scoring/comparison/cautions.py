"""Resampled runs in, what limits their comparison out, in full sentences."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.comparison import LEVEL, Pair
from harness.scoring.comparison.measure import Measure
from harness.scoring.limitations import limits, sized
from harness.scoring.statistics.bootstrap import corrected_p
from harness.scoring.statistics.paired import Resampled
from harness.values.minimums import MIN_SEEDS


def smallest_p(n_draws: int, clusters: float) -> float:
    """Return the smallest p-value that so many draws from so many clusters can give.

    Examples
    --------
    >>> round(smallest_p(10_000, 1_000), 6), round(smallest_p(10_000, 50), 6)
    (0.000213, 0.000577)
    """
    return corrected_p(2 / (1 + n_draws), clusters)


def cautions(
    measure: Measure,
    first: AlignedPredictions,
    drawn: Mapping[str, Resampled],
    pairs: Sequence[Pair],
    deterministic: Collection[str],
) -> Iterator[str]:
    """Yield what takes the numbers out of the conditions that their coverage was shown for.

    Parameters
    ----------
    measure : Measure
    first : AlignedPredictions
        Of any of the runs.
    drawn : mapping
        Name → run.
    pairs : sequence of Pair
    deterministic : collection of str
        Runs that no seed changes.
    """
    for limit in limits(first, [measure.metric]):
        yield limit[0].upper() + limit[1:]
    yield from sized([measure.metric])
    yield from _of_seeds(drawn, deterministic)
    if first.n_clusters < 2:
        return
    undefined = sum(math.isnan(pair.difference.p) for pair in pairs)
    if undefined:
        yield (
            f"{undefined} of {len(pairs)} differences have no interval: the score is undefined in more than"
            " 5 % of the draws."
        )
    if any(pair.difference.se == 0 != pair.difference.value for pair in pairs):
        yield "Some differences are the same in every draw; their intervals have no width."
    n_draws = len(next(iter(drawn.values())).draws)
    if len(pairs) * smallest_p(n_draws, first.effective_clusters) > LEVEL:
        yield "With so few draws no difference between so many runs can be established."


def _of_seeds(drawn: Mapping[str, Resampled], deterministic: Collection[str]) -> Iterator[str]:
    few = [n for n, run in drawn.items() if len(run.by_seed) < MIN_SEEDS and n not in deterministic]
    one = [name for name in few if len(drawn[name].by_seed) == 1]
    some = [name for name in few if name not in one]
    if one:
        yield f"One seed only: {_listed(one)}. What another seed would have given is not in the intervals."
    if some:
        yield f"Fewer than {MIN_SEEDS} seeds: {_listed(some)}. Their intervals are somewhat too narrow."
    wide = [
        name
        for name, run in drawn.items()
        if len(run.by_seed) > 1
        and len(run.item_draws)
        and run.by_seed.std(ddof=1) > np.nanstd(run.item_draws, ddof=1)
    ]
    if wide:
        yield (
            f"The spread over seeds is larger than that over items: {_listed(wide)}. Their intervals are too"
            " narrow unless there are many seeds."
        )


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
