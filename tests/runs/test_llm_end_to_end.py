"""A language model from config to store: with probabilities, with labels alone, and one that stops."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import toys
from sentences import numbers
from typer.testing import CliRunner

import harness
from harness.classifiers.llm.classifier import load as load_model
from harness.cli import main as cli
from harness.cli import screen
from harness.cli.results_table import results_table
from harness.config import plan
from harness.evaluation.decisions.decider_fitting import DecisionSettings, decide
from harness.evaluation.estimates import estimates
from harness.evaluation.prepared import Prepared, prepare
from harness.evaluation.trial import list_trials, run_trial
from harness.serving.contract import Contract
from harness.serving.engine import LabelEngine
from harness.serving.inference import LabelModel
from harness.serving.inference.labelling import predict_file
from harness.tracking.finished_runs import finished_runs, read_predictions
from harness.tracking.store import Store
from harness.values.errors import ClassifierError, HarnessWarning, PredictionsError
from harness.values.labels import NO_ANSWER, STANCE
from tests.classifiers.llm.stub_server import serving
from tests.classifiers.llm.word_model import WordModel
from tests.tracking.toy_runs import run_all, runs_by_name


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


def asked(url: str, api: str, more: str = "") -> str:
    return f"  asked: {{kind: llm, url: '{url}', model: words, api: {api}{more}}}"


def prepared_for(folder: Path, classifier: str, primary: str = "f1_macro") -> Prepared:
    """The toy experiment without audits, which ask more."""
    toys.prepared(folder, classifier)
    path = folder / "toys.yaml"
    text = path.read_text(encoding="utf-8").replace("primary: f1_macro", f"primary: {primary}")
    path.write_text(f"{text}{NO_AUDITS}", encoding="utf-8")
    return prepare(plan.read(path))


VERBS = WordModel(words=toys.VERBS)
NO_AUDITS = "audits: []\n"


@pytest.mark.parametrize("api", ["decisions", "json"])
def test_it_is_run_scored_and_logged_like_any_other(api: str, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, api, ", prices: {input: 10.0}"))
        (outcome,) = run_all(prepared, store)
        n_requests = len(stub.requests)
        assert outcome.error is None
        result = outcome.result
        # Each of the 36 rows of validation and test once, whatever the seeds: nothing is drawn.
        assert n_requests == 36
        assert len(result.trials) == 1
        assert result.predictions.has_probabilities == (api == "decisions")
        names = set(result.scores.rows["metric"])
        assert "f1_macro" in names
        assert ("log_loss" in names) == (api == "decisions")
        assert (result.model is None) == (api == "json")
        trial = runs_by_name(store, "trial")["asked seed 1"]
        parent = runs_by_name(store, "classifier")["asked"]
        for run in (trial, parent):
            assert run.data.metrics["usage/requests"] == 36
            assert run.data.metrics["usage/cost"] == pytest.approx(36 * 100 * 10e-6)
        run_all(prepared, store, fresh=True)
        assert len(stub.requests) == n_requests
    (restored,) = finished_runs(store, [prepared.plan.name])
    assert restored.name == "asked"


def test_labels_alone_are_neither_calibrated_nor_withheld(tmp_path: Path) -> None:
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "json"))
        (trial,) = list_trials(prepared, prepared.plan.classifiers[0])
        raw = run_trial(prepared, trial, tmp_path / "work").predictions
    decider, decided = decide(raw, DecisionSettings(risk=0.1))
    assert decider.rule is None
    assert len(decider.notes) == 1
    assert decided.predicted().tolist() == raw.predicted().tolist()
    # Every sixth label of the toys is not what the verb says.
    assert np.mean(raw.predicted() == raw.truth()) == pytest.approx(5 / 6, abs=0.05)


def test_a_primary_metric_that_needs_probabilities_is_refused(tmp_path: Path) -> None:
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "json"), primary="log_loss")
        (trial,) = list_trials(prepared, prepared.plan.classifiers[0])
        with pytest.raises(ClassifierError, match="log_loss"):
            run_trial(prepared, trial, tmp_path / "work")


def test_a_budget_leaves_the_trial_unfinished_and_unscored(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    more = ", prices: {input: 10.0}, concurrency: 1, budget: "
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "decisions", f"{more}0.03"))
        (outcome,) = run_all(prepared, store)
        n_before = len(stub.requests)
        assert outcome.result is None
        assert outcome.error is not None
        assert 0 < n_before < 36
        trial = runs_by_name(store, "trial")["asked seed 1"]
        assert trial.info.status == "FAILED"
        assert trial.data.metrics == {}
        prepared = prepared_for(tmp_path, asked(stub.url, "decisions", f"{more}100.0"))
        (outcome,) = run_all(prepared, store)
        assert outcome.result is not None
        assert len(stub.requests) == 36


@pytest.mark.parametrize("task", ["stance", "framing"])
@pytest.mark.parametrize("api", ["decisions", "json"])
def test_what_is_refused_is_missing_from_end_to_end(api: str, task: str, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    words = toys.VERBS if task == "stance" else {}
    with serving(WordModel(words=words, refuses=0.15)) as stub:
        toys.prepared(tmp_path, asked(stub.url, api), task=task)
        path = tmp_path / "toys.yaml"
        path.write_text(f"{path.read_text(encoding='utf-8')}abstention: {{risk: 0.4}}\n", encoding="utf-8")
        prepared = prepare(plan.read(path))
        with pytest.warns(HarnessWarning, match="refused"):
            (outcome,) = run_all(prepared, store)
        assert outcome.error is None
        result = outcome.result
        n_requests = len(stub.requests)
        # The same again: nothing is asked, and the same is missing.
        run_all(prepared, store)
        assert len(stub.requests) == n_requests
    test = result.predictions.only(split="test")
    assert 0 < test.missing().sum() < len(test)
    scored = result.scores.rows[result.scores.rows["slice"] == "all"]
    assert (scored[scored["split"] == "test"]["n"] == len(test)).all()
    right = test.predicted() == test.truth()
    right = right.all(axis=1) if task == "framing" else right
    name = "exact_match" if task == "framing" else "accuracy"
    assert result.scores.value(name) == pytest.approx(right.mean())
    if api == "decisions":
        assert test.rows["abstain"].to_numpy()[test.missing()].all()
    run = runs_by_name(store, "classifier")["asked"]
    assert run.data.metrics["test/missing"] == pytest.approx(test.missing().mean())
    (restored,) = finished_runs(store, [prepared.plan.name])
    again = read_predictions(store, restored).only(split="test")
    assert again.missing().tolist() == test.missing().tolist()
    page = store.client.download_artifacts(run.info.run_id, "report.html", str(tmp_path))
    text = Path(page).read_text(encoding="utf-8")
    (in_first_box,) = re.findall(r"<dt>missing</dt><dd>(.*?)</dd>", text[: text.index("</dl>")])
    assert numbers(in_first_box)[:2] == [test.missing().sum(), len(test)]
    # The line that says how far labels may be trusted stands in the same box.
    (share,) = re.findall(r"no answer for (\d+)% of test", text[: text.index("</dl>")])
    assert int(share) == round(100 * test.missing().mean())
    assert NO_ANSWER in re.findall(r"<th>([^<]+)</th>", text)


def test_where_all_is_refused_nothing_is_scored(tmp_path: Path) -> None:
    with serving(WordModel(words=toys.VERBS, refuses=1.0)) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "decisions"))
        (trial,) = list_trials(prepared, prepared.plan.classifiers[0])
        with pytest.warns(HarnessWarning), pytest.raises(ClassifierError, match="36 rows"):
            run_trial(prepared, trial, tmp_path / "work")


def test_the_screen_says_what_is_missing(tmp_path: Path) -> None:
    with serving(WordModel(words=toys.VERBS, refuses=0.15)) as stub:
        prepared_for(tmp_path, asked(stub.url, "decisions"))
        with pytest.warns(HarnessWarning):
            result = CliRunner().invoke(cli.app, ["run", str(tmp_path / "toys.yaml")], catch_exceptions=False)
    (line,) = [line for line in result.output.splitlines() if line.startswith("  asked: ")]
    assert 27 in numbers(line)
    assert any("missing" in line for line in result.output.splitlines() if line.startswith("caution"))


def test_tables_of_runs_have_a_column_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "  a-classifier-of-a-long-name: {kind: majority}"
    with serving(WordModel(words=toys.VERBS, refuses=0.15)) as stub:
        prepared_for(
            tmp_path, "\n".join([asked(stub.url, "decisions"), "  majority: {kind: majority}", long])
        )
        with pytest.warns(HarnessWarning):
            run = harness.run(tmp_path / "toys.yaml", track=False)
    shares = run.summary.set_index("classifier")["missing"]
    assert shares["majority"] == 0 < shares["asked"] == run["asked"].result.missing_share
    for columns in (20, 80, 100, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        table, shown = results_table(run), screen.console()
        headings = [str(column.header) for column in table.columns]
        assert {"f1_macro", "95 % interval", "validation", "missing", "time"} <= set(headings)
        with shown.capture() as capture:
            shown.print(table)
        heading = next(line for line in capture.get().splitlines() if "f1_macro" in line)
        # A heading that was cut would end in an ellipsis.
        assert [name for name in headings if name not in heading] == []
    assert "accuracy" in headings


def test_a_served_model_leaves_the_label_of_a_refused_row_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(WordModel(words=toys.VERBS, refuses=0.15)) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "decisions"))
        (trial,) = list_trials(prepared, prepared.plan.classifiers[0])
        with pytest.warns(HarnessWarning):
            folder = run_trial(prepared, trial, tmp_path / "work").folder
        assert folder is not None
        rows = prepared.corpus.rows[["text", "target"]].head(50)
        address = (folder / "loader.txt").read_text(encoding="utf-8").strip()
        contract = Contract("stance", STANCE, address)
        classifier = load_model(folder / "model", STANCE)
        classifier.is_foreign = False
        engine = LabelEngine(contract, classifier, prepared.corpus.parties)
        model = LabelModel(engine)
        with pytest.warns(HarnessWarning):
            labelled = model.predict(rows)
        source, output = tmp_path / "rows.csv", tmp_path / "labelled.jsonl"
        rows.to_csv(source, index=False)
        predict_file(model, source, output)
    empty = labelled["label"] == ""
    assert 0 < empty.sum() < len(rows)
    assert (labelled["abstain"] == empty).all()
    assert (labelled["p_neutral"].isna() == empty).all()
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [line["label"] == "" for line in lines] == empty.tolist()
    assert [line["p_neutral"] is None for line in lines] == empty.tolist()
    (note,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note:")]
    assert numbers(note) == [empty.sum()]


def test_predictions_without_probabilities_are_all_without(tmp_path: Path) -> None:
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "json"))
        (trial,) = list_trials(prepared, prepared.plan.classifiers[0])
        raw = run_trial(prepared, trial, tmp_path / "work").predictions
    proba = raw.proba().copy()
    assert np.isnan(proba).all()
    proba[0] = 1 / 3
    corpus = prepared.part(prepared.splits[0], "test")
    with pytest.raises(PredictionsError):
        type(raw).of(corpus, prepared.plan.labels, proba[: len(corpus)], decided=corpus.truth(raw.labels))


def test_requests_are_estimated_before_a_run(tmp_path: Path) -> None:
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, asked(stub.url, "decisions", ", prices: {input: 10.0}"))
        ((name, estimate),) = estimates(prepared)
        assert stub.requests == []
        (trial,) = list_trials(prepared, prepared.plan.classifiers[0])
        run_trial(prepared, trial, tmp_path / "work")
        sizes = [len(json.dumps(request.body)) for request in stub.requests]
    assert name == "asked"
    assert estimate.requests == len(sizes) == 36
    assert estimate.input_tokens == pytest.approx(sum(sizes) / 4, rel=0.1)
    assert estimate.output_tokens == 0
    assert estimate.cost == pytest.approx(estimate.input_tokens * 10e-6)


def test_an_estimate_counts_seeds_repeats_and_a_grid(tmp_path: Path) -> None:
    def requests_of(more: str) -> int:
        prepared = prepared_for(tmp_path, asked("http://127.0.0.1:9/v1", "json", more))
        return sum(estimate.requests for _, estimate in estimates(prepared))

    # 9 validation and 27 test rows.
    assert requests_of("") == 36
    assert requests_of(", repeats: 3") == 3 * 36
    # Two seeds, which draw different shots.
    assert requests_of(", shots: 2") == 2 * 36
    grid = ", tune: {max_tokens: [9, 99, 999]}"
    # Each candidate is asked about as many training rows as there are of validation.
    assert requests_of(grid) == 36 + 3 * 9


def test_classifiers_without_a_server_have_no_estimate(tmp_path: Path) -> None:
    assert list(estimates(toys.prepared(tmp_path))) == []


def test_the_screen_says_what_was_asked_and_what_is_left(tmp_path: Path) -> None:
    with serving(VERBS) as stub:
        more = ", prices: {input: 10.0}, budget: 1.0"
        prepared_for(tmp_path, asked(stub.url, "decisions", more))
        result = CliRunner().invoke(cli.app, ["run", str(tmp_path / "toys.yaml")], catch_exceptions=False)
    (line,) = [line for line in result.output.splitlines() if line.startswith("  asked: ")]
    # 36 requests of 100 tokens, each a hundred-thousandth.
    for number in ("36 requests", "0.036", "0.964"):
        assert number in line
