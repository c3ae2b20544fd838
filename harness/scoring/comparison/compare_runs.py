"""Runs and a metric in, a Comparison out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.cautions import cautions, smallest_p
from harness.scoring.comparison.eligible_runs import Gathered, gather
from harness.scoring.comparison.pairs import Randomization, no_mcnemar, paired_up
from harness.scoring.comparison.ranking import LEVEL, Comparison, Pair, RankedRun
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.score import TABLE_DRAWS
from harness.scoring.statistics import bootstrap
from harness.scoring.statistics.bootstrap import Draws, interval
from harness.scoring.statistics.multiplicity import tie_groups
from harness.scoring.statistics.paired import Resampled, resampled
from harness.values.tables import Predictions


def compare(
    runs: Iterable[tuple[str, Predictions]],
    metric: str,
    *,
    split: str = "test",
    draws: int = bootstrap.DRAWS,
    seed: int = 0,
    deterministic: Collection[str] = (),
) -> Comparison:
    """Say which differences between runs are real.

    All runs are resampled on the same clusters of items, their seeds independently. Every pair is compared,
    with Holm's correction for their number. Where there are so many that this could not establish anything
    with the draws there are, all are compared with one run instead: the best on validation, which is chosen
    without a look at the test items.

    Parameters
    ----------
    runs : iterable of (str, Predictions)
        Names and tables; taken one at a time, so that an iterator which reads them needs little memory.
    metric : str
        See :meth:`ScalarMetric.named`.
    split : str
        Which rows are compared.
    draws, seed : int
        Of the bootstrap; at most :data:`harness.scoring.score.TABLE_DRAWS` for a metric of ranks or bins.
    deterministic : collection of str
        Runs that no seed changes: that they have one seed is no lack.

    Returns
    -------
    Comparison
        Runs with another test set, other labels, other groups or no probabilities for a metric that needs
        them are refused in it, with the reason.

    Raises
    ------
    PredictionsError
        Where fewer than two runs are left, a name stands twice, or a table cannot be aligned.
    ConfigError
        Where the metric is unknown or does not apply.
    """
    gathered = gather(runs, metric, split)
    measure, samples = gathered.measure, gathered.samples
    n_draws = min(draws, TABLE_DRAWS) if measure.metric.kind == "table" else draws
    first = next(iter(samples.values()))
    drawn = _resampled(gathered, Draws(first.n_clusters, n_draws, seed))
    ranked = sorted(drawn, key=lambda name: drawn[name].value, reverse=measure.higher_is_better)
    reference, cautious = _reference(gathered, ranked, smallest_p(n_draws, first.effective_clusters))
    randomization = Randomization.of(measure, samples, seed)
    family = [pair for pair in combinations(ranked, 2) if not reference or reference in pair]
    pairs = paired_up(measure, family, drawn, samples, randomization)
    groups = _groups(ranked, pairs, reference)
    return Comparison(
        scalar_metric=measure,
        split=split,
        labels=first.labels,
        fingerprint=gathered.fingerprint,
        n_items=len(first),
        n_clusters=first.n_clusters,
        n_draws=n_draws,
        runs=tuple(_entries(ranked, drawn, groups, measure, first.effective_clusters)),
        pairs=pairs,
        groups=groups,
        reference=reference,
        refused=gathered.refused,
        omitted_tests=_without(first, randomization),
        limitations=(*cautious, *cautions(measure, first, drawn, pairs, deterministic)),
    )


def _resampled(gathered: Gathered, resamples: Draws) -> dict[str, Resampled]:
    """Resample all runs together; a single cluster, which holds no information, gives no draws."""
    measure = gathered.measure
    views = {name: measure.view(sample) for name, sample in gathered.samples.items()}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in views}
    width = len(next(iter(views.values()))) if measure.metric.kind == "table" else 1
    for weights in resamples.blocks(width) if resamples.n_clusters > 1 else ():
        for name, view in views.items():
            parts[name].append(measure.drawn(view, weights))
    found = {}
    for name, by_seed in gathered.by_seed.items():
        values = np.concatenate(parts[name]) if parts[name] else np.empty((0, len(by_seed)))
        found[name] = resampled(by_seed, values, resamples, name)
    return {name: _centred(one) for name, one in found.items()} if measure.metric.biased else found


def _centred(run: Resampled) -> Resampled:
    """Move draws that resampling shifts back to where they belong; see ``Metric.biased``."""
    if not len(run.draws) or np.isnan(run.draws).all():
        return run
    drawn, items = (one - np.nanmean(one) + run.value for one in (run.draws, run.item_draws))
    return replace(run, draws=drawn, item_draws=items)


def _reference(gathered: Gathered, ranked: Sequence[str], smallest: float) -> tuple[str, tuple[str, ...]]:
    """Choose what all runs are compared with where they are too many for every pair; empty where not.

    Too many: were every pair compared, the smallest p-value that this many draws can give would not survive
    the correction.
    """
    every = len(ranked) * (len(ranked) - 1) // 2
    if every * smallest <= LEVEL:
        return "", ()
    known = {name: value for name, value in gathered.on_validation.items() if not math.isnan(value)}
    if len(known) == len(ranked):
        pick = max if gathered.measure.higher_is_better else min
        return pick(known, key=known.__getitem__), ()
    return ranked[0], (
        "Not all runs have validation rows, so the run that all are compared with was chosen by the test"
        " items themselves: that flatters it, and p-values are too small.",
    )


def _without(first: AlignedPredictions, randomization: Randomization) -> dict[str, str]:
    reasons = {"McNemar": no_mcnemar(first), "randomization": randomization.reason}
    return {name: reason for name, reason in reasons.items() if reason}


def _groups(ranked: Sequence[str], pairs: Sequence[Pair], reference: str) -> tuple[tuple[str, ...], ...]:
    separable = {pair.names for pair in pairs if pair.separable}
    if not reference:
        return tie_groups(ranked, separable)
    place = ranked.index(reference)
    told = {name for name in ranked if frozenset((name, reference)) in separable}
    better = tuple(name for name in ranked[:place] if name in told)
    worse = tuple(name for name in ranked[place + 1 :] if name in told)
    tied = tuple(name for name in ranked if name not in told)
    return tuple(group for group in (better, tied, worse) if group)


def _entries(
    ranked: Sequence[str],
    drawn: Mapping[str, Resampled],
    groups: Sequence[Sequence[str]],
    measure: ScalarMetric,
    clusters: float,
) -> Iterator[RankedRun]:
    for rank, name in enumerate(ranked, start=1):
        run = drawn[name]
        ends = interval(run.draws, clusters=clusters)
        low, high = (float(end) for end in np.clip(ends, measure.metric.low, measure.metric.high))
        several = len(run.by_seed) > 1
        defined = len(run.item_draws) > 1 and not math.isnan(low)
        yield RankedRun(
            rank=rank,
            name=name,
            value=run.value,
            low=low,
            high=high,
            seed_sd=float(run.by_seed.std(ddof=1)) if several else math.nan,
            item_se=float(np.nanstd(run.item_draws, ddof=1)) if defined else math.nan,
            n_seeds=len(run.by_seed),
            group=next(number for number, group in enumerate(groups, start=1) if name in group),
        )
