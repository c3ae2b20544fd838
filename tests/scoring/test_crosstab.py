"""How parties are framed: counted by hand, resampled by article."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from harness.scoring.crosstab import (
    ALL,
    EVERY_PARTY,
    CrossCell,
    CrossTable,
    as_table,
    cross_tables,
)
from harness.values.minimums import MIN_ITEMS, MIN_PARTY_MENTIONS

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


def repeated(articles: int) -> pd.DataFrame:
    """The mentions of the two articles a and b, over and over, in as many articles."""
    copies = [FOUR.assign(group=FOUR["group"] + str(n)) for n in range(-(-articles // 2))]
    return pd.concat(copies, ignore_index=True)[: 2 * articles]


def test_intervals_are_over_articles() -> None:
    (table,) = cross_tables(repeated(30), FRAMES, STANCES)
    # Of half the articles all mentions have conflict, of half every other one: of 30 that are drawn, the
    # share varies by .25 / √30 = .0456 around .75. An interval of 30 reaches t(29) = 2.045 times √(30/29)
    # as far: .095.
    whole = cell(table, "conflict", ALL).true
    assert (whole.low, whole.high) == (pytest.approx(0.655, abs=0.012), pytest.approx(0.845, abs=0.012))
    # Each article has two of four: every draw has the same share.
    even = cell(table, "conflict", "critical").true
    assert (even.low, even.high) == (0.5, 0.5)


def test_none_and_all_have_no_interval_but_their_gap_has() -> None:
    rows = [("A", f"g{n}", ("conflict",), "critical", (), "critical") for n in range(60)]
    (table,) = cross_tables(mentions(rows), FRAMES, STANCES)
    found = cell(table, "conflict", "critical")
    assert (found.true.value, found.given.value) == (1, 0)
    assert math.isnan(found.true.low)
    assert math.isnan(found.given.high)
    assert (found.gap.low, found.gap.high) == (-1, -1)


def test_few_articles_have_no_interval() -> None:
    enough, few = (cross_tables(repeated(n), FRAMES, STANCES)[0] for n in (MIN_ITEMS, MIN_ITEMS - 1))
    assert not math.isnan(cell(enough, "conflict", ALL).gap.low)
    for share in ("true", "given", "gap"):
        found = getattr(cell(few, "conflict", ALL), share)
        assert not math.isnan(found.value)
        assert math.isnan(found.low)
        assert math.isnan(found.high)


def test_a_party_in_few_articles_has_no_interval_beside_one_that_has() -> None:
    rows = [("A", f"g{n}", (), STANCES[n % 2]) for n in range(40)]
    rows += [("B", f"g{n % 20}", (), STANCES[n % 2]) for n in range(30)]
    whole, one, other = cross_tables(mentions(rows), FRAMES, STANCES)
    shown = [math.isnan(cell(table, "none", "critical").true.low) for table in (whole, one, other)]
    assert [table.party for table in (whole, one, other)] == [EVERY_PARTY, "A", "B"]
    assert shown == [False, False, True]


@pytest.mark.parametrize(
    ("articles", "said"),
    [
        (1, "Intervals need 30 groups, and there is 1."),
        (29, "Intervals need 30 groups, and there are 29."),
        (30, "30 groups are few (50 are enough): intervals may be too narrow."),
        (49, "49 groups are few (50 are enough): intervals may be too narrow."),
        (50, ""),
    ],
)
def test_few_articles_are_said(articles: int, said: str) -> None:
    (table,) = cross_tables(repeated(articles), FRAMES, STANCES)
    assert (table.groups, table.caution) == (articles, said)


def test_a_mention_with_two_frames_is_seen() -> None:
    (table,) = cross_tables(FOUR, FRAMES, STANCES)
    assert table.several
    given = FOUR[["party", "group", "given_frames", "given_stance"]]
    assert not cross_tables(given, FRAMES, STANCES)[0].several
    both = given.assign(given_frames=[("conflict", "morality"), (), (), ()])
    assert cross_tables(both, FRAMES, STANCES)[0].several


def test_mentions_without_an_article_are_resampled_alone() -> None:
    (table,) = cross_tables(FOUR.assign(group=None), FRAMES, STANCES)
    assert table.groups == 4


def test_a_party_needs_enough_mentions_for_a_table_of_its_own() -> None:
    few, enough = ([("A", "a", (), "critical")] * n for n in (MIN_PARTY_MENTIONS - 1, MIN_PARTY_MENTIONS))
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
