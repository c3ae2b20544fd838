"""Predictions in; the scores of each part of the split, with intervals, as a page holds them, out.

The page computes those of filtered rows by the same method (``intervals.js``), with random numbers of its
own. For all rows of a part it shows these: the same that a run logs and a comparison prints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.classification import ACCURACY, F1_MACRO
from harness.scoring.metrics.framing import EXACT_MATCH
from harness.scoring.retraining import stretch
from harness.scoring.score import ALL, score
from harness.values.tables import Predictions, Scores

Interval = tuple[float, float, float]
"""A value and both ends of its 95 % interval, which are NaN where there is none."""


@dataclass(frozen=True)
class SplitScore:
    """What a classifier scores on a part of the split.

    Attributes
    ----------
    accuracy, f1_macro : tuple of three float
        Of several labels a row, the first is the share of rows with all labels right.
    stretch : float
        By how much an interval is wider than one over items alone, see :mod:`harness.scoring.retraining`.
    """

    accuracy: Interval
    f1_macro: Interval
    stretch: float = 1.0

    def plain(self) -> dict[str, list[float | None]]:
        """Return it as JSON can hold it, to six digits; None in place of NaN."""
        pairs = {"accuracy": self.accuracy, "f1": self.f1_macro, "stretch": (self.stretch,)}
        return {
            name: [None if math.isnan(value) else round(value, 6) for value in values]
            for name, values in pairs.items()
        }


def split_scores(
    predictions: Predictions, splits: tuple[str, ...], scores: Scores | None = None
) -> Mapping[str, SplitScore]:
    """Score the parts of a split.

    Parameters
    ----------
    predictions : Predictions
    splits : tuple of str
        Parts; those without rows are left out.
    scores : Scores, optional
        Of the same predictions, if they are computed already; what they lack is computed.
    """
    metrics = (EXACT_MATCH if predictions.labels.multi else ACCURACY, F1_MACRO)
    results = {}
    for split in splits:
        part = predictions.only(split=split)
        if not len(part):
            continue
        values = _looked_up(scores, split)
        if any(metric.name not in values for metric in metrics):
            values = _looked_up(score(part, metrics), split)
        accuracy, f1_macro = (values[metric.name] for metric in metrics)
        results[split] = SplitScore(accuracy, f1_macro, stretch(AlignedPredictions.of(part)))
    return results


def _looked_up(scores: Scores | None, split: str) -> dict[str, Interval]:
    if scores is None:
        return {}
    rows = scores.rows
    rows = rows[(rows["split"] == split) & (rows["slice"] == ALL)]
    columns = (rows[name].tolist() for name in ("metric", "value", "low", "high"))
    return {metric: (value, low, high) for metric, value, low, high in zip(*columns, strict=True)}
