"""Exact and fast probabilities of the same rows in; whether the fast engine may serve the model out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.encoder.prediction import f1_macro
from harness.values.formatting import counted
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

# What is promised of a fast engine; experiments/performance/results.md reports how the packaged encoder does.
# 99.5 % of labels are equal and the others on rows that were nearly a toss-up; the loss is far below 1.5
# points, the standard error of a macro-F1 on 1,000 rows (experiments/encoder).
MAX_DIFFERENT = 0.005
"""Share of rows that may get another label."""

MAX_GAP = 0.02
"""How far apart the two likeliest labels of such a row may be, by the exact probabilities."""

MAX_F1_LOSS = 0.2
"""Points of macro-F1, of 100."""

MAX_RECOMPUTED = 0.2
"""Share of rows that may be computed once more: beyond it an engine saves little."""

SAFETY_MARGIN = 1.5
"""How much farther than was observed a gap may change on other rows."""


@dataclass(frozen=True)
class Agreement:
    """How fast probabilities compare with exact ones.

    Attributes
    ----------
    rows : int
    different : int
        Rows with another label, once narrow ones are computed again.
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
        """Return why the fast engine may not serve the model; the empty string where it may."""
        share = self.different / self.rows
        if share > MAX_DIFFERENT:
            return (
                f"{share:.1%} of {counted(self.rows, 'row')} got another label, more than {MAX_DIFFERENT:.1%}"
            )
        if self.widest > MAX_GAP:
            return f"a row whose likeliest labels were {self.widest:.3f} apart got another, over {MAX_GAP}"
        if self.lost > MAX_F1_LOSS:
            return f"{self.lost:.1f} points of macro-F1 were lost, more than {MAX_F1_LOSS}"
        if self.again > MAX_RECOMPUTED:
            return f"{self.again:.0%} of rows had to be recomputed, more than {MAX_RECOMPUTED:.0%}"
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

    Parameters
    ----------
    proba : (n, k) array
    labels : LabelSet

    Returns
    -------
    (n,) array
        In [0, 1]. For a multi-label task: of the least certain label, between yes and no.

    Examples
    --------
    >>> import numpy as np
    >>> gaps(np.array([[0.5, 0.1, 0.4]]), LabelSet(("a", "b", "c"))).round(3)
    array([0.1])
    >>> gaps(np.array([[0.9, 0.3]]), LabelSet(("a", "b"), multi=True)).round(3)   # 0.7 no, 0.3 yes
    array([0.4])
    """
    if labels.multi:
        # Yes has p and no has 1 - p.
        return np.asarray(np.abs(2 * proba - 1).min(axis=1, initial=1.0))
    ordered = np.sort(proba, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def recompute_below(exact: Reals, fast: Reals, labels: LabelSet) -> float:
    """Return the gap below which the label of a fast engine is not to be relied on.

    Parameters
    ----------
    exact, fast : (n, k) arrays
        Of rows that the engine is not tested on afterwards.
    labels : LabelSet

    Returns
    -------
    float
        :data:`SAFETY_MARGIN` times the largest change of the gap between a row's two likeliest labels, less
        :data:`MAX_GAP`: a row with a wider gap gets another label only if its exact gap is below that.
    """
    if labels.multi:
        change = 2 * (fast - exact)
    else:
        # Of the two that are likeliest by the fast engine: its label depends on them.
        row, (second, first) = np.arange(len(fast)), np.argsort(fast, axis=1)[:, -2:].T
        change = (fast[row, first] - fast[row, second]) - (exact[row, first] - exact[row, second])
    return max(float(SAFETY_MARGIN * np.abs(change).max()) - MAX_GAP, 0.0)


def measure_agreement(
    exact: Reals, fast: Reals, codes: NDArray[np.int64], labels: LabelSet, narrow: float
) -> Agreement:
    """Compare fast probabilities with exact ones.

    Parameters
    ----------
    exact, fast : (n, k) arrays
        Of the same rows, at least one.
    codes : (n,) or (n, k) array
        The truth.
    labels : LabelSet
    narrow : float
        Rows with a smaller gap are taken from ``exact``, as in serving.
    """
    again = gaps(fast, labels) < narrow
    served = np.where(again[:, None], exact, fast)
    exact_labels, served_labels = labels.decide(exact), labels.decide(served)
    changed = exact_labels != served_labels
    different = changed if changed.ndim == 1 else changed.any(axis=1)
    widest = float(gaps(exact, labels)[different].max(initial=0.0))
    lost = 100 * (f1_macro(codes, exact_labels, labels) - f1_macro(codes, served_labels, labels))
    return Agreement(len(exact), int(different.sum()), widest, lost, float(again.mean()))
