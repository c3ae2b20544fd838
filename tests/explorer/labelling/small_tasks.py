"""A small labelling task of sentences of the tests' own."""

from __future__ import annotations

from pathlib import Path

from harness.corpora.tabular import FileTable
from harness.explorer.labelling.row_files import TaskOptions, task_of
from harness.explorer.labelling.task import LabelTask, Question
from harness.explorer.labelling.vote_log import Press, VoteLog


def small_task(rows: int = 20, asks: tuple[Question, ...] = ("stance",)) -> LabelTask:
    cells = {
        "id": [f"s{number}" for number in range(rows)],
        "text": [f"Voters thanked Saffron Party for bridge {number}." for number in range(rows)],
        "target": ["Saffron Party"] * rows,
        "prediction": ["supportive"] * rows,
        "pick": ["wrong"] * rows,
    }
    return task_of(
        FileTable(cells, [f"row {number}" for number in range(rows)], "small"), TaskOptions("small", asks)
    )


def vote(
    log: VoteLog, annotator: str, item: str, action: str, value: str, role: str = "vote"
) -> Press | None:
    name = f"{annotator}/{role}/{item}/{action}/{value}"
    return log.record(Press(name, annotator, item, action, value, role))


def small_log(folder: Path) -> VoteLog:
    return VoteLog(folder / "votes" / "small.db")
