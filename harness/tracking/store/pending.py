"""A store in, its unfinished trainings out; old ones are removed.

A training saves checkpoints while it runs, and the same config, run again, resumes it. A training that is
never resumed, because its config was changed, would occupy its space for good: some 450 MB for a small
encoder.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from harness.tracking.store.location import Store

FOLDER = "pending"
"""In the store's home; the models of unfinished classifiers lie there too."""

PREFIX = "training-"
DAYS = 14
"""After its last epoch an unfinished training is kept for so long."""


@dataclass(frozen=True)
class Pending:
    """Trainings that are not finished.

    Attributes
    ----------
    count : int
        Those that can be resumed, or are running.
    size : int
        Bytes that these take.
    removed : int
        Number of those that were removed because they were too old.
    """

    count: int
    size: int
    removed: int

    def note(self) -> str:
        """Describe them in a line; the empty string where there are none."""
        parts = []
        if self.count:
            trainings = (
                "1 unfinished training takes"
                if self.count == 1
                else f"{self.count} unfinished trainings take"
            )
            parts.append(
                f"{trainings} {self.size / 1e6:,.0f} MB in {FOLDER}/ of the store: run the same config again"
                f" to resume; trainings are removed after {DAYS} days"
            )
        if self.removed:
            parts.append(f"{self.removed} older than {DAYS} days removed")
        return "; ".join(parts)


def folder_of(store: Store, name: str) -> Path:
    """Return the folder of an unfinished run's models, by its id, or of an unfinished training."""
    return store.home / FOLDER / name


def prune(store: Store, now: float | None = None) -> Pending:
    """Remove trainings whose last epoch is older than :data:`DAYS`; count the others.

    Parameters
    ----------
    store : Store
    now : float, optional
        Seconds since 1970; default: the clock.
    """
    now = time.time() if now is None else now
    count = size = removed = 0
    for folder in sorted((store.home / FOLDER).glob(f"{PREFIX}*")):
        try:
            # Not by the folder's own time, which stays when a file in it is written to.
            last_write, bytes_used = _usage(folder)
        except FileNotFoundError:
            # Another process has just finished this training.
            continue
        if now - last_write > DAYS * 86_400:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        else:
            count, size = count + 1, size + bytes_used
    return Pending(count, size, removed)


def _usage(folder: Path) -> tuple[float, int]:
    """Return when a file of a folder was last written, and the bytes of all."""
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    # A training that has saved nothing yet counts from its start.
    last_write = max((file.st_mtime for file in files), default=folder.stat().st_mtime)
    return last_write, sum(file.st_size for file in files)
