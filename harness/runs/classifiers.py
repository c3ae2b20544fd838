"""A prepared experiment and a place for results in, each classifier's outcome out, as soon as it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.audits.experiment_audits import audit_classifier
from harness.classifiers.protocol import Example, ReadsOtherTexts, Saveable
from harness.config.plan import PlannedClassifier
from harness.evaluation.choice import Contender
from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import Prepared, reads_both
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.evaluation.trial import list_trials, run_trial, searching_trial
from harness.explorer.run_files import explorer_files
from harness.runs.executors.ahead import Ahead
from harness.runs.executors.jobs import taken
from harness.runs.executors.opening import running_ahead
from harness.runs.packaging import pack
from harness.runs.untracked import UntrackedChild, UntrackedExperiment, UntrackedParent
from harness.splits.leaks import Gate, Leaks
from harness.tracking import names
from harness.tracking.store import Store
from harness.tracking.tracker import ChildRun, ParentRun, Tracker
from harness.values.errors import ClassifierError, ClusterError, HarnessError, LeakError, StoreError
from harness.values.findings import Finding
from harness.values.outputs import claimed
from harness.values.progress import progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassifierOutcome:
    """How one classifier of an experiment ended.

    Attributes
    ----------
    classifier : PlannedClassifier
    result : ClassifierResult or None
        None where it failed.
    seconds : float
        Of its trials, in whatever process and call they ran, and of all that came after them here; of one
        that failed, wall time.
    reused : bool
        Whether the finished run of an earlier call was used as it is.
    error : HarnessError or None
        Why it failed.
    """

    classifier: PlannedClassifier
    result: ClassifierResult | None
    seconds: float
    reused: bool = False
    error: HarnessError | None = None

    @property
    def name(self) -> str:
        """The classifier's name in the config."""
        return self.classifier.name

    @property
    def is_deterministic(self) -> bool:
        """Whether no seed changes it; False for one that failed."""
        return bool(getattr(self._unfitted(), "deterministic", False))

    @property
    def is_saveable(self) -> bool:
        """Whether it can be saved, so that a model of it can be promoted; False for one that failed."""
        return isinstance(self._unfitted(), Saveable)

    @property
    def contender(self) -> Contender | None:
        """What a choice among classifiers needs to know of it; None where no model of it can be promoted."""
        if self.result is None or not self.is_saveable:
            return None
        verdicts = {finding.audit: finding.verdict for finding in self.result.findings}
        return Contender(
            self.name,
            self.result.predictions,
            verdicts,
            self.result.predict_seconds,
            deterministic=self.is_deterministic,
            kind=self.classifier.bound.kind,
        )

    def _unfitted(self) -> Any:
        """Return a classifier like it, not fitted; None where it failed."""
        if self.result is None:
            return None
        return self.classifier.bound.make(labels=self.result.predictions.labels, seed=0)


def check_leaks(prepared: Prepared, *, allow: bool = False) -> Leaks | None:
    """Look for what test shares with train, before anything is trained.

    Parameters
    ----------
    prepared : Prepared
    allow : bool
        Go on in spite of what would stop the experiment; its runs are tagged.

    Returns
    -------
    Leaks or None
        None where the config switches the gate off.

    Raises
    ------
    LeakError
        Where test repeats more of train or dev than the config allows.
    """
    bound = prepared.plan.audits.get("leaks")
    if bound is None:
        return None
    gate: Gate = bound.make()
    encode = vectors if gate.embeddings is not None else None
    texts_of = dict(_other_texts(prepared))
    leaks = gate.inspect(prepared.corpus, prepared.splits, prepared.plan.labels, encode, texts_of)
    if leaks.refusal and not allow:
        raise LeakError(f"{prepared.plan.name} does not start: {leaks.refusal}")
    return leaks


def _other_texts(prepared: Prepared) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each classifier that learns from texts beside the corpus, and these."""
    for planned in prepared.plan.classifiers:
        texts: dict[str, None] = {}
        for bound in planned.grid():
            classifier = bound.make(labels=prepared.plan.labels, seed=0)
            if isinstance(classifier, ReadsOtherTexts):
                try:
                    texts |= dict.fromkeys(classifier.other_texts())
                except ClassifierError:
                    # It will fail when it is trained, with this message; the others should not wait for it.
                    continue
        if texts:
            yield planned.name, list(texts)


def run_classifiers(
    prepared: Prepared, destination: Store | Path, *, fresh: bool = False, leaks: Leaks | None = None
) -> Iterator[ClassifierOutcome]:
    """Run every classifier of an experiment that is not yet finished.

    Parameters
    ----------
    prepared : Prepared
        From :func:`harness.evaluation.trial.prepare`.
    destination : Store or Path
        The store that runs are logged to and found again in; or a folder that reports and models are written
        to, without any store.
    fresh : bool
        Repeat what is finished.
    leaks : Leaks, optional
        From :func:`check_leaks`; left out, it is called.

    Yields
    ------
    ClassifierOutcome
        As soon as a classifier ends. One that fails with a :class:`HarnessError` does not stop the others;
        any other exception does, after its runs are marked FAILED.

    Raises
    ------
    LeakError
        See :func:`check_leaks`.
    """
    leaks = leaks or check_leaks(prepared)
    marks = {names.LEAKS: "allowed"} if leaks is not None and leaks.refusal else {}
    tracker = _tracker(prepared, destination, fresh=fresh, marks=marks)
    shared = (leaks.finding,) if leaks is not None else ()
    by_digest: dict[str, TrialResult] = {}
    usable = True
    folder = destination if isinstance(destination, Path) else None
    try:
        with claimed(folder, folder=True), running_ahead(prepared, tracker) as ahead:
            for classifier in prepared.plan.classifiers:
                began = time.perf_counter()
                try:
                    outcome = run_classifier(prepared, tracker, classifier, (shared, by_digest, ahead))
                except StoreError:
                    # What cannot be logged for one classifier cannot be for the next, nor can the run be
                    # marked.
                    usable = False
                    raise
                except ClusterError:
                    # What is gone for one classifier is gone for the next.
                    raise
                except HarnessError as error:
                    ahead.drop(classifier.name)
                    yield ClassifierOutcome(classifier, None, time.perf_counter() - began, error=error)
                else:
                    yield outcome
    finally:
        if isinstance(tracker, Tracker) and usable:
            tracker.mark_latest()


def finished_classifiers(prepared: Prepared, store: Store) -> Iterator[ClassifierOutcome]:
    """Yield the classifiers of an experiment that an earlier call finished; runs nothing."""
    tracker = Tracker(store, prepared.plan)
    for classifier in prepared.plan.classifiers:
        result = tracker.finished(classifier, list_trials(prepared, classifier))
        if result is not None:
            yield ClassifierOutcome(classifier, result, 0.0, reused=True)


def without_logged_texts(prepared: Prepared, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave sentences out of findings where runs may not hold any (``tracking.log_text: false``)."""
    if prepared.plan.config.tracking.log_text:
        return findings
    return tuple(finding.without_texts() for finding in findings)


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the packaged encoder's sentence vectors of texts, ``(n, size)``."""
    from harness.classifiers.checkpoints import MINILM
    from harness.classifiers.embedding.vectors import FrozenEncoder

    return FrozenEncoder(MINILM, "none", 128, 3).vectors([Example(text) for text in texts])


def _tracker(
    prepared: Prepared, destination: Store | Path, *, fresh: bool, marks: Mapping[str, str]
) -> Tracker | UntrackedExperiment:
    if isinstance(destination, Path):
        return UntrackedExperiment(destination, prepared.plan)
    return Tracker(destination, prepared.plan, fresh=fresh, marks=marks)


def run_classifier(
    prepared: Prepared,
    tracker: Tracker | UntrackedExperiment,
    classifier: PlannedClassifier,
    before: tuple[tuple[Finding, ...], dict[str, TrialResult], Ahead],
) -> ClassifierOutcome:
    """Run one classifier, unless it is finished.

    Parameters
    ----------
    prepared : Prepared
    tracker : Tracker or UntrackedExperiment
        Of the same plan.
    classifier : PlannedClassifier
        Its trials are those of ``prepared``, under whatever name.
    before : (tuple of Finding, dict, Ahead)
        Findings that all classifiers share; results of trials by digest, to which those of this one are
        added; and trials that run in other processes.
    """
    began = time.perf_counter()
    trials = list_trials(prepared, classifier)
    with tracker.classifier(classifier, trials) as parent:
        shared, by_digest, ahead = before
        if parent.done is not None:
            by_digest |= {result.trial.digest: result for result in parent.done.trials}
            return ClassifierOutcome(classifier, parent.done, time.perf_counter() - began, reused=True)
        results = []
        for trial in progress(trials, classifier.name, len(trials), "trials"):
            searching = searching_trial(trial, trials)
            searched_by = by_digest[searching.digest] if searching is not None else None
            results.append(_run_trial(prepared, parent, trial, (by_digest, searched_by), ahead))
            by_digest[trial.digest] = results[-1]
        # What trials took elsewhere or in an earlier call counts, and not how long this process waited.
        ended, seconds = time.perf_counter(), sum(sum(each.seconds.values()) for each in results)
        result = pool_trials(prepared, classifier, results, parent.folder)
        findings = (*shared, *audit_classifier(prepared, result, parent, by_digest))
        result = replace(result, findings=without_logged_texts(prepared, findings))
        if reads_both(classifier.bound) and prepared.other is not None:
            _label_other_task(prepared.other, _beside(tracker, prepared.other), result)
        parent.complete(
            prepared.finish(result), partial(pack, prepared), explorer_files(prepared, result, parent.run_id)
        )
    return ClassifierOutcome(classifier, result, seconds + time.perf_counter() - ended)


def _beside(tracker: Tracker | UntrackedExperiment, other: Prepared) -> Tracker | UntrackedExperiment:
    """Return what tracks the experiment of the other task, in the same place."""
    if isinstance(tracker, UntrackedExperiment):
        return UntrackedExperiment(tracker.folder, other.plan)
    return Tracker(tracker.store, other.plan, fresh=tracker.fresh, marks=tracker.marks)


def _label_other_task(
    other: Prepared, tracker: Tracker | UntrackedExperiment, result: ClassifierResult
) -> None:
    """Let a classifier that learned two tasks label the second; its models are those of the first."""
    trials = list_trials(other, result.classifier)
    with tracker.classifier(result.classifier, trials) as parent:
        if parent.done is not None:
            return
        by_trial = {(first.trial.seed, first.trial.fold): first for first in result.trials}

        def labelled(child: ChildRun | UntrackedChild, trial: Trial) -> TrialResult:
            fitted_by = by_trial[trial.seed, trial.fold]
            return run_trial(other, trial, child.folder, child.unfinished, fitted_by)

        results = [_logged(parent, trial, partial(labelled, trial=trial)) for trial in trials]
        second = pool_trials(other, result.classifier, results, parent.folder, like=result)
        findings = without_logged_texts(other, audit_classifier(other, second, parent, {}))
        second = replace(second, findings=findings)
        files = explorer_files(other, second, parent.run_id)
        parent.complete(other.finish(second), partial(pack, other), files)


def _run_trial(
    prepared: Prepared,
    parent: ParentRun | UntrackedParent,
    trial: Trial,
    before: tuple[Mapping[str, TrialResult], TrialResult | None],
    ahead: Ahead,
) -> TrialResult:
    by_digest, searched_by = before
    if trial.digest in by_digest:
        return _renamed(trial, by_digest[trial.digest])
    # Before its run is opened, which takes the lock of whoever runs the trial.
    ahead.wait(trial)

    def run(child: ChildRun | UntrackedChild) -> TrialResult:
        ahead.end(trial)
        ended = taken(trial, ahead.folder(trial, child.unfinished), child.folder, prepared.plan.labels)
        ahead.clear(trial)
        if ended is not None:
            return ended
        chosen = {} if searched_by is None else {"searched_by": searched_by}
        return run_trial(prepared, trial, child.folder, child.unfinished, **chosen)

    return _logged(parent, trial, run)


def _logged(
    parent: ParentRun | UntrackedParent,
    trial: Trial,
    run: Callable[[ChildRun | UntrackedChild], TrialResult],
) -> TrialResult:
    """Return the result that an earlier call logged, or else run the trial and log it."""
    earlier = parent.finished_trial(trial)
    if earlier is not None:
        return earlier
    with parent.trial(trial) as child:
        result = run(child)
        child.log(result)
    return result


def _renamed(trial: Trial, result: TrialResult) -> TrialResult:
    """Use a trial that this experiment has run under another classifier's name, such as that of a twin."""
    rows = result.predictions.rows.assign(run=trial.classifier.name)
    folder = result.folder
    is_saved = folder is not None and (folder / "loader.txt").is_file()
    predictions = replace(result.predictions, rows=rows)
    return replace(result, trial=trial, predictions=predictions, folder=folder if is_saved else None)
