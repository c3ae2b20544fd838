"""A verdict that cannot be told and a learning curve in; what would tell, in labels and in rows, out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.runs.learning.curve import LearningCurve
from harness.scoring.comparison import Comparison
from harness.scoring.comparison.correction_verdict import CorrectionVerdict
from harness.values.formatting import counted, number, rounded_up


@dataclass(frozen=True)
class Needed:
    """What it takes until a gain can be told.

    Attributes
    ----------
    labels, fewest, most : float
        More labels of this kind until all of them together are worth a gain that these validation rows would
        show 8 times in 10: at the slope of the learning curve as measured, at the high and at the low end of
        its interval. Infinite where no number of them would; NaN where there is no curve; 0 where those that
        are there are worth it, and chance did not show it.
    rows : float
        Validation rows on which a true gain of ``gain`` would be found 8 times in 10; infinite where only
        more seeds would help.
    gain : float
        The smallest gain that counts.
    have_rows : int
        Validation rows that there are.
    """

    labels: float
    fewest: float
    most: float
    rows: float
    gain: float
    have_rows: int

    @property
    def sentence(self) -> str:
        """What would tell, a clause for labels and one for rows."""
        return "; ".join(clause for clause in (self._of_labels(), self._of_rows()) if clause)

    def _of_labels(self) -> str:
        if math.isnan(self.fewest):
            return ""
        if math.isinf(self.fewest):
            return "more labels of this kind are not seen to help"
        if self.labels == 0:
            return "by the learning curve the labels are worth enough, and validation did not show it"
        if math.isinf(self.labels):
            return f"at least {counted(rounded_up(self.fewest), 'more label')} are needed"
        low = f"{rounded_up(self.fewest):,}"
        # The interval of the slope holds 0: from there on no number of labels is excluded.
        ends = (
            f"{low} at least, and no bound above"
            if math.isinf(self.most)
            else f"{low} to {rounded_up(self.most):,}"
        )
        return f"about {counted(rounded_up(self.labels), 'more label')} are needed ({ends})"

    def _of_rows(self) -> str:
        if math.isnan(self.rows) or self.rows <= self.have_rows:
            return ""
        if math.isinf(self.rows):
            return "seeds vary as much as the gain: more seeds are needed"
        return (
            f"a gain of {number(self.gain)} would be found 8 times in 10 on about"
            f" {counted(rounded_up(self.rows), 'validation row')}, and there are {self.have_rows:,}"
        )


def needed(verdict: CorrectionVerdict, validation: Comparison, curve: LearningCurve | None) -> Needed:
    """Say what it would take to tell.

    Parameters
    ----------
    verdict : CorrectionVerdict
    validation : Comparison
        Of the two trainings on validation.
    curve : LearningCurve or None
    """
    (pair,) = validation.pairs
    labels = fewest = most = math.nan
    if curve is not None and not math.isnan(verdict.validation.detectable):
        labels, fewest, most = curve.slope.more_labels(verdict.validation.detectable, curve.labels)
    # For the gain that counts, not the one that was measured: that is mostly chance.
    rows = validation.items_for(pair, verdict.smallest)
    return Needed(labels, fewest, most, rows, verdict.smallest, validation.n_items)
