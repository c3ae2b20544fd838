"""Runs and a metric in, a Comparison out.

How often the intervals cover the truth, and how often equal runs are told apart, is simulated in
``experiments/statistics``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.eligible_runs import EligibleRuns, eligible_runs
from harness.scoring.comparison.pairs import Randomization, compare_pairs, mcnemar_omitted
from harness.scoring.comparison.ranking import Comparison, Pair, RankedRun
from harness.scoring.limitations import comparison_limitations, missing_limitations
from harness.scoring.retraining import stretch
from harness.scoring.score import TABLE_DRAWS
from harness.scoring.statistics import bootstrap
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.few_clusters import smallest_p
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, tie_groups
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
    """Rank runs and test which of their differences are established.

    All runs are resampled on the same clusters of items, their seeds vary independently; of cross-validated
    runs, see :mod:`harness.scoring.retraining`. Every pair is compared, with Holm's correction; if so many
    that these draws could establish no difference, every run with the one that is best on validation.

    Parameters
    ----------
    runs : iterable of (str, Predictions)
        Names and tables; read one at a time, so an iterator that loads them needs little memory.
    metric : str
        See :meth:`ScalarMetric.named`.
    split : str
        Which rows are compared.
    draws, seed : int
        Of the bootstrap; of metrics of ranks or bins at most :data:`harness.scoring.score.TABLE_DRAWS`.
    deterministic : collection of str
        Names of runs that do not depend on a seed: a single seed is no limitation of theirs.

    Returns
    -------
    Comparison
        Runs that cannot be compared, such as those on another test set, are in ``refused`` with the reason.

    Raises
    ------
    PredictionsError
        If fewer than two runs can be compared, or a name occurs twice.
    ConfigError
        If the metric is unknown or does not apply.
    """
    eligible = eligible_runs(runs, metric, split)
    scalar_metric, samples = eligible.scalar_metric, eligible.samples
    # A metric of ranks or bins passes over all items in each draw.
    n_draws = min(draws, TABLE_DRAWS) if scalar_metric.metric.kind == "table" else draws
    first = next(iter(samples.values()))
    drawn = _resampled(eligible, Draws(first.n_clusters, n_draws, seed))
    ranked = sorted(drawn, key=lambda name: drawn[name].value, reverse=scalar_metric.higher_is_better)
    reference, on_test = _reference(eligible, ranked, smallest_p(n_draws, first.effective_clusters))
    randomization = Randomization.of(scalar_metric, samples, seed)
    family = [pair for pair in combinations(ranked, 2) if not reference or reference in pair]
    pairs = compare_pairs(scalar_metric, family, drawn, samples, randomization)
    groups = _tie_groups(ranked, pairs, reference)
    limited = comparison_limitations(scalar_metric.metric, first, drawn, pairs, deterministic)
    return Comparison(
        scalar_metric=scalar_metric,
        split=split,
        labels=first.labels,
        fingerprint=eligible.fingerprint,
        n_items=first.n_items,
        design=first.design,
        n_clusters=first.n_clusters,
        n_draws=n_draws,
        runs=tuple(_ranked_runs({name: drawn[name] for name in ranked}, groups, eligible, seed)),
        pairs=pairs,
        groups=groups,
        reference=reference,
        refused=eligible.refused,
        omitted_tests=_omitted_tests(first, randomization),
        limitations=(*on_test, *limited, *missing_limitations(samples)),
    )


def _resampled(eligible: EligibleRuns, resamples: Draws) -> dict[str, Resampled]:
    """Resample all runs together; a single cluster, which carries no information, gives no draws."""
    scalar_metric = eligible.scalar_metric
    views = {name: scalar_metric.view(sample) for name, sample in eligible.samples.items()}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in views}
    width = len(next(iter(views.values()))) if scalar_metric.metric.kind == "table" else 1
    # All runs see the same resampled clusters, so that what is hard for all of them cancels.
    for weights in resamples.blocks(width) if resamples.n_clusters > 1 else ():
        for name, view in views.items():
            parts[name].append(scalar_metric.drawn(view, weights))
    runs = {}
    for name, by_seed in eligible.by_seed.items():
        values = np.concatenate(parts[name]) if parts[name] else np.empty((0, len(by_seed)))
        run = resampled(by_seed, values, resamples, name, stretch(eligible.samples[name]))
        runs[name] = _centred(run) if scalar_metric.metric.biased else run
    return runs


def _centred(run: Resampled) -> Resampled:
    """Shift draws so that their mean is the value: resampling biases some metrics, see ``Metric.biased``."""
    if not len(run.draws) or np.isnan(run.draws).all():
        return run
    draws, item_draws = (values - np.nanmean(values) + run.value for values in (run.draws, run.item_draws))
    return replace(run, draws=draws, item_draws=item_draws)


def _reference(eligible: EligibleRuns, ranked: Sequence[str], smallest: float) -> tuple[str, tuple[str, ...]]:
    """Choose the run that all others are compared with; empty if all pairs can be compared.

    They cannot if the smallest p-value that this number of draws can give would not survive the correction
    for the number of pairs.
    """
    n_pairs = len(ranked) * (len(ranked) - 1) // 2
    if n_pairs * smallest <= SIGNIFICANCE_LEVEL:
        return "", ()
    scored = {name: value for name, value in eligible.on_validation.items() if not math.isnan(value)}
    if len(scored) == len(ranked):
        # Chosen on validation: a reference chosen on test would win by luck (the winner's curse).
        best = max if eligible.scalar_metric.higher_is_better else min
        return best(scored, key=scored.__getitem__), ()
    return ranked[0], (
        "Not all runs have validation rows, so the reference run was chosen on the test items themselves:"
        " its score is optimistic, and the p-values are too small.",
    )


def _omitted_tests(first: AlignedPredictions, randomization: Randomization) -> dict[str, str]:
    reasons = {"McNemar": mcnemar_omitted(first), "randomization": randomization.reason}
    return {name: reason for name, reason in reasons.items() if reason}


def _tie_groups(ranked: Sequence[str], pairs: Sequence[Pair], reference: str) -> tuple[tuple[str, ...], ...]:
    separable = {pair.names for pair in pairs if pair.separable}
    if not reference:
        return tie_groups(ranked, separable)
    rank = ranked.index(reference)
    differs = {name for name in ranked if frozenset((name, reference)) in separable}
    better = tuple(name for name in ranked[:rank] if name in differs)
    worse = tuple(name for name in ranked[rank + 1 :] if name in differs)
    tied = tuple(name for name in ranked if name not in differs)
    return tuple(group for group in (better, tied, worse) if group)


def _ranked_runs(
    ranked: Mapping[str, Resampled], groups: Sequence[Sequence[str]], eligible: EligibleRuns, seed: int
) -> Iterator[RankedRun]:
    for rank, (name, run) in enumerate(ranked.items(), start=1):
        sample = eligible.samples[name]
        low, high = eligible.scalar_metric.interval(sample, seed=seed)
        fitted = low, high
        if sample.design.cross_validated:
            fitted = eligible.scalar_metric.interval(sample, seed=seed, anew=False)
        # One seed has no spread, and one cluster no standard error: NaN, not 0.
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
            groups=tuple(number for number, group in enumerate(groups, start=1) if name in group),
            fitted_low=fitted[0],
            fitted_high=fitted[1],
        )
