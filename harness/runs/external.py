"""Predictions made outside the harness in, their scores out, logged as a run like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.audits.of_classifier import audited
from harness.config.plan import PlannedClassifier
from harness.evaluation.external import EXTERNAL, ExternalPredictions
from harness.evaluation.pooling import scored
from harness.evaluation.trial import ClassifierResult, Prepared, Trial, TrialResult
from harness.runs.classifiers import without_logged_texts
from harness.tracking.store import Store
from harness.tracking.tracker import Tracker
from harness.values.catalog import Bound
from harness.values.errors import ConfigError, Problem
from harness.values.tables import Predictions, fingerprint


class _ExternalSource:
    """The factory of a run without a classifier: whatever made the predictions."""


def score_external(prepared: Prepared, external: ExternalPredictions, *, name: str) -> ClassifierResult:
    """Score predictions made outside the harness and audit them as far as that needs no model.

    Parameters
    ----------
    prepared : Prepared
    external : ExternalPredictions
        See :func:`harness.evaluation.external.read`.
    name : str
        Takes the place of a classifier's.

    Raises
    ------
    ConfigError
        Where the primary metric needs probabilities and there are none, or the name is a classifier's.
    """
    plan, predictions = prepared.plan, external.predictions
    if plan.primary.probabilities and not predictions.has_probabilities:
        raise ConfigError(
            [Problem("primary", f"{plan.primary.name} needs probabilities, and there are none")]
        )
    if name in [classifier.name for classifier in plan.classifiers]:
        hint = "name the run with --name"
        raise ConfigError([Problem("name", f"the config has a classifier called {name!r}", hint)])
    classifier = PlannedClassifier(name, Bound(EXTERNAL, _ExternalSource, {}), {})
    results = tuple(
        TrialResult(trial, predictions.only(seed=trial.seed, fold=trial.fold), {})
        for trial in _trials_of(classifier, predictions)
    )
    result = ClassifierResult(classifier, results, predictions, scored(prepared, predictions))
    findings = without_logged_texts(prepared, audited(prepared, result, None, {}))
    return replace(result, findings=findings)


def log_external(
    prepared: Prepared, store: Store, external: ExternalPredictions, *, name: str
) -> ClassifierResult:
    """Score external predictions and log them as a run without a model; the same are not logged twice.

    Parameters
    ----------
    prepared : Prepared
    store : Store
    external : ExternalPredictions
    name : str
        Of the run; all as for :func:`score_external`, which says what is refused.
    """
    result = score_external(prepared, external, name=name)
    trials = [each.trial for each in result.trials]
    with Tracker(store, prepared).classifier(result.classifier, trials) as parent:
        if parent.done is not None:
            return parent.done
        parent.complete(result)
    return result


def _trials_of(classifier: PlannedClassifier, predictions: Predictions) -> Iterator[Trial]:
    for row in predictions.rows[["seed", "fold"]].drop_duplicates().to_dict("records"):
        seed, fold = int(row["seed"]), int(row["fold"])
        text = predictions.only(seed=seed, fold=fold).rows.to_csv(index=False)
        yield Trial(classifier, seed, fold, fingerprint([text]))
