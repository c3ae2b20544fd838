"""Predictions of a run in; the parts of a score's variance, and both of its intervals, out.

What would be other another time: the items, the seeds, the training rows. Each part is shown where the run
can tell it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions, Design
from harness.scoring.metrics.metric import Metric
from harness.scoring.retraining import MIN_REPEATS, question, stretch
from harness.scoring.score import TABLE_DRAWS, drawn_values, interval_of, seed_values
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.paired import resampled
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 1_000
"""Enough for standard errors, which are known to within 2 % then."""


@dataclass(frozen=True)
class ScoreVariance:
    """What a score of a classifier would be another time.

    Attributes
    ----------
    design : Design
    n_seeds : int
    fitted : (float, float)
        95 % interval about the fitted models on other items; of folds narrower than the one about the
        classifier trained anew.
    items : float
        Standard error over items, with the fitted models as they are; NaN for a single group.
    seeds : float
        Of the mean over seeds; NaN where there is one seed.
    training : float
        Over training rows; NaN where one set of them was used. With one seed, it holds what the seed does.
    """

    design: Design
    n_seeds: int
    fitted: tuple[float, float]
    items: float
    seeds: float
    training: float

    @property
    def measured(self) -> bool:
        """Whether the part of the training rows rests on repeats, and not on a rule alone."""
        return self.design.repeats >= MIN_REPEATS

    @property
    def question(self) -> str:
        """What the intervals are about, a sentence."""
        return question(self.design, self.n_seeds)

    @property
    def parts(self) -> dict[str, float]:
        """Standard error by source: the square of the whole is the sum of their squares."""
        return {"items": self.items, "seeds": self.seeds, "training rows": self.training}

    @property
    def shares(self) -> dict[str, float]:
        """Share of each source in the variance that is known; NaN for one that is not."""
        whole = sum(part**2 for part in self.parts.values() if not math.isnan(part))
        return {name: part**2 / whole if whole else math.nan for name, part in self.parts.items()}


def score_variance(test: Predictions, metric: Metric, *, seed: int = 0) -> ScoreVariance:
    """Separate the sources of a score's variance.

    Parameters
    ----------
    test : Predictions
        Of one run and one split: all seeds, folds and repeats.
    metric : Metric
        With one value.
    seed : int
        Of the draws.

    Raises
    ------
    PredictionsError
        If the rows cannot be aligned, see :meth:`AlignedPredictions.of`.
    """
    sample = AlignedPredictions.of(test)
    view = sample.ordered(metric.needs_labels)
    low, high = interval_of(sample, metric, seed=seed, anew=False)
    several = len(sample.seeds) > 1
    if sample.n_clusters < 2:
        items = seeds = math.nan
    else:
        draws = Draws(sample.n_clusters, min(DRAWS, TABLE_DRAWS), seed)
        run = resampled(seed_values(view, metric), _drawn(view, metric, draws), draws, "run")
        items, seeds = float(np.nanstd(run.item_draws, ddof=1)), math.sqrt(run.seed_variance)
    # The stretch of an interval acts on what items and seeds do together.
    base = math.hypot(items, seeds if several else 0.0)
    training = math.nan
    if sample.design.cross_validated:
        training = base * math.sqrt(stretch(sample) ** 2 - 1)
    return ScoreVariance(
        design=sample.design,
        n_seeds=len(sample.seeds),
        fitted=(float(low[0]), float(high[0])),
        items=items,
        seeds=seeds if several else math.nan,
        training=training,
    )


def _drawn(view: AlignedPredictions, metric: Metric, draws: Draws) -> NDArray[np.float64]:
    width = len(view) if metric.kind == "table" else 1
    return np.concatenate([drawn_values(view, metric, weights) for weights in draws.blocks(width)])
