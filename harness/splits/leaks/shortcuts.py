"""Labelled rows in, how well the target alone predicts labels out; and rows whose labels conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.proportions import mcnemar_p

if TYPE_CHECKING:
    import pandas as pd

TargetLabels = Sequence[tuple[Any, str]]
"""Per row a target, or None, and a label."""


@dataclass(frozen=True)
class Shortcut:
    """How well the most frequent label of each target in train predicts the labels of test.

    Attributes
    ----------
    n : int
        Test rows.
    by_target : float
        Accuracy of predicting each target's most frequent label in train; a target that is not in train gets
        the most frequent label of all.
    by_majority : float
        Accuracy of predicting the most frequent label of all.
    p : float
        Of McNemar's test between the two; it treats items as independent.
    """

    n: int
    by_target: float
    by_majority: float
    p: float

    @property
    def lift(self) -> float:
        """What the target alone adds to accuracy."""
        return self.by_target - self.by_majority


def shortcut(folds: Sequence[tuple[TargetLabels, TargetLabels]]) -> Shortcut | None:
    """Predict test labels from targets alone.

    Parameters
    ----------
    folds : sequence of pairs
        Train and test rows of each fold; all folds are scored together.

    Returns
    -------
    Shortcut or None
        None where no row has a target.
    """
    correct: list[tuple[bool, bool]] = []
    for train, test in folds:
        # A fold without targets has no shortcut, and would only dilute those of others.
        if all(target is None for target, _ in train):
            continue
        majority = _most_frequent(label for _, label in train)
        by_target: dict[Hashable, list[str]] = {}
        for target, label in train:
            by_target.setdefault(target, []).append(label)
        prediction = {target: _most_frequent(labels) for target, labels in by_target.items()}
        correct += [(prediction.get(target, majority) == label, majority == label) for target, label in test]
    if not correct:
        return None
    target_right, majority_right = np.array(correct).T
    only_target = int((target_right & ~majority_right).sum())
    only_majority = int((~target_right & majority_right).sum())
    discordant = only_target + only_majority
    # The chi-squared approximation needs about 25 discordant items; below that the binomial test is exact.
    p = mcnemar_p(only_target, only_majority, exact=discordant < 25) if discordant else 1.0
    return Shortcut(len(correct), float(target_right.mean()), float(majority_right.mean()), p)


def conflicts(rows: pd.DataFrame, labels: Sequence[str], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Find rows with the same text, target and holder, and different labels.

    Parameters
    ----------
    rows : DataFrame
        ``id``, ``target``, ``start`` and ``holder``.
    labels : sequence of str
        One per row.
    texts : sequence of str
        One per row, as :func:`harness.splits.leaks.duplicates.normalised` returns them.

    Returns
    -------
    list of tuples of str
        The ids of each such set of rows; they share the position of the target, too.
    """
    targets, holders = (rows[name].fillna("").astype(str).tolist() for name in ("target", "holder"))
    starts = rows["start"].astype("Int64").fillna(-1).tolist()
    # A dictionary, in order of appearance: grouping by four columns takes pandas five times as long.
    alike: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    ids = rows["id"].astype(str).tolist()
    for id_, label, *key in zip(ids, labels, texts, targets, starts, holders, strict=True):
        alike.setdefault(tuple(key), []).append((id_, label))
    return [
        tuple(id_ for id_, _ in members)
        for members in alike.values()
        if len(members) > 1 and len({label for _, label in members}) > 1
    ]


def _most_frequent(labels: Iterable[str]) -> str:
    counts = Counter(labels)
    # Ties go to the first in the alphabet, so that the order of rows changes nothing.
    return min(counts, key=lambda label: (-counts[label], label))
