from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from toys import prepared

import harness
from harness.runs.comparison import compare_logged
from harness.scoring.comparison.conclusions import conclusions
from harness.tracking import names, run_files, run_metrics
from harness.tracking.promotion import PromotionRequest, promote
from harness.tracking.store import Store
from harness.tracking.store.ui import runs_address
from harness.values.catalog import lookup
from harness.values.labels import LabelSet
from tests.tracking.toy_runs import run_all, runs_by_name

OTHERS = (
    *("f1_micro", "exact_match", "jaccard", "hamming_loss", "average_precision_macro", "f1_no_frame"),
    *("no_frame_gap", "log_loss", "brier", "aurc"),
)

MARKED = "Coastal Union blasted [Harbour Party] before the vote, for the 27th time."
PREDICT = "harness predict --model models:/stance@champion"


def test_the_parent_holds_all_that_the_ui_shows(ladder: Path) -> None:
    store = Store.open(ladder)
    parent = runs_by_name(store, "classifier")["strong"]
    files = {file.path for file in store.client.list_artifacts(parent.info.run_id)}
    assert files == {
        *("config.yaml", "environment.json", "figures", "predictions.parquet", "predictions_raw.parquet"),
        *("predictions_table.json", "measures.csv", "slices.json", "rows.parquet", "explorer.html"),
        *("report.html", "scores.csv", "trials.json", "findings.json", "audits", "frames_by_party.csv"),
    }
    figures = {file.path for file in store.client.list_artifacts(parent.info.run_id, "figures")}
    assert figures == {
        *(f"figures/{name}.svg" for name in ("confusion_matrix", "frames_by_party", "reliability", "scores")),
        "figures/training_curves.png",
    }
    metrics = parent.data.metrics
    # Validation has too few rows of a label for an interval.
    for split, ends in (("test", ("", "_low", "_high", "_seed_sd")), ("validation", ("", "_seed_sd"))):
        assert {f"{split}/f1_macro{end}" for end in ends} <= set(metrics)
    about = {"classifier": "strong", "kind": "toys:verbs"}
    assert parent.data.params == about | {"option.strength": "2.0", "option.fails": ""}
    assert parent.data.tags["team"] == "tests"
    assert json.loads(parent.data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "predictions_table.json", "type": "table"}
    ]


def test_the_models_scores_are_the_runs(ladder: Path) -> None:
    """A second model, or a curve's first step, would give the model other numbers than its run."""
    store = Store.open(ladder)
    parent = store.client.get_run(runs_by_name(store, "classifier")["verbs"].info.run_id)
    (output,) = parent.outputs.model_outputs
    model = store.client.get_logged_model(output.model_id)
    assert {metric.key: metric.value for metric in model.metrics} == {
        key: value for key, value in parent.data.metrics.items() if not key.startswith("time/")
    }
    (logged,) = parent.inputs.dataset_inputs
    assert {metric.dataset_digest for metric in model.metrics} == {logged.dataset.digest}


def test_curves_start_at_step_one(ladder: Path) -> None:
    store = Store.open(ladder)
    child = runs_by_name(store, "trial")["verbs seed 1"]
    history = store.client.get_metric_history(child.info.run_id, "training/loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_the_evaluation_view_groups_by_sentence_and_compares_what_is_right(ladder: Path) -> None:
    store = Store.open(ladder)
    parent = runs_by_name(store, "classifier")["verbs"]
    path = store.client.download_artifacts(parent.info.run_id, "predictions_table.json")
    table = json.loads(Path(path).read_text(encoding="utf-8"))
    assert table["columns"] == [
        *("sentence", "party", "truth", "output", "prediction", "id"),
        *("p_critical", "p_neutral", "p_supportive"),
    ]
    assert table["data"][0][:6] == [
        MARKED,
        *("Harbour Party", "critical", "✓ critical", "critical", "s27"),
    ]
    # Equal values of the first column would become one row.
    sentences = [row[0] for row in table["data"]]
    assert len(set(sentences)) == len(sentences)
    wrong = [row for row in table["data"] if row[2] != row[4]]
    assert wrong
    assert all(row[3] == f"✗ {row[4]} (truth: {row[2]})" for row in wrong)


def test_without_text_no_sentence_is_in_any_file(folder: Path) -> None:
    store = Store.open()
    run_all(prepared(folder, log_text="false"), store)
    assert store.artifacts is not None
    files = [path for path in store.artifacts.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path.name for path in files if b"for the 4" in path.read_bytes()] == []
    # The same search finds them where they may be.
    run_all(prepared(folder), store)
    with_text = {
        path.name
        for path in store.artifacts.rglob("*")
        if path.is_file() and b"for the 4" in path.read_bytes()
    }
    assert with_text == {
        *("predictions_table.json", "report.html", "findings.json"),
        *("leaks_repeated.csv", "annotators_mislabelled.csv"),
    }


def test_a_classifier_that_cannot_be_saved_has_no_model(ladder: Path) -> None:
    store = Store.open(ladder)
    run = store.client.get_run(runs_by_name(store, "classifier")["unsaved"].info.run_id)
    assert run.outputs.model_outputs == []
    assert run.data.tags["harness.model"].startswith("none: ")


def test_the_experiment_is_described(ladder: Path) -> None:
    store = Store.open(ladder)
    tags = store.client.get_experiment(store.experiment("toys")).tags
    note = tags["mlflow.note.content"]
    # Of a closed description the UI shows the first line.
    assert note.startswith("Which is better and why: `harness compare --experiment toys`.\n")
    rows = [line for line in note.splitlines() if line.startswith("| [")]
    assert len(rows) == 4
    assert all(f"](#/experiments/{store.experiment('toys')}/runs/" in row for row in rows)
    about = note.partition("#### About\n\n")[2]
    assert about.startswith(
        "Do verbs <i>say</i> enough?\n\n**stance** on `files`; chosen by `f1_macro` on validation."
    )


def test_a_run_has_few_metrics_the_primary_one_first(ladder: Path) -> None:
    store = Store.open(ladder)
    for role, most in (("classifier", run_metrics.MAX_METRICS), ("trial", run_metrics.MAX_TRIAL_METRICS)):
        for name, run in runs_by_name(store, role).items():
            final = [key for key in run.data.metrics if not key.startswith("training/")]
            assert len(final) <= most, name
            path = store.client.download_artifacts(run.info.run_id, run_metrics.MEASURES)
            measures = pd.read_csv(path).set_index("key")["value"]
            assert len(measures) > len(final)
            # What is logged is what the table holds.
            assert {key: run.data.metrics[key] for key in final} == {
                key: pytest.approx(measures[key], abs=1e-9) for key in final
            }


@pytest.mark.parametrize(("n_labels", "by_label"), [(3, True), (5, True), (8, True), (9, False), (14, False)])
def test_however_many_labels_a_run_stays_below_the_limit(n_labels: int, by_label: bool) -> None:
    """18 keys are left beside the primary metric, times, abstention: 10 other metrics leave 8 for labels."""
    labels = LabelSet(tuple(f"l{number}" for number in range(n_labels)), multi=True)
    metrics = [lookup("metric", name, "metric") for name in ("f1_macro", "f1", *OTHERS)]
    keys = run_metrics.run_keys(metrics[0], metrics, labels)
    assert keys[:4] == tuple(f"test/f1_macro{end}" for end in ("", "_low", "_high", "_seed_sd"))
    assert len(keys) == len(set(keys)) <= run_metrics.MAX_METRICS
    assert ("test/f1_l0" in keys) == by_label
    assert len(run_metrics.trial_keys(metrics[0], metrics)) <= run_metrics.MAX_TRIAL_METRICS


def test_a_measure_whose_name_ends_like_a_bound_is_not_one() -> None:
    table = run_metrics.measures_table({"audit/x_too_low": 1.0, "audit/x": 2.0, "audit/x_low": 1.5})
    rows = {row.key: (row.part, row.measure, row.statistic) for row in table.itertuples()}
    assert rows == {
        "audit/x_too_low": ("audit", "x_too_low", "value"),
        "audit/x": ("audit", "x", "value"),
        "audit/x_low": ("audit", "x", "low"),
    }


def test_few_tags_of_ours_stand_at_a_run(ladder: Path) -> None:
    store = Store.open(ladder)
    for run in runs_by_name(store, "classifier").values():
        ours = [name for name in run.data.tags if name.startswith("harness.")]
        assert len(ours) <= 14
        assert run.data.tags[names.TRUST].startswith("Trained on ")
        file = store.client.download_artifacts(run.info.run_id, "findings.json")
        findings = json.loads(Path(file).read_text(encoding="utf-8"))
        verdicts = [finding["verdict"] for finding in findings]
        passed, words = verdicts.count("passed"), run.data.tags[names.AUDITS]
        # Beside what failed or warned, "0 of 1" would read as a second failure.
        assert (f"{passed} of " in words) == bool(passed)
        assert all(finding["audit"] in words for finding in findings if finding["verdict"] == "failed")


def test_a_run_and_its_model_are_described(trained: Path) -> None:
    store = Store.open(trained)
    promoted = promote(store, "toys", PromotionRequest(classifier="verbs"))
    tags = store.client.get_run(promoted.run_id).data.tags
    note = tags["mlflow.note.content"]
    assert note.startswith(tags[names.TRUST])
    assert f'harness.load("runs:/{promoted.run_id}")' in note
    for part in ("**Scores**", "**Audits:**", "**Data:**", "**Limits:**"):
        assert part in note
    version = store.client.get_model_version("stance", promoted.version)
    assert version.description == note
    registered = store.client.get_registered_model("stance").description
    assert tags[names.TRUST] in registered
    assert PREDICT in registered
    card = harness.load("models:/stance@champion").card
    assert str(card) == tags[names.TRUST]
    # Without a model there is nothing to load.
    unsaved = runs_by_name(store, "classifier")["unsaved"].data.tags["mlflow.note.content"]
    assert "harness.load" not in unsaved


def test_the_description_of_an_experiment_answers_which_is_better(trained: Path) -> None:
    store = Store.open(trained)
    compared = compare_logged(store, ["toys"])
    note = store.client.get_experiment(store.experiment("toys")).tags["mlflow.note.content"]
    home = store.experiment("toys-comparisons")
    first = note.partition("\n")[0]
    assert conclusions(compared.comparison)[0] in first
    assert f"(#/experiments/{home}/runs/{compared.run_id}/artifacts/comparison.html)" in first
    # The UI opens on the runs, not on the newer comparison.
    assert f"/experiments/{store.experiment('toys')}/runs" in runs_address(store, "")
    assert runs_by_name(store, "comparison") == {}


def test_the_table_marks_the_party_where_it_stands_and_names_it_elsewhere() -> None:
    rows = pd.DataFrame({"id": ["a", "b", "c", "d"]})
    texts = pd.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "text": ["X hit Y.", "X hit Y.", "It rained.", "It rained."],
            "target": ["X", "Y", "Y", "Y"],
            "start": [0.0, 6.0, math.nan, math.nan],
            "end": [1.0, 7.0, math.nan, math.nan],
        }
    )
    assert run_files._sentences(rows, texts) == [
        *("[X] hit Y.", "X hit [Y].", "[Y] It rained. (c)", "[Y] It rained. (d)")
    ]


def test_what_is_compared_stands_before_the_options_that_differ(ladder: Path) -> None:
    """MLflow's page that compares runs begins with the first three parameters, by name, that differ."""
    runs = runs_by_name(Store.open(ladder), "classifier").values()
    parameters = [run.data.params for run in runs]
    differing = [
        name
        for name in sorted(set().union(*parameters))
        if len({of_run.get(name) for of_run in parameters}) > 1
    ]
    assert differing[:2] == ["classifier", "kind"]
    assert all(name.startswith(names.OPTION) for name in differing[2:])
    # And with the first metric that all of them have.
    shared = set.intersection(*(set(run.data.metrics) for run in runs))
    first = next(name for name in parent_metrics(ladder) if name in shared)
    assert first == "test/f1_macro"


def parent_metrics(ladder: Path) -> list[str]:
    """Return the metrics of a run in the order in which they were logged."""
    store = Store.open(ladder)
    run = runs_by_name(store, "classifier")["strong"]
    return list(store.client.get_run(run.info.run_id).data.metrics)
