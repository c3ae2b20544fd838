"""Tables in, small SVG figures out that stay legible in grey and to colour-blind readers.

Drawn from templates: a plotting library takes 0.3 s of the processor for each, and 0.4 s to be imported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.reports.pages import environment, words
from harness.scoring.metrics.calibration import ReliabilityBin
from harness.values.labels import NO_ANSWER, LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

FONT_SIZE = 12
"""In pixels; of titles, one more."""

_LIGHT, _DARK = (247, 251, 255), (8, 69, 148)
"""Of the shades of a confusion matrix: an empty cell and a full one."""


@dataclass(frozen=True)
class Axis:
    """A horizontal scale from values to pixels.

    Attributes
    ----------
    low, high : float
        The values at its ends.
    left, right : float
        Their pixels.
    """

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Return the pixel of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.left + share * (self.right - self.left), 1)

    def ticks(self) -> list[float]:
        """Return three to nine round values on the scale.

        Examples
        --------
        >>> Axis(0.13, 0.52, 0, 100).ticks()
        [0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
        """
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.6)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(number * step, 10) for number in range(first, last + 1)]


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Return how many pixels a text takes at most in a common sans-serif font."""
    return 0.62 * size * len(text)


def confusion_svg(counts: NDArray[np.int64], labels: LabelSet, title: str) -> str:
    """Draw a confusion matrix: each cell holds a count and its share of the row, which is its shade too.

    Parameters
    ----------
    counts : (k, k) or (k, 2, 2) array, with one more column where predictions are missing
        See :func:`harness.scoring.metrics.counts.confusion`. For a multi-label task, one row per label
        with its hits, misses, false alarms and correct rejections.
    labels : LabelSet
    title : str

    Returns
    -------
    str
        An SVG document.
    """
    if labels.multi:
        table = np.stack([counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1], counts[:, 0, 0]], axis=1)
        sums = np.stack([counts[:, 1].sum(axis=1)] * 2 + [counts[:, 0].sum(axis=1)] * 2, axis=1)
        columns, heading = ["hit", "miss", "false alarm", "correct rejection"], "outcome"
        if counts.shape[-1] > 2:
            # Of all items, whether they have the label or not.
            table = np.column_stack([table, counts[..., 2].sum(axis=1)])
            sums = np.column_stack([sums, counts.sum(axis=(1, 2))])
            columns.append(NO_ANSWER)
    else:
        table, sums = counts, counts.sum(axis=1, keepdims=True) + np.zeros_like(counts)
        columns, heading = [words(name) for name in labels.names], "predicted label"
        columns += [NO_ANSWER] * (counts.shape[1] - len(labels))
    shares = np.divide(table, sums, out=np.zeros(table.shape), where=sums > 0)
    names = [words(name) for name in labels.names]
    cell = max(110.0, max(map(text_width, columns)) + 16)
    left = max(map(text_width, names)) + 44
    cells = [
        {"row": row, "column": column, "n": int(n), "share": float(shares[row, column])}
        for (row, column), n in np.ndenumerate(table)
    ]
    return render(
        "confusion",
        title=title,
        names=names,
        columns=columns,
        heading=heading,
        label="label" if labels.multi else "true label",
        # White text has the better contrast from here on, on these shades.
        cells=[{**item, "shade": _shade(item["share"]), "dark": item["share"] > 0.68} for item in cells],
        left=left,
        cell=cell,
        width=max(left + cell * len(columns) + 12, text_width(title, 13) + 24),
    )


def intervals_svg(rows: Sequence[tuple[str, float, float, float]], title: str, baseline: float) -> str:
    """Draw scores with their 95 % intervals, which the charts of MLflow cannot.

    Parameters
    ----------
    rows : sequence of (str, float, float, float)
        Name, value, low and high, from top to bottom; NaN for a bound that is unknown.
    title : str
    baseline : float
        The score of the best constant answer by the metric of the first row; NaN where there is none.
    """
    finite = [number for row in rows for number in row[1:] if not math.isnan(number)]
    finite += [] if math.isnan(baseline) else [baseline]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    # So far from the edges that the first and the last point are seen whole.
    margin = 0.05 * (high - low) or 0.05
    left = max((text_width(name) for name, *_ in rows), default=0.0) + 24
    axis = Axis(low - margin, high + margin, left, left + 480)
    return render(
        "intervals",
        title=title,
        rows=rows,
        baseline=baseline,
        axis=axis,
        width=max(axis.right + 20, text_width(title, 13) + 24),
    )


def reliability_svg(bins: Sequence[ReliabilityBin], title: str) -> str:
    """Draw predicted probability against observed frequency; on the diagonal calibration is perfect."""
    return render("reliability", title=title, bins=bins, width=max(440.0, text_width(title, 13) + 24))


def _shade(share: float) -> str:
    """Return the colour of a cell, from white to dark blue."""
    mixed = (round(light + share * (dark - light)) for light, dark in zip(_LIGHT, _DARK, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def render(name: str, **values: object) -> str:
    """Return a figure from its template ``figure_NAME.svg.j2``."""
    return environment().get_template(f"figure_{name}.svg.j2").render(isnan=math.isnan, **values)
