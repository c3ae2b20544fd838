"""Trials in, their results out as they are asked for; other processes run them meanwhile.

The driver asks for results in the order of the config, scores, audits and logs them, one classifier after the
other, while the trials of the next ones run. It alone writes to the store.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Sequence
from concurrent.futures import Future, wait
from pathlib import Path

from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.runs.executors import worker
from harness.runs.executors.cluster.workers import ClusterSettings, trials_on_cluster
from harness.runs.executors.jobs import Job
from harness.runs.executors.processes import Processes, Work, Workers
from harness.runs.executors.resources import Resources
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
        self._jobs = {job.trial.digest: job for job in reversed(jobs)}
        experiment = _pickled(prepared) if jobs else b""
        self._workers = _workers(experiment, resources, len(self._jobs))
        self._ends: dict[str, Future[list[worker.Told]]] = {
            digest: self._workers.submit(job, job.trial.name) for digest, job in reversed(self._jobs.items())
        }
        self._workers.start()

    def __contains__(self, trial: Trial) -> bool:
        """Whether another process runs it."""
        return trial.digest in self._jobs

    def folder(self, trial: Trial, default: Path) -> Path:
        """Return the folder in which a trial's result lies; ``default`` where this process runs it."""
        job = self._jobs.get(trial.digest)
        return job.folder if job is not None else default

    def wait(self, trial: Trial) -> None:
        """Wait until a trial has ended, well or not; at once for one that this process runs."""
        if trial in self:
            wait([self._ends[trial.digest]])

    def end(self, trial: Trial) -> None:
        """Warn of what the process of a trial warned of, and raise what it raised; wait for it."""
        if trial in self:
            for category, text in self._ends[trial.digest].result():
                warnings.warn(text, category, stacklevel=2)

    def clear(self, trial: Trial) -> None:
        """Delete what a trial whose result was taken left on storage that nodes share."""
        job = self._jobs.get(trial.digest)
        if job is not None and job.is_shared:
            shutil.rmtree(job.folder, ignore_errors=True)

    def drop(self, classifier: str) -> None:
        """Do not begin the trials of a classifier that failed; what another shares with it runs here."""
        for digest, job in list(self._jobs.items()):
            if job.trial.classifier.name == classifier and self._ends[digest].cancel():
                del self._jobs[digest]

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._workers.close()


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
