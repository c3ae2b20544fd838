"""Answers that are kept, and what they cost."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from harness.classifiers.llm.answer_store import answers_file
from harness.classifiers.llm.asking import OVERHEAD_TOKENS
from harness.classifiers.llm.ledger import BudgetError, Prices
from harness.classifiers.protocol import Example
from harness.values.errors import ClassifierError
from tests.classifiers.llm.asked_models import (
    ROWS,
    fitted,
    many,
)
from tests.classifiers.llm.stub_server import Played, Request, Stub, chat, serving
from tests.classifiers.llm.word_model import WordModel


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
from tests.classifiers.llm.asked_models import TRAIN, many
model = llm(url=sys.argv[1], model="words", api="logprobs", concurrency=2, labels=STANCE, seed=1)
model.fit(TRAIN)
model.predict_proba(many(200))
"""


def test_what_was_answered_before_a_kill_is_not_asked_again() -> None:
    rows = many(200)
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


def test_the_store_holds_no_text(stub: Stub) -> None:
    fitted(stub.url).predict_proba([Example("Varna is good, said the heron.", "Varna")])
    content = b"".join(path.read_bytes() for path in answers_file().parent.iterdir())
    assert b"heron" not in content
    assert hashlib.sha256(content).hexdigest()


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


def test_a_thousand_requests_take_little_more_than_the_server_does() -> None:
    rows = many(200)
    with serving(WordModel(delay=0.1)) as stub:
        model = fitted(stub.url, concurrency=8)
        began = time.monotonic()
        model.predict_proba(rows)
        seconds = time.monotonic() - began
        assert stub.most_at_once == 8
    # 25 rounds of 0.1 seconds. Generous: the machine that tests run on does other things, too.
    assert seconds < 2 * 2.5


def test_an_error_does_not_wait_for_other_attempts() -> None:
    def script(request: Request) -> Played:
        # One question is refused for its rate for a minute, and another shows that the key is wrong.
        if "plain 0" in request.body["messages"][0]["content"]:
            time.sleep(0.3)
            return Played({}, 401)
        return Played({}, 429, {"Retry-After": "60"})

    with serving(script) as stub:
        began = time.monotonic()
        with pytest.raises(ClassifierError, match="401"):
            fitted(stub.url).predict_proba(ROWS[:2])
        assert time.monotonic() - began < 20
