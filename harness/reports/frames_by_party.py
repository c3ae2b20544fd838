"""Frame × stance tables in, a small PNG figure out: the share of each frame in the mentions of each party."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.reports.figures import BLUE, GREY, canvases, png
from harness.scoring.crosstab import ALL, CrossCell, CrossTable
from harness.values.formatting import counted
from harness.values.labels import NO_FRAME, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_PANELS = 6
"""Parties that the figure has room for, the panel of all parties included."""


def framed_png(tables: Sequence[CrossTable], title: str, task: Task = "framing") -> bytes:
    """Draw the share of each frame, or stance, in a party's mentions, true and predicted; a panel per party.

    Lines are 95 % intervals over articles. Where only true or only predicted labels exist, only those are
    drawn.
    """
    drawn = tables[:MAX_PANELS]
    columns = min(3, len(drawn))
    lines = -(-len(drawn) // columns)
    n_labels = len(_cells(drawn[0], task))
    figure, panels = canvases(3.2 * columns + 1, (0.42 * n_labels + 1.0) * lines + 0.5, lines, columns)
    for number, panel in enumerate(panels):
        if number < len(drawn):
            _panel(panel, drawn[number], task, named=number % columns == 0)
        else:
            panel.set_visible(False)
    if len(panels[0].get_legend_handles_labels()[1]) > 1:
        panels[0].legend(fontsize=7, frameon=False)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    return png(figure)


def _cells(table: CrossTable, task: Task) -> dict[str, CrossCell]:
    """Return the margin of the table that belongs to a task, by label."""
    if task == "stance":
        return {cell.stance: cell for cell in table.row(ALL) if cell.stance != ALL}
    return {cell.frame: cell for cell in table.cells if cell.stance == ALL and cell.frame != ALL}


def _panel(panel: Axes, table: CrossTable, task: Task, *, named: bool) -> None:
    labels = _cells(table, task)
    series = {
        "true": ([cell.true for cell in labels.values()], GREY, -0.14),
        "predicted": ([cell.predicted for cell in labels.values()], BLUE, 0.14),
    }
    for name, (shares, color, shift) in series.items():
        # An unlabelled corpus has predicted shares alone.
        if all(math.isnan(share.value) for share in shares):
            continue
        for line, share in enumerate(shares):
            if not math.isnan(share.low):
                panel.plot([share.low, share.high], [line + shift] * 2, color=color, linewidth=1.3)
        lines = [line + shift for line in range(len(shares))]
        # Hollow and filled, so that the two can be told apart in grey, too.
        face = "white" if name == "true" else color
        panel.plot(
            [share.value for share in shares],
            lines,
            linestyle="",
            marker="o",
            markersize=4.5,
            color=color,
            markerfacecolor=face,
            label=name,
        )
    words = ["no frame" if name == NO_FRAME else name.replace("_", " ") for name in labels]
    panel.set_yticks(range(len(words)), words if named else [""] * len(words), fontsize=8)
    panel.set_ylim(len(words) - 0.5, -0.5)
    # Shares start at 0: a cut axis exaggerates differences between parties.
    panel.set_xlim(left=0)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    panel.tick_params(axis="x", labelsize=8)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="#e3e6e9", linewidth=0.6)
    # A longer name would run into the title of the next panel.
    panel.set_title(f"{table.party[:34]}, {counted(table.n, 'mention')}", fontsize=9, loc="left")
