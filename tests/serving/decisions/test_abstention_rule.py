from __future__ import annotations

import json

import pytest
from golden import Golden

from harness.serving.decisions.abstention_rule import ON_UNMET, SERVES_NOTHING, AbstentionRule
from harness.values.minimums import MIN_GUARANTEE_GROUPS

RULE = AbstentionRule(0.7, 0.2, "learn_then_test", 0.9, n=240, groups=MIN_GUARANTEE_GROUPS, largest=7)
CHANGES: dict[str, tuple[dict[str, object], bool]] = {
    "tested on enough groups": ({}, True),
    "too few groups": ({"groups": MIN_GUARANTEE_GROUPS - 1}, False),
    "conformal risk control": ({"method": "conformal"}, False),
    "the share on calibration rows": ({"method": "empirical"}, False),
    "refitted": ({"refitted": True}, False),
    "served though it is not met": ({"below": SERVES_NOTHING, "on_unmet": "serve"}, False),
}


@pytest.mark.parametrize(("change", "guarantees"), CHANGES.values(), ids=CHANGES)
def test_a_guarantee_is_given_under_its_conditions_alone(change: dict[str, object], guarantees: bool) -> None:
    assert AbstentionRule.read({**RULE.plain(), **change}).guarantees is guarantees


def test_what_may_be_relied_on_is_stated(golden: Golden) -> None:
    changes = {name: change for name, (change, _) in CHANGES.items()}
    for on_unmet in ON_UNMET:
        changes[f"no threshold meets the risk: {on_unmet}"] = {"below": SERVES_NOTHING, "on_unmet": on_unmet}
    changes["independent rows"] = {"largest": 1}
    statements = [
        f"{name}:\n  {AbstentionRule.read({**RULE.plain(), **change}).statement}"
        for name, change in changes.items()
    ]
    golden("serving/abstention-statements", "\n".join(statements))


def test_a_rule_is_plain_data() -> None:
    assert AbstentionRule.read(json.loads(json.dumps(RULE.plain()))) == RULE


@pytest.mark.parametrize("on_unmet", ON_UNMET)
@pytest.mark.parametrize(("below", "met"), [(0.0, True), (1.0, True), (SERVES_NOTHING, False)])
def test_what_is_served_where_the_risk_is_not_met(on_unmet: str, below: float, met: bool) -> None:
    rule = AbstentionRule.read({**RULE.plain(), "below": below, "on_unmet": on_unmet})
    assert rule.risk_met is met
    assert rule.served_from == (0.0 if not met and on_unmet == "serve" else below)


def test_a_rule_of_an_earlier_version_abstains_where_the_risk_is_not_met() -> None:
    earlier = {name: value for name, value in RULE.plain().items() if name != "on_unmet"}
    assert AbstentionRule.read(earlier).on_unmet == "abstain"


@pytest.mark.parametrize(
    "change",
    [{"below": -0.1}, {"risk": 0}, {"certainty": 1}, {"below": float("nan")}, {"on_unmet": "shrug"}],
)
def test_a_damaged_rule_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="^abstention "):
        AbstentionRule.read({**RULE.plain(), **change})
