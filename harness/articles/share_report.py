"""Shares in; a table, plots and a page in a folder, and a summary on the screen, out."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.articles.console import WIDTH, print_notes, print_paths, printable
from harness.articles.share_plots import largest, plot_shares
from harness.articles.shares import StanceShare
from harness.reports.pages import environment
from harness.values.formatting import MISSING, interval, number
from harness.values.outputs import claimed, write_text, written
from harness.values.spreadsheets import table_text

if TYPE_CHECKING:
    from rich.table import Table

MAX_PLOTS = 20
"""Parties that are plotted: those with most rows. The table has all of them."""

MAX_GROUPS = 4
"""Groups that are printed on the screen: those with most rows."""


def share_rows(shares: Sequence[StanceShare]) -> list[dict[str, Any]]:
    """Return one row for each share; what is unknown is empty."""
    return [
        share.group
        | {
            "voice": share.voice,
            "label": share.label,
            "rows": share.n,
            "labelled": share.n_gold,
            "naive": _number(share.naive.value),
            "naive_low": _number(share.naive.low),
            "naive_high": _number(share.naive.high),
            "share": _number(share.corrected.value),
            "low": _number(share.corrected.low),
            "high": _number(share.corrected.high),
        }
        for share in shares
    ]


def _number(value: float) -> float | str:
    return "" if math.isnan(value) else round(value, 6)


def write_report(
    shares: Sequence[StanceShare], folder: Path, *, notes: Sequence[str] = (), raw: bool = False
) -> list[Path]:
    """Write ``shares.csv``, a plot of each of the largest parties, and ``shares.html`` with all of them.

    Parameters
    ----------
    shares : sequence of StanceShare
        At least one.
    folder : Path
        Made where it does not exist.
    notes : sequence of str
        Shown on the page: see :func:`harness.articles.shares.limitations`.
    raw : bool
        Whether cells are written as they are, see :mod:`harness.values.spreadsheets`.

    Returns
    -------
    list of Path
        The table and the page.

    Raises
    ------
    OutputError
        Where a file cannot be written, or another process writes into the folder.
    """
    with claimed(folder, folder=True):
        return _write_report(shares, folder, notes, raw=raw)


def _write_report(
    shares: Sequence[StanceShare], folder: Path, notes: Sequence[str], *, raw: bool
) -> list[Path]:
    rows = share_rows(shares)
    table = table_text(list(rows[0]), rows, raw=raw)
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
    page = (
        environment()
        .get_template("shares.html.j2")
        .render(
            plots=plots,
            rows=rows,
            keys=list(shares[0].group),
            notes=notes,
            parties=len({share.group.get("target") for share in shares}),
        )
    )
    paths = [folder / "shares.csv", folder / "shares.html"]
    for path, content in zip(paths, (table, page), strict=True):
        write_text(path, content)
    return paths


def print_shares(shares: Sequence[StanceShare], notes: Sequence[str], written: Sequence[Path]) -> None:
    """Print the shares of the largest groups, naive and corrected, then notes and the files written."""
    from rich.console import Console

    console = Console(highlight=False, width=WIDTH)
    groups: dict[tuple[str, ...], list[StanceShare]] = {}
    for share in shares:
        groups.setdefault(tuple(share.group.values()), []).append(share)
    sizes = {key: sum(share.n for share in group) for key, group in groups.items()}
    for key in sorted(groups, key=lambda key: -sizes[key])[:MAX_GROUPS]:
        console.print(printable(", ".join(value for value in key if value)), style="bold", soft_wrap=True)
        console.print(_group_table(groups[key]))
    if len(groups) > MAX_GROUPS:
        console.print(f"{len(groups) - MAX_GROUPS:,} more groups are in the table that --output writes.")
    print_notes(console, notes)
    print_paths(console, written)


def _group_table(shares: Sequence[StanceShare]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("voice", "stance"):
        table.add_column(heading, no_wrap=True, min_width=10)
    for heading in ("rows", "labelled", "naive", "corrected", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    previous_voice = ""
    for share in shares:
        if share.n:
            corrected, is_first = share.corrected, share.voice != previous_voice
            is_corrected = not math.isnan(corrected.value)
            table.add_row(
                share.voice if is_first else "",
                printable(share.label),
                f"{share.n:,}" if is_first else "",
                f"{share.n_gold:,}" if is_first else "",
                number(share.naive.value),
                number(corrected.value),
                interval(corrected.low, corrected.high, between="–") if is_corrected else MISSING,
            )
            previous_voice = share.voice
    return table
