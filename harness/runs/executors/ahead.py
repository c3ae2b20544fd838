"""Trials in, their results out as they are asked for; other processes run them meanwhile.

The driver asks for results in the order of the config, scores, audits and logs them, one classifier after the
other, while the trials of the next ones run. It alone writes to the store.
"""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from harness.evaluation.prepared import Prepared
from harness.evaluation.results import Trial
from harness.runs.executors import worker
from harness.runs.executors.jobs import Job
from harness.runs.executors.resources import Resources
from harness.values.errors import ClassifierError
from harness.values.own_modules import own_modules
from harness.values.secrets import shown_secrets

ATTEMPTS = 3
"""So often a trial is begun whose process is killed before it has finished."""


class Ahead:
    """Trials that run in other processes.

    Parameters
    ----------
    prepared : Prepared
    jobs : sequence of Job
        In the order in which their results will be asked for.
    resources : Resources
        How many processes, and what each may use.
    """

    def __init__(self, prepared: Prepared, jobs: Sequence[Job], resources: Resources) -> None:
        self._jobs = {job.trial.digest: job for job in reversed(jobs)}
        self._ends: dict[str, Future[list[worker.Told]]] = {digest: Future() for digest in self._jobs}
        self._queue: SimpleQueue[Job] = SimpleQueue()
        for digest in reversed(self._jobs):
            self._queue.put(self._jobs[digest])
        self._closing = threading.Event()
        experiment = _pickled(prepared) if jobs else b""
        self._lanes = [
            _Lane(environment, (experiment, shown_secrets(), os.getpid()))
            for environment in resources.environments(len(self._jobs))
        ]
        for lane in self._lanes:
            # Daemons: what waits for a trial must not keep an interpreter alive that was told to end.
            threading.Thread(target=self._work_off, args=(lane,), daemon=True).start()

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

    def drop(self, classifier: str) -> None:
        """Do not begin the trials of a classifier that failed; what another shares with it runs here."""
        for digest, job in list(self._jobs.items()):
            if job.trial.classifier.name == classifier and self._ends[digest].cancel():
                del self._jobs[digest]

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._closing.set()
        for end in self._ends.values():
            end.cancel()
        for lane in self._lanes:
            lane.kill()

    def _work_off(self, lane: _Lane) -> None:
        while not self._closing.is_set():
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            end = self._ends[job.trial.digest]
            if not end.set_running_or_notify_cancel():
                continue
            try:
                end.set_result(self._attempted(lane, job))
            # Whatever it is belongs to the driver, which asks for the result.
            except BaseException as error:  # noqa: BLE001
                end.set_exception(error)
        lane.kill()

    def _attempted(self, lane: _Lane, job: Job) -> list[worker.Told]:
        for _ in range(ATTEMPTS):
            try:
                return lane.run(job)
            except BrokenProcessPool:
                if self._closing.is_set():
                    raise
        raise ClassifierError(
            f"the process that ran {job.trial.name} was ended {ATTEMPTS} times before it had finished,"
            " perhaps for want of memory; fewer workers need less of it"
        )


class _Lane:
    """One process, and its successors where it is killed.

    Parameters
    ----------
    environment : mapping
        Environment variables of the process.
    given : tuple
        What :func:`harness.runs.executors.worker.begin` takes.
    """

    def __init__(self, environment: Mapping[str, str], given: tuple[Any, ...]) -> None:
        self._environment, self._given = dict(environment), given
        self._pool: Any = None
        self._ended = False

    def run(self, job: Job) -> list[worker.Told]:
        """Run a job in the process, which is started where there is none."""
        # Not at the top: a run in this process alone does not need it.
        from loky import ProcessPoolExecutor

        if self._ended:
            raise BrokenProcessPool
        if self._pool is None:
            # One process a pool: where it is killed, it is plain which trial it ran.
            self._pool = ProcessPoolExecutor(
                1, env=self._environment, initializer=worker.begin, initargs=self._given
            )
        try:
            warned: list[worker.Told] = self._pool.submit(worker.work, job).result()
        except BrokenProcessPool:
            self._pool = None
            raise
        return warned

    def kill(self) -> None:
        """End the process."""
        self._ended = True
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(OSError):
                pool.shutdown(wait=False, kill_workers=True)


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
