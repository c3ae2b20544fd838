"""Weeks of a labelled stream: recomputed with pandas, never silent, on a real corpus, and the verb."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from typer.testing import CliRunner

import harness
from harness.articles.drift import drift, drift_notes, drift_rows, read_stream
from harness.cli.main import app
from harness.values.errors import ArticleError


def stream_of(path: Path, weeks: int = 30, change: int = 99, per_week: int = 15, seed: int = 1) -> Path:
    """Write a stream: from a week on, articles are critical more often."""
    draw = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for week in range(weeks):
        for number in range(per_week):
            share = draw.beta(*((2, 6) if week < change else (5, 3)))
            day = dt.date(2030, 1, 7) + dt.timedelta(weeks=week, days=int(draw.integers(7)))
            for sentence in range(int(draw.integers(1, 5))):
                label = "critical" if draw.random() < share else "neutral"
                rows.append(
                    {
                        "article": f"a{week}.{number}",
                        "sentence": sentence,
                        "date": day.isoformat(),
                        "label": label,
                        "text": "word " * int(draw.integers(5, 30)),
                        "p_critical": 0.8 if label == "critical" else 0.3,
                        "p_neutral": 0.2 if label == "critical" else 0.7,
                    }
                )
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_weeks_are_those_of_pandas(tmp_path: Path) -> None:
    path = stream_of(tmp_path / "rows.csv")
    stream = drift(read_stream(path))
    rows = pd.read_csv(path)
    rows["week"] = pd.to_datetime(rows["date"]).dt.to_period("W-SUN").dt.start_time.dt.date.astype(str)
    for week in stream.weeks:
        inside = rows[rows["week"] == week.monday]
        assert (week.rows, week.articles) == (len(inside), inside["article"].nunique())
        assert week.measures["critical"].value == pytest.approx((inside["label"] == "critical").mean())
        assert week.measures["words"].value == pytest.approx(inside["text"].str.split().str.len().mean())
        stated = np.where(inside["label"] == "critical", inside["p_critical"], inside["p_neutral"])
        assert week.measures["confidence"].value == pytest.approx(stated.mean())
        low, high = week.measures["critical"].low, week.measures["critical"].high
        assert low < week.measures["critical"].value < high
    reference = rows[rows["week"].isin([week.monday for week in stream.weeks[:8]])]
    assert stream.reference("critical") == pytest.approx((reference["label"] == "critical").mean())


def test_the_alarm_goes_off_after_a_change_alone(tmp_path: Path) -> None:
    still = drift(read_stream(stream_of(tmp_path / "still.csv")))
    assert still.alarm is None
    changed = drift(read_stream(stream_of(tmp_path / "changed.csv", change=15)))
    assert changed.alarm is not None
    assert changed.weeks[15].monday <= changed.alarm.monday <= changed.weeks[21].monday
    assert changed.alarm.strongest in ("critical", "neutral", "confidence")
    # Once off, it stays off, and nothing is bet in the reference.
    after = [week.alarm for week in changed.weeks]
    assert after == sorted(after)
    assert all(week.log_evidence == 0 for week in changed.weeks[:8])
    assert drift(read_stream(tmp_path / "changed.csv"), alpha=1e-9).weeks[16].alarm is False


def test_weeks_with_few_rows_or_none_are_said(tmp_path: Path, golden: Golden) -> None:
    path = stream_of(tmp_path / "rows.csv", change=15)
    rows = pd.read_csv(path)
    gone = rows["article"].str.startswith("a20.") | rows["article"].str.match(r"a25\.(?![0-3]$)")
    rows = rows[~gone].reset_index(drop=True)
    rows.loc[:4, "date"] = ""
    rows.to_csv(path, index=False)
    stream = drift(read_stream(path))
    assert len(stream.weeks) == 30
    empty, few = stream.weeks[20], stream.weeks[25]
    assert (empty.rows, empty.measures, empty.log_evidence) == (0, {}, stream.weeks[19].log_evidence)
    assert 0 < few.articles < 10
    assert np.isnan(few.measures["critical"].low)
    table = pd.DataFrame(drift_rows(stream))
    assert len(table) == 30 * len(stream.covariates)
    golden("articles/drift-notes", "\n".join(drift_notes(stream)))


def test_no_alarm_is_said_with_its_rate(tmp_path: Path, golden: Golden) -> None:
    stream = drift(read_stream(stream_of(tmp_path / "rows.csv")), alpha=0.01)
    golden("articles/drift-quiet", "\n".join(drift_notes(stream)))


def test_streams_that_cannot_be_watched_are_refused(tmp_path: Path, golden: Golden) -> None:
    path = stream_of(tmp_path / "rows.csv", weeks=8)
    lines = []
    for options in ({}, {"reference": 0, "alpha": 1.0}):
        with pytest.raises(ArticleError) as caught:
            drift(read_stream(path), **options)
        lines.append(str(caught.value))
    for columns in (["date", "text"], ["label", "text"]):
        pd.read_csv(path)[columns].to_csv(path.with_name("bad.csv"), index=False)
        with pytest.raises(ArticleError) as caught:
            read_stream(path.with_name("bad.csv"))
        lines.append(str(caught.value).replace(str(tmp_path), "FOLDER"))
    golden("articles/drift-errors", "\n".join(lines))


def test_a_real_corpus_in_time(tmp_path: Path) -> None:
    rows = harness.load_corpus("partyline").rows
    rows = rows[rows["date"].notna() & (rows["date"].astype(str).str.len() >= 10)]
    table = rows.assign(label=rows["stance"], article=rows["group"])[["date", "article", "label", "text"]]
    path = tmp_path / "rows.csv"
    table.to_csv(path, index=False)
    stream = drift(read_stream(path), reference=20)
    assert sum(week.rows for week in stream.weeks) == len(rows)
    # Weeks of a few rows are listed as well as those without any.
    assert {week.rows == 0 for week in stream.weeks} == {True, False}
    first = table["date"].astype(str) < stream.weeks[20].monday
    assert stream.reference("critical") == pytest.approx((table.loc[first, "label"] == "critical").mean())


def test_the_verb(tmp_path: Path) -> None:
    path = stream_of(tmp_path / "rows.csv", change=15)
    output = tmp_path / "weeks.csv"
    done = CliRunner().invoke(app, ["drift", str(path), "--output", str(output)])
    assert done.exit_code == 0, done.output
    assert "alarm" in done.output
    table = pd.read_csv(output)
    assert table["alarm"].any()
    assert set(table["covariate"]) == {"critical", "neutral", "confidence", "words"}
    again = CliRunner().invoke(app, ["drift", str(path), "--reference", "40"])
    assert again.exit_code == 1


def test_a_plot_has_a_panel_a_covariate_and_one_of_the_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib import image

    from harness.articles import drift_report

    drawn: list[Any] = []
    real_canvases = drift_report.canvases

    def canvases(width: float, height: float, rows: int, columns: int) -> object:
        figure, panels = real_canvases(width, height, rows, columns)
        drawn.append(panels)
        return figure, panels

    monkeypatch.setattr(drift_report, "canvases", canvases)
    path = stream_of(tmp_path / "rows.csv", change=15)
    rows = pd.read_csv(path)
    # A week of few articles, and one without any.
    rows = rows[~(rows["article"].str.startswith("a20.") | rows["article"].str.match(r"a25\.(?![0-3]$)"))]
    stream = drift(read_stream(rows.rename(columns={"p_neutral": "p_$n_1$"}).replace("neutral", "$n_1$")))
    picture = drift_report.plot_drift(stream)
    assert image.imread(io.BytesIO(picture)).shape[1] > 300
    assert picture == drift_report.plot_drift(stream)
    panels = drawn[0]
    assert [panel.get_title(loc="left").split()[0] for panel in panels[:-1]] == list(stream.covariates)
    # The line of the alarm stands in all panels, at its week.
    assert stream.alarm is not None
    monday = dt.date.fromisoformat(stream.alarm.monday).toordinal()
    assert all(any(set(line.get_xdata()) == {monday} for line in panel.lines) for panel in panels)
    assert list(panels[-1].lines[1].get_ydata()) == [20, 20]
    evidence = panels[-1].lines[0]
    shown = [week for week in stream.weeks if not week.is_reference]
    assert len(evidence.get_xdata()) == len(shown)
    np.testing.assert_allclose(np.log(evidence.get_ydata()[:5]), [week.log_evidence for week in shown[:5]])


def test_from_python(tmp_path: Path) -> None:
    path = stream_of(tmp_path / "rows.csv", change=15)
    watched = harness.drift(pd.read_csv(path), output=tmp_path / "weeks")
    assert [file.name for file in watched.written] == ["drift.csv", "drift.png"]
    written = pd.read_csv(tmp_path / "weeks" / "drift.csv")
    pd.testing.assert_frame_equal(watched.table, written, check_dtype=False)
    assert watched.alarm == written.loc[written["alarm"], "week"].min()
    assert (tmp_path / "weeks" / "drift.png").read_bytes() == watched.plot()
    assert watched._repr_html_().startswith("<img")
    # One file alone where it is named.
    assert harness.drift(path, output=tmp_path / "a.png").written == (tmp_path / "a.png",)
    assert not (tmp_path / "a.csv").exists()
    assert harness.drift(path, alarm=1e-9, reference=20).alarm == ""
    with pytest.raises(ArticleError, match="plot"):
        harness.drift(path, output=tmp_path / "weeks.html")
