from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from golden import Golden
from typer.testing import CliRunner

from harness.articles.gold_sample import read_gold
from harness.articles.holders import OWN_VOICE, QUOTED
from harness.articles.readings_table import ReadingsTable, load_readings, week_of
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.share_report import ShareReport, share_rows, write_report
from harness.articles.shares import estimate_shares, limitations
from harness.cli.main import app
from harness.values.errors import ArticleError
from harness.values.minimums import MIN_GOLD_ROWS, MIN_POOLED_ROWS

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
    file = tmp_path / "readings.csv"
    file.write_text(HEADER + "".join(line(n) for n in range(120)) + line(500, sure=False))
    return file


@pytest.fixture
def readings(path: Path) -> ReadingsTable:
    return load_readings(path)


def labelled(readings: ReadingsTable, path: Path, *, blank: int = 0, size: int = 60) -> Path:
    """A sample in which every fifth neutral row is in truth critical."""
    drawn = draw_sample(readings, size, by=("target",))
    stance = readings.rows.set_index("row").loc[drawn["row"], "stance"].tolist()
    number = drawn["row"].str.extract(r"a(\d+)#")[0].astype(int)
    gold = [
        "critical" if label == "neutral" and n % 5 == 1 else label
        for label, n in zip(stance, number, strict=True)
    ]
    write_sample(drawn.assign(gold=[*[""] * blank, *gold[blank:]]), path)
    return path


def test_rows_are_read_with_week_and_voice(readings: ReadingsTable) -> None:
    assert len(readings.rows) == 120
    assert readings.unsure == 1
    assert readings.rows.iloc[1].to_dict() == {
        "row": "a1#1#Varna", "article": "a1", "outlet": "Ledger", "date": "2030-05-01", "week": "2030-04-29",
        "target": "Varna", "voice": OWN_VOICE, "stance": "neutral", "text": "Sentence 1.",
    }  # fmt: skip
    assert readings.rows.iloc[3]["voice"] == QUOTED
    assert readings.labels == ["critical", "neutral"]


@pytest.mark.parametrize(
    ("date", "week"),
    [("2030-04-29", "2030-04-29"), ("2030-05-05T23:00", "2030-04-29"), ("", ""), ("May", "")],
)
def test_a_week_begins_on_monday(date: str, week: str) -> None:
    assert week_of(date) == week


BROKEN_TABLES = {
    "a missing column": HEADER.replace("stance", "stanc") + line(1),
    "no rows": HEADER,
    "unsure rows": HEADER + line(1, sure=False),
    "duplicates": HEADER + line(1) * 2,
}


def refusal(call: Callable[[], object]) -> ArticleError:
    with pytest.raises(ArticleError) as raised:
        call()
    return raised.value


def where(error: ArticleError) -> list[str]:
    return [problem.where for problem in error.problems]


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(BROKEN_TABLES[name])
    assert where(refusal(lambda: load_readings(path))) == [str(path)]


def test_refusals_of_tables_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("r.csv")
    refusals = [f"[another ending]\n{refusal(lambda: load_readings(Path('r.docx')))}"]
    for name, content in BROKEN_TABLES.items():
        path.write_text(content)
        refusals.append(f"[{name}]\n{refusal(lambda: load_readings(path))}")
    golden("articles/readings-tables", "\n".join(refusals))


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
    error = refusal(lambda: draw_sample(readings, 1, by=("targt", "voice")))
    assert where(error) == ["by", "size"]
    assert ["'targt'" in error.problems[0].what, "'target'" in error.problems[0].hint] == [True, True]


def test_a_census_corrects_to_the_truth(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=1000), readings)
    shares = {
        (share.group["target"], share.voice, share.label): share
        for share in estimate_shares(readings, gold, by=("target",))
    }
    # Of Varna's 60 rows 12 are predicted critical; 12 more (numbers that leave 1 by 5) are critical in truth.
    critical = shares["Varna", "all", "critical"]
    assert (critical.n, critical.n_gold, critical.naive.value) == (60, 60, 0.2)
    corrected = critical.corrected
    assert (corrected.value, corrected.low, corrected.high) == (pytest.approx(0.4),) * 3
    assert shares["Varna", "all", "neutral"].corrected.value == pytest.approx(0.6)


def test_a_sample_is_nearer_the_truth_than_counting(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=80), readings)
    critical = next(
        share
        for share in estimate_shares(readings, gold, by=("target",))
        if (share.voice, share.label) == ("all", "critical")
    )
    assert critical.naive.value == pytest.approx(0.2)
    assert abs(critical.corrected.value - 0.4) < 0.1
    assert critical.corrected.low < 0.4 < critical.corrected.high


def test_groups_with_few_labels_are_not_corrected(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=30), readings)
    shares = estimate_shares(readings, gold)
    assert any(share.n_gold < 10 and math.isnan(share.corrected.value) for share in shares)
    assert all(math.isnan(share.corrected.value) == (share.n_gold < 10) for share in shares)
    assert {share.group["week"] for share in shares} == {"2030-04-29", "2030-05-06"}


def test_the_others_are_weighted_up_for_rows_without_a_label(readings: ReadingsTable, tmp_path: Path) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", blank=10), readings)
    (note,) = gold.notes
    assert re.findall(r"\d+", note)[:2] == ["10", "60"]
    assert (1 / gold.rows["pi"]).sum() == pytest.approx(120)


def test_a_corrected_voice_moves_rows_between_voices(readings: ReadingsTable, tmp_path: Path) -> None:
    drawn = draw_sample(readings, 1000, by=("target",))
    stance = readings.rows.set_index("row").loc[drawn["row"], "stance"].tolist()
    path = tmp_path / "gold.csv"
    write_sample(drawn.assign(gold=stance, gold_voice="own"), path)
    shares = {
        (share.voice, share.label): share
        for share in estimate_shares(readings, read_gold(path, readings), by=("target",))
    }
    assert shares[QUOTED, "critical"].n == 20
    assert math.isnan(shares[QUOTED, "critical"].corrected.value)
    both_voices = shares["all", "critical"].corrected
    assert shares[OWN_VOICE, "critical"].corrected.value == pytest.approx(both_voices.value)


def test_shares_are_written_as_table_plots_and_page(readings: ReadingsTable, tmp_path: Path) -> None:
    rows = readings.rows.assign(target="<script>", outlet="$A_B$ & Co")
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", size=100), readings)
    write_report(ShareReport(estimate_shares(ReadingsTable(rows, 0)), gold.notes), tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["01-script.png", "shares.csv", "shares.html"]
    page = (tmp_path / "out" / "shares.html").read_text()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert 'src="data:image/png;base64,' in page
    table = pd.read_csv(tmp_path / "out" / "shares.csv")
    assert list(table.columns) == [
        "target", "outlet", "week", "voice", "label", "rows", "abstains", "labelled",
        "naive", "naive_low", "naive_high", "share", "low", "high", "low_stream", "high_stream",
        "method", "needed", "needed_stream",
    ]  # fmt: skip
    assert table["share"].isna().all()


def test_rows_on_which_the_model_abstains_are_counted_and_said_to_be(
    path: Path, tmp_path: Path, golden: Golden
) -> None:
    table = pd.read_csv(path)
    everything = load_readings(path)
    table.assign(abstain=[n % 4 == 0 for n in range(len(table))]).to_csv(path, index=False)
    readings = load_readings(path)
    # 120 rows, of which every fourth; the unsure one, the 121st, is no row of the table.
    assert len(readings.abstained) == 30
    assert readings.rows.equals(everything.rows)
    with_abstained, without = (estimate_shares(each, by=("target",)) for each in (readings, everything))
    # A share is of all rows, whatever the model is confident of.
    assert [share.naive for share in with_abstained] == [share.naive for share in without]
    rows = share_rows(with_abstained)
    both = {row["target"]: row["abstains"] for row in rows if row["voice"] == "all"}
    assert both == {"Ostrel": 30, "Varna": 0}
    for row in rows:
        parts = {part["voice"]: part["abstains"] for part in rows if part["target"] == row["target"]}
        assert parts["all"] == parts[OWN_VOICE] + parts[QUOTED]
    assert everything.abstained == frozenset()
    assert [re.findall(r"\d+", note) for note in readings.notes] == [["30", "120"], ["1"]]
    assert [re.findall(r"\d+", note) for note in everything.notes] == [["1"]]
    golden("articles/share-notes", "\n".join(readings.notes))


def test_limitations_say_where_shares_are_not_corrected(
    readings: ReadingsTable, tmp_path: Path, golden: Golden
) -> None:
    gold = read_gold(labelled(readings, tmp_path / "gold.csv", blank=4, size=36), readings)
    shares = estimate_shares(readings, gold, by=("target",))
    assert {share.method for share in shares} == {"exact", "naive"}
    *of_gold, of_exact = limitations(shares, gold)
    assert tuple(of_gold) == gold.notes
    assert re.findall(r"\d+", of_exact) == [str(sum(share.method == "exact" for share in shares)), "10"]
    by_week = estimate_shares(readings, gold, by=("target", "outlet", "week"))
    few = {
        tuple(share.group.values())
        for share in by_week
        if share.voice == "all" and share.n_gold < MIN_GOLD_ROWS
    }
    assert 0 < len(few) <= 4
    *notes, where_not, _ = limitations(by_week, gold)
    assert tuple(notes) == gold.notes
    assert re.findall(r"\d+", where_not) == [str(len(few)), "4", str(MIN_GOLD_ROWS), str(MIN_POOLED_ROWS)]
    golden("articles/limitations", "\n".join([*limitations(by_week, gold), *limitations(by_week, None)]))


def test_only_the_largest_parties_are_drawn(
    readings: ReadingsTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.articles.share_report.MAX_PLOTS", 1)
    rows = readings.rows.copy()
    rows.loc[:20, "target"] = "Varna"
    write_report(ShareReport(estimate_shares(ReadingsTable(rows, 0), by=("target",))), tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["01-varna.png"]
    assert (tmp_path / "shares.html").read_text().count("<img ") == 1


def test_what_is_unknown_is_empty_in_the_table(readings: ReadingsTable) -> None:
    assert share_rows(estimate_shares(readings, None, by=("target",)))[0]["share"] == ""


def test_the_verbs_go_from_readings_to_shares(
    path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(path.parent)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    sampled = run("sample", "readings.csv", "-o", "gold.csv", "--size", "60", "--by", "target")
    assert len(pd.read_csv("gold.csv")) == 60
    hint = sampled.splitlines()[-1].split()
    assert hint[0].endswith("harness")
    assert hint[1:] == [
        "shares", "readings.csv", "--gold", "gold.csv", "--by", "target",
    ]  # fmt: skip
    labelled(load_readings(path), path.parent / "gold.csv")
    corrected = run("shares", "readings.csv", "--gold", "gold.csv", "--by", "target", "-o", "shares")
    assert Path("shares/shares.html").exists()
    run("shares", "readings.csv", "--by", "outlet")
    assert sorted(path.name for path in Path().iterdir() if path.is_dir()) == ["shares"]
    naive = run("shares", "readings.csv", "--by", "outlet", "-o", "shares")
    assert pd.read_csv("shares/shares.csv")["share"].isna().all()
    golden("articles/shares", f"{corrected}\n{naive}")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_gold_is_read_as_a_spreadsheet_saved_it(
    readings: ReadingsTable, tmp_path: Path, delimiter: str, comma: bool, encoding: str
) -> None:
    drawn = draw_sample(readings, 40, by=("target",)).assign(gold="neutral")
    saved = drawn.astype({"pi": str})
    if comma:
        saved["pi"] = saved["pi"].str.replace(".", ",")
    path = tmp_path / "gold.csv"
    saved.to_csv(path, index=False, sep=delimiter, encoding=encoding)
    gold = read_gold(path, readings)
    assert gold.rows["row"].tolist() == drawn["row"].tolist()
    assert gold.rows["pi"].tolist() == pytest.approx(drawn["pi"].tolist())


def test_the_stance_may_be_called_label_as_predict_calls_it(path: Path, readings: ReadingsTable) -> None:
    path.write_text(path.read_text().replace(",stance,", ",label,", 1))
    assert load_readings(path).rows.equals(readings.rows)


def test_what_another_verb_wrote_is_answered_with_the_verb_that_writes_it(
    path: Path, tmp_path: Path, golden: Golden
) -> None:
    predicted = tmp_path / "predicted.csv"
    predicted.write_text(
        "text,target,date,article,label,abstain\nA sentence.,Varna,2030-05-01,a1,neutral,False\n"
    )
    lines = []
    for arguments in ([predicted], [path, "--gold", predicted], [path, "--tested", predicted]):
        answer = CliRunner().invoke(app, ["shares", *map(str, arguments)])
        assert isinstance(answer.exception, ArticleError)
        lines.append(str(answer.exception).replace(str(tmp_path), "FOLDER"))
    golden("articles/other-tables", "\n".join(lines))
