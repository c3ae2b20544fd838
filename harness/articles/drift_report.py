"""A watched stream in; its table of weeks and a plot of them, as files, out."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import TYPE_CHECKING

from harness.articles.drift import WORDS, Drift, Week, drift_rows
from harness.reports.figures import BLUE, GREY, INK, ORANGE, canvases, png
from harness.values.errors import ArticleError, Problem
from harness.values.outputs import claimed, write_text, written
from harness.values.spreadsheets import table_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TABLE, PLOT = "drift.csv", "drift.png"
"""The files of a folder of results."""

MAX_TICKS = 8
MIN_SHOWN, MAX_SHOWN = math.log(1e-3), math.log(1e6)
"""Evidence that is drawn, as logarithms: what is less, or more, says no more."""


def drift_files(output: Path) -> dict[str, Path]:
    """Return the files that an output stands for: ``table`` and ``plot``.

    Parameters
    ----------
    output : Path
        ``.csv`` is the table alone, ``.png`` the plot alone; a folder gets both.

    Raises
    ------
    ArticleError
        Where it has another ending.
    """
    ending = output.suffix.lower()
    if ending == ".csv":
        return {"table": output}
    if ending == ".png":
        return {"plot": output}
    if ending and not output.is_dir():
        what = "is neither a table of weeks (.csv) nor a plot (.png)"
        raise ArticleError([Problem(str(output), what, "name a folder for both")])
    return {"table": output / TABLE, "plot": output / PLOT}


def write_drift(drift: Drift, output: Path, *, raw: bool = False) -> list[Path]:
    """Write a table of weeks, a plot of them, or both into a folder; see :func:`drift_files`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ArticleError
        Where the output has an unknown ending.
    OutputError
        Where a file cannot be written, or another process writes there.
    """
    files = drift_files(output)
    with claimed(output, folder=output not in files.values()):
        if "table" in files:
            rows = drift_rows(drift)
            write_text(files["table"], table_text(list(rows[0]), rows, raw=raw))
        if "plot" in files:
            image = plot_drift(drift)
            with written(files["plot"]) as handle:
                handle.write(image)
    return list(files.values())


def plot_drift(drift: Drift) -> bytes:
    """Draw a stream by week: each covariate beside its reference, and the evidence for a change.

    Returns
    -------
    bytes
        A PNG image: a panel a covariate, and one of the evidence on a logarithmic axis with the bound at
        which the alarm goes off.
    """
    n = len(drift.covariates) + 1
    weeks = [_day(week) for week in drift.weeks]
    # Inches: a year of weeks on a page.
    figure, panels = canvases(min(max(0.14 * len(weeks), 5.0), 10.0), 1.25 * n + 0.7, n, 1)
    for name, panel in zip(drift.covariates, panels, strict=False):
        _covariate(panel, drift, name)
    _evidence(panels[-1], drift)
    for number, panel in enumerate(panels):
        _weeks(panel, drift, last=number == n - 1)
    alarm = drift.alarm
    title = "no alarm" if alarm is None else f"alarm in the week of {alarm.monday}"
    key = "dots: weeks, 95 % interval; dashed: mean of the reference (shaded weeks)"
    figure.suptitle(f"{title}\n{key}", fontsize=9, x=0.01, ha="left", parse_math=False)
    return png(figure)


def _day(week: Week) -> int:
    return dt.date.fromisoformat(week.monday).toordinal()


def _covariate(panel: Axes, drift: Drift, name: str) -> None:
    points = [(_day(week), week.measures[name]) for week in drift.weeks if name in week.measures]
    days, values = [day for day, _ in points], [measure.value for _, measure in points]
    # A week of few articles has a value without an interval: a hollow dot.
    with_interval = [(day, measure) for day, measure in points if not math.isnan(measure.low)]
    panel.plot(days, values, "o", mfc="none", mec=GREY, markersize=3.5)
    panel.errorbar(
        [day for day, _ in with_interval],
        [measure.value for _, measure in with_interval],
        yerr=[
            [measure.value - measure.low for _, measure in with_interval],
            [measure.high - measure.value for _, measure in with_interval],
        ],
        fmt="o",
        color=BLUE,
        markersize=3.5,
        linewidth=1.0,
    )
    panel.axhline(drift.reference(name), color=INK, linewidth=0.8, linestyle="--")
    heading = "words in a sentence" if name == WORDS else name
    # Labels are no formulas.
    panel.set_title(heading, fontsize=8, loc="left", parse_math=False)


def _evidence(panel: Axes, drift: Drift) -> None:
    shown = [
        math.exp(min(max(week.log_evidence, MIN_SHOWN), MAX_SHOWN))
        for week in drift.weeks
        if not week.is_reference
    ]
    panel.plot([_day(week) for week in drift.weeks if not week.is_reference], shown, color=BLUE)
    panel.axhline(1 / drift.alpha, color=ORANGE, linewidth=0.8)
    panel.set_yscale("log")
    panel.set_title(f"evidence for a change; alarm at {1 / drift.alpha:,.0f}", fontsize=8, loc="left")


def _weeks(panel: Axes, drift: Drift, *, last: bool) -> None:
    """Draw what all panels share: the reference, the alarm, and an axis of weeks."""
    days = [_day(week) for week in drift.weeks]
    reference = [_day(week) for week in drift.weeks if week.is_reference]
    panel.axvspan(reference[0] - 3.5, reference[-1] + 3.5, color=GREY, alpha=0.15, linewidth=0)
    if drift.alarm is not None:
        panel.axvline(_day(drift.alarm), color=ORANGE, linewidth=1.2)
    step = -(-len(days) // MAX_TICKS)
    ticks = days[::step]
    panel.set_xlim(days[0] - 3.5, days[-1] + 3.5)
    panel.set_xticks(ticks, [week.monday for week in drift.weeks[::step]], fontsize=7)
    panel.tick_params(labelsize=7, labelbottom=last)
    panel.grid(axis="y", color="#e3e6e9", linewidth=0.6)
