"""A labelling task with its votes in, files out, and back: CSV, JSONL, Label Studio's and Argilla's.

Every file holds each row as it was read, the labels that follow from the votes, and the votes themselves, so
that reading it gives the same votes again. What stays behind is how somebody came to a vote: presses that
were taken back are in the log alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from harness.corpora.tabular import FileTable
from harness.corpora.text_files import content, parsed_lines
from harness.explorer.labelling.agreement import RowVotes, by_row, labels_of
from harness.explorer.labelling.desk import LabelDesk, PressError, annotator_name
from harness.explorer.labelling.platform_records import (
    argilla_record,
    label_studio_task,
    read_argilla,
    read_label_studio,
)
from harness.explorer.labelling.row_files import TaskOptions, read_task, task_of
from harness.explorer.labelling.task import LabelItem, LabelTask
from harness.explorer.labelling.vote_log import Vote, frames_of, frames_text, presses_for
from harness.values.errors import CorpusError, OutputError, Problem
from harness.values.labels import NO_FRAME
from harness.values.outputs import write_text
from harness.values.spreadsheets import guarded, table_text

VoteFormat = Literal["table", "label-studio", "argilla"]
"""``table``: CSV or JSONL, a row each with a column for each annotator and question."""

FORMATS = get_args(VoteFormat)

GOLD, GOLD_FRAMES, GOLD_HOLDER, GOLD_VOICE = "gold", "gold_frames", "gold_holder", "gold_voice"
"""Columns of what follows from the votes; the first and the last are those of `harness sample`."""

WRITER = "writer"
"""The holder of what the outlet says in its own voice, in the codebook of partyline."""

MAX_PROBLEMS = 20

_FIELDS = ("stance", "frames", "holder", "comment", "skipped", "time", "looked")
_COLUMN = re.compile(rf"({'|'.join(_FIELDS)}) (settled )?by (.+)", re.DOTALL)


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
    """

    votes: int = 0
    earlier: int = 0
    foreign: int = 0


def write_votes(
    path: Path, task: LabelTask, votes: Sequence[Vote], form: VoteFormat = "table", *, raw: bool = False
) -> int:
    """Write all rows with their votes; return how many rows have a vote.

    Parameters
    ----------
    path : Path
        CSV or JSONL for ``table``, JSON for ``label-studio``, JSONL for ``argilla``.
    task : LabelTask
    votes : sequence of Vote
    form : {"table", "label-studio", "argilla"}
    raw : bool
        Whether cells of a CSV file are written as they are, see :mod:`harness.values.spreadsheets`.

    Raises
    ------
    OutputError
        Where the ending does not fit the format, or the file cannot be written.
    """
    rows = by_row(task, votes)
    endings = {"table": (".csv", ".jsonl"), "label-studio": (".json",), "argilla": (".jsonl",)}[form]
    if path.suffix.lower() not in endings:
        raise OutputError(f"{path}: votes in the format {form} are written to {' or '.join(endings)}")
    records = _records(task, rows)
    if path.suffix.lower() == ".csv":
        columns = dict.fromkeys(name for record in records for name in record)
        texts = [{name: _cell(value) for name, value in record.items()} for record in records]
        write_text(path, table_text(list(columns), texts, raw=raw))
    elif form == "label-studio":
        tasks = [label_studio_task(task.by_key[key], row, k) for k, (key, row) in enumerate(rows.items(), 1)]
        write_text(path, json.dumps(tasks, ensure_ascii=False, indent=1, default=str) + "\n")
    else:
        # Readers of rows take the prefix of a spreadsheet program's guard off, in JSONL too.
        lines: Iterable[Mapping[str, Any]] = [
            {name: guarded(value) for name, value in record.items()} for record in records
        ]
        if form == "argilla":
            lines = [argilla_record(task.by_key[key], row) for key, row in rows.items()]
        write_text(path, "".join(f"{json.dumps(line, ensure_ascii=False, default=str)}\n" for line in lines))
    return sum(bool(row.votes or row.settled) for row in rows.values())


def read_votes(path: Path, options: TaskOptions) -> list[Vote]:
    """Read the votes of a file that :func:`write_votes` wrote, or that a platform exported.

    Parameters
    ----------
    path : Path
        A table with columns such as ``stance by Ada``; a list of Label Studio's tasks (``.json``); or
        Argilla's records with ``fields`` and ``responses`` (``.jsonl``).
    options : TaskOptions
        Of the task that they belong to: rows are joined by id, text and target.

    Raises
    ------
    CorpusError
        Where it cannot be read.
    """
    if path.suffix.lower() == ".json":
        return _platform_votes(path, _json_list(path), options, read_label_studio)
    if path.suffix.lower() == ".jsonl":
        lines, _ = parsed_lines(content(path, "utf-8", settable=False), str(path))
        if lines and {"fields", "responses"} <= set(lines[0][1]):
            return _platform_votes(path, [fields for _, fields in lines], options, read_argilla)
    task = read_task(path, replace(options, predicted=""))
    return [vote for item in task.items for vote in _votes_of_cells(item)]


def take_in(desk: LabelDesk, votes: Sequence[Vote]) -> TakenIn:
    """Append votes from a file to the log of a task; all of them, or none where one cannot be used.

    Raises
    ------
    CorpusError
        With the first :data:`MAX_PROBLEMS` votes whose label or annotator cannot be used.
    """
    known_votes = {(vote.item, vote.annotator, vote.role): vote for vote in desk.log.votes()}
    problems, presses, taken_in, foreign = [], [], 0, set()
    earlier = 0
    for vote in votes:
        if vote.item not in desk.task.by_key:
            foreign.add(vote.item)
            continue
        key = (vote.item, vote.annotator, vote.role)
        if key in known_votes:
            earlier += 1
            continue
        try:
            annotator_name(vote.annotator)
            desk.check_vote(vote)
        except PressError as error:
            problems.append(Problem(f"vote of {vote.annotator!r}", str(error)))
            continue
        taken_in += 1
        presses += presses_for(vote)
    if problems:
        raise CorpusError(problems[:MAX_PROBLEMS])
    desk.log.record_all(presses)
    return TakenIn(taken_in, earlier, len(foreign))


def vote_columns(task: LabelTask, votes: Iterable[Vote]) -> list[str]:
    """Return the columns of a table that hold the votes on the stance, as a corpus names them."""
    names = {vote.annotator for vote in votes if vote.role == "vote" and vote.item in task.by_key}
    return [f"stance by {name}" for name in sorted(names)]


def _records(task: LabelTask, rows: Mapping[str, RowVotes]) -> list[dict[str, Any]]:
    columns = list(task.columns) + [name for name in _gold_columns(task, rows) if name not in task.columns]
    by_vote = _vote_fields(rows)
    # Columns of votes in the file that was read are those of another log: what is written is this one's.
    names = [name for name in columns if not _COLUMN.fullmatch(name)]
    records = []
    for key, row in rows.items():
        record = {**dict.fromkeys(names, ""), **_without_votes(task.by_key[key].cells)}
        record |= _gold_cells(task, row, record)
        given = {
            name: cell
            for vote in (*row.votes, *([row.settled] if row.settled else []))
            for name, cell in _cells_of(vote).items()
        }
        records.append({**record, **{name: given.get(name, "") for name in by_vote}})
    return records


def _without_votes(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: "" if value is None else value for name, value in cells.items() if not _COLUMN.fullmatch(name)
    }


def _gold_columns(task: LabelTask, rows: Mapping[str, RowVotes]) -> list[str]:
    names = [GOLD] if "stance" in task.asks else []
    names += [GOLD_FRAMES] if "frames" in task.asks else []
    has_holder = any(vote.holder for row in rows.values() for vote in row.votes)
    return [*names, *([GOLD_HOLDER] if has_holder else [])]


def _gold_cells(task: LabelTask, row: RowVotes, record: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a row; what the file says of a row that nobody voted on stays."""
    if not row.votes and row.settled is None:
        return {}
    stance, frames, holder = labels_of(row, task.codebook.frames)
    cells = {GOLD: stance} if "stance" in task.asks else {}
    if "frames" in task.asks:
        cells[GOLD_FRAMES] = "" if frames is None else _frames_cell(frames)
    if holder:
        cells[GOLD_HOLDER] = holder
        # The sample of `harness sample` asks whose view it is: that of the outlet, or of somebody it quotes.
        if GOLD_VOICE in record:
            cells[GOLD_VOICE] = "own" if holder == WRITER else "quoted"
    return cells


def _vote_fields(rows: Mapping[str, RowVotes]) -> list[str]:
    """Return the columns that any vote fills, question by question and then by annotator."""
    every = [vote for row in rows.values() for vote in (*row.votes, *([row.settled] if row.settled else []))]
    columns = {(_FIELDS.index(match[1]), name) for vote in every for name in _cells_of(vote)
               if (match := _COLUMN.fullmatch(name))}  # fmt: skip
    return [name for _, name in sorted(columns)]


def _cells_of(vote: Vote) -> dict[str, str]:
    """Return the cells of a vote, without those that would be empty."""
    by = f"{'settled ' if vote.role == 'settle' else ''}by {vote.annotator}"
    cells = {
        "stance": vote.stance,
        "frames": "" if vote.frames is None else _frames_cell(vote.frames),
        "holder": vote.holder,
        "comment": vote.comment,
        "skipped": "yes" if vote.skipped else "",
        "time": vote.at,
        "looked": "yes" if vote.looked else "",
    }
    return {f"{name} {by}": cell for name, cell in cells.items() if cell}


def _votes_of_cells(item: LabelItem) -> list[Vote]:
    fields: dict[tuple[str, str], dict[str, str]] = {}
    for name, value in item.cells.items():
        match = _COLUMN.fullmatch(name)
        if match and value not in (None, ""):
            role = "settle" if match[2] else "vote"
            fields.setdefault((match[3], role), {})[match[1]] = str(value)
    votes = [
        Vote(
            item.key,
            annotator,
            role,
            stance=cells.get("stance", ""),
            frames=_read_frames(cells["frames"]) if "frames" in cells else None,
            holder=cells.get("holder", ""),
            comment=cells.get("comment", ""),
            skipped=cells.get("skipped", "") == "yes",
            at=cells.get("time", ""),
            looked=cells.get("looked", "") == "yes",
        )
        for (annotator, role), cells in fields.items()
    ]
    return [vote for vote in votes if not vote.is_empty]


def _frames_cell(frames: Sequence[str]) -> str:
    # An empty cell says that nobody answered.
    return frames_text(frames) or NO_FRAME


def _read_frames(cell: str) -> tuple[str, ...]:
    return () if cell == NO_FRAME else frames_of(cell)


def _cell(value: Any) -> Any:
    """Return a value as a cell of a CSV file: what JSON nests is written as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _json_list(path: Path) -> list[Any]:
    try:
        tasks = json.loads(content(path, "utf-8", settable=False))
    except (ValueError, RecursionError) as error:
        raise CorpusError([Problem(str(path), f"is no JSON: {error}")]) from error
    if not isinstance(tasks, list) or not all(isinstance(each, dict) for each in tasks):
        raise CorpusError([Problem(str(path), "should be a list of tasks")])
    return tasks


def _platform_votes(
    path: Path, entries: Sequence[dict[str, Any]], options: TaskOptions, read: Any
) -> list[Vote]:
    """Read the votes of a platform's records, whose rows lie in an object of their own."""
    try:
        pairs = [read(entry) for entry in entries]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"has a record that cannot be read: {error!r}"
        raise CorpusError([Problem(str(path), what)]) from error
    columns = dict.fromkeys(name for cells, _ in pairs for name in cells)
    cells = {name: [row.get(name) for row, _ in pairs] for name in columns}
    table = FileTable(cells, [f"{path}: record {k}" for k in range(1, len(pairs) + 1)], str(path))
    task = task_of(table, replace(options, predicted=""))
    return [
        replace(vote, item=item.key)
        for item, (_, votes) in zip(task.items, pairs, strict=True)
        for vote in votes
        if not vote.is_empty
    ]
