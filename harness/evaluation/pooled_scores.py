"""The trials of a classifier in, their pooled predictions, scores and the model that is served out."""

from __future__ import annotations

from pathlib import Path

from harness.config.plan import PlannedClassifier
from harness.evaluation.decisions.decider_fitting import Settings, decide, fit
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult, TrialResult
from harness.evaluation.trial import refit, served_trial
from harness.scoring.score import score
from harness.scoring.slice_tests import judge, score_rows
from harness.scoring.slices import slices_of
from harness.values.tables import Predictions, Scores


def score_splits(prepared: Prepared, predictions: Predictions) -> Scores:
    """Score a classifier on every split, and its test items slice by slice.

    Metrics that need probabilities are left out where there are none.
    """
    import pandas as pd

    plan = prepared.plan
    metrics = [metric for metric in plan.metrics if predictions.has_probabilities or not metric.probabilities]
    whole = score(predictions, metrics).rows
    cut = slices_of(prepared.corpus, prepared.splits, plan.labels, plan.config.slices)
    sliced = score_rows(predictions, cut, judge(predictions, cut), plan.primary)
    return Scores(pd.concat([whole, sliced], ignore_index=True) if len(sliced) else whole)


def pool_trials(
    prepared: Prepared,
    classifier: PlannedClassifier,
    results: list[TrialResult],
    folder: Path,
    like: ClassifierResult | None = None,
) -> ClassifierResult:
    """Pool the trials of a classifier, score them and settle which model is served.

    Parameters
    ----------
    prepared : Prepared
    classifier : PlannedClassifier
    results : list of TrialResult
        All of its trials.
    folder : Path
        Where a model is saved that has to be fitted once more: after cross-validation, or where the
        trial's own is gone.
    like : ClassifierResult, optional
        Of the other task: the same trial's model is served.
    """
    plan, settings = prepared.plan, Settings.of(prepared.plan.config)
    decided = [decide(one.predictions, settings) for one in results]
    predictions = Predictions.concat([table for _, table in decided])
    served = served_trial(results, predictions, plan.primary)
    if like is not None and like.served is not None:
        chosen = like.served.trial
        served = next(
            one for one in results if (one.trial.seed, one.trial.fold) == (chosen.seed, chosen.fold)
        )
    if len(prepared.splits) > 1:
        # The refitted model has no rows left to be calibrated by: those of all its folds, each labelled by a
        # classifier that was not fitted on it, stand in.
        own = [one.predictions for one in results if one.trial.seed == served.trial.seed]
        decider = fit(Predictions.concat(own), settings, refitted=True)
        model = like.model if like is not None else refit(prepared, served, folder, whole=True)
    else:
        decider = next(one for (one, _), of in zip(decided, results, strict=True) if of is served)
        model = served.folder or refit(prepared, served, folder, whole=False)
    scores = score_splits(prepared, predictions)
    return ClassifierResult(classifier, tuple(results), predictions, scores, served, model, decider=decider)
