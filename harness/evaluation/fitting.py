"""A bound factory and a part of a split in, a classifier and its predictions out: what fitting is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.classifiers.protocol import Classifier, Labelled, LabelsAlone, has_probabilities, may_miss
from harness.evaluation.prepared import Prepared, reads_both
from harness.evaluation.results import Trial
from harness.splits import Split
from harness.values import seeds
from harness.values.catalog import Bound
from harness.values.errors import ClassifierError
from harness.values.tables import Predictions


def make_classifier(bound: Bound, prepared: Prepared, seed: int) -> Classifier:
    """Make a classifier, unfitted."""
    other = prepared.other if reads_both(bound) else None
    injected = {"other_labels": other.plan.labels} if other is not None else {}
    # Costs decide which label a row gets, after training: they change nothing that is learned.
    labels = replace(prepared.plan.labels, costs=None, prevalence=None)
    classifier = bound.make(labels=labels, seed=seed, **injected)
    if not isinstance(classifier, Classifier):
        raise ClassifierError(
            f"{bound.kind} returned a {type(classifier).__name__}, which lacks fit, predict_proba or"
            " deterministic"
        )
    return classifier


def seed_of(trial: Trial) -> int:
    """Return the seed of a trial's classifier."""
    # A stream of its own per fold: with one stream, all folds would start from the same random weights.
    return seeds.derive(trial.seed, "fold", trial.fold)


def labelled_part(prepared: Prepared, bound: Bound, split: Split, part: str) -> Labelled:
    """Return the rows of a part, with those of the other task for a classifier that learns both."""
    return prepared.both(split, part) if reads_both(bound) else prepared.labelled(split, part)


def ending_rows(prepared: Prepared, bound: Bound, split: Split) -> Labelled | None:
    """Return the rows by which a training ends early; None where there are none."""
    return labelled_part(prepared, bound, split, split.ending) if split.part(split.ending) else None


def predicted_part(
    prepared: Prepared, trial: Trial, classifier: Classifier, split: Split, part: str
) -> Predictions:
    """Predict a part of a split."""
    corpus, labels = prepared.part(split, part), prepared.plan.labels
    examples = prepared.labelled(split, part).examples
    decided = None
    if isinstance(classifier, LabelsAlone) and not has_probabilities(classifier):
        metric = prepared.plan.primary
        if metric.probabilities:
            raise ClassifierError(
                f"{metric.name}, the primary metric, needs probabilities, and {trial.classifier.name} gives"
                " labels alone; choose another primary metric"
            )
        decided = classifier.predict(examples)
        proba = np.full((len(examples), len(labels)), np.nan)
    else:
        proba = classifier.predict_proba(examples)
    return Predictions.of(
        corpus,
        labels,
        proba,
        decided=decided,
        may_miss=may_miss(classifier),
        run=trial.classifier.name,
        split=part,
        seed=trial.seed,
        fold=trial.fold,
    )
