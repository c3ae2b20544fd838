"""Tables in, SVG figures out: what is drawn is well-formed, large enough to read, and says its numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from harness.reports import vector_figures
from harness.reports.frames_by_party import MAX_PANELS, framed_svg
from harness.reports.vector_figures import Axis
from harness.scoring.crosstab import CrossTable, cross_tables
from harness.scoring.metrics.calibration import ReliabilityBin
from harness.values.labels import STANCE, LabelSet

NAN = float("nan")
TITLE = "linear, test, seed 1"
BASELINE_INK = "#6b747d"
FRAMES = LabelSet(("conflict", "human_interest"), multi=True)
BINS = [ReliabilityBin(0, 0.5, 0.4, 0.3, 5), ReliabilityBin(0.5, 1, 0.7, 0.9, 5)]
ROWS = [("f1_macro", 0.5, 0.4, 0.6), ("accuracy", 0.55, NAN, NAN), ("brier", 0.2, 0.1, 0.31)]


def crossed() -> tuple[CrossTable, ...]:
    columns = ["party", "group", "given_frames", "given_stance"]
    rows = [
        (f"P{n % 8}", f"g{n % 30}", ("conflict",) * (n % 3 > 0), STANCE.names[n % 5 % 3]) for n in range(200)
    ]
    return cross_tables(pd.DataFrame(rows, columns=columns), ("conflict", "human_interest"), STANCE.names)


FIGURES: dict[str, Callable[[str], str]] = {
    "single": lambda title: vector_figures.confusion_svg(np.arange(9).reshape(3, 3), STANCE, title),
    "multi": lambda title: vector_figures.confusion_svg(np.arange(8).reshape(2, 2, 2), FRAMES, title),
    "nothing": lambda title: vector_figures.confusion_svg(np.zeros((3, 3), dtype=np.int64), STANCE, title),
    "reliability": lambda title: vector_figures.reliability_svg(BINS, title),
    "no bins": lambda title: vector_figures.reliability_svg([], title),
    "intervals": lambda title: vector_figures.intervals_svg(ROWS, title, 0.33),
    "no baseline": lambda title: vector_figures.intervals_svg(ROWS, title, NAN),
    "one score": lambda title: vector_figures.intervals_svg([("accuracy", 1.0, 1.0, 1.0)], title, NAN),
    "no scores": lambda title: vector_figures.intervals_svg([], title, NAN),
    "crossed": lambda title: framed_svg(crossed(), title),
    "crossed, stance": lambda title: framed_svg(crossed(), title, "stance"),
}


def texts(figure: str) -> list[str]:
    return [(element.text or "").strip() for element in ET.fromstring(figure).iter()]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_well_formed_of_a_size_to_be_read_and_always_the_same(name: str) -> None:
    figure = FIGURES[name](TITLE)
    root = ET.fromstring(figure)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert root.attrib["viewBox"] == f"0 0 {width} {height}"
    assert 250 <= width <= 1200
    assert 80 <= height <= 1000
    assert len(figure) < 40_000
    assert FIGURES[name](TITLE) == figure
    # Whatever reads a figure: it loads and runs nothing.
    assert not re.search("script|href|url[(]|@import", figure)


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_drawn_outside_of_the_figure(name: str) -> None:
    root = ET.fromstring(FIGURES[name]("t"))
    width, height = int(root.attrib["width"]), int(root.attrib["height"])

    def inside(element: ET.Element, left: float, top: float) -> None:
        moved = re.match(r"translate[(]([\d.]+) ([\d.]+)[)]", element.attrib.get("transform", ""))
        if moved:
            left, top = left + float(moved[1]), top + float(moved[2])
        for horizontal, vertical in (("x", "y"), ("cx", "cy")):
            if horizontal in element.attrib:
                assert float(element.attrib[horizontal]) >= -60, element.attrib
                assert left + float(element.attrib[horizontal]) <= width, element.attrib
            if vertical in element.attrib:
                assert 0 <= top + float(element.attrib[vertical]) <= height, element.attrib
        for child in element:
            inside(child, left, top)

    inside(root, 0, 0)


@pytest.mark.parametrize("name", FIGURES)
def test_names_of_others_are_escaped(name: str) -> None:
    title = "<script>alert(1)</script> & “x”"
    assert title in texts(FIGURES[name](title))


def test_each_cell_of_a_confusion_matrix_holds_its_count_and_its_share_of_the_row() -> None:
    counts = np.array([[3, 1, 0], [0, 0, 0], [1, 1, 1998]])
    drawn = texts(vector_figures.confusion_svg(counts, STANCE, "t"))
    for text in ("3", "75%", "1,998", "100%"):
        assert text in drawn
    # A label without items has shares of 0.
    assert drawn.count("0%") == 6


def test_scores_say_their_values_and_a_baseline_only_where_there_is_one() -> None:
    assert {"0.500", "0.550", "0.200"} <= set(texts(FIGURES["intervals"]("t")))
    # Of the baseline there are its line and that of the legend.
    assert FIGURES["intervals"]("t").count(BASELINE_INK) == 2
    assert FIGURES["no baseline"]("t").count(BASELINE_INK) == 0
    assert "nan" not in FIGURES["intervals"]("t").lower()


def test_a_party_has_a_panel_as_long_as_there_is_room() -> None:
    tables = crossed()
    assert len(tables) > MAX_PANELS
    titles = [text for text in texts(framed_svg(tables, "t")) if text.endswith("mentions")]
    assert titles == [f"{table.party}, {table.n:,} mentions" for table in tables[:MAX_PANELS]]
    # The rows have no predictions: there is one series, which needs no legend.
    assert "predicted" not in texts(framed_svg(tables, "t"))


def luminance(color: str) -> float:
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("percent", range(101))
def test_the_text_of_a_cell_is_legible_on_its_shade(percent: int) -> None:
    counts = np.array([[percent, 100 - percent], [50, 50]])
    figure = vector_figures.confusion_svg(counts, LabelSet(("yes", "no")), "t")
    shade = re.findall(r'fill="(#[0-9a-f]{6})" stroke="#c9d2db"', figure)[0]
    ink = re.findall(r'text-anchor="middle" fill="(#[0-9a-f]{6})"', figure)[0]
    light, dark = sorted([luminance(shade), luminance(ink)], reverse=True)
    # On the middle shades neither ink reaches WCAG's 4.5; for large text it asks for 3.
    assert (light + 0.05) / (dark + 0.05) >= 4.0


@pytest.mark.parametrize("low", [-0.013, 0.0, 0.13, 0.5, 0.97])
@pytest.mark.parametrize("span", [0.011, 0.1, 0.31, 0.5, 0.77, 1.0])
def test_ticks_are_few_round_and_on_the_scale(low: float, span: float) -> None:
    axis = Axis(low, low + span, 100, 580)
    ticks = axis.ticks()
    assert 3 <= len(ticks) <= 9
    steps = {round(second - first, 9) for first, second in pairwise(ticks)}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"
    assert all(100 <= axis.at(tick) <= 580 for tick in ticks)


def test_an_axis_maps_its_ends_to_its_pixels() -> None:
    axis = Axis(0.2, 0.6, 100, 500)
    # 0.3 is a quarter of the way.
    assert (axis.at(0.2), axis.at(0.3), axis.at(0.6)) == (100, 200, 500)
    assert not math.isnan(axis.at(0.4))
