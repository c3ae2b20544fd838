"""A named difference and a named margin: how many items would show the one, who keeps within the other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from golden import Golden

from harness.scoring.comparison import Comparison, compare
from harness.scoring.comparison.questions import (
    detection_sentences,
    no_worse,
    no_worse_sentences,
)
from tests.scoring.comparison.toy_runs import run

FASTER = "4.0 times as fast (0.50 s against 2.00 s"


@pytest.fixture(scope="module")
def three() -> Comparison:
    return compare(
        [(name, run(name, skill)) for name, skill in zip("abc", (0.2, 1.5, 1.55), strict=True)], "f1_macro"
    )


def test_items_fall_with_the_square_of_the_difference(three: Comparison) -> None:
    for pair in three.pairs:
        # Two small differences: seeds' spread must not hide them.
        of_items = replace(pair, difference=replace(pair.difference, se_seeds=0.0))
        few, many = (three.items_for(of_items, effect) for effect in (0.04, 0.02))
        assert many == pytest.approx(4 * few, rel=0.01)
        assert math.isinf(
            three.items_for(replace(pair, difference=replace(pair.difference, se_seeds=1.0)), 0.02)
        )


def test_the_least_number_of_items_is_that_of_the_far_end_of_the_interval(three: Comparison) -> None:
    for pair in three.pairs:
        far = max(abs(pair.difference.low), abs(pair.difference.high))
        assert pair.needed_at_least == three.items_for(pair, far) <= pair.needed


def test_a_run_within_the_margin_is_no_worse(three: Comparison) -> None:
    best = three.runs[0].name
    for margin in (0.001, 0.05, 0.2, 0.9):
        for answer in no_worse(three, margin):
            difference = answer.pair.difference
            # Never shown where the uncorrected interval reaches past the margin.
            assert not answer.shown or difference.high < margin
            if difference.value > margin:
                assert answer.p > 0.5
    shown = {answer.pair.names for answer in no_worse(three, 0.2) if answer.shown}
    assert shown == {frozenset("bc")}
    assert all(answer.shown for answer in no_worse(three, 0.9))
    assert best in "bc"


def test_of_errors_the_lower_is_better() -> None:
    runs = [(name, run(name, skill)) for name, skill in zip("ab", (1.5, 1.55), strict=True)]
    (answer,) = no_worse(compare(runs, "brier"), 0.2)
    assert answer.shown
    assert answer.pair.difference.value <= 0


def test_a_margin_is_above_zero(three: Comparison) -> None:
    for margin in (0.0, -0.1, math.nan):
        with pytest.raises(ValueError, match=str(margin)):
            no_worse(three, margin)


def test_the_answers_are_full_sentences(three: Comparison, golden: Golden) -> None:
    lines = [*detection_sentences(three, 0.02), *no_worse_sentences(three, 0.1, {})]
    assert len(lines) == 2 * len(three.pairs)
    golden("scoring/questions", "\n".join(lines))


def test_speed_is_said_of_runs_whose_times_are_known(three: Comparison) -> None:
    order = [(pair.worse, pair.better) for pair in three.pairs]
    lines = dict(zip(order, no_worse_sentences(three, 0.1, {"a": 0.5, "b": 2.0}), strict=True))
    (timed,) = [line for pair, line in lines.items() if set(pair) == {"a", "b"}]
    assert FASTER in timed
    assert not any("times as" in line for line in lines.values() if line != timed)
