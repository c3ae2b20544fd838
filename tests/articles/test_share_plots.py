from __future__ import annotations

import io

import pytest

from harness.articles.share_plots import MAX_OUTLETS, MAX_PANELS, by_outlet, by_week, largest, plot_shares
from harness.articles.shares import StanceShare
from harness.scoring.statistics.share_intervals import UNKNOWN_SHARE, ShareEstimate

HALF = ShareEstimate(0.5, 0.4, 0.6, 0.05)


def share(n: int = 20, voice: str = "own voice", label: str = "critical", **group: str) -> StanceShare:
    return StanceShare({"target": "Varna", **group}, voice, label, n, 0, HALF, UNKNOWN_SHARE)


def test_weeks_lie_as_far_apart_as_they_are() -> None:
    axis = by_week([share(week=week) for week in ("2030-12-30", "2030-12-09", "2031-02-03")])
    assert axis.positions == {"2030-12-09": 0.0, "2030-12-30": 3.0, "2031-02-03": 8.0}
    assert axis.ticks == {0.0: "2030-12-09", 3.0: "12-30", 8.0: "2031-02-03"}
    assert axis.step == 0.26
    assert axis.ends == (-0.78, 8.78)


def test_ticks_are_thinned_out_where_weeks_are_many() -> None:
    weeks = [f"20{year}-01-07" for year in range(30, 90)]
    axis = by_week([share(week=week) for week in weeks])
    assert len(axis.positions) == 60
    assert len(axis.ticks) == 6


def test_what_has_no_date_stands_before_the_weeks() -> None:
    axis = by_week([share(week=""), share(week="2030-12-09")])
    assert axis.positions == {"2030-12-09": 0.0, "": -2.08}
    assert axis.ticks[-2.08] == "no date"
    assert by_week([share(week="")]).positions == {"": 0.0}


def test_outlets_stand_by_size_and_long_names_are_cut() -> None:
    axis = by_outlet([share(5, outlet="Small"), share(50, outlet="The very long name of an outlet")])
    assert axis.positions == {"The very long name of an outlet": 0.0, "Small": 1.0}
    assert axis.ticks == {0.0: "The very long name of…", 1.0: "Small"}
    many = [share(n, outlet=str(n)) for n in range(MAX_OUTLETS + 5)]
    assert len(by_outlet(many).positions) == MAX_OUTLETS
    assert largest(many, "outlet", MAX_PANELS) == ["24", "23", "22", "21", "20", "19"]


@pytest.mark.parametrize(
    ("groups", "panels"),
    [
        ([{}], 3),
        ([{"week": "2030-12-09"}, {"week": "2030-12-16"}], 3),
        ([{"outlet": "$A_B$"}, {"outlet": "C"}], 3),
        ([{"outlet": "$A_B$", "week": "2030-12-09"}, {"outlet": "C", "week": ""}], 4),
    ],
)
def test_a_panel_a_voice_and_with_weeks_a_row_an_outlet(
    groups: list[dict[str, str]], panels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.articles import share_plots

    drawn: list[tuple[int, int]] = []
    real_canvases = share_plots.canvases

    def canvases(width: float, height: float, rows: int, columns: int) -> object:
        drawn.append((rows, columns))
        return real_canvases(width, height, rows, columns)

    monkeypatch.setattr(share_plots, "canvases", canvases)
    shares = [
        share(n, voice, label, **group)
        for n, group in enumerate(groups, start=9)
        for voice in ("all", "own voice", "quoted")
        for label in ("critical", "neutral", "mixed")
    ]
    from matplotlib import image

    png = plot_shares(shares, "$Varna_$ <b>")
    assert drawn[0][0] * drawn[0][1] == panels
    assert png.startswith(b"\x89PNG")
    assert image.imread(io.BytesIO(png)).shape[1] > 300
