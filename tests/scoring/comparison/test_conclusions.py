"""A Comparison in, sentences out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scoring.comparison.toy_runs import run

from harness.scoring.comparison import Comparison, Pair, compare
from harness.scoring.comparison.conclusions import conclusions, rounded


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


def test_established_differences_are_told_with_their_interval(three: Comparison) -> None:
    found = with_pair(three, better="x", worse="y", value=0.1234, low=0.05, high=0.2, holm=0.05)
    assert conclusions(found) == ("x beats y by 0.123 (0.050 to 0.200) in f1_macro.",)
    lower = with_pair(three, better="x", worse="y", value=-0.1234, low=-0.2, high=-0.05, holm=0.0)
    assert conclusions(lower) == ("x beats y by 0.123 (0.050 to 0.200) in f1_macro.",)


@pytest.mark.parametrize(
    ("value", "needed", "p", "said"),
    [
        (0.01, 3021.0, 0.2, "x and y cannot be told apart on 240 items; 3,100 would be needed."),
        (
            *(0.01, math.inf, 0.2),
            "x and y cannot be told apart on 240 items; more items alone would not do, since seeds differ as"
            " much: more seeds would.",
        ),
        (0.0, math.inf, 1.0, "x and y cannot be told apart on 240 items: their f1_macro is the same."),
        (
            *(0.01, math.nan, math.nan),
            "Whether x beats y cannot be said: the difference has no interval.",
        ),
    ],
)
def test_what_is_not_established_says_what_it_would_take(
    three: Comparison, value: float, needed: float, p: float, said: str
) -> None:
    found = with_pair(three, better="x", worse="y", value=value, needed=needed, p=p, holm=max(p, 0.0501))
    assert conclusions(found) == (said,)


def test_every_pair_of_few_has_its_sentence(three: Comparison) -> None:
    sentences = conclusions(three)
    assert len(sentences) == 3
    assert sum("cannot be told apart" in one for one in sentences) == 1


def test_of_many_pairs_the_leaders_speak() -> None:
    table = [(f"r{place}", run(f"r{place}", 0.2 + place * 0.45)) for place in range(6)]
    found = compare(table, "f1_macro")
    assert len(found.pairs) == 15
    sentences = conclusions(found)
    leaders = [group[0] for group in found.groups]
    assert len(sentences) == len(found.runs) - len(leaders) + len(leaders) - 1


def test_runs_that_are_too_many_are_counted() -> None:
    table = [(name, run(name, skill)) for name, skill in zip("abc", (0.2, 1.5, 3.0), strict=True)]
    found = compare(table, "f1_macro", draws=100)
    assert conclusions(found) == (
        "3 runs are too many for every pair, so all were compared with c: 0 beat it, it beats 2, and 0 cannot"
        " be told from it on 240 items.",
    )


@pytest.mark.parametrize(("items", "shown"), [(1, 1), (99, 99), (100, 100), (101, 110), (3_021, 3_100)])
def test_an_estimate_is_rounded_up(items: float, shown: int) -> None:
    assert rounded(items) == shown
