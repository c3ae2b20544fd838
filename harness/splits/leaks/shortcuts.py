"""Labelled rows in, how far labels can be known without reading out: from the target alone, from a repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[tuple[Any, str]]
"""A target (None where there is none) and a label each."""


@dataclass(frozen=True)
class Shortcut:
    """How often the label of a test row is that which its target mostly has in train.

    Attributes
    ----------
    n : int
        Test rows.
    by_target : float
        Share labelled rightly by each target's commonest label in train; a target that train lacks gets the
        commonest label of all.
    by_majority : float
        Share labelled rightly by the commonest label of all.
    p : float
        McNemar's test of the two; items are taken as independent.
    """

    n: int
    by_target: float
    by_majority: float
    p: float

    @property
    def lift(self) -> float:
        """What the target's name alone is worth."""
        return self.by_target - self.by_majority


def shortcut(folds: Sequence[tuple[Rows, Rows]]) -> Shortcut | None:
    """Predict test labels from targets alone.

    Parameters
    ----------
    folds : sequence of pairs
        Train and test rows of each fold; scored together.

    Returns
    -------
    Shortcut or None
        None where no row has a target.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    right: list[tuple[bool, bool]] = []
    for train, test in folds:
        if all(target is None for target, _ in train):
            continue
        commonest = _commonest(label for _, label in train)
        by_target: dict[Hashable, list[str]] = {}
        for target, label in train:
            by_target.setdefault(target, []).append(label)
        known = {target: _commonest(labels) for target, labels in by_target.items()}
        right += [(known.get(target, commonest) == label, commonest == label) for target, label in test]
    if not right:
        return None
    one, other = np.array(right).T
    only = int((one & ~other).sum()), int((~one & other).sum())
    table = np.array([[int((one & other).sum()), only[0]], [only[1], int((~one & ~other).sum())]])
    p = float(mcnemar(table, exact=sum(only) < 25).pvalue) if sum(only) else 1.0
    return Shortcut(len(right), float(one.mean()), float(other.mean()), p)


def conflicts(rows: pd.DataFrame, labels: Sequence[str], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Find rows that say the same of the same and are labelled differently.

    Parameters
    ----------
    rows : DataFrame
        ``id``, ``target``, ``start`` and ``holder``.
    labels : sequence of str
        One a row.
    texts : sequence of str
        Of the rows, as :func:`harness.splits.leaks.duplicates.normalised` returns them.

    Returns
    -------
    list of tuples of str
        The ids of each sentence whose rows share target, its place and holder, and not the label.
    """
    import pandas as pd

    table = pd.DataFrame(
        {
            "text": list(texts),
            "target": rows["target"].fillna("").astype(str).to_numpy(),
            "start": rows["start"].astype("Int64").fillna(-1).to_numpy(),
            "holder": rows["holder"].fillna("").astype(str).to_numpy(),
            "label": list(labels),
            "id": rows["id"].astype(str).to_numpy(),
        }
    )
    keys = ["text", "target", "start", "holder"]
    clashing = table[table.groupby(keys, sort=False)["label"].transform("nunique") > 1]
    return [tuple(group["id"]) for _, group in clashing.groupby(keys, sort=False)]


def _commonest(labels: Iterable[str]) -> str:
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))
