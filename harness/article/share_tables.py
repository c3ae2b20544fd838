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
PANELS = 6
"""Outlets that a party's plot has room for panels of: those with most rows."""

MOST = 20
"""The same where outlets stand side by side in one panel."""


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
    """Draw the shares of a party: a column a voice, weeks (or outlets) from left to right.

    With weeks and outlets there is a row of panels an outlet, those with most rows. Corrected shares are
    filled, with their 95 % interval; naive ones stand hollow beside them.
    """
    along = next((key for key in ("week", "outlet") if key in shares[0].group), "")
    across = "outlet" if along == "week" and "outlet" in shares[0].group else ""
    rows, places = _largest(shares, across), sorted({one.group.get(along, "") for one in shares})
    if along == "outlet":
        places = _largest(shares, along, MOST)
    width = min(max(0.42 * len(places), 2.4), 7.0) + 0.7
    figure, panels = canvases(width * len(VOICES), 2.1 * len(rows) + 1.0, len(rows), len(VOICES))
    for number, panel in enumerate(panels):
        row, voice = rows[number // len(VOICES)], VOICES[number % len(VOICES)]
        mine = [one for one in shares if one.voice == voice and one.group.get(across, "") == row]
        _panel(panel, mine, along, places)
        name = f"{row}: {voice}" if row else voice
        panel.set_title(name, fontsize=9, loc="left", parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, frameon=False, ncols=4, loc="outside lower left")
    figure.suptitle(
        f"{title}\nfilled: corrected, 95 % interval; hollow: naive",
        fontsize=9,
        x=0.01,
        ha="left",
        parse_math=False,
    )
    return png(figure)


def _largest(shares: Sequence[Share], key: str, most: int = PANELS) -> list[str]:
    sizes: dict[str, int] = {}
    for one in shares:
        name = one.group.get(key, "")
        sizes[name] = sizes.get(name, 0) + one.n
    return sorted(sizes, key=lambda name: -sizes[name])[:most]


def _panel(panel: Axes, shares: Sequence[Share], along: str, places: Sequence[str]) -> None:
    shares = [one for one in shares if one.group.get(along, "") in places]
    labels = list(dict.fromkeys(one.label for one in shares))
    for number, label in enumerate(labels):
        shift = (number - (len(labels) - 1) / 2) * 0.26
        color, marker = COLOURS.get(label, "#7a3e9d"), MARKERS.get(label, "s")
        mine = [one for one in shares if one.label == label]
        at = [places.index(one.group.get(along, "")) + shift for one in mine]
        naive = [one.naive.value for one in mine]
        panel.plot([x + 0.08 for x in at], naive, marker, mfc="none", mec=color, markersize=5, alpha=0.8)
        values = [one.corrected.value for one in mine]
        reach = [
            [one.corrected.value - one.corrected.low for one in mine],
            [one.corrected.high - one.corrected.value for one in mine],
        ]
        drawn = {"fmt": marker, "color": color, "markersize": 5, "capsize": 2, "linewidth": 1.2}
        panel.errorbar(at, values, yerr=reach, label=label, **drawn)  # type: ignore[arg-type]
    panel.set_ylim(-0.03, 1.03)
    panel.set_xlim(-0.6, len(places) - 0.4)
    ticks = range(0, len(places), max(1, len(places) // 8) if along == "week" else 1)
    names = [places[at][5:] if along == "week" else places[at][:18] for at in ticks]
    panel.set_xticks(
        list(ticks), names, fontsize=7, rotation=90 if along == "outlet" else 0, parse_math=False
    )
    panel.tick_params(labelsize=7)
    panel.grid(axis="y", color="#e3e6e9", linewidth=0.6)
