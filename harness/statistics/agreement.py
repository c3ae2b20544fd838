"""Several people's labels of the same items in, how far they agree beyond chance out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import permutations


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
    weights: dict[tuple[Hashable, Hashable], float] = {}
    for item in votes:
        for pair in permutations(item, 2):
            weights[pair] = weights.get(pair, 0.0) + 1 / (len(item) - 1)
    marginal: dict[Hashable, float] = {}
    for (name, _), weight in weights.items():
        marginal[name] = marginal.get(name, 0.0) + weight
    total = sum(marginal.values())
    expected = total**2 - sum(count**2 for count in marginal.values())
    if not expected:
        return float("nan")
    observed = sum(weight for (one, other), weight in weights.items() if one != other)
    return 1 - (total - 1) * observed / expected
