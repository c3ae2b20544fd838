"""How parties are framed: counted by hand, resampled by article."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from harness.crosstabs import ALL, EVERY_PARTY, FEWEST_MENTIONS, CrossCell, CrossTable, as_table, cross_tables

FRAMES, STANCES = ("conflict", "morality"), ("critical", "supportive")


def mentions(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    columns = ["party", "group", "frames", "stance", "given_frames", "given_stance"]
    return pd.DataFrame(rows, columns=columns[: len(rows[0])])


def cell(table: CrossTable, frame: str, stance: str) -> CrossCell:
    (found,) = [one for one in table.cells if (one.frame, one.stance) == (frame, stance)]
    return found


FOUR = mentions(
    [
        ("Varna", "a", ("conflict", "morality"), "critical", ("conflict",), "critical"),
        ("Varna", "a", ("conflict",), "supportive", (), "critical"),
        ("Varna", "b", (), "critical", ("morality",), "supportive"),
        ("Varna", "b", ("conflict",), "critical", ("conflict",), "critical"),
    ]
)


def test_shares_are_of_all_mentions() -> None:
    (table,) = cross_tables(FOUR, FRAMES, STANCES)
    assert (table.party, table.n, table.groups) == (EVERY_PARTY, 4, 2)
    assert table.frames == (*FRAMES, "none", ALL)
    values = [[one.true.value for one in table.row(frame)] for frame in table.frames]
    # Of four: conflict and critical in rows 1 and 4, conflict and supportive in row 2, …
    assert values == [[0.5, 0.25, 0.75], [0.25, 0, 0.25], [0.25, 0, 0.25], [0.75, 0.25, 1]]
    given = [[one.given.value for one in table.row(frame)] for frame in table.frames]
    assert given == [[0.5, 0, 0.5], [0, 0.25, 0.25], [0.25, 0, 0.25], [0.75, 0.25, 1]]
    assert cell(table, "conflict", ALL).gap.value == -0.25


def test_intervals_are_over_articles() -> None:
    (table,) = cross_tables(FOUR, FRAMES, STANCES)
    # Articles a, a, a, b, b and b, b: the share with conflict is 1, 3/4 or 1/2.
    whole = cell(table, "conflict", ALL).true
    assert (whole.low, whole.high) == (0.5, 1.0)
    # Each article has two of four: every draw has the same share.
    even = cell(table, "conflict", "critical").true
    assert (even.low, even.high) == (0.5, 0.5)
    (single,) = cross_tables(FOUR.assign(group="a"), FRAMES, STANCES)
    assert math.isnan(cell(single, "conflict", ALL).true.low)


def test_mentions_without_an_article_are_resampled_alone() -> None:
    (table,) = cross_tables(FOUR.assign(group=None), FRAMES, STANCES)
    assert table.groups == 4


def test_a_party_needs_enough_mentions_for_a_table_of_its_own() -> None:
    few, enough = ([("A", "a", (), "critical")] * n for n in (FEWEST_MENTIONS - 1, FEWEST_MENTIONS))
    other = [("B", "b", (), "critical")] * 30
    assert [one.party for one in cross_tables(mentions(few + other), FRAMES, STANCES)] == [EVERY_PARTY, "B"]
    tables = cross_tables(mentions(enough + other), FRAMES, STANCES)
    assert [one.party for one in tables] == [EVERY_PARTY, "B", "A"]
    # Its own articles only.
    assert [one.groups for one in tables] == [2, 1, 1]


def test_labels_that_are_not_there_leave_their_shares_empty() -> None:
    given = FOUR[["party", "group", "given_frames", "given_stance"]]
    (table,) = cross_tables(given, FRAMES, STANCES)
    found = cell(table, "conflict", ALL)
    assert found.given.value == 0.5
    assert math.isnan(found.true.value)
    assert math.isnan(found.gap.value)
    assert cross_tables(FOUR[:0], FRAMES, STANCES) == ()


def test_no_frame_may_be_a_label() -> None:
    named = FOUR.assign(frames=[("none",), ("conflict",), (), ("morality",)])
    (table,) = cross_tables(named, FRAMES, STANCES)
    assert cell(table, "none", ALL).true.value == 0.5


def test_laid_out_it_has_a_row_a_cell() -> None:
    laid = as_table(cross_tables(FOUR, FRAMES, STANCES))
    assert len(laid) == 12
    assert laid.iloc[0][["party", "frame", "stance", "true", "given", "gap"]].tolist() == [
        EVERY_PARTY,
        "conflict",
        "critical",
        0.5,
        0.5,
        0.0,
    ]


def test_intervals_cover() -> None:
    """Of 200 made corpora, the interval of a share holds the true one in about 95 of 100."""
    stream, held = np.random.default_rng(5), 0
    for _ in range(200):
        likely = np.repeat(stream.beta(2, 3, size=40), 5)
        rows = [
            ("A", f"g{n // 5}", ("conflict",) if stream.random() < p else (), "critical")
            for n, p in enumerate(likely)
        ]
        (table,) = cross_tables(mentions(rows), FRAMES, STANCES, draws=300)
        share = cell(table, "conflict", ALL).true
        held += share.low <= 0.4 <= share.high
    assert held >= 180


@pytest.mark.parametrize("draws", [200])
def test_equal_seeds_give_equal_intervals(draws: int) -> None:
    one, two = (as_table(cross_tables(FOUR, FRAMES, STANCES, draws=draws, seed=7)) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
