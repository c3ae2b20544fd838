"""Scores of articles in the order of time in; evidence that they changed, which bounds false alarms, out.

Each article's rank among all before it is, without a change, as likely to be any as any other. A fortune is
bet on such ranks being too high or too low: without a change the chance that it ever grows to 1/α is at most
α, however long and however often one looks (Ville 1939; Vovk, Nouretdinov & Gammerman 2003; Vovk et al. 2021,
Retrain or Not Retrain: Conformal Test Martingales for Change-Point Detection).
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

import numpy as np

from harness.values import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

JUMP = 0.01
"""Share of the fortune that moves between the bets at each article: the value of Vovk et al. 2021."""

_BETS = np.array([-1.0, 0.0, 1.0])


def ranks(scores: Reals, *, seed: int = 0) -> Reals:
    """Return the share of the scores up to each that are higher, in (0, 1); ties are broken at random.

    If the scores are exchangeable, these are independent and uniform.

    Parameters
    ----------
    scores : (n,) array
        In the order of time.
    seed : int
        Of the tie-breaking.

    Examples
    --------
    >>> ranks(np.array([1.0, 2.0, 3.0, 0.0])).round(2).tolist()
    [0.55, 0.25, 0.31, 0.96]
    """
    between = seeds.generator(seed, "change alarm").random(len(scores))
    shares = np.empty(len(scores))
    upto: list[float] = []
    for index, score in enumerate(scores.tolist()):
        bisect.insort(upto, score)
        above = len(upto) - bisect.bisect_right(upto, score)
        equal = len(upto) - above - bisect.bisect_left(upto, score)
        shares[index] = (above + between[index] * equal) / (index + 1)
    return shares


def log_fortune(shares: Reals) -> Reals:
    """Return the logarithm of the fortune after each rank, ``(n,)``; it begins at 0.

    Parameters
    ----------
    shares : (n,) array
        Of :func:`ranks`.
    """
    fortunes, log_scale, course = np.full(3, 1 / 3), 0.0, np.empty(len(shares))
    for index, share in enumerate(shares):
        total = fortunes.sum()
        fortunes = ((1 - JUMP) * fortunes + JUMP * total / 3) * (1 + _BETS * (share - 0.5))
        total = fortunes.sum()
        log_scale += float(np.log(total))
        # Kept at sum 1: a fortune of thousands of articles would overflow.
        fortunes = fortunes / total
        course[index] = log_scale
    return course


def evidence(scores: Reals, n_reference: int, *, seed: int = 0) -> Reals:
    """Return the fortune after each article behind the reference, in logarithms.

    Parameters
    ----------
    scores : (n, s) array
        Of articles in the order of time, NaN where an article has none; a column a covariate.
    n_reference : int
        Articles at the beginning that nothing is bet on: they are what the others are compared with.
    seed : int

    Returns
    -------
    (n - n_reference, s) array
        An article without a score changes nothing.
    """
    columns = []
    for number, column in enumerate(scores.T):
        defined = ~np.isnan(column)
        # A stream of its own per covariate; the mean of several fortunes is one, whether they are related or
        # not.
        shares = ranks(column[defined], seed=seeds.derive(seed, "covariate", number))
        behind = defined[n_reference:]
        course = np.concatenate([[0.0], log_fortune(shares[len(shares) - int(behind.sum()) :])])
        # So many bets were made by then.
        columns.append(course[np.cumsum(behind)])
    return np.stack(columns, axis=1)


def together(logs: Reals) -> Reals:
    """Return the logarithm of the mean of several fortunes, ``(n, s)`` to ``(n,)``."""
    highest = logs.max(axis=1)
    return np.asarray(highest + np.log(np.exp(logs - highest[:, None]).mean(axis=1)))
