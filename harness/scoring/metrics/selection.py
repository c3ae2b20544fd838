"""Metric names and a label set in, metrics that apply to it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.scoring.metrics.metric import Metric
from harness.values import own_code
from harness.values.catalog import CATALOGUES, lookup
from harness.values.errors import ConfigError, Problem
from harness.values.labels import LabelSet
from harness.values.own_signature import UNREAD, first_text

# Accuracy hides rare labels: on GVFC an encoder is as accurate without class weights as with them (.794 and
# .780), but seldom predicts the two rarest frames (macro-F1 .665 and .729; experiments/public-corpora).
PRIMARY = "f1_macro"
"""The metric by which runs are ranked and promoted, unless a config names another."""

SINGLE = (
    PRIMARY,
    "accuracy",
    "balanced_accuracy",
    "f1",
    "precision",
    "recall",
    "mcc",
    "expected_cost",
    "f1_macro_shifted",
    "accuracy_shifted",
    "f1_shifted",
    "precision_shifted",
    "expected_cost_shifted",
    "auroc",
    "average_precision",
    "favg_pooled",
    "favg_target_mean",
    "log_loss",
    "brier",
    "ece_equal_mass",
    "ece_equal_width",
    "rmsce_debiased",
    "aurc",
)
"""Default metrics of a single-label task; the averages over the two sides only if both are labels."""

MULTI = (
    PRIMARY,
    "f1_micro",
    "f1",
    "precision",
    "recall",
    "average_precision",
    "average_precision_macro",
    "auroc",
    "exact_match",
    "jaccard",
    "hamming_loss",
    "f1_no_frame",
    "no_frame_gap",
    "log_loss",
    "brier",
    "ece_equal_mass",
    "ece_equal_width",
    "rmsce_debiased",
    "aurc",
)
"""Default metrics of a multi-label task."""


def default_names(labels: LabelSet) -> tuple[str, ...]:
    """Return the metrics of a config that names none; the primary metric comes first."""
    names = MULTI if labels.multi else SINGLE
    metrics = {name: lookup("metric", name, "") for name in names}
    return tuple(
        name
        for name, metric in metrics.items()
        if not refusal(metric, labels) and not unstated(metric, labels)[0]
    )


def resolve(names: Sequence[str] | None, primary: str, labels: LabelSet) -> tuple[Metric, ...]:
    """Look up the ``metrics`` and ``primary`` of a config and check that they apply to the label set.

    Parameters
    ----------
    names : sequence of str or None
        Names of the catalogue, or ``package.module:attribute`` for a user's own metric. Nothing is added to
        them. None stands for :func:`default_names`, preceded by the primary metric if that is another one.
    primary : str
        The metric by which runs are ranked: one of ``names``, with a single value.
    labels : LabelSet

    Returns
    -------
    tuple of Metric
        In the given order.

    Raises
    ------
    ConfigError
        Lists every name that is unknown, repeated, not a metric, or does not apply.
    """
    problems: list[Problem] = []
    if names is None:
        defaults = default_names(labels)
        # A primary metric outside the defaults is scored too: runs are ranked by it.
        names = defaults if primary in defaults else (primary, *defaults)
        paths = ["primary" if name == primary else "metrics" for name in names]
    else:
        paths = [f"metrics.{position}" for position in range(len(names))]
    metrics: dict[str, Metric] = {}
    for path, name in zip(paths, names, strict=True):
        metric, problem = _resolved(name, labels, path)
        if problem is not None:
            problems.append(problem)
        elif metric is not None and metric.name in metrics:
            problems.append(Problem(path, f"{metric.name!r} is named twice"))
        elif metric is not None:
            metrics[metric.name] = metric
    if not names:
        problems.append(Problem("metrics", "names no metric", "omit it for the defaults of the task"))
    elif not problems:
        problems += _primary_problems(primary, metrics)
    if problems:
        raise ConfigError(problems)
    return tuple(metrics.values())


def refusal(metric: Metric, labels: LabelSet) -> str:
    """Return why a metric does not apply to a label set; the empty string if it does."""
    task = "multi" if labels.multi else "single"
    if metric.tasks not in (task, "both"):
        return f"{metric.name!r} is for {metric.tasks}-label tasks, and this one is {task}-label"
    missing = [name for name in metric.needs_labels if name not in labels.names]
    if missing:
        needed = " and ".join(metric.needs_labels)
        return f"{metric.name!r} needs the labels {needed}, and this label set lacks {', '.join(missing)}"
    return ""


def unstated(metric: Metric, labels: LabelSet) -> tuple[str, str]:
    """Return that a metric needs costs or a label mix that are not stated, and the key; else empty."""
    if metric.needs_costs and labels.costs is None:
        return f"{metric.name!r} needs the costs of errors, and the config states none", "costs"
    if metric.needs_prevalence and labels.prevalence is None:
        return f"{metric.name!r} needs a label mix, and the config states none", "prevalence"
    return "", ""


def _resolved(name: str, labels: LabelSet, path: str) -> tuple[Metric | None, Problem | None]:
    try:
        metric = lookup("metric", name, path)
    except ConfigError as error:
        return None, error.problems[0]
    if own_code.level() == "read" and name not in CATALOGUES["metric"] and not isinstance(metric, Metric):
        # Only its source was read. Of what it says, the name is needed: it may be the primary metric.
        code = own_code.locate(name)
        return Metric(first_text(code.file, code.attribute), UNREAD, "items", "both"), None
    if not isinstance(metric, Metric):
        return None, Problem(path, f"{name!r} is not a Metric", "see harness.scoring.metrics.metric")
    if reason := refusal(metric, labels):
        return None, Problem(path, reason, f"applicable: {', '.join(default_names(labels))}")
    reason, key = unstated(metric, labels)
    if reason:
        return None, Problem(path, reason, f"state it under {key}")
    return metric.of(labels), None


def _primary_problems(primary: str, metrics: Mapping[str, Metric]) -> list[Problem]:
    """Check that the primary metric is one of the metrics and has a single value."""
    choices = [name for name, metric in metrics.items() if not metric.per_label]
    if primary in choices:
        return []
    reason = "has one value per label" if primary in metrics else "is not among the metrics"
    hint = f"choose one of {', '.join(choices)}" if choices else "add f1_macro to the metrics"
    return [Problem("primary", f"{primary!r} {reason}", hint)]
