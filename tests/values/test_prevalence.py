"""The label mix of a config: its order, and what is wrong with it."""

from __future__ import annotations

import pytest

from harness.values.labels import STANCES
from harness.values.prevalence import Prevalence, prevalence_problems

MIX = {"critical": 0.5, "neutral": 0.3, "supportive": 0.2}


def test_shares_come_in_the_order_of_labels() -> None:
    assert Prevalence.of(MIX).vector(STANCES).tolist() == [0.5, 0.3, 0.2]
    assert Prevalence.of(MIX).vector(("supportive", "critical", "neutral")).tolist() == [0.2, 0.5, 0.3]


def test_shares_that_are_rounded_sum_to_one() -> None:
    thirds = dict.fromkeys(STANCES, 0.333)
    assert not list(prevalence_problems(thirds, STANCES))
    assert Prevalence.of(thirds).vector(STANCES).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "shares, where",
    [
        ({**MIX, "critical": 0.6}, ["prevalence"]),
        ({"critical": 0.5, "neutral": 0.5}, ["prevalence"]),
        ({**MIX, "supportiv": 0.0}, ["prevalence.supportiv"]),
        ({**MIX, "critical": -0.5, "neutral": 1.3}, ["prevalence.critical", "prevalence.neutral"]),
    ],
)
def test_what_is_wrong(shares: dict[str, float], where: list[str]) -> None:
    assert [problem.where for problem in prevalence_problems(shares, STANCES)] == where
