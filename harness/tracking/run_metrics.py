"""Everything that was measured of a run in, the few metrics that MLflow shows and a table of all out.

A run may have hundreds of numbers: every metric on two splits with its interval, each measure of each audit.
As metrics they would bury the scores. So a run logs the primary metric with interval and spread over seeds,
the other metrics on test, and its times; ``measures.csv`` among its files holds every number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.evaluation.results import summed_usage
from harness.tracking import names
from harness.values.findings import Findings
from harness.values.spreadsheets import frame_text

if TYPE_CHECKING:
    import pandas as pd

    from harness.evaluation.results import ClassifierResult, TrialResult
    from harness.scoring.metrics.metric import Metric
    from harness.values.labels import LabelSet
    from harness.values.tables import Predictions

MEASURES = "measures.csv"
"""The file of a run that holds every number."""

MAX_METRICS, MAX_TRIAL_METRICS = 30, 15
"""Final metrics of a classifier's run and of a trial's; training curves are apart."""

STATISTICS = ("low", "high", "seed_sd")
"""Ends of a key that say what a number is of its measure; without one it is the value itself."""

TIMES = ("time/fit_seconds", "time/predict_seconds")
TRIAL_USAGE = (
    *("usage/requests", "usage/input_tokens", "usage/output_tokens", "usage/cost"),
    *("usage/hits", "usage/refused", "usage/malformed"),
)
USAGE = (*TRIAL_USAGE, "usage/request_seconds")
MISSING = "missing"
"""Name of the share of predictions that are missing, of each part in which some are."""

MISSING_ON_TEST = f"test/{MISSING}"
TUNING = ("tuning/candidates", "tuning/seconds", "tuning/optimism")
RARE, TRIAL_RARE = (*USAGE, MISSING_ON_TEST, *TUNING), (*TRIAL_USAGE, MISSING_ON_TEST, *TUNING)
"""Where there is any, the last of the other metrics make room for it."""

ABSTENTION = ("test/abstention_coverage", "test/abstention_risk")
COLUMNS = ("key", "part", "measure", "statistic", "value")


def run_keys(
    primary: Metric, metrics: Sequence[Metric], labels: LabelSet, n_more: int = 0
) -> tuple[str, ...]:
    """Return the keys that a classifier's run may log as metrics, those of the primary metric first.

    Scores by label are among them only where those of all labels fit, and only of the first such metric (F1):
    some labels without the others would mislead.

    Parameters
    ----------
    primary : Metric
    metrics : sequence of Metric
        In the order of the config.
    labels : LabelSet
    n_more : int
        Metrics that are logged beside these, of what the classifier took.
    """
    with_interval = [
        key
        for split in names.SPLITS
        for key in (f"{split}/{primary.name}", *(f"{split}/{primary.name}_{end}" for end in STATISTICS))
    ]
    room = MAX_METRICS - len(with_interval) - len(ABSTENTION) - len(TIMES) - n_more
    others = _others(primary, metrics)[:room]
    by_label = next((metric.keys(labels) for metric in metrics if metric.per_label), ())
    if len(others) + len(by_label) <= room:
        others += [f"test/{name}" for name in by_label]
    return tuple(map(names.safe, (*with_interval, *others, *ABSTENTION, *TIMES)))


def trial_keys(primary: Metric, metrics: Sequence[Metric], n_more: int = 0) -> tuple[str, ...]:
    """Return the keys that a trial's run may log as metrics, those of the primary metric first.

    ``n_more`` as for :func:`run_keys`.
    """
    first = [f"{split}/{primary.name}" for split in names.SPLITS]
    room = MAX_TRIAL_METRICS - len(first) - len(TIMES) - n_more
    return tuple(map(names.safe, (*first, *_others(primary, metrics)[:room], *TIMES)))


def audit_keys(findings: Findings) -> tuple[str, ...]:
    """Return the keys that the run of a model's audits logs: the first measure of each, with its interval."""
    measured = [
        f"audit/{finding.audit}_{finding.measures[0].name}" for finding in findings if finding.measures
    ]
    room = MAX_METRICS // 3
    return tuple(
        names.safe(f"{key}{end}")
        for key in measured[:room]
        for end in ("", *(f"_{e}" for e in STATISTICS[:2]))
    )


def _others(primary: Metric, metrics: Sequence[Metric]) -> list[str]:
    """Return the keys on test of the metrics that have one value, without the primary one."""
    return [f"test/{metric.name}" for metric in metrics if not metric.per_label and metric != primary]


def seconds_of(result: ClassifierResult) -> dict[str, float]:
    """Return how long all trials took to fit and to predict, by key."""
    return {
        f"time/{name}_seconds": sum(trial.seconds.get(name, 0.0) for trial in result.trials)
        for name in ("fit", "predict")
    }


def missing_shares(predictions: Predictions) -> dict[str, float]:
    """Return the share of predictions that are missing by key, of each part in which some are."""
    shares = {
        f"{split}/{MISSING}": float(predictions.only(split=split).missing().mean())
        for split in predictions.rows["split"].unique()
    }
    return {key: share for key, share in shares.items() if share}


def usage_of(trials: Sequence[TrialResult]) -> dict[str, float]:
    """Return what trials took besides time, by key: sums, or means of what are shares."""
    return {f"usage/{name}": value for name, value in summed_usage(trials).items()}


def tuning_of(trials: Sequence[TrialResult]) -> dict[str, float]:
    """Return what the search for options took, by key: sums, and the mean optimism; empty without one."""
    records = [trial.search for trial in trials if trial.search is not None]
    if not records:
        return {}
    values = {
        "candidates": float(sum(record.n_fitted for record in records)),
        "seconds": sum(record.seconds for record in records),
        "optimism": sum(record.optimism for record in records) / len(records),
    }
    return {f"tuning/{name}": value for name, value in values.items() if not math.isnan(value)}


def shown(values: Mapping[str, float], keys: Sequence[str]) -> dict[str, float]:
    """Return the values that are logged as metrics, in the order of the keys."""
    # The order matters: the UI lists metrics as they were logged.
    return {key: values[key] for key in keys if key in values}


def measures_table(values: Mapping[str, float]) -> pd.DataFrame:
    """Return a table with a row for each number.

    Returns
    -------
    DataFrame
        ``key``, the name by which earlier versions logged it as a metric; ``part`` (``test``, ``audit``, …),
        ``measure`` and ``statistic`` (``value``, ``low``, ``high``, ``seed_sd``), which the key is made of;
        ``value``.
    """
    import pandas as pd

    rows = [(key, *_parts(key, values), value) for key, value in values.items() if not math.isnan(value)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def measures_csv(values: Mapping[str, float]) -> str:
    """Return the table of :func:`measures_table` as CSV."""
    return frame_text(measures_table(values))


def _parts(key: str, values: Mapping[str, float]) -> tuple[str, str, str]:
    part, _, name = key.partition("/")
    for end in STATISTICS:
        measure = name.removesuffix(f"_{end}")
        # Only where the measure itself is there: a measure may be called "too_low".
        if measure != name and f"{part}/{measure}" in values:
            return part, measure, end
    return part, name, "value"
