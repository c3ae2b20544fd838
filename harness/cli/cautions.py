"""A finished experiment in, what its reader should not believe out: few test rows, limits of scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness.values.formatting import counted, interval, number, percent
from harness.values.minimums import MIN_SCORED_ROWS

if TYPE_CHECKING:
    from harness.evaluation.prepared import Prepared
    from harness.evaluation.results import ClassifierResult
    from harness.runs.experiment import ExperimentRun
    from harness.scoring.metrics.metric import Metric


def too_few_test_rows(prepared: Prepared) -> str:
    """Say that test has too few rows for a table of scores, and what they show; empty if they are enough.

    Fewer than :data:`harness.values.minimums.MIN_SCORED_ROWS` are too few.
    """
    from harness.audits.intervals import share

    ids = list(dict.fromkeys(id_ for split in prepared.splits for id_ in split.test))
    n = len(ids)
    if n >= MIN_SCORED_ROWS:
        return ""
    labels = prepared.plan.labels
    codes = prepared.corpus.take(ids).truth(labels)
    counts = codes.sum(axis=0) if labels.multi else np.bincount(codes, minlength=len(labels))
    fewest, most = int(counts.min()), int(counts.max())
    of_label = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    half = share("right", n // 2, n)
    return (
        f"{counted(n, 'test row')}, {of_label} a label: too few to say more than how many were"
        f" right. Were {n // 2} of {n} right, the share could be anything from {percent(half.low, unit=' %')}"
        f" to {percent(half.high, unit=' %')} (95 % interval). Scores are shown from {MIN_SCORED_ROWS}"
        " test rows on."
    )


def right_of(result: ClassifierResult) -> str:
    """Say how many test rows the first seed got right; of several labels, all of a row must be right.

    Every row counts once; with folds, the rows of all of them are counted.
    """
    from harness.scoring.retraining import first_repeat

    test = result.predictions.only(split="test")
    seed = int(test.rows["seed"].iloc[0])
    test = first_repeat(test.only(seed=seed))
    equal = test.truth() == test.predicted()
    right = equal.all(axis=1) if equal.ndim == 2 else equal
    return f"{int(right.sum()):,} of {len(test):,} right"


def about_intervals(run: ExperimentRun) -> Iterator[str]:
    """Yield what the intervals on test are about; of folds also those about the fitted models."""
    from harness.scoring.aligned import AlignedPredictions
    from harness.scoring.retraining import question
    from harness.scoring.variance import score_variance

    primary = run.plan.primary
    tables = {classifier.name: classifier.result.predictions.only(split="test") for classifier in run}
    samples = [AlignedPredictions.of(table) for table in tables.values()]
    if not samples:
        return
    # A deterministic classifier has one seed; what holds for those with several is said of all.
    yield question(samples[0].design, max(len(sample.seeds) for sample in samples))
    if samples[0].design.cross_validated and not primary.per_label:
        fitted = {
            name: score_variance(table, primary).fitted
            for name, table in tables.items()
            if table.has_probabilities or not primary.probabilities
        }
        listed = ", ".join(f"{name} {interval(*ends)}" for name, ends in fitted.items())
        yield f"For the fitted models of the folds, on other items, they are: {listed}."


def limits(run: ExperimentRun) -> Iterator[str]:
    """Yield what limits the scores on test, as the reports do: each sentence once, whichever run it is of."""
    from harness.scoring.limitations import limitations
    from harness.scoring.validation_gap import test_exceeds_validation

    sentences = dict.fromkeys(
        sentence
        for classifier in run
        for sentence in limitations(classifier.result.predictions.only(split="test"), run.plan.metrics)
    )
    yield from sentences
    yield from without_gain(run)
    yield from unmet_risks(run)
    yield from decided_by_costs(run)
    for classifier in run:
        if gap := test_exceeds_validation(classifier.result.scores, run.plan.primary):
            yield f"{classifier.name}: {gap}"


def without_gain(run: ExperimentRun) -> Iterator[str]:
    """Yield what was gained by reading, or by calibrating, where nothing was: a sentence a classifier."""
    from harness.reports.decision_report import DecisionReport

    for classifier in run:
        result = classifier.result
        if sentence := _like_a_baseline(result, run.plan.primary):
            yield f"{classifier.name} {sentence}"
        seed = int(result.predictions.only(split="test").rows["seed"].iloc[0])
        if worsened := DecisionReport(result, seed).worsened:
            yield f"{classifier.name}: {worsened}"


def _like_a_baseline(result: ClassifierResult, metric: Metric) -> str:
    """Say that a classifier cannot be told from an answer without reading; empty where it can.

    Without an interval nothing is told either way, and that is said.
    """
    from harness.evaluation.choice import BASELINES
    from harness.scoring.baseline import without_skill
    from harness.scoring.score import ALL

    test = result.predictions.only(split="test")
    if result.classifier.bound.kind in BASELINES or test.rows["id"].nunique() < MIN_SCORED_ROWS:
        return ""
    baseline = without_skill(test, metric)
    scores = result.scores.rows
    on_test = scores[(scores["split"] == "test") & (scores["slice"] == ALL)]
    rows = on_test[on_test["metric"] == metric.name]
    # A score of each label is none of the whole.
    if baseline is None or rows.empty:
        return ""
    row = rows.iloc[0]
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    if math.isnan(value):
        return ""
    # A comparison with NaN is false, and would read as a tie.
    if math.isnan(low) or math.isnan(high):
        return (
            f"may or may not be better than {baseline.words}: on test its {metric.name} is {number(value)},"
            f" without an interval, where that scores {number(baseline.value)}"
        )
    if low > baseline.value if metric.direction == "higher" else high < baseline.value:
        return ""
    return (
        f"cannot be told from {baseline.words}: on test its {metric.name} is {number(value)}"
        f" ({interval(low, high)}), where that scores {number(baseline.value)}"
    )


def unmet_risks(run: ExperimentRun) -> Iterator[str]:
    """Yield what the classifiers do whose threshold does not meet the wanted risk: each sentence once."""
    by_sentence: dict[str, list[str]] = {}
    for classifier in run:
        decider = classifier.result.decider
        rule = decider.rule if decider is not None else None
        if rule is not None and not rule.risk_met:
            by_sentence.setdefault(rule.statement, []).append(classifier.name)
    for sentence, names in by_sentence.items():
        yield f"{', '.join(names)}: {sentence}"


def decided_by_costs(run: ExperimentRun) -> Iterator[str]:
    """Yield what deciding by costs did to the labels of each classifier."""
    from harness.serving.decisions.decider import LEAST_COST

    for classifier in run:
        decider = classifier.result.decider
        for note in decider.notes if decider is not None else ():
            if note.startswith(LEAST_COST):
                yield f"{classifier.name}: {note}"
