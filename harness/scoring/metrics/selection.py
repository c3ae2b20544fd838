"""Metric names and a label set in, metrics that apply to it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.scoring.metrics.metric import Metric
from harness.values.catalog import lookup
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet

PRIMARY = "f1_macro"
"""What runs are ranked and promoted by, unless a config says otherwise."""

SINGLE = (
    PRIMARY,
    "accuracy",
    "balanced_accuracy",
    "f1",
    "precision",
    "recall",
    "mcc",
    "favg_pooled",
    "favg_target_mean",
    "log_loss",
    "brier",
    "ece_equal_mass",
    "ece_equal_width",
    "aurc",
)
"""What a single-label task is scored by; the averages over the two sides only where both are labels."""

MULTI = (
    PRIMARY,
    "f1_micro",
    "f1",
    "precision",
    "recall",
    "average_precision",
    "average_precision_macro",
    "exact_match",
    "jaccard",
    "hamming_loss",
    "f1_no_frame",
    "no_frame_gap",
    "log_loss",
    "brier",
    "ece_equal_mass",
    "ece_equal_width",
    "aurc",
)
"""What a multi-label task is scored by."""


def default_names(labels: LabelSet) -> tuple[str, ...]:
    """Return the metrics of a config that names none; the primary one stands first."""
    names = MULTI if labels.multi else SINGLE
    return tuple(name for name in names if not refusal(lookup("metric", name, ""), labels))


def resolve(names: Sequence[str] | None, primary: str, labels: LabelSet) -> tuple[Metric, ...]:
    """Turn a config's ``metrics`` and ``primary`` into metrics, each of which applies to the label set.

    Parameters
    ----------
    names : sequence of str or None
        Names of the catalogue, or ``package.module:attribute`` of a user's own. Nothing is added to
        them. None stands for :func:`default_names`, the primary metric in front if it is another.
    primary : str
        What runs are ranked by: the name of one of the metrics, with one value.
    labels : LabelSet
        What is scored.

    Returns
    -------
    tuple of Metric
        In the given order.

    Raises
    ------
    ConfigError
        With every name that is unknown, repeated, no metric, or does not apply.
    """
    problems: list[Problem] = []
    if names is None:
        defaults = default_names(labels)
        names = defaults if primary in defaults else (primary, *defaults)
        places = ["primary" if name == primary else "metrics" for name in names]
    else:
        places = [f"metrics.{position}" for position in range(len(names))]
    metrics: dict[str, Metric] = {}
    for place, name in zip(places, names, strict=True):
        metric, problem = _resolved(name, labels, place)
        if problem is not None:
            problems.append(problem)
        elif metric is not None and metric.name in metrics:
            problems.append(Problem(place, f"{metric.name!r} is named twice"))
        elif metric is not None:
            metrics[metric.name] = metric
    if not names:
        problems.append(Problem("metrics", "names no metric", "left out, it is the task's standard set"))
    elif not problems:
        problems += _primary_problems(primary, metrics)
    if problems:
        raise ConfigError(problems)
    return tuple(metrics.values())


def refusal(metric: Metric, labels: LabelSet) -> str:
    """Say why a metric does not apply to a label set; the empty string where it does."""
    task = "multi" if labels.multi else "single"
    if metric.tasks not in (task, "both"):
        return f"{metric.name!r} is for {metric.tasks}-label tasks, and this one is {task}-label"
    missing = [name for name in metric.needs_labels if name not in labels.names]
    if missing:
        needed = " and ".join(metric.needs_labels)
        return f"{metric.name!r} needs the labels {needed}, and this label set lacks {', '.join(missing)}"
    return ""


def _resolved(name: str, labels: LabelSet, place: str) -> tuple[Metric | None, Problem | None]:
    try:
        metric = lookup("metric", name, place)
    except ConfigError as error:
        return None, error.problems[0]
    if not isinstance(metric, Metric):
        return None, Problem(place, f"{name!r} is not a Metric", "see harness.scoring.metrics.metric")
    if reason := refusal(metric, labels):
        return None, Problem(place, reason, f"applicable: {', '.join(default_names(labels))}")
    return metric, None


def _primary_problems(primary: str, metrics: Mapping[str, Metric]) -> list[Problem]:
    """Hold the primary metric to being one of the metrics, with one value."""
    choices = [name for name, metric in metrics.items() if not metric.per_label]
    if primary in choices:
        return []
    reason = "has one value a label" if primary in metrics else "is not among the metrics"
    hint = f"choose one of {', '.join(choices)}" if choices else "add f1_macro to the metrics"
    return [Problem("primary", f"{primary!r} {reason}", hint)]
