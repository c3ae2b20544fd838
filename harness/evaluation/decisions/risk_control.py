"""Confidence and correctness of decisions in, the confidence below which to abstain out.

The risk is the *selective risk*: the share of served rows that are labelled wrongly (of a multi-label task,
with any label wrong). Rows of one article are alike, so the exchangeable unit is the group: each group
contributes its errors and its served rows, and is in or out as a whole.

``conformal``
    The lowest threshold that would still meet the risk on calibration if one more group were added, as large
    as the largest and all of it served wrongly: ``errors + size ≤ risk × (served + size)``. This is the
    correction of conformal risk control (Angelopoulos et al. 2024), which meets the risk on average. For a
    risk that is a ratio, its proof has a gap: where confident rows are not more often right, a few rows may
    be served by luck.
``learn_then_test``
    The lowest threshold for which a test on calibration rejects that the risk is exceeded (Learn then Test,
    Angelopoulos et al. 2025). The risk is met with the chosen certainty over the draw of the groups, if they
    come independently from the same source, whatever the classifier. Validation proposes the thresholds and
    their order, so that calibration is used for the test alone. Where every row is a group of its own, the
    test is the exact binomial one. Where articles have several rows, each article counts alike, by its mean
    over rows, which is bounded however long it is, and the test is by betting (Waudby-Smith & Ramdas 2024).

``empirical``
    The lowest threshold that meets the risk on calibration, without any correction. With a handful of
    articles the correction of the other two leaves nothing to serve; this serves something and promises
    nothing.

MAPIE has risk control too, but treats rows as exchangeable and ignores the articles that they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.serving.decisions.abstention_rule import SERVES_NOTHING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

N_CANDIDATES = 20
"""Thresholds that validation proposes: steps of 5 % coverage. Testing stops at the first that fails, so more
candidates cost no certainty, only time."""

MAX_BET = 0.9
"""Share of the largest admissible bet that is ever placed: at all of it, one article that is served wrongly
as a whole would end the game."""

POWER = 0.8
"""How often a test should succeed with the groups that it is said to need."""

PRIOR_GROUPS = 10
"""Groups that the first bets are worth where validation shows nothing: later ones rest on what was seen."""


@dataclass(frozen=True)
class RiskRows:
    """Decisions on rows whose truth is known.

    Parameters
    ----------
    confidence : (n,) array
        Of each decision, in [0, 1].
    wrong : (n,) array
        0 or 1.
    groups : (n,) array
        Codes from 0 to the number of groups less one, without gaps.
    """

    confidence: Array
    wrong: Codes
    groups: Codes

    def __len__(self) -> int:
        return len(self.wrong)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def largest(self) -> int:
        """Rows in the largest group."""
        return int(np.bincount(self.groups).max(initial=0))

    def excess(self, below: float, risk: float) -> Array:
        """Return each group's mean over rows of errors less those that the risk allows.

        ``(n_groups,)``, between ``-risk`` and ``1 - risk``; negative where the risk is met; 0 for a row that
        is not served.
        """
        served = self.confidence >= below
        weights = np.where(served, self.wrong - risk, 0.0)
        sizes = np.bincount(self.groups, minlength=self.n_groups)
        return np.asarray(np.bincount(self.groups, weights=weights, minlength=self.n_groups) / sizes)

    def tally(self, below: float) -> tuple[int, int]:
        """Return how many rows are served, and how many of them are wrong."""
        served = self.confidence >= below
        return int(served.sum()), int(self.wrong[served].sum())


def conformal(rows: RiskRows, risk: float) -> float:
    """Return the confidence below which to abstain so that the risk is met on average.

    Parameters
    ----------
    rows : RiskRows
        That neither the classifier nor its calibrator was fitted on.
    risk : float
        In (0, 1).

    Returns
    -------
    float
        In [0, 1]; :data:`SERVES_NOTHING` where no threshold meets the risk.
    """
    return _lowest(rows, risk, rows.largest)


def empirical(rows: RiskRows, risk: float) -> float:
    """Return the confidence below which to abstain so that the risk is met on these rows.

    Parameters
    ----------
    rows : RiskRows
        That neither the classifier nor its calibrator was fitted on.
    risk : float
        In (0, 1).

    Returns
    -------
    float
        In [0, 1]; :data:`SERVES_NOTHING` where no threshold meets the risk.
    """
    return _lowest(rows, risk, 0)


def _lowest(rows: RiskRows, risk: float, added: int) -> float:
    """Return the lowest threshold that meets the risk if so many rows were added, all served wrongly."""
    order = np.argsort(-rows.confidence, kind="stable")
    confidences = rows.confidence[order]
    errors, served = np.cumsum(rows.wrong[order]), np.arange(1, len(rows) + 1)
    # Rows of equal confidence are served together: only the last of them is a possible threshold.
    last = np.append(np.diff(confidences) != 0, True)[: len(rows)]
    # The tolerance is for products such as 0.29 * 100 = 28.999999999999996.
    meets = errors + added <= risk * (served + added) + 1e-9
    admissible = np.flatnonzero(meets & last)
    return float(confidences[admissible[-1]]) if len(admissible) else SERVES_NOTHING


def learn_then_test(rows: RiskRows, validation: RiskRows, risk: float, certainty: float) -> float:
    """Return the confidence below which to abstain so that the risk is met with the given certainty.

    Parameters
    ----------
    rows : RiskRows
        That nothing else was fitted on.
    validation : RiskRows
        Other rows, which propose thresholds: at most :data:`N_CANDIDATES` of their quantiles. The first
        threshold to be tested is the one that they support most; lower ones follow until one fails.
    risk : float
        In (0, 1).
    certainty : float
        In (0, 1): one minus the probability that the risk is not met.

    Returns
    -------
    float
        In [0, 1]; :data:`SERVES_NOTHING` where the first fails.
    """
    proposed = candidates(validation)
    if not proposed or not len(rows):
        return SERVES_NOTHING
    start = max(range(len(proposed)), key=lambda at: _support(validation.excess(proposed[at], risk)))
    lowest = SERVES_NOTHING
    # Fixed-sequence testing: the order was chosen on other rows and the first failure ends it, so no
    # correction for the number of thresholds is needed.
    for below in proposed[start:]:
        if _p_value(rows, validation, below, risk) > 1 - certainty:
            break
        lowest = below
    return lowest


def _p_value(rows: RiskRows, validation: RiskRows, below: float, risk: float) -> float:
    if rows.largest == 1:
        return binomial_p_value(*rows.tally(below), risk)
    return betting_p_value(rows.excess(below, risk), risk, validation.excess(below, risk))


def candidates(validation: RiskRows) -> list[float]:
    """Return the thresholds that serve 5 %, 10 %, … 100 % of validation, the highest first."""
    if not len(validation):
        return []
    shares = 1 - np.arange(1, N_CANDIDATES + 1) / N_CANDIDATES
    return sorted(set(np.quantile(validation.confidence, shares, method="lower").tolist()), reverse=True)


def binomial_p_value(served: int, wrong: int, risk: float) -> float:
    """Test the hypothesis that independent rows exceed the risk: as few errors, if it were met just so.

    Parameters
    ----------
    served, wrong : int
        Rows, and those of them that are wrong.
    risk : float
        In (0, 1).

    Returns
    -------
    float
        In (0, 1].

    Examples
    --------
    Ten rows, none wrong, at a risk of 20 %: .8 to the tenth.

    >>> round(binomial_p_value(10, 0, 0.2), 4)
    0.1074
    """
    from scipy.special import bdtr

    return float(bdtr(wrong, served, risk)) if served else 1.0


def betting_p_value(excess: Array, risk: float, seen: Array | None = None) -> float:
    """Test the hypothesis that groups exceed the risk on average, by betting against it.

    A gambler bets part of the capital on each group's errors staying below what the risk allows. Under the
    hypothesis the game is unfavourable, so the capital ever grows tenfold with a probability of at most 1/10
    (Ville's inequality): the inverse of the largest capital is a p-value.

    Parameters
    ----------
    excess : (groups,) array
        See :meth:`RiskRows.excess`: between ``-risk`` and ``1 - risk``, in an order that says nothing of
        them.
    risk : float
    seen : (groups,) array, optional
        The same of other groups, from which the first bets are learned.

    Returns
    -------
    float
        In (0, 1]; valid for any number of groups drawn independently from one source.

    Notes
    -----
    The bet on a group is the one that made capital grow fastest on the groups before it, approximately
    (aGRAPA, Waudby-Smith & Ramdas 2024): minus mean over second moment.
    """
    if not len(excess):
        return 1.0
    first = np.array([-risk / 2]) if seen is None or not len(seen) else seen
    weight = float(min(len(first), PRIOR_GROUPS)) if seen is None else float(len(first))
    before = np.arange(len(excess)) + weight
    means = (weight * first.mean() + np.cumsum(excess) - excess) / before
    squares = (
        weight * ((first**2).mean() + risk**2 / len(first)) + np.cumsum(excess**2) - excess**2
    ) / before
    bets = np.clip(-means / squares, 0, MAX_BET / (1 - risk))
    growth = np.cumsum(np.log1p(-bets * excess))
    return float(np.exp(-max(float(growth.max()), 0.0)))


def groups_needed(risk: float, certainty: float, *, wrong: float) -> int:
    """Return how many groups a test needs to show that a risk is met, where so many served rows are wrong.

    Parameters
    ----------
    risk, certainty : float
        In (0, 1).
    wrong : float
        True share of errors, in [0, risk).

    Returns
    -------
    int
        Served rows, where they are independent, for which the exact binomial test succeeds in four of five
        cases; articles need about as many.

    Examples
    --------
    >>> groups_needed(0.2, 0.9, wrong=0.0), groups_needed(0.2, 0.9, wrong=0.1)
    (11, 63)
    """
    from scipy.special import bdtr

    n = 1
    while True:
        # The most errors with which the test still succeeds, and how often there are no more.
        errors = np.arange(n + 1)
        passing = errors[bdtr(errors, n, risk) <= 1 - certainty]
        if len(passing) and float(bdtr(passing[-1], n, wrong)) >= POWER:
            return n
        n += 1


def _support(excess: Array) -> float:
    """Return how many standard errors a mean excess lies below 0."""
    n = len(excess)
    spread = excess.std(ddof=1) if n > 1 else 0.0
    return float(-excess.mean() * np.sqrt(n) / spread) if spread > 0 else float(-excess.sum())
