"""A prepared experiment and rows of gold in, the same experiment with their labels in train out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.evaluation.prepared import Prepared
from harness.runs.learning.account import AccountedRow
from harness.runs.learning.gold_file import GoldRow, Label
from harness.splits import Split
from harness.values.formatting import counted
from harness.values.tables import CORPUS_COLUMNS, Corpus, fingerprint

PREFIX = "gold-"
"""Begins the ids of added rows; what follows is made from text and target."""


def with_corrections(prepared: Prepared, rows: Sequence[AccountedRow], name: str = "") -> Prepared:
    """Put the labels of gold into the training rows; validation, calibration and test stay as they are.

    Parameters
    ----------
    prepared : Prepared
        With one fold.
    rows : sequence of AccountedRow
        That are learned from, see :attr:`Account.learned`.
    name : str
        Of the file, for the note on the corpus.

    Returns
    -------
    Prepared
        The same where there is no row.
    """
    if not rows:
        return prepared
    (split,) = prepared.splits
    task = prepared.plan.config.task
    column = "frames" if task == "framing" else "stance"
    labels: dict[str, Label] = {
        id_: row.gold.label for row in rows for id_ in row.ids if row.gold.label is not None
    }
    added = [row.gold for row in rows if row.outcome == "added"]
    replaced = sum(row.outcome == "replaced" for row in rows)
    note = (
        f"{counted(len(added), 'row')} of gold added to train, and the labels of {replaced:,} replaced"
        f"{f' ({name})' if name else ''}"
    )
    corpus = _corrected(prepared.corpus, column, labels, added)
    entire = prepared.entire
    if entire is not None:
        entire = _corrected(entire, column, _of_sentences(prepared, entire, labels), added)
    # Behind the others: the order of rows that were there before is that of the training without gold.
    train = (*split.train, *(_id(row) for row in added))
    extended = replace(split, train=train, notes=_without_missing(split))
    return replace(
        prepared,
        corpus=replace(
            corpus, name=f"{corpus.name} with {name}" if name else corpus.name, notes=(*corpus.notes, note)
        ),
        splits=(extended,),
        entire=entire,
    )


def _corrected(corpus: Corpus, column: str, labels: dict[str, Label], added: Sequence[GoldRow]) -> Corpus:
    import pandas as pd

    rows = corpus.rows.copy()
    values = [labels.get(str(id_), value) for id_, value in zip(rows["id"], rows[column], strict=True)]
    # Frames are tuples, which pandas would spread over rows.
    rows[column] = pd.Series(values, index=rows.index, dtype=object)
    if added:
        new = pd.DataFrame([_record(row, column) for row in added], columns=list(CORPUS_COLUMNS))
        new = new.reindex(columns=rows.columns).astype(rows.dtypes.to_dict())
        missing = [name for name in rows.columns if name not in CORPUS_COLUMNS and rows[name].dtype == object]
        new[missing] = None
        rows = pd.concat([rows, new], ignore_index=True)
    return replace(corpus, rows=rows)


def _record(row: GoldRow, column: str) -> dict[str, Any]:
    """Return a row of gold as one of a corpus; what the file does not say stays open."""
    start, end = _span(row)
    return {
        **dict.fromkeys(CORPUS_COLUMNS),
        "id": _id(row),
        "text": row.text,
        "target": row.target or None,
        "start": start,
        "end": end,
        column: row.label,
        "group": row.group or None,
        "outlet": _stated(row, "outlet"),
        "date": _stated(row, "date"),
        "split": "train",
    }


def _span(row: GoldRow) -> tuple[int | None, int | None]:
    """Return where the text names its target, where the file says so and it can be."""
    try:
        start, end = int(row.cells["start"]), int(row.cells["end"])
    except (KeyError, TypeError, ValueError):
        return None, None
    return (start, end) if row.target and 0 <= start < end <= len(row.text) else (None, None)


def _stated(row: GoldRow, name: str) -> str | None:
    return str(row.cells.get(name) or "").strip() or None


def _id(row: GoldRow) -> str:
    # By its content: the same row has the same id in every subset, and in every file.
    return PREFIX + fingerprint(row.key)


def _of_sentences(prepared: Prepared, entire: Corpus, labels: dict[str, Label]) -> dict[str, Label]:
    """Return the corrected frames of all rows of a sentence; a stance is that of its own row."""
    if prepared.plan.config.task == "stance":
        return labels
    rows = prepared.corpus.rows
    of_sentence = {
        (str(row.group), row.text): labels[str(row.id)]
        for row in rows[["id", "group", "text"]].itertuples(index=False)
        if str(row.id) in labels
    }
    return {
        str(row.id): of_sentence[str(row.group), row.text]
        for row in entire.rows[["id", "group", "text"]].itertuples(index=False)
        if (str(row.group), row.text) in of_sentence
    }


def _without_missing(split: Split) -> tuple[str, ...]:
    """Leave out the notes on labels that train lacks: gold may have brought them."""
    return tuple(note for note in split.notes if not note.startswith("train has no row labelled"))
