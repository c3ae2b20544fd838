"""A file of rows that were labelled by hand in; each with its label, or with why it has none, out.

The labels are those of ``harness label``: as settled, or else by majority. Where the file is what was
labelled, and not yet what was written, they are read from the log of its votes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.explorer.labelling.agreement import (
    RowVotes,
    answers,
    by_row,
    labels_of,
    one_vote_each,
    own_settlings,
)
from harness.explorer.labelling.row_files import GROUPS, TaskOptions
from harness.explorer.labelling.task import Codebook, LabelItem, Question
from harness.explorer.labelling.vote_files import GOLD, GOLD_FRAMES, labelled_rows
from harness.explorer.labelling.vote_log import Vote, VoteLog, frames_of, log_path
from harness.values import gold_origin
from harness.values.annotator_names import annotator_key
from harness.values.errors import CorpusError, Problem, suggest
from harness.values.formatting import counted
from harness.values.labels import NO_FRAME, LabelSet, Task
from harness.values.tables import fingerprint

State = Literal["decided", "undecided", "skipped", "unlabelled"]
"""What annotators say of a row: one label; several, which nobody has settled; that they skip it; nothing."""

Label = str | tuple[str, ...]
"""A stance; or the frames of a sentence."""

COLUMNS: Mapping[Task, tuple[str, ...]] = {"stance": (GOLD, "stance"), "framing": (GOLD_FRAMES, "frames")}
"""Columns that may hold the labels; the first that a file has counts."""

MAX_PROBLEMS = 20


@dataclass(frozen=True)
class GoldRow:
    """A row of a file of gold.

    Attributes
    ----------
    number : int
        From 1, in the order of the file.
    text, target : str
        Of frames, the target is empty: they belong to the sentence.
    state : str
        See :data:`State`.
    label : str, tuple of str or None
        None unless it is decided.
    group, pick, pi : str
        As the file has them, empty where it has not.
    cells : mapping
        The row as it was read.
    note : str
        Why votes that would settle it do not; else empty.
    """

    number: int
    text: str
    target: str
    state: State
    label: Label | None
    group: str = ""
    pick: str = ""
    pi: str = ""
    cells: Mapping[str, Any] = field(default_factory=dict, repr=False)
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """By which it is found in a corpus: text and target, however spaces are typed."""
        return row_key(self.text, self.target)

    @property
    def label_text(self) -> str:
        """The label as a cell; empty where there is none."""
        if self.label is None:
            return ""
        return self.label if isinstance(self.label, str) else "|".join(self.label) or NO_FRAME


@dataclass(frozen=True)
class GoldFile:
    """A file of gold.

    Attributes
    ----------
    path : Path
    rows : tuple of GoldRow
    logged_votes : int
        Votes that were read from the log of the store and not from the file.
    """

    path: Path
    rows: tuple[GoldRow, ...] = field(repr=False)
    logged_votes: int = 0

    @property
    def digest(self) -> str:
        """Identify rows, labels and origin, whatever else the file holds."""
        parts = [(row.text, row.target, row.state, row.label_text, row.pick, row.pi) for row in self.rows]
        return fingerprint([json.dumps(parts)])


def row_key(text: str, target: str) -> tuple[str, str]:
    """Return the key by which rows of gold and of a corpus are joined.

    Examples
    --------
    >>> row_key("Voters  thanked Varna. ", "Varna")
    ('Voters thanked Varna.', 'Varna')
    """
    return " ".join(text.split()), " ".join(target.split())


def read_gold_file(path: Path, task: Task, labels: LabelSet, home: Path | None = None) -> GoldFile:
    """Read rows that were labelled by hand.

    Parameters
    ----------
    path : Path
        What ``harness label --output`` wrote (CSV, JSONL, Label Studio's or Argilla's records); a table with
        ``text``, ``target`` and ``gold`` (or ``stance``; of frames ``gold_frames`` or ``frames``); or the
        file that was labelled.
    task : {"stance", "framing"}
    labels : LabelSet
        Of the task.
    home : Path, optional
        Folder of the store: votes of the file that are in its log count, before those of the file.

    Raises
    ------
    CorpusError
        Where it cannot be read, a label is unknown, or no row at all is labelled.
    """
    asks: tuple[Question, ...] = ("stance",) if task == "stance" else ("frames",)
    name = path.name.partition(".")[0]
    book = Codebook(stances=labels.names) if task == "stance" else Codebook(frames=labels.names)
    options = TaskOptions(name, asks, book)
    rows, in_file = labelled_rows(path, options)
    logged = _logged(home, name) if home is not None else []
    logged = [vote for vote in logged if vote.item in rows.by_key]
    # What was pressed since the file was written counts.
    newer = {_giver(vote) for vote in logged}
    votes = [*logged, *(vote for vote in one_vote_each(in_file) if _giver(vote) not in newer)]
    in_log = {vote.item for vote in logged}
    own_words = {vote.item: vote.annotator for vote in own_settlings(votes)}
    gold = tuple(
        replace(
            _row(number, rows.by_key[key], given, (task, labels), trusts_cell=key not in in_log),
            note=f"{own_words[key]} settled it, who had voted on it" if key in own_words else "",
        )
        for number, (key, given) in enumerate(by_row(rows, votes).items(), start=1)
    )
    _check(path, gold, labels)
    return GoldFile(path, gold, len(logged))


def _giver(vote: Vote) -> tuple[str, str, str]:
    return vote.item, annotator_key(vote.annotator), vote.role


def _logged(home: Path, name: str) -> list[Vote]:
    path = log_path(home, name)
    # Opening a log that is not there would make one.
    return VoteLog(path).votes() if path.is_file() else []


def _row(
    number: int, item: LabelItem, given: RowVotes, asked: tuple[Task, LabelSet], *, trusts_cell: bool
) -> GoldRow:
    cells, (task, labels) = item.cells, asked
    label = _stated(cells, task) if trusts_cell else None
    if label is None:
        label = _voted(given, task, _frames(given))
    if isinstance(label, tuple) and not labels.multi:
        label = _first(label, labels)
    label = _spelled(label, labels)
    column = next((name for name in GROUPS if cells.get(name)), "")
    return GoldRow(
        number,
        item.text,
        item.target if task == "stance" else "",
        "decided" if label is not None else _state(given, task),
        label,
        str(cells.get(column) or "") if column else "",
        str(cells.get(gold_origin.COLUMN) or "").strip(),
        str(cells.get("pi") or "").strip(),
        cells,
    )


def _stated(cells: Mapping[str, Any], task: Task) -> Label | None:
    """Return the label that the file states; None where its cell is empty."""
    column = next((name for name in COLUMNS[task] if name in cells), "")
    value = cells.get(column)
    if isinstance(value, list | tuple):
        return tuple(map(str, value))
    text = str(value or "").strip()
    if not text or task == "stance":
        return text or None
    return () if text == NO_FRAME else frames_of(text)


def _spelled(label: Label | None, labels: LabelSet) -> Label | None:
    """Return a label as the config spells it: "Critical " is critical."""
    spelling = {name.casefold(): name for name in labels.names}
    if isinstance(label, str):
        return spelling.get(label.strip().casefold(), label)
    return label and tuple(spelling.get(name.strip().casefold(), name) for name in label)


def _first(frames: tuple[str, ...], labels: LabelSet) -> Label | None:
    """Return the one frame that a single-label task takes of several, as it takes that of a corpus."""
    if not frames and NO_FRAME not in labels.names:
        return None
    return frames[:1] or (NO_FRAME,)


def _frames(given: RowVotes) -> list[str]:
    """Return every frame that was named, in the order in which they were."""
    return list(dict.fromkeys(name for vote in given.votes for name in vote.frames or ()))


def _voted(given: RowVotes, task: Task, frames: Sequence[str]) -> Label | None:
    stance, chosen, _ = labels_of(given, frames)
    return (stance or None) if task == "stance" else chosen


def _state(given: RowVotes, task: Task) -> State:
    if answers(given.votes, "stance" if task == "stance" else "frames"):
        return "undecided"
    return "skipped" if any(vote.skipped for vote in given.votes) else "unlabelled"


def _check(path: Path, rows: Sequence[GoldRow], labels: LabelSet) -> None:
    problems = []
    for row in rows:
        stated = (row.label,) if isinstance(row.label, str) else row.label or ()
        problems += [
            Problem(f"{path}: row {row.number}", f"unknown label {name!r}", suggest(name, labels.names))
            for name in stated
            if name not in labels.names
        ]
    if problems:
        # A wrong column makes every row wrong; twenty show that.
        raise CorpusError(problems[:MAX_PROBLEMS])
    if not any(row.state == "decided" for row in rows):
        hint = f"label them: harness label {path.name}"
        raise CorpusError([Problem(str(path), f"none of its {counted(len(rows), 'row')} has a label", hint)])
