"""What errors cost, as a config states it, in; a matrix of costs and labels of least expected cost out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.errors import Problem, abbreviate, suggest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

UNSTATED = 1.0
"""The cost of an error that a config does not name; a right label costs nothing."""


@dataclass(frozen=True)
class Costs:
    """What it costs to give one label to an item of another.

    Attributes
    ----------
    stated : tuple of (str, str, float)
        True label, given label, cost, in the order of their names; errors that are not named cost 1.
    decides : bool
        Whether labels are those of least expected cost, not the most probable ones.
    """

    stated: tuple[tuple[str, str, float], ...]
    decides: bool = False

    @classmethod
    def of(cls, table: Mapping[str, Mapping[str, float]], *, decides: bool = False) -> Costs:
        """Take the costs of a config: true label → given label → cost."""
        stated = sorted(
            (true, given, float(cost)) for true, row in table.items() for given, cost in row.items()
        )
        return cls(tuple(stated), decides)

    def matrix(self, names: Sequence[str]) -> Array:
        """Return the costs in the order of labels, ``(k, k)`` as ``[true, given]``; 0 on the diagonal.

        Examples
        --------
        >>> Costs.of({"critical": {"supportive": 5}}).matrix(["critical", "supportive"]).tolist()
        [[0.0, 5.0], [1.0, 0.0]]
        """
        costs = np.full((len(names), len(names)), UNSTATED)
        np.fill_diagonal(costs, 0.0)
        for true, given, cost in self.stated:
            costs[names.index(true), names.index(given)] = cost
        return costs

    def least(self, proba: Array, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the label whose expected cost is least, ``(n, k)`` to ``(n,)``; of equal ones the first.

        References
        ----------
        Elkan 2001, The Foundations of Cost-Sensitive Learning: optimal where probabilities are calibrated.
        """
        expected = np.asarray(proba) @ self.matrix(names)
        # Rounded, so that labels of equal cost are decided alike on every machine.
        return np.asarray(expected.round(12).argmin(axis=1), dtype=np.int64)

    def table(self) -> dict[str, dict[str, float]]:
        """Return them as a config states them."""
        rows: dict[str, dict[str, float]] = {}
        for true, given, cost in self.stated:
            rows.setdefault(true, {})[given] = cost
        return rows


def cost_problems(table: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the costs of a config."""
    for true, row in table.items():
        if true not in names:
            yield Problem(f"costs.{true}", f"there is no label {true!r}", suggest(true, names))
            continue
        for given, cost in row.items():
            path = f"costs.{true}.{given}"
            if given not in names:
                yield Problem(path, f"there is no label {given!r}", suggest(given, names))
            elif given == true:
                yield Problem(path, "a right label costs nothing", "leave it out")
            elif not (math.isfinite(cost) and cost >= 0):
                yield Problem(path, f"should be 0 or more, got {abbreviate(cost)}")
    if not any(cost for row in table.values() for cost in row.values()):
        yield Problem("costs", "names no cost above 0", "an error that is not named costs 1")
