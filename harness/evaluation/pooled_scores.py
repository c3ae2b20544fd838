"""The trials of a classifier in, their pooled predictions, its test scores and the served model out."""

from __future__ import annotations

from pathlib import Path

from harness.config.plan import PlannedClassifier
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide, fit
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult, TrialResult
from harness.evaluation.trial import refit, served_trial
from harness.scoring.score import score
from harness.scoring.slice_tests import SliceResult, score_rows, slice_results
from harness.values.tables import Predictions, Scores


def score_splits(prepared: Prepared, predictions: Predictions) -> tuple[Scores, tuple[SliceResult, ...]]:
    """Score a classifier on validation, calibration and test, and its test items slice by slice.

    Metrics that need probabilities are left out where there are none.

    Parameters
    ----------
    prepared : Prepared
    predictions : Predictions
        Decided, of all trials.

    Returns
    -------
    Scores
        Of whole splits, and of the slices of test.
    tuple of SliceResult
        The tests behind the scores of the slices.
    """
    import pandas as pd

    plan = prepared.plan
    metrics = [metric for metric in plan.metrics if predictions.has_probabilities or not metric.probabilities]
    # Folds are pooled before scoring: macro-F1 and most other metrics are not the mean of their values on the
    # folds.
    whole = score(predictions, metrics).rows
    results = slice_results(predictions, prepared.slices)
    sliced = score_rows(predictions, prepared.slices, results, plan.primary)
    return Scores(pd.concat([whole, sliced], ignore_index=True) if len(sliced) else whole), results


def pool_trials(
    prepared: Prepared,
    classifier: PlannedClassifier,
    results: list[TrialResult],
    folder: Path,
    like: ClassifierResult | None = None,
) -> ClassifierResult:
    """Pool the trials of a classifier, score them and choose the model that is served.

    Parameters
    ----------
    prepared : Prepared
    classifier : PlannedClassifier
    results : list of TrialResult
        All of its trials.
    folder : Path
        Where a refitted model is saved: after cross-validation, or where the trial's own model has been
        deleted.
    like : ClassifierResult, optional
        Result of the same classifier on the other task: the model of the same trial is served.
    """
    plan, settings = prepared.plan, DecisionSettings.of(prepared.plan.config)
    decided = [decide(result.predictions, settings) for result in results]
    predictions = Predictions.concat([table for _, table in decided])
    served = served_trial(results, predictions, plan.primary)
    # Stance and frames of a joint classifier are served by the same network.
    if like is not None and like.served is not None:
        chosen = like.served.trial
        served = next(
            result
            for result in results
            if (result.trial.seed, result.trial.fold) == (chosen.seed, chosen.fold)
        )
    if len(prepared.splits) > 1:
        # A refit on all rows leaves none to calibrate on. The predictions of the folds stand in: each row was
        # predicted by a classifier that was not fitted on it.
        folds = [result.predictions for result in results if result.trial.seed == served.trial.seed]
        decider = fit(Predictions.concat(folds), settings, refitted=True)
        model = like.model if like is not None else refit(prepared, served, folder, whole=True)
    else:
        decider = next(
            fitted for (fitted, _), result in zip(decided, results, strict=True) if result is served
        )
        model = served.folder or refit(prepared, served, folder, whole=False)
    scores, slices = score_splits(prepared, predictions)
    return ClassifierResult(
        classifier, tuple(results), predictions, scores, served, model, decider=decider, slices=slices
    )
