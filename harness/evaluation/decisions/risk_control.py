"""How sure each decision was and whether it was right in, the confidence below which to abstain out.

The risk is the *selective risk*: of the rows that are served, the share labelled wrongly (of a multi-label
task, with any label wrong). Rows of an article are alike, so what is exchangeable is the group: each group
adds its errors and its served rows, and a group is in or out as a whole.

``conformal``
    The lowest threshold that would still meet the risk on calibration if one more group came, of the largest
    size and all of it served wrongly: ``errors + size ≤ risk × (served + size)``. That is the correction of
    conformal risk control (Angelopoulos et al. 2024), which meets the risk on average. For a risk that is a
    ratio its proof has a gap: where surer rows are no less often wrong, a lucky few may be served.
``learn_then_test``
    The lowest threshold for which calibration *shows* that the risk is met (Learn then Test, Angelopoulos et
    al. 2025; the test is by betting, Waudby-Smith & Ramdas 2024). With the chosen certainty, over the draw of
    the groups, the risk is met: for groups that come from the same source independently, whatever the
    classifier. Validation proposes the thresholds and their order, so calibration is used for nothing but the
    test.

MAPIE has risk control too, but takes rows to be exchangeable; the articles that they stand in are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.serving.decisions.abstention import SERVES_NOTHING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

CANDIDATES = 20
"""How many thresholds validation proposes."""

BETS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Shares of the largest bet that can be lost; the capital is divided equally among them."""


@dataclass(frozen=True)
class Rows:
    """Rows whose truth is known.

    Parameters
    ----------
    confidence : (n,) array
        How sure each decision is, in [0, 1].
    wrong : (n,) array
        0 or 1.
    groups : (n,) array
        Codes from 0, none left out.
    """

    confidence: Array
    wrong: Codes
    groups: Codes

    def __len__(self) -> int:
        return len(self.wrong)

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def largest(self) -> int:
        """Rows of the largest group."""
        return int(np.bincount(self.groups).max(initial=0))

    def excess(self, below: float, risk: float) -> Array:
        """Return each group's errors less those that the risk allows it: ``(n_groups,)``."""
        served = self.confidence >= below
        weights = np.where(served, self.wrong - risk, 0.0)
        return np.bincount(self.groups, weights=weights, minlength=self.n_groups).astype(np.float64)


def conformal(rows: Rows, risk: float) -> float:
    """Return the confidence below which to abstain so that the risk is met on average.

    Parameters
    ----------
    rows : Rows
        That neither the classifier nor its calibration has seen.
    risk : float
        In (0, 1).

    Returns
    -------
    float
        :data:`SERVES_NOTHING` where no threshold meets it.
    """
    order = np.argsort(-rows.confidence, kind="stable")
    sure = rows.confidence[order]
    errors, served = np.cumsum(rows.wrong[order]), np.arange(1, len(rows) + 1)
    # Rows that are equally sure are served together.
    last = np.append(np.diff(sure) != 0, True)[: len(rows)]
    meets = errors + rows.largest <= risk * (served + rows.largest) + 1e-9
    found = np.flatnonzero(meets & last)
    return float(sure[found[-1]]) if len(found) else SERVES_NOTHING


def learn_then_test(rows: Rows, validation: Rows, risk: float, certainty: float) -> float:
    """Return the confidence below which to abstain so that the risk is met with the given certainty.

    Parameters
    ----------
    rows : Rows
        That nothing else has seen.
    validation : Rows
        Others, which propose thresholds: at most :data:`CANDIDATES` of their quantiles. The first to be
        tested is the one that they speak for most; from there they are lowered until one fails.
    risk : float
        In (0, 1).
    certainty : float
        In (0, 1): one minus the chance that the risk is not met.

    Returns
    -------
    float
        :data:`SERVES_NOTHING` where the first fails.
    """
    proposed = candidates(validation)
    if not proposed or not len(rows):
        return SERVES_NOTHING
    size = max(rows.largest, 1)
    start = max(range(len(proposed)), key=lambda at: _support(validation.excess(proposed[at], risk)))
    found = SERVES_NOTHING
    for below in proposed[start:]:
        if p_value(rows.excess(below, risk), risk, size) > 1 - certainty:
            break
        found = below
    return found


def candidates(validation: Rows) -> list[float]:
    """Return the thresholds that serve 5 %, 10 %, … of validation, the highest first."""
    if not len(validation):
        return []
    shares = 1 - np.arange(1, CANDIDATES + 1) / CANDIDATES
    return sorted(set(np.quantile(validation.confidence, shares, method="lower").tolist()), reverse=True)


def p_value(excess: Array, risk: float, size: int) -> float:
    """Test that groups exceed the risk on average, by betting that they do not.

    A gambler stakes part of his capital on each group's errors staying below what the risk allows. If they do
    not on average, the game is not in his favour, and his capital grows tenfold with chance 1/10 at most.

    Parameters
    ----------
    excess : (groups,) array
        See :meth:`Rows.excess`; at most ``(1 - risk) * size`` each.
    risk : float
    size : int
        Most rows that a group may have.

    Returns
    -------
    float
        In (0, 1]; valid for any number of groups that come from one source independently.
    """
    most = 1 / ((1 - risk) * size)
    factors = np.log1p(-np.outer(np.asarray(BETS) * most, excess))
    capital = np.exp(np.clip(factors.sum(axis=1), -700, 700)).mean()
    return float(min(1.0, 1 / capital))


def _support(excess: Array) -> float:
    """Return how many standard errors a mean excess lies below 0."""
    n = len(excess)
    spread = excess.std(ddof=1) if n > 1 else 0.0
    return float(-excess.mean() * np.sqrt(n) / spread) if spread > 0 else float(-excess.sum())
