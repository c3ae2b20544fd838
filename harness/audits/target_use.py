"""Predictions with the target and without in, what reading the target is worth out."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from harness.audits.audit_protocol import Queries, Subject
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.metrics.metric import Metric
from harness.scoring.score import drawn_values, seed_values
from harness.scoring.statistics.bootstrap import Draws
from harness.scoring.statistics.paired import Difference, Resampled, difference, resampled
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding, Measure, Verdict, not_applicable

NAME = "target_use"
DRAWS = 2_000
FEWEST = 30
"""Items of sentences with several targets below which these are not scored apart."""


def target_use(*, minutes: float = 10.0) -> TargetUse:
    """Train the classifier once more without the target, and score both on the same items.

    Parameters
    ----------
    minutes : float
        How long the training without the target may take, judged by how long that with it took; 0 takes only
        what is trained anyway. A blind classifier of the same experiment with the same options is not trained
        again.

    Raises
    ------
    ConfigError
        Where it is negative.
    """
    if minutes < 0:
        raise ConfigError([Problem("minutes", f"should be 0 or more, got {minutes}")])
    return TargetUse(minutes)


@dataclass(frozen=True)
class TargetUse:
    """See :func:`target_use`."""

    minutes: float
    needs_model = False

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Compare the two; nothing is asked."""
        why = subject.without_parties() or subject.few_share()
        if not why and isinstance(subject.blind, str):
            why = subject.blind or "It was not trained without the target."
        if why or subject.predictions is None or isinstance(subject.blind, str):
            return not_applicable(NAME, why or "There are no predictions of the classifier itself.")
        few = subject.too_few(len(subject.examples), "test items are scored")
        if few:
            return not_applicable(NAME, few)
        own, blind = (
            AlignedPredictions.of(one.only(split="test")) for one in (subject.predictions, subject.blind)
        )
        found = compared(own, blind, subject.metric)
        measures = [Measure("difference", found.value, found.low, found.high, len(own))]
        several = _several(subject)
        part = own.only(several)
        if FEWEST <= len(part) < len(own):
            inner = compared(part, blind.only(several), subject.metric)
            measures.append(Measure("several_targets", inner.value, inner.low, inner.high, len(part)))
        return Finding(NAME, _verdict(found), _sentence(subject, found), tuple(measures))


def compared(own: AlignedPredictions, blind: AlignedPredictions, metric: Metric) -> Difference:
    """Return how much higher the one scores than the other, under the same resamples of items.

    Parameters
    ----------
    own, blind : AlignedPredictions
        Of the same items in the same order.
    metric : Metric
    """
    resamples = Draws(own.n_clusters, DRAWS, 0)
    one, other = (_drawn(one, metric, resamples, name) for one, name in ((own, "own"), (blind, "blind")))
    return difference(one, other, len(own), own.effective_clusters)


def _drawn(sample: AlignedPredictions, metric: Metric, resamples: Draws, name: str) -> Resampled:
    view = sample.ordered(metric.needs_labels)
    if sample.n_clusters > 1:
        drawn = np.concatenate(
            [drawn_values(view, metric, weights) for weights in resamples.blocks(len(sample))]
        )
    else:
        drawn = np.full((resamples.n_draws, len(sample.seeds)), math.nan)
    return resampled(seed_values(sample, metric), drawn, resamples, name)


def _several(subject: Subject) -> Collection[str]:
    """Return the ids of rows whose sentence has several targets."""
    rows = subject.corpus.rows
    return {
        str(id_)
        for id_, text in zip(rows["id"], rows["text"], strict=True)
        if len(subject.targets_of.get(str(text), ())) > 1
    }


def _verdict(found: Difference) -> Verdict:
    if math.isnan(found.low):
        return "warning"
    return "passed" if found.low > 0 else "failed"


def _sentence(subject: Subject, found: Difference) -> str:
    name, metric = subject.name, subject.metric.name
    if math.isnan(found.low):
        return f"The difference that the target makes is {found.value:+.3f} in {metric}; it has no interval."
    interval = f"{found.low:+.3f} to {found.high:+.3f}"
    if found.low > 0:
        return (
            f"Reading the target is worth {found.value:+.3f} ({interval}) in {metric}: so much higher {name}"
            " scores than the same classifier trained without it, on the same items."
        )
    if found.value == found.low == found.high == 0:
        return f"{name} labels as it does without the target: it never reads it."
    return (
        f"Trained without the target {name} scores as well: the difference is {found.value:+.3f}"
        f" ({interval}) in {metric}. Its score says nothing of stance toward the party."
    )
