"""Runs in, samples of the same items in the same order out; who does not belong is refused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.values.errors import PredictionsError
from harness.values.labels import LabelSet
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Gathered:
    """Runs that compare.

    Attributes
    ----------
    measure : ScalarMetric
    fingerprint : str
        Of their items and true labels.
    samples : dict
        Name → sample. Items, truth and clusters are the same in all of them.
    by_seed : dict
        Name → the score under each seed.
    on_validation : dict
        Name → mean over seeds on validation; NaN without validation rows.
    refused : dict
        Name → why it was left out.
    """

    measure: ScalarMetric
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


def gather(runs: Iterable[tuple[str, Predictions]], metric: str, split: str) -> Gathered:
    """Take runs in, one at a time, so that no two tables need be held at once.

    The runs that belong together are those with the test set that most of them have, the first one's where
    there are as many of another.

    Raises
    ------
    PredictionsError
        Where a name stands twice or fewer than two runs are left, with every reason.
    ConfigError
        Where the metric is unknown or does not apply.
    """
    taken: dict[str, _Run] = {}
    refused: dict[str, str] = {}
    measure: ScalarMetric | None = None
    for name, predictions in runs:
        if name in taken or name in refused:
            raise PredictionsError(f"two runs are called {name!r}; give each a name of its own")
        measure = measure or ScalarMetric.named(metric, predictions.labels)
        own = predictions.only(split=split)
        if own.rows.empty:
            refused[name] = f"it has no {split} rows"
        elif taken and own.labels != (labels := next(iter(taken.values())).sample.labels):
            refused[name] = f"its labels are {_listed(own.labels)}; those of the others are {_listed(labels)}"
        else:
            try:
                taken[name] = _taken(own, predictions, measure, split)
            except PredictionsError as error:
                refused[name] = f"its table cannot be used: {error}"
    if measure is None:
        raise PredictionsError("there is no run to compare")
    return _together(taken, refused, measure)


def _listed(labels: LabelSet) -> str:
    return ", ".join(labels.names) + (" (several at once)" if labels.multi else "")


def _taken(own: Predictions, predictions: Predictions, measure: ScalarMetric, split: str) -> _Run:
    sample = AlignedPredictions.of(own)
    order = np.argsort(sample.ids.astype(str), kind="stable")
    stated = own.has_probabilities
    on_validation = math.nan
    validation = predictions.only(split="validation") if split != "validation" else None
    if validation is not None and not validation.rows.empty and (stated or not measure.metric.probabilities):
        on_validation = float(measure.by_seed(AlignedPredictions.of(validation)).mean())
    return _Run(own.fingerprint(), sample.at(order), stated, on_validation)


def _together(taken: dict[str, _Run], refused: dict[str, str], measure: ScalarMetric) -> Gathered:
    counts = Counter(one.fingerprint for one in taken.values())
    fingerprint = max(counts, key=counts.__getitem__, default="")
    samples: dict[str, AlignedPredictions] = {}
    by_seed: dict[str, NDArray[np.float64]] = {}
    usual = next((run.sample for run in taken.values() if run.fingerprint == fingerprint), None)
    reference: AlignedPredictions | None = None
    for name, run in taken.items():
        reason = ""
        if usual is not None and run.fingerprint != fingerprint:
            reason = f"it was scored on another test set (fingerprint {run.fingerprint}): "
            reason += _elsewhere(usual, run.sample)
        elif measure.metric.probabilities and not run.has_probabilities:
            reason = f"it has no probabilities, which {measure.key} needs"
        elif reference is not None:
            reason = _differs(reference, run.sample)
        values = measure.by_seed(run.sample) if not reason else None
        if values is None or not _finite(values):
            refused[name] = reason or f"its {measure.key} is undefined on these items"
            continue
        reference = reference or run.sample
        # The same arrays are held once, not once a run.
        samples[name] = replace(
            run.sample, ids=reference.ids, truth=reference.truth, clusters=reference.clusters
        )
        by_seed[name] = values
    if len(samples) < 2:
        reasons = [f"{name}: {reason}" for name, reason in refused.items()]
        known = f"only {next(iter(samples))} is left" if samples else "none is left"
        raise PredictionsError("\n".join([f"a comparison takes two runs, and {known}", *reasons]))
    on_validation = {name: taken[name].on_validation for name in samples}
    return Gathered(measure, fingerprint, samples, by_seed, on_validation, refused)


def _finite(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).all())


def _elsewhere(usual: AlignedPredictions, sample: AlignedPredictions) -> str:
    """Say in what a test set is not the usual one."""
    own, others = set(sample.ids), set(usual.ids)
    parts = [f"{len(sample):,} items"]
    if lacking := len(others - own):
        parts.append(f"{lacking:,} of the others' are missing")
    if strange := len(own - others):
        parts.append(f"{strange:,} are not among the others'")
    if own == others and len(sample) == len(usual):
        differing = sample.truth != usual.truth
        count = int((differing.any(axis=1) if sample.labels.multi else differing).sum())
        parts.append(f"{count:,} with another true label")
    return ", ".join(parts)


def _differs(reference: AlignedPredictions, sample: AlignedPredictions) -> str:
    """Say why a run with equal ids and truth does not compare; the empty string where it does."""
    if len(sample) != len(reference):
        return f"it scores {len(sample):,} rows of the test set, the others {len(reference):,}"
    if not np.array_equal(sample.clusters, reference.clusters):
        return "it groups the test items in another way than the others"
    if not np.array_equal(sample.targets, reference.targets):
        return "it names other targets than the others"
    return ""
