"""What a language model's answers become: probabilities, labels, or a missing prediction."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any

import numpy as np
import pytest

from harness.classifiers.llm import pacing
from harness.classifiers.llm.failed_answers import describe_failures
from harness.classifiers.protocol import Example
from harness.values.errors import ClassifierError, HarnessWarning
from harness.values.labels import STANCE, LabelSet, missing_rows
from harness.values.progress import Display, progress_as
from tests.classifiers.llm.asked_models import (
    FRAMES,
    ROWS,
    TRAIN,
    TRUTH,
    classifier,
    fitted,
    many,
)
from tests.classifiers.llm.stub_server import Played, Request, Stub, chat, serving
from tests.classifiers.llm.word_model import WordModel
from tests.sentences import numbers


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


AUTO = pytest.mark.filterwarnings("ignore::harness.values.errors.HarnessWarning")


def test_auto_says_what_it_took(stub: Stub) -> None:
    with pytest.warns(HarnessWarning, match="decisions"):
        fitted(stub.url, api="auto")


def test_a_model_that_changes_under_way_is_named() -> None:
    def alternating(request: Request) -> Played:
        return Played({**chat("A", {"A": 1.0}), "model": f"words-{request.number % 2}"})

    with serving(alternating) as stub:
        model = fitted(stub.url)
        with pytest.warns(HarnessWarning, match="words-0, words-1"):
            model.predict(ROWS)


@AUTO
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


@pytest.mark.parametrize("display", ["auto", "off"])
def test_a_wait_for_the_server_is_seen(
    display: Display, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pacing, "SILENCE", 0.0)
    words = WordModel()

    def limiting(request: Request) -> Played:
        return Played({}, 429) if request.number == 0 else words(request)

    with serving(limiting) as stub, progress_as(display):
        fitted(stub.url).predict(ROWS)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("waiting:")]
    assert len(lines) == (display == "auto")


@pytest.mark.parametrize("kind", ["refused", "malformed"])
def test_a_missing_answer_is_a_missing_prediction(kind: str) -> None:
    words = WordModel(failing={"plain 1": kind})
    with serving(words) as stub:
        model = fitted(stub.url)
        with pytest.warns(HarnessWarning, match=f"1 answer {kind}"):
            proba = model.predict_proba(ROWS)
        assert len(stub.requests) == 12
        assert model.usage()[kind] == 1
        missing = [example.text == "Varna is plain 1." for example in ROWS]
        assert np.isnan(proba).all(axis=1).tolist() == missing
        assert np.isnan(proba).any(axis=1).tolist() == missing
        # Kept like an answer: it is not asked again, and is still missing; a warning of it was given.
        codes = model.predict(ROWS)
        assert len(stub.requests) == 12
        assert (codes < 0).tolist() == missing


@pytest.mark.parametrize("api", ["decisions", "systemone", "logprobs", "json"])
@pytest.mark.parametrize("labels", [STANCE, FRAMES], ids=["single", "multi"])
def test_a_row_is_missing_where_one_of_its_answers_is(api: str, labels: LabelSet) -> None:
    with serving(WordModel(refuses=0.2)) as stub:
        model = fitted(stub.url, api=api, labels=labels)
        rows = many(40)
        with pytest.warns(HarnessWarning, match="refused"):
            codes = model.predict(rows)
        refused = int(model.usage()["refused"])
    missing = missing_rows(codes)
    assert 0 < missing.sum() < len(rows)
    # Of a row with several labels all are missing: without one, the set that applies is not known.
    assert (codes[missing] == -1).all()
    assert (codes[~missing] >= 0).all()
    assert missing.sum() <= refused <= missing.sum() * (len(labels) if labels.multi else 1)


def test_of_repeats_those_with_an_answer_count() -> None:
    def alternating(request: Request) -> Played:
        return Played(chat("", refusal="no") if request.number % 2 else chat("A", {"A": 0.9, "B": 0.1}))

    with serving(alternating) as stub:
        model = fitted(stub.url, repeats=2, concurrency=1)
        with pytest.warns(HarnessWarning):
            proba = model.predict_proba(ROWS[:3])
    np.testing.assert_allclose(np.sort(proba, axis=1), [[0, 0.1, 0.9]] * 3)
    # A refusal agrees with nothing, not even with another one.
    assert model.usage()["agreement"] == 0
    with serving(lambda _: Played(chat("", refusal="no"))) as stub:
        model = fitted(stub.url, repeats=2)
        with pytest.warns(HarnessWarning):
            assert np.isnan(model.predict_proba(ROWS[:3])).all()
        assert model.usage()["agreement"] == 0


@pytest.mark.parametrize("api", ["logprobs", "json", "decisions"])
def test_the_advice_is_for_what_happened(api: str) -> None:
    # A higher max_tokens helps against no filter.
    refused, malformed = (describe_failures("tiny", api, {kind: 3}, 10) for kind in ("refused", "malformed"))
    assert "max_tokens" not in refused
    assert "filter" in refused
    assert ("max_tokens" in malformed) == (api != "decisions")
    assert "filter" not in malformed
    assert numbers(refused) == numbers(malformed) == [10, 3]


def test_each_kind_of_failure_is_warned_of_once() -> None:
    with serving(WordModel(failing={"plain 1": "refused", "good 3": "malformed"})) as stub:
        model = fitted(stub.url)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # In parts, as a file is labelled: the first has a refusal, a later one what cannot be read.
            for start in (0, 6, 0, 6):
                model.predict(ROWS[start : start + 6])
    kinds = [re.findall("refused|malformed", str(each.message)) for each in caught]
    assert kinds == [["refused"], ["malformed"]]


def test_the_prior_is_that_of_the_answers() -> None:
    with serving(WordModel(refuses=0.3, bias={"critical": 3.0})) as stub:
        with pytest.warns(HarnessWarning):
            model = fitted(stub.url, debias="prior")
        proba = model.predict_proba(ROWS)
    assert np.isfinite(model.prior_).all()
    answered = ~np.isnan(proba).any(axis=1)
    assert 0 < answered.sum() < len(ROWS)
    np.testing.assert_allclose(proba[answered].sum(axis=1), 1)
    with (
        serving(WordModel(refuses=1.0)) as stub,
        pytest.warns(HarnessWarning),
        pytest.raises(ClassifierError, match="debias"),
    ):
        fitted(stub.url, debias="prior")


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
