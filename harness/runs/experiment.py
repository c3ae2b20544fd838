"""Plan and store in, finished runs out: what ``harness run`` does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.audits.of_classifier import audited
from harness.classifiers.protocol import Example
from harness.config.plan import PlannedClassifier
from harness.evaluation import trial as evaluate
from harness.evaluation.external import EXTERNAL, ExternalPredictions
from harness.evaluation.pooling import pooled, scored
from harness.evaluation.prepared import reads_both
from harness.evaluation.trial import ClassifierResult, Prepared, Trial, TrialResult
from harness.runs.packaging import pack
from harness.splits.leaks import Gate, Leaks
from harness.tracking import names
from harness.tracking.store import Store
from harness.tracking.tracker import Parent, Tracker
from harness.values.catalog import Bound
from harness.values.errors import ConfigError, HarnessError, LeakError, Problem
from harness.values.findings import Finding
from harness.values.progress import progress
from harness.values.tables import Predictions, fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Outcome:
    """How one classifier of an experiment ended.

    Attributes
    ----------
    classifier : PlannedClassifier
    result : ClassifierResult or None
        None where it failed.
    seconds : float
        Wall time.
    reused : bool
        Whether a finished run of an earlier time was taken as it is.
    error : HarnessError or None
        Why it failed.
    """

    classifier: PlannedClassifier
    result: ClassifierResult | None
    seconds: float
    reused: bool = False
    error: HarnessError | None = None


def gate(prepared: Prepared, *, allow: bool = False) -> Leaks | None:
    """Look for what test shares with train, before anything is trained.

    Parameters
    ----------
    prepared : Prepared
    allow : bool
        Go on in spite of what would stop it; the runs are marked.

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
    made: Gate = bound.make()
    encode = vectors if made.embeddings is not None else None
    found = made.inspect(prepared.corpus, prepared.splits, prepared.plan.labels, encode)
    if found.refusal and not allow:
        raise LeakError(f"{prepared.plan.name} does not start: {found.refusal}")
    return found


def run(
    prepared: Prepared, store: Store, *, fresh: bool = False, leaks: Leaks | None = None
) -> Iterator[Outcome]:
    """Run every classifier of an experiment that is not yet finished.

    Parameters
    ----------
    prepared : Prepared
        From :func:`harness.evaluation.trial.prepare`.
    store : Store
        Where runs are logged, and found again.
    fresh : bool
        Repeat what is finished.
    leaks : Leaks, optional
        What :func:`gate` found; left out, it is asked.

    Yields
    ------
    Outcome
        As soon as a classifier ends. One that fails with a :class:`HarnessError` does not stop the others;
        any other exception does, after its runs are marked FAILED.

    Raises
    ------
    LeakError
        See :func:`gate`.
    """
    leaks = leaks or gate(prepared)
    marks = {names.LEAKS: "allowed"} if leaks is not None and leaks.refusal else {}
    tracker = Tracker(store, prepared, fresh=fresh, marks=marks)
    shared = (leaks.finding,) if leaks is not None else ()
    known: dict[str, TrialResult] = {}
    for classifier in prepared.plan.classifiers:
        began = time.perf_counter()
        try:
            result, reused = _run_classifier(prepared, tracker, classifier, (shared, known))
        except HarnessError as error:
            yield Outcome(classifier, None, time.perf_counter() - began, error=error)
        else:
            yield Outcome(classifier, result, time.perf_counter() - began, reused)


def finished(prepared: Prepared, store: Store) -> Iterator[Outcome]:
    """Yield the classifiers of an experiment that an earlier time finished; runs nothing."""
    tracker = Tracker(store, prepared)
    for classifier in prepared.plan.classifiers:
        result = tracker.finished(classifier, evaluate.trials(prepared, classifier))
        if result is not None:
            yield Outcome(classifier, result, 0.0, reused=True)


def log_external(
    prepared: Prepared, store: Store, external: ExternalPredictions, *, name: str
) -> ClassifierResult:
    """Score predictions that were made elsewhere and log them as a run like any other, without a model.

    Parameters
    ----------
    prepared : Prepared
    store : Store
    external : ExternalPredictions
        See :func:`harness.evaluation.external.read`.
    name : str
        Of the run, in place of a classifier's. The same predictions are not logged twice.

    Raises
    ------
    ConfigError
        Where the primary metric needs probabilities and there are none, or the name is a classifier's.
    """
    plan = prepared.plan
    if plan.primary.probabilities and not external.predictions.has_probabilities:
        raise ConfigError(
            [Problem("primary", f"{plan.primary.name} needs probabilities, and there are none")]
        )
    if name in [one.name for one in plan.classifiers]:
        hint = "name the run with --name"
        raise ConfigError([Problem("name", f"the config has a classifier called {name!r}", hint)])
    classifier = PlannedClassifier(name, Bound(EXTERNAL, _ExternalSource, {}), {})
    trials = tuple(_trials_of(classifier, external.predictions))
    with Tracker(store, prepared).classifier(classifier, trials) as parent:
        if parent.done is not None:
            return parent.done
        results = tuple(
            TrialResult(one, external.predictions.only(seed=one.seed, fold=one.fold), {}) for one in trials
        )
        scores = scored(prepared, external.predictions)
        result = ClassifierResult(classifier, results, external.predictions, scores)
        result = replace(result, findings=_shown(prepared, audited(prepared, result, None, {})))
        parent.complete(result)
    return result


def _trials_of(classifier: PlannedClassifier, predictions: Predictions) -> Iterator[Trial]:
    for row in predictions.rows[["seed", "fold"]].drop_duplicates().to_dict("records"):
        seed, fold = int(row["seed"]), int(row["fold"])
        text = predictions.only(seed=seed, fold=fold).rows.to_csv(index=False)
        yield Trial(classifier, seed, fold, fingerprint([text]))


class _ExternalSource:
    """Stands for whoever made the predictions."""


def _run_classifier(
    prepared: Prepared,
    tracker: Tracker,
    classifier: PlannedClassifier,
    before: tuple[tuple[Finding, ...], dict[str, TrialResult]],
) -> tuple[ClassifierResult, bool]:
    trials = evaluate.trials(prepared, classifier)
    with tracker.classifier(classifier, trials) as parent:
        shared, known = before
        if parent.done is not None:
            known |= {one.trial.digest: one for one in parent.done.trials}
            return parent.done, True
        results = [
            _run_trial(prepared, parent, trial, known)
            for trial in progress(trials, classifier.name, len(trials))
        ]
        known |= {one.trial.digest: one for one in results}
        result = pooled(prepared, classifier, results, parent.folder)
        findings = _shown(prepared, (*shared, *audited(prepared, result, parent, known)))
        result = replace(result, findings=findings)
        if reads_both(classifier.bound) and prepared.other is not None:
            beside = Tracker(tracker.store, prepared.other, fresh=tracker.fresh, marks=tracker.marks)
            _run_beside(prepared.other, beside, result)
        parent.complete(result, pack)
    return result, False


def _run_beside(other: Prepared, tracker: Tracker, result: ClassifierResult) -> None:
    """Let a classifier that learned two tasks label the second; its models are those of the first."""
    trials = evaluate.trials(other, result.classifier)
    with tracker.classifier(result.classifier, trials) as parent:
        if parent.done is not None:
            return
        by_trial = {(one.trial.seed, one.trial.fold): one for one in result.trials}
        results = [_run_trial(other, parent, trial, {}, by_trial[trial.seed, trial.fold]) for trial in trials]
        own = pooled(other, result.classifier, results, parent.folder, like=result)
        findings = _shown(other, audited(other, own, parent, {}))
        parent.complete(replace(own, findings=findings), pack)


def _shown(prepared: Prepared, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave sentences out where runs may not hold any."""
    if prepared.plan.config.tracking.log_text:
        return findings
    return tuple(one.without_texts() for one in findings)


def _run_trial(
    prepared: Prepared,
    parent: Parent,
    trial: Trial,
    known: Mapping[str, TrialResult],
    fitted_by: TrialResult | None = None,
) -> TrialResult:
    finished = _under(trial, known[trial.digest]) if trial.digest in known else parent.known(trial)
    if finished is not None:
        return finished
    with parent.trial(trial) as child:
        result = evaluate.run_trial(prepared, trial, child.folder, child.unfinished, fitted_by)
        child.log(result)
    return result


def _under(trial: Trial, result: TrialResult) -> TrialResult:
    """Take a trial that this experiment has run under another classifier's name, such as that of a twin."""
    rows = result.predictions.rows.assign(run=trial.classifier.name)
    folder = result.folder
    there = folder is not None and (folder / "loader.txt").is_file()
    predictions = replace(result.predictions, rows=rows)
    return replace(result, trial=trial, predictions=predictions, folder=folder if there else None)


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return what the packaged encoder makes of texts, ``(n, size)``."""
    from harness.classifiers.checkpoints import MINILM
    from harness.classifiers.embedding.vectors import FrozenEncoder

    return FrozenEncoder(MINILM, "none", 128, 3).vectors([Example(text) for text in texts])
