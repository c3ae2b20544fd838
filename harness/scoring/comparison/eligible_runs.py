"""Runs in; those that can be compared, aligned on the same items, out, and the others with the reason.

Two runs are compared only on the same items with the same true labels, groups and targets: a difference is
then due to the classifiers, and resampling can pair them cluster by cluster.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.scoring.metrics.metric import Metric
from harness.scoring.retraining import described
from harness.values.errors import PredictionsError
from harness.values.formatting import counted
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class EligibleRuns:
    """Runs that can be compared with each other.

    Attributes
    ----------
    scalar_metric : ScalarMetric
    fingerprint : str
        Of their items and true labels.
    samples : dict
        Name → aligned predictions. Items, truth and clusters are the same in all of them.
    by_seed : dict
        Name → the score of each seed, ``(n_seeds,)``.
    on_validation : dict
        Name → mean over seeds on validation; NaN without validation rows.
    refused : dict
        Name of an excluded run → reason.
    """

    scalar_metric: ScalarMetric
    fingerprint: str
    samples: dict[str, AlignedPredictions]
    by_seed: dict[str, NDArray[np.float64]]
    on_validation: dict[str, float]
    refused: dict[str, str]


@dataclass(frozen=True)
class _Run:
    fingerprint: str
    sample: AlignedPredictions
    has_probabilities: bool
    on_validation: float


def eligible_runs(runs: Iterable[tuple[str, Predictions]], metric: str, split: str) -> EligibleRuns:
    """Read runs one at a time, so that only one table is in memory, and align those that can be compared.

    The test set of the comparison is the one that most runs have; of equally frequent ones, the first run's.

    Parameters
    ----------
    runs : iterable of (str, Predictions)
    metric : str
        See :meth:`ScalarMetric.named`.
    split : str

    Raises
    ------
    PredictionsError
        If a name occurs twice, or fewer than two runs can be compared; lists every reason.
    ConfigError
        If the metric is unknown or does not apply.
    """
    read: dict[str, _Run] = {}
    refused: dict[str, str] = {}
    scalar_metric: ScalarMetric | None = None
    of_metric = LabelSet(("", " "))
    for name, predictions in runs:
        if name in read or name in refused:
            raise PredictionsError(f"two runs are called {name!r}; give each its own name")
        if scalar_metric is None:
            scalar_metric, of_metric = ScalarMetric.named(metric, predictions.labels), predictions.labels
        rows = predictions.only(split=split)
        if rows.rows.empty:
            refused[name] = f"it has no {split} rows"
        elif read and rows.labels != (labels := next(iter(read.values())).sample.labels):
            refused[name] = f"its labels are {_listed(rows.labels)}; the other runs have {_listed(labels)}"
        elif other := _stated_otherwise(scalar_metric.metric, rows.labels, of_metric):
            refused[name] = f"its config states {other}"
        else:
            try:
                read[name] = _read(rows, predictions, scalar_metric, split)
            except PredictionsError as error:
                refused[name] = f"its table cannot be used: {error}"
    if scalar_metric is None:
        raise PredictionsError("there is no run to compare")
    return _on_one_test_set(read, refused, scalar_metric)


def _listed(labels: LabelSet) -> str:
    return ", ".join(labels.names) + (" (several per item)" if labels.multi else "")


def _stated_otherwise(metric: Metric, labels: LabelSet, others: LabelSet) -> str:
    """Say what two configs state differently that a metric depends on; empty where they agree."""
    first, second = ((each.costs, each.prevalence) for each in (labels, others))
    if metric.needs_costs and (first[0] and first[0].stated) != (second[0] and second[0].stated):
        return "other costs of errors"
    if metric.needs_prevalence and (first[1] and first[1].stated) != (second[1] and second[1].stated):
        return "another label mix"
    return ""


def _read(rows: Predictions, predictions: Predictions, scalar_metric: ScalarMetric, split: str) -> _Run:
    """Align the rows of the compared split, sorted by id; score the validation rows, if any."""
    sample = AlignedPredictions.of(rows)
    # Sorted by id, rows of different files can be compared position by position.
    order = np.argsort(sample.ids.astype(str), kind="stable")
    scorable = rows.has_probabilities or not scalar_metric.metric.probabilities
    on_validation = math.nan
    validation = predictions.only(split="validation") if split != "validation" else None
    if validation is not None and not validation.rows.empty and scorable:
        on_validation = float(scalar_metric.by_seed(AlignedPredictions.of(validation)).mean())
    return _Run(rows.fingerprint(), sample.at(order), rows.has_probabilities, on_validation)


def _on_one_test_set(
    read: dict[str, _Run], refused: dict[str, str], scalar_metric: ScalarMetric
) -> EligibleRuns:
    # ``max`` returns the first of equally frequent fingerprints: the first run decides.
    counts = Counter(run.fingerprint for run in read.values())
    fingerprint = max(counts, key=counts.__getitem__, default="")
    samples: dict[str, AlignedPredictions] = {}
    by_seed: dict[str, NDArray[np.float64]] = {}
    usual = next((run.sample for run in read.values() if run.fingerprint == fingerprint), None)
    reference: AlignedPredictions | None = None
    for name, run in read.items():
        reason = ""
        if usual is not None and run.fingerprint != fingerprint:
            reason = f"it was scored on another test set (fingerprint {run.fingerprint}): "
            reason += _other_test_set(usual, run.sample)
        elif scalar_metric.metric.probabilities and not run.has_probabilities:
            reason = f"it has no probabilities, which {scalar_metric.key} needs"
        elif reference is not None:
            reason = _mismatch(reference, run.sample)
        # Computed once, here: an undefined score would otherwise rank first or last.
        values = scalar_metric.by_seed(run.sample) if not reason else None
        if values is None or not np.isfinite(values).all():
            refused[name] = reason or f"its {scalar_metric.key} is undefined on these items"
            continue
        reference = reference or run.sample
        # Arrays that are equal in all runs are kept in memory once, not once per run.
        samples[name] = replace(
            run.sample, ids=reference.ids, truth=reference.truth, clusters=reference.clusters
        )
        by_seed[name] = values
    if len(samples) < 2:
        usable = f"only {next(iter(samples))} can be used" if samples else "none can be used"
        reasons = [f"{name}: {reason}" for name, reason in refused.items()]
        raise PredictionsError("\n".join([f"a comparison needs two runs, and {usable}", *reasons]))
    on_validation = {name: read[name].on_validation for name in samples}
    return EligibleRuns(scalar_metric, fingerprint, samples, by_seed, on_validation, refused)


def _other_test_set(usual: AlignedPredictions, sample: AlignedPredictions) -> str:
    """Describe how a test set differs from the usual one."""
    ids, usual_ids = set(sample.ids), set(usual.ids)
    parts = [counted(sample.n_items, "item")]
    if missing := len(usual_ids - ids):
        parts.append(f"{missing:,} of the usual items are missing")
    if extra := len(ids - usual_ids):
        parts.append(f"{extra:,} are not among the usual items")
    sample, usual = sample.once, usual.once
    if ids == usual_ids and len(sample) == len(usual):
        differs = sample.truth != usual.truth
        count = int((differs.any(axis=1) if sample.labels.multi else differs).sum())
        parts.append(f"{count:,} with another true label")
    return ", ".join(parts)


def _mismatch(reference: AlignedPredictions, sample: AlignedPredictions) -> str:
    """Describe why a run with equal ids and truth cannot be compared; the empty string if it can."""
    if sample.design.repeats != reference.design.repeats:
        return (
            f"its folds are {described(sample.design)}, those of the other runs {described(reference.design)}"
        )
    if len(sample) != len(reference):
        return f"it scores {counted(len(sample), 'row')} of the test set, the other runs {len(reference):,}"
    if not np.array_equal(sample.clusters, reference.clusters):
        return "its test items are grouped differently from those of the other runs"
    if not np.array_equal(sample.targets, reference.targets):
        return "its targets differ from those of the other runs"
    return ""
