"""Labels of the same items by several people in, their agreement beyond chance out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def alpha(votes: Iterable[Sequence[Hashable]]) -> float:
    """Compute Krippendorff's alpha for nominal labels.

    Parameters
    ----------
    votes : iterable of sequences
        One sequence per item, one vote per person; items with fewer than two votes are ignored.

    Returns
    -------
    float
        1 for full agreement, about 0 for agreement by chance, below 0 for less than that; NaN if no item has
        two votes, or if only one label was ever given.

    Notes
    -----
    ``1 - observed / expected`` disagreement over pairs of votes (Krippendorff 2011, Computing Krippendorff's
    Alpha-Reliability).

    Examples
    --------
    >>> round(alpha([("a", "a"), ("b", "b"), ("a", "b")]), 3)
    0.444
    """
    items = list(votes)
    names = list(dict.fromkeys(vote for item in items for vote in item))
    return float(alpha_of(coincidences(items, names)))


def coincidences(votes: Iterable[Sequence[Hashable]], names: Sequence[Hashable]) -> Array:
    """Count the pairs of votes on the same item, ``(k, k)``, each item weighted by its number of votes.

    Parameters
    ----------
    votes : iterable of sequences
        One sequence per item, one vote per person.
    names : sequence of k
        All possible votes.
    """
    code_of = {name: code for code, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    for item in votes:
        # Each item contributes its ordered pairs of votes, divided by the votes that pair with each. Cell by
        # cell: of hundreds of possible votes, such as holders, an item has two or three.
        counts = Counter(code_of[vote] for vote in item) if len(item) > 1 else {}
        for (first, n), (second, m) in itertools.product(counts.items(), repeat=2):
            table[first, second] += n * (m - (first == second)) / (len(item) - 1)
    return table


def alpha_of(tables: NDArray[np.floating[Any]]) -> Array:
    """Return Krippendorff's alpha of tables of :func:`coincidences`, ``(..., k, k)`` to ``(...)``."""
    marginal = tables.sum(axis=-1)
    total = marginal.sum(axis=-1)
    expected = total**2 - (marginal**2).sum(axis=-1)
    observed = total - np.trace(tables, axis1=-2, axis2=-1)
    # If all votes are equal nothing is expected to disagree, up to the rounding of weighted counts.
    defined = expected > 1e-9 * np.maximum(total**2, 1)
    return np.where(defined, 1 - (total - 1) * observed / np.where(defined, expected, 1), np.nan)
