"""What a language model took, who answered and when, and what its reader is warned of."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import toys
from typer.testing import CliRunner

from harness.audits.audit_estimates import audit_estimates
from harness.classifiers.remote import BudgetError
from harness.cli import main as cli
from harness.config import plan
from harness.evaluation.estimates import estimates
from harness.evaluation.prepared import Prepared, prepare
from harness.runs.methods import methods
from harness.tracking import run_metrics
from harness.tracking.finished_runs import finished_runs
from harness.tracking.store import Store
from harness.values.errors import ModelError
from harness.values.labels import STANCE
from harness.values.parties import EMPTY
from harness.values.trusted_hosts import bind_key
from tests.classifiers.llm.stub_server import serving
from tests.classifiers.llm.word_model import WordModel
from tests.sentences import numbers
from tests.tracking.toy_runs import run_all, runs_by_name

VERBS = WordModel(words=toys.VERBS)
OPTIONS = ", prices: {input: 10.0}"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


def prepared_for(folder: Path, url: str, more: str = "", audits: str = "[]") -> Prepared:
    asked = f"  asked: {{kind: llm, url: '{url}', model: words, api: decisions{OPTIONS}{more}}}"
    toys.prepared(folder, asked)
    with (folder / "sentences.csv").open("a", encoding="utf-8") as file:
        file.write(both_sides(folder / "sentences.csv"))
    path = folder / "toys.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}audits: {audits}\n", encoding="utf-8")
    return prepare(plan.read(path))


def both_sides(path: Path) -> str:
    """Return the rows of the toys with the other party of each sentence as their target.

    Else the sentence alone would decide the label, and there would be nothing to audit.
    """
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))[1:]
    others = [
        [f"{id_}b", text, next(p for p in toys.PARTIES if text.startswith(p))] for id_, text, *_ in rows
    ]
    return "".join(
        ",".join([row[0], f'"{row[1]}"', row[2], *rest[3:]]) + "\n"
        for row, rest in zip(others, rows, strict=True)
    )


def report_of(store: Store, folder: Path) -> str:
    run = runs_by_name(store, "classifier")["asked"]
    path = store.client.download_artifacts(run.info.run_id, "report.html", str(folder))
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("audits", ["[party_swap, behaviour, sensitivity]", "[target_use]", "{}"])
def test_audits_are_in_the_estimate(audits: str, tmp_path: Path) -> None:
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, stub.url, audits=audits)
        ((_, scored),) = estimates(prepared)
        ((name, audited),) = audit_estimates(prepared)
        assert stub.requests == []
        run_all(prepared, Store.open(tmp_path))
        n_requests = len(stub.requests)
    assert name == "asked"
    assert scored.requests == 72
    # It is an upper bound: the rows of a sentence read alike without their target, and are asked about once.
    n_alike = 36 if "target_use" in audits or audits == "{}" else 0
    assert scored.requests + audited.requests >= n_requests > scored.requests
    assert scored.requests + audited.requests - n_alike == pytest.approx(n_requests, rel=0.1)
    assert audited.cost > 0


@pytest.mark.filterwarnings("ignore:words is asked by api")
@pytest.mark.parametrize("without", [(), ("decisions", "systemone", "logprobs")], ids=["first", "last"])
def test_finding_out_how_a_server_is_asked_is_in_the_estimate(
    without: tuple[str, ...], tmp_path: Path
) -> None:
    with serving(WordModel(words=toys.VERBS, without=without)) as stub:
        prepared = prepared_for(tmp_path, stub.url, ", shots: 2")
        ((_, given),) = estimates(prepared)
        path = tmp_path / "toys.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("api: decisions", "api: auto"), "utf-8")
        prepared = prepare(plan.read(path))
        ((_, estimate),) = estimates(prepared)
        run_all(prepared, Store.open(tmp_path))
        n_requests = len(stub.requests)
    # Once, whatever the seeds.
    assert estimate.requests - given.requests == 4
    assert n_requests <= estimate.requests
    assert n_requests > given.requests - 4


def test_no_audit_means_no_estimate_of_one(tmp_path: Path) -> None:
    assert list(audit_estimates(prepared_for(tmp_path, "http://127.0.0.1:9/v1"))) == []
    blind = prepared_for(tmp_path, "http://127.0.0.1:9/v1", ", target: none", "[target_use]")
    assert list(audit_estimates(blind)) == []


def test_who_answered_and_what_it_took_are_logged_within_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path))
    store = Store.open()
    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, stub.url, ", repeats: 2")
        run_all(prepared, store)
        url = stub.url
    parent = runs_by_name(store, "classifier")["asked"]
    trial = runs_by_name(store, "trial")["asked seed 1"]
    assert set(run_metrics.USAGE) <= set(parent.data.metrics)
    assert set(run_metrics.TRIAL_USAGE) <= set(trial.data.metrics)
    assert len(parent.data.metrics) <= run_metrics.MAX_METRICS
    assert len(trial.data.metrics) <= run_metrics.MAX_TRIAL_METRICS
    assert parent.data.metrics["usage/requests"] == 144
    for tags in (parent.data.tags, trial.data.tags):
        assert tags["harness.source.model"] == "words-as-answered"
        assert tags["harness.source.address"] == url
        assert tags["harness.source.api"] == "decisions"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)?", tags["harness.source.answered"])
    described = methods(prepared.plan.name).text
    assert all(
        recorded in described for recorded in ("words-as-answered", url, "api: decisions", "2 repeats")
    )
    (before,) = re.findall(r"(\w+) was trained", described)
    assert before == "nothing"
    (restored,) = finished_runs(store, [prepared.plan.name])
    report = report_of(store, tmp_path)
    assert "words-as-answered" in report
    # Both of two equal answers: 100 % of the questions.
    (note,) = re.findall(r"[^.;>]*agreed with itself[^.]*", report)
    assert numbers(note)[-1] == 100
    assert restored.name == "asked"


def test_seeds_are_said_to_change_shots_alone(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with serving(VERBS) as stub:
        run_all(prepared_for(tmp_path, stub.url, ", shots: 2"), store)
    assert "shots" in re.findall(r"standard deviation[^<]*", report_of(store, tmp_path))[0]


def test_a_score_on_a_public_test_set_has_a_caution(tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "configs" / "llm-local.yaml"
    outcome = CliRunner().invoke(cli.app, ["validate", str(config)], catch_exceptions=False)
    text = " ".join(outcome.output.split())
    assert "harness contamination" in text
    # A person's own rows are not public.
    path = tmp_path / "toys.yaml"
    prepared_for(tmp_path, "http://127.0.0.1:9/v1")
    outcome = CliRunner().invoke(cli.app, ["validate", str(path)], catch_exceptions=False)
    assert "contamination" not in outcome.output


STUDENT = """
  student:
    kind: distilled
    teacher: {kind: llm, url: 'http://127.0.0.1:9/v1', model: words, api: decisions, key: LLM_KEY}
"""


@pytest.mark.parametrize("is_set", [True, False])
@pytest.mark.parametrize("is_bound", [True, False])
@pytest.mark.parametrize("asker", ["itself", "its teacher"])
def test_validate_says_what_a_key_lacks(
    asker: str, is_bound: bool, is_set: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared_for(tmp_path, "http://127.0.0.1:9/v1", ", key: LLM_KEY")
    path = tmp_path / "toys.yaml"
    if asker == "its teacher":
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"\n  asked: .*\n", STUDENT, text), encoding="utf-8")
    monkeypatch.setenv("LLM_KEY", "canary-key" if is_set else " ")
    if is_bound:
        bind_key("LLM_KEY", "http://127.0.0.1:9")
    outcome = CliRunner().invoke(cli.app, ["validate", str(path)], catch_exceptions=False)
    said = " ".join(outcome.output.split())
    # What this machine lacks is no fault of the config.
    assert outcome.exit_code == 0
    is_said = [re.search(text, said) is not None for text in ("LLM_KEY,.* not set", "trust key LLM_KEY http")]
    assert is_said == [not is_set, not is_bound]
    assert "canary-key" not in said


@pytest.fixture
def packed(tmp_path: Path) -> Any:
    """A model folder that asks a stub, and the stub."""
    from harness.serving.contract import Contract
    from harness.serving.folder import write_data

    with serving(VERBS) as stub:
        prepared = prepared_for(tmp_path, stub.url)
        bound = prepared.plan.classifiers[0].bound
        model = bound.make(labels=STANCE, seed=1)
        model.fit(prepared.labelled(prepared.splits[0], "train"))
        own, served = tmp_path / "own" / "model", tmp_path / "served"
        own.mkdir(parents=True)
        served.mkdir()
        address = model.save(own)
        write_data(served, own.parent, Contract("stance", STANCE, address), EMPTY)
        yield served, stub


def rows_file(folder: Path, count: int) -> Path:
    path = folder / "rows.csv"
    rows = [f"Varna praised Coastal Union {number}.,Coastal Union" for number in range(count)]
    path.write_text("\n".join(["text,target", *rows]) + "\n", encoding="utf-8")
    return path


def predict(model: Path, source: Path, *more: str) -> Any:
    out = source.with_name("labelled.csv")
    words = ["predict", "--model", str(model), "-i", str(source), "-o", str(out), *more]
    return CliRunner().invoke(cli.app, words)


@pytest.mark.filterwarnings("ignore::harness.serving.seals.UnsealedWarning")
def test_predict_says_what_it_costs_before_it_asks(packed: Any, tmp_path: Path) -> None:
    model, stub = packed
    outcome = predict(model, rows_file(tmp_path, 250), "--json")
    assert outcome.exception is None, outcome.output
    report = json.loads(outcome.stdout)
    (server,) = report["server"]
    assert server["rows"] == server["estimate"]["requests"] == len(stub.requests) == 250
    assert server["estimate"]["cost"] > 0
    assert server["answers"]
    assert stub.url in server["server"]


@pytest.mark.filterwarnings("ignore::harness.serving.seals.UnsealedWarning")
def test_predict_stops_at_its_budget_and_goes_on_with_another(packed: Any, tmp_path: Path) -> None:
    model, stub = packed
    source = rows_file(tmp_path, 300)
    # A request is 100 tokens of a hundred-thousandth each; its worst case is reserved.
    outcome = predict(model, source, "--budget", "0.1")
    assert outcome.exception is not None
    assert isinstance(outcome.exception, BudgetError)
    n_before = len(stub.requests)
    worst, budget, left, spent, *_ = numbers(str(outcome.exception))
    # It asks on while the worst case of a question fits: what is on its way does not count as spent.
    assert (budget, spent) == pytest.approx((0.1, n_before * 0.001))
    assert budget - spent == pytest.approx(left)
    assert 0 < left < worst < 0.02
    # Again: the budget is named as it was typed, whatever was spent before.
    outcome = predict(model, source, "--budget", "0.05", "--resume")
    assert numbers(str(outcome.exception))[1] == 0.05
    assert {"--resume", "--budget,"} <= set(str(outcome.exception).split())
    assert n_before + 30 < len(stub.requests) < n_before + 50
    outcome = predict(model, source, "--budget", "1", "--resume")
    assert outcome.exception is None, outcome.output
    assert len(stub.requests) == 300
    for words, reason in ((["--budget", "0"], "--budget"), (["--budget", "-1"], "--budget")):
        assert reason in predict(model, source, *words).output


@pytest.mark.filterwarnings("ignore::harness.serving.seals.UnsealedWarning")
def test_predict_says_what_it_needs_where_nothing_answers(packed: Any, tmp_path: Path) -> None:
    model, stub = packed
    source = rows_file(tmp_path, 3)
    assert predict(model, source).exception is None
    file = model / "model" / "llm.json"
    file.write_text(file.read_text().replace(stub.url, "http://127.0.0.1:9/v1"))
    n_before = len(stub.requests)
    outcome = predict(model, source)
    assert outcome.exception is not None
    assert "http://127.0.0.1:9/v1" in outcome.output
    file.write_text(file.read_text().replace("http://127.0.0.1:9/v1", "https://llm.example.org/v1"))
    outcome = predict(model, source)
    assert isinstance(outcome.exception, ModelError)
    # Before the first row: the host is not one that this person trusts.
    command = "harness trust host https://llm.example.org:443"
    assert command in str(outcome.exception)
    assert len(stub.requests) == n_before


def test_a_budget_needs_a_model_that_costs(tmp_path: Path) -> None:
    from tests.serving.toy_models import write_model

    model = tmp_path / "toy"
    model.mkdir()
    outcome = predict(write_model(model), rows_file(tmp_path, 3), "--budget", "1")
    assert isinstance(outcome.exception, ModelError)
    assert "--budget" in str(outcome.exception)


def audit(model: Path, *more: str) -> Any:
    words = ["audit", str(model), "--corpus", "toys.yaml", "--set", "audits=[behaviour]", "--json", *more]
    return CliRunner().invoke(cli.app, words)


@pytest.mark.filterwarnings("ignore::harness.serving.seals.UnsealedWarning")
def test_audit_says_what_it_costs_before_it_asks_and_stops_at_a_budget(
    packed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, stub = packed
    monkeypatch.chdir(tmp_path)
    n_before = len(stub.requests)
    # A request is 100 tokens of a hundred-thousandth each.
    outcome = audit(model, "--budget", "0.05")
    assert "budget" in str(outcome.exception)
    assert 0 < len(stub.requests) - n_before < 100
    # The cost was said before the first of them.
    assert stub.url in outcome.stderr
    assert "variants" in outcome.stderr.split()
    outcome = audit(model)
    assert outcome.exception is None, outcome.output
    report = json.loads(outcome.stdout)
    (server,) = report["server"]
    assert server["variants"] > 0
    assert server["rows"] == report["n"]
    # What was answered before the budget was passed is not asked again.
    assert server["estimate"]["requests"] == len(stub.requests) - n_before
    assert server["estimate"]["cost"] > 0
    assert "--budget" in audit(model, "--budget", "0").output


def test_an_audit_of_a_model_that_asks_no_server_takes_no_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.serving.toy_models import write_model

    monkeypatch.chdir(tmp_path)
    toys.prepared(tmp_path)
    model = tmp_path / "toy"
    model.mkdir()
    outcome = audit(write_model(model), "--budget", "1")
    assert isinstance(outcome.exception, ModelError)
    assert "--budget" in str(outcome.exception)
