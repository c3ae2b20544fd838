"""Each verdict of an audit under each action: what stops, what warns, what is only printed."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.config.promotion_policy import PromotionPolicy
from harness.serving.reproduction import Reproduction
from harness.tracking.promotion.candidates import Candidate, RunResults
from harness.tracking.promotion.gates import Rival, audit_gates, items_gate, reproduction_gate, veto_gate
from harness.values.findings import Finding, Measure
from harness.values.gates import COLUMNS, GateResult, gates_table

WORDS = ("passed", "warning", "failed", "not applicable", "undecided")
NAN = float("nan")
WAIVER = "it must be"


def candidate(*findings: Finding, **tags: str) -> Candidate:
    files = RunResults(None, findings, NAN, {"audits": {"party_swap": {"flips": 0.1, "bias": 0.1}}})
    made_up = SimpleNamespace(files=files, tags=tags, name="linear", run_id=tags.get("run", "r1"))
    return cast("Candidate", made_up)


def policy(**settings: Any) -> PromotionPolicy:
    return PromotionPolicy.model_validate(settings)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("action", ["block", "warn", "off", None])
def test_a_failure_alone_stops_and_only_where_it_blocks(word: Any, action: str | None) -> None:
    audits = {} if action is None else {"party_swap": action}
    (gate,) = audit_gates(candidate(Finding("party_swap", word, "Because.")), policy(audits=audits))
    assert gate.stops == (word == "failed" and action in ("block", None))
    expected = {"off": "not checked", "warn": "warning" if word == "failed" else word}
    assert gate.verdict == expected.get(str(action), word)


def test_an_audit_that_did_not_run_is_not_checked() -> None:
    (gate,) = audit_gates(candidate(), policy(audits={"party_swap": "block"}))
    assert (gate.name, gate.verdict) == ("party_swap", "not checked")


def test_an_audit_that_no_policy_names_warns() -> None:
    (gate,) = audit_gates(candidate(Finding("mine", "failed", "It failed.")), policy())
    assert gate.verdict == "warning"


@pytest.mark.parametrize(
    ("flips", "bias", "value"), [(0.36, 0.21, 0.36), (0.05, 0.21, 0.21), (NAN, 0.21, 0.21), (NAN, NAN, NAN)]
)
def test_the_measure_farthest_beyond_its_limit_is_shown(flips: float, bias: float, value: float) -> None:
    measures = (Measure("flips", flips), Measure("party_bias_most", bias))
    (gate,) = audit_gates(candidate(Finding("party_swap", "failed", "", measures)), policy())
    assert gate.value == pytest.approx(value, nan_ok=True)
    assert gate.limit == pytest.approx(NAN if math.isnan(value) else 0.1, nan_ok=True)


def test_without_a_champion_nothing_is_compared() -> None:
    assert items_gate(candidate(), None, replace=False).verdict == "not applicable"
    assert veto_gate(candidate(), None, 0.01).verdict == "not applicable"


@pytest.mark.parametrize(
    ("items", "replace", "verdict"), [("a", False, "passed"), ("b", False, "failed"), ("b", True, "waived")]
)
def test_other_test_items_are_replaced_on_request(items: str, replace: bool, verdict: str) -> None:
    tags = {"harness.test_fingerprint": "a"}
    rival = Rival("1", None, items)
    assert items_gate(candidate(**tags), rival, replace=replace).verdict == verdict
    assert veto_gate(candidate(**tags), rival, 0.01).verdict == "not checked"


def test_the_champion_is_not_compared_with_itself() -> None:
    itself = candidate(run="r7")
    assert veto_gate(candidate(run="r7"), Rival("1", itself, None), 0.01).verdict == "not applicable"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Reproduction(50, {"fp32": 0.0}), "passed"),
        (Reproduction(50, {"fp32": 0.5}), "failed"),
        (Reproduction(50, {"fp32": 0.0}, relabelled=1), "failed"),
        (Reproduction(problem="it is gone"), "failed"),
        (Reproduction(), "not checked"),
    ],
)
def test_how_a_model_fares_is_judged(answer: Reproduction, verdict: str) -> None:
    assert reproduction_gate(answer).verdict == verdict


@pytest.mark.parametrize("word", [*WORDS, "not checked"])
def test_a_waiver_changes_failures_alone(word: Any) -> None:
    waived = GateResult("size", word, "Why.").waived(WAIVER)
    assert waived.verdict == ("waived" if word == "failed" else word)
    assert (WAIVER in waived.sentence) == (word == "failed")
    assert not waived.stops


def test_the_brief_reason_is_the_first_sentence() -> None:
    sentences = {"36 % (25 to 47) flip: 0.2. More.": "36 % (25 to 47) flip: 0.2.", "Alone.": "Alone.", "": ""}
    assert {text: GateResult("x", "passed", text).brief for text in sentences} == sentences


def test_gates_are_a_table() -> None:
    table = gates_table([GateResult("size", "passed", "Small.", 3.0, 5.0)])
    assert table.to_dict("records") == [
        dict(zip(COLUMNS, ("size", "passed", 3.0, 5.0, "Small."), strict=True))
    ]
    assert list(gates_table([]).columns) == list(COLUMNS)
