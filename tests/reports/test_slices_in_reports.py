"""A run's slices and caveats in its page, its tables and its config."""

from __future__ import annotations

from pathlib import Path

import pytest
import toys

from harness.config import plan
from harness.config.schema import json_schema
from harness.evaluation.pooled_scores import pool_trials
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.results import ClassifierResult
from harness.evaluation.trial import list_trials, run_trial
from harness.reports.pages import run_page, slice_groups
from harness.reports.summary import Summary
from harness.tracking import names
from harness.values.errors import ConfigError

CONFIG = "name: sliced\ncorpus: {kind: partyline}\nclassifiers: {majority: {kind: majority}}\n"


def made(folder: Path, more: str = "") -> tuple[Prepared, ClassifierResult]:
    path = folder / "sliced.yaml"
    path.write_text(CONFIG + more, encoding="utf-8")
    prepared = prepare(plan.read(path))
    (classifier,) = prepared.plan.classifiers
    results = [run_trial(prepared, trial, folder / "t") for trial in list_trials(prepared, classifier)]
    return prepared, pool_trials(prepared, classifier, results, folder / "refit")


@pytest.fixture(scope="module")
def majority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, ClassifierResult]:
    return made(tmp_path_factory.mktemp("sliced"))


def test_the_classes_that_majority_never_gives_are_flagged(
    majority: tuple[Prepared, ClassifierResult],
) -> None:
    summary = Summary(*majority)
    (label,) = (group for group in slice_groups(summary) if group.column == "label")
    shares = {one.value: one.share for one in label.judged}
    given = max(shares, key=shares.__getitem__)
    assert sorted(shares.values()) == [0, 0, 1]
    assert [one.worse for one in label.judged if one.value != given] == [True, True]
    page = run_page(*majority)
    assert "Where it is better and worse" in page
    assert page.count('<span class="said">worse</span>') >= 2
    assert "too small to judge:" in page


def test_scores_hold_the_slices_beside_the_whole(majority: tuple[Prepared, ClassifierResult]) -> None:
    _, result = majority
    rows = result.scores.rows
    assert result.scores.value("accuracy", slice_="label=critical") in (0, 1)
    sliced = rows[rows["slice"] != "all"]
    assert set(sliced["split"]) == {"test"}
    assert set(sliced["metric"]) == {"accuracy", "f1_macro"}
    # What goes to MLflow as metrics is of whole splits alone.
    assert not [key for key in names.score_values(result.scores) if "=" in key]


def test_caveats_stand_in_the_page(majority: tuple[Prepared, ClassifierResult]) -> None:
    prepared, result = majority
    page = run_page(prepared, result)
    for sentence in Summary(prepared, result).caveats:
        assert f"<li>{sentence}</li>" in page
    assert "What limits the scores" in page


def test_columns_can_be_chosen_and_none_of_them(tmp_path: Path) -> None:
    _, result = made(tmp_path, "slices: [outlet, length]\n")
    slices = set(result.scores.rows["slice"]) - {"all"}
    assert {name.partition("=")[0] for name in slices} == {"outlet", "length"}
    prepared, result = made(tmp_path, "slices: []\n")
    assert set(result.scores.rows["slice"]) == {"all"}
    assert "Where it is better and worse" not in run_page(prepared, result)


def test_a_column_that_the_corpus_lacks_is_found_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, "slices: [outlets]\n")
    assert str(caught.value) == ("slices.0: partyline has no column 'outlets'; did you mean 'outlet'?")


def test_other_slices_are_another_parent_but_no_other_trial(tmp_path: Path) -> None:
    one = toys.prepared(tmp_path)
    path = tmp_path / "toys.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "slices: [target]\n", encoding="utf-8")
    other = prepare(plan.read(path))
    digests = []
    for prepared in (one, other):
        (classifier,) = prepared.plan.classifiers
        trials = list_trials(prepared, classifier)
        digests.append((names.parent_digest(prepared, classifier, trials), [t.digest for t in trials]))
    assert digests[0][0] != digests[1][0]
    assert digests[0][1] == digests[1][1]


def test_editors_know_the_setting() -> None:
    assert "slices" in json_schema()["properties"]
