"""What a comparison of runs holds: a line a run, a line a pair, who ties with whom, what limits it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.statistics.paired import Difference
from harness.values.errors import PredictionsError

if TYPE_CHECKING:
    import pandas as pd

    from harness.values.labels import LabelSet

LEVEL = 0.05
"""A difference is taken for real where its corrected p-value is at most this."""


@dataclass(frozen=True)
class RankedRun:
    """One run on the items that all share.

    Attributes
    ----------
    rank : int
        From 1, by value alone; runs of one tie group have no order that could be defended.
    name : str
    value : float
        Mean over seeds.
    low, high : float
        95 % interval over items and seeds.
    seed_sd : float
        Standard deviation over seeds, one degree of freedom taken off; NaN for one seed.
    item_se : float
        Standard error of the value that is due to the choice of items alone.
    n_seeds : int
    group : int
        Its tie group, from 1.
    """

    rank: int
    name: str
    value: float
    low: float
    high: float
    seed_sd: float
    item_se: float
    n_seeds: int
    group: int


@dataclass(frozen=True)
class Pair:
    """Two runs, the one that scores better first.

    Attributes
    ----------
    better, worse : str
        By value alone.
    difference : Difference
        The better one's value minus the worse one's, so negative where a low score is good.
    holm : float
        ``difference.p`` corrected for the number of pairs.
    probability : float
        Share of draws in which ``better`` scores better; a draw without a difference counts half.
    randomization : float
        p-value of approximate randomization, a check on ``difference.p``; NaN where it is left out.
    mcnemar : tuple of float
        p-values of McNemar's test of accuracy, one a pair of seeds; empty where it is left out.
    detectable : float
        The true difference that would be found with power 0.8, the number of pairs allowed for.
    needed : float
        How many items would show a true difference of this size with that power; infinite where only more
        seeds would help.
    """

    better: str
    worse: str
    difference: Difference
    holm: float
    probability: float
    randomization: float
    mcnemar: tuple[float, ...]
    detectable: float
    needed: float

    @property
    def separable(self) -> bool:
        """Whether the difference is established."""
        return self.holm <= LEVEL

    @property
    def names(self) -> frozenset[str]:
        """Both names."""
        return frozenset((self.better, self.worse))


@dataclass(frozen=True)
class Comparison:
    """What is known of the order of some runs.

    Attributes
    ----------
    scalar_metric : ScalarMetric
        By which score.
    split : str
    labels : LabelSet
    fingerprint : str
        Of the items and their true labels.
    n_items, n_clusters, n_draws : int
    runs : tuple of RankedRun
        From best to worst.
    pairs : tuple of Pair
        Every pair, or every run with ``reference``; the better one's rank, then the worse one's.
    groups : tuple of tuple of str
        Tie groups, best first. With a ``reference`` at most three: those that are better than it, those
        that cannot be told from it, those that are worse.
    reference : str
        Set where the runs are so many that only one is compared with all others.
    refused : mapping
        Name of a run that was left out → why.
    omitted_tests : mapping
        Name of a test that was left out → why.
    limitations : tuple of str
        What limits the numbers, a sentence each.
    """

    scalar_metric: ScalarMetric
    split: str
    labels: LabelSet
    fingerprint: str
    n_items: int
    n_clusters: int
    n_draws: int
    runs: tuple[RankedRun, ...]
    pairs: tuple[Pair, ...]
    groups: tuple[tuple[str, ...], ...]
    reference: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    omitted_tests: Mapping[str, str] = field(default_factory=dict)
    limitations: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """The score's name."""
        return self.scalar_metric.key

    def run(self, name: str) -> RankedRun:
        """Look a run up.

        Raises
        ------
        PredictionsError
            Where it is not among them.
        """
        for one in self.runs:
            if one.name == name:
                return one
        raise PredictionsError(f"{name} is not among the runs: {', '.join(e.name for e in self.runs)}")

    def pair(self, one: str, other: str) -> Pair:
        """Look two runs' comparison up, in either order.

        Raises
        ------
        PredictionsError
            Where they were not compared with each other.
        """
        for pair in self.pairs:
            if pair.names == frozenset((one, other)):
                return pair
        raise PredictionsError(f"{one} and {other} were not compared with each other")

    def runs_table(self) -> pd.DataFrame:
        """Return a row a run: the attributes of :class:`RankedRun`."""
        import pandas as pd

        return pd.DataFrame([vars(one) for one in self.runs])

    def pairs_table(self) -> pd.DataFrame:
        """Return a row a pair: the attributes of :class:`Pair` and of its difference."""
        import pandas as pd

        return pd.DataFrame([_row(pair) for pair in self.pairs])


def _row(pair: Pair) -> dict[str, Any]:
    difference = pair.difference
    return {
        "better": pair.better,
        "worse": pair.worse,
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p,
        "p_holm": pair.holm,
        "established": pair.separable,
        "probability_better": pair.probability,
        "p_randomization": pair.randomization,
        "p_mcnemar_lowest": min(pair.mcnemar, default=float("nan")),
        "p_mcnemar_highest": max(pair.mcnemar, default=float("nan")),
        "se": difference.se,
        "se_items": difference.se_items,
        "se_seeds": difference.se_seeds,
        "detectable": pair.detectable,
        "items_needed": pair.needed,
    }
