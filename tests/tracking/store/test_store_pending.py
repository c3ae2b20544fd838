"""Unfinished trainings are counted, and removed when they are old."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from golden import Golden

from harness.tracking.store import Store, pending
from harness.tracking.store.pending import Pending

NOW = 1_000_000_000.0
DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store("sqlite:///nowhere", tmp_path, None)


def stopped(store: Store, name: str, days: float, size: int = 2_000_000) -> Path:
    folder = pending.folder_of(store, name)
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "training.pt").write_bytes(b"x" * size)
    os.utime(folder / "0" / "training.pt", (NOW - days * DAY, NOW - days * DAY))
    return folder


def test_only_what_is_older_is_removed(store: Store) -> None:
    old, at_the_limit = stopped(store, "training-1-a", 14.001), stopped(store, "training-1-b", 14)
    fresh, other = stopped(store, "training-2-a", 0), stopped(store, "0123abc", 100)
    assert pending.prune(store, NOW) == Pending(2, 4_000_000, 1)
    assert not old.exists()
    # Models of unfinished classifiers are no trainings.
    assert at_the_limit.exists()
    assert fresh.exists()
    assert other.exists()


def test_without_a_file_the_time_of_the_folder_counts(store: Store) -> None:
    folder = pending.folder_of(store, "training-1-a")
    folder.mkdir(parents=True)
    os.utime(folder, (NOW, NOW))
    assert pending.prune(store, NOW + 14 * DAY) == Pending(1, 0, 0)
    assert pending.prune(store, NOW + 15 * DAY) == Pending(0, 0, 1)


def test_without_trainings_there_is_no_note(store: Store) -> None:
    assert pending.prune(store).note() == ""


def test_trainings_are_described_in_a_line(golden: Golden) -> None:
    counts = [Pending(1, 450_000_000, 0), Pending(2, 1_250_400_000, 1), Pending(0, 0, 3)]
    golden("tracking/unfinished-trainings", "\n".join(count.note() for count in counts))
