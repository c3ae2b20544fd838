"""Votes in; how far they agree, which rows they differ on, and one label for each row out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.audits.intervals import alphas
from harness.corpora.aggregation import aggregate
from harness.explorer.labelling.task import LabelTask
from harness.explorer.labelling.vote_log import Vote
from harness.values.annotator_names import annotator_key
from harness.values.findings import Measure

UNDECIDED = ""
"""The label of a row whose votes are tied, or that nobody labelled."""


@dataclass(frozen=True)
class RowVotes:
    """What all annotators say of a row.

    Attributes
    ----------
    votes : tuple of Vote
        By annotator; skipped rows are among them.
    settled : Vote or None
        The last word of a person who did not vote on it.
    """

    votes: tuple[Vote, ...] = ()
    settled: Vote | None = None

    def differs(self, question: str) -> bool:
        """Say whether annotators gave different answers to a question."""
        return len(set(answers(self.votes, question).values())) > 1

    def is_settled(self, question: str) -> bool:
        """Say whether a third person has answered a question."""
        return self.settled is not None and bool(answers([self.settled], question))


def answers(votes: Iterable[Vote], question: str) -> dict[str, str | tuple[str, ...]]:
    """Return who answered a question, and how; the order in which frames were named is left out."""
    given: dict[str, str | tuple[str, ...]] = {}
    for vote in votes:
        if question == "stance" and vote.stance:
            given[vote.annotator] = vote.stance
        elif question == "frames" and vote.frames is not None:
            given[vote.annotator] = tuple(sorted(vote.frames))
        elif question == "holder" and vote.holder:
            given[vote.annotator] = vote.holder
    return given


def by_row(task: LabelTask, votes: Iterable[Vote]) -> dict[str, RowVotes]:
    """Return the votes on each row of a task, in its order; votes on rows of other files are left out.

    Of several words that settle a row the last counts, and none of somebody who voted on it.
    """
    every = [vote for vote in votes if vote.item in task.by_key]
    own_words = set(own_settlings(every))
    given: dict[str, list[Vote]] = {key: [] for key in task.by_key}
    settled: dict[str, Vote] = {}
    for vote in every:
        if vote.role == "vote":
            given[vote.item].append(vote)
        elif vote not in own_words and (vote.item not in settled or vote.at >= settled[vote.item].at):
            settled[vote.item] = vote
    return {
        key: RowVotes(tuple(sorted(each, key=lambda vote: vote.annotator)), settled.get(key))
        for key, each in given.items()
    }


def own_settlings(votes: Iterable[Vote]) -> list[Vote]:
    """Return the words that settle nothing: of somebody who voted on the row, under whichever spelling.

    The screen takes none; files that were put together by hand, and platforms, may hold some.
    """
    every = list(votes)
    # Names are folded of these rows alone: most tasks have few.
    items = {vote.item for vote in every if vote.role == "settle"}
    of_items = [(vote, (vote.item, annotator_key(vote.annotator))) for vote in every if vote.item in items]
    voted = {key for vote, key in of_items if vote.role == "vote"}
    return [vote for vote, key in of_items if vote.role == "settle" and key in voted]


def one_vote_each(votes: Iterable[Vote]) -> list[Vote]:
    """Return votes without those that a person gives a row a second time under another spelling."""
    spelt: dict[tuple[str, str, str], str] = {}
    return [
        vote
        for vote in votes
        if spelt.setdefault((vote.item, annotator_key(vote.annotator), vote.role), vote.annotator)
        == vote.annotator
    ]


def disagreements(task: LabelTask, rows: Mapping[str, RowVotes]) -> list[str]:
    """Return the keys of the rows on whose questions annotators differ and nobody has settled them."""
    return [
        key
        for key, row in rows.items()
        if any(row.differs(question) and not row.is_settled(question) for question in task.asks)
    ]


def agreement(task: LabelTask, rows: Mapping[str, RowVotes]) -> dict[str, Measure]:
    """Return Krippendorff's alpha of each question, with a 95 % interval over groups of rows.

    Parameters
    ----------
    task : LabelTask
    rows : mapping
        From :func:`by_row`. What a third person settled does not count: they saw the votes.

    Returns
    -------
    dict
        Question → measure, whose ``n`` counts the rows with two votes or more. Frames have the mean of their
        alphas, each a yes or a no, and one measure each under ``frames: NAME``.
    """
    measures: dict[str, Measure] = {}
    for question in task.asks:
        pairs = [
            (list(given.values()), task.by_key[key].group)
            for key, row in rows.items()
            if len(given := answers(row.votes, question)) > 1
        ]
        if not pairs:
            measures[question] = Measure(question, math.nan, n=0)
            continue
        voted = [pair[0] for pair in pairs]
        # In the order of the rows, as the audit of annotators numbers them: it draws the same resamples.
        numbers: dict[str, int] = {}
        groups = [numbers.setdefault(pair[1], len(numbers)) for pair in pairs]
        if question == "stance":
            measures[question] = alphas(question, [voted], groups)
            continue
        yes_no = {
            name: [[name in vote for vote in votes] for votes in voted] for name in task.codebook.frames
        }
        measures[question] = alphas(question, list(yes_no.values()), groups)
        for name, each in yes_no.items():
            measures[f"{question}: {name}"] = alphas(name, [each], groups)
    return measures


def labels_of(row: RowVotes, frames: Sequence[str]) -> tuple[str, tuple[str, ...] | None, str]:
    """Return stance, frames and holder of a row: as settled, or else by majority.

    Returns
    -------
    tuple
        :data:`UNDECIDED` for a stance or a holder that is tied or that nobody gave; None for frames that
        nobody gave. A frame that is tied does not apply, as in corpora.
    """
    settled = answers([row.settled], "stance") if row.settled else {}
    stance = next(iter(settled.values()), None) or _majority(answers(row.votes, "stance"))
    holder = (row.settled.holder if row.settled else "") or _majority(answers(row.votes, "holder"))
    if row.settled is not None and row.settled.frames is not None:
        return str(stance), row.settled.frames, str(holder)
    given = answers(row.votes, "frames")
    if not given:
        return str(stance), None, str(holder)
    chosen = tuple(name for name in frames if 2 * sum(name in vote for vote in given.values()) > len(given))
    return str(stance), chosen, str(holder)


def _majority(given: Mapping[str, str | tuple[str, ...]]) -> str:
    (label,) = aggregate([{name: str(vote) for name, vote in given.items()}], "majority")
    return label or UNDECIDED
