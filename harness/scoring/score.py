"""Predictions in, Scores out: each value with its interval over items and its spread over seeds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.counts import one_vs_rest
from harness.scoring.metrics.metric import Metric
from harness.scoring.metrics.selection import refusal
from harness.scoring.retraining import stretch
from harness.scoring.score_intervals import ClusterSums, ends, pseudo_counts, widened_level, wider
from harness.scoring.statistics.bootstrap import Draws, by_cluster, interval, over_items_and_seeds, totals
from harness.scoring.statistics.cross_validation import stretched
from harness.values.errors import ConfigError, PredictionsError, Problem
from harness.values.minimums import MIN_LABEL_ITEMS
from harness.values.tables import SCORE_COLUMNS, Predictions, Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

ALL = "all"
"""Name of the slice that holds the whole split."""

DRAWS = 2_000
"""Each end of an interval rests on fifty of them. Comparisons take five times as many."""

TABLE_DRAWS = 1_000
"""Maximum draws for metrics of ranks or bins: each of their draws costs a pass over all items."""

PORTION = 2**18
"""Numbers in a portion of draws that is expanded to items or targets: 2 MB, so that it stays in cache."""

MIN_PORTION = 64
"""Draws in a portion of a large test set: each sorts the items once, which takes as long as some draws."""

MAX_PORTION = 32 * PORTION
"""Numbers that such a portion may have."""


def score(
    predictions: Predictions,
    metrics: Sequence[Metric],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    slices: Mapping[str, Collection[str]] | None = None,
) -> Scores:
    """Score every split of a run.

    Parameters
    ----------
    predictions : Predictions
        Of one run: any splits, seeds and folds. Folds and their repeats are pooled per seed.
    metrics : sequence of Metric
        A per-label metric gives one score per label, such as ``f1_critical``.
    draws : int
        Bootstrap draws over clusters of test items and over seeds; at most :data:`TABLE_DRAWS` for metrics
        that need ranks or bins. With 0 there are no intervals (NaN).
    seed : int
        Equal seeds give equal intervals.
    slices : mapping of str to collection of str, optional
        Name of a slice → the ids in it; slices may overlap. Each is scored in every split that contains one
        of its items, in addition to ``"all"``.

    Returns
    -------
    Scores
        ``value`` is the mean over seeds; ``low`` and ``high`` are a 95 % interval, see
        :func:`score_interval`, NaN for a single cluster and where a label has too few items; of several folds
        it is about the classifier trained anew, see :mod:`harness.scoring.retraining`;
        ``seed_sd`` has one degree of freedom taken off, NaN for one seed; ``n`` counts items.

    Raises
    ------
    PredictionsError
        If the table is empty or cannot be aligned, see :meth:`AlignedPredictions.of`, or if a metric needs
        probabilities and there are none.
    ConfigError
        If a metric does not apply to the labels.
    """
    import pandas as pd

    _check(predictions, metrics)
    rows: list[tuple[Any, ...]] = []
    for split in predictions.rows["split"].unique():
        whole = AlignedPredictions.of(predictions.only(split=split))
        for name, sample in _sliced(whole, slices or {}):
            rows += [(key, split, name, *numbers) for key, *numbers in _scored(sample, metrics, draws, seed)]
    return Scores(pd.DataFrame(rows, columns=list(SCORE_COLUMNS)))


def seed_values(sample: AlignedPredictions, metric: Metric) -> NDArray[np.float64]:
    """Return the value of a metric for each seed, ``(n_seeds,)``, or ``(n_seeds, k)`` if per label."""
    # The value on all items is a draw in which every cluster occurs once: one code path for both.
    whole = np.ones((1, sample.n_clusters), dtype=np.float32)
    return np.asarray(drawn_values(sample.ordered(metric.needs_labels), metric, whole)[0])


def drawn_values(
    sample: AlignedPredictions, metric: Metric, weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the value of a metric for each seed in each draw.

    Parameters
    ----------
    sample : AlignedPredictions
        With the labels that the metric needs in front, see :meth:`AlignedPredictions.ordered`.
    metric : Metric
        Of any kind.
    weights : (draws, n_clusters) array
        How often each cluster was drawn.

    Returns
    -------
    ndarray of float64
        ``(draws, n_seeds)``, or ``(draws, n_seeds, k)`` for a per-label metric.
    """
    kinds = {"counts": _from_counts, "items": _from_items, "table": _from_table}
    if metric.by_target:
        return np.asarray(_from_target_counts(sample, metric, weights), dtype=np.float64)
    return np.asarray(kinds[metric.kind](sample, metric, weights), dtype=np.float64)


def _check(predictions: Predictions, metrics: Sequence[Metric]) -> None:
    if predictions.rows.empty:
        raise PredictionsError("there are no predictions to score")
    reasons = [refusal(metric, predictions.labels) for metric in metrics]
    problems = [Problem(f"metrics.{index}", reason) for index, reason in enumerate(reasons) if reason]
    if problems:
        raise ConfigError(problems)
    need_probabilities = [metric.name for metric in metrics if metric.probabilities]
    if need_probabilities and not predictions.has_probabilities:
        raise PredictionsError(f"there are no probabilities, which {', '.join(need_probabilities)} need")


def _sliced(
    whole: AlignedPredictions, slices: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, AlignedPredictions]]:
    yield ALL, whole
    for name, ids in slices.items():
        part = whole.only(ids)
        if len(part):
            yield name, part


def _scored(
    sample: AlignedPredictions, metrics: Sequence[Metric], n_draws: int, seed: int, *, anew: bool = True
) -> Iterator[tuple[str, float, float, float, float, int]]:
    """Yield key, value, low, high, seed_sd and n of each score; ``anew`` as in :func:`interval_of`."""
    factor = stretch(sample) if anew else 1.0
    # Metrics that need the same label order share one reordered sample and its confusion tables.
    views = {needed: sample.ordered(needed) for needed in {metric.needs_labels for metric in metrics}}
    drawn = _drawn(views, metrics, Draws(sample.n_clusters, n_draws, seed))
    for metric, draws in zip(metrics, drawn, strict=True):
        view = views[metric.needs_labels]
        by_seed = seed_values(view, metric)
        value = by_seed.mean(axis=0)
        low, high = score_interval(view, metric, draws, value)
        single_seed = len(sample.seeds) == 1
        sd = np.full(value.shape, np.nan) if single_seed else by_seed.std(axis=0, ddof=1)
        # Shifting or widening an interval can push it past the metric's range.
        ends_anew = (stretched(end, value, factor) for end in (low, high))
        bounds = (np.clip(end, metric.low, metric.high) for end in ends_anew)
        columns = [np.atleast_1d(column) for column in (value, *bounds, sd)]
        for key, *numbers in zip(_keys(sample, metric), *columns, strict=True):
            mean, low_end, high_end, spread = map(float, numbers)
            yield key, mean, low_end, high_end, spread, sample.n_items


def interval_of(
    sample: AlignedPredictions, metric: Metric, *, draws: int = DRAWS, seed: int = 0, anew: bool = True
) -> tuple[Array, Array]:
    """Return both ends of the interval of a metric as :func:`score` gives them, ``(1,)`` or one per label.

    Parameters
    ----------
    sample : AlignedPredictions
    metric : Metric
    draws, seed : int
        Of the bootstrap.
    anew : bool
        Of several folds: about the classifier trained anew; False: about the fitted models on other items.
    """
    rows = list(_scored(sample, [metric], draws, seed, anew=anew))
    return np.array([row[2] for row in rows]), np.array([row[3] for row in rows])


def _keys(sample: AlignedPredictions, metric: Metric) -> tuple[str, ...]:
    return metric.keys(sample.ordered(metric.needs_labels).labels)


@dataclass(frozen=True)
class MetricDraws:
    """A metric under resampling of items.

    Attributes
    ----------
    values : (draws, n_seeds) or (draws, n_seeds, k) array
    smoothed : array of that shape, or None
        The same with pseudo-counts, for metrics of counts.
    shares : (draws, n_seeds) array
        Share of each seed in each draw.
    """

    values: NDArray[np.float64]
    smoothed: NDArray[np.float64] | None
    shares: NDArray[np.float64]


def score_interval(
    view: AlignedPredictions, metric: Metric, drawn: MetricDraws, value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both ends of the interval of a metric, shaped like its value.

    See :mod:`harness.scoring.score_intervals`; metrics of ranks, bins or targets have percentiles, expanded
    for few clusters. There is none where a label has too few items, see ``MIN_LABEL_ITEMS``.
    """
    draws = over_items_and_seeds(drawn.values, drawn.shares)
    clusters = view.effective_clusters
    sums = cluster_function(view, metric)
    if sums is None or metric.biased or not len(draws):
        low, high = interval(draws, around=value if metric.biased else None, clusters=clusters)
        return _without_certainty(view, metric, low, high)
    smooth = draws if drawn.smoothed is None else over_items_and_seeds(drawn.smoothed, drawn.shares)
    columns = [np.atleast_2d(each.T) for each in (draws, smooth, drawn.values.mean(axis=1), sums.left_out())]
    values, bounds = np.atleast_1d(value), []
    for score, plain, smoothed, of_items, left_out in zip(values, *columns, strict=True):
        level = widened_level(left_out, _variance(of_items), _variance(plain), clusters)
        bounds.append(wider(ends(plain, level), ends(smoothed, level), float(score)))
    low, high = (np.array(side).reshape(value.shape) for side in zip(*bounds, strict=True))
    return _without_certainty(view, metric, low, high)


def _without_certainty(
    view: AlignedPredictions, metric: Metric, low: Array, high: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of an interval; NaN where it has no width, or rests on a label with too few items."""
    # An interval without width would claim certainty: all clusters are alike, which resampling cannot see.
    none = _rests_on_rare_label(view, metric) | (low == high)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def _variance(draws: NDArray[np.float64]) -> float:
    defined = draws[~np.isnan(draws)]
    return float(defined.var(ddof=1)) if len(defined) > 1 else 0.0


def _rests_on_rare_label(view: AlignedPredictions, metric: Metric) -> NDArray[np.bool_]:
    """Return whether a score rests on a label with too few items; one answer per label for such metrics."""
    rare = label_counts(view) < MIN_LABEL_ITEMS
    if metric.per_label:
        return rare
    # If labels come first by request, the others do not enter the average.
    used = rare[: len(metric.needs_labels) or None]
    return np.array(metric.averages_labels and bool(used.any()))


def label_counts(sample: AlignedPredictions) -> NDArray[np.int64]:
    """Return the number of items of each label, ``(k,)``; one that several repeats score counts once."""
    truth = sample.once.truth
    if sample.labels.multi:
        return np.asarray(truth.sum(axis=0), dtype=np.int64)
    return np.bincount(truth, minlength=len(sample.labels))


def _drawn(
    views: Mapping[tuple[str, ...], AlignedPredictions], metrics: Sequence[Metric], resamples: Draws
) -> list[MetricDraws]:
    """Return the draws of each metric, on the same resamples.

    A single cluster gives none: it carries no information about how clusters differ.
    """
    sample = next(iter(views.values()), None)
    if sample is None:
        return []
    parts: list[list[NDArray[Any]]] = [[] for _ in metrics]
    smoothed: list[list[NDArray[Any]]] = [[] for _ in metrics]
    width = len(sample) if any(metric.kind == "table" for metric in metrics) else 1
    added = {
        needed: pseudo_counts(view.cells, view.labels, resamples.n_draws, resamples.seed)
        for needed, view in views.items()
    }
    done = 0
    for weights in resamples.blocks(width) if resamples.n_clusters > 1 else ():
        counts = {needed: totals(weights, view.cells) for needed, view in views.items()}
        # Each with and without pseudo-counts.
        pairs = {
            needed: (table, table + added[needed][done : done + len(weights)])
            for needed, table in counts.items()
        }
        forms: dict[tuple[Any, ...], tuple[Array, Array]] = {}
        for part, smooth, metric in zip(parts, smoothed, metrics, strict=True):
            view = views[metric.needs_labels]
            if metric.kind == "counts" and not metric.by_target:
                # Metrics that need the same form of table share it.
                form = (metric.needs_labels, metric.tasks == "single")
                if form not in forms:
                    plain, more = pairs[metric.needs_labels]
                    forms[form] = as_declared(plain, view, metric), as_declared(more, view, metric)
                part.append(metric.function(forms[form][0]))
                smooth.append(metric.function(forms[form][1]))
                continue
            # Table metrics use the first draws only, so that all metrics see the same resamples.
            wanted = weights[: max(0, TABLE_DRAWS - done)] if metric.kind == "table" else weights
            if len(wanted):
                part.append(drawn_values(view, metric, wanted))
        done += len(weights)
    shares = resamples.seed_shares(len(sample.seeds))
    drawn = []
    for part, smooth, metric in zip(parts, smoothed, metrics, strict=True):
        # A single cluster has no draws; the empty array still needs the shape of the values.
        shape = (len(sample.labels),) if metric.per_label else ()
        values = np.concatenate(part) if part else np.empty((0, len(sample.seeds), *shape))
        drawn.append(MetricDraws(values, np.concatenate(smooth) if smooth else None, shares[: len(values)]))
    return drawn


def cluster_function(view: AlignedPredictions, metric: Metric) -> ClusterSums | None:
    """Return the metric as a function of sums over clusters; None if it is none."""
    # Counts by target are averages of ratios: no sum over clusters gives them.
    if metric.kind == "counts" and not metric.by_target:
        return ClusterSums(view.cells, lambda tables: metric.function(as_declared(tables, view, metric)))
    return cluster_sums(view, metric) if metric.kind == "items" else None


def _from_counts(sample: AlignedPredictions, metric: Metric, weights: NDArray[np.float32]) -> Array:
    tables = totals(weights, sample.cells)
    return metric.function(as_declared(tables, sample, metric))  # type: ignore[no-any-return]


def _from_target_counts(sample: AlignedPredictions, metric: Metric, weights: NDArray[np.float32]) -> Array:
    clusters, cells, shape = sample.target_cells
    width = int(np.prod(shape))
    # Bounded by the number of items too, so that a portion of a very large test set is a single draw.
    portion = max(1, min(len(weights), PORTION // width, 16 * PORTION // len(cells)))
    cells_of_draws = np.arange(portion)[:, None] * width + cells
    values = []
    for start in range(0, len(weights), portion):
        times = weights[start : start + portion].take(clusters, axis=1)
        n = len(times)
        counts = np.bincount(cells_of_draws[:n].ravel(), weights=times.ravel(), minlength=n * width)
        tables = counts.astype(np.float64, copy=False).reshape(n, *shape)
        values.append(metric.function(as_declared(tables, sample, metric)))
    return np.concatenate(values)


def as_declared(tables: Array, sample: AlignedPredictions, metric: Metric) -> Array:
    """Return tables in the form that the metric's ``tasks`` declares, see the module of ``Metric``."""
    return tables if sample.labels.multi or metric.tasks == "single" else one_vs_rest(tables)


def _from_items(sample: AlignedPredictions, metric: Metric, weights: NDArray[np.float32]) -> Array:
    sums = cluster_sums(sample, metric)
    return sums.statistic(totals(weights, sums.cells))


def cluster_sums(sample: AlignedPredictions, metric: Metric) -> ClusterSums:
    """Return what each cluster adds to an ``items`` metric, and the function from such sums to the metric."""
    by_seed = zip(sample.proba, sample.predicted, strict=True)
    values = np.stack([metric.function(sample.truth, *columns) for columns in by_seed], axis=1)
    statistic = metric.of_sums
    if statistic is None:
        # A mean is a ratio of two sums, so that clusters of different size are weighted correctly.
        values = np.stack([values, np.ones_like(values)], axis=-1)
        statistic = _mean
    return ClusterSums(by_cluster(values, sample.clusters, sample.n_clusters), statistic)


def _mean(sums: Array) -> Array:
    value: Array = sums[..., 0] / sums[..., 1]
    return value


def _from_table(sample: AlignedPredictions, metric: Metric, weights: NDArray[np.float32]) -> Array:
    values: list[Any] = []
    portion = max(1, PORTION // len(sample), min(MIN_PORTION, MAX_PORTION // len(sample)))
    for start in range(0, len(weights), portion):
        times = weights[start : start + portion].take(sample.clusters, axis=1)
        if metric.weighted:
            by_seed = zip(sample.proba, sample.predicted, strict=True)
            columns = [
                metric.function(sample.truth, proba, *([predicted] if metric.takes_predicted else []), times)
                for proba, predicted in by_seed
            ]
            values += [*np.stack(columns, axis=1)]
            continue
        # Without weights, an item that is drawn twice is repeated, and each draw is computed on its own.
        for row in times.astype(np.int64):
            drawn = np.repeat(np.arange(len(sample)), row)
            values.append([metric.function(sample.truth[drawn], proba[drawn]) for proba in sample.proba])
    return np.asarray(values)
