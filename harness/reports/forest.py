"""A Comparison in, its forest plot and its tie groups as small PNG figures out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.reports.figures import BLUE, GREY, INK, ORANGE, canvases, png
from harness.scoring.comparison import Comparison, Pair, RankedRun
from harness.scoring.comparison.conclusions import shortened
from harness.values.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

ROW_HEIGHT = 0.3
"""Inches per run."""

MAX_LETTERS = 34
"""Length of a run's name at the axis; longer names are shortened."""

FAINT = "#e3e6e9"


def forest_png(comparison: Comparison) -> bytes:
    """Draw every run's score, and its difference from the best run, or from the reference where there is one.

    Thin lines are 95 % intervals over items and seeds; thick lines are one standard deviation over seeds in
    each direction. The marker of a difference is filled where the difference is significant.
    """
    entries = comparison.runs
    figure, (scores, gaps) = canvases(9.2, 1.5 + ROW_HEIGHT * len(entries), 1, 2)
    for line, entry in enumerate(entries):
        _score(scores, line, entry)
    _rows(scores, [entry.name for entry in entries])
    scores.set_xlabel(comparison.metric, fontsize=9)
    # Differences are drawn from one run: with all pairs a plot of ten runs would have 45 lines.
    centre = comparison.reference or entries[0].name
    gaps.axvline(0, color=GREY, linewidth=1)
    for line, entry in enumerate(entries):
        if entry.name != centre:
            _difference(gaps, line, comparison.pair(entry.name, centre), centre)
    _rows(gaps, [""] * len(entries))
    gaps.set_xlabel(f"difference from {shortened(centre, MAX_LETTERS)}", fontsize=9)
    figure.suptitle(_title(comparison), fontsize=10, x=0.01, ha="left")
    return png(figure)


def tie_groups_png(comparison: Comparison) -> bytes:
    """Draw the runs by score, with bars joining those that do not differ significantly."""
    entries, groups = comparison.runs, comparison.groups
    figure, (axes,) = canvases(7.4, 1.5 + ROW_HEIGHT * len(entries), 1, 1)
    line_of = {entry.name: line for line, entry in enumerate(entries)}
    values = [entry.value for entry in entries]
    # Runs with equal scores still need room for their bars.
    span = (max(values) - min(values)) or 0.1
    # One lane per group, beside the best values: groups may overlap.
    side = 1 if comparison.scalar_metric.higher_is_better else -1
    edge = max(values) if side > 0 else min(values)
    for number, group in enumerate(groups):
        lane = edge + side * span * (0.08 + 0.05 * number)
        color = BLUE if number % 2 == 0 else ORANGE
        lines = [line_of[name] for name in group]
        axes.plot([lane, lane], [min(lines) - 0.3, max(lines) + 0.3], color=color, linewidth=4)
        for name in group:
            at = line_of[name]
            axes.plot([values[at], lane], [at, at], color=color, linewidth=0.8, alpha=0.6)
            axes.plot([lane], [at], color=color, marker="s", markersize=6)
    for entry in entries:
        axes.plot([entry.value], [line_of[entry.name]], color=INK, marker="o", markersize=5)
    _rows(axes, [entry.name for entry in entries])
    axes.set_xlabel(comparison.metric, fontsize=9)
    axes.set_title(
        f"{_title(comparison)}\nJoined by a bar: no significant difference",
        fontsize=10,
        loc="left",
    )
    return png(figure)


def _score(axes: Axes, line: int, entry: RankedRun) -> None:
    if not math.isnan(entry.low):
        axes.plot([entry.low, entry.high], [line, line], color=BLUE, linewidth=1.2)
    if not math.isnan(entry.seed_sd):
        ends = [entry.value - entry.seed_sd, entry.value + entry.seed_sd]
        axes.plot(ends, [line, line], color=BLUE, linewidth=4, alpha=0.45, solid_capstyle="butt")
    axes.plot([entry.value], [line], color=INK, marker="o", markersize=4.5)


def _difference(axes: Axes, line: int, pair: Pair, centre: str) -> None:
    difference = pair.difference
    # A pair's difference is better minus worse; the plot shows run minus centre.
    sign = -1 if pair.better == centre else 1
    ends = sorted((sign * difference.low, sign * difference.high))
    color = ORANGE if pair.separable else GREY
    if not math.isnan(difference.low):
        axes.plot(ends, [line, line], color=color, linewidth=1.4)
    fill = color if pair.separable else "white"
    axes.plot([sign * difference.value], [line], marker="o", markersize=5, color=color, markerfacecolor=fill)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [shortened(name, MAX_LETTERS) for name in names], fontsize=8.5)
    # The best run on top.
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def _title(comparison: Comparison) -> str:
    groups = (
        ""
        if comparison.n_clusters == comparison.n_items
        else f" in {counted(comparison.n_clusters, 'group')}"
    )
    return f"{comparison.metric} on {comparison.n_items:,} {comparison.split} items{groups}"
