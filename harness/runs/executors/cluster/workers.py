"""Jobs in, a future of each result out: nodes of a Ray cluster run them, again where one is lost."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from harness.runs.executors.cluster.address import Address
from harness.runs.executors.cluster.allocation import Request
from harness.runs.executors.cluster.connection import Cluster
from harness.runs.executors.cluster.remote import Remote, run_trial_of
from harness.runs.executors.jobs import ENDED, ENDING, Job
from harness.runs.executors.processes import Lanes
from harness.runs.executors.worker import Ran, Runnable
from harness.tracking.store.database import locked
from harness.values.errors import ClassifierError, HarnessError
from harness.values.secrets import shown_secrets


@dataclass(frozen=True)
class ClusterSettings:
    """Which cluster, and what of it.

    Attributes
    ----------
    address : Address
    request : Request
    shared : tuple of Path
        Files and folders that every node has to see.
    """

    address: Address
    request: Request = field(default_factory=Request)
    shared: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Travel:
    """How jobs of a kind come to a node and back.

    Attributes
    ----------
    remote : Remote
        What nodes do with them.
    packed : callable
        A job → what is sent of it.
    name : callable
        A job → its name in messages.
    held : callable
        A job → a context in which it runs, which gives what takes its files, and their last word.
    error : type of HarnessError
        Raised of a job that is lost again and again.
    """

    remote: Remote
    packed: Callable[[Any], Any]
    name: Callable[[Any], str]
    held: Callable[[Any], contextlib.AbstractContextManager[Arrivals]]
    error: type[HarnessError]


class Arrivals:
    """Takes the files that come home with a result; this one expects none."""

    is_done = False
    """Whether the result is there already, from an earlier attempt that nobody logged."""

    def take(self, name: str, piece: bytes) -> None:
        """Take a piece of a file; those of one file come in order, one file after the other."""
        raise ValueError(f"{name}, {len(piece)} bytes: no file was expected")

    def finish(self) -> None:
        """Take note that all files are there."""


class FolderArrivals(Arrivals):
    """Puts files into a folder that appears when all are there.

    Parameters
    ----------
    folder : Path
        Of a job.
    """

    def __init__(self, folder: Path) -> None:
        self._ended, self._ending = folder / ENDED, folder / ENDING
        self.is_done = self._ended.is_dir()
        self._name = ""
        self._file: BinaryIO | None = None
        # What was left of an attempt whose node was lost while it sent.
        shutil.rmtree(self._ending, ignore_errors=True)

    def take(self, name: str, piece: bytes) -> None:
        """Append to a file."""
        if name != self._name or self._file is None:
            self.close()
            path = (self._ending / name).resolve()
            # Names come from a node: none leads out of the folder.
            if not path.is_relative_to(self._ending.resolve()):
                raise ValueError(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._name, self._file = name, path.open("wb")
        self._file.write(piece)

    def finish(self) -> None:
        """Make the folder appear."""
        self.close()
        self._ending.rename(self._ended)

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
        self._file = None


class RayWorkers(Lanes):
    """Slots of a cluster, each of which runs a job at a time.

    Parameters
    ----------
    cluster : Cluster or None
        Closed with the workers; None where there are no jobs.
    needs : (Request, tuple of Path)
        What each job needs, and paths that every node has to see.
    travel : Travel
    jobs : int
        How many there will be.

    Raises
    ------
    ClusterError
        In one line, within 30 s: what is missing.
    """

    def __init__(
        self,
        cluster: Cluster | None,
        needs: tuple[Request, tuple[Path, ...]],
        travel: Travel,
        jobs: int,
    ) -> None:
        import cloudpickle

        self._cluster = cluster
        lanes: list[_Slot] = []
        if cluster is not None:
            request, paths = needs
            modules = cluster.look(paths)
            allocation = cluster.begin(request, jobs, cloudpickle.dumps(travel.remote), modules)
            lanes = [_Slot(cluster, travel) for _ in range(allocation.slots)]
        super().__init__(lanes, travel.error)

    def close(self) -> None:
        """End everything, whatever it does."""
        super().close()
        if self._cluster is not None:
            self._cluster.close()


class _Slot:
    def __init__(self, cluster: Cluster, travel: Travel) -> None:
        self._cluster, self._travel = cluster, travel

    def run(self, job: Any) -> Any:
        """Run a job on whichever node has room."""
        import cloudpickle

        travel = self._travel
        with travel.held(job) as arrivals:
            if arrivals.is_done:
                return Ran()
            result = self._cluster.call(
                cloudpickle.dumps(travel.packed(job)), travel.name(job), arrivals.take
            )
            arrivals.finish()
        return cloudpickle.loads(result)

    def kill(self) -> None:
        """Leave it to the connection, which all slots share."""


def trials_on_cluster(settings: ClusterSettings, experiment: bytes, jobs: int) -> RayWorkers:
    """Connect to a cluster, and let it run so many trials of a pickled experiment.

    Checkpoints and result of a job whose folder lies on storage that all nodes share stay there; of any other
    the result comes home in pieces.
    """
    remote = Remote(run_trial_of, (experiment, shown_secrets()))
    travel = Travel(remote, _packed_trial, lambda job: str(job.name), _held_trial, ClassifierError)
    # Nothing is connected to for nothing.
    cluster = Cluster(settings.address, say) if jobs else None
    try:
        return RayWorkers(cluster, (settings.request, settings.shared), travel, jobs)
    except BaseException:
        if cluster is not None:
            cluster.close()
        raise


def _packed_trial(job: Runnable) -> Runnable:
    # The driver holds the lock.
    return replace(job, lock=None) if isinstance(job, Job) else job


@contextlib.contextmanager
def _held_trial(job: Runnable) -> Iterator[Arrivals]:
    if not isinstance(job, Job):
        # What becomes of a candidate is a value, and no folder.
        yield Arrivals()
        return
    with contextlib.ExitStack() as stack:
        if job.lock is not None:
            stack.enter_context(locked(job.lock, f"it runs {job.trial.name}"))
        if job.is_shared:
            yield Arrivals()
        else:
            arrivals = FolderArrivals(job.folder)
            stack.callback(arrivals.close)
            yield arrivals


def say(text: str) -> None:
    """Show a line to the person who waits."""
    sys.stderr.write(f"note: {text}\n")
    sys.stderr.flush()
