"""A classifier of an experiment in; the findings of the audits in its config out.

The audit of target use trains the classifier once more, without the target: its twin. Everything else needs
the trained model only.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import MutableMapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness.audits import Audit, Subject, Unavailable, run_audits
from harness.audits.unseen import LATER
from harness.classifiers.protocol import Classifier, load, may_miss
from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.evaluation.trial import list_trials, refit, run_trial, searching_trial
from harness.values.findings import Finding
from harness.values.formatting import counted, duration
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

GATE, TWIN = "leaks", "target_use"
EXTERNAL = Unavailable("The predictions are external: there is no model to audit.")
UNSAVED = Unavailable(
    "The classifier cannot be saved, so it is gone after training; to audit it, give it a method `save`."
)


class OpenTrial(Protocol):
    """The open record of one trial: where it may save its model, and who takes its result."""

    @property
    def folder(self) -> Path:
        """Where the trial's model is saved."""

    @property
    def unfinished(self) -> Path:
        """Where a training may keep its state."""

    def log(self, result: TrialResult) -> None:
        """Take the result."""


class TrialRecorder(Protocol):
    """What opens trials and finds those of an earlier run: a run in a store, or a folder."""

    def finished_trial(self, trial: Trial) -> TrialResult | None:
        """Find the result of an equal trial; None without one."""

    def trial(self, trial: Trial) -> AbstractContextManager[OpenTrial]:
        """Open the record of a trial."""


def audit_classifier(
    prepared: Prepared,
    result: ClassifierResult,
    parent: TrialRecorder | None,
    trials: MutableMapping[str, TrialResult],
) -> tuple[Finding, ...]:
    """Run the audits of a config on a classifier whose trials are finished.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult
        Scored, not yet logged.
    parent : TrialRecorder or None
        Its open run, in which a twin is trained; None for external predictions.
    trials : mapping
        Digest → trials that this experiment has run so far; those of the twin are added.

    Returns
    -------
    tuple of Finding
        One per audit, without the leak gate.
    """
    bounds = {name: bound for name, bound in prepared.plan.audits.items() if name != GATE}
    if not bounds:
        return ()
    audits: dict[str, Audit] = {name: bound.make() for name, bound in bounds.items()}
    # External predictions have no served trial: the first one stands for them.
    audited = result.served or result.trials[0]
    # With the decider of this trial alone: after cross-validation that of the result is fitted on all folds.
    decider, decided = decide(audited.predictions, DecisionSettings.of(prepared.plan.config))
    subject = subject_of(prepared, result, decided.only(split="test"))
    if parent is None:
        return run_audits(replace(subject, without_target=EXTERNAL), audits, EXTERNAL)
    # Asked first: a twin is a whole training, which an audit that does not apply should not cost.
    if TWIN in audits and not (subject.no_parties_reason() or subject.few_shared_reason()):
        minutes = float(bounds[TWIN].options.get("minutes", 0.0))
        twin = _without_target(prepared, result, parent, trials, minutes)
        subject = replace(subject, without_target=twin)
    if not any(audit.needs_model for audit in audits.values()):
        return run_audits(subject, audits, UNSAVED)
    with tempfile.TemporaryDirectory(prefix="harness-audit-") as scratch:
        model = _model(prepared, result, Path(scratch))
        if isinstance(model, Unavailable):
            return run_audits(subject, audits, model)
        subject = replace(subject, may_miss=subject.may_miss or may_miss(model))
        return run_audits(subject, audits, lambda examples: decider.calibrated(model.predict_proba(examples)))


def subject_of(prepared: Prepared, result: ClassifierResult, tested: Predictions) -> Subject:
    """Return a classifier as its audits see it.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult
    tested : Predictions
        Decided predictions of the test rows, by the trial whose model is audited.
    """
    plan = prepared.plan
    return Subject(
        name=result.classifier.name,
        task=plan.config.task,
        labels=plan.labels,
        corpus=prepared.corpus,
        tested=prepared.take([str(id_) for id_ in tested.rows["id"]]),
        proba=_probabilities(tested),
        predicted=tested.predicted(),
        metric=plan.primary,
        predictions=result.predictions,
        splits=prepared.splits,
        held_out_by=held_out_by(plan),
        languages=prepared.corpus.languages,
        may_miss=bool(result.predictions.missing().any()),
    )


def held_out_by(plan: Plan) -> str:
    """Return the column whose values the split holds out; empty for other kinds of splits."""
    options = plan.split.options
    if plan.split.kind == "disjoint":
        # Every grouped split holds articles apart; the audit asks what else this one holds out.
        return next((name for name in options["by"] if name != "group"), "")
    return {"leave_one_out": str(options.get("by", "")), "forward": LATER}.get(plan.split.kind, "")


def _probabilities(tested: Predictions) -> NDArray[np.float64]:
    """Return the probabilities, or 1 for the predicted labels if there are none."""
    if tested.has_probabilities:
        return tested.proba()
    predicted = tested.predicted()
    if tested.labels.multi:
        proba = predicted.astype(np.float64)
    else:
        proba = np.eye(len(tested.labels))[np.maximum(predicted, 0)]
    return np.where(tested.missing()[:, None], np.nan, proba)


def _model(prepared: Prepared, result: ClassifierResult, scratch: Path) -> Classifier | Unavailable:
    """Load the model of the audited trial: the one that is served, before any refit on all rows."""
    served = result.served
    if served is None or result.model is None:
        return UNSAVED
    # With folds, the served model was refitted on every row, test rows too: the trial's own model is audited.
    fitted = result.model if len(prepared.splits) == 1 else None
    folder = served.folder or fitted or refit(prepared, served, scratch, whole=False)
    if folder is None:
        return UNSAVED
    return load(folder, prepared.plan.labels)


def twin_of(classifier: PlannedClassifier) -> PlannedClassifier | None:
    """Return the same classifier without the target; None if it has no setting for that."""
    if "target" not in classifier.bound.options:
        return None
    options = {**classifier.bound.options, "target": "none"}
    # The target must not be tuned back in.
    search = classifier.search.without("target") if classifier.search is not None else None
    tune = {name: values for name, values in classifier.tune.items() if name != "target"}
    return PlannedClassifier(
        f"{classifier.name} without target", replace(classifier.bound, options=options), tune, search
    )


def _without_target(
    prepared: Prepared,
    result: ClassifierResult,
    parent: TrialRecorder,
    trials: MutableMapping[str, TrialResult],
    minutes: float,
) -> Predictions | Unavailable:
    """Return what the classifier predicts when it is trained without the target."""
    twin = twin_of(result.classifier)
    if twin is None:
        kind = result.classifier.bound.kind
        return Unavailable(f"{kind} has no setting `target`, so it cannot be trained without the target.")
    if result.classifier.bound.options["target"] == "none" and "target" not in result.classifier.tune:
        return result.predictions
    of_twin = list_trials(prepared, twin)
    results = {trial.digest: trials.get(trial.digest) or parent.finished_trial(trial) for trial in of_twin}
    planned = planned_digests(prepared)
    missing = [trial for trial in of_twin if results[trial.digest] is None]
    # A twin that is a classifier of the experiment too is trained anyway: it costs nothing extra.
    extra = [trial for trial in missing if trial.digest not in planned]
    # By the slowest training so far: an estimate that is too high costs an audit, one too low the time of a
    # person who waits.
    cost = max(trial.seconds.get("fit", 0.0) for trial in result.trials) * len(extra)
    if cost > 60 * minutes:
        return _too_long(cost, len(extra), minutes)
    for trial in missing:
        with parent.trial(trial) as child:
            searching = searching_trial(trial, of_twin)
            chosen = results[searching.digest] if searching is not None else None
            trained = run_trial(prepared, trial, child.folder, child.unfinished, searched_by=chosen)
            child.log(trained)
        # The twin's model is not needed any more; a planned classifier's is.
        if trial.digest not in planned:
            shutil.rmtree(child.folder, ignore_errors=True)
        results[trial.digest] = trials[trial.digest] = trained
    settings = DecisionSettings.of(prepared.plan.config)
    return Predictions.concat(
        [decide(trained.predictions, settings)[1] for trained in results.values() if trained is not None]
    )


def planned_digests(prepared: Prepared) -> frozenset[str]:
    """Return the digests of all trials that the experiment runs anyway."""
    classifiers: Sequence[PlannedClassifier] = prepared.plan.classifiers
    return frozenset(
        trial.digest for classifier in classifiers for trial in list_trials(prepared, classifier)
    )


def _too_long(cost: float, n: int, minutes: float) -> Unavailable:
    trials = counted(n, "trial")
    time = duration(cost, minutes_from=90)
    return Unavailable(
        f"Training it without the target ({trials}) would take about {time}; {minutes:g} min are allowed. Set"
        f" audits.target_use.minutes: {int(cost / 60) + 1}, or add it to the config with `target: none`."
    )
