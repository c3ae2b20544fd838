from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from toys import prepared

from harness.tracking import context, names, run_metrics, view
from harness.values.tables import SCORE_COLUMNS, Scores

CLASSIFIERS_ALONE = "tags.`harness.role` = 'classifier'"


def test_score_keys_hold_interval_and_spread_and_leave_out_what_is_unknown() -> None:
    nan = float("nan")
    rows = [
        ("f1_macro", "test", "all", 0.5, 0.4, 0.6, nan, 9),
        ("f1_macro", "validation", "all", 0.7, nan, nan, 0.1, 9),
        ("f1_macro", "calibration", "all", 0.1, 0.1, 0.1, 0.1, 9),
        ("f1_macro", "test", "long", 0.2, 0.1, 0.3, nan, 3),
        ("f1_a [b]@c", "test", "all", 1.0, nan, nan, nan, 9),
        ("mcc", "test", "all", nan, nan, nan, nan, 9),
    ]
    assert names.score_values(Scores(pd.DataFrame(rows, columns=list(SCORE_COLUMNS)))) == {
        "test/f1_macro": 0.5,
        "test/f1_macro_low": 0.4,
        "test/f1_macro_high": 0.6,
        "validation/f1_macro": 0.7,
        "validation/f1_macro_seed_sd": 0.1,
        "test/f1_a _b__c": 1.0,
    }


@pytest.mark.parametrize(("length", "logged"), [(5998, 5998), (5999, 5999), (6000, 6000), (6001, 6000)])
def test_parameters_are_cut_where_mlflow_would_refuse_them(length: int, logged: int) -> None:
    ((name, text),) = names.parameters({"word s": "x" * length})
    assert (name, len(text)) == ("word s", logged)
    assert text.endswith("…") == (length > 6000)


def test_parameters_are_written_as_json_unless_they_are_text() -> None:
    options = {"C": 1.0, "path": Path("a/b"), "list": (1, 2), "none": None, "yes": True, "text": "no"}
    assert dict(names.parameters(options)) == {
        "C": "1.0",
        "path": "a/b",
        "list": "[1, 2]",
        "none": "null",
        "yes": "true",
        "text": "no",
    }


def test_the_view_shows_the_primary_metric_with_both_uncertainties(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plan
    (name,) = view.tags(plan)
    assert name == "mlflow.sharedViewState.harness"
    state = json.loads(json.loads(view.tags(plan)[name])["state"])
    assert state["searchFilter"] == CLASSIFIERS_ALONE
    assert state["orderByAsc"] is False
    assert state["selectedColumns"][:6] == [
        *(f"metrics.`test/f1_macro{end}`" for end in ("", "_low", "_high", "_seed_sd")),
        "tags.`harness.audits`",
        "metrics.`validation/f1_macro`",
    ]
    assert "tags.`harness.trust`" in state["selectedColumns"]


def test_the_charts_open_on_the_scores(tmp_path: Path) -> None:
    plan = prepared(tmp_path).plan
    (tag,) = view.tags(plan).values()
    state = json.loads(json.loads(tag)["state"])
    keys = [chart.get("metricKey") for chart in state["compareRunCharts"]]
    assert keys[:2] == ["test/f1_macro", "validation/f1_macro"]
    logged = run_metrics.run_keys(plan.primary, plan.metrics, plan.labels)
    assert {key for key in keys if key} <= set(logged)
    sections = state["compareRunSections"]
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} <= {
        section["uuid"] for section in sections
    }
    assert [section["name"] for section in sections if section["display"]] == ["Scores", "Differences"]


def git(folder: Path, *arguments: str) -> None:
    person = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *arguments], cwd=folder, check=True, capture_output=True)


def test_git_may_be_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert context.Git.of(tmp_path) == context.Git()
    git(tmp_path, "init", "-q", "-b", "trunk")
    assert context.Git.of(tmp_path) == context.Git()
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "Start")
    clean = context.Git.of(tmp_path)
    assert (len(clean.commit), clean.branch, clean.dirty) == (40, "trunk", False)
    (tmp_path / "a").write_text("2")
    assert context.Git.of(tmp_path).dirty
    monkeypatch.setenv("PATH", "")
    assert context.Git.of(tmp_path) == context.Git()


def test_the_environment_names_what_a_result_depends_on() -> None:
    facts = context.environment()
    assert facts["packages"]["mlflow"] == "3.17.2"
    assert {"python", "platform", "processor", "cores", "thread settings"} <= set(facts)
    assert list(context.versions())[:2] == ["harness", "python"]
    json.dumps(facts)
