"""A classifier trained without and with gold in; its learning curve, with parts of the gold, out.

Every subset of the gold is drawn in whole groups and in an order of its own for each repeat, and holds the
subset before it. All points are scored on the validation rows: test is not looked at for a forecast.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult, TrialResult
from harness.evaluation.trial import validation_predictions
from harness.runs.learning.account import AccountedRow
from harness.runs.learning.corrected_training import with_corrections
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.score import TABLE_DRAWS
from harness.scoring.statistics import bootstrap
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.learning_slope import LearningSlope, learning_slope
from harness.scoring.statistics.paired import Resampled, difference, resampled
from harness.values import seeds
from harness.values.progress import progress
from harness.values.tables import Predictions

if TYPE_CHECKING:
    import pandas as pd

FIRST = 25
"""Labels of the first point after 0; each further one has twice as many."""

# With 400 of 450 labels, the last two points would be one twice.
CLOSEST = 0.8
"""The last point but one has at most this share of all labels."""

NEXT = 100
"""What so many more labels are worth is said; of fewer labels, what as many again are worth."""

REPEATS = 3
"""Orders in which gold is drawn, unless another number is asked for."""


@dataclass(frozen=True)
class CurvePoint:
    """A point of a learning curve.

    Attributes
    ----------
    labels : int
        Labels of gold in training; mean over the orders, since groups are whole.
    value, low, high : float
        Score on validation, mean over the orders, with its 95 % interval over groups, orders and seeds.
    gain, gain_low, gain_high : float
        Over the score without gold, paired; positive for better. NaN for the first point.
    """

    labels: int
    value: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True)
class LearningCurve:
    """What a classifier scores with part of the gold.

    Attributes
    ----------
    metric : str
    points : tuple of CurvePoint
        The first without gold, the last with all of it.
    slope : LearningSlope
    repeats : int
        Orders in which gold was drawn.
    digest : str
        Identifies what it was measured on; empty where nobody needs that.
    """

    metric: str
    points: tuple[CurvePoint, ...]
    slope: LearningSlope
    repeats: int
    digest: str = ""

    @property
    def labels(self) -> int:
        """All labels of the gold."""
        return self.points[-1].labels

    @property
    def more(self) -> int:
        """How many more labels a forecast is made for: no more than were measured."""
        return min(NEXT, self.labels)

    @property
    def next_labels(self) -> tuple[float, float, float]:
        """What :attr:`more` labels are worth: a gain, and its 95 % interval."""
        return self.slope.worth(self.labels, self.more)

    def table(self) -> pd.DataFrame:
        """Return one row a point: the attributes of :class:`CurvePoint`."""
        import pandas as pd

        return pd.DataFrame([vars(point) for point in self.points])


@dataclass(frozen=True)
class CurveStudy:
    """What is trained for a learning curve.

    Attributes
    ----------
    before : Prepared
        Without the gold.
    rows : tuple of AccountedRow
        The gold that is learned from.
    without, corrected : ClassifierResult
        Of trainings without and with all of it: the ends of the curve.
    repeats : int
        Orders that are asked for. Classifiers with a seed get one each, so that there are no more orders than
        seeds; one without a seed gets all.
    """

    before: Prepared = field(repr=False)
    rows: tuple[AccountedRow, ...] = field(repr=False)
    without: ClassifierResult = field(repr=False)
    corrected: ClassifierResult = field(repr=False)
    repeats: int = REPEATS

    def measure(self, folder: Path, say: Callable[[float], None] = lambda _: None) -> LearningCurve:
        """Train and score all points.

        Parameters
        ----------
        folder : Path
            Where predictions of points are kept, so that an interrupted curve goes on; deleted at the end.
        say : callable
            Told what the first training took, in seconds.
        """
        fits = [(size, order) for size in sizes(len(self.rows)) for order in range(self.orders)]
        tables: dict[int, list[tuple[int, Predictions]]] = {}
        for number, (size, order) in enumerate(progress(fits, "learning curve", len(fits), "trainings")):
            subset = nested(self.rows, size, order)
            predictions, seconds = self._trained(subset, order, folder)
            tables.setdefault(size, []).append((len(subset), predictions))
            if number == 0:
                say(seconds)
        ends = [
            (labels, [_as_seed(self._of(result, order).predictions, order) for order in range(self.orders)])
            for labels, result in ((0, self.without), (len(self.rows), self.corrected))
        ]
        inner = [
            (round(float(np.mean([n for n, _ in each]))), [table for _, table in each])
            for each in tables.values()
        ]
        stacked = [(n, Predictions.concat(parts)) for n, parts in (ends[0], *inner, ends[1])]
        curve = curve_of(stacked, len(self.before.splits[0].train), self.before)
        shutil.rmtree(folder, ignore_errors=True)
        return replace(curve, repeats=self.orders)

    @property
    def orders(self) -> int:
        """Orders that there are, at least one."""
        return orders(self.repeats, len(self.corrected.trials))

    def _trained(self, subset: Sequence[AccountedRow], order: int, folder: Path) -> tuple[Predictions, float]:
        path = folder / f"{len(subset)}-{order}.parquet"
        labels = self.before.plan.labels
        if path.is_file():
            return Predictions.read(path, labels), 0.0
        began = time.perf_counter()
        result = self._of(self.corrected, order)
        prepared = with_corrections(self.before, subset)
        # Tuned options are those that were chosen with all of the gold: the grid is not searched again.
        predictions = validation_predictions(prepared, result.trial, result.options)
        folder.mkdir(parents=True, exist_ok=True)
        _as_seed(predictions, order).write(path)
        return Predictions.read(path, labels), time.perf_counter() - began

    @staticmethod
    def _of(result: ClassifierResult, order: int) -> TrialResult:
        return result.trials[order % len(result.trials)]


def orders(repeats: int, seeds_: int) -> int:
    """Return in how many orders gold is drawn, for a number that is asked for and the seeds of a classifier.

    A classifier that does not depend on a seed has one trial and may be fitted on any number of orders.
    """
    return max(1, repeats if seeds_ == 1 else min(repeats, seeds_))


def sizes(labels: int) -> list[int]:
    """Return the sizes of subsets between none and all.

    Examples
    --------
    >>> sizes(600), sizes(60), sizes(20)
    ([25, 50, 100, 200, 400], [25], [])
    """
    # Doubled: the curve bends where labels are few.
    inner, size = [], FIRST
    while size <= CLOSEST * labels:
        inner.append(size)
        size *= 2
    return inner


def nested(rows: Sequence[AccountedRow], size: int, order: int) -> list[AccountedRow]:
    """Draw whole groups of gold until there are so many labels.

    Parameters
    ----------
    rows : sequence of AccountedRow
    size : int
        Labels, at least; a subset of another size in the same order holds this one, or lies in it.
    order : int
        Seed of the order.
    """
    groups: dict[str, list[AccountedRow]] = {}
    for row in rows:
        # A row without a group is one of its own; no group has a name with this character.
        groups.setdefault(row.gold.group or f"\x1d{row.gold.number}", []).append(row)
    stream = seeds.generator(order, "learn", "order of gold")
    subset: list[AccountedRow] = []
    for name in stream.permutation(sorted(groups)):
        if len(subset) >= size:
            break
        # Whole: a size is passed by part of a group at most.
        subset += groups[str(name)]
    return subset


def curve_of(tables: Sequence[tuple[int, Predictions]], rows: int, prepared: Prepared) -> LearningCurve:
    """Score the points of a curve, all of them on the same resamples.

    Parameters
    ----------
    tables : sequence of (int, Predictions)
        Labels, and predictions of validation with a seed for each order; the first with 0 labels.
    rows : int
        Training rows without gold.
    prepared : Prepared
        The experiment: its primary metric is the score.
    """
    metric = ScalarMetric.named(prepared.plan.primary.name, prepared.plan.labels)
    samples = [AlignedPredictions.of(predictions.only(split="validation")) for _, predictions in tables]
    first = samples[0]
    runs = list(_resampled(metric, samples))
    sign = 1 if metric.higher_is_better else -1
    points = []
    for (labels, _), sample, run in zip(tables, samples, runs, strict=True):
        low, high = metric.interval(sample)
        gain = (math.nan, math.nan, math.nan)
        if run is not runs[0]:
            against = difference(run, runs[0], first.n_items, first.effective_clusters)
            low_gain, high_gain = sorted((sign * against.low, sign * against.high))
            gain = (sign * against.value, low_gain, high_gain)
        points.append(CurvePoint(labels, run.value, low, high, *gain))
    labelled = [(labels, run) for (labels, _), run in zip(tables, runs, strict=True)]
    # On the resamples that the gains have: what is hard for all points cancels here, too.
    slope = learning_slope(rows, labelled, first.effective_clusters, higher_is_better=metric.higher_is_better)
    return LearningCurve(metric.key, tuple(points), slope, len(first.seeds))


def _resampled(metric: ScalarMetric, samples: Sequence[AlignedPredictions]) -> Iterator[Resampled]:
    """Resample all points together, so that what is hard for all of them cancels."""
    first = samples[0]
    is_table = metric.metric.kind == "table"
    resamples = Draws(first.n_clusters, min(bootstrap.DRAWS, TABLE_DRAWS) if is_table else bootstrap.DRAWS, 0)
    # The resamples of items are those of all points; what orders add is drawn for each point alone.
    for number, sample in enumerate(samples):
        view = metric.view(sample)
        width = len(view) if is_table else 1
        blocks = resamples.blocks(width) if first.n_clusters > 1 else ()
        parts = [metric.drawn(view, weights) for weights in blocks]
        by_seed = metric.by_seed(view)
        drawn = np.concatenate(parts) if parts else np.empty((0, len(by_seed)))
        yield resampled(by_seed, drawn, resamples, f"point {number}")


def _as_seed(predictions: Predictions, order: int) -> Predictions:
    """Return the validation rows under the number of an order: orders are to scores what seeds are."""
    rows = predictions.only(split="validation").rows
    return replace(predictions, rows=rows.assign(seed=order))
