"""What the tests of published corpora share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.values.errors import CorpusError
from harness.values.tables import CORPUS_COLUMNS, Corpus

WORDS = ("target", "group", "stance", "holder", "outlet", "date", "split")
LISTS = ("frames", "votes")


def complaint(factory: Callable[..., Corpus], home: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        factory(folder=home, **options)
    return str(caught.value).replace(f"{home}/", "")


def splits(corpus: Corpus) -> dict[str, int]:
    return dict(corpus.rows["split"].value_counts())


def needs(variable: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not os.environ.get(variable), reason=f"{variable} is not set")


def rows_that_break_the_table(corpus: Corpus) -> list[str]:
    """What :class:`harness.values.tables.Corpus` promises of its rows, as the promises that are not held."""
    rows = corpus.rows
    held: Mapping[str, bool] = {
        "columns": list(rows.columns[: len(CORPUS_COLUMNS)]) == list(CORPUS_COLUMNS),
        "index": list(rows.index) == list(range(len(rows))),
        "ids": bool(rows["id"].is_unique) and all(isinstance(id_, str) and id_ for id_ in rows["id"]),
        "texts": all(isinstance(text, str) and text.strip() for text in rows["text"]),
        "spans": {str(rows["start"].dtype), str(rows["end"].dtype)} == {"Int64"},
        "none": all(value is None or isinstance(value, str) for name in WORDS for value in rows[name]),
        "tuples": all(value is None or isinstance(value, tuple) for name in LISTS for value in rows[name]),
    }
    return [promise for promise, kept in held.items() if not kept]
