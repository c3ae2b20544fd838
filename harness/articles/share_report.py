"""Shares in; a table, plots and a page in a folder, and a summary on the screen, out."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.articles.console import WIDTH, print_notes, print_paths, printable
from harness.articles.share_differences import StanceDifference
from harness.articles.share_plots import largest, plot_shares
from harness.articles.shares import SHARE_VOICES, StanceShare
from harness.reports.pages import environment
from harness.values.formatting import interval, number, p_value
from harness.values.outputs import claimed, write_text, written
from harness.values.spreadsheets import table_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MAX_PLOTS = 20
"""Parties that are plotted: those with most rows. The table has all of them."""

MAX_GROUPS = 4
"""Groups that are printed on the screen: those with most rows."""


MAX_DIFFERENCES = 12
"""Differences that are printed on the screen: those with the smallest p-values."""


@dataclass(frozen=True)
class ShareReport:
    """What is reported of shares.

    Attributes
    ----------
    shares : sequence of StanceShare
        At least one.
    notes : sequence of str
        See :func:`harness.articles.shares.limitations`.
    differences : sequence of StanceDifference
    compared : str or None
        The column that they are between.
    half_width : float or None
        That was asked for.
    """

    shares: Sequence[StanceShare]
    notes: Sequence[str] = ()
    differences: Sequence[StanceDifference] = ()
    compared: str | None = None
    half_width: float | None = None


def share_rows(shares: Sequence[StanceShare]) -> list[dict[str, Any]]:
    """Return one row for each share; what is unknown is empty."""
    return [
        share.group
        | {
            "voice": share.voice,
            "label": share.label,
            "rows": share.n,
            "abstains": share.n_abstained,
            "labelled": share.n_gold,
            "naive": _number(share.naive.value),
            "naive_low": _number(share.naive.low),
            "naive_high": _number(share.naive.high),
            "share": _number(share.corrected.value),
            "low": _number(share.corrected.low),
            "high": _number(share.corrected.high),
            "low_stream": _number(share.stream.low),
            "high_stream": _number(share.stream.high),
            "method": share.method,
            "needed": _count(share.needed),
            "needed_stream": _count(share.needed_stream),
        }
        for share in shares
    ]


def difference_rows(differences: Sequence[StanceDifference]) -> list[dict[str, Any]]:
    """Return one row for each difference."""
    return [
        difference.group
        | {
            "compared": difference.column,
            "first": difference.first,
            "second": difference.second,
            "label": difference.label,
            "difference": _number(difference.rows.value),
            "low": _number(difference.rows.low),
            "high": _number(difference.rows.high),
            "p": difference.rows.p,
            "p_holm": difference.p_holm,
            "low_stream": _number(difference.stream.low),
            "high_stream": _number(difference.stream.high),
            "p_stream": difference.stream.p,
            "p_holm_stream": difference.p_holm_stream,
        }
        for difference in differences
    ]


def _number(value: float) -> float | str:
    return "" if math.isnan(value) else round(value, 6)


def _count(value: float) -> int | str:
    return int(value) if math.isfinite(value) else "" if math.isnan(value) else "too few articles"


TABLE, DIFFERENCES, PAGE = "shares.csv", "differences.csv", "shares.html"
"""The files of a report, besides its plots."""


def report_files(folder: Path) -> list[Path]:
    """List the tables and the page that a report in a folder may have."""
    return [folder / name for name in (TABLE, DIFFERENCES, PAGE)]


def write_report(report: ShareReport, folder: Path, *, raw: bool = False) -> list[Path]:
    """Write tables, a plot of each of the largest parties, and a page with all of them.

    Parameters
    ----------
    report : ShareReport
    folder : Path
        Made where it does not exist.
    raw : bool
        Whether cells are written as they are, see :mod:`harness.values.spreadsheets`.

    Returns
    -------
    list of Path
        The tables (``shares.csv``; ``differences.csv`` where there are any) and the page, ``shares.html``.

    Raises
    ------
    OutputError
        Where a file cannot be written, or another process writes into the folder.
    """
    with claimed(folder, folder=True):
        return _write_report(report, folder, raw=raw)


def _write_report(report: ShareReport, folder: Path, *, raw: bool) -> list[Path]:
    shares = report.shares
    rows, differences = share_rows(shares), difference_rows(report.differences)
    contents = {TABLE: table_text(list(rows[0]), rows, raw=raw)}
    if differences:
        contents[DIFFERENCES] = table_text(list(differences[0]), differences, raw=raw)
    plots = []
    for index, party in enumerate(largest(shares, "target", MAX_PLOTS), start=1):
        name = party or "all parties"
        image = plot_shares([share for share in shares if share.group.get("target", "") == party], name)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40]
        # The number keeps names apart that have the same slug.
        with written(folder / f"{index:02d}-{slug or 'all'}.png") as handle:
            handle.write(image)
        # The image stands in the page itself, so that the page can be passed on alone.
        plots.append({"name": name, "image": base64.b64encode(image).decode("ascii")})
    contents[PAGE] = (
        environment()
        .get_template("shares.html.j2")
        .render(
            plots=plots,
            rows=rows,
            keys=list(shares[0].group),
            notes=report.notes,
            parties=len({share.group.get("target") for share in shares}),
            differences=differences,
            difference_keys=list(report.differences[0].group) if differences else [],
            compared=report.compared,
            half_width=report.half_width,
        )
    )
    paths = []
    for name, content in contents.items():
        # A lone surrogate in a party's name must not keep the report from being written.
        write_text(folder / name, content)
        paths.append(folder / name)
    return paths


def print_shares(report: ShareReport, written: Sequence[Path]) -> None:
    """Print the shares of the largest groups, their differences, notes and the files written."""
    from rich.console import Console

    console = Console(highlight=False, width=WIDTH)
    groups: dict[tuple[str, ...], list[StanceShare]] = {}
    for share in report.shares:
        groups.setdefault(share.group_key, []).append(share)
    sizes = {key: sum(share.n for share in group) for key, group in groups.items()}
    for key in sorted(groups, key=lambda key: -sizes[key])[:MAX_GROUPS]:
        console.print(printable(", ".join(value for value in key if value)), style="bold", soft_wrap=True)
        console.print(_group_table(groups[key]))
        if report.half_width is not None:
            console.print(_needed_line(groups[key], report.half_width))
    if len(groups) > MAX_GROUPS:
        console.print(f"{len(groups) - MAX_GROUPS:,} more groups are in the table that --output writes.")
    if report.compared is not None:
        _print_differences(console, report)
    print_notes(console, report.notes)
    print_paths(console, written)


def _group_table(shares: Sequence[StanceShare]) -> Table:
    from rich.table import Table

    # One blank between columns: with two, a line of numbers is longer than the screen.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("voice", "stance"):
        table.add_column(heading, no_wrap=True, min_width=10)
    for heading in ("rows", "gold", "naive", "share", "these rows", "stream"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("method", no_wrap=True)
    previous_voice = ""
    for share in shares:
        if share.n:
            corrected, stream, is_first = share.corrected, share.stream, share.voice != previous_voice
            table.add_row(
                share.voice if is_first else "",
                printable(share.label),
                f"{share.n:,}" if is_first else "",
                f"{share.n_gold:,}" if is_first else "",
                number(share.naive.value),
                number(corrected.value),
                interval(corrected.low, corrected.high, between="–"),
                interval(stream.low, stream.high, between="–"),
                share.method,
            )
            previous_voice = share.voice
    return table


def _needed_line(shares: Sequence[StanceShare], half_width: float) -> str:
    """Say how many rows a group needs, by the stance that needs most."""
    both = [share for share in shares if share.voice == SHARE_VOICES[0]]
    needed = max(share.needed for share in both)
    of_stream = [share.needed_stream for share in both if not math.isnan(share.needed_stream)]
    line = f"For ±{half_width:g}: {needed:,.0f} labelled rows"
    if not of_stream:
        return f"{line}, whatever the model is worth."
    if math.isinf(max(of_stream)):
        return f"{line}; for their stream, no number: more articles are needed."
    return f"{line}; for their stream, {max(of_stream):,.0f}."


def _print_differences(console: Console, report: ShareReport) -> None:
    """Print the differences with the smallest p-values."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("first – second", overflow="fold")
    table.add_column("stance", no_wrap=True)
    for heading in ("", "these rows", "stream", "p, Holm"):
        table.add_column(heading, justify="right", no_wrap=True)
    ranked = sorted(report.differences, key=lambda difference: difference.stream.p)
    for difference in ranked[:MAX_DIFFERENCES]:
        rows, stream = difference.rows, difference.stream
        where = ", ".join(value for value in difference.group.values() if value)
        pair = f"{difference.first} – {difference.second}" + (f" ({where})" if where else "")
        table.add_row(
            printable(pair),
            printable(difference.label),
            number(rows.value, signed=True),
            interval(rows.low, rows.high, signed=True, places=2),
            interval(stream.low, stream.high, signed=True, places=2),
            p_value(difference.p_holm_stream),
        )
    if not ranked:
        console.print(f"No two groups by {report.compared} have enough labelled rows to be compared.")
        return
    heading = f"differences by {report.compared}: {len(ranked[:MAX_DIFFERENCES])} of {len(ranked):,}"
    console.print(f"{heading}; p-values for the stream", style="bold")
    console.print(table)
