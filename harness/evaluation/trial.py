"""Plan in, predictions out: the one loop over seeds and folds."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.classifiers.protocol import Classifier, Labelled, Traced, examples_of, fit, load, save
from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.prepared import UNSELECTED, Prepared, reads_both
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.scoring import slices
from harness.scoring.score import score
from harness.splits import Split
from harness.values import seeds
from harness.values.catalog import Bound
from harness.values.errors import ClassifierError
from harness.values.tables import Predictions, fingerprint

if TYPE_CHECKING:
    from harness.scoring.metrics.metric import Metric

__all__ = ["ClassifierResult", "Prepared", "Trial", "TrialResult", "prepare", "refit", "run_trial", "trials"]

SCORED_PARTS = ("validation", "calibration", "test")
TRAINING = "training"
"""Where a refit keeps the state of its training, inside its folder."""


def prepare(plan: Plan) -> Prepared:
    """Read the corpus and draw the splits.

    Raises
    ------
    CorpusError, SplitError
        Where the data are not what the plan needs.
    """
    config = plan.config
    entire = plan.corpus.make(labels=plan.labels, task=config.task)
    corpus = entire.for_task(config.task, plan.labels)
    slices.check(corpus, config.slices)
    splits = plan.split.make(labels=plan.labels).draw(corpus, plan.labels)
    return Prepared(plan, corpus, splits, entire)


def trials(prepared: Prepared, classifier: PlannedClassifier) -> tuple[Trial, ...]:
    """List the trials of a classifier: seeds × folds, one seed where the seed changes nothing."""
    made = _make(classifier.bound, prepared, 0)
    roots = prepared.plan.config.seeds[:1] if made.deterministic else prepared.plan.config.seeds
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
    """Fit one classifier once and let it label validation, calibration and test.

    Where a grid is tuned, every combination is fitted and the one with the best primary metric on validation
    is kept.

    Parameters
    ----------
    prepared : Prepared
    trial : Trial
    folder : Path
        Made if missing; the fitted classifier is saved there.
    unfinished : Path, optional
        Where a training that can go on after a kill keeps its state. The same for every attempt at a trial,
        and the caller's to remove.
    fitted_by : TrialResult, optional
        Of the other task: nothing is fitted, and what that trial saved labels this task too.

    Raises
    ------
    ClassifierError
        Where nothing can be chosen because validation is empty, or where the classifier fails.
    """
    split = next(one for one in prepared.splits if one.fold == trial.fold)
    began = time.perf_counter()
    if fitted_by is not None and fitted_by.folder is not None:
        classifier, options = load(fitted_by.folder, prepared.plan.labels), fitted_by.options
    else:
        classifier, options = _fitted(prepared, trial, split, unfinished)
    fitted = time.perf_counter()
    parts = [part for part in SCORED_PARTS if getattr(split, part)]
    predictions = Predictions.concat([_predicted(prepared, trial, classifier, split, one) for one in parts])
    seconds = {"fit": fitted - began, "predict": time.perf_counter() - fitted}
    curves = list(classifier.curves_) if isinstance(classifier, Traced) else []
    return TrialResult(trial, predictions, options, curves, seconds, save(classifier, folder))


def refit(prepared: Prepared, result: TrialResult, folder: Path, *, whole: bool) -> Path | None:
    """Fit a trial's classifier once more, to serve it.

    Parameters
    ----------
    prepared : Prepared
    result : TrialResult
        Whose options and seed are used.
    folder : Path
        Where it is saved.
    whole : bool
        Fit on every row (after cross-validation) instead of the trial's own training rows.

    Returns
    -------
    Path or None
        ``folder``, or None where the classifier cannot be saved.
    """
    split = next(one for one in prepared.splits if one.fold == result.trial.fold)
    bound = replace(result.trial.classifier.bound, options=result.options)
    classifier = _make(bound, prepared, _seed(result.trial))
    validation = _labelled(prepared, bound, split, "validation") if split.validation else None
    train = _labelled(prepared, bound, split, UNSELECTED if whole else "train")
    fit(classifier, train, validation, folder / TRAINING)
    saved = save(classifier, folder)
    shutil.rmtree(folder / TRAINING, ignore_errors=True)
    return saved


def served_trial(results: Sequence[TrialResult], decided: Predictions, metric: Metric) -> TrialResult:
    """Choose whose model is served: the first fold of the seed with the median score on validation.

    Without validation rows it is the first seed; of an even number of seeds the lower of the middle two.

    Parameters
    ----------
    results : sequence of TrialResult
    decided : Predictions
        Of all of them.
    metric : Metric
    """
    fold = results[0].trial.fold
    firsts = [one for one in results if one.trial.fold == fold]
    validation = decided.only(split="validation", fold=fold)
    if not len(validation):
        return firsts[0]
    ranked = sorted(firsts, key=lambda one: on_validation(validation.only(seed=one.trial.seed), metric))
    if metric.direction == "lower":
        ranked.reverse()
    return ranked[(len(ranked) - 1) // 2]


def on_validation(predictions: Predictions, metric: Metric) -> float:
    """Score the validation part alone; NaN where the metric is undefined there."""
    scores = score(predictions.only(split="validation"), [metric], draws=0)
    return scores.value(metric.name, "validation")


def _make(bound: Bound, prepared: Prepared, seed: int) -> Classifier:
    other = prepared.other if reads_both(bound) else None
    beside = {"other_labels": other.plan.labels} if other is not None else {}
    made = bound.make(labels=prepared.plan.labels, seed=seed, **beside)
    if not isinstance(made, Classifier):
        raise ClassifierError(
            f"{bound.kind} made a {type(made).__name__}, which lacks fit, predict_proba or deterministic"
        )
    return made


def _seed(trial: Trial) -> int:
    return seeds.derive(trial.seed, "fold", trial.fold)


def _digest(prepared: Prepared, classifier: PlannedClassifier, seed: int, split: Split) -> str:
    plan = prepared.plan
    parts = {
        "classifier": classifier.canonical(),
        "labels": [list(plan.labels.names), plan.labels.multi],
        "corpus": prepared.corpus.fingerprint,
        "split": split.fingerprint,
        "primary": plan.primary.name if classifier.tune else "",
        "seed": seed,
        "fold": split.fold,
    }
    if files := {str(one): _content(one) for one in _files(classifier)}:
        parts["files"] = files
    if reads_both(classifier.bound) and (other := prepared.other) is not None:
        theirs = next(one for one in other.splits if one.fold == split.fold)
        parts["beside"] = [other.corpus.fingerprint, theirs.fingerprint]
    return fingerprint([json.dumps(parts, sort_keys=True)])


def _files(classifier: PlannedClassifier) -> list[Path]:
    """Return the files that a classifier's options name."""
    values = [value for bound in classifier.grid() for value in bound.options.values()]
    return [one for one in values if isinstance(one, Path) and one.is_file()]


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
    value = on_validation(_predicted(prepared, trial, classifier, split, "validation"), metric)
    return -value if metric.direction == "lower" else value


def _predicted(
    prepared: Prepared, trial: Trial, classifier: Classifier, split: Split, part: str
) -> Predictions:
    corpus = prepared.part(split, part)
    proba = classifier.predict_proba(examples_of(corpus.rows, corpus.parties))
    return Predictions.of(
        corpus,
        prepared.plan.labels,
        proba,
        run=trial.classifier.name,
        split=part,
        seed=trial.seed,
        fold=trial.fold,
    )
