"""Resampled runs in, compared pairs out: difference, correction, checks by other tests, and power."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.ranking import Pair
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.retraining import stretch
from harness.scoring.statistics import paired
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.scoring.statistics.paired import Resampled, difference
from harness.scoring.statistics.randomization import Halved, halved, randomized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Randomization:
    """Runs prepared for the randomization test.

    Attributes
    ----------
    statistic : callable
        The score of totals.
    halves : mapping
        Name → run; empty if the test is omitted.
    reason : str
        Why the test is omitted; empty if it is not.
    stretch : float
        The largest of the runs, see :func:`harness.scoring.retraining.stretch`.
    """

    statistic: Callable[[Array], Array] = abs
    halves: Mapping[str, Halved] = field(default_factory=dict)
    reason: str = ""
    stretch: float = 1.0

    @classmethod
    def of(
        cls, scalar_metric: ScalarMetric, samples: Mapping[str, AlignedPredictions], seed: int
    ) -> Randomization:
        """Sum each run over the clusters that are not swapped, once for all its comparisons."""
        statistic, halves = None, {}
        # What is swapped is added up: the tables of all runs have a column for no answer, or none has.
        widened = any(sample.has_missing for sample in samples.values())
        for name, sample in samples.items():
            if sample.n_clusters < 2:
                return cls(reason="there is only one group")
            additive = scalar_metric.additive(scalar_metric.view(replace(sample, widened=widened)))
            if additive is None:
                return cls(reason=f"{scalar_metric.key} is not computed from sums over items")
            statistic = additive.statistic
            # Linear in the number of runs, not of pairs: the swaps are shared.
            halves[name] = halved(statistic, additive.cells, name=name, seed=seed)
        assert statistic is not None
        return cls(statistic, halves, stretch=max(map(stretch, samples.values())))

    def p(self, first: str, second: str) -> float:
        """Return the p-value of two runs; NaN if the test is omitted."""
        if not self.halves:
            return math.nan
        return randomized(self.statistic, self.halves[first], self.halves[second], self.stretch)


def compare_pairs(
    scalar_metric: ScalarMetric,
    names: Sequence[tuple[str, str]],
    drawn: Mapping[str, Resampled],
    samples: Mapping[str, AlignedPredictions],
    randomization: Randomization,
) -> tuple[Pair, ...]:
    """Compare runs in pairs, with Holm's correction for their number.

    Parameters
    ----------
    scalar_metric : ScalarMetric
    names : sequence of (str, str)
        The family of hypotheses: all pairs that are compared, the run that scores better first.
    drawn, samples : mapping
        Name → run.
    randomization : Randomization
    """
    first = next(iter(samples.values()))
    n_items, clusters = first.n_items, first.effective_clusters
    # Power is computed at the level of Holm's first step, which the clearest difference must pass.
    level = 1 - SIGNIFICANCE_LEVEL / len(names)
    differences = [difference(drawn[better], drawn[worse], n_items, clusters) for better, worse in names]
    # Simulated: of four equal runs, any of the six pairs is told apart in 2.6 to 4.6 % of the cases
    # (experiments/statistics).
    corrected = holm([gap.p for gap in differences])
    pairs = []
    for (better, worse), gap, p in zip(names, differences, corrected, strict=True):
        pairs.append(
            Pair(
                better=better,
                worse=worse,
                difference=gap,
                holm=p,
                probability=gap.probability if scalar_metric.higher_is_better else 1 - gap.probability,
                randomization=randomization.p(better, worse),
                mcnemar=mcnemar(samples[better], samples[worse]),
                detectable=paired.detectable(math.hypot(gap.se_rows, gap.se_seeds), level=level),
                needed=paired.items_needed(gap.value, gap.se_rows, gap.se_seeds, n_items, level=level),
                needed_at_least=paired.items_needed(
                    max(abs(gap.low), abs(gap.high)), gap.se_rows, gap.se_seeds, n_items, level=level
                ),
            )
        )
    return tuple(pairs)


def mcnemar(a: AlignedPredictions, b: AlignedPredictions) -> tuple[float, ...]:
    """Test accuracy for one pair of seeds at a time; the seeds of the run with fewer seeds are repeated.

    Empty if :func:`mcnemar_omitted` gives a reason.
    """
    if mcnemar_omitted(a):
        return ()
    # McNemar compares two models, not two classifiers: one seed of each at a time.
    right_a, right_b = (sample.predicted == sample.truth for sample in (a, b))
    return tuple(
        paired.mcnemar(right_a[turn % len(right_a)], right_b[turn % len(right_b)])
        for turn in range(max(len(right_a), len(right_b)))
    )


def mcnemar_omitted(sample: AlignedPredictions) -> str:
    """Return why McNemar's test is omitted; the empty string if it is not."""
    if sample.labels.multi:
        return "items may have several labels, so a prediction is not simply right or wrong"
    if sample.design.cross_validated:
        return "folds share training rows, and the test assumes two fitted models"
    if sample.n_clusters < len(sample):
        return "items are grouped, and the test assumes independent items"
    return ""
