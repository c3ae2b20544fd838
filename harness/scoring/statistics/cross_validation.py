"""Folds and repeats in; how much wider an interval is about a classifier that is trained anew out.

Resampled items say how far the score of *these fitted models* would move on other items. How far that of *the
classifier* would move, if it were trained anew on other rows of this kind, they do not say: rows of a fold
share a model, and folds share training rows. No unbiased estimate of that variance exists (Bengio &
Grandvalet 2004). The corrected one of Nadeau & Bengio (2003) is used, with J = k · r models of k folds and r
repeats, whose test set has 1 / (k - 1) times the size of their training set:

    (1 / J + 1 / (k - 1)) · variance of a fold's score

The variance of a fold's score is k times that of one repeat over resampled articles, which is estimated from
as many articles as there are and not from k folds; so the bootstrap's variance of one repeat is multiplied by
1 / r + k / (k - 1). With repeats, the bootstrap's variance of their mean is smaller than that of one, since
what a single model does by chance averages out: that is measured (:func:`instability`), and put back.

References
----------
Nadeau & Bengio 2003, Inference for the Generalization Error; Bouckaert & Frank 2004, Evaluating the
Replicability of Significance Tests for Comparing Learning Algorithms.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def correction(folds: int, repeats: int) -> float:
    """Return what the variance of one repeat over items is multiplied by, ``1 / r + k / (k - 1)``.

    1 where there are no folds: nothing is then known of other training rows.

    Examples
    --------
    >>> correction(5, 1), round(correction(5, 10), 4), correction(1, 1)
    (2.25, 1.35, 1.0)
    """
    return 1 / repeats + folds / (folds - 1) if folds > 1 else 1.0


def instability(sums: NDArray[Any]) -> float:
    """Return how much larger the variance of one repeat over clusters is than that of the mean of all.

    Parameters
    ----------
    sums : (n_clusters, n_repeats, 2) array
        Items of a cluster that a repeat labelled correctly, and all its items.

    Returns
    -------
    float
        At least 1, at most the number of repeats; 1 where the share does not vary.

    Examples
    --------
    >>> alike = np.array([[[1, 1], [1, 1]], [[0, 1], [0, 1]]])
    >>> instability(alike)
    1.0
    """
    totals = sums.sum(axis=0, dtype=np.float64)
    # The linear influence of a cluster on a share: its deviation from the share, over the number of items.
    influence = (sums[..., 0] - totals[:, 0] / totals[:, 1] * sums[..., 1]) / totals[:, 1]
    of_mean = float((influence.mean(axis=1) ** 2).sum())
    of_each = float((influence**2).sum(axis=0).mean())
    return max(1.0, of_each / of_mean) if of_mean > 0 else 1.0


def stretched(draws: NDArray[np.float64], value: Any, factor: float) -> NDArray[np.float64]:
    """Move draws, or the ends of an interval, away from a value: their standard error times ``factor``."""
    return draws if factor == 1 else np.asarray(value + factor * (draws - value))


def degrees_of_freedom(parts: list[tuple[float, float]]) -> float:
    """Return degrees of freedom for a sum of estimated variances: the harmonic mean, weighted by variance.

    Satterthwaite's (1946) weighs by squared variances. Where one of them is estimated from two or three
    seeds, it is at times far too small, and then counts for nothing there: equal classifiers are told apart
    in 6 to 9 % of the cases with his, in 4 to 7 % with these (experiments/statistics).

    Parameters
    ----------
    parts : list of (float, float)
        A variance, and its own degrees of freedom, each.

    Examples
    --------
    >>> degrees_of_freedom([(1.0, 10), (0.0, 1)]), degrees_of_freedom([(1.0, 2), (1.0, 6)])
    (10.0, 3.0)
    """
    total = sum(variance for variance, _ in parts)
    inverse = sum(variance / freedom for variance, freedom in parts)
    return total / inverse if inverse > 0 else math.inf
