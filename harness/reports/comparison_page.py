"""A Comparison in, a self-contained HTML page out."""

from __future__ import annotations

import math
from typing import Any

from harness.reports.pages import environment
from harness.scoring.comparison import Comparison, RankedRun
from harness.scoring.comparison.conclusions import conclusions, power, shortened
from harness.values.formatting import needed_items, number, p_value

PLOT_WIDTH, ROW_HEIGHT, NAME_WIDTH = 520, 26, 170
"""In the units of the view box."""


def comparison_page(comparison: Comparison, *, date: str = "", command: str = "") -> str:
    """Return the page of a comparison.

    Parameters
    ----------
    comparison : Comparison
    date, command : str
        Date of the comparison, and the command that reproduces it; left out where empty.

    Returns
    -------
    str
        One HTML document without scripts that loads nothing from the network; light and dark. Names of runs
        and experiments are escaped.
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
            lanes=_lanes(comparison),
            size={"width": PLOT_WIDTH, "row": ROW_HEIGHT, "names": NAME_WIDTH},
            p=p_value,
            needed_items=needed_items,
            date=date,
            command=command,
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
        return round((value - self.low) / (self.high - self.low) * PLOT_WIDTH, 1)

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
        "y": ROW_HEIGHT * (entry.rank - 0.5),
        "at": axis.x(entry.value),
        "low": axis.x(low),
        "high": axis.x(high),
        "sd_low": axis.x(entry.value - spread),
        "sd_high": axis.x(entry.value + spread),
        "text": f"{entry.name}: {number(entry.value)}, {number(entry.low)} to {number(entry.high)}",
    }


def _lanes(comparison: Comparison) -> list[dict[str, Any]]:
    """Return one bar per tie group, beside the plot: from its best run to its worst, with a mark per run."""
    rank = {entry.name: entry.rank for entry in comparison.runs}
    return [
        {
            "x": PLOT_WIDTH + 14 + 12 * lane,
            "first": ROW_HEIGHT * (min(rank[name] for name in group) - 0.5),
            "last": ROW_HEIGHT * (max(rank[name] for name in group) - 0.5),
            # A run that ranks between two of a group may belong to another group: marks show the members.
            "marks": [ROW_HEIGHT * (rank[name] - 0.5) for name in group],
        }
        for lane, group in enumerate(comparison.groups)
    ]
