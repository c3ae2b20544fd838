"""The result of a comparison: ranked runs, compared pairs, tie groups, and what limits them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.scoring.aligned import HOLDOUT, Design
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.retraining import question
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL
from harness.scoring.statistics.paired import Difference, items_needed
from harness.values.errors import PredictionsError
from harness.values.formatting import interval

if TYPE_CHECKING:
    import pandas as pd

    from harness.values.labels import LabelSet


@dataclass(frozen=True)
class RankedRun:
    """One run, scored on the items that all compared runs share.

    Attributes
    ----------
    rank : int
        From 1, by value alone; the order of runs that share a tie group is not established.
    name : str
    value : float
        Mean over seeds.
    low, high : float
        95 % interval over items and seeds; NaN for a single cluster. Of cross-validated runs it is about the
        classifier trained anew.
    fitted_low, fitted_high : float
        95 % interval about the fitted models on other items: the same, unless the runs are cross-validated.
    seed_sd : float
        Standard deviation over seeds, one degree of freedom taken off; NaN for one seed.
    item_se : float
        Standard error of the value over the choice of items, seeds held fixed.
    n_seeds : int
    groups : tuple of int
        Numbers of its tie groups, from 1.
    """

    rank: int
    name: str
    value: float
    low: float
    high: float
    seed_sd: float
    item_se: float
    n_seeds: int
    groups: tuple[int, ...]
    fitted_low: float = math.nan
    fitted_high: float = math.nan

    @property
    def tie(self) -> str:
        """The letters of its tie groups: two runs with a letter in common cannot be told apart."""
        if max(self.groups) <= 26:
            return "".join(chr(ord("a") + group - 1) for group in self.groups)
        return " ".join(map(str, self.groups))


@dataclass(frozen=True)
class Pair:
    """Two runs, the one that scores better first.

    Attributes
    ----------
    better, worse : str
        By value alone.
    difference : Difference
        Value of the better run minus that of the worse one: negative for metrics where lower is better.
    holm : float
        ``difference.p`` with Holm's correction for the number of pairs.
    probability : float
        Share of draws in which ``better`` scores better; a draw without a difference counts half.
    randomization : float
        p-value of approximate randomization, a check on ``difference.p``; NaN if the test is omitted.
    mcnemar : tuple of float
        p-values of McNemar's test of accuracy, one per pair of seeds; empty if the test is omitted.
    detectable : float
        The true difference that would be found with power 0.8, corrected for the number of pairs.
    needed : float
        Number of items on which a true difference of this size would be found with that power; infinite if
        more seeds are needed instead. The difference itself is uncertain, and with it this number: of ten
        test sets, one gives less than half of it and one many times as much (experiments/statistics).
    needed_at_least : float
        The same for the largest difference in the interval: no test set smaller than this would do.
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
    needed_at_least: float

    @property
    def separable(self) -> bool:
        """Whether the difference is established: its corrected p-value is at most the significance level."""
        return self.holm <= SIGNIFICANCE_LEVEL

    @property
    def names(self) -> frozenset[str]:
        """Both names."""
        return frozenset((self.better, self.worse))


@dataclass(frozen=True)
class Comparison:
    """Runs compared on the same items by one metric.

    Attributes
    ----------
    scalar_metric : ScalarMetric
        What the runs are scored by.
    split : str
    labels : LabelSet
    fingerprint : str
        Of the items and their true labels.
    n_items, n_clusters, n_draws : int
    design : Design
        Folds and repeats that scored the items.
    runs : tuple of RankedRun
        From best to worst.
    pairs : tuple of Pair
        All pairs, or each run paired with ``reference``; in the order of the ranks.
    groups : tuple of tuple of str
        Tie groups, best first: two runs share one exactly where they cannot be told apart. With a
        ``reference`` at most three: runs better than it, runs that cannot be distinguished from it, and runs
        that are worse.
    reference : str
        The run that all others are compared with, if there are too many for all pairs; else empty.
    refused : mapping
        Name of an excluded run → reason.
    omitted_tests : mapping
        Name of an omitted test → reason.
    limitations : tuple of str
        What limits the numbers, one sentence each.
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
    design: Design = HOLDOUT

    @property
    def question(self) -> str:
        """What the intervals and tests are about, a sentence."""
        return question(self.design, max(run.n_seeds for run in self.runs))

    @property
    def fitted_sentence(self) -> str:
        """Say what the narrower intervals are, about the fitted models; empty without folds."""
        if not self.design.cross_validated:
            return ""
        intervals = [f"{run.name} {interval(run.fitted_low, run.fitted_high)}" for run in self.runs]
        return f"For the fitted models of the folds, on other items, they are: {', '.join(intervals)}."

    @property
    def metric(self) -> str:
        """Name of the score."""
        return self.scalar_metric.key

    def run(self, name: str) -> RankedRun:
        """Return the run of this name.

        Raises
        ------
        PredictionsError
            If it is not among the compared runs.
        """
        for run in self.runs:
            if run.name == name:
                return run
        names = ", ".join(run.name for run in self.runs)
        raise PredictionsError(f"{name} is not among the compared runs: {names}")

    def pair(self, first: str, second: str) -> Pair:
        """Return the comparison of two runs, named in either order.

        Raises
        ------
        PredictionsError
            If they were not compared with each other.
        """
        for pair in self.pairs:
            if pair.names == frozenset((first, second)):
                return pair
        raise PredictionsError(f"{first} and {second} were not compared with each other")

    def items_for(self, pair: Pair, effect: float) -> float:
        """Return on how many items a true difference of ``effect`` would be found with power 0.8.

        Infinite if the spread over seeds hides it, so that only more seeds would help.
        """
        level = 1 - SIGNIFICANCE_LEVEL / len(self.pairs)
        difference = pair.difference
        return items_needed(effect, difference.se_rows, difference.se_seeds, self.n_items, level=level)

    def tied_with_best(self) -> tuple[str, ...]:
        """Return the best run, and those that cannot be told from it."""
        if self.reference:
            return self.groups[0]
        best = self.runs[0].name
        tied = {
            name for pair in self.pairs if best in pair.names and not pair.separable for name in pair.names
        }
        return tuple(run.name for run in self.runs if run.name == best or run.name in tied)

    def runs_table(self) -> pd.DataFrame:
        """Return one row per run: the attributes of :class:`RankedRun`, with ``tie`` for its groups."""
        import pandas as pd

        rows = [{name: value for name, value in vars(run).items() if name != "groups"} for run in self.runs]
        return pd.DataFrame([{**row, "tie": run.tie} for row, run in zip(rows, self.runs, strict=True)])

    def pairs_table(self) -> pd.DataFrame:
        """Return one row per pair: the attributes of :class:`Pair` and of its difference."""
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
        "se_training": difference.se_training,
        "detectable": pair.detectable,
        "items_needed": pair.needed,
        "items_needed_at_least": pair.needed_at_least,
    }
