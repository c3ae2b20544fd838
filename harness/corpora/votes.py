"""Rows with the labels of several annotators in, rows with one label out, and a note of what was tied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.corpora.aggregation import Aggregation, aggregate
from harness.corpora.checks import Raw, cell_text, is_missing, select_rows, without
from harness.corpora.columns import ANNOTATOR, FRAMES_VOTES, Shape, split_labels
from harness.values.annotator_names import Spellings, annotator_key
from harness.values.errors import CorpusError, Problem
from harness.values.formatting import counted
from harness.values.labels import NO_FRAME, Task

if TYPE_CHECKING:
    import pandas as pd

MAX_NAMED = 3
"""Rows that a note names; of more it gives the number."""

_ITEM_COLUMNS = ("text", "target", "group", "start", "end", "split")
"""What rows without an id have in common if they are annotations of one item."""

Votes = Mapping[str, tuple[str, ...]]
"""Annotator → labels; of a stance exactly one."""


def settle(raw: Raw, shape: Shape, task: Task) -> Raw:
    """Turn the labels of several annotators into one.

    Parameters
    ----------
    raw : Raw
        From :func:`harness.corpora.columns.canonical`.
    shape : Shape
    task : {"stance", "framing"}

    Returns
    -------
    Raw
        One row an item, with ``stance`` or ``frames``, and with the votes in ``votes`` or ``frames_votes``.
        Rows without votes stay as they are.

    Raises
    ------
    CorpusError
        Where an annotator labelled an item twice, ``aggregate`` has nothing to aggregate, or Dawid-Skene is
        asked for and the source does not say who labelled.
    """
    long_form = ANNOTATOR in raw.frame.columns
    label = "stance" if task == "stance" else "frames"
    labelled = label in raw.frame.columns and not long_form
    raw, votes = _voted_columns(raw, shape, "stance" if labelled else task, label)
    if shape.aggregate is not None and (not votes or labelled):
        reason = f"there is a column of labels, {label}" if votes else "there are no votes"
        hint = "leave one of them out" if votes else "name the annotators' columns under columns.votes"
        raise CorpusError([Problem(raw.source, f"aggregate has no effect: {reason}", hint)])
    if not votes or labelled:
        return raw
    frame = raw.frame
    how = shape.aggregate or "majority"
    named = isinstance(shape.columns.get("votes"), tuple) or FRAMES_VOTES in shape.columns or long_form
    if how == "dawid_skene" and not named:
        hint = "name one column an annotator: columns: {votes: [a, b, c]}, or columns.annotator"
        raise CorpusError([Problem(raw.source, "dawid_skene needs to know who gave which vote", hint)])
    settled = _stances(votes, how) if task == "stance" else _frames(votes, how)
    values = _series(settled.labels, frame)
    notes = (*raw.notes, *settled.notes(raw))
    return replace(raw, frame=frame.assign(**{label: values}), notes=notes)


@dataclass(frozen=True)
class _Settled:
    labels: list[Any]
    tied: list[int]
    how: Aggregation

    def notes(self, raw: Raw) -> list[str]:
        method = "majority" if self.how == "majority" else "Dawid-Skene"
        several = f"{raw.source}: labels are those of several annotators, by {method}"
        if not self.tied:
            return [f"{several}; no row is tied"]
        named = ", ".join(raw.locations[row] for row in self.tied[:MAX_NAMED])
        more = ", …" if len(self.tied) > MAX_NAMED else ""
        rows = "row is" if len(self.tied) == 1 else "rows are"
        # A tied frame does not apply, a tied stance is none of the stances.
        effect = "" if self.labels[self.tied[0]] is not None else " and left out"
        return [f"{several}; {len(self.tied):,} {rows} tied{effect}: {named}{more}"]


def _stances(votes: Sequence[Votes], how: Aggregation) -> _Settled:
    labels = aggregate([{name: vote[0] for name, vote in item.items()} for item in votes], how)
    tied = [row for row, (item, label) in enumerate(zip(votes, labels, strict=True)) if item and not label]
    return _Settled(labels, tied, how)


def _frames(votes: Sequence[Votes], how: Aggregation) -> _Settled:
    """Decide frame by frame: each is a yes or a no of every annotator."""
    frames = dict.fromkeys(frame for item in votes for vote in item.values() for frame in vote)
    chosen: list[list[str]] = [[] for _ in votes]
    tied: set[int] = set()
    for frame in frames:
        answers = [{name: "yes" if frame in vote else "no" for name, vote in item.items()} for item in votes]
        for row, answer in enumerate(aggregate(answers, how)):
            if answer == "yes":
                chosen[row].append(frame)
            elif answer is None and votes[row]:
                tied.add(row)
    labels = [tuple(names) if item else None for names, item in zip(chosen, votes, strict=True)]
    return _Settled(labels, sorted(tied), how)


def _by_annotator(value: Any, shape: Shape, task: Task) -> Votes:
    """Return the votes of a row: by column, or numbered where one cell holds them all."""
    if isinstance(value, dict):
        if task == "stance":
            labels = {name: shape.label(cell) for name, cell in value.items()}
            return {name: (label,) for name, label in labels.items() if label is not None}
        return {name: split_labels(cell, shape, ()) or () for name, cell in value.items()}
    # One cell of several votes: whose each is, nobody knows.
    return {str(number): (label,) for number, label in enumerate(value or ())}


def _voted_columns(raw: Raw, shape: Shape, task: Task, label: str) -> tuple[Raw, list[Votes]]:
    """Read the votes on stances and on frames; return those on what is labelled, or else any."""
    votes: list[Votes] = []
    of_frames: list[Votes] = []
    # Votes on frames that have columns of their own leave the others to the stance.
    voted: Task = "stance" if FRAMES_VOTES in shape.columns else task
    if ANNOTATOR in raw.frame.columns:
        raw, votes = _gathered(raw, label)
    elif "votes" in raw.frame.columns:
        if label == "frames" and voted == "stance":
            _refuse_frames(raw, shape)
        votes = [_by_annotator(value, shape, voted) for value in raw.frame["votes"]]
        raw, votes = _by_person(raw, votes, shape.columns.get("votes", ()))
    if votes:
        raw = replace(raw, frame=raw.frame.assign(**_vote_columns(votes, voted, raw.frame)))
    if FRAMES_VOTES in shape.columns:
        of_frames = [_by_annotator(value, shape, "framing") for value in raw.frame[FRAMES_VOTES]]
        raw, of_frames = _by_person(raw, of_frames, shape.columns[FRAMES_VOTES])
        every = [tuple(item.values()) or None for item in of_frames]
        raw = replace(raw, frame=raw.frame.assign(**{FRAMES_VOTES: _series(every, raw.frame)}))
    return raw, of_frames if label == "frames" and of_frames else votes


def _refuse_frames(raw: Raw, shape: Shape) -> None:
    """Refuse votes on frames where those on the stance are expected: they would be no votes at all."""
    frames = {name for cell in raw.frame.get("frames", ()) for name in cell or ()} - {NO_FRAME}
    columns = shape.columns.get("votes", "votes")
    for row, cell in enumerate(raw.frame["votes"]):
        votes = cell.items() if isinstance(cell, dict) else ((columns, label) for label in cell or ())
        for column, value in votes:
            named = frames & set(split_labels(value, shape, ()) or ())
            if named:
                what = f"column {column!r} holds frames ({', '.join(sorted(named))}), and beside a column of"
                what += " frames, votes are those on the stance"
                listed = ", ".join((columns,) if isinstance(columns, str) else columns)
                hint = f"name them columns.{FRAMES_VOTES}: [{listed}]"
                raise CorpusError([Problem(raw.locations[row], what, hint)])


def _by_person(raw: Raw, votes: list[Votes], columns: str | Sequence[str]) -> tuple[Raw, list[Votes]]:
    """Put the columns of one annotator together, and say so: of two votes on a row the first counts."""
    names: dict[str, list[str]] = {}
    for column in () if isinstance(columns, str) else columns:
        names.setdefault(annotator_key(column), []).append(column)
    if all(len(spellings) == 1 for spellings in names.values()):
        return raw, votes
    joined: list[Votes] = []
    left_out = 0
    for item in votes:
        given = {each[0]: [item[name] for name in each if name in item] for each in names.values()}
        joined.append({name: of_person[0] for name, of_person in given.items() if of_person})
        left_out += len(item) - len(joined[-1])
    effect = f"; {counted(left_out, 'second vote')} on a row left out" if left_out else ""
    return replace(raw, notes=(*raw.notes, _spelling_note(raw, names.values()) + effect)), joined


def _spelling_note(raw: Raw, names: Iterable[Sequence[str]]) -> str:
    listed = "; ".join(", ".join(map(repr, each)) for each in names if len(each) > 1)
    return f"{raw.source}: taken as one annotator each: {listed}"


def _vote_columns(votes: Sequence[Votes], task: Task, frame: pd.DataFrame) -> dict[str, Any]:
    if task == "stance":
        values = [tuple(vote[0] for vote in item.values()) or None for item in votes]
        return {"votes": _series(values, frame)}
    every = [tuple(item.values()) or None for item in votes]
    return {"votes": _series([None] * len(votes), frame), "frames_votes": _series(every, frame)}


def _series(values: Sequence[Any], frame: pd.DataFrame) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series(list(values), index=frame.index, dtype=object)


def _gathered(raw: Raw, label: str) -> tuple[Raw, list[Votes]]:
    """Put the annotations of one item into one row, the first; the others are left out."""
    first: dict[Any, int] = {}
    votes: dict[int, dict[str, tuple[str, ...]]] = {}
    problems = []
    people = Spellings()
    keys = _keys(raw.frame)
    cells = zip(keys, raw.frame[ANNOTATOR], raw.frame[label], strict=True)
    for row, (key, annotator, value) in enumerate(cells):
        item = votes.setdefault(first.setdefault(key, row), {})
        if is_missing(annotator):
            problems.append((row, Problem(f"{raw.locations[row]}: {ANNOTATOR}", "is empty")))
            continue
        people.learn(cell_text(annotator))
        name = people.shown(cell_text(annotator))
        if name in item:
            where = f"{raw.locations[row]}: {ANNOTATOR}"
            what = f"{name!r} labels this item a second time; it begins at {raw.locations[first[key]]}"
            hint = "an id for each item tells items with the same text apart"
            problems.append((row, Problem(where, what, hint)))
        if value is not None:
            item[name] = value if isinstance(value, tuple) else (value,)
    if problems:
        return _gathered(without(raw, problems), label)
    rows = sorted(votes)
    if several := [each for each in people.every_spelling() if len(each) > 1]:
        raw = replace(raw, notes=(*raw.notes, _spelling_note(raw, several)))
    return select_rows(replace(raw, frame=raw.frame.drop(columns=ANNOTATOR)), rows), [
        votes[row] for row in rows
    ]


def _keys(frame: pd.DataFrame) -> list[Any]:
    columns = [frame[name] for name in _ITEM_COLUMNS if name in frame.columns]
    by_content = list(zip(*columns, strict=True))
    if "id" not in frame.columns:
        return [tuple(map(str, key)) for key in by_content]
    return [
        tuple(map(str, key)) if is_missing(id_) else cell_text(id_)
        for id_, key in zip(frame["id"], by_content, strict=True)
    ]
