"""Stopped trainings are told of, and not kept for good."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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


def test_without_a_file_the_folder_tells_the_time(store: Store) -> None:
    folder = pending.folder_of(store, "training-1-a")
    folder.mkdir(parents=True)
    os.utime(folder, (NOW, NOW))
    assert pending.prune(store, NOW + 14 * DAY) == Pending(1, 0, 0)
    assert pending.prune(store, NOW + 15 * DAY) == Pending(0, 0, 1)


def test_nothing_is_said_of_nothing(store: Store) -> None:
    assert pending.prune(store).note() == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            Pending(1, 450_000_000, 0),
            "an unfinished training takes 450 MB of pending/ in the store: the same config, run again,"
            " goes on with it, and what is 14 days old is removed",
        ),
        (
            Pending(2, 1_250_400_000, 1),
            "2 unfinished trainings take 1,250 MB of pending/ in the store: the same config, run again,"
            " goes on with it, and what is 14 days old is removed; 1 of more than 14 days ago removed",
        ),
        (Pending(0, 0, 3), "3 of more than 14 days ago removed"),
    ],
)
def test_what_is_said(found: Pending, said: str) -> None:
    assert found.note() == said
