"""Krippendorff's alpha against hand and published values."""

from __future__ import annotations

import math

import pytest

from harness.scoring.statistics.krippendorff import alpha

# Krippendorff's own example of three people and missing votes, * where one did not vote; nominal alpha 0.691.
PUBLISHED = (
    "* * * * * 3 4 1 2 1 1 3 3 * 3",
    "1 * 2 1 3 3 4 3 * * * * * * *",
    "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
)


def test_the_published_example() -> None:
    items = zip(*(line.split() for line in PUBLISHED), strict=True)
    assert alpha([[vote for vote in item if vote != "*"] for item in items]) == pytest.approx(0.691, abs=5e-4)


def test_by_hand() -> None:
    # Pairs: aa twice, bb twice, ab and ba once each; a 3, b 3, in all 6.
    # Observed 2/6, expected 2 * 3 * 3 / (6 * 5) = 0.6; alpha = 1 - (1/3) / 0.6.
    assert alpha([("a", "a"), ("b", "b"), ("a", "b")]) == pytest.approx(1 - (1 / 3) / 0.6, abs=1e-12)


def test_all_agree_and_all_disagree() -> None:
    assert alpha([("a", "a"), ("b", "b")]) == 1
    # Two items, every pair differs: observed 1, expected 2 * 2 * 2 / (4 * 3) = 2/3; alpha = 1 - 3/2.
    assert alpha([("a", "b"), ("b", "a")]) == pytest.approx(-0.5, abs=1e-12)


@pytest.mark.parametrize("votes", [[], [("a",)], [("a", "a"), ("a", "a")]])
def test_where_nothing_can_differ_there_is_no_value(votes: list[tuple[str, ...]]) -> None:
    assert math.isnan(alpha(votes))


def test_single_votes_tell_nothing() -> None:
    votes = [("a", "a"), ("b", "b"), ("a", "b")]
    assert alpha([*votes, ("c",), ()]) == alpha(votes)
