"""A finished classifier in, what the audits of its config find out; the model is asked, its twin trained."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import MutableMapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness.audits import Audit, Subject, run_audits
from harness.audits.unseen import LATER
from harness.classifiers.protocol import Classifier, load
from harness.config.plan import Plan, PlannedClassifier
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult, Trial, TrialResult
from harness.evaluation.trial import list_trials, refit, run_trial
from harness.values.findings import Finding
from harness.values.tables import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

GATE, TWIN = "leaks", "target_use"
ELSEWHERE = "The predictions were made elsewhere: there is no model to ask."
UNSAVED = "The classifier cannot be saved, so that it is gone once it is trained; give it `save` to be asked."


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
    known: MutableMapping[str, TrialResult],
) -> tuple[Finding, ...]:
    """Run the audits of a config on a classifier whose trials are finished.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult
        With scores, not yet logged.
    parent : TrialRecorder or None
        Its open run, in which a twin is trained; None where the predictions were made elsewhere.
    known : mapping
        Digest → trials that this experiment has run so far; those of the twin are added.

    Returns
    -------
    tuple of Finding
        One an audit, the leak gate left out.
    """
    bounds = {name: bound for name, bound in prepared.plan.audits.items() if name != GATE}
    if not bounds:
        return ()
    audits: dict[str, Audit] = {name: bound.make() for name, bound in bounds.items()}
    shown = result.served or result.trials[0]
    decider, decided = decide(shown.predictions, DecisionSettings.of(prepared.plan.config))
    subject = subject_of(prepared, result, decided.only(split="test"))
    if parent is None:
        return run_audits(replace(subject, blind=ELSEWHERE), audits, ELSEWHERE)
    if TWIN in audits and not (subject.without_parties() or subject.few_share()):
        minutes = float(bounds[TWIN].options.get("minutes", 0.0))
        subject = replace(subject, blind=_without_target(prepared, result, parent, known, minutes))
    if not any(audit.needs_model for audit in audits.values()):
        return run_audits(subject, audits, "")
    with tempfile.TemporaryDirectory(prefix="harness-audit-") as scratch:
        model = _model(prepared, result, Path(scratch))
        if isinstance(model, str):
            return run_audits(subject, audits, model)
        return run_audits(subject, audits, lambda asked: decider.calibrated(model.predict_proba(asked)))


def subject_of(prepared: Prepared, result: ClassifierResult, tested: Predictions) -> Subject:
    """Describe a classifier to its audits.

    Parameters
    ----------
    prepared : Prepared
    result : ClassifierResult
    tested : Predictions
        Decided, of the test rows of the trial whose model is asked.
    """
    plan = prepared.plan
    return Subject(
        name=result.classifier.name,
        task=plan.config.task,
        labels=plan.labels,
        corpus=prepared.corpus,
        tested=prepared.corpus.take([str(id_) for id_ in tested.rows["id"]]),
        proba=_stated(tested),
        said=tested.predicted(),
        metric=plan.primary,
        predictions=result.predictions,
        splits=prepared.splits,
        left_out=_left_out(plan),
    )


def _left_out(plan: Plan) -> str:
    """Return the column by whose values the split was made; empty for splits of another kind."""
    options = plan.split.options
    if plan.split.kind == "disjoint":
        return next((name for name in options["by"] if name != "group"), "")
    return {"leave_one_out": str(options.get("by", "")), "forward": LATER}.get(plan.split.kind, "")


def _stated(tested: Predictions) -> NDArray[np.float64]:
    """Return the probabilities, or certainty of what was said where none are stated."""
    if tested.has_probabilities:
        return tested.proba()
    said = tested.predicted()
    return said.astype(np.float64) if tested.labels.multi else np.eye(len(tested.labels))[said]


def _model(prepared: Prepared, result: ClassifierResult, scratch: Path) -> Classifier | str:
    """Load the model of the trial that is looked at: the one that is served, before any refit on all rows."""
    served = result.served
    if served is None or result.model is None:
        return UNSAVED
    # With folds the model that is served has seen every row; one of a single fit is there already.
    fitted = result.model if len(prepared.splits) == 1 else None
    folder = served.folder or fitted or refit(prepared, served, scratch, whole=False)
    if folder is None:
        return UNSAVED
    return load(folder, prepared.plan.labels)


def twin_of(classifier: PlannedClassifier) -> PlannedClassifier | None:
    """Return the same classifier without the target; None where it has no such setting."""
    if "target" not in classifier.bound.options:
        return None
    options = {**classifier.bound.options, "target": "none"}
    tune = {name: values for name, values in classifier.tune.items() if name != "target"}
    return PlannedClassifier(
        f"{classifier.name} without target", replace(classifier.bound, options=options), tune
    )


def _without_target(
    prepared: Prepared,
    result: ClassifierResult,
    parent: TrialRecorder,
    known: MutableMapping[str, TrialResult],
    minutes: float,
) -> Predictions | str:
    """Return what the classifier predicts when trained without the target, or why it was not trained."""
    twin = twin_of(result.classifier)
    if twin is None:
        kind = result.classifier.bound.kind
        return f"{kind} has no setting `target`, so that it cannot be trained without it."
    if result.classifier.bound.options["target"] == "none" and "target" not in result.classifier.tune:
        return result.predictions
    trials = list_trials(prepared, twin)
    found = {one.digest: known.get(one.digest) or parent.finished_trial(one) for one in trials}
    planned = _planned(prepared)
    missing = [one for one in trials if found[one.digest] is None]
    extra = [one for one in missing if one.digest not in planned]
    cost = max(one.seconds.get("fit", 0.0) for one in result.trials) * len(extra)
    if cost > 60 * minutes:
        return _too_long(cost, len(extra), minutes)
    for trial in missing:
        with parent.trial(trial) as child:
            made = run_trial(prepared, trial, child.folder, child.unfinished)
            child.log(made)
        if trial.digest not in planned:
            shutil.rmtree(child.folder, ignore_errors=True)
        found[trial.digest] = known[trial.digest] = made
    settings = DecisionSettings.of(prepared.plan.config)
    return Predictions.concat(
        [decide(one.predictions, settings)[1] for one in found.values() if one is not None]
    )


def _planned(prepared: Prepared) -> frozenset[str]:
    """Return the digests of all trials that the experiment runs anyway."""
    classifiers: Sequence[PlannedClassifier] = prepared.plan.classifiers
    return frozenset(trial.digest for one in classifiers for trial in list_trials(prepared, one))


def _too_long(cost: float, n: int, minutes: float) -> str:
    trials = "1 trial" if n == 1 else f"{n} trials"
    time = f"{cost / 60:.0f} min" if cost >= 90 else f"{cost:.0f} s"
    return (
        f"Training it without the target ({trials}) would take about {time}; {minutes:g} min are allowed. Set"
        f" audits.target_use.minutes: {int(cost / 60) + 1}, or add it to the config with `target: none`."
    )
