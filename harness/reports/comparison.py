"""A Comparison in, a self-contained HTML page out."""

from __future__ import annotations

import math
from typing import Any

from harness.reports.pages import environment
from harness.scoring.comparison import Comparison, Entry, Pair
from harness.scoring.comparison.findings import findings, power, shortened
from harness.values.formatting import number, p_value

WIDTH, ROW, NAMES = 520, 26, 170
"""Width of the plot, height of a run's row, room for names, in the units of the view box."""


def comparison_page(comparison: Comparison, *, date: str = "", command: str = "") -> str:
    """Return the page of a comparison.

    Parameters
    ----------
    comparison : Comparison
    date, command : str
        When it was made, and what repeats it; left out where they are empty.

    Returns
    -------
    str
        One HTML document without scripts, that asks the network for nothing; light and dark. Names of runs
        and experiments are escaped.
    """
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            findings=findings(comparison),
            power=tuple(power(comparison)),
            shortened=shortened,
            axis=_Axis.of(comparison),
            rows=[_plotted(comparison, entry) for entry in comparison.entries],
            lanes=_lanes(comparison),
            size={"width": WIDTH, "row": ROW, "names": NAMES},
            p=p_value,
            items=items,
            date=date,
            command=command,
        )
    )


def items(pair: Pair) -> str:
    """Write how many items a difference needs: a dash where it is 0, "seeds" where no number would do.

    Examples
    --------
    >>> items(pair)                                                          # doctest: +SKIP
    '3,021'
    """
    if math.isnan(pair.needed) or pair.difference.value == 0:
        return "–"
    return "seeds" if math.isinf(pair.needed) else f"{pair.needed:,.0f}"


class _Axis:
    """Where a score stands in the plot."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    @classmethod
    def of(cls, comparison: Comparison) -> _Axis:
        ends = [end for one in comparison.entries for end in _ends(one)]
        low, high = min(ends), max(ends)
        room = 0.06 * ((high - low) or 0.1)
        return cls(low - room, high + room)

    def x(self, value: float) -> float:
        """Return the place of a value, from the left edge of the plot."""
        return round((value - self.low) / (self.high - self.low) * WIDTH, 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts of about five round values."""
        span = self.high - self.low
        step = 10 ** math.floor(math.log10(span / 4))
        step *= next(times for times in (1, 2, 5, 10) if span / (step * times) <= 6)
        first = math.ceil(self.low / step)
        digits = max(0, -math.floor(math.log10(step)))
        values = [step * place for place in range(first, math.floor(self.high / step) + 1)]
        return [(self.x(value), f"{value:.{digits}f}") for value in values]


def _ends(entry: Entry) -> tuple[float, float]:
    low, high = (entry.value if math.isnan(end) else end for end in (entry.low, entry.high))
    if math.isnan(entry.seed_sd):
        return low, high
    return min(low, entry.value - entry.seed_sd), max(high, entry.value + entry.seed_sd)


def _plotted(comparison: Comparison, entry: Entry) -> dict[str, Any]:
    axis = _Axis.of(comparison)
    low, high = (entry.value if math.isnan(end) else end for end in (entry.low, entry.high))
    spread = 0.0 if math.isnan(entry.seed_sd) else entry.seed_sd
    return {
        "entry": entry,
        "y": ROW * (entry.rank - 0.5),
        "at": axis.x(entry.value),
        "low": axis.x(low),
        "high": axis.x(high),
        "sd_low": axis.x(entry.value - spread),
        "sd_high": axis.x(entry.value + spread),
        "text": f"{entry.name}: {number(entry.value)}, {number(entry.low)} to {number(entry.high)}",
    }


def _lanes(comparison: Comparison) -> list[dict[str, Any]]:
    """Return one bar a tie group, beside the plot: from its best run to its worst, with a mark a run."""
    rank = {entry.name: entry.rank for entry in comparison.entries}
    return [
        {
            "x": WIDTH + 14 + 12 * lane,
            "first": ROW * (min(rank[name] for name in group) - 0.5),
            "last": ROW * (max(rank[name] for name in group) - 0.5),
            "marks": [ROW * (rank[name] - 0.5) for name in group],
        }
        for lane, group in enumerate(comparison.groups)
    ]
