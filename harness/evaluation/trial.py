"""A prepared experiment in, raw predictions of its trials out: fitting, tuning and predicting.

Scores of these predictions come from :mod:`harness.evaluation.pooled_scores`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.protocol import (
    Classifier,
    Labelled,
    LabelsAlone,
    Metered,
    Traced,
    fit,
    has_probabilities,
    load,
    may_miss,
    save,
)
from harness.classifiers.remote import Attributed
from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.prepared import UNSELECTED, Prepared, reads_both
from harness.evaluation.results import Trial, TrialResult
from harness.scoring.score import score
from harness.splits import Split
from harness.values import seeds
from harness.values.catalog import Bound
from harness.values.errors import ClassifierError
from harness.values.formatting import counted
from harness.values.tables import Predictions, fingerprint

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric

SCORED_PARTS = ("validation", "calibration", "test")
TRAINING = "training"
"""Subfolder of a refit for checkpoints of its training; deleted once it is saved."""


def list_trials(prepared: Prepared, classifier: PlannedClassifier) -> tuple[Trial, ...]:
    """List the trials of a classifier: seeds × folds; a deterministic classifier needs one seed."""
    deterministic = _make(classifier.bound, prepared, 0).deterministic
    roots = prepared.plan.config.seeds[:1] if deterministic else prepared.plan.config.seeds
    return tuple(
        Trial(classifier, seed, split.fold, _digest(prepared, classifier, seed, split))
        for seed in roots
        for split in prepared.splits
    )


def run_trial(
    prepared: Prepared,
    trial: Trial,
    folder: Path,
    unfinished: Path | None = None,
    fitted_by: TrialResult | None = None,
) -> TrialResult:
    """Fit a classifier for one seed and fold and predict validation, calibration and test.

    With a grid, every combination is fitted, and the one with the best primary metric on validation predicts.

    Parameters
    ----------
    prepared : Prepared
    trial : Trial
    folder : Path
        Created if missing; the fitted classifier is saved there.
    unfinished : Path, optional
        Where a resumable training keeps its checkpoints. The same for every attempt at a trial; the caller
        deletes it.
    fitted_by : TrialResult, optional
        Of the other task: nothing is fitted, and the classifier that this trial saved predicts.

    Raises
    ------
    ClassifierError
        Where there is a grid but no validation row to choose by, or where the classifier fails.
    """
    split = prepared.split_of(trial.fold)
    began = time.perf_counter()
    # A classifier of both tasks was fitted once, by the trial of the first task; the second loads it.
    if fitted_by is not None and fitted_by.folder is not None:
        classifier, options = load(fitted_by.folder, prepared.plan.labels), fitted_by.options
    else:
        classifier, options = _fitted(prepared, trial, split, unfinished)
    fitted = time.perf_counter()
    parts = [part for part in SCORED_PARTS if split.part(part)]
    predictions = Predictions.concat([_predicted(prepared, trial, classifier, split, part) for part in parts])
    if predictions.missing().all():
        # Nothing is to be scored, and no reader would take a row of zeros for what it is.
        raise ClassifierError(
            f"it gave no prediction for any of {counted(len(predictions), 'row')}: there is nothing to score"
        )
    seconds = {"fit": fitted - began, "predict": time.perf_counter() - fitted}
    # Saved last: a trial that is interrupted before leaves no model that looks finished.
    curves = list(classifier.curves_) if isinstance(classifier, Traced) else []
    usage = dict(classifier.usage()) if isinstance(classifier, Metered) else {}
    provenance = dict(classifier.provenance()) if isinstance(classifier, Attributed) else {}
    saved = save(classifier, folder)
    return TrialResult(trial, predictions, options, curves, seconds, saved, usage, provenance)


def validation_predictions(prepared: Prepared, trial: Trial, options: Mapping[str, Any]) -> Predictions:
    """Fit a classifier with chosen options, without saving it, and predict validation.

    Parameters
    ----------
    prepared : Prepared
        Its training rows may be others than those that the trial is named after.
    trial : Trial
    options : mapping
        Of one combination of a grid.

    Raises
    ------
    ClassifierError
        Where the classifier fails.
    """
    split = prepared.split_of(trial.fold)
    bound = replace(trial.classifier.bound, options=options)
    classifier = _make(bound, prepared, _seed(trial))
    train, validation = (_labelled(prepared, bound, split, part) for part in ("train", "validation"))
    fit(classifier, train, validation, None)
    return _predicted(prepared, trial, classifier, split, "validation")


def refit(prepared: Prepared, result: TrialResult, folder: Path, *, whole: bool) -> Path | None:
    """Fit a trial's classifier again, to serve it.

    Parameters
    ----------
    prepared : Prepared
    result : TrialResult
        Its options and seed are used.
    folder : Path
        Where the classifier is saved.
    whole : bool
        Fit on every row but validation (after cross-validation) instead of the trial's training rows.

    Returns
    -------
    Path or None
        ``folder``, or None where the classifier cannot be saved.
    """
    split = prepared.split_of(result.trial.fold)
    bound = replace(result.trial.classifier.bound, options=result.options)
    classifier = _make(bound, prepared, _seed(result.trial))
    # Validation stays out of a refit on all rows, for early stopping.
    validation = _labelled(prepared, bound, split, "validation") if split.validation else None
    train = _labelled(prepared, bound, split, UNSELECTED if whole else "train")
    fit(classifier, train, validation, folder / TRAINING)
    saved = save(classifier, folder)
    shutil.rmtree(folder / TRAINING, ignore_errors=True)
    return saved


def served_trial(results: Sequence[TrialResult], decided: Predictions, metric: Metric) -> TrialResult:
    """Choose the trial whose model is served: the first fold of the seed with the median validation score.

    The median, not the best: its score on test is typical of the seeds, while that of the best would be lucky
    on validation and disappoint later. Without validation rows it is the first seed; of an even number of
    seeds it is the lower of the middle two.

    Parameters
    ----------
    results : sequence of TrialResult
    decided : Predictions
        Of all results.
    metric : Metric
    """
    fold = results[0].trial.fold
    candidates = [result for result in results if result.trial.fold == fold]
    validation = decided.only(split="validation", fold=fold)
    if not len(validation):
        return candidates[0]
    ranked = sorted(
        candidates, key=lambda result: validation_score(validation.only(seed=result.trial.seed), metric)
    )
    if metric.direction == "lower":
        ranked.reverse()
    return ranked[(len(ranked) - 1) // 2]


def validation_score(predictions: Predictions, metric: Metric) -> float:
    """Score validation alone; NaN where the metric is undefined there."""
    scores = score(predictions.only(split="validation"), [metric], draws=0)
    return scores.value(metric.name, "validation")


def _make(bound: Bound, prepared: Prepared, seed: int) -> Classifier:
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


def _seed(trial: Trial) -> int:
    # A stream of its own per fold: with one stream, all folds would start from the same random weights.
    return seeds.derive(trial.seed, "fold", trial.fold)


def _digest(prepared: Prepared, classifier: PlannedClassifier, seed: int, split: Split) -> str:
    # Only what the raw predictions depend on. Names, metrics, calibration and abstention are left out:
    # changing them must not train anything again.
    plan = prepared.plan
    parts = {
        "classifier": classifier.canonical(),
        "labels": [list(plan.labels.names), plan.labels.multi],
        "corpus": prepared.corpus.fingerprint,
        "split": split.fingerprint,
        "primary": chosen_by(plan) if classifier.tune else "",
        "seed": seed,
        "fold": split.fold,
    }
    if files := {str(file): _content(file) for file in _files(classifier)}:
        parts["files"] = files
    if reads_both(classifier.bound) and (other := prepared.other) is not None:
        # The key is part of digests that stores hold: a new name would repeat every finished trial.
        parts["beside"] = [other.corpus.fingerprint, other.split_of(split.fold).fingerprint]
    return fingerprint([json.dumps(parts, sort_keys=True)])


def chosen_by(plan: Plan) -> str:
    """Return the metric by which options are chosen, with the costs and the label mix that it depends on."""
    costs, prevalence, primary = plan.labels.costs, plan.labels.prevalence, plan.primary
    parts: list[object] = []
    if costs is not None and (costs.decides or primary.needs_costs):
        parts += [costs.stated, costs.decides]
    if prevalence is not None and primary.needs_prevalence:
        parts.append(prevalence.stated)
    return f"{primary.name} {json.dumps(parts)}" if parts else primary.name


def _files(classifier: PlannedClassifier) -> list[Path]:
    """Return the files that a classifier's options name."""
    # A path says nothing about the content of its file, which may have changed since the last run.
    bounds = list(classifier.grid())
    # That of a teacher's prompt, too.
    bounds += [value for bound in bounds for value in bound.options.values() if isinstance(value, Bound)]
    values = dict.fromkeys(
        value for bound in bounds for value in bound.options.values() if isinstance(value, Path)
    )
    return [value for value in values if value.is_file()]


def _content(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _labelled(prepared: Prepared, bound: Bound, split: Split, part: str) -> Labelled:
    return prepared.both(split, part) if reads_both(bound) else prepared.labelled(split, part)


def _fitted(
    prepared: Prepared, trial: Trial, split: Split, unfinished: Path | None
) -> tuple[Classifier, Mapping[str, Any]]:
    bound = trial.classifier.bound
    train = _labelled(prepared, bound, split, "train")
    validation = _labelled(prepared, bound, split, "validation") if split.validation else None
    grid = trial.classifier.grid()
    if len(grid) > 1 and validation is None:
        raise ClassifierError(
            f"{trial.classifier.name} has a grid to tune, but the split has no validation rows"
        )
    # Only the best classifier so far is kept: a grid of encoders would not fit into memory.
    best: tuple[float, Classifier, Mapping[str, Any]] | None = None
    for number, bound in enumerate(grid):
        classifier = _make(bound, prepared, _seed(trial))
        fit(classifier, train, validation, unfinished / str(number) if unfinished is not None else None)
        if len(grid) == 1:
            return classifier, bound.options
        value = _oriented(prepared, trial, classifier, split)
        if best is None or value > best[0]:
            best = (value, classifier, bound.options)
    assert best is not None
    return best[1], best[2]


def _oriented(prepared: Prepared, trial: Trial, classifier: Classifier, split: Split) -> float:
    """Score on validation, higher is better."""
    metric = prepared.plan.primary
    value = validation_score(_predicted(prepared, trial, classifier, split, "validation"), metric)
    return -value if metric.direction == "lower" else value


def _predicted(
    prepared: Prepared, trial: Trial, classifier: Classifier, split: Split, part: str
) -> Predictions:
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
