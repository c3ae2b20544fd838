"""Shares of a party in, a plot of its course by week, or side by side by outlet, out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.articles.readings import OWN, QUOTED
from harness.articles.shares import VOICES, Share
from harness.reports.figures import BLUE, GREY, ORANGE, canvases, png
from harness.values.minimums import MIN_GOLD_ROWS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"critical": ORANGE, "neutral": GREY, "supportive": BLUE}
MARKERS = {"critical": "v", "neutral": "o", "supportive": "^"}
OTHER = ("#7a3e9d", "s")

PANELS = 6
"""Outlets that a party's plot has room for panels of: those with most rows."""

MOST = 20
"""The same where outlets stand side by side in one panel."""

_TICKS = 6
_LONGEST = 22
_APART = 0.26


@dataclass(frozen=True)
class Course:
    """What lies from left to right.

    Attributes
    ----------
    key : str
        ``week``, ``outlet``, or empty: all in one place.
    at : dict
        Value of the key → its place.
    ticks : dict
        Place → what is written there.
    step : float
        How far stances of one place stand apart.
    """

    key: str
    at: dict[str, float]
    ticks: dict[float, str]
    step: float

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the axis."""
        return min(self.at.values()) - 3 * self.step, max(self.at.values()) + 3 * self.step


def plot(shares: Sequence[Share], title: str) -> bytes:
    """Draw the shares of a party: a column a voice, weeks (or outlets) from left to right.

    With weeks and outlets there is a row of panels an outlet, those with most rows. Corrected shares are
    filled, with their 95 % interval; naive ones stand hollow beside them, small where there are few rows.
    """
    keys = shares[0].group
    course = by_week(shares) if "week" in keys else by_outlet(shares)
    across = "outlet" if {"week", "outlet"} <= set(keys) else ""
    rows, voices = largest(shares, across, PANELS), (OWN, QUOTED) if across else VOICES
    width = min(max(0.42 * len(course.at), 2.4), 9.0 / len(voices) + 1) + 0.5
    figure, panels = canvases(width * len(voices), 1.7 * len(rows) + 1.2, len(rows), len(voices))
    for number, panel in enumerate(panels):
        row, voice = rows[number // len(voices)], voices[number % len(voices)]
        mine = [one for one in shares if one.voice == voice and one.group.get(across, "") == row]
        _panel(panel, [one for one in mine if one.group.get(course.key, "") in course.at], course)
        panel.set_title(f"{row}: {voice}" if row else voice, fontsize=8, loc="left", parse_math=False)
        last, first = number // len(voices) == len(rows) - 1, number % len(voices) == 0
        panel.tick_params(labelsize=7, labelbottom=last, labelleft=first)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, frameon=False, ncols=4, loc="outside lower left")
    about = f"filled: corrected, 95 % interval; hollow: naive, small under {MIN_GOLD_ROWS} sentences"
    figure.suptitle(f"{title}\n{about}", fontsize=9, x=0.01, ha="left", parse_math=False)
    return png(figure)


def largest(shares: Sequence[Share], key: str, most: int) -> list[str]:
    """Return the values of a key with most rows; the empty one where there is no such key."""
    sizes: dict[str, int] = {}
    for one in shares:
        name = one.group.get(key, "")
        sizes[name] = sizes.get(name, 0) + one.n
    return sorted(sizes, key=lambda name: -sizes[name])[:most]


def by_outlet(shares: Sequence[Share]) -> Course:
    """Lay outlets side by side, those with most rows first; without outlets all is in one place."""
    key = "outlet" if "outlet" in shares[0].group else ""
    at = {name: float(place) for place, name in enumerate(largest(shares, key, MOST))}
    ticks = {
        place: name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name, place in at.items()
    }
    return Course(key, at, ticks, _APART)


def by_week(shares: Sequence[Share]) -> Course:
    """Lay weeks out by time; what has no date stands before them."""
    weeks = sorted({one.group["week"] for one in shares})
    dated = [dt.date.fromisoformat(week) for week in weeks if week]
    at = {day.isoformat(): (day - dated[0]).days / 7 for day in dated}
    span = max(at.values(), default=0.0)
    step = max(_APART, span * 0.008)
    ticks: dict[float, str] = {}
    year, free = "", 0.0
    for week, place in at.items():
        if place >= free:
            ticks[place] = week if week[:4] != year else week[5:]
            year, free = week[:4], place + max(span / _TICKS, step)
    if "" in weeks:
        at[""] = -8 * step if dated else 0.0
        ticks[at[""]] = "no date"
    return Course("week", at, ticks, step)


def _panel(panel: Axes, shares: Sequence[Share], course: Course) -> None:
    labels = list(dict.fromkeys(one.label for one in shares))
    for number, label in enumerate(labels):
        shift = (number - (len(labels) - 1) / 2) * course.step
        color, marker = COLOURS.get(label, OTHER[0]), MARKERS.get(label, OTHER[1])
        mine = [
            (course.at[one.group.get(course.key, "")] + shift, one) for one in shares if one.label == label
        ]
        for few in (False, True):
            naive = [(x, one.naive.value) for x, one in mine if (one.n < MIN_GOLD_ROWS) is few]
            panel.plot(
                [x + 0.3 * course.step for x, _ in naive],
                [value for _, value in naive],
                marker,
                mfc="none",
                mec=color,
                markersize=3 if few else 5,
                alpha=0.5 if few else 0.8,
            )
        values = [one.corrected.value for _, one in mine]
        reach = [
            [one.corrected.value - one.corrected.low for _, one in mine],
            [one.corrected.high - one.corrected.value for _, one in mine],
        ]
        drawn = {"fmt": marker, "color": color, "markersize": 5, "capsize": 2, "linewidth": 1.2}
        panel.errorbar([x for x, _ in mine], values, yerr=reach, label=label, **drawn)  # type: ignore[arg-type]
    panel.set_ylim(-0.05, 1.05)
    panel.set_xlim(*course.ends)
    upright = 90 if course.key == "outlet" else 0
    panel.set_xticks(
        list(course.ticks), list(course.ticks.values()), fontsize=7, rotation=upright, parse_math=False
    )
    panel.grid(axis="y", color="#e3e6e9", linewidth=0.6)
