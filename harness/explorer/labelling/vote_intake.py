"""Votes of a file in; those that a log may take, appended to it, and what became of the others, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.explorer.labelling.agreement import own_settlings
from harness.explorer.labelling.desk import LabelDesk, PressError, annotator_name
from harness.explorer.labelling.vote_log import Press, Vote, presses_for
from harness.values.annotator_names import annotator_key
from harness.values.errors import CorpusError, Problem

MAX_PROBLEMS = 20


@dataclass(frozen=True)
class TakenIn:
    """What became of a file of votes.

    Attributes
    ----------
    votes : int
        Votes that are in the log now and were not before.
    earlier : int
        Votes that were left out: the log has a vote of that annotator on that row.
    foreign : int
        Rows with votes that the task does not have.
    by_voters : int
        Settling votes that were left out: their annotator voted on the row, in the log or in the file.
    after_seeing : int
        Votes that were left out: their annotator has seen the votes of others on the row, to settle it.
    """

    votes: int = 0
    earlier: int = 0
    foreign: int = 0
    by_voters: int = 0
    after_seeing: int = 0


def take_in(desk: LabelDesk, votes: Sequence[Vote]) -> TakenIn:
    """Append votes from a file to the log of a task; all of them, or none where one cannot be used.

    What the screen would not take, the log does not get by a file either: see :meth:`LabelDesk.press`.

    Raises
    ------
    CorpusError
        With the first :data:`MAX_PROBLEMS` votes whose label or annotator cannot be used.
    """
    usable, presses, problems = _sorted_out(desk, votes), list[Press](), list[Problem]()
    for vote in usable.votes:
        try:
            annotator_name(vote.annotator)
            desk.check_vote(vote)
        except PressError as error:
            problems.append(Problem(f"vote of {vote.annotator!r}", str(error)))
            continue
        presses += presses_for(vote)
    if problems:
        raise CorpusError(problems[:MAX_PROBLEMS])
    desk.log.record_all(presses)
    return usable.counts


@dataclass(frozen=True)
class _Usable:
    votes: list[Vote]
    counts: TakenIn


def _sorted_out(desk: LabelDesk, votes: Sequence[Vote]) -> _Usable:
    """Return the votes that are new, by a person who may give them, and how many others there are."""
    logged = desk.log.votes()
    known_votes = {(vote.item, annotator_key(vote.annotator), vote.role) for vote in logged}
    of_task = [vote for vote in votes if vote.item in desk.task.by_key]
    foreign = {vote.item for vote in votes} - set(desk.task.by_key)
    own_votes = set(own_settlings([*logged, *of_task]))
    barred: dict[str, set[str]] = {}
    spelt: dict[tuple[str, str, str], str] = {}
    usable, earlier, by_voters, after_seeing = [], 0, 0, 0
    for vote in of_task:
        person = annotator_key(vote.annotator)
        key = (vote.item, person, vote.role)
        if person not in barred:
            barred[person] = desk.barred(vote.annotator)
        # Under a second spelling of their name a person has no second vote on a row.
        if key in known_votes or spelt.setdefault(key, vote.annotator) != vote.annotator:
            earlier += 1
        elif vote in own_votes:
            by_voters += 1
        elif vote.role == "vote" and vote.item in barred[person]:
            after_seeing += 1
        else:
            usable.append(vote)
    return _Usable(usable, TakenIn(len(usable), earlier, len(foreign), by_voters, after_seeing))
