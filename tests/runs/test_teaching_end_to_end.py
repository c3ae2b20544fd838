"""A zero-shot classifier and students of teachers from config to served label, as any other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import toys

import harness
from harness.classifiers.llm.ledger import Prices
from harness.classifiers.protocol import Labelled, examples_of
from harness.cli.experiments import _ending
from harness.config import plan
from harness.corpora.readers.partyline import partyline
from harness.evaluation.estimates import estimates
from harness.evaluation.prepared import Prepared, prepare
from harness.reports.teaching import teaching
from harness.tracking.promotion import promote
from harness.tracking.store import Store
from harness.values.catalog import bind
from harness.values.labels import STANCE
from tests.classifiers import tiny_models
from tests.classifiers.llm.stub_server import serving
from tests.classifiers.llm.word_model import WordModel
from tests.sentences import numbers
from tests.tracking.toy_runs import run_all

LENIENT = (
    "promotion.calibration=null",
    "promotion.audits={leaks: warn, target_use: warn, sensitivity: warn, party_swap: warn}",
)
"""Random weights keep no promise."""
TOP = Path(__file__).parents[2]
CONFIG = TOP / "configs" / "llm-distilled.yaml"
GUIDE = TOP / "docs" / "how-to" / "distil.md"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


def prepared_for(folder: Path, classifier: str, *sets: str) -> Prepared:
    toys.prepared(folder, classifier)
    return prepare(plan.read(folder / "toys.yaml", ("seeds=[1]", *sets)))


def test_zero_shot_is_tuned_audited_promoted_and_served(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nli = tiny_models.write_nli(tmp_path_factory.mktemp("nli"))
    hypotheses = ("it is {label} in {target}", "{target} was a {label} plan")
    words = "{critical: bad, neutral: that, supportive: good}"
    classifier = (
        f"  entailed: {{kind: zero_shot, checkpoint: {nli}, max_tokens: 48, wording: {words},"
        f" tune: {{hypothesis: {json.dumps(hypotheses)}}}}}"
    )
    prepared = prepared_for(folder, classifier, *LENIENT)
    store = Store.open(folder)
    (outcome,) = run_all(prepared, store)
    assert outcome.error is None
    assert outcome.result is not None
    (trial,) = outcome.result.trials
    assert trial.options["hypothesis"] in hypotheses
    assert {finding.audit for finding in outcome.result.findings} >= {"leaks", "target_use", "party_swap"}
    promote(store, "toys")
    model = harness.load("models:/stance@champion")
    labelled = model.predict([{"text": "varna won again .", "target": "varna"}])
    assert labelled["label"].iloc[0] in toys.VERBS


def test_what_a_teacher_cost_is_estimated_and_reported(folder: Path) -> None:
    checkpoint = tiny_models.write(folder / "bert")
    unlabelled = folder / "news.csv"
    lines = [
        f"Varna {verb} them there {number}.,Varna" for number in range(3) for verb in toys.VERBS.values()
    ]
    unlabelled.write_text("text,target\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with serving(WordModel(words=toys.VERBS)) as stub:
        teacher = f"{{kind: llm, url: '{stub.url}', model: words, api: logprobs, prices: {{input: 10.0}}}}"
        student = f"{{checkpoint: {checkpoint}, epochs: 1, max_tokens: 32}}"
        classifier = (
            f"  student: {{kind: distilled, teacher: {teacher}, student: {student}, teacher_weight: 0.0,"
            f" unlabelled: {unlabelled}}}"
        )
        prepared = prepared_for(folder, classifier, "audits=[]")
        ((name, estimate),) = estimates(prepared)
        assert name == "student"
        (outcome,) = run_all(prepared, Store.open(folder))
        asked = len(stub.requests)
    assert outcome.error is None
    assert outcome.result is not None
    held = len(prepared.splits[0].validation)
    # The unlabelled rows and those of validation; the estimate adds calibration and test.
    assert asked == len(lines) + held
    assert asked < estimate.requests
    (trial,) = outcome.result.trials
    assert trial.usage["requests"] == trial.usage["teacher_labels"] == asked
    text = teaching(outcome.result.trials)
    assert numbers(text)[:2] == [asked, 0.001]
    assert text in _ending("f1_macro", outcome)
    assert teaching([]) == ""


def test_the_shipped_config_asks_about_no_training_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_KEY", "a-key-of-nobody")
    (student,) = [one for one in plan.read(CONFIG).classifiers if one.name == "distilled"]
    options = student.bound.options
    assert options["teacher"].kind == "llm"
    assert options["teacher"].options["budget"] == 5.0
    assert options["teacher_weight"] == 0.0


ROW = re.compile(r"\| `(logprobs|decisions)` \| (\d) \| (\d+), (\d+)( and 1 out)? \| ([\d.]+) \| ([\d.]+) \|")
PRICES = (Prices(0.40, 1.60), Prices(0.10, 0.40))


def test_the_guide_counts_right() -> None:
    """Its sums follow from its tokens and prices, and its tokens from the shipped prompt."""
    table = ROW.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(table) == 4
    rows = partyline().rows
    train = rows[rows["split"] == "train"]
    examples = examples_of(train)
    labelled = Labelled(examples, STANCE.encode(train["stance"]))
    for api, shots, tokens, tokens_longer, out, *sums in table:
        for prices, total in zip(PRICES, sums, strict=True):
            cost = prices.cost(20_000 * int(tokens_longer), 20_000 * bool(out))
            assert cost == pytest.approx(float(total), abs=0.01)
        options = {"url": "http://127.0.0.1:9/v1", "model": "none", "api": api, "shots": int(shots)}
        model = bind("classifier", "llm", options).make(labels=STANCE, seed=1)
        estimate = model.estimate(labelled, examples)
        assert estimate.input_tokens / estimate.requests == pytest.approx(int(tokens), rel=0.03)
