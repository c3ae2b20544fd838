"""A corpus and some of its rows in; a refusal where rows that were picked would count as a random sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.splits import Split
from harness.values import gold_origin
from harness.values.errors import CorpusError
from harness.values.tables import Corpus

NEEDS_RANDOM: Mapping[str, str] = {
    "test": "score a model",
    "validation": "choose a model",
    "tuning": "tune a classifier",
    "calibration": "calibrate a model",
}
"""Parts of a split that stand for rows that nobody has seen, and what is done by them."""


def refuse_picked_parts(corpus: Corpus, splits: Sequence[Split]) -> None:
    """Refuse splits that would score, choose or calibrate by rows that were picked; they may be learned from.

    Raises
    ------
    CorpusError
        See :mod:`harness.values.gold_origin`.
    """
    for part, what in NEEDS_RANDOM.items():
        refuse_picked(corpus, (id_ for split in splits for id_ in split.part(part)), what, part)


def refuse_picked(corpus: Corpus, ids: Iterable[str], what: str, part: str = "") -> None:
    """Refuse rows of a corpus that were picked; see :func:`harness.values.gold_origin.problems_of`.

    Raises
    ------
    CorpusError
    """
    if gold_origin.COLUMN not in corpus.rows.columns:
        return
    picks = corpus.rows.loc[corpus.rows["id"].isin(set(ids)), gold_origin.COLUMN]
    problems = gold_origin.problems_of(picks, corpus.source or corpus.name, what, part)
    if problems:
        raise CorpusError(problems)
