from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden import Golden
from typer.testing import CliRunner

from harness.articles.gold_sample import Gold
from harness.articles.readings_table import ReadingsTable
from harness.articles.sampling import draw_sample
from harness.articles.share_differences import MAX_COMPARED, share_differences
from harness.articles.shares import ShareTable, estimate_shares, limitations, share_table
from harness.cli.main import app
from harness.values.errors import ArticleError
from harness.values.minimums import MIN_GOLD_ROWS, MIN_POOLED_ROWS


def world(n_parties: int = 3, n_outlets: int = 3, rows: int = 900) -> pd.DataFrame:
    """Party 0 is criticized in two thirds of its rows, the others in one; a tenth is predicted wrongly."""
    random = np.random.default_rng(6)
    party = np.arange(rows) % n_parties
    truth = np.where(random.random(rows) < np.where(party == 0, 2 / 3, 1 / 3), "critical", "neutral")
    predicted = np.where(random.random(rows) < 0.9, truth, "neutral")
    article = np.arange(rows) // (3 * n_parties)
    week = np.array(["2030-04-29", "2030-05-06", "2030-05-13", ""])[article % 4]
    return pd.DataFrame(
        {
            "row": [f"r{number}" for number in range(rows)], "article": [f"a{code}" for code in article],
            "outlet": [f"outlet {code % n_outlets}" for code in article], "date": week, "week": week,
            "target": [f"party {code}" for code in party], "voice": "own voice", "stance": predicted,
            "text": "", "truth": truth,
        }
    ).astype(object)  # fmt: skip


def labelled(rows: pd.DataFrame, size: int, by: tuple[str, ...] = ("target",)) -> tuple[ReadingsTable, Gold]:
    table = ReadingsTable(rows, 0)
    drawn = draw_sample(table, size, by=by)[["row", "pi", "stratum"]].merge(rows, on="row")
    return table, Gold(drawn.assign(gold=drawn["truth"], gold_voice=drawn["voice"]))


def compared(by: tuple[str, ...], size: int = 300, **changes: int) -> ShareTable:
    table, gold = labelled(world(**changes), size)
    return share_table(table, gold, by=by)


def test_each_pair_of_parties_is_compared_and_the_different_one_stands_out() -> None:
    differences = share_differences(compared(("target",)), "target")
    pairs = {(difference.first, difference.second) for difference in differences}
    assert pairs == set(itertools.combinations(["party 0", "party 1", "party 2"], 2))
    assert len(differences) == 6
    for difference in differences:
        is_real = difference.first == "party 0"
        assert (difference.p_holm < 0.05) is is_real
        assert (difference.p_holm_stream < 0.05) is is_real
        assert difference.p_holm >= difference.rows.p
        # Other articles might have come: the stream is known less well.
        assert difference.stream.high - difference.stream.low > difference.rows.high - difference.rows.low


def test_weeks_are_compared_with_the_one_before_and_no_date_is_no_week() -> None:
    differences = share_differences(compared(("target", "week")), "week")
    steps = {(difference.second, difference.first) for difference in differences}
    assert steps == {("2030-04-29", "2030-05-06"), ("2030-05-06", "2030-05-13")}
    assert {difference.group["target"] for difference in differences} == {"party 0", "party 1", "party 2"}


@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_only_the_largest_groups_are_compared(beyond: int) -> None:
    count = MAX_COMPARED + beyond
    table = compared(("outlet",), size=600, n_outlets=count, rows=count * 90)
    differences = share_differences(table, "outlet")
    least = min(count, MAX_COMPARED)
    assert len(differences) == least * (least - 1) / 2 * 2


def test_what_cannot_be_compared_is_refused(golden: Golden) -> None:
    refusals = []
    naive = share_table(ReadingsTable(world(), 0), None, by=("target",))
    for table, column in ((naive, "target"), (naive, "week"), (naive, "voice")):
        with pytest.raises(ArticleError) as raised:
            share_differences(table, column)
        assert [problem.where for problem in raised.value.problems] == ["compare"]
        refusals.append(str(raised.value))
    with pytest.raises(ArticleError) as raised:
        share_table(ReadingsTable(world(), 0), None, by=("target",), half_width=0.5)
    refusals.append(str(raised.value))
    golden("articles/differences-refused", "\n".join(refusals))


@pytest.mark.parametrize(
    ("size", "methods"), [(MIN_POOLED_ROWS, {"pooled"}), (MIN_POOLED_ROWS - 1, {"naive"})]
)
def test_small_groups_are_corrected_by_all_where_all_are_enough(size: int, methods: set[str]) -> None:
    table, gold = labelled(world(n_outlets=30, rows=900), size, by=("voice",))
    shares = estimate_shares(table, gold, by=("outlet",))
    small = [share for share in shares if share.voice == "all" and share.n_gold < MIN_GOLD_ROWS]
    assert len(small) > 50
    assert {share.method for share in small} == methods
    numbers = {word for note in limitations(shares, gold) for word in note.split()}
    assert (str(MIN_POOLED_ROWS) in numbers) is (methods == {"naive"})
    if methods == {"pooled"}:
        assert all(0 <= share.corrected.low < share.corrected.high <= 1 for share in small)
        # Groups that borrow from each other are not compared.
        assert share_differences(share_table(table, gold, by=("outlet",)), "outlet") == []


def test_labels_needed_grow_as_the_interval_shrinks() -> None:
    table, gold = labelled(world(rows=9000), 300)
    needed = {
        width: estimate_shares(table, gold, by=("target",), half_width=width)[0]
        for width in (0.1, 0.05, 0.02)
    }
    counts = [share.needed for share in needed.values()]
    assert counts == sorted(counts)
    assert counts[0] < 100 < counts[2] <= 3000
    assert all(share.needed_stream >= share.needed for share in needed.values())
    naive = estimate_shares(table, None, by=("target",), half_width=0.03)[0]
    # 1.96² / (4 * .03²) = 1067 of a large table, of 3,000 rows 1067 / (1 + 1067 / 3000).
    assert naive.needed == pytest.approx(788, abs=1)


def test_the_verb_compares_and_says_how_many_labels_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = world(rows=600)
    rows.assign(sentence=range(600), sure=True, own_voice=True).to_csv("rows.csv", index=False)
    keys = rows["article"] + "#" + [str(n) for n in range(600)] + "#" + rows["target"]
    table = ReadingsTable(rows.assign(row=keys), 0)
    drawn = draw_sample(table, 200, by=("target",))
    truth = dict(zip(keys, rows["truth"], strict=True))
    drawn.assign(gold=drawn["row"].map(truth)).to_csv("gold.csv", index=False)
    arguments = ["--gold", "gold.csv", "--by", "target", "--compare", "target", "--half-width", ".05"]
    result = CliRunner().invoke(app, ["shares", "rows.csv", *arguments, "-o", "out"])
    assert result.exit_code == 0, result.output
    assert len(pd.read_csv("out/differences.csv")) == 6
    rows = [table.count("<tr>") for table in Path("out/shares.html").read_text().split("<table>")[1:]]
    # With their headings: six differences, and three parties by two voices (none is quoted) and two stances.
    assert rows == [1 + 6, 1 + 3 * 3 * 2]
    golden("articles/differences", result.output)
