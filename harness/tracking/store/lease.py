"""A run in, this process's hold on it out: a heartbeat, and a look at who owns the run before each write."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from harness.tracking.store.failures import guarding
from harness.tracking.store.ownership import HEARTBEAT_SECONDS, Owner, at_work
from harness.values.errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

OWNER, HEARTBEAT = "harness.owner", "harness.heartbeat"
"""Tags of a run: the process that works on it, as JSON; when it was last heard of, in seconds since 1970."""

TRUST_SECONDS = 10.0
"""So long a look at the owner is good for: on a server each is a request. No other process takes a run over
before its heartbeat is 180 s old, so that a process that sleeps that long looks again when it wakes."""

# Goes on while a laptop sleeps, unlike time.monotonic.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_REALTIME)


class TakenOverError(StoreError):
    """Another process has taken a run over."""


class Lease:
    """The hold of this process on a run, from the start of a ``with`` block to its end.

    Parameters
    ----------
    client : MlflowClient
        Guarded; within the block it refuses to write once another process has taken the run over.
    run_id : str
    owner : Owner
        This process.
    """

    def __init__(self, client: MlflowClient, run_id: str, owner: Owner) -> None:
        self.client, self.run_id, self.owner = client, run_id, owner
        self._looked = -TRUST_SECONDS
        self._looking = threading.Lock()
        self._stopped = threading.Event()
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Lease:
        from mlflow.entities import RunTag

        self._exit.enter_context(at_work(self.owner))
        try:
            tags = {OWNER: self.owner.text(), HEARTBEAT: f"{time.time():.0f}"}
            self.client.log_batch(self.run_id, tags=[RunTag(*pair) for pair in tags.items()])
            self._exit.enter_context(guarding(self.client, self.check))
        except BaseException:
            self._exit.close()
            raise
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        self._exit.callback(self._stopped.set)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()
        if kind is not None:
            self._still()

    def check(self) -> None:
        """Refuse where the run is another process's.

        Raises
        ------
        TakenOverError
        """
        # Files are sent several at once: one looks for all.
        with self._looking:
            now = time.clock_gettime(_CLOCK)
            if now - self._looked < TRUST_SECONDS:
                return
            run = self.client.get_run(self.run_id)
            owner = owner_of(run)
            if owner is not None and owner.token != self.owner.token:
                raise TakenOverError(
                    f"{run.info.run_name} was taken over by {owner.describe()}, which had not heard of this"
                    " process for some minutes; this process stops"
                )
            self._looked = now

    def _still(self) -> None:
        """Take the heartbeat away: whoever finds the run RUNNING need not wait until it expires."""
        from mlflow.exceptions import MlflowException

        with contextlib.suppress(StoreError, OSError, MlflowException):
            self.check()
            self.client.delete_tag(self.run_id, HEARTBEAT)

    def _beat(self) -> None:
        from mlflow.exceptions import MlflowException

        while not self._stopped.wait(HEARTBEAT_SECONDS):
            # One that is missed is made up for by the next; who took the run over is said at the next write.
            with contextlib.suppress(StoreError, OSError, MlflowException):
                self.client.set_tag(self.run_id, HEARTBEAT, f"{time.time():.0f}")


def owner_of(run: Run) -> Owner | None:
    """Return the process that works, or worked, on a run; None for one of an earlier version."""
    return Owner.read(run.data.tags.get(OWNER, ""))


def heartbeat_of(run: Run) -> float:
    """Return when the owner of a run was last heard of: at the latest when it created the run."""
    try:
        return float(run.data.tags[HEARTBEAT])
    except (KeyError, ValueError):
        return float(run.info.start_time) / 1000
