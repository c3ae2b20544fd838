"""An experiment and where it is logged in, its open trials running in other processes out."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import list_trials, searching_trial
from harness.runs.executors.ahead import Ahead
from harness.runs.executors.jobs import Job
from harness.runs.executors.resources import of_this_machine
from harness.runs.untracked import UntrackedExperiment
from harness.tracking.tracker import Tracker


@contextlib.contextmanager
def running_ahead(prepared: Prepared, tracker: Tracker | UntrackedExperiment) -> Iterator[Ahead]:
    """Begin the trials of an experiment that are not finished, and end all processes with the block.

    Where the config's ``run.executor`` is ``serial`` there are none: each trial runs when it is asked for.
    """
    settings = prepared.plan.config.run
    with contextlib.ExitStack() as stack:
        jobs = []
        if settings.executor == "processes":
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
            jobs = _jobs(prepared, tracker, scratch)
        ahead = Ahead(prepared, jobs, of_this_machine(settings.workers, settings.threads))
        stack.callback(ahead.close)
        yield ahead


def _jobs(prepared: Prepared, tracker: Tracker | UntrackedExperiment, scratch: Path) -> list[Job]:
    jobs = []
    for classifier in prepared.plan.classifiers:
        every = list_trials(prepared, classifier)
        # What uses the options that another seed chose waits for it, in this process.
        trials = [trial for trial in every if searching_trial(trial, every) is None]
        if isinstance(tracker, Tracker):
            jobs += [
                Job(trial, tracker.unfinished(trial), tracker.lock_of(trial))
                for trial in tracker.open_trials(classifier, every)
                if trial in trials
            ]
        else:
            jobs += [Job(trial, scratch / trial.digest) for trial in trials]
    return jobs
