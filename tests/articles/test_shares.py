from __future__ import annotations

import csv
import math
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from harness.articles.readings_table import OWN, QUOTED, ReadingsTable, load_readings, week_of
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.share_report import share_rows
from harness.articles.share_report import write_report as write_shares
from harness.articles.shares import estimate_shares, limitations, read_gold
from harness.cli.main import app
from harness.values.errors import ArticleError

HEADER = "article,sentence,target,sure,own_voice,stance,text,outlet,date\n"


def line(n: int, **changes: object) -> str:
    row = {
        "article": f"a{n}", "sentence": 1, "target": "Varna" if n % 2 else "Ostrel", "sure": True,
        "own_voice": n % 3 != 0, "stance": "critical" if n % 5 == 0 else "neutral", "text": f"Sentence {n}.",
        "outlet": "Ledger", "date": "2030-05-01" if n < 60 else "2030-05-08",
    }  # fmt: skip
    return ",".join(str(value) for value in (row | changes).values()) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "readings.csv"
    made.write_text(HEADER + "".join(line(n) for n in range(120)) + line(500, sure=False))
    return made


@pytest.fixture
def readings(path: Path) -> ReadingsTable:
    return load_readings(path)


def labelled(readings: ReadingsTable, path: Path, *, blank: int = 0, size: int = 60) -> Path:
    """A sample in which every fifth neutral row is in truth critical."""
    drawn = draw_sample(readings, size, by=("target",))
    stance = readings.rows.set_index("row").loc[drawn["row"], "stance"].tolist()
    number = drawn["row"].str.extract(r"a(\d+)#")[0].astype(int)
    gold = [
        "critical" if one == "neutral" and n % 5 == 1 else one for one, n in zip(stance, number, strict=True)
    ]
    write_sample(drawn.assign(gold=[*[""] * blank, *gold[blank:]]), path)
    return path


def test_rows_are_read_with_week_and_voice(readings: ReadingsTable) -> None:
    assert len(readings.rows) == 120
    assert readings.unsure == 1
    assert readings.rows.iloc[1].to_dict() == {
        "row": "a1#1#Varna", "article": "a1", "outlet": "Ledger", "date": "2030-05-01", "week": "2030-04-29",
        "target": "Varna", "voice": OWN, "stance": "neutral", "text": "Sentence 1.",
    }  # fmt: skip
    assert readings.rows.iloc[3]["voice"] == QUOTED
    assert readings.labels == ["critical", "neutral"]


@pytest.mark.parametrize(
    ("date", "week"),
    [("2030-04-29", "2030-04-29"), ("2030-05-05T23:00", "2030-04-29"), ("", ""), ("May", "")],
)
def test_a_week_begins_on_monday(date: str, week: str) -> None:
    assert week_of(date) == week


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER.replace("stance", "stanc") + line(1), "has no column 'stance'; did you mean 'stanc'?"),
        (HEADER, "holds no rows"),
        (HEADER + line(1, sure=False), "holds no row that counts"),
        (
            HEADER + line(1) * 2,
            "has 1 rows twice, as 'a1#1#Varna'; give every article an id of its own",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(content)
    with pytest.raises(ArticleError) as raised:
        load_readings(path)
    assert str(raised.value) == f"{path}: {message}"


def test_a_sample_has_known_probabilities_and_shows_no_labels(readings: ReadingsTable) -> None:
    drawn = draw_sample(readings, 40, by=("target", "voice"))
    assert list(drawn.columns) == [
        "row", "pi", "stratum", "article", "outlet", "date", "text", "target", "gold", "gold_voice",
    ]  # fmt: skip
    assert (1 / drawn["pi"]).sum() == pytest.approx(120)
    assert drawn["row"].is_unique
    assert set(drawn["gold"]) == {""}
    assert draw_sample(readings, 40, by=("target", "voice")).equals(drawn)
    assert not draw_sample(readings, 40, by=("target", "voice"), seed=2)["row"].equals(drawn["row"])


def test_small_strata_are_taken_whole_and_the_rest_goes_on(readings: ReadingsTable) -> None:
    rows = readings.rows.copy()
    rows.loc[:2, "target"] = "Rare"
    drawn = draw_sample(ReadingsTable(rows, 0), 60, by=("target",))
    counts = drawn["target"].value_counts()
    assert counts["Rare"] == 3
    assert drawn.loc[drawn["target"] == "Rare", "pi"].tolist() == [1.0] * 3
    assert 57 <= len(drawn) <= 63


def test_more_than_there_is_draws_all(readings: ReadingsTable) -> None:
    drawn = draw_sample(readings, 1000)
    assert len(drawn) == 120
    assert set(drawn["pi"]) == {1.0}


def test_what_a_sample_cannot_be_drawn_by_is_named(readings: ReadingsTable) -> None:
    with pytest.raises(ArticleError) as raised:
        draw_sample(readings, 1, by=("targt", "voice"))
    assert str(raised.value) == (
        "by: cannot stratify by 'targt'; did you mean 'target'?\nsize: should be at least 2, got 1"
    )


def test_a_census_corrects_to_the_truth(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=1000), readings)
    found = {
        (one.group["target"], one.voice, one.label): one
        for one in estimate_shares(readings, gold, by=("target",))
    }
    # Of Varna's 60 rows 12 are predicted critical; 12 more (numbers that leave 1 by 5) are critical in truth.
    one = found["Varna", "all", "critical"]
    assert (one.n, one.n_gold, one.naive.value) == (60, 60, 0.2)
    assert (one.corrected.value, one.corrected.low, one.corrected.high) == (pytest.approx(0.4),) * 3
    assert found["Varna", "all", "neutral"].corrected.value == pytest.approx(0.6)


def test_a_sample_is_nearer_the_truth_than_counting(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=80), readings)
    one = next(
        one
        for one in estimate_shares(readings, gold, by=("target",))
        if (one.voice, one.label) == ("all", "critical")
    )
    assert one.naive.value == pytest.approx(0.2)
    assert abs(one.corrected.value - 0.4) < 0.1
    assert one.corrected.low < 0.4 < one.corrected.high


def test_groups_with_few_labels_are_not_corrected(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=30), readings)
    found = estimate_shares(readings, gold)
    assert any(one.n_gold < 10 and math.isnan(one.corrected.value) for one in found)
    assert all(math.isnan(one.corrected.value) == (one.n_gold < 10) for one in found)
    assert {one.group["week"] for one in found} == {"2030-04-29", "2030-05-06"}


def test_rows_left_blank_are_stood_in_for(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", blank=10), readings)
    assert gold.notes == ("10 of 60 rows are not labelled; the others stand in for them",)
    assert (1 / gold.rows["pi"]).sum() == pytest.approx(120)


def test_a_corrected_voice_moves_rows_between_voices(readings: ReadingsTable, tmp_path: Path) -> None:
    drawn = draw_sample(readings, 1000, by=("target",))
    stance = readings.rows.set_index("row").loc[drawn["row"], "stance"].tolist()
    path = tmp_path / "gold.csv"
    write_sample(drawn.assign(gold=stance, gold_voice="own"), path)
    found = {
        (one.voice, one.label): one
        for one in estimate_shares(readings, read_gold(path, readings), by=("target",))
    }
    assert found[QUOTED, "critical"].n == 20
    assert math.isnan(found[QUOTED, "critical"].corrected.value)
    assert found[OWN, "critical"].corrected.value == pytest.approx(found["all", "critical"].corrected.value)


def test_every_fault_of_a_labelled_sample_is_named(readings: ReadingsTable, tmp_path: Path) -> None:
    path = labelled(readings, tmp_path / "gold.csv")
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    rows[0] |= {"row": "nobody"}
    rows[1] |= {"pi": "2", "gold": "critcal"}
    rows[2] |= {"gold_voice": "his"}
    with path.open("w", newline="") as handle:
        made = csv.DictWriter(handle, list(rows[0]))
        made.writeheader()
        made.writerows(rows)
    with pytest.raises(ArticleError) as raised:
        read_gold(path, readings)
    assert str(raised.value) == (
        f"{path}:2: row: is not in the table: 'nobody'\n"
        f"{path}:3: pi: should be above 0 and at most 1, got '2'\n"
        f"{path}:3: gold: unknown label 'critcal'; did you mean 'critical'?\n"
        f"{path}:4: gold_voice: unknown voice 'his'; known: own, quoted"
    )


def test_a_sample_of_another_table_is_refused(readings: ReadingsTable, tmp_path: Path) -> None:
    path = labelled(readings, tmp_path / "gold.csv")
    kept = path.read_text().splitlines(keepends=True)[:-5]
    path.write_text("".join(kept))
    with pytest.raises(ArticleError, match=r"stands for 110 rows, and the table has 120"):
        read_gold(path, readings)


def test_an_unlabelled_sample_is_refused(readings: ReadingsTable, tmp_path: Path) -> None:
    write_sample(draw_sample(readings, 40), tmp_path / "gold.csv")
    with pytest.raises(ArticleError) as raised:
        read_gold(tmp_path / "gold.csv", readings)
    assert str(raised.value) == "gold: no row is labelled; fill in the column gold"


def test_shares_are_written_as_table_plots_and_page(readings: ReadingsTable, tmp_path: Path) -> None:
    rows = readings.rows.assign(target="<script>", outlet="$A_B$ & Co")
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=100), readings)
    found = estimate_shares(ReadingsTable(rows, 0))
    write_shares(found, tmp_path / "out", notes=gold.notes)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["01-script.png", "shares.csv", "shares.html"]
    page = (tmp_path / "out" / "shares.html").read_text()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert 'src="data:image/png;base64,' in page
    read = pd.read_csv(tmp_path / "out" / "shares.csv")
    assert list(read.columns) == [
        "target", "outlet", "week", "voice", "label", "rows", "labelled", "naive", "naive_low", "naive_high",
        "share", "low", "high",
    ]  # fmt: skip
    assert read["share"].isna().all()


def test_readers_are_told_where_nothing_is_corrected(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", blank=4, size=36), readings)
    blank = "4 of 36 rows are not labelled; the others stand in for them"
    assert limitations(estimate_shares(readings, gold, by=("target",)), gold) == (blank,)
    by_week = estimate_shares(readings, gold, by=("target", "outlet", "week"))
    few = {tuple(one.group.values()) for one in by_week if one.voice == "all" and one.n_gold < 10}
    assert 0 < len(few) <= 4
    what = f"in {len(few)} of 4 groups fewer than 10 rows are labelled"
    assert limitations(by_week, gold) == (
        blank,
        f"{what}, so nothing is corrected there: label more, or group by less",
    )
    assert limitations(by_week, None) == ("without a labelled sample, shares are naive",)


def test_only_the_largest_parties_are_drawn(
    readings: ReadingsTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.articles.share_report.PLOTS", 1)
    rows = readings.rows.copy()
    rows.loc[:20, "target"] = "Varna"
    write_shares(estimate_shares(ReadingsTable(rows, 0), by=("target",)), tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["01-varna.png"]
    assert "parties with most sentences, 1 of 2." in (tmp_path / "shares.html").read_text()


def test_what_is_not_known_is_empty_in_the_table(readings: ReadingsTable) -> None:
    assert share_rows(estimate_shares(readings, None, by=("target",)))[0]["share"] == ""


def test_the_verbs_go_from_readings_to_shares(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    run = CliRunner().invoke
    done = run(app, ["sample", "readings.csv", "-o", "gold.csv", "--size", "60", "--by", "target"])
    assert done.exit_code == 0, done.output
    assert "gold.csv: 60 rows. Fill in gold" in done.output
    assert done.output.splitlines()[-1] == "  harness shares readings.csv --gold gold.csv --by target"
    labelled(load_readings(path), path.parent / "gold.csv")
    done = run(app, ["shares", "readings.csv", "--gold", "gold.csv", "--by", "target"])
    assert done.exit_code == 0, done.output
    assert "Varna" in done.output
    assert "shares/shares.html" in done.output
    done = run(app, ["shares", "readings.csv", "--by", "outlet"])
    assert "note: without a labelled sample, shares are naive" in done.output
