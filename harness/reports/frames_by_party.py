"""Frame × stance tables in, a small SVG figure out: the share of each frame in the mentions of each party."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.reports.pages import words
from harness.reports.vector_figures import Axis, render, text_width
from harness.scoring.crosstab import ALL, CellShare, CrossCell, CrossTable
from harness.values.formatting import counted
from harness.values.labels import NO_FRAME, Task

MAX_PANELS = 6
"""Parties that the figure has room for, the panel of all parties included."""

# Hollow and filled, so that the two can be told apart in grey, too.
SERIES = (("true", "#6b747d", "#ffffff"), ("predicted", "#0b5fa5", "#0b5fa5"))
"""Name, colour of the line and of what it encloses."""

_PANEL_WIDTH, _GAP, _ROW = 250, 36, 38


def framed_svg(tables: Sequence[CrossTable], title: str, task: Task = "framing") -> str:
    """Draw the share of each frame, or stance, in a party's mentions, true and predicted; a panel per party.

    Lines are 95 % intervals over articles. Where only true or only predicted labels exist, only those are
    drawn.
    """
    drawn = tables[:MAX_PANELS]
    columns = min(3, len(drawn))
    names = ["no frame" if name == NO_FRAME else words(name) for name in _cells(drawn[0], task)]
    left = max(map(text_width, names)) + 24
    plot_height = _ROW * len(names)
    line_height = plot_height + 62
    panels = [
        {
            "x": left + number % columns * (_PANEL_WIDTH + _GAP),
            "y": 40 + number // columns * line_height,
            # A longer name would run into the title of the next panel.
            "title": f"{table.party[:22]}, {counted(table.n, 'mention')}",
            "names": names if number % columns == 0 else (),
            **_content(_cells(table, task)),
        }
        for number, table in enumerate(drawn)
    ]
    width = left + columns * (_PANEL_WIDTH + _GAP)
    return render(
        "frames_by_party",
        title=title,
        panels=panels,
        legend=[series for series in SERIES if _shares(_cells(drawn[0], task), series[0])],
        plot_height=plot_height,
        row_height=_ROW,
        width=max(width, text_width(title, 13) + 24),
        height=40 + line_height * -(-len(drawn) // columns) + 16,
    )


def _cells(table: CrossTable, task: Task) -> dict[str, CrossCell]:
    """Return the margin of the table that belongs to a task, by label."""
    if task == "stance":
        return {cell.stance: cell for cell in table.row(ALL) if cell.stance != ALL}
    return {cell.frame: cell for cell in table.cells if cell.stance == ALL and cell.frame != ALL}


def _shares(cells: Mapping[str, CrossCell], series: str) -> list[CellShare]:
    """Return the shares of a series; none where all of them are unknown, as in an unlabelled corpus."""
    shares = [cell.true if series == "true" else cell.predicted for cell in cells.values()]
    return [] if all(math.isnan(share.value) for share in shares) else shares


def _content(cells: Mapping[str, CrossCell]) -> dict[str, Any]:
    """Return the axis and the marks of a panel."""
    by_series = {name: _shares(cells, name) for name, *_ in SERIES}
    ends = [end for shares in by_series.values() for share in shares for end in (share.value, share.high)]
    highest = max((end for end in ends if not math.isnan(end)), default=1.0) or 1.0
    # Shares start at 0: a cut axis exaggerates differences between parties.
    axis = Axis(0.0, 1.05 * highest, 0.0, float(_PANEL_WIDTH))
    marks = [
        {
            "row": row,
            "shift": 0.36 if name == "true" else 0.64,
            "color": color,
            "fill": fill,
            "value": axis.at(share.value),
            "low": None if math.isnan(share.low) else axis.at(share.low),
            "high": None if math.isnan(share.high) else axis.at(share.high),
        }
        for name, color, fill in SERIES
        for row, share in enumerate(by_series[name])
        if not math.isnan(share.value)
    ]
    return {"axis": axis, "marks": marks}
