"""What several annotators say of each item in, a label an item out; items without a majority get none.

Dawid-Skene is forty lines here: the package crowd-kit, which has it, would bring NLTK and seven others with
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Aggregation = Literal["majority", "dawid_skene"]

Annotations = Sequence[Mapping[str, str]]
"""For each item: annotator → label; an annotator who did not label it is left out."""

MAX_ROUNDS = 100
TOLERANCE = 1e-6
"""The rounds end when no probability changes by more."""

TIE = 1e-6
"""Two labels whose probabilities differ by less are tied."""

# A pseudo-count: an annotator who never gave a label in a few items is unlikely to, not unable to.
SMOOTHING = 0.01


def aggregate(annotations: Annotations, how: Aggregation) -> list[str | None]:
    """Return the label of each item; None where nobody labelled it, or the first labels are tied.

    Parameters
    ----------
    annotations : sequence of mapping
        See :data:`Annotations`.
    how : {"majority", "dawid_skene"}
        ``majority`` counts every annotator alike; ``dawid_skene`` weighs them by how they agree with the
        others, label by label.
    """
    if how == "majority":
        return [_most_common(Counter(item.values())) for item in annotations]
    probabilities, labels = dawid_skene(annotations)
    return [
        _first(row, labels) if item else None for item, row in zip(annotations, probabilities, strict=True)
    ]


def dawid_skene(annotations: Annotations) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Estimate the probability of each label of each item, and with it how each annotator errs.

    Each annotator gives label ``k`` to items of true label ``j`` with a probability of their own. These
    probabilities, and the true labels, are estimated in turn (EM), from the shares of the votes on
    (Dawid & Skene 1979, Applied Statistics 28, 20-28).

    Parameters
    ----------
    annotations : sequence of mapping
        See :data:`Annotations`.

    Returns
    -------
    (n, k) array
        Rows sum to 1; an item that nobody labelled has the shares of the labels.
    tuple of str
        The labels, sorted.
    """
    labels = tuple(sorted({label for item in annotations for label in item.values()}))
    annotators = sorted({name for item in annotations for name in item})
    position = {label: k for k, label in enumerate(labels)}
    votes = np.zeros((len(annotations), len(annotators), len(labels)))
    for row, item in enumerate(annotations):
        for name, label in item.items():
            votes[row, annotators.index(name), position[label]] = 1
    counts = votes.sum(axis=1)
    given = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    probabilities = np.where(counts.sum(axis=1, keepdims=True) > 0, counts / given, 1 / max(len(labels), 1))
    for _ in range(MAX_ROUNDS):
        # Maximization: how often each label is true, and how often each annotator gives k where j is true.
        prior = probabilities.mean(axis=0)
        confusion = np.einsum("ij,iak->ajk", probabilities, votes) + SMOOTHING
        confusion /= confusion.sum(axis=2, keepdims=True)
        # Expectation: as logarithms, since products over many annotators vanish.
        log = np.log(np.maximum(prior, np.finfo(float).tiny)) + np.einsum(
            "iak,ajk->ij", votes, np.log(confusion)
        )
        updated = np.exp(log - log.max(axis=1, keepdims=True))
        updated /= updated.sum(axis=1, keepdims=True)
        change = np.abs(updated - probabilities).max(initial=0.0)
        probabilities = updated
        if change < TOLERANCE:
            break
    return probabilities, labels


def _most_common(counts: Counter[str]) -> str | None:
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _first(row: NDArray[np.float64], labels: Sequence[str]) -> str | None:
    order = np.argsort(-row, kind="stable")
    if len(order) > 1 and row[order[0]] - row[order[1]] < TIE:
        return None
    return labels[int(order[0])]
