"""Trials in, their results out as they are asked for; other processes run them meanwhile.

The driver asks for results in the order of the config, scores, audits and logs them, one classifier after the
other, while the trials of the next ones run. It alone writes to the store. Candidates of a search
(:mod:`harness.runs.executors.candidates`) run there, too, when the driver comes to its trial.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path

from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.evaluation.search.search import is_handed_out
from harness.evaluation.trial import search_of
from harness.runs.executors import worker
from harness.runs.executors.candidates import HandedOut
from harness.runs.executors.cluster.workers import ClusterSettings, trials_on_cluster
from harness.runs.executors.jobs import Job
from harness.runs.executors.processes import Processes, Work, Workers
from harness.runs.executors.resources import Resources
from harness.runs.executors.sharing import share_threads, width
from harness.values.errors import ClassifierError
from harness.values.own_modules import own_modules
from harness.values.secrets import shown_secrets


class Ahead:
    """Trials that run in other processes.

    Parameters
    ----------
    prepared : Prepared
    jobs : sequence of Job
        In the order in which their results will be asked for.
    resources : Resources or ClusterSettings
        How many processes, and what each may use; or which cluster.
    """

    def __init__(
        self, prepared: Prepared, jobs: Sequence[Job], resources: Resources | ClusterSettings
    ) -> None:
        self._prepared = prepared
        if isinstance(resources, Resources):
            jobs = share_threads(prepared, jobs, resources)
        self._jobs = {job.trial.digest: job for job in reversed(jobs)}
        experiment = _pickled(prepared) if jobs else b""
        # The driver makes these searches when it comes to them.
        self._searches = {
            digest: job for digest, job in self._jobs.items() if is_handed_out(job.trial.classifier)
        }
        self._workers = _workers(experiment, resources, _at_once(self._jobs, self._searches))
        # Nodes have no other files of the driver than those on storage that they share.
        self._is_here = isinstance(resources, Resources)
        self._ends: dict[str, Future[worker.Ran]] = {
            digest: self._workers.submit(job, job.name)
            for digest, job in reversed(self._jobs.items())
            if digest not in self._searches
        }
        self._workers.start()
        self._finish()

    def __contains__(self, trial: Trial) -> bool:
        """Whether another process runs it."""
        return trial.digest in self._jobs

    def folder(self, trial: Trial, default: Path) -> Path:
        """Return the folder in which a trial's result lies; ``default`` where this process runs it."""
        job = self._jobs.get(trial.digest)
        return job.folder if job is not None else default

    def wait(self, trial: Trial) -> None:
        """Wait until a trial has ended, well or not; at once for one that needs this process for it."""
        if trial.digest in self._ends:
            wait([self._ends[trial.digest]])

    def end(self, trial: Trial) -> None:
        """Warn of what the process of a trial warned of, and raise what it raised; wait for it.

        A trial whose candidates are handed out is run now; the caller holds its lock.
        """
        job = self._searches.pop(trial.digest, None)
        if job is not None:
            try:
                if not job.is_ended:
                    self._ends[trial.digest] = self._searched(job)
            finally:
                self._finish()
        if trial.digest in self._ends:
            self._ends[trial.digest].result().here()

    def clear(self, trial: Trial) -> None:
        """Delete what a trial whose result was taken left on storage that nodes share."""
        job = self._jobs.get(trial.digest)
        if job is not None and job.is_shared:
            shutil.rmtree(job.folder, ignore_errors=True)

    def drop(self, classifier: str) -> None:
        """Do not begin the trials of a classifier that failed; what another shares with it runs here."""
        for digest, job in list(self._jobs.items()):
            if job.trial.classifier.name != classifier:
                continue
            if self._searches.pop(digest, None) is not None:
                del self._jobs[digest]
            elif digest in self._ends and self._ends[digest].cancel():
                del self._jobs[digest], self._ends[digest]
        self._finish()

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._workers.close()

    def _searched(self, job: Job) -> Future[worker.Ran]:
        """Search for the options of a trial, and let a worker run the trial with them."""
        seen = job.folder if self._is_here or job.is_shared else None
        candidates = HandedOut(self._workers, job.trial, seen)
        chosen = search_of(self._prepared, job.trial, job.folder, candidates)
        return self._workers.submit(replace(job, lock=None, chosen=chosen), job.name, urgent=True)

    def _finish(self) -> None:
        """Let idle processes end as soon as no search needs them."""
        if not self._searches:
            self._workers.finish()


def _at_once(jobs: Mapping[str, Job], searches: Mapping[str, Job]) -> int:
    """Return how many jobs there may be at once."""
    widest = max(map(width, searches.values()), default=0)
    return len(jobs) - len(searches) + widest


def _workers(experiment: bytes, resources: Resources | ClusterSettings, jobs: int) -> Workers:
    if isinstance(resources, ClusterSettings):
        return trials_on_cluster(resources, experiment, jobs)
    given = (experiment, shown_secrets(), os.getpid())
    return Processes(resources.environments(jobs), Work(worker.work, worker.begin, given))


def _pickled(prepared: Prepared) -> bytes:
    import cloudpickle

    # Code beside a config is in no place where another process would look for it.
    for module in own_modules():
        cloudpickle.register_pickle_by_value(module)
    try:
        experiment: bytes = cloudpickle.dumps(prepared)
    except (TypeError, AttributeError, ValueError, OSError) as error:
        raise ClassifierError(
            f"the experiment cannot be sent to other processes ({error}); run it with executor: serial"
        ) from error
    return experiment
