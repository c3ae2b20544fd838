"""A corpus or a part of it in, its rows as examples out, each made once in however many parts it is."""

from __future__ import annotations

from harness.classifiers.protocol import Example, examples_of
from harness.values.memo import once
from harness.values.origins import origin
from harness.values.tables import Corpus

UNREAD = Example("")
"""Stands for a row that nobody has asked for yet."""


def corpus_examples(corpus: Corpus) -> tuple[Example, ...]:
    """Turn all rows of a corpus into examples; once, however often they or a part of them are asked for."""
    source = origin(corpus)
    rows, wanted = source.corpus.rows, source.positions.tolist()
    examples: list[Example] = once(source.corpus, "examples", lambda: [UNREAD] * len(rows))
    # Only those that are asked for: a part may be a few rows of a million.
    missing = [row for row in wanted if examples[row] is UNREAD]
    for row, example in zip(missing, examples_of(rows.iloc[missing], source.corpus.parties), strict=True):
        examples[row] = example
    return tuple(examples[row] for row in wanted)
