"""A store that was moved in, its addresses corrected out."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from harness.tracking.store.location import Store
from harness.values.errors import StoreError
from harness.values.formatting import counted

COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)
"""Every column of MLflow's schema that holds an absolute address of files."""


@dataclass(frozen=True)
class Relocated:
    """What was corrected: rows per ``table.column``, and the backup of the database; None if nothing was."""

    counts: dict[str, int]
    backup: Path | None

    def describe(self) -> str:
        """Describe it in a few lines."""
        if self.backup is None:
            return "all addresses are correct; nothing was changed"
        lines = [f"  {name}: {counted(count, 'row')}" for name, count in self.counts.items()]
        return "\n".join(["addresses corrected:", *lines, f"backup of the database: {self.backup}"])


def relocate(store: Store) -> Relocated:
    """Correct the addresses in a SQLite store, so that they point to the files beside it.

    MLflow keeps absolute addresses. The database is copied before it is changed; nothing is written where all
    addresses are correct.

    Raises
    ------
    StoreError
        Where the store is no SQLite database.
    """
    if store.database is None or store.artifacts is None:
        raise StoreError(f"only a SQLite store can be relocated; this one is {store.shown}")
    roots = store.moved_roots()
    counts = {f"{table}.{column}": 0 for table, column in COLUMNS}
    if not roots:
        return Relocated(counts, None)
    with contextlib.closing(sqlite3.connect(store.database)) as connection:
        # SQLite's own copy: the file alone lacks what is still in the write-ahead log.
        backup = _backup(connection, store.database)
        # In one transaction: all addresses change or none does.
        with connection:
            for table, column in COLUMNS:
                for root in roots:
                    counts[f"{table}.{column}"] += _replace_root(
                        connection, table, column, (root, store.artifacts.as_uri())
                    )
    return Relocated(counts, backup)


def _backup(connection: sqlite3.Connection, database: Path) -> Path:
    copy = database.with_name(f"{database.name}.before-relocate-{time.strftime('%Y%m%d-%H%M%S')}")
    with contextlib.closing(sqlite3.connect(copy)) as target:
        connection.backup(target)
    return copy


def _replace_root(connection: sqlite3.Connection, table: str, column: str, move: tuple[str, str]) -> int:
    old, new = move
    # No injection: table and column are literals of this module, and the addresses are bound.
    return connection.execute(
        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608
        (new, len(old) + 1, len(old) + 1, f"{old}/"),
    ).rowcount
