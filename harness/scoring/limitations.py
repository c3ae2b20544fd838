"""Predictions, or compared runs, in; what limits their scores out, in full sentences.

The thresholds mark the conditions under which the coverage of the intervals was simulated
(``experiments/statistics``): outside them an interval is still given, with the sentence that says so.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.stance import SIDES
from harness.scoring.retraining import folds_run_once
from harness.scoring.score import label_counts
from harness.scoring.statistics.few_clusters import smallest_p
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL
from harness.values.formatting import agreeing, counted, percent
from harness.values.minimums import (
    FEW_LABEL_ITEMS,
    MIN_CLUSTERS,
    MIN_CLUSTERS_FOR_RANKS,
    MIN_LABEL_ITEMS,
    MIN_SEEDS,
)
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from harness.scoring.comparison.ranking import Pair
    from harness.scoring.statistics.paired import Resampled

MAX_LISTED_NAMES = 6

COUNTED_AS = (
    "they count as wrong in every score of labels, as knowing nothing in log loss and Brier score, and not at"
    " all in calibration errors"
)
"""How missing predictions are scored; see :mod:`harness.scoring.metrics`."""


def limitations(predictions: Predictions, metrics: Sequence[Metric] = ()) -> tuple[str, ...]:
    """Return what limits the scores of each split, in full sentences; empty if nothing does.

    Parameters
    ----------
    predictions : Predictions
        Of one run.
    metrics : sequence of Metric
        What it is scored by.
    """
    sentences: list[str] = []
    for split in predictions.rows["split"].unique():
        rows = predictions.only(split=split)
        if count := missing_of(rows):
            sentences.append(f"{split}: {count} missing: {COUNTED_AS}.")
        sample = AlignedPredictions.of(rows)
        sentences += [f"{split}: {limit}" for limit in split_limitations(sample, metrics)]
        # Only test rows lie in every fold once; validation is drawn anew in each.
        if split == "test" and (once := folds_run_once(sample.design)):
            sentences.append(f"{split}: {once}")
        # Rows are repeated for each seed and repeat; items are counted once.
        unnamed = int(rows.rows["target"].isna().sum() // (len(sample.seeds) * sample.design.repeats))
        if unnamed and set(SIDES) <= set(sample.labels.names):
            sentences.append(
                f"{split}: items without a target: {unnamed}; means over targets count them as one target."
            )
        ungrouped = int(rows.rows["group"].isna().sum() // len(sample.seeds))
        if ungrouped:
            sentences.append(
                f"{split}: items without a group (article): {ungrouped:,} of {len(sample):,}; they count as"
                " independent, and intervals are too narrow if they are not."
            )
    return (*sentences, *sample_size_limitations(metrics))


def missing_of(rows: Predictions) -> str:
    """Say how many predictions are missing, over all seeds and repeats; empty where none is."""
    missing = int(rows.missing().sum())
    if not missing:
        return ""
    share = percent(missing / len(rows), unit=" %")
    return f"{missing:,} of {counted(len(rows), 'prediction')} ({share})"


def missing_limitations(samples: Mapping[str, AlignedPredictions]) -> Iterator[str]:
    """Say in which of the compared runs predictions are missing."""
    shares = {name: float(missing_share(sample)) for name, sample in samples.items()}
    listed = [f"{name} {percent(share, unit=' %')}" for name, share in shares.items() if share]
    if listed:
        yield f"Predictions are missing: {', '.join(listed)}. {COUNTED_AS[0].upper()}{COUNTED_AS[1:]}."


def missing_share(sample: AlignedPredictions) -> float:
    """Return the share of items whose prediction is missing, mean over seeds, in [0, 1]."""
    codes = sample.predicted.reshape(len(sample.seeds), len(sample), -1)
    return float((codes < 0).any(axis=-1).mean())


def comparison_limitations(
    metric: Metric,
    first: AlignedPredictions,
    drawn: Mapping[str, Resampled],
    pairs: Sequence[Pair],
    deterministic: Collection[str],
) -> Iterator[str]:
    """Yield which conditions of the simulated coverage a comparison does not meet.

    Parameters
    ----------
    metric : Metric
        What the runs are compared by.
    first : AlignedPredictions
        Of any of the runs: all have the same items.
    drawn : mapping
        Name → run.
    pairs : sequence of Pair
    deterministic : collection of str
        Names of runs that do not depend on a seed.
    """
    for limit in split_limitations(first, [metric]):
        yield limit[0].upper() + limit[1:]
    yield from sample_size_limitations([metric])
    if once := folds_run_once(first.design):
        yield once[0].upper() + once[1:]
    # The folds of one seed have other random numbers each, so that its choice is among what they vary in.
    if not first.design.cross_validated:
        yield from _seed_limitations(drawn, deterministic)
    if first.n_clusters < 2:
        return
    undefined = sum(math.isnan(pair.difference.p) for pair in pairs)
    if undefined:
        yield (
            f"{undefined} of {len(pairs)} differences have no interval: the score is undefined in more than"
            " 5 % of the draws."
        )
    if any(pair.difference.se == 0 != pair.difference.value for pair in pairs):
        yield "Some differences are the same in every draw; their intervals have no width."
    n_draws = len(next(iter(drawn.values())).draws)
    if len(pairs) * smallest_p(n_draws, first.effective_clusters) > SIGNIFICANCE_LEVEL:
        yield "With so few draws, no difference between so many runs can be established."


def sample_size_limitations(metrics: Sequence[Metric]) -> Iterator[str]:
    """Say which metrics depend on the number of items; see ``Metric.biased``."""
    names = [metric.name for metric in metrics if metric.biased]
    if names:
        yield (
            f"These metrics depend on sample size: {', '.join(names)}. Their intervals are about the value on"
            " test sets of this size."
        )


def split_limitations(sample: AlignedPredictions, metrics: Sequence[Metric] = ()) -> Iterator[str]:
    """Yield what limits the scores of one split by these metrics, one sentence each."""
    for name, count in zip(sample.labels.names, label_counts(sample).tolist(), strict=True):
        if count == 0:
            yield f"no item is labelled {name!r}, so its F1 is 0 by convention and lowers macro averages."
        elif count < MIN_LABEL_ITEMS:
            yield (
                f"items labelled {name!r}: {count}, too few for an interval of its scores and of averages"
                f" over labels ({MIN_LABEL_ITEMS} are needed)."
            )
        elif count < FEW_LABEL_ITEMS:
            yield f"items labelled {name!r}: {count}, so that its scores and averages over labels are vague."
    clusters = sample.n_clusters
    # Without groups every row is its own: nobody looks for groups in a file that has none.
    unit = "row" if clusters == len(sample) else "group"
    if clusters == 1:
        yield "all items belong to one group, so no interval can be given."
    elif clusters < MIN_CLUSTERS:
        yield few_groups_limitation(clusters, unit)
    # Half as many equal-sized clusters as needed: the simulated settings have unequal sizes, too.
    elif sample.effective_clusters < MIN_CLUSTERS / 2:
        largest = np.bincount(sample.clusters).max() / len(sample)
        yield (
            f"group sizes are very unequal (one group has {largest:.0%} of the items): intervals may be too"
            " narrow."
        )
    # With fewer than MIN_CLUSTERS, the sentence above says it of every metric.
    ranks = [metric.name for metric in metrics if uses_ranks(metric)]
    if ranks and MIN_CLUSTERS <= clusters < MIN_CLUSTERS_FOR_RANKS:
        few = (
            f"{counted(clusters, unit)} {agreeing(clusters, 'is', 'are')} few for"
            f" {', '.join(ranks)} ({MIN_CLUSTERS_FOR_RANKS} are enough)"
        )
        yield f"{few}: intervals may be too narrow."


def few_groups_limitation(groups: int, unit: str = "group") -> str:
    """Say what fewer than :data:`MIN_CLUSTERS` groups, or rows where each is its own, do to intervals."""
    return (
        f"{counted(groups, unit)} {agreeing(groups, 'is', 'are')} few ({MIN_CLUSTERS} are"
        " enough): intervals may be too narrow."
    )


def uses_ranks(metric: Metric) -> bool:
    """Whether a metric uses the order of all items, about which draws from few clusters say little."""
    return metric.kind == "table" and not metric.biased


def _seed_limitations(drawn: Mapping[str, Resampled], deterministic: Collection[str]) -> Iterator[str]:
    few = [name for name, run in drawn.items() if len(run.by_seed) < MIN_SEEDS and name not in deterministic]
    single = [name for name in few if len(drawn[name].by_seed) == 1]
    several = [name for name in few if name not in single]
    if single:
        yield (
            f"One seed only: {_listed(single)}. The intervals do not cover the choice of the seed, and a"
            " difference may be one of two trainings, not of two classifiers."
        )
    if several:
        yield (
            f"Fewer than {MIN_SEEDS} seeds: {_listed(several)}. What seeds change is poorly known, so that"
            " tests find little (Student's t)."
        )
    # Simulated with five seeds that vary three times as much as items: intervals cover 92.9 to 94.3 %
    # (experiments/statistics).
    wide = [
        name
        for name, run in drawn.items()
        if len(run.by_seed) > 1
        and len(run.item_draws)
        and run.by_seed.std(ddof=1) > np.nanstd(run.item_draws, ddof=1)
    ]
    if wide:
        yield (
            f"The spread over seeds exceeds that over items: {_listed(wide)}. Their intervals are too narrow"
            " unless there are many seeds."
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_LISTED_NAMES])
    rest = len(names) - MAX_LISTED_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown
