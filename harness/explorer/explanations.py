"""What is told of the words of rows: a sentence and its party, why a model labels it so, of which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.articles.explanations import WordWeight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence and a party, ``text[start:end]`` where it is named; -1 where it is not."""

    text: str
    party: str
    start: int = -1
    end: int = -1

    @property
    def is_named(self) -> bool:
        """Whether the offsets are those of a mention."""
        return 0 <= self.start < self.end <= len(self.text)


@dataclass(frozen=True)
class ExplainedLabel:
    """The label that a model gives a sentence, empty where it gives none, and the words that moved it."""

    label: str
    words: tuple[WordWeight, ...]


@dataclass(frozen=True)
class ExplainedRow:
    """Why a classifier's model labels a row as it does.

    Attributes
    ----------
    row, classifier : int
        Positions in the rows and in the classifiers.
    answer : ExplainedLabel
    """

    row: int
    classifier: int
    answer: ExplainedLabel


@dataclass(frozen=True)
class Explanations:
    """What is told of the words of some rows.

    Attributes
    ----------
    at : (n,) array
        Positions of the rows, rising.
    explained : tuple of ExplainedRow
    notes : tuple of str
        Which classifiers tell no words, and why.
    """

    at: NDArray[np.intp]
    explained: tuple[ExplainedRow, ...]
    notes: tuple[str, ...] = ()
