"""A store in, the trainings that were stopped in it and not gone on with out; the old ones are removed.

A training keeps its state while it runs, and a run of the same config goes on from it. What is never gone on
with, as that of a config that was changed, would lie there for good: some 450 MB for a small encoder.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from harness.tracking.store.location import Store

FOLDER = "pending"
"""In the store's home; models of unfinished classifiers wait there too."""

PREFIX = "training-"
DAYS = 14
"""So long after its last epoch a stopped training is kept."""


@dataclass(frozen=True)
class Pending:
    """Trainings that are not finished.

    Attributes
    ----------
    kept : int
        Those that may be gone on with, or are running.
    size : int
        Bytes that these take.
    removed : int
        Those that were too old.
    """

    kept: int
    size: int
    removed: int

    def note(self) -> str:
        """Say in a line what there is; the empty string where there is nothing to say."""
        said = []
        if self.kept:
            what = (
                "an unfinished training takes" if self.kept == 1 else f"{self.kept} unfinished trainings take"
            )
            said.append(
                f"{what} {self.size / 1e6:,.0f} MB of {FOLDER}/ in the store: the same config, run again,"
                f" goes on with it, and what is {DAYS} days old is removed"
            )
        if self.removed:
            said.append(f"{self.removed} of more than {DAYS} days ago removed")
        return "; ".join(said)


def folder_of(store: Store, name: str) -> Path:
    """Return the folder of an unfinished run's models, by its id, or of an unfinished training."""
    return store.home / FOLDER / name


def prune(store: Store, now: float | None = None) -> Pending:
    """Remove trainings whose last epoch is older than :data:`DAYS`; count the others.

    Parameters
    ----------
    store : Store
    now : float, optional
        Seconds since the epoch; left out, the clock is asked.
    """
    now = time.time() if now is None else now
    kept = size = removed = 0
    for folder in sorted((store.home / FOLDER).glob(f"{PREFIX}*")):
        try:
            last, taken = _seen(folder)
        except FileNotFoundError:
            # Another process has just finished it.
            continue
        if now - last > DAYS * 86_400:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        else:
            kept, size = kept + 1, size + taken
    return Pending(kept, size, removed)


def _seen(folder: Path) -> tuple[float, int]:
    """Return when a file of a folder was last written, and the bytes of all."""
    files = [one.stat() for one in folder.rglob("*") if one.is_file()]
    return max((one.st_mtime for one in files), default=folder.stat().st_mtime), sum(
        one.st_size for one in files
    )
