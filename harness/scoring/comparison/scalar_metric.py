"""The name of a score in, what computes it from a sample out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring import score as scoring
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import refusal
from harness.values.catalog import CATALOGUES, lookup
from harness.values.errors import ConfigError, Problem, suggest
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ScalarMetric:
    """A metric with one value, or one label's value of a metric that has one a label.

    Attributes
    ----------
    metric : Metric
    key : str
        As it is scored: ``f1_macro``, ``f1_critical``.
    place : int or None
        Which label's.
    """

    metric: Metric
    key: str
    place: int | None = None

    @classmethod
    def named(cls, key: str, labels: LabelSet) -> ScalarMetric:
        """Look a score up.

        Parameters
        ----------
        key : str
            A metric of the catalogue, ``package.module:attribute`` of one's own, or a metric that has one
            value a label with one of them: ``f1_critical``.
        labels : LabelSet

        Raises
        ------
        ConfigError
            Where it is unknown, has several values or does not apply to the labels.
        """
        several: dict[str, ScalarMetric] = {}
        for name in CATALOGUES["metric"]:
            metric = lookup("metric", name, "metric")
            if metric.per_label and not refusal(metric, labels):
                for place, one in enumerate(metric.keys(labels)):
                    several[one] = cls(metric, one, place)
        if key in several:
            return several[key]
        if key not in CATALOGUES["metric"] and ":" not in key:
            known = [*CATALOGUES["metric"], *several]
            raise ConfigError([Problem("metric", f"unknown metric {key!r}", suggest(key, known))])
        metric = lookup("metric", key, "metric")
        if not isinstance(metric, Metric):
            raise ConfigError(
                [Problem("metric", f"{key!r} is not a Metric", "see harness.scoring.metrics.metric")]
            )
        if reason := refusal(metric, labels):
            raise ConfigError([Problem("metric", reason)])
        if metric.per_label:
            hint = f"choose one of {', '.join(metric.keys(labels))}"
            raise ConfigError([Problem("metric", f"{key!r} has one value a label", hint)])
        return cls(metric, metric.name)

    @property
    def higher_is_better(self) -> bool:
        """Which way is better."""
        return self.metric.direction == "higher"

    def view(self, sample: AlignedPredictions) -> AlignedPredictions:
        """Return the sample with the labels in the order that the metric needs."""
        return sample.ordered(self.metric.needs_labels)

    def by_seed(self, sample: AlignedPredictions) -> NDArray[np.float64]:
        """Return the score under each seed, ``(n_seeds,)``."""
        values = scoring.seed_values(sample, self.metric)
        return values if self.place is None else values[:, self.place]

    def drawn(self, view: AlignedPredictions, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the score under each seed in each draw, ``(draws, n_seeds)``; see :meth:`view`."""
        values = scoring.drawn_values(view, self.metric, weights)
        return values if self.place is None else values[..., self.place]

    def additive(self, view: AlignedPredictions) -> tuple[NDArray[Any], Callable[[Array], Array]] | None:
        """Return what each cluster adds, and the score of such totals; None where it is no such sum.

        Returns
        -------
        cells : (n_clusters, n_seeds, *rest) array
        statistic : callable
            Of totals ``(draws, n_seeds, *rest)``, to ``(draws, n_seeds)``.
        """
        if self.metric.kind == "counts" and not self.metric.by_target:
            return view.cells, lambda totals: self._of_tables(totals, view)
        if self.metric.kind == "items":
            return scoring.summed(view, self.metric)
        return None

    def _of_tables(self, totals: Array, view: AlignedPredictions) -> Array:
        values = np.asarray(self.metric.function(scoring.as_declared(totals, view, self.metric)))
        return values if self.place is None else values[..., self.place]
