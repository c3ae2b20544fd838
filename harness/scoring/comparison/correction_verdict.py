"""Two comparisons of a classifier with itself, trained with corrections, in; whether these paid out.

The rule is chosen on validation; test may veto. With ``low`` and ``high``, the bounds of the 95 % interval of
the paired gain over groups and seeds, and ``smallest``, the smallest gain that counts:

1. *keep, worse*: on validation, ``high < 0``.
2. *keep, vetoed*: on any test set, ``high < 0``, whatever validation says.
3. *promote*: on validation, ``low > 0``.
4. *keep, no gain*: on validation, ``high < smallest``.
5. *cannot be told* otherwise, and where validation gives no interval.

The first that holds is the answer. Where nothing was gained, 3 holds for one data set in 40 at most, which is
what an interval of 95 % leaves on one side; ``experiments/learning`` simulates how often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.scoring.comparison.ranking import Comparison
from harness.values.formatting import counted, interval, number

Decision = Literal["promote", "keep", "undecided"]
Reason = Literal["gain", "worse", "vetoed", "no gain", "undecided"]

SMALLEST_GAIN = 0.02
"""The smallest gain that counts; audits take smaller differences for none, too (``equivalent``)."""


@dataclass(frozen=True)
class Gain:
    """How much better a classifier is with corrections than without.

    Attributes
    ----------
    where : str
        The rows that it was measured on: ``"validation"``, ``"test"``.
    value, low, high : float
        In units of the metric, positive for better, with a 95 % interval over groups and seeds; the bounds
        are NaN where there is none.
    n_items : int
    detectable : float
        The true gain that would be found on these rows 8 times in 10; NaN where it is unknown.
    """

    where: str
    value: float
    low: float
    high: float
    n_items: int
    detectable: float = math.nan

    @classmethod
    def of(cls, comparison: Comparison, corrected: str, where: str = "") -> Gain:
        """Take the gain from a comparison of two runs.

        Parameters
        ----------
        comparison : Comparison
            Of two runs.
        corrected : str
            Name of the one that was trained with corrections.
        where : str
            Left out, the split of the comparison.
        """
        (pair,) = comparison.pairs
        difference = pair.difference
        ends = (difference.value, difference.low, difference.high)
        # Of the better run minus the worse one: of errors, that is negative.
        if (pair.better == corrected) != comparison.scalar_metric.higher_is_better:
            ends = (-difference.value, -difference.high, -difference.low)
        return cls(where or comparison.split, *ends, comparison.n_items, pair.detectable)

    def __str__(self) -> str:
        if self.value == self.low == self.high == 0:
            return f"no difference at all on {self.where}"
        bounds = interval(self.low, self.high, signed=True)
        return f"{number(self.value, signed=True)} ({bounds}) on {self.where}"


@dataclass(frozen=True)
class CorrectionVerdict:
    """Whether corrections paid; see the module for the rule.

    Attributes
    ----------
    decision : {"promote", "keep", "undecided"}
    reason : {"gain", "worse", "vetoed", "no gain", "undecided"}
        Which line of the rule decided.
    validation : Gain
    tests : tuple of Gain
        On the test set, and on its new version where there is one.
    smallest : float
        The smallest gain that counts.
    """

    decision: Decision
    reason: Reason
    validation: Gain
    tests: tuple[Gain, ...]
    smallest: float = SMALLEST_GAIN

    @property
    def sentence(self) -> str:
        """The gains and the answer, a line; of labels that are needed it says nothing."""
        gains = ", ".join(map(str, (self.validation, *self.tests)))
        return f"{gains}: {self._answer}"

    @property
    def _answer(self) -> str:
        if self.reason == "gain":
            return "promote"
        if self.reason == "undecided":
            return "cannot be told"
        if self.reason == "vetoed":
            return f"keep, for it is worse on {self._vetoing}"
        if self.reason == "worse":
            return "worse, keep"
        return f"no gain of {number(self.smallest)} or more, keep"

    @property
    def _vetoing(self) -> str:
        return " and ".join(gain.where for gain in self.tests if gain.high < 0)

    @property
    def rows(self) -> str:
        """On how many rows it was measured, a clause."""
        return ", ".join(
            f"{counted(gain.n_items, 'row')} of {gain.where}" for gain in (self.validation, *self.tests)
        )


def judge(validation: Gain, tests: Sequence[Gain], smallest: float = SMALLEST_GAIN) -> CorrectionVerdict:
    """Say whether corrections paid, by the rule of the module.

    Parameters
    ----------
    validation : Gain
        What is chosen by.
    tests : sequence of Gain
        What may veto.
    smallest : float
        The smallest gain that counts, above 0, in units of the metric.

    Examples
    --------
    >>> on_test = Gain("test", 0.015, -0.002, 0.031, n_items=900)
    >>> judge(Gain("validation", 0.018, 0.004, 0.031, n_items=900), [on_test]).sentence
    '+0.018 (+0.004 to +0.031) on validation, +0.015 (-0.002 to +0.031) on test: promote'
    """
    decision: Decision
    reason: Reason
    # In this order: what is worse is never promoted, whatever else holds.
    # Comparisons with NaN are false: without an interval nothing is established.
    if validation.high < 0:
        decision, reason = "keep", "worse"
    elif any(test.high < 0 for test in tests):
        decision, reason = "keep", "vetoed"
    elif validation.low > 0:
        decision, reason = "promote", "gain"
    elif validation.high < smallest:
        decision, reason = "keep", "no gain"
    else:
        decision, reason = "undecided", "undecided"
    return CorrectionVerdict(decision, reason, validation, tuple(tests), smallest)
