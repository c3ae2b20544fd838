"""A trial with options to tune in, the options that did best, with the record of all candidates, out."""

from __future__ import annotations

import math
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.classifiers.protocol import Classifier, Watched
from harness.config.plan import PlannedClassifier
from harness.config.plan.search import Search, with_options
from harness.config.search_settings import SCORE, SearchSettings
from harness.evaluation.fitting import make_classifier
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.evaluation.search.finalists import Measured, measure_all, measures
from harness.evaluation.search.judging import Fitted, Judge, checkpoints_of, table_of
from harness.evaluation.search.optimism import tuning_optimism
from harness.evaluation.search.record import SearchCandidate, SearchRecord
from harness.evaluation.search.study import STARTUP, Drawn, Judged, Study, brackets, repeated
from harness.evaluation.search.tuning_rows import TuningRows, tuning_rows
from harness.evaluation.search.workers import CandidateWorkers, Here
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
    seconds : float
        Wall time of the search in this process.
    earlier : float
        Seconds that the candidates took which earlier processes had judged.
    """

    bound: Bound
    record: SearchRecord
    classifier: Classifier | None = None
    seconds: float = 0.0
    earlier: float = 0.0

    def checkpoints(self, folder: Path) -> Path | None:
        """Return where the training of the chosen candidate left its state, in the folder of the search."""
        # Folds leave the state of five trainings on fewer rows: none of them is resumed on all rows.
        return checkpoints_of(folder, self.record.chosen) if self.record.rows == "half" else None


def is_handed_out(classifier: PlannedClassifier) -> bool:
    """Say whether a search gains by workers: it has batches, or finalists that have to be timed alone."""
    search = classifier.search
    return search is not None and (search.settings.batch > 1 or measures(search.settings))


def search(
    prepared: Prepared, trial: Trial, folder: Path | None, workers: CandidateWorkers | None = None
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
    workers : CandidateWorkers, optional
        Where candidates are fitted. Left out, this process fits one after the other, of the same batches.

    Raises
    ------
    ClassifierError
        Where no candidate has a score; of a plain grid, where one fails.
    """
    began = time.perf_counter()
    classifier = trial.classifier
    rows = tuning_rows(prepared, prepared.split_of(trial.fold), classifier)
    settings, study = _study_of(prepared, trial, folder)
    limit = classifier.n_candidates
    here = Here(Judge(prepared, trial, rows, folder))
    runner = _Runner(prepared, trial, rows, folder, workers or here, keeps=workers is None)
    title = f"{trial.name}: candidates"
    bar = iter(progress(range(limit), title, limit, "candidates"))
    # What an earlier process did counts for the estimate of what is left.
    earlier = sum(each.seconds for each in study.judged)
    for _ in study.judged:
        next(bar, None)
    while len(study.judged) < limit and not _is_late(settings, study.judged):
        drawn = study.batch(limit)
        for candidate, fitted in zip(drawn, runner.run(drawn, study), strict=True):
            # Before it is told: whatever is told has its predictions.
            runner.keep_predictions(fitted)
            study.tell(candidate, fitted.judged)
            runner.keep_best(study.judged, fitted)
            next(bar, None)
    # The bar is closed with what it counts.
    for _ in bar:
        pass
    taken = time.perf_counter() - began
    return replace(_chosen(runner, study, settings), seconds=taken, earlier=earlier)


def _study_of(prepared: Prepared, trial: Trial, folder: Path | None) -> tuple[SearchSettings | None, Study]:
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
    width = settings.batch if settings is not None else 1
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
    workers: CandidateWorkers
    keeps: bool
    best: Judged | None = None
    classifier: Classifier | None = None

    def run(self, drawn: Sequence[Drawn], study: Study) -> Iterator[Fitted]:
        """Judge a batch; yield what became of each, to be told before the next one is asked for."""
        # Small spaces are drawn from again and again: what was fitted once has the same score.
        fresh = [
            each
            for position, each in enumerate(drawn)
            if repeated(study.judged, each.options) is None
            and all(dict(other.options) != dict(each.options) for other in drawn[:position])
        ]
        numbers = {each.number for each in fresh}
        results = self.workers.judged(fresh)
        for each in drawn:
            if each.number in numbers:
                yield next(results)
            elif (earlier := repeated(study.judged, each.options)) is not None:
                reason = f"the same as candidate {earlier.number}"
                yield Fitted(Judged(each.number, each.options, earlier.value, "repeated", 0.0, reason))
            else:
                # Its twin of the same batch has no score.
                yield from self.workers.judged([each])

    def measure(self, judged: Judged) -> tuple[Measured, Classifier | None]:
        """Measure a finalist."""
        # The best one of a search by half was fitted to all training rows already.
        fitted = self.classifier if judged == self.best else None
        return self.workers.measured(judged, fitted)

    def keep_predictions(self, fitted: Fitted) -> None:
        """Write down what a candidate predicts, for the estimate of luck in the best score."""
        if self.folder is not None and fitted.predictions is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            fitted.predictions.write(table_of(self.folder, fitted.judged.number))

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
        best, fitted, measured = measure_all(study.judged, runner.measure, settings, runner.folder)
    record = _with_measures(_record(runner, study, best), measured)
    return Chosen(with_options(classifier.bound, best.options), record, fitted)


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
