"""A trial with options to tune in, the options that did best, with the record of all candidates, out."""

from __future__ import annotations

import math
import shutil
import warnings
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from harness.classifiers.protocol import Classifier, Watched, corpus_examples, fit
from harness.config.plan import PlannedClassifier
from harness.config.plan.search import Search, with_options
from harness.config.search_settings import SCORE, SearchSettings
from harness.evaluation.fitting import (
    ending_rows,
    labelled_part,
    make_classifier,
    seed_of,
)
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.evaluation.search.finalists import Measured, measure_all, measures
from harness.evaluation.search.judging import Fitted, Judge, checkpoints_of, table_of
from harness.evaluation.search.optimism import tuning_optimism
from harness.evaluation.search.record import SearchCandidate, SearchRecord
from harness.evaluation.search.study import STARTUP, Drawn, Judged, Study, brackets, repeated
from harness.evaluation.search.tuning_rows import TuningRows, tuning_rows
from harness.values import seeds
from harness.values.catalog import Bound, plain
from harness.values.errors import ClassifierError, HarnessWarning
from harness.values.formatting import counted
from harness.values.progress import progress
from harness.values.tables import Predictions

JOURNAL = "candidates.journal"
"""In the folder of an unfinished trial: the candidates so far, as Optuna's journal storage keeps them."""


@dataclass(frozen=True)
class Chosen:
    """The outcome of a search.

    Attributes
    ----------
    bound : Bound
        Its factory with the options that did best.
    record : SearchRecord
    classifier : Classifier or None
        Fitted with these options to all training rows; None where that is still to be done.
    folder : Path or None
        Where the checkpoints of its training are, if there are any.
    """

    bound: Bound
    record: SearchRecord
    classifier: Classifier | None = None
    folder: Path | None = None


def search(
    prepared: Prepared,
    trial: Trial,
    folder: Path | None,
    executor: Executor | None = None,
    width: int = 1,
) -> Chosen:
    """Try the candidates of a classifier and choose the one with the best primary metric.

    Parameters
    ----------
    prepared : Prepared
    trial : Trial
        Of a classifier with options to tune.
    folder : Path, optional
        Where finished candidates are kept: a search that finds some goes on after them, to the same end as
        one that was never stopped, but for a limit of minutes.
    executor : Executor, optional
        Judges the candidates of a batch at once; each is begun with the same seed, wherever it runs.
    width : int
        Candidates of a batch. Another width is another search.

    Raises
    ------
    ClassifierError
        Where no candidate has a score; of a plain grid, where one fails.
    """
    classifier = trial.classifier
    rows = tuning_rows(prepared, prepared.split_of(trial.fold), classifier)
    settings, study = _study_of(prepared, trial, folder, width)
    limit = classifier.n_candidates
    runner = _Runner(prepared, trial, rows, folder, keeps=executor is None)
    title = f"{trial.name}: candidates"
    bar = iter(progress(range(limit), title, limit, "candidates"))
    # What an earlier process did counts for the estimate of what is left.
    for _ in study.judged:
        next(bar, None)
    while len(study.judged) < limit and not _is_late(settings, study.judged):
        drawn = study.batch(limit)
        for candidate, fitted in zip(drawn, runner.run(drawn, study, executor), strict=True):
            study.tell(candidate, fitted.judged)
            runner.keep_best(study.judged, fitted)
            next(bar, None)
    # The bar is closed with what it counts.
    for _ in bar:
        pass
    return _chosen(runner, study, settings)


def _study_of(
    prepared: Prepared, trial: Trial, folder: Path | None, width: int
) -> tuple[SearchSettings | None, Study]:
    classifier = trial.classifier
    search = classifier.search
    settings = search.settings if search is not None else None
    kind, space = (settings.search, search.space) if search and settings else ("grid", classifier.tune)
    steps = 0
    if search is not None and search.settings.prune is not None:
        steps = _steps(prepared, classifier)
        _warn_of_few(classifier, search, steps)
    file = folder / JOURNAL if folder is not None else None
    seed = seeds.derive(trial.seed, "search", trial.fold)
    return settings, Study(kind, space, seed, file, steps=steps, width=width)


def _steps(prepared: Prepared, classifier: PlannedClassifier) -> int:
    """Return the most steps that a candidate is trained for."""
    instances = [make_classifier(bound, prepared, 0) for bound in classifier.grid()]
    return max(each.n_steps for each in instances if isinstance(each, Watched))


def _warn_of_few(classifier: PlannedClassifier, search: Search, steps: int) -> None:
    shares = brackets(steps)
    expected = min(shares) * search.size
    if search.settings.search == "tpe" and expected < STARTUP:
        needed = math.ceil(STARTUP / min(shares))
        warnings.warn(
            f"{classifier.name}: with {counted(search.size, 'candidate')} in"
            f" {counted(len(shares), 'bracket')} of Hyperband, the smallest has about {expected:.0f}, and TPE"
            f" draws the first {STARTUP} of each at random; it learns in all of them from"
            f" {counted(needed, 'candidate')} on",
            HarnessWarning,
            stacklevel=2,
        )


def _is_late(settings: SearchSettings | None, judged: Sequence[Judged]) -> bool:
    # Of all attempts together; the first candidate is judged whatever the limit.
    minutes = settings.minutes if settings is not None else None
    return minutes is not None and sum(each.seconds for each in judged) >= 60 * minutes


@dataclass
class _Runner:
    """Judges candidates; keeps what the best of them leaves."""

    prepared: Prepared
    trial: Trial
    rows: TuningRows
    folder: Path | None
    keeps: bool
    best: Judged | None = None
    classifier: Classifier | None = None

    def run(self, drawn: Sequence[Drawn], study: Study, executor: Executor | None) -> list[Fitted]:
        """Judge a batch."""
        # Small spaces are drawn from again and again: what was fitted once has the same score.
        fresh = [each for each in drawn if repeated(study.judged, each.options) is None]
        judge = Judge(self.prepared, self.trial, self.rows, self.folder)
        if executor is not None:
            # A training in another process can report to nobody here: it is not pruned.
            numbers, options = [each.number for each in fresh], [each.options for each in fresh]
            results = dict(zip(numbers, executor.map(judge, numbers, options), strict=True))
        else:
            results = {each.number: judge(each.number, each.options, each) for each in fresh}
        return [results.get(each.number) or self._repeat(study, each) for each in drawn]

    def _repeat(self, study: Study, drawn: Drawn) -> Fitted:
        earlier = repeated(study.judged, drawn.options)
        assert earlier is not None
        reason = f"the same as candidate {earlier.number}"
        return Fitted(Judged(drawn.number, drawn.options, earlier.value, "repeated", 0.0, reason))

    def fitted(self, judged: Judged) -> Classifier:
        """Fit a candidate to all training rows."""
        # The best one of a search by half was fitted to all training rows already.
        if self.classifier is not None and judged == self.best:
            return self.classifier
        bound = with_options(self.trial.classifier.bound, judged.options)
        split = self.prepared.split_of(self.trial.fold)
        classifier = make_classifier(bound, self.prepared, seed_of(self.trial))
        train = labelled_part(self.prepared, bound, split, "train")
        fit(classifier, train, ending_rows(self.prepared, bound, split), None)
        return classifier

    def keep_best(self, judged: Sequence[Judged], fitted: Fitted) -> None:
        """Keep classifier and checkpoints of the best candidate so far; remove those of the others."""
        before, self.best = self.best or _best(judged[:-1]), _best(judged)
        worse: Judged | None = fitted.judged
        # One that was judged by folds is trained once more, on all rows, whatever is left of it.
        if self.rows.how == "half" and self.best == fitted.judged:
            # Only that of the best so far: thirty encoders would not fit into memory.
            self.classifier = fitted.classifier if self.keeps else None
            worse = before
        if worse is not None and self.folder is not None:
            shutil.rmtree(checkpoints_of(self.folder, worse.number), ignore_errors=True)


def _best(judged: Sequence[Judged]) -> Judged | None:
    """Return the candidate with the best score; of equal ones the first."""
    complete = [each for each in judged if each.state == "complete"]
    return max(complete, key=lambda each: (each.value, -each.number), default=None)


def _chosen(runner: _Runner, study: Study, settings: SearchSettings | None) -> Chosen:
    best, classifier = _best(study.judged), runner.trial.classifier
    if best is None:
        first = next((each.reason for each in study.judged if each.reason), "")
        n = counted(len(study.judged), "candidate")
        raise ClassifierError(f"none of {n} of {classifier.name} has a score; the first: {first}")
    fitted = runner.classifier if runner.best == best else None
    measured: list[Measured] = []
    if settings is not None and measures(settings):
        rows = corpus_examples(runner.prepared.take(runner.rows.ids))
        best, fitted, measured = measure_all(study.judged, runner.fitted, rows, settings, runner.folder)
    record = _with_measures(_record(runner, study, best), measured)
    folder = checkpoints_of(runner.folder, best.number) if runner.folder is not None else None
    # Folds leave the state of five trainings on fewer rows: none of them is resumed on all rows.
    whole = folder if runner.rows.how == "half" else None
    return Chosen(with_options(classifier.bound, best.options), record, fitted, whole)


def _with_measures(record: SearchRecord, measured: Sequence[Measured]) -> SearchRecord:
    by_number = {each.number: each for each in measured}
    candidates = tuple(
        replace(
            each,
            rows_per_second=by_number[each.number].rows_per_second,
            megabytes=by_number[each.number].megabytes,
        )
        if each.number in by_number
        else each
        for each in record.candidates
    )
    return replace(record, candidates=candidates)


def _record(runner: _Runner, study: Study, best: Judged) -> SearchRecord:
    # Within a search higher is better; outside, a loss is a loss again.
    metric, rows, planned = runner.prepared.plan.primary, runner.rows, runner.trial.classifier.search
    sign = -1.0 if metric.direction == "lower" else 1.0
    candidates = tuple(
        SearchCandidate(
            each.number,
            {name: plain(value) for name, value in each.options.items()},
            each.value if each.state == "pruned" else sign * each.value,
            each.state,
            each.seconds,
            each.reason,
        )
        for each in sorted(study.judged, key=lambda each: each.number)
    )
    return SearchRecord(
        study.kind,
        metric.name,
        metric.direction,
        rows.how,
        len(rows.ids),
        rows.n_groups,
        candidates,
        best.number,
        _optimism(runner, study),
        study.importance(),
        planned.settings.objectives if planned is not None else (SCORE,),
    )


def _optimism(runner: _Runner, study: Study) -> float:
    """Return how much too good the best score is expected to be; NaN where predictions are gone."""
    labels, folder = runner.prepared.plan.labels, runner.folder
    complete = [each for each in study.judged if each.state == "complete"]
    if len(complete) < 2:
        return 0.0
    if folder is None:
        return math.nan
    try:
        tables = [Predictions.read(table_of(folder, each.number), labels) for each in complete]
    except OSError:
        return math.nan
    return tuning_optimism(tables, runner.prepared.plan.primary)
