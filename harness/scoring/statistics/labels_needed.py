"""A fitted share and a wanted half-width of its interval in; how many rows must be labelled out."""

from __future__ import annotations

import math

from harness.scoring.statistics.corrected_share import ShareFit

_QUANTILE = 1.96


def row_spread(fit: ShareFit, rows: int, labelled: int) -> float:
    """Return the variance that a single labelled row adds to a share.

    Parameters
    ----------
    fit : ShareFit
        From the rows that are labelled already.
    rows, labelled : int
        Rows of the group, and labelled ones among them: at least one.

    Returns
    -------
    float
        At least that of a label of which one in ``labelled + 2`` rows is wrong; of an exact share, that of
        the share in its interval that is nearest to one half.
    """
    if fit.worth is not None:
        # Of a few rows with the label, hardly anything is known: the share in the interval that needs most.
        low, high = fit.bounds()
        share = min(max(0.5, low), high)
        return share * (1 - share)
    rate = 1 / (labelled + 2)
    least = rate * (1 - rate)
    if labelled >= rows:
        return least
    return max(fit.se[0] ** 2 / (1 / labelled - 1 / rows), least)


def labels_needed(spread: float, rows: int, half_width: float, *, of_articles: float = 0.0) -> float:
    """Return how many rows of a group must be labelled for an interval of a wanted half-width.

    Parameters
    ----------
    spread : float
        Variance of a single row, as :func:`row_spread` returns it; 0.25 where nothing is known.
    rows : int
        Rows of the group.
    half_width : float
        Half the length of the interval, in (0, 1).
    of_articles : float
        Variance that no label removes: that of the articles, for an interval for their stream.

    Returns
    -------
    float
        All rows at most; infinite where even that would not do, since articles are too few.

    Notes
    -----
    The variance of a sample of ``n`` of ``N`` rows is ``spread (1/n - 1/N)``.

    Examples
    --------
    For three points either way, whatever the share, from a large table and from one of 600 rows:

    >>> labels_needed(0.25, 10_000_000, 0.03), labels_needed(0.25, 600, 0.03)
    (1067.0, 385.0)
    """
    wanted = (half_width / _QUANTILE) ** 2 - of_articles
    if wanted <= 0:
        return math.inf
    # The tolerance is for quotients such as 1067.0000000000002.
    return float(min(math.ceil(1 / (wanted / spread + 1 / rows) - 1e-6), rows))
