"""Comparisons are concluded in plain sentences."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from golden import Golden
from scoring.comparison.toy_runs import N, run

from harness.scoring.comparison import Comparison, Pair, compare
from harness.scoring.comparison.conclusions import conclusions
from harness.values.formatting import rounded_up


@pytest.fixture(scope="module")
def three() -> Comparison:
    return compare(
        [(name, run(name, skill)) for name, skill in zip("abc", (0.2, 1.5, 1.6), strict=True)], "f1_macro"
    )


def with_pair(comparison: Comparison, **changes: object) -> Comparison:
    """Keep the first pair, changed."""
    first = comparison.pairs[0]
    inner = {name: changes.pop(name) for name in ("value", "low", "high", "p") if name in changes}
    pair: Pair = replace(first, difference=replace(first.difference, **inner), **changes)  # type: ignore[arg-type]
    return replace(comparison, pairs=(pair,))


def test_conclusions_about_one_pair(three: Comparison, golden: Golden) -> None:
    established = with_pair(three, better="x", worse="y", value=0.1234, low=0.05, high=0.2, holm=0.05)
    lower_is_better = with_pair(three, better="x", worse="y", value=-0.1234, low=-0.2, high=-0.05, holm=0.0)
    assert conclusions(established) == conclusions(lower_is_better)
    open_cases = {
        "more items": (0.01, 3021.0, 0.2),
        "more seeds": (0.01, math.inf, 0.2),
        "equal": (0.0, math.inf, 1.0),
        "no interval": (0.01, math.nan, math.nan),
    }
    cases = {"established": established} | {
        name: with_pair(three, better="x", worse="y", value=value, needed=needed, p=p, holm=max(p, 0.0501))
        for name, (value, needed, p) in open_cases.items()
    }
    lines = [f"{name}: {' | '.join(conclusions(comparison))}" for name, comparison in cases.items()]
    assert len({line.partition(": ")[2] for line in lines}) == 5
    golden("scoring/conclusions", "\n".join(lines))


def test_every_pair_of_few_has_its_sentence(three: Comparison) -> None:
    sentences = conclusions(three)
    assert len(sentences) == len(three.pairs) == 3
    for pair, sentence in zip(three.pairs, sentences, strict=True):
        assert sentence in conclusions(replace(three, pairs=(pair,)))
    assert sum(not pair.separable for pair in three.pairs) == 1


def test_of_many_pairs_the_leaders_speak() -> None:
    table = [(f"r{index}", run(f"r{index}", 0.2 + index * 0.45)) for index in range(6)]
    comparison = compare(table, "f1_macro")
    assert len(comparison.pairs) == 15
    sentences = conclusions(comparison)
    leaders = [group[0] for group in comparison.groups]
    assert len(sentences) == len(comparison.runs) - len(leaders) + len(leaders) - 1


def test_runs_that_are_too_many_are_counted(golden: Golden) -> None:
    table = [(name, run(name, skill)) for name, skill in zip("abc", (0.2, 1.5, 3.0), strict=True)]
    sentences = conclusions(compare(table, "f1_macro", draws=100))
    assert len(sentences) == 1
    # Of one article nothing is known: that is no tie.
    single = [(name, run(name, skill, group=N)) for name, skill in zip("abc", (0.2, 1.5, 3.0), strict=True)]
    unknown = conclusions(compare(single, "f1_macro", draws=100))
    golden("scoring/conclusions-with-a-reference", "\n".join([*sentences, *unknown]))


@pytest.mark.parametrize(("items", "expected"), [(1, 1), (99, 99), (100, 100), (101, 110), (3_021, 3_100)])
def test_an_estimate_is_rounded_up(items: float, expected: int) -> None:
    assert rounded_up(items) == expected
