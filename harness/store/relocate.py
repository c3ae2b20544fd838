"""A moved store in, its addresses mended."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StoreError
from harness.store.location import Store

COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)
"""Every column of MLflow's schema that holds an absolute address of files."""


@dataclass(frozen=True)
class Relocated:
    """What was mended: rows changed per ``table.column``; the copy of the database made before, if any."""

    counts: dict[str, int]
    backup: Path | None


def relocate(store: Store) -> Relocated:
    """Let a SQLite store point to the files beside it, wherever it lay before.

    A copy of the database is made first. Nothing is written where everything is in place already.

    Raises
    ------
    StoreError
        Where the store is no SQLite database.
    """
    raise NotImplementedError
