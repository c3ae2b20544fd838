"""Explored rows and their models in, the words that moved the labels of some of these rows out.

Computed before a page is written, so that it can say why without a server. The rows that a classifier labels
wrongly come first, since they are what a reader asks about.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.explorer.answering import Answering
from harness.explorer.answers import NOT_SCORED, AnsweredRows
from harness.explorer.explanations import ExplainedRow, Explanations, MarkedSentence
from harness.explorer.row_choice import rows_to_explain
from harness.values.errors import HarnessError
from harness.values.progress import progress

if TYPE_CHECKING:
    import pandas as pd

    from harness.explorer.finished_experiments import Explored

PORTION = 50
"""Rows that a model is asked about at once: occlusion labels some thirty variants of each."""


class UnexplainableError(HarnessError):
    """Words cannot be told of these rows, with the reason."""


def explained(answering: Answering, explored: Explored, size: int) -> Explanations:
    """Compute which words moved the labels of some rows, classifier by classifier.

    Parameters
    ----------
    answering : Answering
        For the same experiments.
    explored : Explored
    size : int
        Rows, see :func:`rows_to_explain`.

    Raises
    ------
    UnexplainableError
        Where sentences may not be shown, the task is not stance, or no classifier has a model.
    """
    rows, details = explored.rows, explored.details
    names = [run.name for run in explored.runs]
    if not answering.shows_text or "text" not in details.columns:
        raise UnexplainableError("words of sentences are left out because of tracking.log_text: false")
    if answering.task != "stance":
        raise UnexplainableError("words are told for stance alone")
    sentences = _sentences(rows, details)
    at = np.array([row for row in rows_to_explain(rows, size) if row in sentences], dtype=np.intp)
    results: list[ExplainedRow] = []
    notes: list[str] = []
    portions = [
        (number, at[start : start + PORTION])
        for number in range(len(names))
        for start in range(0, len(at), PORTION)
    ]
    silent: set[int] = set()
    for number, portion in progress(portions, "explaining", len(portions), "portions"):
        asked = [int(row) for row in portion if rows.answers[number].label[row] != NOT_SCORED]
        if number in silent or not asked:
            continue
        try:
            answers = answering.words_of_rows(names[number], [sentences[row] for row in asked])
        except HarnessError as error:
            silent.add(number)
            notes.append(f"No words of {names[number]}: {error}.")
            continue
        results += [ExplainedRow(row, number, answer) for row, answer in zip(asked, answers, strict=True)]
    if not results:
        raise UnexplainableError(" ".join(notes) or "no row has a sentence to explain")
    return Explanations(at, tuple(results), tuple(notes))


def _sentences(rows: AnsweredRows, details: pd.DataFrame) -> dict[int, MarkedSentence]:
    """Return the sentence of each row that has one, with its party marked, by position."""
    records = details.drop_duplicates("id").set_index("id").to_dict("index")
    sentences = {}
    for row, (id_, target) in enumerate(zip(rows.ids, rows.targets, strict=True)):
        record = records.get(id_, {})
        text = record.get("text")
        if isinstance(text, str) and text.strip():
            # Runs of an earlier version keep sentences without offsets.
            offsets: list[Any] = [record.get(name) for name in ("start", "end")]
            start, end = map(int, offsets) if all(map(_is_number, offsets)) else (-1, -1)
            sentences[row] = MarkedSentence(text, target, start, end)
    return sentences


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer) and not math.isnan(value)
