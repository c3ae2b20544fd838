"""Shares in, a table, plots and a page out."""

from __future__ import annotations

import base64
import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.articles.share_plots import largest, plot_shares
from harness.articles.shares import StanceShare
from harness.articles.table_writer import atomic_file
from harness.reports.pages import environment

PLOTS = 20
"""Parties that are drawn: those with most rows. The table has all of them."""


def share_rows(shares: Sequence[StanceShare]) -> list[dict[str, Any]]:
    """Return one row a share; what is not known is empty."""
    return [
        one.group
        | {
            "voice": one.voice,
            "label": one.label,
            "rows": one.n,
            "labelled": one.n_gold,
            "naive": _number(one.naive.value),
            "naive_low": _number(one.naive.low),
            "naive_high": _number(one.naive.high),
            "share": _number(one.corrected.value),
            "low": _number(one.corrected.low),
            "high": _number(one.corrected.high),
        }
        for one in shares
    ]


def _number(value: float) -> float | str:
    return "" if math.isnan(value) else round(value, 6)


def write_report(shares: Sequence[StanceShare], folder: Path, *, notes: Sequence[str] = ()) -> list[Path]:
    """Write ``shares.csv``, a plot of each of the largest parties, and ``shares.html`` with all of them.

    Returns
    -------
    list of Path
        The table and the page.
    """
    rows = share_rows(shares)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    plots = []
    parties = largest(shares, "target", PLOTS)
    for number, party in enumerate(parties, start=1):
        name = party or "all parties"
        image = plot_shares([one for one in shares if one.group.get("target", "") == party], name)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40]
        _save(folder / f"{number:02d}-{slug or 'all'}.png", image)
        plots.append({"name": name, "image": base64.b64encode(image).decode("ascii")})
    page = (
        environment()
        .get_template("shares.html.j2")
        .render(
            plots=plots,
            rows=rows,
            keys=list(shares[0].group),
            notes=notes,
            parties=len({one.group.get("target") for one in shares}),
        )
    )
    paths = [folder / "shares.csv", folder / "shares.html"]
    for path, content in zip(paths, (text.getvalue(), page), strict=True):
        _save(path, content.encode("utf-8", "replace"))
    return paths


def _save(path: Path, content: bytes) -> None:
    with atomic_file(path) as handle:
        handle.write(content)
