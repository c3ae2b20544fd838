"""A database file in; what is wrong with it, and what to do about it, out."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from harness.tracking.store.failures import failure
from harness.values.errors import StoreError

SCHEMA = "dc11669786a5"
"""The schema of the MLflow that this version is tested with."""

_MAGIC = b"SQLite format 3\0"


def check_database(database: Path, file: Path | None = None) -> None:
    """Refuse a file that is no database of this MLflow, before MLflow says so in its own words.

    Parameters
    ----------
    database : Path
    file : Path, optional
        The file to look at, where that is a copy.

    Raises
    ------
    StoreError
        With the state of the file, and how it is mended.
    """
    file = database if file is None else file
    state = _state_of_file(file)
    if not state:
        try:
            # Read only: a look must not change what it looks at.
            with contextlib.closing(sqlite3.connect(f"file:{_quoted(file)}?mode=ro", uri=True)) as connection:
                state = _state_of_contents(connection, file, database)
        except sqlite3.Error as error:
            translated = failure(error, f"sqlite:///{database}")
            if translated is None:
                raise StoreError(f"the store {database} cannot be read: {error}") from error
            raise translated from error
    if state:
        raise StoreError(f"the store {database} {state}")


def is_writable(database: Path) -> bool:
    """Return whether a database can be written; SQLite needs its folder, too, for the journal."""
    return os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)


def snapshot(database: Path) -> Path:
    """Copy a database that cannot be written to a folder for temporary files, where MLflow can open it.

    The copy is deleted when this process ends.
    """
    folder = Path(tempfile.mkdtemp(prefix="harness-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = folder / database.name
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{_quoted(database)}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error:
        # The write-ahead log needs files beside the database that cannot be created: all are copied as they
        # are, and SQLite puts them together again there.
        for ending in ("", "-wal"):
            part = database.with_name(database.name + ending)
            if part.is_file():
                shutil.copyfile(part, folder / part.name)
    return copy


def _state_of_file(file: Path) -> str:
    try:
        with file.open("rb") as handle:
            head = handle.read(len(_MAGIC))
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if not head:
        return (
            "is an empty file: its creation or a copy was cut off; restore a copy of it, or remove the file,"
            " and the next run creates a new one"
        )
    if head != _MAGIC:
        return "is not a database; restore a copy of it, or move it away"
    return ""


def _state_of_contents(connection: sqlite3.Connection, file: Path, database: Path) -> str:
    if _is_short(connection, file) and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        return (
            f"is damaged, its end is missing; restore a copy of it, or salvage: sqlite3 {database} .recover"
        )
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"alembic_version", "experiments", "runs"} <= tables:
        return "is a database of something else than MLflow; name another: harness --store FOLDER VERB …"
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    version = str(row[0]) if row is not None else ""
    if version == SCHEMA:
        return ""
    if _is_known(version):
        upgrade = f"{sys.executable} -m mlflow db upgrade sqlite:///{database}"
        return f"was written by an older MLflow; copy it, then bring it up to date: {upgrade}"
    return (
        f"was written by a newer MLflow (its schema {version} is unknown to this one); use the version of the"
        " harness that wrote it, or restore the copy from before"
    )


def _is_short(connection: sqlite3.Connection, file: Path) -> bool:
    """Whether a file has fewer pages than it should; while another process writes, that may seem so."""
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return bool(file.stat().st_size < pages * size)


def _is_known(version: str) -> bool:
    """Whether a version of the schema is one of the installed MLflow."""
    spec = importlib.util.find_spec("mlflow")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders or not re.fullmatch(r"[0-9a-f]+", version):
        return False
    return any((Path(folders[0]) / "store" / "db_migrations" / "versions").glob(f"{version}_*.py"))


def _quoted(path: Path) -> str:
    """Write a path as SQLite's addresses want it."""
    return path.as_uri().removeprefix("file:")
