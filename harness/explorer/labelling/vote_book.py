"""A log of votes in; the present votes of each annotator, brought up to date press by press, out."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from harness.explorer.labelling.vote_log import Press, Vote, VoteLog, votes_of


class VoteBook:
    """What a log says now: of a press that is new, only the row that it is about is read again.

    Parameters
    ----------
    log : VoteLog
        Other processes may write it, too.
    """

    def __init__(self, log: VoteLog) -> None:
        self.log = log
        self._lock = threading.Lock()
        self._until = 0
        self._presses: dict[tuple[str, str, str], list[Press]] = {}
        self._votes: dict[tuple[str, str], dict[str, Vote]] = {}
        self._looked: dict[str, set[str]] = {}

    def refresh(self) -> int:
        """Read what is new in the log; return the number of its last press."""
        with self._lock:
            changed: dict[tuple[str, str, str], None] = {}
            for press in self.log.presses(since=self._until):
                # An undo names the row of what it takes back, and so changes that row alone.
                key = (press.annotator, press.role, press.item)
                self._presses.setdefault(key, []).append(press)
                changed[key] = None
                self._until = press.number
                if press.role == "settle":
                    self._looked.setdefault(press.annotator, set()).add(press.item)
            for annotator, role, item in changed:
                votes = self._votes.setdefault((annotator, role), {})
                votes.pop(item, None)
                votes.update({vote.item: vote for vote in votes_of(self._presses[annotator, role, item])})
            return self._until

    def of(self, annotator: str) -> Mapping[str, Vote]:
        """Return the votes of an annotator, under whichever spelling of the name, by row; a copy."""
        self.refresh()
        name = self.log.spelling(annotator)
        with self._lock:
            return dict(self._votes.get((name, "vote"), {}))

    def looked_at(self, annotator: str) -> set[str]:
        """Return the rows on which an annotator has seen the votes of others, to settle them; a copy."""
        name = self.log.spelling(annotator)
        with self._lock:
            return set(self._looked.get(name, ()))

    def every(self) -> list[Vote]:
        """Return all votes, of both roles."""
        self.refresh()
        with self._lock:
            return [vote for votes in self._votes.values() for vote in votes.values()]
