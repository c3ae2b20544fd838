"""A Comparison in, a self-contained HTML page out."""

from __future__ import annotations

import math
from typing import Any

from harness.reports.comparison_reasons import NO_REASONS, ComparisonReasons, slice_sentence
from harness.reports.pages import environment
from harness.scoring.comparison import Comparison, RankedRun
from harness.scoring.comparison.conclusions import TIES, conclusions, power, shortened
from harness.values.formatting import needed_items, number, p_value

PLOT_WIDTH = 100
"""The plot is laid out in per cent of its width, so that it fits every screen."""

MAX_SLICES = 20
"""Slices of a pair that the page lists, the clearest differences first."""


def comparison_page(
    comparison: Comparison,
    reasons: ComparisonReasons = NO_REASONS,
    *,
    date: str = "",
    command: str = "",
    choosing: str = "",
) -> str:
    """Return the page of a comparison.

    Parameters
    ----------
    comparison : Comparison
    reasons : ComparisonReasons
        Why its runs differ; left out, the page does not say.
    date, command, choosing : str
        Date of the comparison, the command that reproduces it, and the one that names the classifier to
        promote; left out where empty.

    Returns
    -------
    str
        One HTML document without scripts that loads nothing from the network; light and dark. Names of runs
        and experiments, and sentences, are escaped.
    """
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            findings=conclusions(comparison),
            power=tuple(power(comparison)),
            shortened=shortened,
            axis=_Axis.of(comparison),
            rows=[_plotted(comparison, entry) for entry in comparison.runs],
            reasons=reasons,
            slice_sentence=slice_sentence,
            max_slices=MAX_SLICES,
            gloss=comparison.scalar_metric.metric.gloss,
            ties=TIES,
            p=p_value,
            needed_items=needed_items,
            date=date,
            command=command,
            choosing=choosing,
        )
    )


class _Axis:
    """The horizontal axis of the plot: scores to coordinates."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    @classmethod
    def of(cls, comparison: Comparison) -> _Axis:
        ends = [end for entry in comparison.runs for end in _ends(entry)]
        low, high = min(ends), max(ends)
        # Six per cent of air on either side; runs with equal scores get an axis around them.
        margin = 0.06 * ((high - low) or 0.1)
        return cls(low - margin, high + margin)

    def x(self, value: float) -> float:
        """Return the distance of a value from the left edge of the plot."""
        return round((value - self.low) / (self.high - self.low) * PLOT_WIDTH, 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Coordinates and texts of three to six round values: steps of 1, 2 or 5 times a power of ten."""
        span = self.high - self.low
        # The power of ten below a quarter of the range, times 1, 2, 5 or 10, whichever gives at most six
        # ticks.
        step = 10 ** math.floor(math.log10(span / 4))
        step *= next(times for times in (1, 2, 5, 10) if span / (step * times) <= 6)
        first = math.ceil(self.low / step)
        digits = max(0, -math.floor(math.log10(step)))
        values = [step * multiple for multiple in range(first, math.floor(self.high / step) + 1)]
        return [(self.x(value), f"{value:.{digits}f}") for value in values]


def _ends(entry: RankedRun) -> tuple[float, float]:
    low, high = (entry.value if math.isnan(end) else end for end in (entry.low, entry.high))
    if math.isnan(entry.seed_sd):
        return low, high
    # The interval is about the mean over seeds, the bar about single seeds: either may be the wider one.
    return min(low, entry.value - entry.seed_sd), max(high, entry.value + entry.seed_sd)


def _plotted(comparison: Comparison, entry: RankedRun) -> dict[str, Any]:
    axis = _Axis.of(comparison)
    low, high = (entry.value if math.isnan(end) else end for end in (entry.low, entry.high))
    spread = 0.0 if math.isnan(entry.seed_sd) else entry.seed_sd
    return {
        "entry": entry,
        "at": axis.x(entry.value),
        "low": axis.x(low),
        "high": axis.x(high),
        "sd_low": axis.x(entry.value - spread),
        "sd_high": axis.x(entry.value + spread),
        "text": f"{entry.name}: {number(entry.value)}, {number(entry.low)} to {number(entry.high)}",
    }
