"""The classifier against a server that labels by words, counts what it is asked, and fails on demand."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers import protocol
from harness.classifiers.llm import LanguageModel, llm
from harness.classifiers.llm.answer_store import answers_file
from harness.classifiers.llm.asking import OVERHEAD_TOKENS
from harness.classifiers.llm.ledger import BudgetError, Prices
from harness.classifiers.llm.options import Rate
from harness.classifiers.llm.shots import Pick
from harness.classifiers.protocol import Example, Labelled
from harness.values import trusted_hosts
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import NEWS_FRAMES, STANCE, LabelSet
from tests.classifiers.llm.stub_server import Played, Request, Stub, chat, serving
from tests.classifiers.llm.word_model import WordModel

FRAMES = LabelSet(NEWS_FRAMES[:2], multi=True)
KEY = "canary-key-7f3a91"
WORDS = {"critical": "bad", "neutral": "plain", "supportive": "good"}
ROWS = [
    Example(f"Varna is {word} {number}.", "Varna", ((0, 5),))
    for number in range(4)
    for word in WORDS.values()
]
TRUTH = STANCE.encode(list(WORDS) * 4)
TRAIN = Labelled(
    [Example(f"Coast was {word} then.", "Coast", ((0, 5),)) for word in WORDS.values()], np.arange(3)
)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache and settings of the test's own."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LLM_KEY", KEY)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving(WordModel()) as server:
        yield server


def classifier(url: str, *, labels: LabelSet = STANCE, seed: int = 1, **options: Any) -> LanguageModel:
    fast = {"concurrency": 2, "timeout": 10.0, "model": "words", "api": "logprobs"}
    made_from: dict[str, Any] = {**fast, **options}
    return llm(url=url, labels=labels, seed=seed, **made_from)


def fitted(url: str, **options: Any) -> LanguageModel:
    model = classifier(url, **options)
    labels = options.get("labels", STANCE)
    train = Labelled(TRAIN.examples, np.eye(3, 2, dtype=np.int64)) if labels.multi else TRAIN
    model.fit(train, Labelled(ROWS, TRUTH))
    return model


@pytest.mark.parametrize("api", ["decisions", "systemone", "logprobs"])
def test_every_kind_of_request_with_probabilities_gives_them(api: str, stub: Stub) -> None:
    model = fitted(stub.url, api=api)
    proba = model.predict_proba(ROWS)
    assert proba.shape == (12, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert STANCE.decide(proba).tolist() == TRUTH.tolist()
    np.testing.assert_allclose(proba.max(axis=1), WordModel.share, atol=1e-9)
    assert model.has_probabilities


def test_json_gives_labels_and_no_probabilities(stub: Stub) -> None:
    model = fitted(stub.url, api="json")
    assert not model.has_probabilities
    assert model.predict(ROWS).tolist() == TRUTH.tolist()
    with pytest.raises(ClassifierError, match="json"):
        model.predict_proba(ROWS)


@pytest.mark.parametrize("api", ["decisions", "systemone", "logprobs", "json"])
def test_several_labels_are_asked_about_in_turn(api: str, stub: Stub) -> None:
    model = fitted(stub.url, api=api, labels=FRAMES)
    rows = [Example("A conflict."), Example("All quiet."), Example("A human_interest conflict.")]
    codes = model.predict(rows)
    assert codes.tolist() == [[1, 0], [0, 0], [1, 1]]
    assert len(stub.requests) == 6


@pytest.mark.parametrize(
    "pair", [("decisions", "systemone"), ("systemone", "logprobs"), ("logprobs", "json")]
)
def test_auto_takes_the_first_that_the_server_knows(pair: tuple[str, str]) -> None:
    missing, taken = pair
    order = ("decisions", "systemone", "logprobs", "json")
    words = WordModel(without=order[: order.index(missing) + 1])
    with serving(words) as stub:
        model = fitted(stub.url, api="auto")
        assert model.api_ == taken
        n_probes = len(stub.requests)
        assert fitted(stub.url, api="auto").api_ == taken
        assert len(stub.requests) == n_probes
        assert model.predict(ROWS).tolist() == TRUTH.tolist()


def test_auto_says_why_nothing_fits() -> None:
    with serving(lambda _: Played({}, 404)) as stub, pytest.raises(ClassifierError) as caught:
        fitted(stub.url, api="auto")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == [
        *("decisions", "systemone", "logprobs", "json")
    ]


def test_the_same_again_asks_nothing(stub: Stub) -> None:
    first = fitted(stub.url, shots=2).predict_proba(ROWS)
    n_requests = len(stub.requests)
    again = fitted(stub.url, shots=2)
    np.testing.assert_array_equal(again.predict_proba(ROWS), first)
    assert len(stub.requests) == n_requests == 12
    assert again.usage()["requests"] == 0
    assert again.usage()["hits"] == 12


def test_rows_with_the_same_text_have_the_same_answer() -> None:
    def random_answer(request: Request) -> Played:
        share = 0.4 + 0.5 * (request.number % 7) / 7
        return Played(chat("A", {"A": share, "B": 1 - share}))

    with serving(random_answer) as stub:
        proba = fitted(stub.url, concurrency=8).predict_proba([ROWS[0]] * 50)
        assert len({tuple(row) for row in proba}) == 1
        np.testing.assert_array_equal(fitted(stub.url).predict_proba([ROWS[0]]), proba[:1])


KILLED = """
import sys
from harness.classifiers.llm import llm
from harness.values.labels import STANCE
from tests.classifiers.llm.test_classifier import TRAIN
from harness.classifiers.protocol import Example
model = llm(url=sys.argv[1], model="words", api="logprobs", concurrency=2, labels=STANCE, seed=1)
model.fit(TRAIN)
model.predict_proba([Example(f"Varna is good {number}.", "Varna", ((0, 5),)) for number in range(200)])
"""


def test_what_was_answered_before_a_kill_is_not_asked_again() -> None:
    rows = [Example(f"Varna is good {number}.", "Varna", ((0, 5),)) for number in range(200)]
    with serving(WordModel(delay=0.02)) as stub:
        process = subprocess.Popen([sys.executable, "-c", KILLED, stub.url], env=os.environ)
        while len(stub.requests) < 40 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        n_before = len(stub.requests)
        assert 40 <= n_before < 200
        fitted(stub.url).predict_proba(rows)
        # At most as many as were in flight are asked a second time.
        assert len(stub.requests) <= 200 + 2
        texts = [request.body["messages"][0]["content"] for request in stub.requests]
        assert len(set(texts)) == 200


@pytest.mark.parametrize("kind", ["refused", "malformed"])
def test_a_missing_answer_is_never_scored(kind: str) -> None:
    words = WordModel(failing={"plain 1": kind})
    with serving(words) as stub:
        model = fitted(stub.url)
        with pytest.raises(ClassifierError, match=f"1 answer {kind}"):
            model.predict_proba(ROWS)
        assert len(stub.requests) == 12
        assert model.usage()[kind] == 1


def test_a_broken_server_ends_it_and_what_was_answered_is_kept() -> None:
    words = WordModel()
    with serving(words) as stub:
        fitted(stub.url).predict_proba(ROWS[:6])
        words.status = 401
        with pytest.raises(ClassifierError, match="401"):
            fitted(stub.url).predict_proba(ROWS)
        words.status = 200
        n_before = len(stub.requests)
        fitted(stub.url).predict_proba(ROWS)
        assert len(stub.requests) == n_before + 6


def test_the_order_of_labels_differs_from_row_to_row_and_is_always_the_same(stub: Stub) -> None:
    fitted(stub.url).predict_proba(ROWS)
    orders = [
        tuple(
            line[3:].split(":")[0]
            for line in request.body["messages"][0]["content"].splitlines()
            if line[1:3] == ". "
        )
        for request in stub.requests
    ]
    assert {len(order) for order in orders} == {3}
    assert len(set(orders)) > 2
    fitted(stub.url, seed=2).predict_proba(ROWS)
    assert len(stub.requests) == 12


def test_a_preference_for_a_position_favours_no_label() -> None:
    with serving(lambda _: Played(chat("A", {"A": 0.9, "B": 0.05, "C": 0.05}))) as stub:
        rows = [Example(f"Varna {number}.", "Varna") for number in range(300)]
        counts = np.bincount(fitted(stub.url, concurrency=8).predict(rows), minlength=3)
    # 100 each is expected; the standard deviation is 8.
    assert counts.min() > 70


def test_seeds_change_balanced_shots_and_nothing_else(stub: Stub) -> None:
    assert classifier(stub.url).deterministic
    assert not classifier(stub.url, shots=2).deterministic
    assert classifier(stub.url, shots=Pick(2, "nearest")).deterministic


def test_shots_are_training_rows_in_balance(stub: Stub) -> None:
    train = Labelled([ROWS[number] for number in (0, 3, 6, 1, 4, 2)], np.array([0, 0, 0, 1, 1, 2]))
    model = classifier(stub.url, shots=3)
    model.fit(train)
    model.predict_proba([Example("Coast is good.", "Coast", ((0, 5),))])
    prompt = stub.requests[0].body["messages"][0]["content"]
    shown = [line for line in prompt.splitlines() if line.startswith("Sentence: ")]
    assert len(shown) == 4
    assert {word for word in WORDS.values() if any(f" {word} " in line for line in shown[:3])} == set(
        WORDS.values()
    )
    assert shown[3] == "Sentence: Coast is good."


def test_a_row_is_never_its_own_example(stub: Stub) -> None:
    model = classifier(stub.url, shots=2)
    model.fit(TRAIN)
    model.predict_proba(TRAIN.examples)
    for request, example in zip(stub.requests, TRAIN.examples, strict=False):
        assert len(stub.requests) == 3
        prompt = request.body["messages"][0]["content"]
        last = prompt[prompt.rindex("Sentence: ") :].splitlines()[0]
        assert prompt.count(last) == 1
        assert example.text


def test_shots_of_several_labels_are_balanced_for_each(stub: Stub) -> None:
    texts = [Example(f"Row {number}.") for number in range(20)]
    codes = np.zeros((20, 2), dtype=np.int64)
    codes[3, 0] = codes[7, 1] = 1
    model = classifier(stub.url, labels=FRAMES, shots=2, concurrency=1)
    model.fit(Labelled(texts, codes))
    model.predict_proba([Example("New row.")])
    for request, row in zip(stub.requests, ("Row 3.", "Row 7."), strict=True):
        assert f"Sentence: {row}" in request.body["messages"][0]["content"]


def test_the_nearest_shots_are_shown_last(stub: Stub) -> None:
    texts = ["The minister praised Varna warmly.", "Bread costs more.", "It rained in the north all week."]
    model = classifier(stub.url, shots=Pick(2, "nearest"))
    model.fit(Labelled([Example(text, "Varna") for text in texts], np.arange(3)))
    model.predict_proba([Example("It rained in the south all week.", "Varna")])
    prompt = stub.requests[0].body["messages"][0]["content"]
    shown = [line for line in prompt.splitlines() if line.startswith("Sentence: ")]
    assert shown[1] == f"Sentence: {texts[2]}"


def test_the_prior_takes_away_what_the_model_always_prefers() -> None:
    words = WordModel(bias={"critical": 8.0})
    with serving(words) as stub:
        plain = fitted(stub.url).predict_proba(ROWS)
        fair = fitted(stub.url, debias="prior").predict_proba(ROWS)
    assert (STANCE.decide(plain) == 0).all()
    assert STANCE.decide(fair).tolist() == TRUTH.tolist()
    np.testing.assert_allclose(fair.sum(axis=1), 1)


def test_the_prior_of_several_labels_weighs_each_against_its_absence() -> None:
    # Always 0.8: against a mean of 0.8 that says nothing, so that yes and no are even.
    with serving(lambda _: Played(_predicate(0.8))) as stub:
        model = fitted(stub.url, labels=FRAMES, api="decisions", debias="prior")
        np.testing.assert_allclose(model.predict_proba(ROWS[:2]), 0.5)


def _predicate(share: float) -> dict[str, Any]:
    return {"answers": [{"type": "predicate", "name": "label", "probability": share}], "model": "x"}


def test_the_prior_needs_validation_rows(stub: Stub) -> None:
    with pytest.raises(ClassifierError, match="validation"):
        classifier(stub.url, debias="prior").fit(TRAIN)


def test_repeats_are_averaged_and_compared() -> None:
    def alternating(request: Request) -> Played:
        return Played(chat("A", {"A": 0.9, "B": 0.1} if request.number % 2 else {"A": 0.1, "B": 0.9}))

    with serving(alternating) as stub:
        model = fitted(stub.url, repeats=2, concurrency=1)
        proba = model.predict_proba(ROWS[:3])
        assert len(stub.requests) == 6
    np.testing.assert_allclose(np.sort(proba, axis=1), [[0, 0.5, 0.5]] * 3)
    assert model.usage()["agreement"] == 0
    assert math.isnan(fitted("http://127.0.0.1:9/v1").agreement_)


def test_usage_counts_tokens_and_cost(stub: Stub) -> None:
    model = fitted(stub.url, prices=Prices(10.0, 100.0))
    model.predict_proba(ROWS)
    usage = model.usage()
    assert (usage["requests"], usage["input_tokens"], usage["output_tokens"]) == (12, 1200, 12)
    assert usage["cost"] == pytest.approx(1200 * 10e-6 + 12 * 100e-6)
    assert usage["label_mass"] == pytest.approx(1)
    assert model.usage_.models == {"words-as-answered": 12}


def test_the_budget_ends_a_run_and_a_higher_one_goes_on(stub: Stub) -> None:
    fitted(stub.url).predict_proba(ROWS[:1])
    size = len(json.dumps(stub.requests[0].body)) + OVERHEAD_TOKENS
    options = {"prices": Prices(1.0, 0.0), "concurrency": 1}
    # A request may cost as many millionths as it has bytes, and does cost 100: after three 250 are left.
    with pytest.raises(BudgetError):
        fitted(stub.url, **options, budget=(size + 250) / 1e6).predict_proba(ROWS)
    assert len(stub.requests) == 1 + 3
    fitted(stub.url, **options, budget=1.0).predict_proba(ROWS)
    assert len(stub.requests) == 12


def test_the_key_goes_to_a_bound_host_and_is_written_nowhere(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="harness trust key LLM_KEY"):
        fitted(stub.url, key="LLM_KEY").predict_proba(ROWS)
    assert stub.requests == []
    trusted_hosts.bind_key("LLM_KEY", stub.url)
    model = fitted(stub.url, key="LLM_KEY", shots=2)
    model.predict_proba(ROWS)
    assert {request.headers["authorization"] for request in stub.requests} == {f"Bearer {KEY}"}
    protocol.save(model, tmp_path / "saved")
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert KEY.encode() not in file.read_bytes(), file
    assert KEY not in json.dumps(model.usage()) + repr(model) + repr(vars(model))


def test_a_key_that_is_not_set_is_named(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted_hosts.bind_key("LLM_KEY", stub.url)
    monkeypatch.delenv("LLM_KEY")
    with pytest.raises(ClassifierError, match="LLM_KEY"):
        fitted(stub.url, key="LLM_KEY").predict_proba(ROWS)


def test_the_store_holds_no_text(stub: Stub) -> None:
    fitted(stub.url).predict_proba([Example("Varna is good, said the heron.", "Varna")])
    content = b"".join(path.read_bytes() for path in answers_file().parent.iterdir())
    assert b"heron" not in content
    assert hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("options", [{}, {"shots": 2}, {"debias": "prior"}, {"api": "auto"}])
def test_a_saved_model_predicts_the_same(options: dict[str, Any], stub: Stub, tmp_path: Path) -> None:
    model = fitted(stub.url, **options)
    proba = model.predict_proba(ROWS)
    folder = protocol.save(model, tmp_path)
    assert folder is not None
    n_requests = len(stub.requests)
    loaded = protocol.load(folder, STANCE)
    np.testing.assert_array_equal(loaded.predict_proba(ROWS), proba)
    assert len(stub.requests) == n_requests


def test_a_loaded_model_sends_texts_to_trusted_hosts_alone(stub: Stub, tmp_path: Path) -> None:
    model = fitted(stub.url)
    protocol.save(model, tmp_path)
    file = tmp_path / "model" / "llm.json"
    file.write_text(file.read_text().replace(stub.url, "https://llm.example.org/v1"))
    loaded = protocol.load(tmp_path, STANCE)
    with pytest.raises(ClassifierError, match="harness trust host https://llm.example.org:443"):
        loaded.predict_proba(ROWS)


@pytest.mark.parametrize("damage", ["", "[]", '{"settings": {}}'])
def test_a_damaged_model_is_named(damage: str, stub: Stub, tmp_path: Path) -> None:
    protocol.save(fitted(stub.url), tmp_path)
    (tmp_path / "model" / "llm.json").write_text(damage)
    with pytest.raises(ClassifierError, match=r"llm\.json"):
        protocol.load(tmp_path, STANCE)


def test_another_number_of_labels_is_refused(stub: Stub, tmp_path: Path) -> None:
    protocol.save(fitted(stub.url), tmp_path)
    with pytest.raises(ClassifierError, match="expected 2"):
        protocol.load(tmp_path, LabelSet(("critical", "supportive")))


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("url", {"url": "127.0.0.1:8080"}),
    ("url", {"url": "https://ann:pw@llm.example.org/v1"}),
    ("url", {"url": "ftp://llm.example.org/v1"}),
    ("model", {"model": " "}),
    ("key", {"key": "sk-1234"}),
    ("shots", {"shots": -1}),
    ("shots.by", {"shots": Pick(0, "nearest")}),
    ("debias", {"api": "json", "debias": "prior"}),
    ("concurrency", {"concurrency": 0}),
    ("concurrency", {"concurrency": 257}),
    ("timeout", {"timeout": 0.0}),
    ("rate.requests", {"rate": Rate(requests=-1.0)}),
    ("rate.requests", {"rate": Rate(requests=0.0)}),
    ("rate.tokens", {"rate": Rate(tokens=-1.0)}),
    ("rate.attempts", {"rate": Rate(attempts=0)}),
    ("prices.input", {"prices": Prices(-1.0)}),
    ("prices.output", {"prices": Prices(1.0, float("inf"))}),
    ("budget", {"prices": Prices(1.0), "budget": 0.0}),
    ("budget", {"budget": 1.0}),
    ("budget", {"prices": Prices(1.0), "budget": 1.0, "extra_body": {"max_tokens": None}}),
    ("repeats", {"repeats": 0}),
    ("max_tokens", {"max_tokens": 0}),
    ("extra_body.messages", {"extra_body": {"messages": []}}),
    ("prompt", {"prompt": Path("nowhere.md")}),
    ("api", {"labels": LabelSet(tuple(f"label{number}" for number in range(21)))}),
]


@pytest.mark.parametrize(("where", "options"), WRONG, ids=str)
def test_what_is_out_of_range_or_without_effect_is_a_problem(where: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        classifier(**{"url": "http://127.0.0.1:8080/v1", **options})
    assert [problem.where for problem in caught.value.problems] == [where]
    assert "pw" not in str(caught.value)
    assert "sk-1234" not in str(caught.value)


RIGHT: list[dict[str, Any]] = [
    {"shots": 0},
    {"concurrency": 256},
    {"timeout": 0.1},
    {"rate": Rate(0.5, 1.0, 1)},
    {"prices": Prices(0.0), "budget": 0.01},
    {"prices": Prices(1.0), "budget": 1.0, "extra_body": {"max_tokens": None, "max_completion_tokens": 9}},
    {"labels": LabelSet(tuple(f"label{number}" for number in range(20)))},
    {"labels": LabelSet(tuple(f"label{number}" for number in range(21))), "api": "json"},
    {"labels": LabelSet(tuple(f"label{number}" for number in range(21)), multi=True)},
]


@pytest.mark.parametrize("options", RIGHT, ids=str)
def test_what_is_just_in_range_is_taken(options: dict[str, Any]) -> None:
    assert classifier(**{"url": "http://127.0.0.1:8080/v1", **options}).settings.model == "words"


def test_a_thousand_requests_take_little_more_than_the_server_does() -> None:
    rows = [Example(f"Varna is good {number}.", "Varna", ((0, 5),)) for number in range(200)]
    with serving(WordModel(delay=0.1)) as stub:
        model = fitted(stub.url, concurrency=8)
        began = time.monotonic()
        model.predict_proba(rows)
        seconds = time.monotonic() - began
        assert stub.most_at_once == 8
    # 25 rounds of 0.1 seconds. Generous: the machine that tests run on does other things, too.
    assert seconds < 2 * 2.5
