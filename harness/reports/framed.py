"""Frame × stance tables in, a small PNG figure out: how often each party is framed how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.reports.figures import BLUE, GREY, canvases, png
from harness.scoring.crosstab import ALL, CrossCell, CrossTable
from harness.values.labels import NO_FRAME, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 6
"""How many parties the figure has room for, all together included."""


def framed_png(tables: Sequence[CrossTable], title: str, task: Task = "framing") -> bytes:
    """Draw the share of a party's mentions that have each frame, or stance, a panel a party; true and given.

    Lines are 95 % intervals over articles. Where only one of the two is known, that one is drawn.
    """
    shown = tables[:PANELS]
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)
    n_labels = len(_cells(shown[0], task))
    figure, panels = canvases(3.2 * columns + 1, (0.42 * n_labels + 1.0) * lines + 0.5, lines, columns)
    for place, panel in enumerate(panels):
        if place < len(shown):
            _panel(panel, shown[place], task, named=place % columns == 0)
        else:
            panel.set_visible(False)
    if len(panels[0].get_legend_handles_labels()[1]) > 1:
        panels[0].legend(fontsize=7, frameon=False)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    return png(figure)


def _cells(table: CrossTable, task: Task) -> dict[str, CrossCell]:
    """Return the margin that a task gives, by label."""
    if task == "stance":
        return {cell.stance: cell for cell in table.row(ALL) if cell.stance != ALL}
    return {cell.frame: cell for cell in table.cells if cell.stance == ALL and cell.frame != ALL}


def _panel(panel: Axes, table: CrossTable, task: Task, *, named: bool) -> None:
    labels = _cells(table, task)
    for kind, color, shift in (("true", GREY, -0.14), ("predicted", BLUE, 0.14)):
        shares = [getattr(cell, kind) for cell in labels.values()]
        if all(math.isnan(one.value) for one in shares):
            continue
        for place, one in enumerate(shares):
            if not math.isnan(one.low):
                panel.plot([one.low, one.high], [place + shift] * 2, color=color, linewidth=1.3)
        places = [place + shift for place in range(len(shares))]
        face = "white" if kind == "true" else color
        panel.plot(
            [one.value for one in shares],
            places,
            linestyle="",
            marker="o",
            markersize=4.5,
            color=color,
            markerfacecolor=face,
            label="given" if kind == "predicted" else kind,
        )
    words = ["no frame" if name == NO_FRAME else name.replace("_", " ") for name in labels]
    panel.set_yticks(range(len(words)), words if named else [""] * len(words), fontsize=8)
    panel.set_ylim(len(words) - 0.5, -0.5)
    panel.set_xlim(left=0)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    panel.tick_params(axis="x", labelsize=8)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="#e3e6e9", linewidth=0.6)
    panel.set_title(f"{table.party[:34]}, {table.n:,} mentions", fontsize=9, loc="left")
