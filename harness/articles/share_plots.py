"""Shares of a party in, a plot of them by week, or side by side by outlet, out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.articles.holders import VOICES
from harness.articles.shares import SHARE_VOICES, StanceShare
from harness.reports.figures import BLUE, GREY, ORANGE, canvases, png
from harness.values.minimums import MIN_GOLD_ROWS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"critical": ORANGE, "neutral": GREY, "supportive": BLUE}
MARKERS = {"critical": "v", "neutral": "o", "supportive": "^"}
OTHER_COLOUR, OTHER_MARKER = "#7a3e9d", "s"

MAX_PANELS = 6
"""Outlets that get a row of panels in the plot of a party: those with most rows."""

MAX_OUTLETS = 20
"""Outlets that stand side by side in one panel: those with most rows."""

_MAX_TICKS = 6
_MAX_NAME = 22
# Between the stances of one week or outlet, in weeks or outlets: three markers fit without touching.
_STEP = 0.26


@dataclass(frozen=True)
class ShareAxis:
    """The horizontal axis of a plot.

    Attributes
    ----------
    key : str
        ``week``, ``outlet``, or empty: then all shares have one position.
    positions : dict
        Value of the key → position; weeks are 1 apart.
    ticks : dict
        Position → its label.
    step : float
        Distance between the stances of one position.
    """

    key: str
    positions: dict[str, float]
    ticks: dict[float, str]
    step: float

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the axis."""
        return min(self.positions.values()) - 3 * self.step, max(self.positions.values()) + 3 * self.step


def plot_shares(shares: Sequence[StanceShare], title: str) -> bytes:
    """Plot the shares of a party: a column for each voice, weeks (or outlets) from left to right.

    With weeks and outlets there is a row of panels for each outlet. Corrected shares are filled markers with
    their 95 % interval, that of the stream where these rows have none; naive ones stand hollow beside them,
    small where there are few rows.

    Parameters
    ----------
    shares : sequence of StanceShare
        Of one party; at least one.
    title : str
        Shown as it is, never as a formula.

    Returns
    -------
    bytes
        A PNG image.
    """
    keys = shares[0].group
    axis = by_week(shares) if "week" in keys else by_outlet(shares)
    across = "outlet" if {"week", "outlet"} <= set(keys) else ""
    rows, voices = largest(shares, across, MAX_PANELS), VOICES if across else SHARE_VOICES
    # Inches: wide enough for the markers of each position, and all voices on a page.
    width = min(max(0.42 * len(axis.positions), 2.4), 9.0 / len(voices) + 1) + 0.5
    figure, panels = canvases(width * len(voices), 1.7 * len(rows) + 1.2, len(rows), len(voices))
    for number, panel in enumerate(panels):
        row, voice = rows[number // len(voices)], voices[number % len(voices)]
        inside = [
            share
            for share in shares
            if share.voice == voice
            and share.group.get(across, "") == row
            and share.group.get(axis.key, "") in axis.positions
        ]
        _panel(panel, inside, axis)
        # Names are no formulas: an outlet may be called $A_B$.
        panel.set_title(f"{row}: {voice}" if row else voice, fontsize=8, loc="left", parse_math=False)
        last, first = number // len(voices) == len(rows) - 1, number % len(voices) == 0
        panel.tick_params(labelsize=7, labelbottom=last, labelleft=first)
    # One legend for all panels, below them.
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, frameon=False, ncols=4, loc="outside lower left")
    key = f"filled: corrected, 95 % interval; hollow: naive, small under {MIN_GOLD_ROWS} rows"
    figure.suptitle(f"{title}\n{key}", fontsize=9, x=0.01, ha="left", parse_math=False)
    return png(figure)


def largest(shares: Sequence[StanceShare], key: str, limit: int) -> list[str]:
    """Return the values of a column with most rows, at most ``limit``; ``""`` without such a column."""
    sizes: dict[str, int] = {}
    for share in shares:
        name = share.group.get(key, "")
        sizes[name] = sizes.get(name, 0) + share.n
    return sorted(sizes, key=lambda name: -sizes[name])[:limit]


def by_outlet(shares: Sequence[StanceShare]) -> ShareAxis:
    """Return an axis of outlets, those with most rows first; without outlets it has one position."""
    key = "outlet" if "outlet" in shares[0].group else ""
    positions = {name: float(rank) for rank, name in enumerate(largest(shares, key, MAX_OUTLETS))}
    ticks = {
        position: name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
        for name, position in positions.items()
    }
    return ShareAxis(key, positions, ticks, _STEP)


def by_week(shares: Sequence[StanceShare]) -> ShareAxis:
    """Return an axis of weeks, as far apart as they are in time; shares without a date stand before them."""
    weeks = sorted({share.group["week"] for share in shares})
    dated = [dt.date.fromisoformat(week) for week in weeks if week]
    positions = {day.isoformat(): (day - dated[0]).days / 7 for day in dated}
    span = max(positions.values(), default=0.0)
    # Over many weeks the markers of a week would fall on one another.
    step = max(_STEP, span * 0.008)
    ticks: dict[float, str] = {}
    # A tick where there is room for one; the year only where it changes.
    year, next_free = "", 0.0
    for week, position in positions.items():
        if position >= next_free:
            ticks[position] = week if week[:4] != year else week[5:]
            year, next_free = week[:4], position + max(span / _MAX_TICKS, step)
    if "" in weeks:
        positions[""] = -8 * step if dated else 0.0
        ticks[positions[""]] = "no date"
    return ShareAxis("week", positions, ticks, step)


def _panel(panel: Axes, shares: Sequence[StanceShare], axis: ShareAxis) -> None:
    labels = list(dict.fromkeys(share.label for share in shares))
    for number, label in enumerate(labels):
        shift = (number - (len(labels) - 1) / 2) * axis.step
        color, marker = COLOURS.get(label, OTHER_COLOUR), MARKERS.get(label, OTHER_MARKER)
        points = [
            (axis.positions[share.group.get(axis.key, "")] + shift, share)
            for share in shares
            if share.label == label
        ]
        for few in (False, True):
            # Naive shares of few rows are drawn small: they scatter whatever the model does.
            naive = [(x, share.naive.value) for x, share in points if (share.n < MIN_GOLD_ROWS) is few]
            panel.plot(
                [x + 0.3 * axis.step for x, _ in naive],
                [value for _, value in naive],
                marker,
                mfc="none",
                mec=color,
                markersize=3 if few else 5,
                alpha=0.5 if few else 0.8,
            )
        # Without labels here only the stream has an interval.
        corrected = [
            share.stream if math.isnan(share.corrected.low) else share.corrected for _, share in points
        ]
        values = [estimate.value for estimate in corrected]
        reach = [
            [estimate.value - estimate.low for estimate in corrected],
            [estimate.high - estimate.value for estimate in corrected],
        ]
        style = {"fmt": marker, "color": color, "markersize": 5, "capsize": 2, "linewidth": 1.2}
        panel.errorbar([x for x, _ in points], values, yerr=reach, label=label, **style)  # type: ignore[arg-type]
    # Room for markers at 0 and at 1.
    panel.set_ylim(-0.05, 1.05)
    panel.set_xlim(*axis.ends)
    upright = 90 if axis.key == "outlet" else 0
    panel.set_xticks(
        list(axis.ticks), list(axis.ticks.values()), fontsize=7, rotation=upright, parse_math=False
    )
    panel.grid(axis="y", color="#e3e6e9", linewidth=0.6)
