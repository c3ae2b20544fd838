"""A command line about a stream of labels in, its weeks and an alarm on the screen out: the verb drift."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import screen
from harness.cli.reporting import Report
from harness.values.formatting import counted, number, percent

if TYPE_CHECKING:
    from rich.table import Table

    from harness.articles.drift import Drift
    from harness.runs.stream_drift import WatchedStream

MAX_WEEKS = 26
"""Weeks that are printed: the last ones. The table has all of them."""


def drift(
    rows: Annotated[
        Path,
        typer.Argument(
            help="Labelled rows with dates: what harness read or harness predict wrote.", show_default=False
        ),
    ],
    reference: Annotated[
        int, typer.Option(help="Weeks at the beginning that the others are compared with.")
    ] = 8,
    alarm: Annotated[
        float, typer.Option(help="Highest chance of an alarm without a change, over the whole stream.")
    ] = 0.05,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the table of weeks (.csv), a plot of them (.png), or both into a folder.",
            show_default=False,
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Write cells as they are, also those that a spreadsheet would compute."),
    ] = False,
) -> Report:
    """Watch labels week by week, with an alarm.

    Each week is compared with the first weeks. The alarm goes off where the labels changed; how often it goes
    off without a change is bounded.
    """
    from harness.runs.stream_drift import drift as watch

    watched = watch(rows, reference=reference, alarm=alarm, output=output, raw=raw)
    _print(watched)
    stream = watched.stream
    return {
        "weeks": stream.weeks,
        "alarm": stream.alarm,
        "notes": watched.notes,
        "written": watched.written,
    }


def _print(watched: WatchedStream) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=screen.width())
    console.print(_table(watched.stream))
    hidden = len(watched.stream.weeks) - MAX_WEEKS
    if hidden > 0:
        console.print(f"{counted(hidden, 'earlier week')} in the table that --output writes.")
    for note in watched.notes:
        typer.echo(screen.paragraph(note))
    for path in watched.written:
        typer.echo(str(path))


def _table(watched: Drift) -> Table:
    from rich.table import Table

    from harness.articles.drift import WORDS

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("week of", no_wrap=True)
    for heading in ("articles", *watched.covariates, "evidence"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for week in watched.weeks[-MAX_WEEKS:]:
        cells = []
        for name in watched.covariates:
            measure = week.measures.get(name)
            value = float("nan") if measure is None else measure.value
            cells.append(number(value, places=1) if name == WORDS else percent(value))
        state = (
            "reference" if week.is_reference else "alarm" if week.alarm else "" if week.rows else "no rows"
        )
        shown = "" if week.is_reference else f"{math.exp(min(week.log_evidence, 20)):,.1f}"
        table.add_row(week.monday, f"{week.articles:,}", *cells, shown, state)
    return table


def add_to(app: typer.Typer) -> None:
    """Add the verb to a command line."""
    app.command()(drift)
