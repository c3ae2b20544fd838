"""A Comparison and a number that a person names in; answers to two questions about every pair out.

How many items would show a difference of that size? And is a run shown to be no worse than another by more
than that (non-inferiority)?
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.scoring.comparison.conclusions import MAX_PAIRS
from harness.scoring.comparison.ranking import Comparison, Pair
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.formatting import counted, interval, number, rounded_up


@dataclass(frozen=True)
class NoWorse:
    """Whether the run of a pair that scores lower is shown to be at most a margin worse.

    Attributes
    ----------
    pair : Pair
    margin : float
        Above 0, in units of the metric.
    p : float
        One-sided, of the hypothesis that it is worse by the margin or more, at the level of a 95 % interval
        (2.5 %), corrected for the number of pairs; NaN where the difference has no standard error.
    """

    pair: Pair
    margin: float
    p: float

    @property
    def shown(self) -> bool:
        """Whether it is shown."""
        return self.p <= SIGNIFICANCE_LEVEL / 2


def no_worse(comparison: Comparison, margin: float) -> tuple[NoWorse, ...]:
    """Test each pair for non-inferiority of the run that scores lower, with Holm's correction.

    Parameters
    ----------
    comparison : Comparison
    margin : float
        The largest loss that is accepted, above 0.

    Raises
    ------
    ValueError
        If it is not above 0.

    References
    ----------
    Piaggio et al. 2012, Reporting of Noninferiority and Equivalence Randomized Trials (CONSORT).
    """
    if not margin > 0:
        raise ValueError(f"a margin should be above 0, got {margin}")
    p_values = holm([_p_worse(pair, margin) for pair in comparison.pairs])
    return tuple(NoWorse(pair, margin, p) for pair, p in zip(comparison.pairs, p_values, strict=True))


def _p_worse(pair: Pair, margin: float) -> float:
    """Return the p-value of the hypothesis that the loss is at least the margin.

    From the interval, whose half-width was widened for few clusters: a normal estimate with that error.
    """
    from statistics import NormalDist

    loss, _, high = _loss(pair)
    if math.isnan(high):
        return math.nan
    normal = NormalDist()
    # The half toward the margin: intervals of scores near their bounds are not symmetric.
    error = (high - loss) / normal.inv_cdf(1 - SIGNIFICANCE_LEVEL / 2)
    if error <= 0:
        return 0.0 if loss < margin else 1.0
    return normal.cdf((loss - margin) / error)


def _loss(pair: Pair) -> tuple[float, float, float]:
    """Return how much worse the worse run is, with its interval; differences of errors are negative."""
    difference = pair.difference
    if difference.value >= 0:
        return difference.value, difference.low, difference.high
    return -difference.value, -difference.high, -difference.low


def no_worse_sentences(comparison: Comparison, margin: float, seconds: Mapping[str, float]) -> Iterator[str]:
    """Say of each pair whether the run that scores lower is shown to be no worse by more than a margin.

    Parameters
    ----------
    comparison : Comparison
    margin : float
        See :func:`no_worse`.
    seconds : mapping
        Name of a run → seconds in which it labelled its rows, as far as they are known: how much faster or
        slower it was is said too.
    """
    answers = no_worse(comparison, margin)
    for answer in answers[:MAX_PAIRS]:
        pair = answer.pair
        loss, low, high = _loss(pair)
        claim = f"no worse than {pair.better} by more than {number(margin)}"
        direction = "lower" if comparison.scalar_metric.higher_is_better else "higher"
        measured = f"it scores {number(loss)} ({interval(low, high)}) {direction} in {comparison.metric}"
        verdict = "is shown to be" if answer.shown else "is not shown to be"
        yield f"{pair.worse} {verdict} {claim}: {measured}{_speed(pair, seconds)}."
    if len(answers) > MAX_PAIRS:
        shown = sum(answer.shown for answer in answers)
        pairs = counted(len(answers), "pair")
        yield f"In all, {shown} of {pairs} are shown to be within {number(margin)}."


def _speed(pair: Pair, seconds: Mapping[str, float]) -> str:
    if pair.worse not in seconds or pair.better not in seconds:
        return ""
    mine, others = seconds[pair.worse], seconds[pair.better]
    ratio, word = (others / mine, "fast") if mine <= others else (mine / others, "slow")
    return (
        f", and labelled its rows {ratio:,.1f} times as {word}"
        f" ({mine:,.2f} s against {others:,.2f} s in those runs)"
    )


def detection_sentences(comparison: Comparison, effect: float) -> Iterator[str]:
    """Say on how many items a true difference of the named size would be found 8 times in 10."""
    for pair in comparison.pairs[:MAX_PAIRS]:
        items = comparison.items_for(pair, effect)
        between = f"A true difference of {number(effect)} between {pair.better} and {pair.worse}"
        if math.isnan(items):
            yield f"{between}: no number of items can be given, because the difference has no interval."
        elif math.isinf(items):
            yield f"{between} would need more seeds: they vary as much."
        else:
            yield (
                f"{between} would be found 8 times in 10 on about {counted(rounded_up(items), 'item')};"
                f" there are {comparison.n_items:,}."
            )
