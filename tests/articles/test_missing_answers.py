"""A model that gives no answer for some mentions: they are counted, shown and never taken for a stance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from articles.toy_models import WordClassifier, model
from sentences import numbers

from harness.articles.pipeline import ReadingOptions, read
from harness.articles.reading import Reading
from harness.articles.readings_table import load_readings
from harness.articles.shares import estimate_shares
from harness.classifiers.protocol import Example
from harness.serving.inference import LabelModel

TEXT = "Germany blamed France. Germany met France on Monday. “Germany lied,” said a spokesman for France."


class Refusing(WordClassifier):
    """Gives no answer about sentences with "Monday"."""

    may_miss = True

    def predict_proba(self, examples: Sequence[Example]) -> Any:
        proba = super().predict_proba(examples)
        proba[["Monday" in example.text for example in examples]] = np.nan
        return proba


def refusing() -> LabelModel:
    whole = model()
    return replace(whole, engine=replace(whole.engine, classifier=Refusing(whole.engine.contract.labels)))


def read_by(*outputs: Path, explain: bool = False) -> Reading:
    return read(TEXT, ReadingOptions(outputs, stance=refusing(), frames="none", explain=explain))


def test_they_stand_under_abstains_and_are_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    reading = read_by()
    counts, rows = reading.counts, reading.rows
    silent = rows["text"].str.contains("Monday")
    assert silent.sum() == 2
    assert (rows["stance"] == "").tolist() == silent.tolist()
    assert counts["abstains"].sum() == 2
    assert counts.drop(columns=["party", "voice"]).to_numpy().sum() == len(rows)
    reading.show()
    shown = " ".join(capsys.readouterr().out.split())
    (sentence,) = [each for each in shown.split(". ") if "no answer" in each]
    assert numbers(sentence) == [2]


def test_files_and_pages_hold_no_number_for_them(tmp_path: Path) -> None:
    read_by(tmp_path / "rows.jsonl", tmp_path / "page.html", explain=True)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["p_neutral"] is None for row in rows] == ["Monday" in row["text"] for row in rows]
    assert all(row["abstain"] for row in rows if "Monday" in row["text"])
    assert "NaN" not in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_shares_keep_them_in_the_whole(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows.{ending}"
    read_by(path)
    readings = load_readings(path)
    assert len(readings.rows) == 6
    assert "" not in readings.labels
    (note,) = [note for note in readings.notes if "no answer" in note]
    assert numbers(note)[:2] == [2, 6]
    shares = [share for share in estimate_shares(readings, by=("target",)) if share.voice == "all"]
    by_party: dict[str, float] = {}
    for share in shares:
        party = share.group["target"]
        by_party[party] = by_party.get(party, 0.0) + share.naive.value
    # One of the three rows of each party has no stance.
    sizes = readings.rows["target"].value_counts()
    assert by_party == pytest.approx({party: 1 - 1 / n for party, n in sizes.items()})
