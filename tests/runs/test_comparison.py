"""Experiments in the store in, a logged comparison and a screenful out."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import toys
from golden import Golden
from refused import listing, places, refused
from scoring.comparison.toy_runs import run
from sentences import numbers, words
from stores import LADDER
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.cli.comparisons import notes, shown_pairs
from harness.cli.screen import MIN_WIDTH
from harness.config import plan
from harness.evaluation import external
from harness.evaluation.prepared import prepare
from harness.runs.classifiers import run_classifiers
from harness.runs.comparison import ComparedRuns
from harness.runs.comparison import compare_logged as compare_experiments
from harness.runs.external import log_external
from harness.scoring.comparison import compare
from harness.scoring.comparison.conclusions import conclusions, shortened
from harness.scoring.limitations import few_groups_limitation
from harness.tracking import promotion
from harness.tracking.finished_runs import finished_runs, read_predictions
from harness.tracking.store import Store
from harness.values.errors import ConfigError, StoreError


@pytest.fixture
def compared(trained: Path) -> tuple[Store, ComparedRuns]:
    store = Store.open(trained)
    return store, compare_experiments(store, ["toys"])


def test_the_finished_classifiers_of_an_experiment_are_compared(
    compared: tuple[Store, ComparedRuns],
) -> None:
    store, found = compared
    assert {entry.name for entry in found.comparison.runs} == {"prior", "verbs", "strong", "unsaved"}
    assert found.comparison.metric == "f1_macro"
    # The tests' classifiers that no seed changes have one seed, and no lack of them.
    assert {run.name for run in finished_runs(store, ["toys"]) if run.deterministic} == {"prior", "unsaved"}
    of_seeds = [line for line in found.comparison.limitations if "seed" in line]
    assert not [line for line in of_seeds if {"prior", "unsaved"} & set(words(line))]


def test_what_is_read_back_is_what_was_predicted(trained: Path) -> None:
    store = Store.open(trained)
    runs = {run.name: run for run in finished_runs(store, ["toys"])}
    table = read_predictions(store, runs["verbs"])
    assert set(table.rows["seed"]) == {1, 2}
    assert set(table.rows["run"]) == {"verbs"}
    assert table.labels.names == ("critical", "neutral", "supportive")


def test_a_comparison_is_a_run_of_its_own(compared: tuple[Store, ComparedRuns]) -> None:
    store, found = compared
    run = store.client.get_run(found.run_id)
    assert (run.info.run_name, run.info.status) == ("compare f1_macro", "FINISHED")
    assert run.data.tags["harness.role"] == "comparison"
    assert run.data.metrics["comparison/pairs"] == 6
    assert run.data.params["metric"] == "f1_macro"
    files = {one.path for one in store.client.list_artifacts(found.run_id)}
    assert files == {"comparison.html", "explorer.html", "figures", "pairs.csv", "runs.csv"}
    folder = Path(found.page).parent
    assert {path.name for path in (folder / "figures").iterdir()} == {"forest.png", "tie_groups.png"}
    assert len(pd.read_csv(folder / "pairs.csv")) == 6
    assert "harness compare --experiment toys --metric f1_macro" in Path(found.page).read_text(
        encoding="utf-8"
    )


def test_the_same_comparison_is_logged_once(compared: tuple[Store, ComparedRuns]) -> None:
    store, found = compared
    assert compare_experiments(store, ["toys"]).run_id == found.run_id
    assert compare_experiments(store, ["toys"], "brier").run_id != found.run_id


def test_comparisons_are_neither_compared_nor_promoted(compared: tuple[Store, ComparedRuns]) -> None:
    store, _ = compared
    assert {run.name for run in finished_runs(store, ["toys"])} == {"prior", "verbs", "strong", "unsaved"}
    assert promotion.promote(store, "toys").classifier in {"verbs", "strong"}


def test_two_experiments_are_compared_under_their_names(trained: Path) -> None:
    store = Store.open(trained)
    for outcome in run_classifiers(toys.prepared(trained, LADDER, name="again", seeds="[3, 4]"), store):
        assert outcome.error is None
    found = compare_experiments(store, ["toys", "again"])
    assert "toys/verbs" in {entry.name for entry in found.comparison.runs}
    assert len(found.comparison.runs) == 8
    home = store.client.get_experiment(store.client.get_run(found.run_id).info.experiment_id)
    assert home.name == "toys-comparisons"


def test_predictions_made_elsewhere_compare_alike_and_are_never_promoted(
    trained: Path, golden: Golden
) -> None:
    store, made = Store.open(trained), toys.prepared(trained, LADDER)
    table = trained / "theirs.csv"
    told = made.part(made.splits[0], "test").rows.rename(columns={"stance": "prediction"})
    told[["id", "prediction"]].to_csv(table, index=False)
    log_external(made, store, external.read(table, made, name="theirs"), name="theirs")
    found = compare_experiments(store, ["toys"]).comparison
    assert found.runs[0].name == "theirs"
    left_out = compare_experiments(store, ["toys"], "brier").comparison.refused
    assert list(left_out) == ["theirs"]
    assert "brier" in words(left_out["theirs"])
    golden("runs/without-probabilities", left_out["theirs"])
    # It is the newest run, and has no validation rows; the others are judged by theirs.
    assert promotion.promote(store, "toys").classifier in {"verbs", "strong"}


def test_runs_on_other_test_items_are_named_and_left_out(trained: Path) -> None:
    store = Store.open(trained)
    other = toys.prepared(
        trained,
        "  kfold: {kind: 'toys:verbs'}",
        split="{kind: kfold, k: 2, dev: 0.2, calibration: 0}",
        name="folds",
    )
    list(run_classifiers(other, store))
    found = compare_experiments(store, ["toys", "folds"]).comparison
    assert list(found.refused) == ["folds/kfold"]
    (kfold,) = finished_runs(store, ["folds"])
    fingerprint = read_predictions(store, kfold).only(split="test").fingerprint()
    assert fingerprint in words(found.refused["folds/kfold"])


def test_a_classifier_whose_newest_run_failed_is_named(trained: Path) -> None:
    store = Store.open(trained)
    before = finished_runs(store, ["toys"])
    usual = compare_experiments(store, ["toys"]).comparison.limitations
    for name in ("verbs", "new"):
        tags = {"harness.role": "classifier"}
        run = store.client.create_run(before[0].experiment_id, run_name=name, tags=tags)
        store.client.set_terminated(run.info.run_id, "FAILED")
    found = compare_experiments(store, ["toys"]).comparison
    assert {entry.name for entry in found.runs} == {entry.name for entry in before}
    # The first has an earlier run, which is compared; the second has none. The last line counts looks.
    earlier, none = found.limitations[len(usual) - 1 : -1]
    assert ("verbs" in words(earlier), "earlier" in words(earlier)) == (True, True)
    assert ("new" in words(none), "earlier" in words(none)) == (True, False)


NOT_COMPARED = {
    "unknown": (["nowhere"], {"nowhere", "Default", "toys"}),
    "twice": (["toys", "toys"], {"toys"}),
    "without a run": (["Default"], {"Default"}),
}


def test_experiments_that_cannot_be_compared_are_named(trained: Path, golden: Golden) -> None:
    store = Store.open(trained)
    cases = {case: partial(compare_experiments, store, names) for case, (names, _) in NOT_COMPARED.items()}
    for case, (_, named) in NOT_COMPARED.items():
        error = refused(cases[case])
        assert type(error) is StoreError, case
        assert set(words(str(error))) & {"nowhere", "Default", "toys"} == named, case
    golden("runs/not-compared", listing(cases))


def test_experiments_that_go_by_different_metrics_need_one_named(trained: Path, golden: Golden) -> None:
    store = Store.open(trained)
    toys.prepared(trained, name="other")
    path = trained / "other.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("primary: f1_macro", "primary: accuracy"))
    list(run_classifiers(prepare(plan.read(path)), store))
    error = refused(lambda: compare_experiments(store, ["toys", "other"]))
    assert type(error) is ConfigError
    assert places(error) == ["metric"]
    assert {"toys", "f1_macro", "other", "accuracy"} <= set(words(str(error)))
    golden("runs/different-metrics", str(error))
    assert compare_experiments(store, ["toys", "other"], "mcc").comparison.metric == "mcc"


def test_a_run_whose_files_are_gone_is_named(trained: Path, golden: Golden) -> None:
    store = Store.open(trained)
    run = finished_runs(store, ["toys"])[0]
    (Path(store.client.download_artifacts(run.run_id, "")) / "predictions.parquet").unlink()
    error = refused(lambda: compare_experiments(store, ["toys"]))
    assert type(error) is StoreError
    assert {run.name, run.run_id} <= set(words(str(error)))
    message = str(error).removesuffix(str(error.__cause__)).rstrip()
    golden("runs/files-gone", message.replace(run.name, "NAME").replace(run.run_id, "RUN"))


def shown(*arguments: str) -> list[str]:
    result = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
    return result.output.splitlines()


def test_the_screen_shows_runs_pairs_findings_and_where_the_page_is(trained: Path) -> None:
    lines = shown("compare", "--experiment", "toys", "--metric", "f1_macro")
    assert lines[0].startswith("f1_macro ")
    assert numbers(lines[0]) == [27, 9]
    text = "\n".join(lines)
    assert re.search(r"^ 1  \w+ +\d\.\d{3} ", text, re.MULTILINE)
    assert re.search(r"^ 1–2", text, re.MULTILINE)
    comparison = compare_experiments(Store.open(trained), ["toys"], "f1_macro").comparison
    *_, looks = comparison.limitations
    # The comparison on the screen is one look more at the test items.
    assert numbers(looks) == [4, 1, 0]
    sentences = [*conclusions(comparison), *(note for note in notes(comparison) if note != looks)]
    assert few_groups_limitation(9) in sentences
    assert any(27 in numbers(sentence) for sentence in conclusions(comparison))
    assert [sentence for sentence in sentences if f" - {sentence}" not in " ".join(text.split())] == []
    assert Path(lines[-1]).name == "comparison.html"
    assert Path(lines[-1]).is_file()
    assert max(len(line) for line in lines[:-1]) <= MIN_WIDTH


def test_left_out_the_experiment_is_the_last_one_that_was_run(trained: Path, golden: Golden) -> None:
    refusal = listing({"nothing was run": partial(shown, "compare")})
    golden("runs/no-last-experiment", refusal.replace(str(trained), "FOLDER"))
    (trained / ".harness" / "last").write_text("toys\n", encoding="utf-8")
    assert numbers(shown("compare")[0])[0] == 27


def test_scoring_a_table_shows_notes_and_scores(folder: Path, golden: Golden) -> None:
    made = toys.prepared(folder)
    told = made.part(made.splits[0], "test").rows.rename(columns={"stance": "prediction"})
    told[["id", "prediction"]].to_csv("theirs.csv", index=False)
    lines = shown("score", "theirs.csv", "--config", "toys.yaml")
    assert {"log_loss", "brier"} <= set(words(" ".join(lines[:2])))
    assert any(re.match(r" f1_macro +1\.000 ", line) for line in lines)
    assert lines[-1].endswith("harness compare --experiment toys")
    golden("runs/scored", "\n".join(line.rstrip() for line in lines))
    named = shown("score", "theirs.csv", "--config", "toys.yaml", "--name", "baseline")
    assert any(line.startswith("baseline ") and "toys" in line for line in named)


def test_of_many_pairs_the_screen_shows_neighbours_and_the_best() -> None:
    table = [(f"r{place}", run(f"r{place}", 0.2 + place / 5)) for place in range(9)]
    found = compare(table, "f1_macro")
    assert len(found.pairs) == 36
    rank = {entry.name: entry.rank for entry in found.runs}
    assert [(rank[pair.better], rank[pair.worse]) for pair in shown_pairs(found)] == [
        *((1, other) for other in range(2, 10)),
        *((first, first + 1) for first in range(2, 9)),
    ]
    detectable = sorted(pair.detectable for pair in found.pairs)[18]
    assert numbers(notes(found)[0]) == [round(detectable, 3), 8, 10]


def test_names_are_cut_in_the_middle() -> None:
    assert shortened("a" * 26) == "a" * 26
    assert shortened("first/" + "x" * 30 + "/last") == "first/xxxxxx…xxxxxxxx/last"
    assert len(shortened("x" * 27)) == 26
