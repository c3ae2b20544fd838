"""Shares in, a table, plots and a page out."""

from __future__ import annotations

import base64
import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.article.rows import whole
from harness.article.shares import VOICES, Share
from harness.report.figures import BLUE, GREY, ORANGE, canvases, png
from harness.report.pages import environment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"critical": ORANGE, "neutral": GREY, "supportive": BLUE}
MARKERS = {"critical": "v", "neutral": "o", "supportive": "^"}
PANELS = 12
"""Outlets that a party's plot has room for: those with most rows."""


def table(shares: Sequence[Share]) -> list[dict[str, Any]]:
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


def write(shares: Sequence[Share], folder: Path, *, notes: Sequence[str] = ()) -> list[Path]:
    """Write ``shares.csv``, a plot a party, and ``shares.html`` with all of them.

    Returns
    -------
    list of Path
        The table and the page.
    """
    rows = table(shares)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    plots = []
    for number, name in enumerate(dict.fromkeys(_party(one) for one in shares), start=1):
        image = plot([one for one in shares if _party(one) == name], name)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40]
        _save(folder / f"{number:02d}-{slug or 'all'}.png", image)
        plots.append({"name": name, "image": base64.b64encode(image).decode("ascii")})
    page = (
        environment()
        .get_template("shares.html.j2")
        .render(plots=plots, rows=rows, keys=list(shares[0].group), notes=notes)
    )
    paths = [folder / "shares.csv", folder / "shares.html"]
    for path, content in zip(paths, (text.getvalue(), page), strict=True):
        _save(path, content.encode("utf-8", "replace"))
    return paths


def _party(share: Share) -> str:
    return share.group.get("target", "all parties")


def _save(path: Path, content: bytes) -> None:
    with whole(path) as handle:
        handle.write(content)


def plot(shares: Sequence[Share], title: str) -> bytes:
    """Draw the shares of a party: a row of panels a voice, a panel an outlet, weeks from left to right.

    Corrected shares are filled with their 95 % interval, naive ones hollow beside them.
    """
    sizes: dict[str, int] = {}
    for one in shares:
        outlet = one.group.get("outlet", "")
        sizes[outlet] = sizes.get(outlet, 0) + one.n
    outlets = sorted(sizes, key=lambda name: -sizes[name])[:PANELS]
    weeks = sorted({one.group.get("week", "") for one in shares})
    width = max(2.6, min(0.45 * len(weeks), 6.0)) + 0.6
    figure, panels = canvases(
        max(width * len(outlets), 5.0), 2.3 * len(VOICES) + 0.7, len(VOICES), len(outlets)
    )
    for place, panel in enumerate(panels):
        voice, outlet = VOICES[place // len(outlets)], outlets[place % len(outlets)]
        mine = [one for one in shares if one.voice == voice and one.group.get("outlet", "") == outlet]
        _panel(panel, mine, weeks)
        panel.set_title(f"{outlet}: {voice}" if outlet else voice, fontsize=9, loc="left")
    panels[0].legend(fontsize=7, frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, 1.45))
    figure.suptitle(
        f"{title}: share of sentences; filled: corrected, with 95 % intervals; hollow: naive",
        fontsize=10,
        x=0.01,
        ha="left",
        parse_math=False,
    )
    return png(figure)


def _panel(panel: Axes, shares: Sequence[Share], weeks: Sequence[str]) -> None:
    labels = list(dict.fromkeys(one.label for one in shares))
    for number, label in enumerate(labels):
        shift = (number - (len(labels) - 1) / 2) * 0.22
        color, marker = COLOURS.get(label, "#7a3e9d"), MARKERS.get(label, "s")
        mine = [one for one in shares if one.label == label]
        places = [weeks.index(one.group.get("week", "")) + shift for one in mine]
        naive = [one.naive.value for one in mine]
        panel.plot([x + 0.07 for x in places], naive, marker, mfc="none", mec=color, markersize=5, alpha=0.8)
        values = [one.corrected.value for one in mine]
        reach = [
            [one.corrected.value - one.corrected.low for one in mine],
            [one.corrected.high - one.corrected.value for one in mine],
        ]
        panel.errorbar(
            places,
            values,
            yerr=reach,
            fmt=marker,
            color=color,
            markersize=5,
            capsize=2,
            linewidth=1.2,
            label=label,
        )
    panel.set_ylim(-0.03, 1.03)
    panel.set_xlim(-0.6, len(weeks) - 0.4)
    step = max(1, len(weeks) // 6)
    ticks = range(0, len(weeks), step)
    panel.set_xticks(list(ticks), [weeks[at][5:] or "all" for at in ticks], fontsize=7)
    panel.tick_params(labelsize=7)
    panel.grid(axis="y", color="#e3e6e9", linewidth=0.6)
