"""Several people's labels of the same items in, how far they agree beyond chance out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def alpha(votes: Iterable[Sequence[Hashable]]) -> float:
    """Compute Krippendorff's alpha for names without order.

    Parameters
    ----------
    votes : iterable of sequences
        One an item, one vote a person; items with fewer than two votes tell nothing and are left out.

    Returns
    -------
    float
        1 where all agree, about 0 where they agree by chance, below 0 where they agree less; NaN where no
        item has two votes, or where only one name was ever given.

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
    """Count the pairs of votes on the same item, ``(k, k)``: every item weighs as much as it has votes.

    Parameters
    ----------
    votes : iterable of sequences
        One an item, one vote a person.
    names : sequence of k
        Everything that may be voted for.
    """
    place = {name: k for k, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    for item in votes:
        if len(item) > 1:
            counts = np.bincount([place[vote] for vote in item], minlength=len(names))
            table += (np.outer(counts, counts) - np.diag(counts)) / (len(item) - 1)
    return table


def alpha_of(tables: NDArray[np.floating[Any]]) -> Array:
    """Return Krippendorff's alpha of tables of :func:`coincidences`, ``(..., k, k)`` to ``(...)``."""
    marginal = tables.sum(axis=-1)
    total = marginal.sum(axis=-1)
    expected = total**2 - (marginal**2).sum(axis=-1)
    observed = total - np.trace(tables, axis1=-2, axis2=-1)
    known = expected > 1e-9 * np.maximum(total**2, 1)
    return np.where(known, 1 - (total - 1) * observed / np.where(known, expected, 1), np.nan)
