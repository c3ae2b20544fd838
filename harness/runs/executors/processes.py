"""Jobs in, a future of each result out: processes of this machine run them, and are replaced where killed.

:class:`Workers` is the interface of an executor. What is run (:class:`Work`) is a function and what prepares
a process for it, the same for trials and for parts of a file; an executor on other machines takes the same.
"""

from __future__ import annotations

import contextlib
import heapq
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
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

    def submit(self, job: Any, name: str, *, urgent: bool = False, alone: bool = False) -> Future[Any]:
        """Queue a job; cancelling its future takes it out of the queue, unless it has begun.

        Parameters
        ----------
        job : object
            One that can be pickled.
        name : str
            Of the job, for messages.
        urgent : bool
            Before those that are not.
        alone : bool
            While it runs, no other does.
        """

    def start(self) -> None:
        """Begin; more jobs may come."""

    def finish(self) -> None:
        """Hear that no more jobs come: what is idle from then on ends."""

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


@dataclass(frozen=True, order=True)
class _Queued:
    """A job that waits; those that sort first begin first."""

    comes_later: bool
    number: int
    alone: bool = field(compare=False)
    job: Any = field(compare=False)
    name: str = field(compare=False)
    future: Future[Any] = field(compare=False)


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
        self._changed = threading.Condition()
        self._queue: list[_Queued] = []
        self._futures: list[Future[Any]] = []
        self._running, self._is_alone = 0, False
        self._is_finished = self._is_closing = False

    def submit(self, job: Any, name: str, *, urgent: bool = False, alone: bool = False) -> Future[Any]:
        """Queue a job."""
        future: Future[Any] = Future()
        with self._changed:
            heapq.heappush(self._queue, _Queued(not urgent, len(self._futures), alone, job, name, future))
            self._futures.append(future)
            self._changed.notify_all()
        return future

    def start(self) -> None:
        """Begin; more jobs may come."""
        for lane in self._lanes:
            # Daemons: what waits for a job must not keep an interpreter alive that was told to end.
            threading.Thread(target=self._work_off, args=(lane,), daemon=True).start()

    def finish(self) -> None:
        """Hear that no more jobs come: what is idle from then on ends."""
        with self._changed:
            self._is_finished = True
            self._changed.notify_all()

    def close(self) -> None:
        """End all processes, whatever they do."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for future in self._futures:
            future.cancel()
        for lane in self._lanes:
            lane.kill()

    def _work_off(self, lane: Lane) -> None:
        while (queued := self._next()) is not None:
            try:
                if queued.future.set_running_or_notify_cancel():
                    queued.future.set_result(self._attempted(lane, queued.job, queued.name))
            # Whatever it is belongs to the driver, which asks for the result.
            except BaseException as error:  # noqa: BLE001
                queued.future.set_exception(error)
            with self._changed:
                self._running -= 1
                self._is_alone = False
                self._changed.notify_all()
        lane.kill()

    def _next(self) -> _Queued | None:
        """Wait for a job that may begin, and take it; None where none will come."""
        with self._changed:
            while not self._is_closing:
                # What has to run alone holds up those behind it: it would never begin beside them.
                if self._queue and not self._is_alone and not (self._queue[0].alone and self._running):
                    queued = heapq.heappop(self._queue)
                    self._running += 1
                    self._is_alone = queued.alone
                    return queued
                if self._is_finished and not self._queue:
                    return None
                self._changed.wait()
        return None

    def _attempted(self, lane: Lane, job: Any, name: str) -> Any:
        how = ""
        for _ in range(ATTEMPTS):
            try:
                return lane.run(job)
            except LostWorkerError as error:
                if self._is_closing:
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
