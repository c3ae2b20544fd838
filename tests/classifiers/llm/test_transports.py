"""What each kind of request holds, and how each kind of answer is read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from harness.classifiers.llm.transports import (
    LETTERS,
    NO,
    RESERVED,
    TRANSPORTS,
    YES,
    Api,
    NoLogprobsError,
    Question,
    token_counts,
)
from tests.classifiers.llm.stub_server import chat

STANCE = Question("Rate it.", "Which?", (("neutral", "no side"), ("critical", ""), ("supportive", "for")))
FRAME = Question("Conflict?", "Does it apply?", ((YES, ""), (NO, "")), is_yes_no=True)


def decisions(*answers: Any) -> dict[str, Any]:
    return {
        "model": "tiny-2",
        "answers": list(answers),
        "usage": {"input_tokens": 12, "output_tokens": 0},
    }


def choice_of(**shares: float) -> dict[str, Any]:
    probabilities = [{"value": name, "probability": share} for name, share in shares.items()]
    top = max(shares, key=shares.__getitem__)
    return {
        "type": "choice",
        "name": "label",
        "choice": top,
        "probabilities": probabilities,
        "confidence": 0.5,
    }


def systemone(**answer: Any) -> dict[str, Any]:
    return {
        "model": "tiny-2",
        "answers": {"label": answer},
        "usage": {"input_tokens": 12, "output_tokens": 0},
    }


SHARES = {"critical": 0.5, "neutral": 0.25, "supportive": 0.25}


def test_decisions_are_asked_as_a_choice_with_definitions() -> None:
    body = TRANSPORTS["decisions"].body("tiny", STANCE, {})
    assert body["model"] == "tiny"
    assert body["input"] == STANCE.prompt
    (question,) = body["questions"]
    assert question["type"] == "choice"
    assert question["choices"] == [
        {"value": "neutral", "description": "no side"},
        {"value": "critical"},
        {"value": "supportive", "description": "for"},
    ]


def test_decisions_are_asked_as_a_predicate_of_a_frame() -> None:
    (question,) = TRANSPORTS["decisions"].body("tiny", FRAME, {})["questions"]
    assert question == {"type": "predicate", "name": "label", "instructions": FRAME.task}


def test_systemone_is_asked_as_a_choice_or_a_noul() -> None:
    body = TRANSPORTS["systemone"].body("tiny", STANCE, {})
    assert set(body) == {"model", "state", "questions"}
    criteria = {"neutral": "no side", "critical": None, "supportive": "for"}
    assert body["questions"]["label"]["criteria"] == criteria
    assert TRANSPORTS["systemone"].body("tiny", FRAME, {})["questions"]["label"]["type"] == "noul"


def test_transformers_takes_the_systemone_request() -> None:
    decision = pytest.importorskip("transformers.decision")
    for question in (STANCE, FRAME):
        body = TRANSPORTS["systemone"].body("tiny", question, {})
        (parsed,) = decision.template_utils.parse_questions(body["questions"], decision.DecisionConfig())
        assert parsed.name == "label"


def test_logprobs_are_asked_of_the_first_token() -> None:
    body = TRANSPORTS["logprobs"].body("tiny", STANCE, {})
    assert body["messages"] == [{"role": "user", "content": STANCE.prompt}]
    expected = {"temperature": 0, "max_tokens": 1, "logprobs": True, "top_logprobs": 20}
    assert {name: body[name] for name in expected} == expected


def test_json_is_asked_with_a_schema_of_the_labels() -> None:
    schema = TRANSPORTS["json"].body("tiny", STANCE, {})["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == list(STANCE.names)
    assert schema["required"] == ["label"]


def test_extra_fields_are_added_and_taken_out() -> None:
    body = TRANSPORTS["json"].body("tiny", STANCE, {"temperature": None, "seed": 1})
    assert "temperature" not in body
    assert body["seed"] == 1


@pytest.mark.parametrize("api", TRANSPORTS)
def test_what_must_stay_is_reserved(api: Api) -> None:
    options = {"temperature", "max_tokens"}
    assert set(TRANSPORTS[api].body("tiny", STANCE, {})) - options <= RESERVED


@pytest.mark.parametrize(
    ("api", "data"),
    [
        ("decisions", decisions(choice_of(**SHARES))),
        ("systemone", systemone(type="choice", choice="critical", probabilities=SHARES)),
    ],
)
def test_a_distribution_is_read(api: Api, data: dict[str, Any]) -> None:
    answer = TRANSPORTS[api].answer(data, STANCE)
    assert answer.shares == SHARES
    assert (answer.label, answer.failure, answer.model) == ("critical", "", "tiny-2")
    assert (answer.input_tokens, answer.output_tokens) == (12, 0)


@pytest.mark.parametrize(
    ("api", "data"),
    [
        ("decisions", decisions({"type": "predicate", "name": "label", "probability": 0.75})),
        ("systemone", systemone(type="noul", noul=0.75)),
    ],
)
def test_a_probability_of_yes_is_read(api: Api, data: dict[str, Any]) -> None:
    answer = TRANSPORTS[api].answer(data, FRAME)
    assert answer.shares == {YES: 0.75, NO: 0.25}
    assert answer.label == YES


def test_rounded_distributions_are_made_to_sum_to_one() -> None:
    data = decisions(choice_of(critical=0.333, neutral=0.333, supportive=0.333))
    answer = TRANSPORTS["decisions"].answer(data, STANCE)
    assert sum(answer.shares.values()) == pytest.approx(1, abs=1e-12)


def test_letters_are_read_with_their_mass() -> None:
    # A neutral, B critical, C supportive: 0.1, 0.3 and 0.2 + 0.2 of 0.8.
    tokens = {"B": 0.3, " C": 0.2, "The": 0.1, "C": 0.2, "\u0120A": 0.1}
    answer = TRANSPORTS["logprobs"].answer(chat("B", tokens), STANCE)
    assert answer.mass == pytest.approx(0.8)
    assert answer.shares == pytest.approx({"neutral": 0.125, "critical": 0.375, "supportive": 0.5})
    assert answer.label == "supportive"


def test_a_label_that_is_not_among_the_top_has_no_probability() -> None:
    answer = TRANSPORTS["logprobs"].answer(chat("B", {"B": 0.5, "x": 0.5}), STANCE)
    assert answer.shares == {"neutral": 0, "critical": 1, "supportive": 0}


def test_missing_logprobs_are_no_answer() -> None:
    with pytest.raises(NoLogprobsError, match="systemone"):
        TRANSPORTS["logprobs"].answer(chat("B"), STANCE)


@pytest.mark.parametrize(
    "content",
    [
        '{"label": "critical"}',
        '<think>{hm}</think>{"label": "critical"}',
        '```json\n{"label": "critical"}\n```',
    ],
)
def test_a_label_in_json_is_read(content: str) -> None:
    answer = TRANSPORTS["json"].answer(chat(content), STANCE)
    assert (answer.label, answer.shares, answer.failure) == ("critical", {}, "")
    assert math.isnan(answer.mass)


MALFORMED: dict[str, tuple[Api, Any]] = {
    "no JSON": ("json", chat("critical")),
    "another label": ("json", chat(json.dumps({"label": "banana"}))),
    "a label in capitals": ("json", chat(json.dumps({"label": "CRITICAL"}))),
    "no text": ("json", chat("")),
    "cut": ("json", chat('{"label": "crit')),
    "no choices": ("json", {"choices": []}),
    "other tokens": ("logprobs", chat("x", {"x": 0.9, "AB": 0.1})),
    "no logarithm": ("logprobs", chat("A", {"A": math.nan, "B": 0.4})),
    "a logarithm above 0": ("logprobs", chat("A", {"A": 3.0, "B": 0.4})),
    "no answers": ("decisions", {"answers": []}),
    "two answers": ("decisions", decisions(choice_of(**SHARES), choice_of(**SHARES))),
    "too few labels": ("decisions", decisions(choice_of(critical=0.5, neutral=0.5))),
    "too many labels": ("decisions", decisions(choice_of(**SHARES, banana=0.0))),
    "no sum": ("decisions", decisions(choice_of(critical=0.5, neutral=0.5, supportive=0.5))),
    "above one": ("systemone", systemone(type="choice", probabilities={**SHARES, "critical": 1.5})),
    "no number": ("systemone", systemone(type="choice", probabilities={**SHARES, "critical": "0.5"})),
    "another question": ("systemone", {"answers": {"other": {"type": "choice"}}}),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_malformed_is_no_label(kind: str) -> None:
    api, data = MALFORMED[kind]
    answer = TRANSPORTS[api].answer(data, STANCE)
    assert (answer.failure, answer.label, answer.shares) == ("malformed", "", {})


@pytest.mark.parametrize(
    ("api", "data"),
    [
        ("json", chat("", refusal="I would rather not.")),
        ("decisions", decisions({"type": "refusal", "name": "label"})),
        ("systemone", systemone(type="refusal")),
    ],
)
def test_a_refusal_is_told_from_a_malformed_answer(api: Api, data: dict[str, Any]) -> None:
    assert TRANSPORTS[api].answer(data, STANCE).failure == "refused"


def test_a_filtered_answer_is_a_refusal() -> None:
    data = chat("B", {"B": 1.0})
    data["choices"][0]["finish_reason"] = "content_filter"
    assert TRANSPORTS["logprobs"].answer(data, STANCE).failure == "refused"


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1}, {"prompt_tokens": True}, []])
def test_tokens_that_are_not_counted_are_unknown(usage: Any) -> None:
    assert token_counts(usage) == {"input_tokens": -1, "output_tokens": -1}


def test_there_are_as_many_letters_as_tokens() -> None:
    assert len(set(LETTERS)) == 20
