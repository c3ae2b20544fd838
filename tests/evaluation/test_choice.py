"""What the screen says of a choice: whether validation tells the best classifier from the next."""

from __future__ import annotations

import re

import pytest

from harness.config.promotion_policy import PromotionPolicy
from harness.evaluation.choice import Choice, Contender, choose
from tests.scoring.comparison.toy_runs import N, run, with_rows

POLICY = PromotionPolicy.model_validate({})


def choice(**skills: float) -> Choice:
    contenders = [
        Contender(name, with_rows(run(name, skill), split="validation")) for name, skill in skills.items()
    ]
    chosen = choose(contenders, "f1_macro", POLICY)
    assert chosen is not None
    return chosen


def numbers(text: str) -> list[int]:
    return [int(digits.replace(",", "")) for digits in re.findall(r"\b\d[\d,]*\b", text)]


def test_an_undecided_choice_names_both_and_the_rows_that_it_would_take() -> None:
    chosen = choice(alpha=1.40, beta=1.50)
    assert set(chosen.tied) == {"alpha", "beta"}
    assert {"alpha", "beta", "undecided"} <= set(re.findall(r"\w+", chosen.verdict))
    n_rows, needed = numbers(chosen.verdict.partition(" if ")[0])[:2]
    assert needed > n_rows


def test_a_choice_that_validation_decides_says_so() -> None:
    chosen = choice(alpha=3.0, beta=0.1)
    assert chosen.tied == ("alpha",)
    assert chosen.sentence.startswith(chosen.verdict)
    assert "undecided" not in chosen.verdict


def test_one_classifier_is_no_choice() -> None:
    chosen = choice(alpha=1.0)
    assert chosen.verdict == chosen.sentence


@pytest.mark.parametrize(("group", "is_grouped"), [(0, False), (3, True)])
def test_rows_without_groups_are_no_groups(group: int, is_grouped: bool) -> None:
    contenders = [
        Contender(name, with_rows(run(name, skill, group=group), split="validation"))
        for name, skill in (("alpha", 1.5), ("beta", 1.52))
    ]
    chosen = choose(contenders, "f1_macro", POLICY)
    assert chosen is not None
    assert ("groups" in chosen.verdict) == is_grouped


def test_a_choice_without_an_interval_is_unknown_and_no_tie() -> None:
    contenders = [
        Contender(name, with_rows(run(name, skill, group=N), split="validation"))
        for name, skill in (("alpha", 1.0), ("beta", 1.2))
    ]
    chosen = choose(contenders, "f1_macro", POLICY)
    assert chosen is not None
    assert {"alpha", "beta", "unknown"} <= set(re.findall(r"\w+", chosen.verdict))
    assert "apart" not in chosen.verdict
