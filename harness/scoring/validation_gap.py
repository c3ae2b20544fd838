"""The scores of a run in, whether test is too good beside validation out.

A classifier is chosen on validation, so that its score there is too high rather than too low. Where test is
higher by far, it is probably easier than it should be: its rows stand in train, or are of another kind.
"""

from __future__ import annotations

import math

from harness.scoring.metrics.metric import Metric
from harness.scoring.statistics.bootstrap import CONFIDENCE_LEVEL
from harness.values.formatting import number
from harness.values.tables import Scores

# One run in 700 goes so far by chance. Items of the two parts are different ones, so that errors add up.
MIN_ERRORS = 3.0
"""Standard errors by which test has to exceed validation."""

MIN_GAP = 0.05
"""And the difference, as a share of the metric's range: in very large corpora small ones are no chance."""


def test_exceeds_validation(scores: Scores, metric: Metric) -> str:
    """Return the sentence that test exceeds validation by far; empty where it does not.

    Parameters
    ----------
    scores : Scores
        Of one run.
    metric : Metric
        With one value a split.
    """
    from scipy.stats import norm

    rows = scores.rows[(scores.rows["metric"] == metric.name) & (scores.rows["slice"] == "all")]
    if not {"test", "validation"} <= set(rows["split"]):
        return ""
    parts = rows.set_index("split")[["value", "low", "high"]].astype(float)
    test, validation = parts.loc[["test", "validation"], "value"].tolist()
    gap = (test - validation) * (1 if metric.direction == "higher" else -1)
    spans = parts.loc[["test", "validation"], "high"] - parts.loc[["test", "validation"], "low"]
    error = math.hypot(*spans) / (2 * norm.ppf((1 + CONFIDENCE_LEVEL) / 2))
    # A NaN, where there is no interval, exceeds nothing.
    if not (gap > MIN_ERRORS * error > 0 and gap >= MIN_GAP * (metric.high - metric.low)):
        return ""
    return (
        f"{metric.name} on test ({number(test)}) is far better than on validation"
        f" ({number(validation)}), by {gap / error:.0f} standard errors: test may hold what was trained"
        " on, or be easier than new text."
    )
