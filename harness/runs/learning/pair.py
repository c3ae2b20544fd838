"""A classifier and gold in; its finished runs without and with the gold, in the same experiment, out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.config.plan import PlannedClassifier
from harness.evaluation.prepared import Prepared
from harness.evaluation.results import ClassifierResult
from harness.evaluation.trial import list_trials
from harness.runs.classifiers import check_leaks, run_classifier
from harness.runs.executors.opening import running_ahead
from harness.runs.learning.account import Outcome
from harness.runs.learning.curve import orders, sizes
from harness.runs.observer import RunObserver
from harness.tracking import names
from harness.tracking.finished_runs import FinishedRun, run_of_digest
from harness.tracking.store import Store
from harness.tracking.tracker import Tracker

SUFFIX = "-learned"
"""Ends the name of a run that was trained with gold; from the second file of gold on, a number follows."""


@dataclass(frozen=True)
class GoldTraining:
    """A classifier that is trained, or was, on the rows of a prepared experiment.

    Attributes
    ----------
    prepared : Prepared
    planned : PlannedClassifier
        Under the name of its run.
    marks : mapping
        Tags of its runs.
    """

    prepared: Prepared = field(repr=False)
    planned: PlannedClassifier
    marks: dict[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """Identify its run."""
        trials = list_trials(self.prepared, self.planned)
        return names.parent_digest(self.prepared.plan, self.planned, trials)

    def finished(self, store: Store) -> ClassifierResult | None:
        """Return its result where it was trained before."""
        tracker = Tracker(store, self.prepared.plan)
        return tracker.finished(self.planned, list_trials(self.prepared, self.planned))

    def run(self, store: Store, observer: RunObserver, *, allow_leaks: bool) -> TrainedRun:
        """Train, score, audit and log it, unless that was done before.

        Raises
        ------
        LeakError
            Where test repeats what is trained on, unless that is allowed.
        ClassifierError
            Where it fails.
        """
        prepared = self.prepared
        # Of a run that is there, it was decided then.
        leaks = check_leaks(prepared, allow=allow_leaks) if self.finished(store) is None else None
        marks = self.marks | ({names.LEAKS: "allowed"} if leaks is not None and leaks.refusal else {})
        tracker = Tracker(store, prepared.plan, marks=marks)
        shared = (leaks.finding,) if leaks is not None else ()
        # Its trials may run in other processes, which know a classifier by the plan.
        named = replace(prepared, plan=replace(prepared.plan, classifiers=(self.planned,)))
        with running_ahead(named, tracker) as ahead:
            outcome = run_classifier(prepared, tracker, self.planned, (shared, {}, ahead))
        assert outcome.result is not None
        observer.classifier_ended(outcome)
        # By digest: of an experiment that was changed back, the newest run of a name is another one.
        logged = run_of_digest(store, prepared.plan.name, self.digest())
        return TrainedRun(outcome.result, logged, outcome.is_deterministic)


@dataclass(frozen=True)
class TrainedRun:
    """A finished run of a training.

    Attributes
    ----------
    result : ClassifierResult
    logged : FinishedRun
        Where it stands in the store.
    deterministic : bool
        Whether no seed changes it.
    """

    result: ClassifierResult = field(repr=False)
    logged: FinishedRun
    deterministic: bool

    @property
    def name(self) -> str:
        """Of the run."""
        return self.logged.name


@dataclass(frozen=True)
class LearnCost:
    """What learning from gold takes.

    Attributes
    ----------
    pair : int
        Trainings without and with the gold; what was done before is not among them.
    curve : int
        Trainings for the learning curve.
    seconds : float
        About what all of them take together; NaN where nothing like them was trained before.
    """

    pair: int
    curve: int
    seconds: float = math.nan


def cost_of(store: Store, pair: Sequence[GoldTraining], labels: int, repeats: int) -> LearnCost:
    """Say how many trainings a pair and a learning curve take, and how long.

    Parameters
    ----------
    store : Store
    pair : sequence of GoldTraining
        Without and with gold.
    labels : int
        Of gold.
    repeats : int
        Orders of the curve; 0 for none.
    """
    # What is there costs nothing, and says how long the rest takes.
    results = [training.finished(store) for training in pair]
    trials = len(list_trials(pair[-1].prepared, pair[-1].planned))
    per_trial = trials * pair[-1].planned.n_candidates
    missing = sum(result is None for result in results) * per_trial
    curve = len(sizes(labels)) * orders(repeats, trials) if repeats else 0
    # Of a grid, one combination takes its share.
    times = [
        trial.seconds.get("fit", math.nan) / training.planned.n_candidates
        for training, result in zip(pair, results, strict=True)
        for trial in (result.trials if result is not None else ())
    ]
    seconds = (missing + curve) * sum(times) / len(times) if times else math.nan
    return LearnCost(missing, curve, seconds)


def learned_name(name: str, files: int) -> str:
    """Return the name of a run that was trained with so many files of gold.

    Examples
    --------
    >>> learned_name("linear", 0), learned_name("linear", 1), learned_name("linear", 2)
    ('linear', 'linear-learned', 'linear-learned-2')
    """
    return name + (SUFFIX if files else "") + (f"-{files}" if files > 1 else "")


def training(
    prepared: Prepared, planned: PlannedClassifier, learned: Sequence[tuple[str, str, Mapping[Outcome, int]]]
) -> GoldTraining:
    """Name a training after the gold that it has.

    Parameters
    ----------
    prepared : Prepared
        With the gold in train.
    planned : PlannedClassifier
        As the config has it.
    learned : sequence of (str, str, dict)
        Digest and name of each file of gold, and how many of its rows there are of each outcome.
    """
    if not learned:
        return GoldTraining(prepared, planned)
    _, file, counts = learned[-1]
    marks = {
        names.GOLD: " ".join(digest for digest, _, _ in learned),
        names.GOLD_FILE: file,
        names.GOLD_ADDED: str(counts.get("added", 0)),
        names.GOLD_REPLACED: str(counts.get("replaced", 0)),
        names.LEARNED_FROM: planned.name,
    }
    return GoldTraining(prepared, replace(planned, name=learned_name(planned.name, len(learned))), marks)
