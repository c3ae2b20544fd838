"""Key presses of annotators in, kept in one SQLite file; what each of them says of each row out.

The log is append-only: a press is never changed, and an undo is a press of its own. It is written ahead and
brought to the disk before a press is answered, so that neither ``kill -9`` nor a power cut loses one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from harness.values.annotator_names import Spellings
from harness.values.errors import StoreError

Action = Literal["stance", "frames", "holder", "comment", "skip", "undo", "looked"]
"""What a press does; ``looked``: the annotator saw one of :data:`SIGHTS`."""

Role = Literal["vote", "settle"]
"""Whether a press is a vote of its own, or settles the votes of others."""

ACTIONS, ROLES = get_args(Action), get_args(Role)

SIGHTS = MODEL, VOTES = "model", "votes"
"""What somebody may have seen: the model's label of a row, or the votes of others on it."""

SEPARATOR = "|"
"""Between the frames of one vote."""

BUSY_SECONDS = 30.0
"""So long a press waits for those of other processes."""

FOLDER = "labels"
"""The folder of a store that holds the logs."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS presses (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  press TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL,
  annotator TEXT NOT NULL,
  item TEXT NOT NULL,
  role TEXT NOT NULL,
  action TEXT NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS presses_by_annotator ON presses (annotator, role, number);
CREATE TRIGGER IF NOT EXISTS presses_stay BEFORE UPDATE ON presses
  BEGIN SELECT RAISE(ABORT, 'presses are never changed'); END;
CREATE TRIGGER IF NOT EXISTS presses_remain BEFORE DELETE ON presses
  BEGIN SELECT RAISE(ABORT, 'presses are never deleted'); END;
"""
_COLUMNS = "number, press, at, annotator, item, role, action, value"


def log_path(home: Path, task_name: str) -> Path:
    """Return where the votes of a task are kept, in the folder of a store."""
    # What a file system or a shell reads otherwise is no part of a file's name.
    file_name = re.sub(r"[^\w.-]+", "_", task_name).strip("._") or "rows"
    return home / FOLDER / f"{file_name}.db"


@dataclass(frozen=True)
class Press:
    """One key press.

    Attributes
    ----------
    press : str
        A name of its own that the browser gives it: sent again after a broken connection, it counts once.
    annotator, item : str
        Who, and the key of the row.
    action : str
        One of :data:`ACTIONS`.
    value : str
        A label; frames, joined by :data:`SEPARATOR`, empty for none; a holder or a comment, empty to withdraw
        it; of an undo, the number of what it takes back, which the log fills in; of a look, one of
        :data:`SIGHTS`, or ``1`` in logs of before, where the role tells which.
    role : str
        One of :data:`ROLES`.
    at : str
        ISO time in UTC; filled in where it is empty.
    number : int
        Its position in the log, from 1 on; 0 before it is there.
    """

    press: str
    annotator: str
    item: str
    action: str
    value: str = ""
    role: str = "vote"
    at: str = ""
    number: int = 0


@dataclass(frozen=True)
class Vote:
    """What an annotator says of a row, after all presses.

    Attributes
    ----------
    item, annotator : str
    role : str
        ``vote``, or ``settle`` for the word of a third person on votes that differ.
    stance : str
        Empty where it was not given.
    frames : tuple of str or None
        Empty where none applies; None where they were not given.
    holder, comment : str
    skipped : bool
    at : str
        ISO time of the last press.
    looked : bool
        Whether the annotator had seen the model's label before the last press. Whoever settles has seen the
        votes of others, and never the model's label: it is shown to those alone who voted on the row.
    """

    item: str
    annotator: str
    role: str = "vote"
    stance: str = ""
    frames: tuple[str, ...] | None = None
    holder: str = ""
    comment: str = ""
    skipped: bool = False
    at: str = ""
    looked: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of it: all was undone, or its annotator looked and did not vote."""
        given = (self.stance, self.frames is not None, self.holder, self.comment, self.skipped)
        return not any(given)


class VoteLog:
    """The log of one labelling task.

    Parameters
    ----------
    path : Path
        The SQLite file, created where there is none; several processes may write it at once. Presses
        under several spellings of a name (see :class:`Spellings`) are those of one person.

    Raises
    ------
    StoreError
        Where it cannot be opened, or is not such a log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._spellings, self._spelt_until = Spellings(), 0
        with self._refused():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Open throughout: whoever closes the last connection of a file brings all of it to the disk.
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
            weakref.finalize(self, self._connection.close)
            self._connection.execute("PRAGMA journal_mode=WAL")
            # NORMAL would lose the last presses in a power cut.
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_SCHEMA)

    def record(self, press: Press) -> Press | None:
        """Append a press; it is on the disk when this returns.

        Parameters
        ----------
        press : Press
            An undo takes back the annotator's last press in that role that still holds, of whichever row.

        Returns
        -------
        Press or None
            The press as it stands in the log; of an undo, the one that was taken back. None where there was
            nothing to undo.
        """
        (recorded,) = self.record_all([press])
        return recorded

    def record_all(self, presses: Sequence[Press]) -> list[Press | None]:
        """Append several presses, all or none; see :meth:`record`."""
        with self._lock, self._refused():
            # At once: two that both read first and then want to write would wait for each other.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                recorded = [self._append(press) for press in presses]
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                # Numbers of presses that were rolled back are given anew, to other names.
                self._spellings, self._spelt_until = Spellings(), 0
                raise
        return recorded

    def presses(
        self, annotator: str | None = None, *, role: str | None = None, since: int = 0
    ) -> list[Press]:
        """Return the presses of an annotator, or of all, after a number, in the order of the log."""
        with self._lock, self._refused():
            self._learn()
            names = [] if annotator is None else self._spellings.every(annotator)
            where = f" AND annotator IN ({_marks(names)})" if names else ""
            where += " AND role = ?" if role is not None else ""
            values = [since, *names, *([role] if role is not None else [])]
            query = f"SELECT {_COLUMNS} FROM presses WHERE number > ?{where} ORDER BY number"  # noqa: S608 (names of columns)
            presses = [_press(row) for row in self._connection.execute(query, values)]
            # Another process may have written a name after it was looked for.
            for press in presses:
                self._spellings.learn(press.annotator)
            return [replace(press, annotator=self._spellings.shown(press.annotator)) for press in presses]

    def spelling(self, annotator: str) -> str:
        """Return the name of an annotator as they wrote it first; tidied, where they are new."""
        with self._lock, self._refused():
            self._learn()
            return self._spellings.shown(annotator)

    def votes(self, annotator: str | None = None, *, role: str | None = None) -> list[Vote]:
        """Return what an annotator, or everybody, says of each row; see :func:`votes_of`."""
        return votes_of(self.presses(annotator, role=role))

    def _learn(self) -> None:
        """Read the names of new presses."""
        query = "SELECT number, annotator FROM presses WHERE number > ? ORDER BY number"
        for number, name in self._connection.execute(query, (self._spelt_until,)):
            self._spellings.learn(str(name))
            self._spelt_until = int(number)

    def _append(self, press: Press) -> Press | None:
        """Append a press under the first spelling of its annotator's name."""
        self._learn()
        names = self._spellings.every(press.annotator)
        return _appended(
            self._connection, replace(press, annotator=self._spellings.shown(press.annotator)), names
        )

    @contextlib.contextmanager
    def _refused(self) -> Iterator[None]:
        """Turn what SQLite or the system says against it into a :class:`StoreError`."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the votes {self.path} cannot be read or written: {error}") from error


def votes_of(presses: Iterable[Press]) -> list[Vote]:
    """Return what is left of presses after every undo: a vote for each annotator, role and row.

    Parameters
    ----------
    presses : iterable of Press
        In the order of the log.

    Returns
    -------
    list of Vote
        In the order in which rows were first pressed at; those of which nothing is left are not there.

    Examples
    --------
    >>> log = [Press("1", "Ada", "a", "stance", "critical", number=1), Press("2", "Ada", "a", "undo", "1")]
    >>> votes_of(log[:1])[0].stance, votes_of(log)
    ('critical', [])
    """
    every = list(presses)
    undone = {press.value for press in every if press.action == "undo"}
    votes: dict[tuple[str, str, str], Vote] = {}
    for press in every:
        if press.action == "undo" or str(press.number) in undone:
            continue
        key = (press.annotator, press.role, press.item)
        votes[key] = _after(votes.get(key, Vote(press.item, press.annotator, press.role)), press)
    return [vote for vote in votes.values() if not vote.is_empty]


def frames_text(frames: Sequence[str]) -> str:
    """Write frames as the value of a press."""
    return SEPARATOR.join(frames)


def frames_of(value: str) -> tuple[str, ...]:
    """Read the frames of a press."""
    return tuple(value.split(SEPARATOR)) if value else ()


def presses_for(vote: Vote) -> list[Press]:
    """Return the presses that give a vote: to take it from a file into a log.

    Each has a name that follows from the vote, so that a file that is read twice counts once.
    """
    given = [
        ("looked", MODEL if vote.looked and vote.role == "vote" else None),
        ("skip", "1" if vote.skipped else None),
        ("stance", vote.stance or None),
        ("frames", frames_text(vote.frames) if vote.frames is not None else None),
        ("holder", vote.holder or None),
        ("comment", vote.comment or None),
    ]
    presses = []
    for action, value in given:
        if value is not None:
            parts = (vote.item, vote.annotator, vote.role, action, value, vote.at)
            name = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
            presses.append(
                Press(f"file:{name}", vote.annotator, vote.item, action, value, vote.role, vote.at)
            )
    return presses


def _after(vote: Vote, press: Press) -> Vote:
    """Return a vote after one more press."""
    vote = replace(vote, at=press.at)
    match press.action:
        case "stance":
            return replace(vote, stance=press.value, skipped=False)
        case "frames":
            return replace(vote, frames=frames_of(press.value), skipped=False)
        case "holder":
            return replace(vote, holder=press.value)
        case "comment":
            return replace(vote, comment=press.value)
        case "skip":
            # Whoever skips a row after all takes the label back, and may still say why.
            return replace(vote, stance="", frames=None, holder="", skipped=True)
        case "looked":
            return replace(vote, looked=vote.looked or _saw_model(press))
    return vote


def _saw_model(press: Press) -> bool:
    # Logs of before say 1 of both: only who voted was shown the model's label, only who settles the votes.
    return press.role == "vote" and press.value != VOTES


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _appended(connection: sqlite3.Connection, press: Press, names: Sequence[str]) -> Press | None:
    """Append a press of an annotator who has these spellings in the log."""
    same = connection.execute(f"SELECT {_COLUMNS} FROM presses WHERE press = ?", (press.press,)).fetchone()  # noqa: S608
    if same is not None:
        # Sent again, since its answer was lost.
        earlier = _press(same)
        return earlier if earlier.action != "undo" else _numbered(connection, int(earlier.value))
    taken_back = None
    if press.action == "undo":
        taken_back = _last(connection, press.role, names)
        if taken_back is None:
            return None
        press = replace(press, item=taken_back.item, value=str(taken_back.number))
    at = press.at or dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    row = (press.press, at, press.annotator, press.item, press.role, press.action, press.value)
    cursor = connection.execute(
        "INSERT INTO presses (press, at, annotator, item, role, action, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    return taken_back or replace(press, at=at, number=int(cursor.lastrowid or 0))


def _last(connection: sqlite3.Connection, role: str, names: Sequence[str]) -> Press | None:
    """Return the last press of an annotator that still holds; looking at something cannot be undone."""
    query = f"""
        SELECT {_COLUMNS} FROM presses AS last
        WHERE annotator IN ({_marks(names)}) AND role = ? AND action NOT IN ('undo', 'looked')
          AND NOT EXISTS (
            SELECT 1 FROM presses WHERE annotator IN ({_marks(names)}) AND role = ? AND action = 'undo'
              AND value = CAST(last.number AS TEXT))
        ORDER BY number DESC LIMIT 1
    """  # noqa: S608 (names of columns)
    row = connection.execute(query, [*names, role, *names, role]).fetchone()
    return _press(row) if row is not None else None


def _numbered(connection: sqlite3.Connection, number: int) -> Press | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM presses WHERE number = ?", (number,)).fetchone()  # noqa: S608
    return _press(row) if row is not None else None


def _press(row: Sequence[object]) -> Press:
    number, press, at, annotator, item, role, action, value = row
    return Press(
        str(press), str(annotator), str(item), str(action), str(value), str(role), str(at), int(str(number))
    )
