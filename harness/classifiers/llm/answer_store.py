"""The digest of a request in, the answer that it got before out: answers are kept in SQLite and never expire.

No text is kept: neither the prompt nor the answer's words, only which label, which probabilities, how many
tokens, which model and when. So the file is the same whether or not ``tracking.log_text`` allows texts.
"""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.classifiers.llm.transports import Answer
from harness.values.cache import cache_folder
from harness.values.errors import ClassifierError

FILE = "llm.sqlite"
WAIT = 60.0
"""Seconds that a write waits for another process."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    digest TEXT PRIMARY KEY, address TEXT NOT NULL, model TEXT NOT NULL, created TEXT NOT NULL,
    seconds REAL NOT NULL, answer TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS apis (
    address TEXT NOT NULL, model TEXT NOT NULL, api TEXT NOT NULL, PRIMARY KEY (address, model)
);
CREATE TABLE IF NOT EXISTS spent (scope TEXT PRIMARY KEY, amount REAL NOT NULL);
CREATE TABLE IF NOT EXISTS reserved (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, amount REAL NOT NULL, process INTEGER, until REAL
);
"""
ADDED = {"process": "INTEGER", "until": "REAL"}
"""Columns of reservations that files of before lack: whose each is, and when it is settled at the latest."""


def answers_file() -> Path:
    """Return the file that answers are kept in; it need not exist yet."""
    return cache_folder() / FILE


class Database:
    """An SQLite file, created where it is missing; safe to use from threads and processes.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.queue = threading.Lock()
        """Held by the thread that waits for room in a budget; the others wait for it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The key of a server never comes here, but what was labelled how concerns the person alone.
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=WAIT, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            # An answer must outlive a killed process, not a power cut, and the disk is not waited for.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(SCHEMA)
            self._add_columns()
        except (sqlite3.Error, OSError) as error:
            raise ClassifierError(
                f"{path} cannot be used: {error}; delete it, or set HARNESS_CACHE"
            ) from error

    def _add_columns(self) -> None:
        if self._lacking():
            with self.writing() as connection:
                # Again: another process may have added them meanwhile.
                for name in self._lacking():
                    connection.execute(f"ALTER TABLE reserved ADD COLUMN {name} {ADDED[name]}")

    def _lacking(self) -> list[str]:
        columns = {row[1] for row in self._connection.execute("PRAGMA table_info(reserved)")}
        return [name for name in ADDED if name not in columns]

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that no other process writes in."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise ClassifierError(f"{self.path} cannot be written: {error}") from error

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._lock:
            try:
                return list(self._connection.execute(query, values))
            except sqlite3.Error as error:
                raise ClassifierError(f"{self.path} cannot be read: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


@dataclass(frozen=True)
class AnswerStore:
    """Answers by the digest of their request.

    Attributes
    ----------
    database : Database
    address, model : str
        Of the server, and of the model as it is asked for; part of every digest.
    """

    database: Database
    address: str
    model: str

    @property
    def scope(self) -> str:
        """The name of the account that a budget is kept in."""
        return f"{self.address} {self.model}"

    def digest(self, path: str, body: Mapping[str, Any], repeat: int, read_with: str = "") -> str:
        """Identify a request: address, model, path, body with the prompt, and the number of the repeat.

        What an answer is read with is part of it where there is anything: the reading alone is kept.
        """
        parts = [self.address, self.model, path, body, repeat, *filter(None, [read_with])]
        text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, digest: str) -> Answer | None:
        """Return the answer to a request; None where it was never answered."""
        rows = self.database.rows("SELECT answer, created FROM answers WHERE digest = ?", digest)
        if not rows:
            return None
        try:
            data = json.loads(rows[0][0])
            # JSON knows no NaN.
            mass = math.nan if data["mass"] is None else data["mass"]
            return Answer(**{**data, "mass": mass, "answered": rows[0][1]})
        except (ValueError, TypeError, KeyError) as error:
            raise ClassifierError(f"{self.database.path} is damaged; delete it") from error

    def add(self, digest: str, answer: Answer, seconds: float) -> Answer:
        """Keep an answer, unless the same request was answered meanwhile; return the one that is kept.

        Rows with the same text may be asked about at the same time. Had they two answers, a later run, which
        finds one, would predict something else.
        """
        data = asdict(answer) | {"mass": None if math.isnan(answer.mass) else answer.mass}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = (digest, self.address, self.model, now, seconds, json.dumps(data))
        with self.database.writing() as connection:
            cursor = connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
            if cursor.rowcount:
                return replace(answer, answered=now)
        return self.get(digest) or answer

    def api(self) -> str:
        """Return the kind of request that the server was found to take; empty where it was never tried."""
        query = "SELECT api FROM apis WHERE address = ? AND model = ?"
        rows = self.database.rows(query, self.address, self.model)
        return str(rows[0][0]) if rows else ""

    def keep_api(self, api: str) -> None:
        """Remember the kind of request that the server takes."""
        with self.database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO apis VALUES (?, ?, ?)", (self.address, self.model, api)
            )


@dataclass(frozen=True)
class KeptModel:
    """What is kept of one model at one address.

    Attributes
    ----------
    address, model : str
    answers : int
    first, last : str
        When they were given, in UTC.
    spent : float
        In the currency of the prices; 0 without prices.
    """

    address: str
    model: str
    answers: int
    first: str
    last: str
    spent: float


def kept_models(database: Database) -> list[KeptModel]:
    """Return what is kept, by address and model."""
    spent = dict(database.rows("SELECT scope, amount FROM spent"))
    query = (
        "SELECT address, model, count(*), min(created), max(created) FROM answers"
        " GROUP BY address, model ORDER BY address, model"
    )
    rows = database.rows(query)
    return [
        KeptModel(address, model, answers, first, last, float(spent.get(f"{address} {model}", 0.0)))
        for address, model, answers, first, last in rows
    ]


def clear(database: Database, model: str = "") -> int:
    """Delete the answers of a model, or all; what was spent is not forgotten.

    Returns
    -------
    int
        How many were deleted.
    """
    with database.writing() as connection:
        deleted = connection.execute("DELETE FROM answers WHERE ? IN ('', model)", (model,)).rowcount
        connection.execute("DELETE FROM apis WHERE ? IN ('', model)", (model,))
    return int(deleted)
