"""An experiment and where it is logged in, its open trials running in other processes out."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.config.schema import Running
from harness.evaluation.prepared import Prepared
from harness.evaluation.trial import list_trials, searching_trial
from harness.runs.executors.ahead import Ahead
from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.allocation import Request
from harness.runs.executors.cluster.workers import ClusterSettings
from harness.runs.executors.jobs import Job
from harness.runs.executors.resources import GIB_PER_WORKER, Resources, of_this_machine
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
        if settings.executor != "serial":
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
            shared = Path(settings.storage) if settings.executor == "ray" and settings.storage else None
            jobs = _jobs(prepared, tracker, scratch, shared)
        ahead = Ahead(prepared, jobs, _resources(settings))
        stack.callback(ahead.close)
        yield ahead


def _resources(settings: Running) -> Resources | ClusterSettings:
    if settings.executor != "ray":
        return of_this_machine(settings.workers, settings.threads)
    request = Request(settings.workers, settings.threads, settings.gpus, GIB_PER_WORKER)
    shared = (Path(settings.storage),) if settings.storage else ()
    return ClusterSettings(Address.parse(settings.ray_address or ""), request, shared)


def _jobs(
    prepared: Prepared, tracker: Tracker | UntrackedExperiment, scratch: Path, shared: Path | None
) -> list[Job]:
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
    if shared is None:
        return jobs
    # What is not tracked is not found again.
    fresh = not isinstance(tracker, Tracker) or tracker.fresh
    return [_on_storage(job, shared, fresh=fresh) for job in jobs]


def _on_storage(job: Job, shared: Path, *, fresh: bool) -> Job:
    """Let a job keep its checkpoints and its result on storage that all nodes share."""
    folder = shared / job.folder.name
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(job, folder=folder, is_shared=True)
