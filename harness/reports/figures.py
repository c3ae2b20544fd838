"""Tables in, small PNG figures out that stay legible in grey and to colour-blind readers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics.calibration import ReliabilityBin
from harness.values.labels import LabelSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DPI = 110
"""Small files that are still sharp where the MLflow UI shows them at their own size."""

# Blue and orange differ in lightness too, so that they can be told apart in grey and by colour-blind readers.
INK, BLUE, ORANGE, GREY = "#1b1f24", "#0b5fa5", "#b35400", "#8a939c"
LINES = (BLUE, ORANGE, "#1a7f6b", "#7a3e9d", "#555d66")


def confusion_png(counts: NDArray[np.int64], labels: LabelSet, title: str) -> bytes:
    """Draw a confusion matrix: each cell holds a count and its share of the row, which is its shade too.

    Parameters
    ----------
    counts : (k, k) or (k, 2, 2) array
        See :func:`harness.scoring.metrics.counts.confusion`. For a multi-label task, one row per label
        with its hits, misses, false alarms and correct rejections.
    labels : LabelSet
    title : str

    Returns
    -------
    bytes
        A PNG image.
    """
    if labels.multi:
        table = np.stack([counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1], counts[:, 0, 0]], axis=1)
        sums = np.stack([counts[:, 1].sum(axis=1)] * 2 + [counts[:, 0].sum(axis=1)] * 2, axis=1)
        columns, heading = ["hit", "miss", "false alarm", "correct\nrejection"], "outcome"
    else:
        table, sums = counts, counts.sum(axis=1, keepdims=True) + np.zeros_like(counts)
        columns, heading = list(labels.names), "predicted label"
    # A label without items has shares of 0, not NaN: matplotlib would leave its cells blank.
    shares = np.divide(table, sums, out=np.zeros(table.shape), where=sums > 0)
    figure, axes = _canvas(1.9 + 1.15 * table.shape[1], 1.4 + 0.72 * table.shape[0])
    # Scaled beyond 1, so that the darkest cell is still light enough for its text to be read in print.
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for (i, j), count in np.ndenumerate(table):
        # White text has the better contrast from here on, on this colour map.
        dark = shares[i, j] > 0.62
        text = f"{count:,}\n{shares[i, j]:.0%}"
        axes.text(j, i, text, ha="center", va="center", fontsize=9, color="white" if dark else INK)
    axes.set_xticks(range(len(columns)), columns, fontsize=9)
    axes.set_yticks(range(len(labels)), [name.replace("_", " ") for name in labels.names], fontsize=9)
    axes.set_xlabel(heading)
    axes.set_ylabel("label" if labels.multi else "true label")
    axes.tick_params(length=0)
    axes.set_title(title, fontsize=10, loc="left")
    return png(figure)


def intervals_png(rows: Sequence[tuple[str, float, float, float]], title: str, baseline: float) -> bytes:
    """Draw scores with their 95 % intervals, which the charts of MLflow cannot.

    Parameters
    ----------
    rows : sequence of (str, float, float, float)
        Name, value, low and high, from top to bottom; NaN for a bound that is unknown.
    title : str
    baseline : float
        The score of the best constant answer by the metric of the first row; NaN where there is none.
    """
    figure, axes = _canvas(6.4, 1.1 + 0.28 * len(rows))
    for line, (_, value, low, high) in enumerate(rows):
        color = BLUE if line else ORANGE
        axes.plot([low, high], [line, line], color=color, linewidth=1.4)
        axes.plot([value], [line], color=color, marker="o", markersize=5)
        axes.annotate(
            f"{value:.3f}", (value, line), (0, 5), textcoords="offset points", fontsize=7, ha="center"
        )
    if not np.isnan(baseline):
        axes.plot([baseline], [0], color=GREY, marker="|", markersize=14, label="best constant answer")
        axes.legend(loc="lower right", fontsize=7, frameon=False)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows], fontsize=8.5)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e3e6e9", linewidth=0.6)
    axes.set_title(title, fontsize=10, loc="left")
    return png(figure)


def reliability_png(bins: Sequence[ReliabilityBin], title: str) -> bytes:
    """Draw predicted probability against observed frequency; on the diagonal calibration is perfect."""
    figure, axes = _canvas(4.4, 4.0)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="perfect")
    confidences = [bin_.confidence for bin_ in bins]
    frequencies = [bin_.frequency for bin_ in bins]
    axes.plot(
        confidences, frequencies, color=BLUE, linewidth=1.4, marker="o", markersize=5, label="this classifier"
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("observed frequency")
    axes.grid(color="#e3e6e9", linewidth=0.6)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    axes.set_title(title, fontsize=10, loc="left")
    return png(figure)


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


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure, axes = canvases(width, height, 1, 1)
    return figure, axes[0]


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
