from __future__ import annotations

import json
from pathlib import Path

from golden import Golden
from sentences import words
from toys import CONFIG, prepared

from harness.tracking.store import Store
from tests.tracking.toy_runs import run_all, runs_by_name


def test_the_parent_holds_all_that_the_ui_shows(ladder: Path) -> None:
    store = Store.open(ladder)
    parent = runs_by_name(store, "classifier")["strong"]
    names = {file.path for file in store.client.list_artifacts(parent.info.run_id)}
    assert names == {
        *("config.yaml", "environment.json", "figures", "predictions.parquet", "predictions_raw.parquet"),
        "predictions_table.json",
        *("report.html", "scores.csv", "trials.json", "findings.json", "audits", "frames_by_party.csv"),
    }
    figures = {file.path for file in store.client.list_artifacts(parent.info.run_id, "figures")}
    assert figures == {
        f"figures/{name}.png"
        for name in ("confusion_matrix", "frames_by_party", "reliability", "training_curves")
    }
    metrics = parent.data.metrics
    for split in ("test", "validation"):
        assert {f"{split}/f1_macro{end}" for end in ("", "_low", "_high", "_seed_sd")} <= set(metrics)
    assert (parent.data.params["kind"], parent.data.params["strength"]) == ("toys:verbs", "2.0")
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


def test_the_table_for_the_evaluation_view_groups_by_id_and_compares_predictions(ladder: Path) -> None:
    store = Store.open(ladder)
    parent = runs_by_name(store, "classifier")["verbs"]
    path = store.client.download_artifacts(parent.info.run_id, "predictions_table.json")
    table = json.loads(Path(path).read_text(encoding="utf-8"))
    assert table["columns"] == [
        *("id", "prediction", "truth", "target", "text"),
        *("p_critical", "p_neutral", "p_supportive"),
    ]
    assert table["data"][0][:5] == [
        *("s27", "critical", "critical", "Harbour Party"),
        "Coastal Union blasted Harbour Party before the vote, for the 27th time.",
    ]


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


def test_the_experiment_is_described(ladder: Path, golden: Golden) -> None:
    store = Store.open(ladder)
    tags = store.client.get_experiment(store.experiment("toys")).tags
    own, rest = tags["mlflow.note.content"].split("\n\n", 1)
    assert f"description: {own}\n" in CONFIG
    assert {"stance", "files", "f1_macro"} <= set(words(rest))
    golden("tracking/description", rest)
