"""Predictions with and without the target in; what reading the target adds to the score out.

A classifier that ignores the target can score well if most sentences take one side. Its twin, trained in the
same way but without the target, shows how well that works on this corpus.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from harness.audits.audit_protocol import Queries, Subject, Unavailable
from harness.audits.verdicts import what_would_decide
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.retraining import stretch
from harness.scoring.score import drawn_values, seed_values
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.paired import Difference, Resampled, difference, resampled
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding, Measure, Verdict, not_applicable
from harness.values.formatting import interval, number
from harness.values.minimums import MIN_ITEMS

NAME = "target_use"
DRAWS = 2_000


def target_use(*, minutes: float = 10.0, equivalent: float = 0.02) -> TargetUse:
    """Train the classifier once more without the target, and score both on the same items.

    Parameters
    ----------
    minutes : float
        Limit for training without the target, estimated from the time that training with it took; with 0,
        only twins that are trained anyway are used. A classifier of the same experiment that is such a twin
        is not trained again.
    equivalent : float
        A gain in the primary metric below this counts as none, in (0, 1): the audit fails if the interval
        of the gain ends below it, passes if it begins above 0, and is undecided otherwise.

    Raises
    ------
    ConfigError
        If one is out of range.
    """
    wrong = (
        ("minutes", minutes < 0, f"should be 0 or more, got {minutes}"),
        ("equivalent", not 0 < equivalent < 1, f"should be between 0 and 1, got {equivalent}"),
    )
    problems = [Problem(where, what) for where, is_wrong, what in wrong if is_wrong]
    if problems:
        raise ConfigError(problems)
    return TargetUse(minutes, equivalent)


@dataclass(frozen=True)
class TargetUse:
    """See :func:`target_use`."""

    minutes: float
    equivalent: float
    needs_model = False

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Compare the classifier with its twin; no prediction is needed."""
        reason = subject.no_parties_reason() or subject.few_shared_reason()
        without_target = subject.without_target
        if not reason and isinstance(without_target, Unavailable):
            reason = without_target.reason
        if reason or subject.predictions is None or isinstance(without_target, Unavailable):
            return not_applicable(NAME, reason or "There are no predictions of the classifier itself.")
        few = subject.few_items_reason(len(subject.examples), "test items are scored")
        if few:
            return not_applicable(NAME, few)
        sample, twin = (
            AlignedPredictions.of(predictions.only(split="test"))
            for predictions in (subject.predictions, without_target)
        )
        gap = compared(sample, twin, subject.metric)
        measures = [Measure("difference", gap.value, gap.low, gap.high, sample.n_items)]
        # A sentence with one target can be labelled without reading it, which dilutes the difference: the
        # others are measured apart.
        shared = _ids_with_several_targets(subject)
        part = sample.only(shared)
        if MIN_ITEMS <= part.n_items < sample.n_items:
            inner = compared(part, twin.only(shared), subject.metric)
            measures.append(Measure("several_targets", inner.value, inner.low, inner.high, part.n_items))
        verdict = _verdict(gap, self.equivalent)
        return Finding(NAME, verdict, _sentence(subject, measures[0], verdict), tuple(measures))


def compared(sample: AlignedPredictions, twin: AlignedPredictions, metric: Metric) -> Difference:
    """Return how much better a classifier scores than its twin, on the same resamples of items.

    Parameters
    ----------
    sample, twin : AlignedPredictions
        Of the same items in the same order.
    metric : Metric
    """
    resamples = Draws(sample.n_clusters, DRAWS, 0)
    # The names select the random streams of the seeds.
    with_target, without = (
        _drawn(aligned, metric, resamples, name) for aligned, name in ((sample, "own"), (twin, "blind"))
    )
    # Of errors and costs the twin's is the higher one where reading the target helps.
    better, worse = (with_target, without) if metric.direction == "higher" else (without, with_target)
    return difference(better, worse, sample.n_items, sample.effective_clusters)


def _drawn(sample: AlignedPredictions, metric: Metric, resamples: Draws, name: str) -> Resampled:
    view = sample.ordered(metric.needs_labels)
    if sample.n_clusters > 1:
        drawn = np.concatenate(
            [drawn_values(view, metric, weights) for weights in resamples.blocks(len(sample))]
        )
    else:
        # One cluster says nothing about how clusters differ: all that rests on draws is NaN.
        drawn = np.full((resamples.n_draws, len(sample.seeds)), math.nan)
    return resampled(seed_values(sample, metric), drawn, resamples, name, stretch(sample))


def _ids_with_several_targets(subject: Subject) -> Collection[str]:
    rows = subject.corpus.rows
    return {
        str(id_)
        for id_, text in zip(rows["id"], rows["text"], strict=True)
        if len(subject.targets_of.get(str(text), ())) > 1
    }


def _verdict(gap: Difference, equivalent: float) -> Verdict:
    """Return whether a gain is shown, shown to be none, or neither."""
    if gap.low > 0:
        return "passed"
    # NaN, without an interval, is not below either.
    return "failed" if gap.high < equivalent else "undecided"


def _sentence(subject: Subject, gap: Measure, verdict: Verdict) -> str:
    name, metric, higher = subject.name, subject.metric.name, subject.metric.direction == "higher"
    gain = number(gap.value, signed=True)
    adds, better = ("adds", "higher") if higher else ("saves", "lower")
    if math.isnan(gap.low):
        return f"Reading the target {adds} {gain} in {metric}. {what_would_decide(gap, 0)}"
    bounds = interval(gap.low, gap.high, signed=True)
    if verdict == "passed":
        return (
            f"Reading the target {adds} {gain} ({bounds}) in {metric}: {name} scores that much"
            f" {better} than the same classifier trained without the target, on the same items."
        )
    if gap.value == gap.low == gap.high == 0:
        return f"{name} labels exactly as it does without the target: it does not read it."
    difference = f"the {'difference' if higher else 'saving'} is {gain} ({bounds}) in {metric}"
    if verdict == "failed":
        return (
            f"Trained without the target, {name} scores as well: {difference}."
            " Its score says nothing about stance toward the party."
        )
    return (
        f"Whether {name} scores {better} than the same classifier trained without the target is not shown:"
        f" {difference}. {what_would_decide(gap, 0)}"
    )
