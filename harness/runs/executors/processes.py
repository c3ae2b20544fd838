"""Jobs in, a future of each result out: processes of this machine run them, and are replaced where killed.

:class:`Workers` is the interface of an executor. What is run (:class:`Work`) is a function and what prepares
a process for it, the same for trials and for parts of a file; an executor on other machines takes the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from harness.values.errors import ClassifierError, HarnessError

ATTEMPTS = 3
"""So often a job is begun whose process is killed before it has finished."""


@dataclass(frozen=True)
class Work:
    """What workers do.

    Attributes
    ----------
    run : callable
        A job → its result. It is imported by its name in each process, and called there.
    begin : callable
        Called once in each process, before the first job.
    given : tuple
        What ``begin`` takes.
    error : type of HarnessError
        Raised of a job whose process ends again and again.
    """

    run: Callable[[Any], Any]
    begin: Callable[..., None]
    given: tuple[Any, ...]
    error: type[HarnessError] = ClassifierError


class Workers(Protocol):
    """What runs jobs elsewhere, in the order in which they are submitted."""

    def submit(self, job: Any, name: str) -> Future[Any]:
        """Queue a job; cancelling its future takes it out of the queue, unless it has begun.

        Parameters
        ----------
        job : object
            One that can be pickled.
        name : str
            Of the job, for messages.
        """

    def start(self) -> None:
        """Begin, when all jobs are submitted."""

    def close(self) -> None:
        """End everything, whatever it does."""


class LostWorkerError(Exception):
    """What ran a job was ended before the job had; the message says how, where that is known."""


class Lane(Protocol):
    """Runs one job at a time."""

    def run(self, job: Any) -> Any:
        """Run a job; return its result.

        Raises
        ------
        LostWorkerError
            Where what ran it was ended.
        """

    def kill(self) -> None:
        """End what runs."""


class Lanes:
    """Jobs wait in a queue until one of several lanes is free.

    Parameters
    ----------
    lanes : sequence of Lane
    error : type of HarnessError
        Raised of a job that is lost again and again.
    """

    def __init__(self, lanes: Sequence[Lane], error: type[HarnessError]) -> None:
        self._lanes, self._error = lanes, error
        self._queue: SimpleQueue[tuple[Any, str, Future[Any]]] = SimpleQueue()
        self._futures: list[Future[Any]] = []
        self._closing = threading.Event()

    def submit(self, job: Any, name: str) -> Future[Any]:
        """Queue a job."""
        future: Future[Any] = Future()
        self._futures.append(future)
        self._queue.put((job, name, future))
        return future

    def start(self) -> None:
        """Begin, when all jobs are submitted."""
        for lane in self._lanes:
            # Daemons: what waits for a job must not keep an interpreter alive that was told to end.
            threading.Thread(target=self._work_off, args=(lane,), daemon=True).start()

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._closing.set()
        for future in self._futures:
            future.cancel()
        for lane in self._lanes:
            lane.kill()

    def _work_off(self, lane: Lane) -> None:
        while not self._closing.is_set():
            try:
                job, name, future = self._queue.get_nowait()
            except Empty:
                break
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._attempted(lane, job, name))
            # Whatever it is belongs to the driver, which asks for the result.
            except BaseException as error:  # noqa: BLE001
                future.set_exception(error)
        lane.kill()

    def _attempted(self, lane: Lane, job: Any, name: str) -> Any:
        how = ""
        for _ in range(ATTEMPTS):
            try:
                return lane.run(job)
            except LostWorkerError as error:
                if self._closing.is_set():
                    raise
                how = f" ({error})" if str(error) else ""
        raise self._error(
            f"the process that ran {name} was ended {ATTEMPTS} times before it had finished{how},"
            " perhaps for want of memory; fewer workers need less of it"
        )


class Processes(Lanes):
    """Processes of this machine.

    Parameters
    ----------
    environments : sequence of mapping
        Environment variables of each process, from
        :meth:`harness.runs.executors.resources.Resources.environments`.
    work : Work
    """

    def __init__(self, environments: Sequence[Mapping[str, str]], work: Work) -> None:
        super().__init__([_Lane(environment, work) for environment in environments], work.error)


class _Lane:
    """One process, and its successors where it is killed."""

    def __init__(self, environment: Mapping[str, str], work: Work) -> None:
        self._environment, self._work = dict(environment), work
        self._pool: Any = None
        self._ended = False

    def run(self, job: Any) -> Any:
        """Run a job in the process, which is started where there is none."""
        # Not at the top: a run in this process alone does not need it.
        from loky import ProcessPoolExecutor

        if self._ended:
            raise LostWorkerError
        if self._pool is None:
            # One process a pool: where it is killed, it is plain which job it ran.
            self._pool = ProcessPoolExecutor(
                1, env=self._environment, initializer=self._work.begin, initargs=self._work.given
            )
        try:
            return self._pool.submit(self._work.run, job).result()
        except BrokenProcessPool as error:
            self._pool = None
            raise LostWorkerError from error

    def kill(self) -> None:
        """End the process."""
        self._ended = True
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(OSError):
                pool.shutdown(wait=False, kill_workers=True)
