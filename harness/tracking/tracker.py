"""Prepared experiment and results in, parent and child runs out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.evaluate import ClassifierResult, Prepared, Trial, TrialResult
from harness.plan import PlannedClassifier
from harness.store import Store


class Tracker:
    """Writes the runs of one experiment, and finds those that need no repeating.

    Parameters
    ----------
    store : Store
    prepared : Prepared
    fresh : bool
        Take nothing for done; everything is run again.
    """

    def __init__(self, store: Store, prepared: Prepared, *, fresh: bool = False) -> None:
        self.store, self.prepared, self.fresh = store, prepared, fresh

    def finished(self, classifier: PlannedClassifier, trials: Sequence[Trial]) -> ClassifierResult | None:
        """Load the result of a finished parent run with equal trials and metrics; None without one."""
        raise NotImplementedError

    @contextlib.contextmanager
    def classifier(self, classifier: PlannedClassifier, trials: Sequence[Trial]) -> Iterator[Parent]:
        """Open the parent run of a classifier, an interrupted one where there is one.

        Another process that trains the same classifier of the same experiment is waited for. An exception ends
        the run as FAILED with its reason, Ctrl-C as KILLED; otherwise :meth:`Parent.complete` ends it.
        """
        raise NotImplementedError
        yield


@dataclass(frozen=True)
class Parent:
    """The open run of a classifier.

    Attributes
    ----------
    done : ClassifierResult or None
        Set where there is nothing to do; no run is open then.
    folder : Path
        A place of its own for a refit (:func:`harness.evaluate.refit`), gone after :meth:`complete`.
    run_id : str
    """

    run_id: str
    folder: Path
    done: ClassifierResult | None = None

    def known(self, trial: Trial) -> TrialResult | None:
        """Load the result of a finished child run with the trial's digest; None without one.

        Its ``folder`` is None where the model has been thrown away because another seed's is served.
        """
        raise NotImplementedError

    @contextlib.contextmanager
    def trial(self, trial: Trial) -> Iterator[Child]:
        """Open the child run of a trial; it ends FINISHED, FAILED or KILLED with the block."""
        raise NotImplementedError
        yield

    def complete(self, result: ClassifierResult) -> None:
        """Log everything a person looks at in the UI, and the model; the run is FINISHED."""
        raise NotImplementedError


@dataclass(frozen=True)
class Child:
    """The open run of a trial.

    Attributes
    ----------
    run_id : str
    folder : Path
        Where the trial's model is to be saved; it outlives an interrupted experiment.
    """

    run_id: str
    folder: Path

    def log(self, result: TrialResult) -> None:
        """Log predictions, options, metrics per split, curves and times."""
        raise NotImplementedError
