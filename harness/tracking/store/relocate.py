"""A moved store in, its addresses mended."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from harness.tracking.store.location import Store
from harness.values.errors import StoreError

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

    def describe(self) -> str:
        """Tell it in a few lines."""
        if self.backup is None:
            return "every address is right: nothing was changed"
        lines = [f"  {name}: {count} rows" for name, count in self.counts.items()]
        return "\n".join(["addresses mended:", *lines, f"the database before: {self.backup}"])


def relocate(store: Store) -> Relocated:
    """Let a SQLite store point to the files beside it, wherever it lay before.

    A copy of the database is made first. Nothing is written where everything is in place already.

    Raises
    ------
    StoreError
        Where the store is no SQLite database.
    """
    if store.database is None or store.artifacts is None:
        raise StoreError(f"only a SQLite store can be relocated; this one is {store.uri}")
    roots = store.moved_roots()
    counts = {f"{table}.{column}": 0 for table, column in COLUMNS}
    if not roots:
        return Relocated(counts, None)
    with contextlib.closing(sqlite3.connect(store.database)) as connection:
        backup = _backup(connection, store.database)
        with connection:
            for table, column in COLUMNS:
                for root in roots:
                    counts[f"{table}.{column}"] += _mend(
                        connection, table, column, (root, store.artifacts.as_uri())
                    )
    return Relocated(counts, backup)


def _backup(connection: sqlite3.Connection, database: Path) -> Path:
    copy = database.with_name(f"{database.name}.before-relocate-{time.strftime('%Y%m%d-%H%M%S')}")
    with contextlib.closing(sqlite3.connect(copy)) as target:
        connection.backup(target)
    return copy


def _mend(connection: sqlite3.Connection, table: str, column: str, move: tuple[str, str]) -> int:
    old, new = move
    # The names are literals of this module; the addresses are bound.
    return connection.execute(
        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608
        (new, len(old) + 1, len(old) + 1, f"{old}/"),
    ).rowcount
