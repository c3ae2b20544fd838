"""Classifiers of an experiment in, the one that promotion takes out: by validation, then audits, then cost.

What reads no word gives way to what it cannot be told from: on a few rows, everything ties with a baseline.

Of several classifiers that cannot be told apart, the one with the best score is best by luck as often as not.
What is known of them beyond the score decides instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.config.promotion_policy import PromotionPolicy
from harness.scoring.aligned import AlignedPredictions
from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.optimism import selection_optimism
from harness.scoring.comparison.scalar_metric import ScalarMetric
from harness.values.errors import PredictionsError
from harness.values.formatting import counted, duration, number, rounded_up
from harness.values.tables import Predictions

SPLIT = "validation"
DRAWS = 2_000
"""Enough to establish a difference among up to nine classifiers, and quick enough for the end of each run."""

BASELINES = ("majority", "prior", "every_label")
"""Kinds of classifiers that read no word."""

LEAST_OPTIMISM = 0.0005
"""What would be shown as 0.000 is not."""

SHORTEST = 0.1
"""Seconds; what takes less counts as equally fast, as does what lies within one factor of two: a busy machine
changes a time by as much."""


@dataclass(frozen=True)
class Contender:
    """A classifier that could be promoted: it has a model.

    Attributes
    ----------
    name : str
    predictions : Predictions
    verdicts : mapping
        Audit → verdict.
    seconds : float
        What predicting took, mean over trials; NaN where it is unknown.
    deterministic : bool
        Whether it is the same under every seed.
    kind : str
        As in the config; one of :data:`BASELINES` gives way to what it cannot be told from.
    """

    name: str
    predictions: Predictions = field(repr=False)
    verdicts: Mapping[str, str] = field(default_factory=dict)
    seconds: float = math.nan
    deterministic: bool = False
    kind: str = ""

    @property
    def cost(self) -> float:
        """The time in steps of a factor of two; infinite where it is unknown."""
        if math.isnan(self.seconds):
            return math.inf
        return float(math.floor(math.log2(max(self.seconds, SHORTEST) / SHORTEST)))

    def counts(self, policy: PromotionPolicy) -> tuple[int, int, int]:
        """Count failed audits that block, failed audits, and warnings; those that are off count nowhere."""
        counted = {name: word for name, word in self.verdicts.items() if policy.action(name) != "off"}
        failed = [name for name, word in counted.items() if word == "failed"]
        blocking = sum(map(policy.blocks, failed))
        return blocking, len(failed), sum(word == "warning" for word in counted.values())


@dataclass(frozen=True)
class Choice:
    """The classifier that promotion takes, and why.

    Attributes
    ----------
    name : str
    best : str
        The one with the best score on validation.
    tied : tuple of str
        Those that cannot be told from the best, it included, best first.
    sentence : str
    verdict : str
        Whether the best can be told from the others on validation; for the screen, which is short.
    """

    name: str
    best: str
    tied: tuple[str, ...]
    sentence: str
    verdict: str = ""


def choose(contenders: Sequence[Contender], metric: str, policy: PromotionPolicy) -> Choice | None:
    """Choose the classifier to promote.

    Parameters
    ----------
    contenders : sequence of Contender
        Scored on the same rows.
    metric : str
        The primary metric.
    policy : PromotionPolicy
        Which audits block.

    Returns
    -------
    Choice or None
        None where no contender has a score on validation.
    """
    scores = {contender.name: validation_score(contender, metric) for contender in contenders}
    scored = [contender for contender in contenders if not math.isnan(scores[contender.name])]
    if not scored:
        return None
    if len(scored) == 1:
        name = scored[0].name
        sentence = f"{name} is the only classifier with a model and a validation score."
        return Choice(name, name, (name,), sentence, sentence)
    comparison = compare(
        ((contender.name, contender.predictions) for contender in scored),
        metric,
        split=SPLIT,
        draws=DRAWS,
        deterministic={contender.name for contender in scored if contender.deterministic},
    )
    tied = comparison.tied_with_best()
    if len(tied) == 1:
        verdict = _separated(comparison)
        return Choice(tied[0], tied[0], tied, f"{verdict}{_optimism(comparison)}", verdict)
    # Of equal ones the better score: `tied` is in its order, and sorting keeps the order of equals.
    by_name = {contender.name: contender for contender in scored}
    ranked = sorted((by_name[name] for name in tied), key=lambda contender: _rank(contender, policy))
    sentence = f"{_tie(comparison, ranked, policy)}{_optimism(comparison)}"
    verdict = f"{_undecided(comparison)} {_reason(ranked[0], ranked[1], policy)}"
    return Choice(ranked[0].name, tied[0], tied, sentence, verdict)


def validation_score(contender: Contender, metric: str) -> float:
    """Return the mean over seeds on validation; NaN where it has no such rows, or no such score."""
    rows = contender.predictions.only(split=SPLIT)
    scalar = ScalarMetric.named(metric, rows.labels)
    if rows.rows.empty or (scalar.metric.probabilities and not rows.has_probabilities):
        return math.nan
    try:
        return float(scalar.by_seed(AlignedPredictions.of(rows)).mean())
    except PredictionsError:
        return math.nan


def _rank(contender: Contender, policy: PromotionPolicy) -> tuple[float, ...]:
    return (contender.kind in BASELINES, *contender.counts(policy), contender.cost)


def _separated(comparison: Comparison) -> str:
    run = comparison.runs[0]
    return (
        f"{run.name} is best on validation ({comparison.metric} {number(run.value)}); paired tests on"
        f" {_rows(comparison)} tell it from every other."
    )


def _tie(comparison: Comparison, ranked: Sequence[Contender], policy: PromotionPolicy) -> str:
    names = {contender.name for contender in ranked}
    listed = ", ".join(f"{run.name} {number(run.value)}" for run in comparison.runs if run.name in names)
    return (
        f"Paired tests on {_rows(comparison)} of validation cannot tell {listed} ({comparison.metric}) apart."
        f" {_reason(ranked[0], ranked[1], policy)}"
    )


def _undecided(comparison: Comparison) -> str:
    """Say which classifiers are tied, and how many rows it would take to tell the first two apart."""
    tied = comparison.tied_with_best()
    names = f"{', '.join(tied[:-1])} and {tied[-1]}"
    start = f"Which is better is undecided: {names} cannot be told apart on {_rows(comparison)} of validation"
    pair = comparison.pair(tied[0], tied[1])
    if math.isnan(pair.difference.p):
        return f"Which of {names} is better is unknown: on {_rows(comparison)} differences have no interval."
    if pair.difference.value == 0:
        return f"{start}; {tied[0]} and {tied[1]} score the same."
    # Fewer rows than there are: what is missing is groups, of which few say little of their spread.
    if math.isnan(pair.needed) or pair.needed <= comparison.n_items:
        return f"{start}."
    if math.isinf(pair.needed):
        return f"{start}; more rows would not suffice, because seeds vary as much: more seeds are needed."
    return (
        f"{start}; about {rounded_up(pair.needed):,} would be needed to tell {tied[0]} from {tied[1]}, if the"
        " difference is as measured."
    )


def _optimism(comparison: Comparison) -> str:
    """Say by how much the best score on validation is too good for having been chosen, where that shows."""
    optimism = selection_optimism(comparison)
    if math.isnan(optimism) or optimism < LEAST_OPTIMISM:
        return ""
    return (
        f" The best of {len(comparison.runs)} scores on validation is expected to be {number(optimism)} too"
        " good, because it was chosen for it."
    )


def _rows(comparison: Comparison) -> str:
    rows = counted(comparison.n_items, "row")
    if comparison.n_clusters == comparison.n_items:
        return rows
    return f"{rows} in {counted(comparison.n_clusters, 'group')}"


def _reason(first: Contender, second: Contender, policy: PromotionPolicy) -> str:
    """Say by what the first is before the second."""
    if second.kind in BASELINES and first.kind not in BASELINES:
        return f"Of these, {first.name} is taken: {second.name} reads no word."
    counts = zip(
        ("failed audits that block", "failed audits", "warnings of audits"),
        first.counts(policy),
        second.counts(policy),
        strict=True,
    )
    for what, fewer, more in counts:
        if fewer < more:
            return f"Of these, {first.name} has the fewest {what}: {fewer}, then {second.name}: {more}."
    if first.cost != second.cost:
        times = [duration(part.seconds, places=1) or "an unknown time" for part in (first, second)]
        return (
            f"Of these, equal in audits, {first.name} predicts fastest: {times[0]}, then {second.name}:"
            f" {times[1]}."
        )
    return f"Of these, equal in audits and cost, {first.name} scores highest."
