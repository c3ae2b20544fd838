"""A corpus in, the rows of one of its parts out; and the folder of the models that are trained on them."""

from __future__ import annotations

from pathlib import Path

from harness.classifiers.protocol import Labelled, examples_of
from harness.values.labels import STANCE
from harness.values.tables import Corpus

MODELS = Path(".harness/encoder")


def labelled(corpus: Corpus, **values: str) -> Labelled:
    """Return the rows with these values in these columns."""
    rows = corpus.rows
    for column, value in values.items():
        rows = rows[rows[column] == value]
    return Labelled(examples_of(rows, corpus.parties), STANCE.encode(rows["stance"]))
