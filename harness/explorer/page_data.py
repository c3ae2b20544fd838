"""Answered rows and their sentences in, what the page holds out: at most so many letters.

Where everything would be too large, all rows that some classifier labels wrongly are kept, and of the others
a random sample; where the wrong ones alone are too many, a random sample of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.explorer.answers import NO_FOLD, AnsweredRows
from harness.explorer.binary_table import pack
from harness.explorer.row_choice import first_and_sample
from harness.explorer.row_notes import row_notes
from harness.explorer.scored_rows import COLUMNS, TEXTUAL

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from harness.explorer.explanations import Explanations

MAX_PAGE = 25 * 2**20
"""Bytes of a page, at most."""

ROOM_FOR_PAGE = 2**17
"""What the page itself takes of these: its script and style have some 60 KB."""

SCALE = 10_000
"""Probabilities are stored as whole numbers of ten-thousandths."""

NO_PROBABILITY = 65_535
SAMPLE_SEED = 20_260_101
FORMAT = 1
DICTIONARIES = ("split", "fold", "target", "holder", "outlet", "date", "group", "votes")


@dataclass(frozen=True)
class Described:
    """What the page says about its rows.

    Attributes
    ----------
    title : str
        Names of the experiments.
    task : str
    corpus : str
    shows_text : bool
        False leaves out all sentences (``tracking.log_text``).
    notes : tuple of str
        What a reader should know, a sentence each.
    """

    title: str
    task: str
    corpus: str = ""
    shows_text: bool = True
    notes: tuple[str, ...] = ()


def page_data(
    rows: AnsweredRows,
    details: pd.DataFrame,
    described: Described,
    *,
    explanations: Explanations | None = None,
    limit: int = MAX_PAGE,
) -> str:
    """Return the rows as the text that the page unpacks.

    Parameters
    ----------
    rows : AnsweredRows
    details : DataFrame
        Of :func:`harness.explorer.scored_rows.scored_rows`; rows are looked up by id.
    described : Described
    explanations : Explanations, optional
        Words that moved labels; left out where sentences may not be shown.
    limit : int
        Bytes of the page, at most.

    Returns
    -------
    str
        See :func:`harness.explorer.binary_table.pack`.
    """
    columns = _columns(rows, details, described)
    everything = np.arange(len(rows))
    packed = _packed(rows, columns, described, everything, explanations)
    room = limit - ROOM_FOR_PAGE
    rows_kept = everything
    # A few tries: how much a sample takes is only roughly in proportion to its rows.
    while len(packed) > room and len(rows_kept) > 1:
        share = 0.95 * room / len(packed)
        size = max(1, int(share * len(rows_kept)))
        rows_kept = first_and_sample(rows.wrong, ~rows.wrong, size, SAMPLE_SEED)
        packed = _packed(rows, columns, described, rows_kept, explanations)
    return packed


def _columns(rows: AnsweredRows, details: pd.DataFrame, described: Described) -> dict[str, list[Any]]:
    """Return what is known of each row beside its answers, column by column."""
    indexed = details.drop_duplicates("id").set_index("id") if len(details) else details
    by_name: dict[str, list[Any]] = {}
    for name in COLUMNS[1:]:
        absent: Any = -1 if name in ("start", "end") else ""
        hidden = name in TEXTUAL and not described.shows_text
        if hidden or name not in indexed.columns:
            by_name[name] = [absent] * len(rows)
        else:
            values = indexed[name].reindex(list(rows.ids)).fillna(absent).tolist()
            by_name[name] = [int(value) for value in values] if absent == -1 else values
    # Predictions have these themselves, of runs that keep no rows, too.
    by_name["target"], by_name["group"] = rows.targets.tolist(), rows.groups.tolist()
    by_name["split"] = rows.splits.tolist()
    by_name["fold"] = ["" if fold == NO_FOLD else str(fold) for fold in rows.folds]
    for row, text in enumerate(by_name["text"]):
        if not text.isascii():
            span = by_name["start"][row], by_name["end"][row]
            by_name["start"][row], by_name["end"][row] = _browser_span(text, *span)
    return by_name


def _browser_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Return offsets as browsers count them: a character beyond the first 65,536 counts twice."""
    if start < 0:
        return start, end
    return start + sum(c > "\uffff" for c in text[:start]), end + sum(c > "\uffff" for c in text[:end])


def _packed(
    rows: AnsweredRows,
    columns: Mapping[str, list[Any]],
    described: Described,
    at: NDArray[np.intp],
    explanations: Explanations | None,
) -> str:
    numbers: dict[str, NDArray[Any]] = {}
    head: dict[str, Any] = {
        "format": FORMAT,
        "title": described.title,
        "task": described.task,
        "corpus": described.corpus,
        "shows_text": described.shows_text,
        "notes": described.notes,
        "labels": rows.labels.names,
        "multi": rows.labels.multi,
        "sets": rows.sets,
        "n": len(at),
        "of": len(rows),
        "wrong": [int(rows.wrong[at].sum()), int(rows.wrong.sum())],
        "ids": rows.ids[at].tolist(),
    }
    for name in ("text", *DICTIONARIES):
        head[name], numbers[name] = _numbered(np.array(columns[name], dtype=object)[at])
    for name in ("start", "end"):
        numbers[name] = np.array(columns[name], dtype=np.int32)[at]
    numbers["truth"] = rows.truth[at]
    head["classifiers"] = []
    for number, answer in enumerate(rows.answers):
        head["classifiers"].append(
            {"name": answer.name, "run": answer.run_id, "seeds": len(answer.codes)}
            | {"repeats": answer.repeats, "stated": bool((~np.isnan(answer.proba[at])).any())}
            | {"scores": {split: part.plain() for split, part in answer.scores.items()}}
        )
        numbers[f"codes{number}"] = answer.codes[:, at]
        numbers[f"label{number}"] = answer.label[at]
        numbers[f"proba{number}"] = _ten_thousandths(answer.proba[at].T)
        numbers[f"abstained{number}"] = answer.abstained[at].astype(np.uint8)
    texts = columns["text"] if described.shows_text else None
    why = explanations if described.shows_text else None
    return pack(head | _about_rows(rows, texts, at) | {"why": _why(why, at)}, numbers)


def _about_rows(
    rows: AnsweredRows, texts: Sequence[str] | None, at: NDArray[np.intp]
) -> dict[str, list[Any]]:
    """Return slices and notes of audits, with the positions that rows have in the page."""
    moved = {row: position for position, row in enumerate(at.tolist())}
    by_id: dict[str, list[int]] = {}
    for position in np.flatnonzero(rows.splits[at] == "test") if rows.slices else ():
        by_id.setdefault(rows.ids[at[position]], []).append(int(position))
    slices = [
        [cut.column, cut.value, sorted(n for id_ in cut.ids for n in by_id.get(id_, ()))]
        for cut in rows.slices
    ]
    audits = [
        [moved[note.row], note.classifier, note.audit, note.facts]
        for note in row_notes(rows, texts)
        if note.row in moved
    ]
    return {"slices": slices, "audits": audits}


def _why(explanations: Explanations | None, at: NDArray[np.intp]) -> list[list[Any]]:
    """Return what is told of the words of rows, with the positions that these have in the page."""
    moved = {row: position for position, row in enumerate(at.tolist())}
    return [
        [
            moved[each.row],
            each.classifier,
            each.answer.label,
            [[word.text, round(word.weight, 3), word.method] for word in each.answer.words],
        ]
        for each in (explanations.explained if explanations is not None else ())
        if each.row in moved
    ]


def _numbered(values: NDArray[np.object_]) -> tuple[list[str], NDArray[np.int32]]:
    """Return the different values, in order of appearance, and the number of each row's."""
    import pandas as pd

    codes, unique = pd.factorize(values)
    return unique.tolist(), codes.astype(np.int32)


def _ten_thousandths(proba: NDArray[np.float64]) -> NDArray[np.uint16]:
    scaled = np.where(np.isnan(proba), NO_PROBABILITY, np.rint(np.nan_to_num(proba) * SCALE))
    return scaled.astype(np.uint16)
