from __future__ import annotations

import re
from pathlib import Path

import pytest
from articles.toy_models import model
from golden import Golden

from harness.articles.pipeline import ReadingOptions, read
from harness.articles.reading import Reading
from harness.articles.readings_table import load_readings
from harness.articles.shares import estimate_shares

DOUBTFUL = (
    "Germany blamed France. Germany met France on Monday. “Germany lied,” said a spokesman for France."
    " He flew to Pyongyang."
)


def read_doubtful(stance: object, *outputs: Path) -> Reading:
    return read(DOUBTFUL, ReadingOptions(outputs, stance=stance, frames=model("framing")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stance", "abstaining"),
    [(model(), False), (model(below=0.75), True), (model(below=0.95), True), ("none", False)],
)
def test_every_row_is_counted_once(
    stance: object, abstaining: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    reading = read_doubtful(stance)
    rows, counts = reading.rows, reading.counts
    unsure = ~rows["sure"]
    assert unsure.any()
    assert counts.drop(columns=["party", "voice"]).to_numpy().sum() == reading.n_rows == len(rows)
    assert counts["unsure"].sum() == unsure.sum()
    abstained = rows["abstain"] & ~unsure if "abstain" in rows else unsure & False
    assert counts["abstains"].sum() == abstained.sum()
    assert abstained.any() == abstaining
    for _, count in counts.iterrows():
        own = rows["own_voice"] if count["voice"] == "own voice" else ~rows["own_voice"]
        of_party = (rows["target"] == count["party"]) & own
        assert count.drop(["party", "voice"]).sum() == of_party.sum()
        assert count["abstains"] == (of_party & abstained).sum()
    # The screen has a column where there is something to count, and numbers that add up.
    reading.show()
    shown = capsys.readouterr().out
    assert shown.splitlines()[1].split().count("abstains") == (2 if abstaining else 0)
    sentence = re.search(r"Of (\d+) rows (.*?)\.", " ".join(shown.split()))
    assert sentence is not None
    total, parts = int(sentence[1]), [int(n) for n in re.findall(r"\d+", sentence[2])]
    assert total == sum(parts) == len(rows)
    assert parts[1:] == [int(n) for n in (abstained.sum(), unsure.sum()) if n]


def test_counts_and_shares_agree_on_what_the_model_abstains_on(tmp_path: Path) -> None:
    reading = read_doubtful(model(below=0.75), tmp_path / "rows.csv")
    table = load_readings(tmp_path / "rows.csv")
    counts = reading.counts.set_index(["party", "voice"])
    assert table.unsure == counts["unsure"].sum()
    for share in estimate_shares(table, by=("target",)):
        if share.voice != "all" and share.label == table.labels[0]:
            count = counts.loc[(share.group["target"], share.voice)]
            assert share.n_abstained == count["abstains"]
            assert share.n == count.sum() - count["unsure"]


def test_the_summary_says_what_is_counted(capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    read_doubtful(model(below=0.75)).show()
    golden("articles/summary-with-doubts", capsys.readouterr().out)
