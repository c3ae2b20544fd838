"""Rows taken from a corpus in, the corpus and the places that they have in it out.

What is computed row by row, such as where a sentence names its party, is then computed once, in however many
parts and folds the row is. A corpus is a :class:`harness.values.tables.Corpus`, which is built on this.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.memo import once, recall

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Origin:
    """Where the rows of a corpus were taken from.

    Attributes
    ----------
    corpus : Corpus
        One that was not taken from another.
    positions : (n,) array
        The place of each row in it.
    """

    corpus: Any
    positions: NDArray[np.int64]


def origin(corpus: Any) -> Origin:
    """Return where the rows of a corpus come from; of one that was not taken from another, it is itself."""
    remembered = recall(corpus, "origin")
    whole = remembered[0]() if remembered else None
    # A corpus that is gone has nothing to share any more.
    return Origin(corpus, np.arange(len(corpus))) if whole is None else Origin(whole, remembered[1])


def take(corpus: Any, ids: Sequence[str]) -> Any:
    """Return the rows with these ids, in this order, which remember where they come from."""
    import pandas as pd

    index = once(corpus, "ids", lambda: pd.Index(corpus.rows["id"]))
    positions = np.asarray(index.get_indexer(pd.Index(list(ids))))
    if (positions < 0).any():
        raise KeyError(f"{corpus.name} has no row {ids[int((positions < 0).argmax())]!r}")
    taken = replace(corpus, rows=corpus.rows.take(positions).reset_index(drop=True))
    source = origin(corpus)
    # Weakly: what is remembered of the corpus may hold this part, and neither would ever end.
    first = weakref.ref(source.corpus)
    once(taken, "origin", lambda: (first, source.positions[positions]))
    return taken
