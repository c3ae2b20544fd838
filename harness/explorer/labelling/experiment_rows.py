"""A finished experiment in, the rows that its classifiers are scored on, as a table to label, out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.corpora.tabular import FileTable
from harness.explorer.answers import AnsweredRows, ClassifierAnswers
from harness.explorer.finished_experiments import Explored, explore
from harness.explorer.labelling.row_files import TaskOptions, task_of
from harness.explorer.labelling.task import LabelTask
from harness.explorer.labelling.vote_log import SEPARATOR
from harness.tracking.store import Store
from harness.values import gold_origin
from harness.values.errors import StoreError, suggest

COLUMNS = ("id", "text", "target", "start", "end", "group", "outlet", "date")


def experiment_task(
    store: Store, experiment: str, options: TaskOptions, *, classifier: str = "", part: str = "test"
) -> LabelTask:
    """Return the test rows of an experiment as a labelling task.

    All of them, in an order of each annotator's own: as many as get labels are a random sample of all. The
    columns ``pick``, ``pi`` and ``stratum`` say so to whoever reads the votes.

    Parameters
    ----------
    store : Store
    experiment : str
    options : TaskOptions
        What is asked follows from the labels of the experiment.
    classifier : str
        Whose labels can be shown afterwards; empty for the first.
    part : {"test", "validation"}
        Which rows.

    Raises
    ------
    StoreError
        Where there is no such experiment or classifier, or its runs keep no sentences.
    """
    explored = explore(store, [experiment])
    table, names = experiment_table(explored, classifier, part), explored.rows.labels.names
    whole = {gold_origin.COLUMN: gold_origin.RANDOM, "pi": 1.0, "stratum": "all"}
    drawn = {name: [value] * len(table.locations) for name, value in whole.items()}
    table = replace(table, cells={**table.cells, **drawn})
    book = options.codebook
    if explored.rows.labels.multi:
        options = replace(options, asks=("frames",), codebook=replace(book, frames=names))
    else:
        options = replace(options, asks=("stance",), codebook=replace(book, stances=names))
    return task_of(table, options)


def experiment_table(explored: Explored, classifier: str = "", part: str = "test") -> FileTable:
    """Return the test or validation rows of an experiment with the labels of one of its classifiers.

    Returns
    -------
    FileTable
        Columns of :data:`COLUMNS` and ``prediction``; the truth is left out, as annotators are not to see it.
    """
    rows, details = explored.rows, explored.details
    source = explored.described.title
    if "text" not in details.columns:
        hint = "its config sets tracking.log_text: false, or an earlier version of the harness made them"
        raise StoreError(f"the runs of {source} keep no sentences: {hint}")
    answers = answers_of(rows, classifier)
    by_id = {str(record["id"]): record for record in details.to_dict("records")}
    cells: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "prediction")}
    for row in rows_of(rows, part):
        record = by_id.get(str(rows.ids[row]), {})
        # A run of an earlier version keeps some of its sentences.
        if not record.get("text"):
            continue
        for name in COLUMNS:
            cells[name].append(record.get(name, ""))
        cells["prediction"].append(label_text(rows, int(answers.label[row])))
    if not cells["id"]:
        raise StoreError(f"the runs of {source} keep no sentences of {part}")
    return FileTable(cells, [f"{source}: {id_}" for id_ in cells["id"]], source)


def rows_of(rows: AnsweredRows, part: str = "test") -> list[int]:
    """Return the positions of the rows of a part, each id once: folds and repeats hold one several times."""
    first: dict[str, int] = {}
    for row, (id_, of_row) in enumerate(zip(rows.ids, rows.splits, strict=True)):
        if of_row == part:
            first.setdefault(str(id_), row)
    return list(first.values())


def answers_of(rows: AnsweredRows, classifier: str) -> ClassifierAnswers:
    """Return the answers of a classifier, the first where none is named.

    Raises
    ------
    StoreError
        Where there is no such classifier.
    """
    names = [answers.name for answers in rows.answers]
    if classifier and classifier not in names:
        raise StoreError(f"there is no classifier {classifier!r}; {suggest(classifier, names)}")
    return rows.answers[names.index(classifier) if classifier else 0]


def label_text(rows: AnsweredRows, code: int) -> str:
    """Write a set of labels, by its code, as a cell; empty where there is no answer."""
    return "" if code < 0 else SEPARATOR.join(rows.labels.names[k] for k in rows.sets[code])
