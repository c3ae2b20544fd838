"""A prepared experiment in, the rows that its classifiers are scored on out: a table that a run keeps.

Predictions hold ids and targets alone. Whoever explores a finished run needs the sentence, where it names the
party, who said it, in which outlet and when; the corpus itself may be gone by then.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from harness.classifiers.corpus_rows import corpus_examples
from harness.values.memo import once

if TYPE_CHECKING:
    import pandas as pd

    from harness.evaluation.prepared import Prepared

ROWS = "rows.parquet"
"""The file of a run that holds its scored rows."""

TEXTUAL = ("text", "start", "end", "holder")
"""Columns that are left out under ``tracking.log_text: false``: sentences, and what is quoted from them."""

COLUMNS = ("id", *TEXTUAL, "target", "outlet", "date", "group", "votes")


def scored_rows(prepared: Prepared) -> pd.DataFrame:
    """Return the rows of validation and test, each once.

    Parameters
    ----------
    prepared : Prepared

    Returns
    -------
    DataFrame
        Columns of :data:`COLUMNS`, all of them text but ``start`` and ``end``: the offsets of the party in
        the sentence, of its first mention by name where the corpus has none, -1 where there is no mention.
        Votes are joined by ``|``. What is absent is an empty text. Without :data:`TEXTUAL` where runs may
        not hold sentences.
    """
    return once(prepared.corpus, ("scored rows", _ids(prepared)), lambda: _scored_rows(prepared))


def write_rows(rows: pd.DataFrame) -> bytes:
    """Return the table as a Parquet file; :func:`read_rows` reads it."""
    file = io.BytesIO()
    rows.to_parquet(file, index=False)
    return file.getvalue()


def read_rows(data: bytes) -> pd.DataFrame:
    """Read the table that :func:`write_rows` wrote."""
    import pandas as pd

    return pd.read_parquet(io.BytesIO(data))


def _ids(prepared: Prepared) -> tuple[str, ...]:
    parts = [part for split in prepared.splits for part in (split.test, split.validation)]
    return tuple(dict.fromkeys(str(id_) for part in parts for id_ in part))


def _scored_rows(prepared: Prepared) -> pd.DataFrame:
    import pandas as pd

    corpus, wanted = prepared.corpus, set(_ids(prepared))
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    records = corpus.rows[["id", "text", "holder", "target", "outlet", "date", "group", "votes"]]
    # All examples of the corpus: classifiers were trained on them, so that the mentions are found already.
    for record, example in zip(records.to_dict("records"), corpus_examples(corpus), strict=True):
        if str(record["id"]) not in wanted:
            continue
        start, end = example.spans[0] if example.spans and example.target is not None else (-1, -1)
        votes = record["votes"]
        columns["votes"].append("|".join(map(_text, votes)) if isinstance(votes, Iterable) else "")
        columns["start"].append(int(start))
        columns["end"].append(int(end))
        for name in ("id", "text", "holder", "target", "outlet", "date", "group"):
            columns[name].append(_text(record[name]))
    rows = pd.DataFrame(columns)
    if not prepared.plan.config.tracking.log_text:
        return rows.drop(columns=list(TEXTUAL))
    return rows


def _text(value: Any) -> str:
    import pandas as pd

    if value is None or pd.isna(value):
        return ""
    # Texts from the web may hold lone surrogates, which no Parquet file may: each becomes a question mark.
    return str(value).encode("utf-8", "replace").decode("utf-8")
