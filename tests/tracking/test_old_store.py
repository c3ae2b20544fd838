"""A store of an earlier version: its runs and models are read under their present names."""

from __future__ import annotations

import csv
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sentences import numbers
from typer.testing import CliRunner

import harness
from harness.cli.main import app
from harness.config import plan
from harness.evaluation.prepared import prepare
from harness.runs.comparison import compare_logged
from harness.serving.seals import UnsealedWarning
from harness.tracking.auditable import load_for_audit
from harness.tracking.descriptions import describe_experiment
from harness.tracking.finished_runs import finished_runs, read_predictions
from harness.tracking.promotion import PromotionRequest, promote, rollback
from harness.tracking.run_metrics import MAX_METRICS, MEASURES
from harness.tracking.store import Store
from harness.tracking.store.relocate import relocate
from harness.tracking.store.ui import runs_address
from harness.values.errors import ConfigError
from harness.values.legacy import SPLITS, TAGS, current_metrics
from tests.tracking.toy_runs import run_all, runs_by_name

# Old models are not sealed, which each load notes in a line: that is asserted once, below.
pytestmark = pytest.mark.filterwarnings("ignore::harness.serving.seals.UnsealedWarning")

FIXTURE = Path(__file__).parent / "old_store"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURE / "expected-runs.json").read_text(encoding="utf-8"))
EXACT = 1e-9
CONFIG = """\
name: {name}
task: stance
corpus: {{kind: files, path: sentences.csv, columns: {{group: article}}}}
split: {{kind: holdout, test: 0.3, dev: 0.4, calibration: 0.5, seed: 3}}
seeds: [1, 2]
metrics: [f1_macro, accuracy, f1, brier]
calibration: {{kind: temperature}}
audits: [leaks]
classifiers:
  linear: {{kind: linear, words: 1, chars: null, min_count: 1}}
  majority: {{kind: majority}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that was moved here from ``/old/store``, with its inputs."""
    with tarfile.open(FIXTURE / "store.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    for file in FIXTURE.iterdir():
        if file.suffix in (".csv", ".yaml"):
            shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    relocate(Store.open(check=False))
    return tmp_path


def run_again(project: Path, name: str) -> None:
    """Run two of the classifiers under the present code, in the old store."""
    path = project / f"{name}.yaml"
    path.write_text(CONFIG.format(name=name), encoding="utf-8")
    outcomes = run_all(prepare(plan.read(path)), Store.open())
    assert [(outcome.error, outcome.reused) for outcome in outcomes] == [(None, False)] * 2


def sentences(project: Path) -> list[dict[str, str]]:
    with (project / "five.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_store_holds_old_names(project: Path) -> None:
    """Else the other tests would show nothing."""
    run = runs_by_name(Store.open(), "classifier", "stance-small")["linear"]
    assert "select/f1_macro" in run.data.metrics
    assert set(TAGS) <= set(run.data.tags)
    contracts = [path.read_text() for path in project.rglob("contract.json")]
    assert any('"harness.classifiers.linear:load"' in text for text in contracts)
    tables = [pd.read_parquet(path) for path in project.rglob("predictions.parquet")]
    assert {"select", "calibrate"} == set(SPLITS) <= {split for table in tables for split in table["split"]}


@pytest.mark.parametrize("task", ["stance", "framing"])
def test_an_old_model_predicts_what_it_predicted(project: Path, task: str) -> None:
    expected = pd.read_csv(project / f"expected-{task}.csv", keep_default_na=False)
    with pytest.warns(UnsealedWarning) as noted:
        model = harness.load(f"models:/{task}@champion")
    assert len(noted) == 1
    predicted = model.predict(sentences(project))
    pd.testing.assert_frame_equal(predicted, expected, check_dtype=False, rtol=0, atol=EXACT)


def test_two_old_models_label_together(project: Path) -> None:
    both = harness.load_both("models:/stance@champion", "models:/framing@champion")
    labelled = both.predict(sentences(project))
    assert labelled["label"].tolist() == pd.read_csv(project / "expected-stance.csv")["label"].tolist()


def test_an_article_is_read_with_old_models(project: Path) -> None:
    text = "\n".join(row["text"] for row in sentences(project))
    (project / "parties.json").write_text(json.dumps([{"name": "Harbour League"}, {"name": "Velm"}]))
    reading = harness.read(text, parties=project / "parties.json")
    assert set(reading.rows["target"]) == {"Harbour League", "Velm"}


def test_mlflow_loads_an_old_model(project: Path) -> None:
    import mlflow.pyfunc

    store = Store.open()
    with store.pointed():
        model = mlflow.pyfunc.load_model("models:/stance/1")
    rows = pd.DataFrame(sentences(project))[["text", "target"]]
    assert (
        model.predict(rows)["label"].tolist()
        == pd.read_csv(project / "expected-stance.csv")["label"].tolist()
    )


def test_an_old_model_can_be_audited(project: Path) -> None:
    model = load_for_audit("models:/stance@champion")
    assert (model.task, len(model.trained_on)) == ("stance", 16)


def test_old_predictions_are_read_under_present_names(project: Path) -> None:
    store = Store.open()
    for run in finished_runs(store, ["stance-small"]):
        predictions = read_predictions(store, run)
        assert set(predictions.rows["split"]) == {"validation", "calibration", "test"}, run.name
        expected = EXPECTED[f"stance-small/{run.name}"]
        for split in ("validation", "test"):
            assert predictions.only(split=split).fingerprint() == expected[f"{split}_fingerprint"]


def test_old_runs_are_compared(project: Path) -> None:
    compared = compare_logged(Store.open(), ["stance-small"]).comparison
    assert compared.refused == {}
    assert {run.name: run.value for run in compared.runs} == {
        name: pytest.approx(EXPECTED[f"stance-small/{name}"]["test"], abs=EXACT)
        for name in ("coin", "majority", "linear", "windowed", "theirs")
    }


def test_the_command_compares_the_experiment_that_was_run_last(project: Path) -> None:
    answer = CliRunner().invoke(app, ["compare"])
    assert answer.exit_code == 0, answer.output
    (title,) = [line for line in answer.output.splitlines() if line.startswith("f1_macro ")]
    assert numbers(title) == [21, 7]


def test_an_old_experiment_is_compared_with_a_new_one(project: Path) -> None:
    run_again(project, "stance-new")
    store = Store.open()
    compared = compare_logged(store, ["stance-small", "stance-new"]).comparison
    assert compared.refused == {}
    assert len(compared.runs) == 7
    # The present code gives the same predictions to the digit, so the classifiers score alike.
    scores = {run.name: run.value for run in compared.runs}
    for name in ("linear", "majority"):
        assert scores[f"stance-new/{name}"] == pytest.approx(scores[f"stance-small/{name}"], abs=EXACT)
    old, new = (
        read_predictions(store, next(run for run in finished_runs(store, [name]) if run.name == "linear"))
        for name in ("stance-small", "stance-new")
    )
    assert old.rows["prediction"].tolist() == new.rows["prediction"].tolist()
    assert old.proba() == pytest.approx(new.proba(), abs=EXACT)


def test_an_old_run_is_promoted(project: Path) -> None:
    store = Store.open()
    # Of those with a model: 'theirs' has the best score, but is external.
    promotion = promote(store, "stance-small")
    expected = EXPECTED["stance-small/linear"]
    assert (promotion.classifier, promotion.version, promotion.changed) == ("linear", "1", False)
    assert promotion.validation == pytest.approx(expected["validation"], abs=EXACT)
    assert promotion.test == pytest.approx(expected["test"], abs=EXACT)
    promotion = promote(store, "stance-small", PromotionRequest(classifier="windowed"))
    assert (promotion.version, promotion.previous) == ("2", "1")
    assert any("(linear)" in note for note in promotion.notes)  # version 1 had the better score on validation
    verdicts = dict(zip(promotion.gates["gate"], promotion.gates["verdict"], strict=True))
    # It loads in a fresh process; packed without probes, it has nothing to reproduce.
    assert verdicts["reproduces"] == "not checked"
    assert harness.load("models:/stance@champion").predict(sentences(project)).shape == (5, 5)


def test_old_and_new_runs_of_an_experiment_are_candidates_together(project: Path) -> None:
    run_again(project, "stance-small")
    store = Store.open()
    tags = runs_by_name(store, "classifier", "stance-small")["linear"].data.tags
    assert tags["harness.validation_fingerprint"] == EXPECTED["stance-small/linear"]["validation_fingerprint"]
    promotion = promote(store, "stance-small", PromotionRequest(classifier="linear"))
    assert (promotion.version, promotion.previous) == ("2", "1")
    # 'windowed' was run by the earlier version alone.
    assert promote(store, "stance-small", PromotionRequest(classifier="windowed")).version == "3"
    restored = rollback(store, "stance")
    assert (restored.version, restored.classifier) == ("2", "linear")


def test_an_old_champion_is_brought_back(project: Path) -> None:
    store = Store.open()
    promote(store, "stance-small", PromotionRequest(classifier="windowed"))
    restored = rollback(store, "stance")
    assert (restored.version, restored.classifier) == ("1", "linear")
    assert restored.validation == pytest.approx(EXPECTED["stance-small/linear"]["validation"], abs=EXACT)


def test_external_predictions_score_as_before(project: Path) -> None:
    (project / "stance-new.yaml").write_text(CONFIG.format(name="stance-new"), encoding="utf-8")
    scored = harness.score("theirs.csv", config="stance-new.yaml")
    expected = EXPECTED["stance-small/theirs"]
    for split in ("validation", "test"):
        value = scored.result.scores.value("f1_macro", split=split)
        assert value == pytest.approx(expected[split], abs=EXACT)
    compared = compare_logged(Store.open(), ["stance-small", "stance-new"]).comparison
    assert compared.refused == {}


def test_an_old_config_is_refused_with_the_present_name(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        plan.read(Path("stance.yaml"))
    (problem,) = [problem for problem in caught.value.problems if "split.calibrate" in problem.where]
    assert "'calibration'" in str(problem)


def test_the_ui_opens_an_old_experiment(project: Path) -> None:
    store = Store.open()
    number = store.find_experiment("stance-small")
    assert f"/experiments/{number}/" in runs_address(store, "http://h:1", "stance-small")


def test_every_number_of_an_old_run_stands_in_the_measures_of_a_new_one(project: Path) -> None:
    """Earlier versions logged each as a metric; the keys are those that they wrote."""
    store = Store.open()
    old = runs_by_name(store, "classifier", "stance-small")
    run_again(project, "stance-new")
    new = runs_by_name(store, "classifier", "stance-new")
    assert set(new) == {"linear", "majority"}
    for name, run in new.items():
        keys = set(current_metrics(old[name].data.metrics))
        assert len(keys) > MAX_METRICS
        measures = pd.read_csv(store.client.download_artifacts(run.info.run_id, MEASURES))
        assert keys <= set(measures["key"]), name
        assert measures["key"].is_unique
        # The key is made of the other columns.
        ends = measures["statistic"].map(lambda end: "" if end == "value" else f"_{end}")
        assert (measures["part"] + "/" + measures["measure"] + ends == measures["key"]).all()
        assert len(run.data.metrics) <= MAX_METRICS


def test_the_audits_of_old_runs_stand_in_the_description(project: Path) -> None:
    store = Store.open()
    describe_experiment(store, store.experiment("stance-small"), "About it.")
    note = store.client.get_experiment(store.experiment("stance-small")).tags["mlflow.note.content"]
    for name, run in runs_by_name(store, "classifier", "stance-small").items():
        (row,) = (line for line in note.splitlines() if f"/runs/{run.info.run_id})" in line)
        if run.data.metrics.get("test/f1_macro") is not None:
            assert f"| {run.data.metrics['test/f1_macro']:.3f} |" in row, name
        verdicts = [value for tag, value in run.data.tags.items() if tag.startswith("harness.audit.")]
        assert (f"{verdicts.count('passed')} of " in row) == any(
            verdict != "not applicable" for verdict in verdicts
        )
    # Written again, the same: what it is about is kept.
    describe_experiment(store, store.experiment("stance-small"))
    assert store.client.get_experiment(store.experiment("stance-small")).tags["mlflow.note.content"] == note
