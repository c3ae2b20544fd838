"""What a process that runs trials does: it imports nothing heavy before it knows how many threads it has."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from harness.evaluation.prepared import Prepared

Told = tuple[type[Warning], str]
"""A warning: its category and its text."""


@dataclass(frozen=True)
class Ran:
    """What a job returned, and what was warned of meanwhile."""

    result: Any = None
    warned: tuple[Told, ...] = ()

    def here(self) -> Any:
        """Warn of it in this process, and return the result."""
        for category, text in self.warned:
            warnings.warn(text, category, stacklevel=3)
        return self.result


class Runnable(Protocol):
    """A job of an experiment."""

    def run(self, prepared: Prepared) -> Any:
        """Do it; the result can be pickled."""


_given: dict[str, Any] = {}
"""What the process was given when it began, and the prepared experiment once it was needed."""


def begin(experiment: bytes, secrets: Mapping[str, str], parent: int) -> None:
    """Get ready; end with the parent.

    Parameters
    ----------
    experiment : bytes
        The prepared experiment, pickled. It comes through a pipe: a file would keep the secrets of a config.
    secrets : mapping
        Value → what is shown in its place.
    parent : int
        Process id of the driver.
    """
    # Ctrl-C reaches all processes of a terminal: the driver ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    receive(experiment, secrets)


def receive(experiment: bytes, secrets: Mapping[str, str]) -> None:
    """Take an experiment, unless it is the one that is there; see :func:`begin`."""
    if _given.get("origin") != experiment:
        _given.clear()
        _given.update(origin=experiment, experiment=experiment, secrets=secrets)


def work(job: Runnable) -> Ran:
    """Run a job of the experiment that was received."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        result = job.run(_prepared())
    return Ran(result, tuple((each.category, str(each.message)) for each in caught))


def _prepared() -> Any:
    if "prepared" not in _given:
        import cloudpickle

        from harness.values.secrets import remember

        remember(_given.pop("secrets"))
        _given["prepared"] = cloudpickle.loads(_given.pop("experiment"))
    return _given["prepared"]


def _end_with(parent: int) -> None:
    """End this process soon after its parent: one that was killed can end nobody."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
