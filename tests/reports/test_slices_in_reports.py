"""A run's slices and limitations in its page, its tables and its config."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import toys
from golden import Golden

from harness.config import plan
from harness.config.schema import json_schema
from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import prepare
from harness.evaluation.trial import list_trials, run_trial
from harness.reports.pages import run_page, slice_groups
from harness.reports.run_summary import Summary
from harness.tracking import names
from harness.values.errors import ConfigError

CONFIG = (
    "name: sliced\ncorpus: {kind: partyline, training: core}\nclassifiers: {majority: {kind: majority}}\n"
)


def summary_of(folder: Path, more: str = "") -> Summary:
    path = folder / "sliced.yaml"
    path.write_text(CONFIG + more, encoding="utf-8")
    prepared = prepare(plan.read(path))
    (classifier,) = prepared.plan.classifiers
    results = [run_trial(prepared, trial, folder / "t") for trial in list_trials(prepared, classifier)]
    return Summary(prepared.finish(pool_trials(prepared, classifier, results, folder / "refit")))


@pytest.fixture(scope="module")
def majority(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return summary_of(tmp_path_factory.mktemp("sliced"))


def slice_section(summary: Summary) -> str:
    """Return the part of the page on slices, tags left out; empty where there is none."""
    sections = re.findall(r"<section>(.*?)</section>", run_page(summary), flags=re.DOTALL)
    of_slices = [section for section in sections if "<th>slice</th>" in section]
    return "\n".join(
        " ".join(re.sub(r"<[^>]*>", " ", line).split()) for line in "".join(of_slices).split("\n")
    )


def test_the_classes_that_majority_never_predicts_are_flagged(majority: Summary, golden: Golden) -> None:
    groups = slice_groups(majority)
    (label,) = (group for group in groups if group.column == "label")
    shares = {result.value: result.share for result in label.tested}
    predicted = max(shares, key=shares.__getitem__)
    assert sorted(shares.values()) == [0, 0, 1]
    assert [result.worse for result in label.tested if result.value != predicted] == [True, True]
    assert any(group.small for group in groups)
    golden("reports/slices", slice_section(majority))


def test_scores_hold_the_slices_beside_the_whole(majority: Summary) -> None:
    scores = majority.result.scores
    rows = scores.rows
    assert scores.value("accuracy", slice_="label=critical") in (0, 1)
    sliced = rows[rows["slice"] != "all"]
    assert set(sliced["split"]) == {"test"}
    assert set(sliced["metric"]) == {"accuracy", "f1_macro"}
    # What goes to MLflow as metrics is of whole splits alone.
    assert not [key for key in names.score_values(scores) if "=" in key]


def test_limitations_stand_in_the_page(majority: Summary) -> None:
    page = run_page(majority)
    assert majority.limitations
    for sentence in majority.limitations:
        assert f"<li>{sentence}</li>" in page


def test_columns_can_be_chosen_and_none_of_them(tmp_path: Path) -> None:
    chosen = summary_of(tmp_path, "slices: [outlet, length]\n")
    slices = set(chosen.result.scores.rows["slice"]) - {"all"}
    assert {name.partition("=")[0] for name in slices} == {"outlet", "length"}
    without = summary_of(tmp_path, "slices: []\n")
    assert set(without.result.scores.rows["slice"]) == {"all"}
    assert slice_section(without) == ""


def test_a_column_that_the_corpus_lacks_is_found_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        summary_of(tmp_path, "slices: [outlets]\n")
    (problem,) = caught.value.problems
    assert problem.where == "slices.0"
    assert "'outlets'" in problem.what
    assert "'outlet'" in problem.hint


def test_other_slices_are_another_parent_but_no_other_trial(tmp_path: Path) -> None:
    standard = toys.prepared(tmp_path)
    path = tmp_path / "toys.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "slices: [target]\n", encoding="utf-8")
    other = prepare(plan.read(path))
    digests = []
    for prepared in (standard, other):
        (classifier,) = prepared.plan.classifiers
        trials = list_trials(prepared, classifier)
        digests.append((names.parent_digest(prepared.plan, classifier, trials), [t.digest for t in trials]))
    assert digests[0][0] != digests[1][0]
    assert digests[0][1] == digests[1][1]


def test_editors_know_the_setting() -> None:
    assert "slices" in json_schema()["properties"]
