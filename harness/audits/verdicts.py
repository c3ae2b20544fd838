"""A measure with its interval and a bound in, a verdict out: what is not shown either way is undecided.

An interval that lies wholly on one side of the bound decides; one that contains it does not, however small
the value is. "Not shown to be biased" is not "shown not to be biased" (Altman & Bland 1995).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.scoring.statistics.paired import POWER, detectable
from harness.values.findings import WORST_FIRST, Measure, Verdict
from harness.values.formatting import counted, rounded_up


def at_most(measure: Measure, bound: float) -> Verdict:
    """Return whether a measure is shown to be at most a bound: "passed", "failed" or "undecided".

    Examples
    --------
    >>> [at_most(Measure("flips", 0.05, low, high, 80), 0.1) for low, high in ((0.02, 0.09), (0.02, 0.12))]
    ['passed', 'undecided']
    """
    if math.isnan(measure.low):
        return "undecided"
    if measure.low > bound:
        return "failed"
    return "passed" if measure.high <= bound else "undecided"


def at_least(measure: Measure, bound: float) -> Verdict:
    """Return whether a measure is shown to be at least a bound: "passed", "failed" or "undecided"."""
    if math.isnan(measure.low):
        return "undecided"
    if measure.low >= bound:
        return "passed"
    return "failed" if measure.high < bound else "undecided"


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of an audit with several bounds, all of which have to hold.

    That all hold is shown if each of them is shown by itself, without a correction for their number
    (intersection-union test, Berger 1982).
    """
    verdicts = set(verdicts)
    return next(verdict for verdict in WORST_FIRST if verdict in verdicts)


def deciding_items(measure: Measure, bound: float) -> float:
    """Return on how many items of this kind the interval would leave out the bound, with power 0.8.

    The value is taken to stay as measured, and the width of its interval to fall with the root of the number
    of items.

    Returns
    -------
    float
        NaN without an interval; infinite if the value is the bound.
    """
    distance, width = abs(measure.value - bound), measure.high - measure.low
    if math.isnan(width):
        return math.nan
    if distance == 0:
        return math.inf
    standard_error = width / (2 * detectable(1.0, power=0.5))
    return math.ceil(measure.n * (detectable(standard_error, power=POWER) / distance) ** 2)


def what_would_decide(measure: Measure, bound: float) -> str:
    """Say how many items would decide, as a sentence.

    Examples
    --------
    >>> what_would_decide(Measure("gap", 0.05, -0.05, 0.15, 140), 0.1)
    'About 1,200 items would decide it, if the value stays as measured.'
    """
    n = deciding_items(measure, bound)
    if math.isnan(n):
        return "There are too few items or groups for an interval."
    if math.isinf(n):
        return "The value is the bound itself, so that no number of items can be named."
    return f"About {counted(rounded_up(n), 'item')} would decide it, if the value stays as measured."
