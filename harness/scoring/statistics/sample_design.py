"""How a sample was drawn in; the variance of what is estimated from it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

N_FOLDS = 5
"""The power of a row is tuned on the rows of the other folds: tuned on its own, it would flatter the row."""


@dataclass(frozen=True)
class SampleDesign:
    """How a sample was drawn.

    Attributes
    ----------
    pi : (n,) array
        In ``(0, 1]``: inclusion probability of each row.
    stratum : (n,) array of int
        Codes from 0. Within a stratum, rows were drawn with equal probability and without replacement.
    fold : (n,) array of int
        Codes from 0 to :data:`N_FOLDS` less one, by which the power is tuned.
    article : (n,) array of int
        Codes of articles, the same as those of the table.
    """

    pi: Reals
    stratum: Codes
    fold: Codes
    article: Codes

    @classmethod
    def of(cls, pi: Reals, stratum: Codes, *, article: Codes, order: Reals | None = None) -> SampleDesign:
        """Return a design whose strata can be estimated from, and whose folds are even in each stratum.

        Parameters
        ----------
        pi, stratum : (n,) array
        article : (n,) array of int
        order : (n,) array, optional
            Rows of a stratum are dealt to the folds in this order; it must say nothing of their labels.
            Default: as they come.

        Notes
        -----
        A single row shows no spread within its stratum. Strata of a single row count as one (collapsed
        strata: Cochran 1977, Sampling Techniques, section 5A.12), which makes the variance no smaller.
        """
        sizes = np.bincount(stratum, minlength=1)
        alone = sizes[stratum] == 1
        if alone.sum() == 1 and len(pi) > 1:
            # A single one has no other of its kind: it joins the smallest stratum.
            others = np.flatnonzero(sizes > 1)
            alone |= stratum == others[np.argmin(sizes[others])]
        collapsed = np.where(alone, len(sizes), stratum)
        codes = np.unique(collapsed, return_inverse=True)[1].astype(np.int64)
        ranked = np.lexsort((np.arange(len(pi)) if order is None else order, codes))
        fold = np.empty(len(pi), dtype=np.int64)
        fold[ranked] = np.arange(len(pi)) % N_FOLDS
        return cls(pi, codes, fold, article)

    @property
    def sizes(self) -> Codes:
        """Sampled rows of each stratum."""
        return np.bincount(self.stratum)

    def variance(self, values: Reals) -> float:
        """Return the variance of the sum of weighted ``values``, ``(n,)``, over samples drawn like this one.

        The usual estimator for stratified sampling (Cochran 1977, Sampling Techniques, chapter 5). Rows that
        are labelled already do not vary: the finite-population correction.
        """
        sizes = self.sizes
        unsampled = np.bincount(self.stratum, weights=1 - self.pi) / sizes
        sums = np.bincount(self.stratum, weights=values)
        squares = np.bincount(self.stratum, weights=values**2)
        spread = (squares - sums**2 / sizes) * sizes / np.maximum(sizes - 1, 1)
        return float((unsampled * spread).clip(0).sum())

    def freedom(self, inside: Mask) -> int:
        """Return the degrees of freedom of a variance over the rows of a group: a mean a stratum is lost."""
        sizes, members = self.sizes, np.bincount(self.stratum[inside], minlength=len(self.sizes))
        return max(int(np.minimum(sizes - 1, members).sum()), 1)
