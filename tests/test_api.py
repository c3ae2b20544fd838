"""The Python API: what the command line does, from Python, with a store and without."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toys
from golden import Golden
from refused import listing, places, refused
from sentences import words

import harness
from harness.classifiers.protocol import Examples, Labelled
from harness.evaluation.external import ExternalPredictionsError
from harness.scoring.metrics.metric import Metric
from harness.tracking.promotion import PromotionRequest
from harness.tracking.store import Store
from harness.values.errors import ConfigError, PredictionsError, PromotionError

LADDER = "  prior: {kind: prior}\n  verbs: {kind: 'toys:verbs'}"


@pytest.fixture
def config(folder: Path) -> Path:
    """A config of two classifiers, in a working folder with an empty store."""
    return toys.prepared(folder, LADDER).plan.source


def runs_in(folder: Path) -> list[str]:
    client = Store.open(folder).client
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.run_id for run in client.search_runs(ids)]


def test_importing_the_package_loads_nothing_but_itself() -> None:
    code = "import sys, harness\nprint([name for name in sys.modules if name.startswith('harness.')])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['harness.values', 'harness.values.version']"


@pytest.mark.parametrize("name", harness.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(harness, name)
    assert name in dir(harness)
    assert name == "__version__" or (value.__doc__ or "").strip()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'runn'"):
        harness.runn  # noqa: B018


def test_a_tracked_run_gives_tables_reports_and_models(config: Path, folder: Path) -> None:
    run = harness.run(config, set={"seeds": [1]})
    assert list(run.classifiers) == ["prior", "verbs"]
    assert run.best == "verbs"
    whole = run.scores[(run.scores["slice"] == "all") & (run.scores["metric"] == "f1_macro")]
    assert set(zip(whole["classifier"], whole["split"], strict=True)) >= {
        ("prior", "test"),
        ("verbs", "test"),
    }
    assert set(run.predictions["classifier"]) == {"prior", "verbs"}
    assert set(run.findings["verdict"]) <= {"passed", "failed", "warning", "not applicable"}
    assert run["verbs"].report.read_text(encoding="utf-8").startswith("<!doctype html>")
    labelled = (
        run["verbs"].load().predict([{"text": "Varna blasted Harbour Party", "target": "Harbour Party"}])
    )
    assert labelled["label"].tolist() == ["critical"]
    before = runs_in(folder)
    again = harness.run(config, set={"seeds": [1]})
    assert [classifier.reused for classifier in again] == [True, True]
    assert runs_in(folder) == before
    pd.testing.assert_frame_equal(again.predictions, run.predictions, check_dtype=False)


def test_an_untracked_run_touches_no_store(config: Path, folder: Path, golden: Golden) -> None:
    before = runs_in(folder)
    run = harness.run(config, track=False, output=folder / "results")
    assert runs_in(folder) == before
    assert run["verbs"].report == folder / "results" / "toys" / "verbs" / "report.html"
    assert run["verbs"].report.is_file()
    labelled = (
        run["verbs"].load().predict([{"text": "Varna blasted Harbour Party", "target": "Harbour Party"}])
    )
    assert labelled["label"].tolist() == ["critical"]
    compared = harness.compare(run)
    assert compared.run_id == ""
    assert [row for tie in compared.ties for row in tie] == compared.table["name"].tolist()
    error = refused(lambda: harness.promote(run))
    assert type(error) is PromotionError
    assert run.name in words(str(error))
    golden("api/untracked-promotion", str(error))


def test_tracked_and_untracked_runs_predict_the_same(config: Path) -> None:
    tracked, untracked = harness.run(config), harness.run(config, track=False)
    pd.testing.assert_frame_equal(tracked.predictions, untracked.predictions)
    pd.testing.assert_frame_equal(tracked.scores, untracked.scores)


def test_output_and_track_exclude_each_other(config: Path, folder: Path, golden: Golden) -> None:
    error = refused(lambda: harness.run(config, output=folder / "results"))
    assert type(error) is PredictionsError
    assert "output" in words(str(error))
    golden("api/output-without-effect", str(error))


def test_results_show_themselves_in_a_notebook_and_print_short(config: Path, golden: Golden) -> None:
    run = harness.run(config, track=False)
    page = run._repr_html_()
    assert "<table" in page
    below = page.partition("</table>")[2]
    assert words(below.partition(".")[0])[-1] == run.best == "verbs"
    golden("api/notebook", below)
    assert all(len(repr(value)) < 400 for value in (run, run["verbs"], harness.compare(run)))
    assert "<table" in harness.compare(run)._repr_html_()


def test_a_missing_classifier_is_suggested(config: Path) -> None:
    run = harness.run(config, track=False)
    with pytest.raises(KeyError, match="'verbs'"):
        run["verb"]


def test_a_failure_leaves_the_others(folder: Path) -> None:
    ladder = "  early: {kind: 'toys:refusing'}\n  prior: {kind: prior}"
    source = toys.prepared(folder, ladder, split="{kind: kfold, k: 2, dev: 0, calibration: 0}").plan.source
    with pytest.raises(harness.FailedClassifiersError) as caught:
        harness.run(source, track=False)
    assert list(caught.value.run.classifiers) == ["prior"]
    assert list(caught.value.run.failed) == ["early"]


def test_an_observer_hears_of_everything(config: Path) -> None:
    heard: list[str] = []

    class Listener(harness.RunObserver):
        def prepared(self, prepared: Any) -> None:
            heard.append(prepared.plan.name)

        def classifier_ended(self, outcome: Any) -> None:
            heard.append(outcome.name)

    harness.run(config, track=False, observer=Listener())
    assert heard == ["toys", "prior", "verbs"]


class AlwaysCritical:
    """A user's classifier, handed over as an object."""

    deterministic = True

    def __init__(self) -> None:
        self.trained_on = 0

    def fit(self, train: Labelled, validation: Labelled | None = None) -> None:
        self.trained_on = len(train.examples)

    def predict_proba(self, examples: Examples) -> np.ndarray:
        assert self.trained_on
        return np.tile([0.0, 1.0, 0.0], (len(examples), 1))


def test_classifiers_and_corpora_are_handed_over_as_objects(folder: Path) -> None:
    prepared = toys.prepared(folder, LADDER)
    mine = AlwaysCritical()
    data = {
        "name": "objects",
        "corpus": prepared.entire,
        "audits": [],
        "classifiers": {"mine": mine, "made": AlwaysCritical, "prior": {"kind": "prior"}},
    }
    run = harness.run(data, track=False)
    assert set(run["mine"].predictions["prediction"]) == {prepared.plan.labels.names[1]}
    assert mine.trained_on == 0, "each trial trains a copy"
    pd.testing.assert_series_equal(
        run["mine"].predictions["prediction"], run["made"].predictions["prediction"]
    )


def test_an_object_is_never_taken_for_that_of_an_earlier_run(folder: Path) -> None:
    prepared = toys.prepared(folder, LADDER)
    data = {"name": "objects", "corpus": prepared.entire, "audits": []}
    runs = [harness.run({**data, "classifiers": {"mine": AlwaysCritical()}}) for _ in range(2)]
    assert [run["mine"].reused for run in runs] == [False, False]


def test_a_metric_is_handed_over_as_an_object(folder: Path) -> None:
    from harness.scoring.metrics.classification import ACCURACY

    prepared = toys.prepared(folder, LADDER)
    metric = Metric(**{**vars(ACCURACY), "name": "share_right"})
    data = {
        "name": "objects",
        "corpus": prepared.entire,
        "audits": [],
        "metrics": ["f1_macro", "accuracy", metric],
        "classifiers": {"prior": {"kind": "prior"}},
    }
    scores = harness.run(data, track=False)["prior"].result.scores
    assert scores.value("share_right") == scores.value("accuracy")


def test_predictions_from_a_table_are_scored(config: Path) -> None:
    run = harness.run(config, track=False)
    test = run["verbs"].predictions.query("split == 'test'")
    table = test[["id", "seed", "prediction", *[name for name in test if name.startswith("p_")]]]
    scored = harness.score(table, config=config, name="theirs", track=False)
    assert scored.name == "theirs"
    assert scored.result.scores.value("f1_macro") == pytest.approx(
        run["verbs"].result.scores.value("f1_macro"), abs=1e-12
    )
    harness.run(config)
    assert harness.score(table, config=config).experiment == "toys"
    assert set(harness.compare("toys", track=False).table["name"]) == {"external", "prior", "verbs"}


def test_problems_of_a_table_are_said_at_once(config: Path, golden: Golden) -> None:
    table = pd.DataFrame({"id": ["a", "b"], "prediction": ["furious", "angry"]})
    with pytest.raises(ExternalPredictionsError) as caught:
        harness.score(table, config=config, track=False)
    assert [problem.where for problem in caught.value.problems] == ["line 2", "line 3"]
    golden("api/problems-of-a-table", str(caught.value))


def test_promotion_and_rollback(config: Path) -> None:
    run = harness.run(config)
    first = harness.promote(run, classifier="prior")
    second = harness.promote("toys")
    assert (first.classifier, second.classifier) == ("prior", "verbs")
    assert harness.rollback("stance").classifier == "prior"
    assert harness.load("models:/stance@champion").labels == run.plan.labels.names


def uniform(table: pd.DataFrame) -> pd.DataFrame:
    share = np.full(len(table), 1 / 3)
    return pd.DataFrame({f"p_{name}": share for name in ("supportive", "critical", "neutral")})


def test_a_function_is_audited(folder: Path) -> None:
    audited = harness.audit(uniform, corpus="partyline", set={"audits": ["behaviour"]}, track=False)
    (behaviour,) = audited.findings
    assert behaviour.verdict == "failed"
    assert audited.table["audit"].tolist()[0] == "behaviour"


def test_a_corpus_is_loaded_by_name(folder: Path) -> None:
    corpus = harness.load_corpus("partyline")
    assert {"text", "target", "stance"} <= set(corpus.rows.columns)
    assert len(corpus) == 8580
    with pytest.raises(ConfigError, match="'partyline'"):
        harness.load_corpus("partylin")


def test_an_article_is_read_from_a_text(config: Path) -> None:
    harness.promote(harness.run(config))
    reading = harness.read("Varna blasted Harbour Party. Germany praised France.", frames=None)
    assert reading.rows["target"].tolist() == ["Germany", "France"]
    assert set(reading.rows["stance"]) <= {"critical", "neutral", "supportive"}


def test_predictions_are_made_from_labels(golden: Golden) -> None:
    truth, labels = ["a", "b", "b", "a"], ["a", "b"]
    predictions = harness.Predictions.from_labels(truth, ["a", "b", "a", "a"], groups=["1", "1", "2", "2"])
    assert predictions.labels.names == ("a", "b")
    assert predictions.predicted().tolist() == [0, 1, 0, 0]
    assert not predictions.has_probabilities
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    with_proba = harness.Predictions.from_labels(truth, ["a", "b", "a", "a"], proba=proba, labels=labels)
    assert with_proba.has_probabilities
    assert with_proba.proba().tolist() == proba.tolist()
    error = refused(lambda: harness.Predictions.from_labels(truth, ["a", "b", "c", "a"], labels=labels))
    assert type(error) is PredictionsError
    assert [word for word in words(str(error)) if word in "abc"] == ["c", "a", "b"]
    golden("api/unknown-labels", str(error))
    assert harness.Predictions.from_labels([0, 1], np.array([0, 0])).predicted().tolist() == [0, 0]
    several = harness.Predictions.from_labels([{"a"}, set()], [{"a", "b"}, {"b"}])
    assert several.predicted().tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        ([], []),
        (["a"], ["a"]),
        (["a", None], ["a", "b"]),
        (["a", float("nan")], ["a", "b"]),
        ([{"a"}], ["a"]),
    ],
)
def test_labels_that_make_no_table_are_refused(y_true: list[Any], y_pred: list[Any]) -> None:
    with pytest.raises(PredictionsError):
        harness.Predictions.from_labels(y_true, y_pred)


WRONG_KINDS: dict[str, tuple[Callable[..., object], object, str]] = {
    "run a list": (harness.run, [{"name": "a"}], "config"),
    "run nothing": (harness.run, None, "config"),
    "run a table": (harness.run, pd.DataFrame(), "config"),
    "compare a number": (harness.compare, 3, "experiments"),
    "load a table": (harness.load_corpus, pd.DataFrame(), "kind"),
    "load a path": (harness.load_corpus, "sentences.csv", "kind"),
}


def test_arguments_of_the_wrong_kind_are_refused(folder: Path, golden: Golden) -> None:
    cases = {case: partial(function, argument) for case, (function, argument, _) in WRONG_KINDS.items()}
    for case, (_, argument, where) in WRONG_KINDS.items():
        error = refused(cases[case])
        assert type(error) is ConfigError
        assert places(error) == [where]
        assert type(argument).__name__ in words(str(error))
        assert where != "kind" or "load_corpus('files'" in str(error)
    golden("api/wrong-kinds", listing(cases))


def test_the_options_of_a_promotion_are_those_of_a_request() -> None:
    options = dict(inspect.signature(harness.promote).parameters)
    options.pop("experiment")
    fields = {field.name: field.default for field in dataclasses.fields(PromotionRequest)}
    assert {name: option.default for name, option in options.items()} == fields
