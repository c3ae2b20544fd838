"""Predictions and metrics in, what limits their scores out, in full sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.stance import SIDES
from harness.values.formatting import percent
from harness.values.minimums import MIN_CLUSTERS, MIN_CLUSTERS_FOR_RANKS
from harness.values.tables import Predictions


def caveats(predictions: Predictions, metrics: Sequence[Metric] = ()) -> tuple[str, ...]:
    """Say what limits the scores of each split, in full sentences; empty where nothing does."""
    said: list[str] = []
    for split in predictions.rows["split"].unique():
        sample = AlignedPredictions.of(predictions.only(split=split))
        said += [f"{split}: {limit}" for limit in limits(sample, metrics)]
        unnamed = int(predictions.only(split=split).rows["target"].isna().sum() // len(sample.seeds))
        if unnamed and set(SIDES) <= set(sample.labels.names):
            said.append(f"{split}: {unnamed} items have no target; means over targets take them for one.")
    return (*said, *sized(metrics))


def sized(metrics: Sequence[Metric]) -> Iterator[str]:
    """Say which metrics depend on how many items there are; see ``Metric.biased``."""
    names = [metric.name for metric in metrics if metric.biased]
    if names:
        yield (
            f"On few items another number than on many: {', '.join(names)}. Intervals are about the value on"
            " as many items as here."
        )


def limits(sample: AlignedPredictions, metrics: Sequence[Metric] = ()) -> Iterator[str]:
    """Yield what limits the scores of one split by these metrics, a sentence each."""
    k = len(sample.labels)
    held = sample.truth.sum(axis=0) if sample.labels.multi else np.bincount(sample.truth, minlength=k)
    for name, count in zip(sample.labels.names, held, strict=True):
        if count == 0:
            yield f"no item is {name!r}, so its F1 is 0 by convention and lowers macro averages."
    clusters = sample.n_clusters
    if clusters == 1:
        yield "all items belong to one group, so no interval can be given."
    elif clusters < MIN_CLUSTERS:
        yield few_groups(clusters)
    elif sample.effective_clusters < MIN_CLUSTERS / 2:
        largest = percent(np.bincount(sample.clusters).max() / len(sample))
        yield f"groups are very unequal (one holds {largest} of the items): intervals may be too narrow."
    ranks = [metric.name for metric in metrics if of_ranks(metric)]
    if ranks and MIN_CLUSTERS <= clusters < MIN_CLUSTERS_FOR_RANKS:
        few = f"{clusters} groups are few for {', '.join(ranks)} ({MIN_CLUSTERS_FOR_RANKS} are enough)"
        yield f"{few}: intervals may be too narrow."


def few_groups(groups: int) -> str:
    """Say what fewer than :data:`MIN_CLUSTERS` groups do to intervals."""
    return f"{groups} groups are few ({MIN_CLUSTERS} are enough): intervals may be too narrow."


def of_ranks(metric: Metric) -> bool:
    """Whether a metric is made from the order of all items; draws from few clusters tell little of that."""
    return metric.kind == "table" and not metric.biased
