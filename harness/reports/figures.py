"""Tables in, small PNG figures out that stay legible in grey and to colour-blind readers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 110
"""Small files that are still sharp where the MLflow UI shows them at their own size."""

# Blue and orange differ in lightness too, so that they can be told apart in grey and by colour-blind readers.
INK, BLUE, ORANGE, GREY = "#1b1f24", "#0b5fa5", "#b35400", "#8a939c"
LINES = (BLUE, ORANGE, "#1a7f6b", "#7a3e9d", "#555d66")


def curves_png(curves: Mapping[str, Sequence[Mapping[str, float]]], title: str) -> bytes:
    """Draw training curves: one panel per quantity, one line per trial.

    Parameters
    ----------
    curves : mapping
        Trial name → one mapping of quantities per step.
    title : str
    """
    from matplotlib.ticker import MaxNLocator

    # In the order in which the classifier records them.
    quantities = list(dict.fromkeys(key for steps in curves.values() for step in steps for key in step))
    columns = min(3, len(quantities))
    rows = -(-len(quantities) // columns)
    figure, grid = canvases(3.3 * columns, 2.5 * rows + 0.4, rows, columns)
    for panel, quantity in zip(grid, quantities, strict=False):
        for number, (name, steps) in enumerate(curves.items()):
            points = [(at, step[quantity]) for at, step in enumerate(steps, start=1) if quantity in step]
            color = LINES[number % len(LINES)]
            steps_at, values = zip(*points, strict=True)
            panel.plot(steps_at, values, label=name, color=color, marker="o", markersize=3, linewidth=1.2)
        panel.set_title(quantity.replace("_", " "), fontsize=9, loc="left")
        panel.set_xlabel("step", fontsize=8)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.tick_params(labelsize=8)
        panel.grid(color="#e3e6e9", linewidth=0.6)
    for panel in grid[len(quantities) :]:
        panel.set_visible(False)
    if len(curves) > 1:
        grid[0].legend(fontsize=7, frameon=False)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    return png(figure)


def learning_png(points: Sequence[tuple[int, float, float, float]], metric: str, title: str) -> bytes:
    """Draw a learning curve with its intervals.

    Parameters
    ----------
    points : sequence of (int, float, float, float)
        Labels, score, and the bounds of its interval, which may be NaN.
    metric, title : str
    """
    figure, (panel,) = canvases(4.6, 3.0, 1, 1)
    labels, values, lows, highs = zip(*points, strict=True)
    panel.fill_between(labels, lows, highs, color=BLUE, alpha=0.15, linewidth=0)
    panel.plot(labels, values, color=BLUE, marker="o", markersize=4, linewidth=1.2)
    panel.set_xlabel("labels of gold in training", fontsize=8)
    panel.set_ylabel(f"{metric} on validation", fontsize=8)
    panel.tick_params(labelsize=8)
    panel.grid(color="#e3e6e9", linewidth=0.6)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    return png(figure)


def canvases(width: float, height: float, rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    """Return an empty figure, its size in inches, and its panels row by row."""
    # A Figure of its own: pyplot would keep global state and look for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels: Any = figure.subplots(rows, columns, squeeze=False)
    for panel in panels.ravel():
        panel.spines[["top", "right"]].set_visible(False)
    return figure, list(panels.ravel())


def png(figure: Figure) -> bytes:
    """Return a figure as an image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    # Not savefig: where a layout is computed, it draws the figure twice and computes the layout as often.
    # matplotlib writes its version into the file: without it, equal figures are equal bytes.
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()
