"""Exact and fast probabilities of the same rows in, whether the fast ones may stand for the exact out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.encoder.prediction import f1_macro
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MAX_DIFFERENT = 0.005
"""Share of rows that may have another label."""

WIDEST = 0.02
"""How far apart the two likeliest labels of such a row may be, by the exact probabilities."""

MAX_LOST = 0.2
"""Points of macro-F1, of 100."""

MAX_AGAIN = 0.2
"""Share of rows that may be computed once more: beyond it an engine saves little."""

MARGIN = 1.5
"""How much farther than the farthest that was seen probabilities are expected to move."""


@dataclass(frozen=True)
class Agreement:
    """How fast probabilities did beside exact ones.

    Attributes
    ----------
    rows : int
    different : int
        Rows with another label, narrow ones computed once more.
    widest : float
        The largest gap, by the exact probabilities, of such a row; 0 where there is none.
    lost : float
        Points of macro-F1, of 100; below 0 where the fast ones are better.
    again : float
        Share of rows that were computed once more.
    """

    rows: int
    different: int
    widest: float
    lost: float
    again: float

    def problem(self) -> str:
        """Say why the fast ones may not stand for the exact; the empty string where they may."""
        share = self.different / self.rows
        if share > MAX_DIFFERENT:
            return f"{share:.1%} of {self.rows:,} rows got another label, more than {MAX_DIFFERENT:.1%}"
        if self.widest > WIDEST:
            return f"a row whose likeliest labels are {self.widest:.3f} apart got another, beyond {WIDEST}"
        if self.lost > MAX_LOST:
            return f"{self.lost:.1f} points of macro-F1 were lost, more than {MAX_LOST}"
        if self.again > MAX_AGAIN:
            return f"{self.again:.0%} of rows had to be computed once more, more than {MAX_AGAIN:.0%}"
        return ""

    def to_record(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Agreement:
        """Build it from what :meth:`to_record` returned."""
        return cls(**record)


def gaps(proba: Reals, labels: LabelSet) -> Reals:
    """Return how far apart the two likeliest labels of each row are.

    Returns
    -------
    (n,) array
        In [0, 1]. Where several labels may apply: of the least sure of them, between yes and no.

    Examples
    --------
    >>> import numpy as np
    >>> gaps(np.array([[0.5, 0.1, 0.4]]), LabelSet(("a", "b", "c"))).round(3)
    array([0.1])
    >>> gaps(np.array([[0.9, 0.3]]), LabelSet(("a", "b"), multi=True)).round(3)   # 0.7 no, 0.3 yes
    array([0.4])
    """
    if labels.multi:
        return np.asarray(np.abs(2 * proba - 1).min(axis=1, initial=1.0))
    ordered = np.sort(proba, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def narrow_below(exact: Reals, fast: Reals, labels: LabelSet) -> float:
    """Return the gap below which a fast decision is not to be relied on.

    Parameters
    ----------
    exact, fast : (n, k) arrays
        Of rows that the engine is not judged on afterwards.

    Returns
    -------
    float
        :data:`MARGIN` times the most that the gap between a row's two likeliest labels changed, less
        :data:`WIDEST`: a row beyond it gets another label only if the exact gap is narrower than that.
    """
    if labels.multi:
        change = 2 * (fast - exact)
    else:
        row, (second, first) = np.arange(len(fast)), np.argsort(fast, axis=1)[:, -2:].T
        change = (fast[row, first] - fast[row, second]) - (exact[row, first] - exact[row, second])
    return max(float(MARGIN * np.abs(change).max()) - WIDEST, 0.0)


def agreement(
    exact: Reals, fast: Reals, codes: NDArray[np.int64], labels: LabelSet, narrow: float
) -> Agreement:
    """Hold fast probabilities against exact ones.

    Parameters
    ----------
    exact, fast : (n, k) arrays
        Of the same rows, at least one.
    codes : (n,) or (n, k) array
        The truth.
    labels : LabelSet
    narrow : float
        Rows with a smaller gap are taken from ``exact``, as they are when they are served.
    """
    again = gaps(fast, labels) < narrow
    served = np.where(again[:, None], exact, fast)
    one, other = labels.decide(exact), labels.decide(served)
    different = (one != other) if one.ndim == 1 else (one != other).any(axis=1)
    widest = float(gaps(exact, labels)[different].max(initial=0.0))
    lost = 100 * (f1_macro(codes, one, labels) - f1_macro(codes, other, labels))
    return Agreement(len(exact), int(different.sum()), widest, lost, float(again.mean()))
