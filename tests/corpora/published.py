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


def error_of(factory: Callable[..., Corpus], home: Path, **options: Any) -> CorpusError:
    """The error of a reader, with paths that start from the corpus's folder."""
    with pytest.raises(CorpusError) as caught:
        factory(folder=home, **options)
    return caught.value


def wheres(error: CorpusError, home: Path) -> list[str]:
    """Where the problems of an error are, with paths that start from the corpus's folder."""
    return [problem.where.replace(f"{home}/", "") for problem in error.problems]


def source_notes(corpus: Corpus, home: Path) -> list[str]:
    """What the source of a corpus says beside the corpus's folder: which files or rows were left out."""
    folder, *notes = corpus.source.split("; ")
    assert folder == str(home)
    return notes


def splits(corpus: Corpus) -> dict[str, int]:
    return dict(corpus.rows["split"].value_counts())


def needs(variable: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not os.environ.get(variable), reason=f"{variable} is not set")


def rows_that_break_the_table(corpus: Corpus) -> list[str]:
    """What :class:`harness.values.tables.Corpus` promises of its rows, as the promises that are not held."""
    rows = corpus.rows
    promises: Mapping[str, bool] = {
        "columns": list(rows.columns[: len(CORPUS_COLUMNS)]) == list(CORPUS_COLUMNS),
        "index": list(rows.index) == list(range(len(rows))),
        "ids": bool(rows["id"].is_unique) and all(isinstance(id_, str) and id_ for id_ in rows["id"]),
        "texts": all(isinstance(text, str) and text.strip() for text in rows["text"]),
        "spans": {str(rows["start"].dtype), str(rows["end"].dtype)} == {"Int64"},
        "none": all(value is None or isinstance(value, str) for name in WORDS for value in rows[name]),
        "tuples": all(value is None or isinstance(value, tuple) for name in LISTS for value in rows[name]),
    }
    return [promise for promise, holds in promises.items() if not holds]
