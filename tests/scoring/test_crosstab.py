"""How parties are framed: counted by hand, resampled by article."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from golden import Golden

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
    (match,) = [
        candidate for candidate in table.cells if (candidate.frame, candidate.stance) == (frame, stance)
    ]
    return match


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
    values = [[share.true.value for share in table.row(frame)] for frame in table.frames]
    # Of four: conflict and critical in rows 1 and 4, conflict and supportive in row 2, …
    assert values == [[0.5, 0.25, 0.75], [0.25, 0, 0.25], [0.25, 0, 0.25], [0.75, 0.25, 1]]
    predicted = [[share.predicted.value for share in table.row(frame)] for frame in table.frames]
    assert predicted == [[0.5, 0, 0.5], [0, 0.25, 0.25], [0.25, 0, 0.25], [0.75, 0.25, 1]]
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
    certain = cell(table, "conflict", "critical")
    assert (certain.true.value, certain.predicted.value) == (1, 0)
    assert math.isnan(certain.true.low)
    assert math.isnan(certain.predicted.high)
    assert (certain.gap.low, certain.gap.high) == (-1, -1)


def test_few_articles_have_no_interval() -> None:
    enough, few = (cross_tables(repeated(n), FRAMES, STANCES)[0] for n in (MIN_ITEMS, MIN_ITEMS - 1))
    assert not math.isnan(cell(enough, "conflict", ALL).gap.low)
    for attribute in ("true", "predicted", "gap"):
        share = getattr(cell(few, "conflict", ALL), attribute)
        assert not math.isnan(share.value)
        assert math.isnan(share.low)
        assert math.isnan(share.high)


def test_a_party_in_few_articles_has_no_interval_beside_one_that_has() -> None:
    rows = [("A", f"g{n}", (), STANCES[n % 2]) for n in range(40)]
    rows += [("B", f"g{n % 20}", (), STANCES[n % 2]) for n in range(30)]
    whole, first, second = cross_tables(mentions(rows), FRAMES, STANCES)
    without_interval = [
        math.isnan(cell(table, "none", "critical").true.low) for table in (whole, first, second)
    ]
    assert [table.party for table in (whole, first, second)] == [EVERY_PARTY, "A", "B"]
    assert without_interval == [False, False, True]


def test_few_articles_limit_the_intervals(golden: Golden) -> None:
    tables = {n: cross_tables(repeated(n), FRAMES, STANCES)[0] for n in (1, 29, 30, 49, 50)}
    assert [table.groups for table in tables.values()] == list(tables)
    assert [n for n, table in tables.items() if not table.limitation] == [50]
    lines = [f"{n} articles: {table.limitation}" for n, table in tables.items() if table.limitation]
    golden("scoring/crosstab-limitations", "\n".join(lines))


def test_a_mention_with_two_frames_is_seen() -> None:
    (table,) = cross_tables(FOUR, FRAMES, STANCES)
    assert table.frames_overlap
    predicted = FOUR[["party", "group", "given_frames", "given_stance"]]
    assert not cross_tables(predicted, FRAMES, STANCES)[0].frames_overlap
    both = predicted.assign(given_frames=[("conflict", "morality"), (), (), ()])
    assert cross_tables(both, FRAMES, STANCES)[0].frames_overlap


def test_mentions_without_an_article_are_resampled_alone() -> None:
    (table,) = cross_tables(FOUR.assign(group=None), FRAMES, STANCES)
    assert table.groups == 4


def test_a_party_needs_enough_mentions_for_a_table_of_its_own() -> None:
    few, enough = ([("A", "a", (), "critical")] * n for n in (MIN_PARTY_MENTIONS - 1, MIN_PARTY_MENTIONS))
    other = [("B", "b", (), "critical")] * 30
    assert [table.party for table in cross_tables(mentions(few + other), FRAMES, STANCES)] == [
        EVERY_PARTY,
        "B",
    ]
    tables = cross_tables(mentions(enough + other), FRAMES, STANCES)
    assert [table.party for table in tables] == [EVERY_PARTY, "B", "A"]
    # Its own articles only.
    assert [table.groups for table in tables] == [2, 1, 1]


def test_labels_that_are_not_there_leave_their_shares_empty() -> None:
    predicted = FOUR[["party", "group", "given_frames", "given_stance"]]
    (table,) = cross_tables(predicted, FRAMES, STANCES)
    shares = cell(table, "conflict", ALL)
    assert shares.predicted.value == 0.5
    assert math.isnan(shares.true.value)
    assert math.isnan(shares.gap.value)
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
    first, second = (as_table(cross_tables(FOUR, FRAMES, STANCES, draws=draws, seed=7)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
