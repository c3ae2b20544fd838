"""Two resampled runs in, their Pair out: difference, correction, checks and power."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.ranking import LEVEL, Pair
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.statistics import paired
from harness.scoring.statistics.multiplicity import holm
from harness.scoring.statistics.paired import Resampled, difference
from harness.scoring.statistics.randomization import Halved, halved, randomized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Randomization:
    """Runs made ready for the randomization test.

    Attributes
    ----------
    statistic : callable
        The score of totals.
    halves : dict
        Name → run; empty where ``reason`` says why the test is left out.
    """

    statistic: Callable[[Array], Array] = abs
    halves: Mapping[str, Halved] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def of(cls, measure: ScalarMetric, samples: Mapping[str, AlignedPredictions], seed: int) -> Randomization:
        """Go through every run once."""
        statistic, halves = None, {}
        for name, sample in samples.items():
            if sample.n_clusters < 2:
                return cls(reason="there is one group only")
            added = measure.additive(measure.view(sample))
            if added is None:
                return cls(reason=f"{measure.key} is not computed from sums over items")
            cells, statistic = added
            halves[name] = halved(statistic, cells, name=name, seed=seed)
        assert statistic is not None
        return cls(statistic, halves)

    def p(self, one: str, other: str) -> float:
        """Return the p-value of two runs; NaN where the test is left out."""
        if not self.halves:
            return math.nan
        return randomized(self.statistic, self.halves[one], self.halves[other])


def paired_up(
    measure: ScalarMetric,
    names: Sequence[tuple[str, str]],
    drawn: Mapping[str, Resampled],
    samples: Mapping[str, AlignedPredictions],
    randomization: Randomization,
) -> tuple[Pair, ...]:
    """Compare runs in pairs.

    Parameters
    ----------
    measure : ScalarMetric
    names : sequence of (str, str)
        The family: all pairs that are looked at, the one that scores better first.
    drawn, samples : mapping
        Name → run.
    randomization : Randomization
    """
    first = next(iter(samples.values()))
    n_items, clusters = len(first), first.effective_clusters
    # The family's first step: what Holm asks of the clearest difference.
    level = 1 - LEVEL / len(names)
    differences = [difference(drawn[one], drawn[other], n_items, clusters) for one, other in names]
    pairs = []
    for (one, other), found, corrected in zip(
        names, differences, holm([found.p for found in differences]), strict=True
    ):
        of_items, of_seeds = found.se_items, found.se_seeds
        pairs.append(
            Pair(
                better=one,
                worse=other,
                difference=found,
                holm=corrected,
                probability=found.probability if measure.higher_is_better else 1 - found.probability,
                randomization=randomization.p(one, other),
                mcnemar=mcnemar(samples[one], samples[other]),
                detectable=paired.detectable(math.hypot(of_items, of_seeds), level=level),
                needed=paired.items_needed(found.value, of_items, of_seeds, n_items, level=level),
            )
        )
    return tuple(pairs)


def mcnemar(a: AlignedPredictions, b: AlignedPredictions) -> tuple[float, ...]:
    """Test accuracy, one pair of seeds at a time; the seeds of a shorter run are repeated in turn.

    Empty where :func:`no_mcnemar` says why.
    """
    if no_mcnemar(a):
        return ()
    right_a, right_b = (one.predicted == one.truth for one in (a, b))
    return tuple(
        paired.mcnemar(right_a[turn % len(right_a)], right_b[turn % len(right_b)])
        for turn in range(max(len(right_a), len(right_b)))
    )


def no_mcnemar(sample: AlignedPredictions) -> str:
    """Say why McNemar's test is left out; the empty string where it is not."""
    if sample.labels.multi:
        return "items may have several labels, so none is simply right or wrong"
    if sample.n_clusters < len(sample):
        return "items come in groups, and the test takes them for independent"
    return ""
