"""A prepared experiment in, raw predictions of its trials out: fitting, tuning and predicting.

Scores of these predictions come from :mod:`harness.evaluation.pooled_scores`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers.protocol import Classifier, Metered, Traced, fit, load, save
from harness.classifiers.remote import Attributed
from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.attempts import begin_attempt
from harness.evaluation.fitting import (
    ending_rows,
    labelled_part,
    make_classifier,
    predicted_part,
    seed_of,
)
from harness.evaluation.prepared import UNSELECTED, Prepared, reads_both
from harness.evaluation.results import Trial, TrialResult
from harness.evaluation.search.record import SearchRecord
from harness.evaluation.search.search import Chosen, search
from harness.evaluation.search.workers import CandidateWorkers
from harness.scoring.score import score
from harness.splits import Split
from harness.values.catalog import Bound
from harness.values.errors import ClassifierError
from harness.values.formatting import counted
from harness.values.tables import Predictions, fingerprint

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric

SCORED_PARTS = ("validation", "calibration", "test")
SEARCH = "search"
"""Subfolder of an unfinished trial for the candidates of its search."""

TRAINING = "training"
"""Subfolder of a refit for checkpoints of its training; deleted once it is saved."""


def list_trials(prepared: Prepared, classifier: PlannedClassifier) -> tuple[Trial, ...]:
    """List the trials of a classifier: seeds × folds; a deterministic classifier needs one seed."""
    deterministic = make_classifier(classifier.bound, prepared, 0).deterministic
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
    searched_by: TrialResult | Chosen | None = None,
) -> TrialResult:
    """Fit a classifier for one seed and fold and predict validation, calibration and test.

    Where it has options to tune, they are searched for first (:mod:`harness.evaluation.search`).

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
    searched_by : TrialResult or Chosen, optional
        Of the seed that searched for options, where that is done once a fold (see :func:`searching_trial`);
        or from :func:`search_of`.

    Raises
    ------
    ClassifierError
        Where the classifier, or every candidate of a search, fails.
    """
    split = prepared.split_of(trial.fold)
    began = time.perf_counter()
    # A classifier of both tasks was fitted once, by the trial of the first task; the second loads it.
    record, earlier = None, 0.0
    if fitted_by is not None and fitted_by.folder is not None:
        classifier, options = load(fitted_by.folder, prepared.plan.labels), fitted_by.options
    else:
        classifier, options, record, earlier = _fitted(prepared, trial, unfinished, searched_by)
    fitted = time.perf_counter()
    parts = [part for part in SCORED_PARTS if split.part(part)]
    predictions = Predictions.concat(
        [predicted_part(prepared, trial, classifier, split, part) for part in parts]
    )
    if predictions.missing().all():
        # Nothing is to be scored, and no reader would take a row of zeros for what it is.
        raise ClassifierError(
            f"it gave no prediction for any of {counted(len(predictions), 'row')}: there is nothing to score"
        )
    earlier += searched_by.seconds if isinstance(searched_by, Chosen) else 0.0
    seconds = {"fit": earlier + fitted - began, "predict": time.perf_counter() - fitted}
    # Saved last: a trial that is interrupted before leaves no model that looks finished.
    curves = list(classifier.curves_) if isinstance(classifier, Traced) else []
    usage = dict(classifier.usage()) if isinstance(classifier, Metered) else {}
    provenance = dict(classifier.provenance()) if isinstance(classifier, Attributed) else {}
    saved = save(classifier, folder)
    return TrialResult(trial, predictions, options, curves, seconds, saved, usage, provenance, record)


def search_of(prepared: Prepared, trial: Trial, unfinished: Path, workers: CandidateWorkers) -> Chosen:
    """Search for the options of a trial, whose candidates are fitted elsewhere.

    Parameters
    ----------
    prepared : Prepared
    trial : Trial
    unfinished : Path
        As for :func:`run_trial`, which goes on from there.
    workers : CandidateWorkers

    Raises
    ------
    ClassifierError
        Where no candidate has a score.
    """
    return search(prepared, trial, unfinished / SEARCH, workers)


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
    classifier = make_classifier(bound, prepared, seed_of(trial))
    train = labelled_part(prepared, bound, split, "train")
    fit(classifier, train, ending_rows(prepared, bound, split), None)
    return predicted_part(prepared, trial, classifier, split, "validation")


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
    classifier = make_classifier(bound, prepared, seed_of(result.trial))
    # Validation stays out of a refit on all rows, for early stopping.
    train = labelled_part(prepared, bound, split, UNSELECTED if whole else "train")
    validation = ending_rows(prepared, bound, split)
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
    if classifier.tune:
        # How options are chosen is not what earlier versions did, whose results have the same options.
        parts["tuned_on"] = split.ending
    if _searches_once(classifier):
        parts["searched_by"] = plan.config.seeds[0]
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


def searching_trial(trial: Trial, trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that searches for the options of another; None where that does it by itself."""
    if not _searches_once(trial.classifier):
        return None
    first = next(each for each in trials if each.fold == trial.fold)
    return None if first == trial else first


def _searches_once(classifier: PlannedClassifier) -> bool:
    return classifier.search is not None and classifier.search.settings.once


def _fitted(
    prepared: Prepared, trial: Trial, unfinished: Path | None, searched_by: TrialResult | Chosen | None
) -> tuple[Classifier, Mapping[str, Any], SearchRecord | None, float]:
    """Return a fitted classifier, its options, how they were chosen, and the seconds of earlier attempts."""
    bound, record, earlier = trial.classifier.bound, None, 0.0
    folder = unfinished / "0" if unfinished is not None else None
    of_candidate = None
    # Another seed has chosen: its options are fitted with this one.
    if isinstance(searched_by, TrialResult):
        bound = replace(bound, options=searched_by.options)
    elif trial.classifier.tune:
        with _scratch(unfinished) as scratch:
            chosen = searched_by or search(prepared, trial, scratch)
        bound, record, earlier = chosen.bound, chosen.record, chosen.earlier
        if chosen.classifier is not None:
            return chosen.classifier, bound.options, record, earlier
        if unfinished is not None:
            of_candidate = chosen.checkpoints(unfinished / SEARCH)
    split = prepared.split_of(trial.fold)
    classifier = make_classifier(bound, prepared, seed_of(trial))
    train = labelled_part(prepared, bound, split, "train")
    # The training of a candidate, which is gone on with, counts in the time of the search.
    earlier += begin_attempt(classifier, folder) if of_candidate is None else 0.0
    fit(classifier, train, ending_rows(prepared, bound, split), of_candidate or folder)
    return classifier, bound.options, record, earlier


@contextlib.contextmanager
def _scratch(unfinished: Path | None) -> Iterator[Path]:
    """Provide the folder of a search, for one that is not resumed, too."""
    if unfinished is not None:
        yield unfinished / SEARCH
        return
    with tempfile.TemporaryDirectory(prefix="harness-search-") as folder:
        yield Path(folder)
