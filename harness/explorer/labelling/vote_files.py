"""A labelling task with its votes in, files out, and back: CSV, JSONL, and those of annotation platforms.

Reading a file gives the same votes again; see :func:`kept_aside` for what a platform itself would drop of it.
Tables also hold each row as it was read, and the labels that follow from the votes. What stays behind is how
somebody came to a vote: presses that were taken back are in the log alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from harness.corpora.columns import FRAMES_VOTES
from harness.corpora.label_words import yaml_scalar
from harness.corpora.tabular import FileTable
from harness.corpora.text_files import content, parsed_lines
from harness.explorer.labelling.agreement import RowVotes, answers, by_row, labels_of
from harness.explorer.labelling.argilla_records import argilla_record, is_argilla, read_argilla
from harness.explorer.labelling.label_studio_records import label_studio_task, read_label_studio
from harness.explorer.labelling.platform_records import PlatformRow, joined
from harness.explorer.labelling.potato_records import is_potato, potato_records, read_potato
from harness.explorer.labelling.row_files import TaskOptions, read_task, task_of
from harness.explorer.labelling.task import LabelItem, LabelTask, Question
from harness.explorer.labelling.vote_log import Vote, frames_of, frames_text
from harness.values.errors import CorpusError, OutputError, Problem
from harness.values.formatting import counted
from harness.values.labels import NO_FRAME
from harness.values.outputs import write_text
from harness.values.spreadsheets import guarded, table_text

VoteFormat = Literal["table", "label-studio", "argilla", "potato"]
"""``table``: CSV or JSONL, a row each with a column for each annotator and question."""

FORMATS = get_args(VoteFormat)

ENDINGS: Mapping[VoteFormat, tuple[str, ...]] = {
    "table": (".csv", ".jsonl"),
    "label-studio": (".json",),
    "argilla": (".jsonl", ".json"),
    "potato": (".jsonl",),
}
"""What files of a format end in."""

GOLD, GOLD_FRAMES, GOLD_HOLDER, GOLD_VOICE = "gold", "gold_frames", "gold_holder", "gold_voice"
"""Columns of what follows from the votes; the first and the last are those of `harness sample`."""

WRITER = "writer"
"""The holder of what the outlet says in its own voice, in the codebook of partyline."""

MAX_PROBLEMS = 20

_FIELDS = ("stance", "frames", "holder", "comment", "skipped", "time", "looked")
_COLUMN = re.compile(rf"({'|'.join(_FIELDS)}) (settled )?by (.+)", re.DOTALL)


def write_votes(
    path: Path, task: LabelTask, votes: Sequence[Vote], form: VoteFormat = "table", *, raw: bool = False
) -> int:
    """Write all rows with their votes; return how many rows have a vote.

    Parameters
    ----------
    path : Path
        Its ending is one of :data:`ENDINGS`.
    task : LabelTask
    votes : sequence of Vote
    form : {"table", "label-studio", "argilla", "potato"}
    raw : bool
        Whether cells of a CSV file are written as they are, see :mod:`harness.values.spreadsheets`.

    Raises
    ------
    OutputError
        Where the ending does not fit the format, or the file cannot be written.
    """
    rows = by_row(task, votes)
    ending = path.suffix.lower()
    if ending not in ENDINGS[form]:
        raise OutputError(f"{path}: votes in the format {form} are written to {' or '.join(ENDINGS[form])}")
    if ending == ".csv":
        records = _records(task, rows)
        columns = dict.fromkeys(name for record in records for name in record)
        texts = [{name: _cell(value) for name, value in record.items()} for record in records]
        write_text(path, table_text(list(columns), texts, raw=raw))
    else:
        lines = _lines(task, rows, form)
        write_text(path, _json(lines) if ending == ".json" else "".join(map(_json_line, lines)))
    return sum(bool(row.votes or row.settled) for row in rows.values())


def _lines(task: LabelTask, rows: Mapping[str, RowVotes], form: VoteFormat) -> list[dict[str, Any]]:
    pairs = [(task.by_key[key], row) for key, row in rows.items()]
    if form == "label-studio":
        return [label_studio_task(item, row, number) for number, (item, row) in enumerate(pairs, start=1)]
    if form == "argilla":
        return [argilla_record(item, row) for item, row in pairs]
    if form == "potato":
        return [record for item, row in pairs for record in potato_records(item, row)]
    # Readers of rows take the prefix of a spreadsheet program's guard off, in JSONL too.
    return [{name: guarded(value) for name, value in record.items()} for record in _records(task, rows)]


def kept_aside(task: LabelTask, votes: Sequence[Vote], form: VoteFormat) -> str:
    """Say which of some votes the format of a platform has no place for, and where they stand in the file.

    Returns
    -------
    str
        A sentence without a stop; empty where the format has a place for all.
    """
    present = [
        what
        for what, here in (
            ("times", form != "label-studio" and any(vote.at for vote in votes)),
            ("skipped rows", form != "label-studio" and any(vote.skipped for vote in votes)),
            ("who had seen the model's label", any(vote.looked for vote in votes)),
            ("what settles votes", form != "label-studio" and any(vote.role == "settle" for vote in votes)),
        )
        if here
    ]
    where = {
        "label-studio": ("Label Studio", "the field looked of an annotation"),
        "argilla": ("Argilla", "the metadata harness_votes"),
        "potato": ("Potato", "behavioral_data"),
    }
    clauses = []
    if form in where and present:
        name, field = where[form]
        clauses.append(
            f"{name} has no place for {', '.join(present)}: they stand in {field}, where --votes finds them"
        )
    if form == "potato":
        rest = len(task.by_key) - len({vote.item for vote in votes} & set(task.by_key))
        left_out = f", nor the {counted(rest, 'row')} without a vote" if rest else ""
        clauses.append(
            f"Potato's records hold of a row its text alone: its other columns are not written{left_out}"
        )
    return "; ".join(clauses)


def read_votes(path: Path, task: LabelTask) -> list[Vote]:
    """Read the votes of a file that :func:`write_votes` wrote, or that a platform exported.

    Parameters
    ----------
    path : Path
        A table with columns such as ``stance by Ada``; or records of Label Studio (``.json``), Argilla
        (``.json``, ``.jsonl``) or Potato (``.jsonl``).
    task : LabelTask
        That they belong to. Rows of tables are joined by id, text and target; see
        :func:`harness.explorer.labelling.platform_records.joined` for records.

    Raises
    ------
    CorpusError
        Where it cannot be read.
    """
    records = _platform_rows(path)
    if records is not None:
        return joined(task, records, str(path))
    options = TaskOptions(task.name, task.asks, task.codebook)
    return [vote for item in read_task(path, options).items for vote in _votes_of_cells(item)]


def labelled_rows(path: Path, options: TaskOptions) -> tuple[LabelTask, list[Vote]]:
    """Read the rows of a file as a task of their own, and their votes; see :func:`read_votes`.

    Parameters
    ----------
    path : Path
    options : TaskOptions
    """
    records = _platform_rows(path)
    if records is None:
        task = read_task(path, options)
        return task, [vote for item in task.items for vote in _votes_of_cells(item)]
    columns = dict.fromkeys(name for record in records for name in record.cells)
    cells = {name: [record.cells.get(name) for record in records] for name in columns}
    locations = [f"{path}: record {number}" for number in range(1, len(records) + 1)]
    task = task_of(FileTable(cells, locations, str(path)), options)
    return task, joined(task, records, str(path))


def _platform_rows(path: Path) -> list[PlatformRow] | None:
    """Read the records of an annotation platform; None where the file is a table."""
    if path.suffix.lower() == ".json":
        return _read_records(path, _json_list(path))
    if path.suffix.lower() == ".jsonl":
        lines, bad = parsed_lines(content(path, "utf-8", settable=False), str(path))
        if lines and (is_argilla(lines[0][1]) or is_potato(lines[0][1])):
            if bad:
                raise CorpusError([problem for problem, _ in bad[:MAX_PROBLEMS]])
            return _read_records(path, [fields for _, fields in lines])
    return None


def vote_columns(task: LabelTask, votes: Iterable[Vote], question: Question) -> list[str]:
    """Return the columns of a table that hold the votes on a question, as a corpus names them."""
    given = [vote for vote in votes if vote.role == "vote" and vote.item in task.by_key]
    return [f"{question} by {name}" for name in sorted(answers(given, question))]


def corpus_lines(path: Path, task: LabelTask, votes: Sequence[Vote]) -> list[str]:
    """Return the lines of a config that read a table of votes as a corpus; none where there are no several.

    Parameters
    ----------
    path : Path
        Of the table.
    task : LabelTask
    votes : sequence of Vote
    """
    columns: dict[str, list[str]] = {question: vote_columns(task, votes, question) for question in task.asks}
    if all(len(names) < 2 for names in columns.values()):
        return []
    lines = ["corpus:", "  kind: files", f"  path: {yaml_scalar(path.name)}", "  columns:"]
    if "group" not in task.columns and "article" in task.columns:
        lines.append("    group: article")
    # Beside the labels that follow from them, votes on frames have a name of their own.
    for question, label, role in (("stance", GOLD, "votes"), ("frames", GOLD_FRAMES, FRAMES_VOTES)):
        if names := columns.get(question):
            listed = ", ".join(map(yaml_scalar, names))
            lines += [f"    {question}: {label}", f"    {role}: [{listed}]"]
    return lines + (["  label_map: {none: null}"] if columns.get("frames") else [])


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
            # Files of before said so of whoever settled: they had seen the votes of others.
            looked=role == "vote" and cells.get("looked", "") == "yes",
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
        raise CorpusError([Problem(str(path), "should be a list of tasks or records")])
    return tasks


def _read_records(path: Path, records: Sequence[dict[str, Any]]) -> list[PlatformRow]:
    """Read the records of whichever platform wrote them."""
    read: Callable[[dict[str, Any]], PlatformRow] = read_label_studio
    if records and is_argilla(records[0]):
        read = read_argilla
    elif records and is_potato(records[0]):
        folder = path.absolute().parent.name
        read = lambda record: read_potato(record, folder)  # noqa: E731
    try:
        return [read(record) for record in records]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"has a record that cannot be read: {error!r}"
        raise CorpusError([Problem(str(path), what)]) from error


def _json(lines: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(lines, ensure_ascii=False, indent=1, default=str) + "\n"


def _json_line(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, default=str) + "\n"
