"""The name of a score in, the metric that gives it as one number per seed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring import score as scoring
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import refusal, unstated
from harness.scoring.score_intervals import ClusterSums
from harness.values.catalog import CATALOGUES, lookup
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ScalarMetric:
    """A metric with one value, or one label's value of a per-label metric: runs are ranked by one number.

    Attributes
    ----------
    metric : Metric
    key : str
        Name of the score: ``f1_macro``, ``f1_critical``.
    label_index : int or None
        Position of the label whose value it is; None for a metric with one value.
    """

    metric: Metric
    key: str
    label_index: int | None = None

    @classmethod
    def named(cls, key: str, labels: LabelSet) -> ScalarMetric:
        """Look a score up by its name.

        Parameters
        ----------
        key : str
            A metric of the catalogue, ``package.module:attribute`` for a user's own metric, or a per-label
            metric with the name of one label: ``f1_critical``.
        labels : LabelSet

        Raises
        ------
        ConfigError
            If it is unknown, has several values or does not apply to the labels.
        """
        # Score names such as ``f1_critical`` are not in the catalogue: they depend on the labels.
        per_label: dict[str, ScalarMetric] = {}
        for name in CATALOGUES["metric"]:
            metric = lookup("metric", name, "metric").of(labels)
            if metric.per_label and not refusal(metric, labels) and not unstated(metric, labels)[0]:
                for index, label_key in enumerate(metric.keys(labels)):
                    per_label[label_key] = cls(metric, label_key, index)
        if key in per_label:
            return per_label[key]
        if key not in CATALOGUES["metric"] and ":" not in key:
            hint = suggest(key, [*CATALOGUES["metric"], *per_label])
            raise ConfigError([Problem("metric", f"unknown metric {key!r}", hint)])
        metric = lookup("metric", key, "metric")
        if not isinstance(metric, Metric):
            raise ConfigError(
                [Problem("metric", f"{key!r} is not a Metric", "see harness.scoring.metrics.metric")]
            )
        if reason := refusal(metric, labels) or unstated(metric, labels)[0]:
            raise ConfigError([Problem("metric", reason)])
        if metric.per_label:
            hint = f"choose one of {', '.join(metric.keys(labels))}"
            raise ConfigError([Problem("metric", f"{key!r} has one value per label", hint)])
        return cls(metric.of(labels), metric.name)

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is better."""
        return self.metric.direction == "higher"

    def view(self, sample: AlignedPredictions) -> AlignedPredictions:
        """Return the sample with the labels in the order that the metric needs."""
        return sample.ordered(self.metric.needs_labels)

    def by_seed(self, sample: AlignedPredictions) -> NDArray[np.float64]:
        """Return the score of each seed, ``(n_seeds,)``."""
        return self._of_label(scoring.seed_values(sample, self.metric))

    def drawn(self, view: AlignedPredictions, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the score of each seed in each draw, ``(draws, n_seeds)``; for ``view`` see :meth:`view`."""
        return self._of_label(scoring.drawn_values(view, self.metric, weights))

    def interval(
        self, sample: AlignedPredictions, *, seed: int = 0, anew: bool = True
    ) -> tuple[float, float]:
        """Return the 95 % interval of the mean over seeds, as scores of single runs have it.

        For ``anew`` see :func:`harness.scoring.score.interval_of`.
        """
        low, high = scoring.interval_of(sample, self.metric, seed=seed, anew=anew)
        index = self.label_index or 0
        return float(low[index]), float(high[index])

    def additive(self, view: AlignedPredictions) -> ClusterSums | None:
        """Return the score as a function of sums over clusters; None if it is none.

        The function maps sums ``(draws, n_seeds, *rest)`` to ``(draws, n_seeds)``.
        """
        sums = scoring.cluster_function(view, self.metric)
        if sums is None:
            return None
        return ClusterSums(sums.cells, lambda totals: self._of_label(np.asarray(sums.statistic(totals))))

    def _of_label(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values if self.label_index is None else values[..., self.label_index]
