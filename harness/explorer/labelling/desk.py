"""A labelling task and its log in; the next row for an annotator, their progress, and new presses out."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.explorer.labelling.task import LabelItem, LabelTask
from harness.explorer.labelling.vote_book import VoteBook
from harness.explorer.labelling.vote_log import (
    ACTIONS,
    MODEL,
    ROLES,
    VOTES,
    Press,
    Vote,
    VoteLog,
    frames_of,
    frames_text,
)
from harness.values.annotator_names import tidy_name
from harness.values.errors import HarnessError, suggest
from harness.values.unreadable import usable_text

MAX_NAME = 60
"""Characters of an annotator's name."""

MAX_WRITTEN = 2_000
"""Characters of a comment or a holder."""

MAX_PAUSE_SECONDS = 300.0
"""What takes longer between two rows was a break, and does not count into the pace."""

PACED_ROWS = 30
"""Rows that the pace is the median of: the latest."""


class PressError(HarnessError):
    """A press that cannot be recorded; nothing was."""


@dataclass(frozen=True)
class LabelProgress:
    """How far an annotator is.

    Attributes
    ----------
    rows, done, skipped : int
        Rows to label, rows that are done, and those of them that were skipped.
    seconds : float or None
        Median time from a row to the next; None before there are two.
    """

    rows: int
    done: int
    skipped: int
    seconds: float | None

    @property
    def seconds_left(self) -> float | None:
        """The time that the other rows will take at this pace."""
        return None if self.seconds is None else self.seconds * (self.rows - self.done)


class LabelDesk:
    """What annotators do at the screen.

    Parameters
    ----------
    task : LabelTask
    log : VoteLog
    """

    def __init__(self, task: LabelTask, log: VoteLog) -> None:
        self.task, self.log, self.book = task, log, VoteBook(log)

    def annotator(self, text: str) -> str:
        """Return the name of an annotator as it first stood in the log; see :func:`annotator_name`.

        Raises
        ------
        PressError
        """
        return self.log.spelling(annotator_name(text))

    def is_done(self, vote: Vote) -> bool:
        """Say whether a vote answers all that is asked of a row."""
        answers = {"stance": bool(vote.stance), "frames": vote.frames is not None}
        return vote.skipped or all(answers[question] for question in self.task.asks)

    def state(self, annotator: str, wanted: str = "") -> dict[str, Any]:
        """Return a row with what the annotator said of it, and their progress.

        Parameters
        ----------
        annotator : str
        wanted : str
            Key of the row; empty for the first in the annotator's order that is not done.

        Returns
        -------
        dict
            ``annotator`` is the name as it is shown. ``row`` is None once all are done. Neither where a row
            comes from nor why it was picked is in it, and of the model's label only whether there is one.
        """
        annotator = self.annotator(annotator)
        votes = self.book.of(annotator)
        barred = self.barred(annotator)
        order = [key for key in self.task.order_for(annotator) if key not in barred]
        done = {key for key in order if key in votes and self.is_done(votes[key])}
        key = wanted if wanted in self.task.by_key else next((k for k in order if k not in done), "")
        progress = _progress(len(order), [votes[k] for k in done])
        item = self.task.by_key.get(key)
        return {
            "annotator": annotator,
            "row": None if item is None else _shown(item, votes.get(key)),
            "progress": {
                "rows": progress.rows,
                "done": progress.done,
                "skipped": progress.skipped,
                "seconds": progress.seconds,
                "seconds_left": progress.seconds_left,
            },
        }

    def barred(self, annotator: str) -> set[str]:
        """Return the rows that an annotator can give no vote of their own on any more.

        Whoever saw the votes of others on a row before voting on it is no longer blind to it.
        """
        voted = self.book.of(annotator)
        return self.book.looked_at(annotator) - set(voted)

    def press(self, press: Press) -> Press | None:
        """Record a press; see :meth:`VoteLog.record`.

        Raises
        ------
        PressError
            Where the annotator, row, action or label is none of this task, somebody who voted on a row would
            settle it, or somebody who saw the votes of others on it would vote.
        """
        return self.log.record(self._checked(press))

    def model_label(self, annotator: str, key: str) -> str:
        """Return the model's label of a row that the annotator has labelled, and note that they saw it.

        Raises
        ------
        PressError
            Where the annotator has not labelled it: whoever sees the model's label first is swayed by it.
        """
        item = self._item(key)
        voted = self.book.of(annotator)
        if key not in voted or not self.is_done(voted[key]):
            raise PressError("the model's label is shown once this row is labelled")
        self._note_look(annotator, key, "vote", MODEL)
        return item.predicted

    def note_votes_seen(self, annotator: str, key: str) -> None:
        """Record that somebody who may settle a row saw the votes of others on it; once."""
        self._note_look(annotator, key, "settle", VOTES)

    def _note_look(self, annotator: str, key: str, role: str, seen: str) -> None:
        name = self.annotator(annotator)
        self.log.record(Press(f"looked:{role}:{name}:{key}", name, key, "looked", seen, role))

    def check_vote(self, vote: Vote) -> None:
        """Refuse a vote from a file whose labels are none of this task.

        Raises
        ------
        PressError
        """
        if vote.stance:
            self._check_value("stance", vote.stance)
        if vote.frames is not None:
            self._check_value("frames", frames_text(vote.frames))
        for text in (vote.holder, vote.comment):
            self._check_value("comment", text)

    def _checked(self, press: Press) -> Press:
        name = self.annotator(press.annotator)
        if press.role not in ROLES:
            raise PressError(f"there is no role {press.role!r}; {suggest(press.role, ROLES)}")
        if press.action not in ACTIONS or press.action == "looked":
            raise PressError(f"there is no action {press.action!r}")
        if not 0 < len(press.press) <= MAX_NAME:
            raise PressError("a press needs a name of its own")
        value = usable_text(press.value)
        if press.action != "undo":
            self._item(press.item)
            self._check_value(press.action, value)
            self._check_role(name, press)
        # Prefixed by who pressed: two browsers that choose the same name do not meet.
        return Press(f"{name}:{press.press}", name, press.item, press.action, value, press.role)

    def _check_value(self, action: str, value: str) -> None:
        book = self.task.codebook
        if action == "stance" and value not in book.stances:
            raise PressError(f"there is no stance {value!r}; {suggest(value, book.stances)}")
        if action == "frames":
            frames = frames_of(value)
            unknown = [frame for frame in frames if frame not in book.frames]
            if unknown or len(set(frames)) < len(frames):
                raise PressError(f"these are no frames of the codebook: {value!r}")
        if len(value) > MAX_WRITTEN:
            raise PressError(f"a comment or a holder has at most {MAX_WRITTEN:,} characters")

    def _check_role(self, annotator: str, press: Press) -> None:
        if press.role == "settle" and press.item in self.book.of(annotator):
            raise PressError("you voted on this row: a third person settles it")
        if press.role == "vote" and press.item in self.barred(annotator):
            raise PressError("you have seen the votes of others on this row: you can settle it alone")

    def _item(self, key: str) -> LabelItem:
        if key not in self.task.by_key:
            raise PressError(f"there is no row {key!r}")
        return self.task.by_key[key]


def annotator_name(text: str) -> str:
    """Return the name of an annotator as it is kept: usable characters, NFC, single spaces.

    Raises
    ------
    PressError
        Where it is empty, longer than :data:`MAX_NAME`, or holds characters that are not shown.
    """
    name = tidy_name(text)
    if not 0 < len(name) <= MAX_NAME:
        raise PressError(f"a name has 1 to {MAX_NAME} characters")
    if not name.isprintable():
        raise PressError("a name holds no control characters")
    return name


def _shown(item: LabelItem, vote: Vote | None) -> dict[str, Any]:
    frames = vote.frames if vote is not None else None
    return {
        "key": item.key,
        "pieces": item.pieces,
        "target": item.target,
        "has_model": bool(item.predicted),
        "stance": vote.stance if vote else "",
        "frames": None if frames is None else list(frames),
        "holder": vote.holder if vote else "",
        "comment": vote.comment if vote else "",
        "skipped": bool(vote and vote.skipped),
    }


def _progress(rows: int, done: Sequence[Vote]) -> LabelProgress:
    times = sorted(vote.at for vote in done)[-PACED_ROWS - 1 :]
    gaps = [gap for gap in _seconds_between(times) if gap <= MAX_PAUSE_SECONDS]
    pace = statistics.median(gaps) if gaps else None
    return LabelProgress(rows, len(done), sum(vote.skipped for vote in done), pace)


def _seconds_between(times: Iterable[str]) -> list[float]:
    moments = []
    for time in times:
        # A file of votes may hold any text as a time.
        try:
            moments.append(dt.datetime.fromisoformat(time).timestamp())
        except ValueError:
            continue
    return [later - earlier for earlier, later in itertools.pairwise(moments)]
