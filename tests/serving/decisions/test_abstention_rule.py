from __future__ import annotations

import json

import pytest
from golden import Golden

from harness.serving.decisions.abstention_rule import SERVES_NOTHING, AbstentionRule
from harness.values.minimums import MIN_GUARANTEE_GROUPS

RULE = AbstentionRule(0.7, 0.2, "learn_then_test", 0.9, n=240, groups=MIN_GUARANTEE_GROUPS, largest=7)
CHANGES: dict[str, tuple[dict[str, object], bool]] = {
    "tested on enough groups": ({}, True),
    "too few groups": ({"groups": MIN_GUARANTEE_GROUPS - 1}, False),
    "conformal risk control": ({"method": "conformal"}, False),
    "the share on calibration rows": ({"method": "empirical"}, False),
    "refitted": ({"refitted": True}, False),
}


@pytest.mark.parametrize(("change", "guarantees"), CHANGES.values(), ids=CHANGES)
def test_a_guarantee_is_given_under_its_conditions_alone(change: dict[str, object], guarantees: bool) -> None:
    assert AbstentionRule.read({**RULE.plain(), **change}).guarantees is guarantees


def test_what_may_be_relied_on_is_stated(golden: Golden) -> None:
    changes = {name: change for name, (change, _) in CHANGES.items()}
    changes["no threshold meets the risk"] = {"below": SERVES_NOTHING}
    statements = [
        f"{name}:\n  {AbstentionRule.read({**RULE.plain(), **change}).statement}"
        for name, change in changes.items()
    ]
    golden("serving/abstention-statements", "\n".join(statements))


def test_a_rule_is_plain_data() -> None:
    assert AbstentionRule.read(json.loads(json.dumps(RULE.plain()))) == RULE


@pytest.mark.parametrize("change", [{"below": -0.1}, {"risk": 0}, {"certainty": 1}, {"below": float("nan")}])
def test_a_damaged_rule_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="^abstention "):
        AbstentionRule.read({**RULE.plain(), **change})
