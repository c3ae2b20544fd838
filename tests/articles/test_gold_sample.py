"""Samples that were labelled by hand: what is wrong with them is named."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from golden import Golden

from harness.articles.gold_sample import read_gold
from harness.articles.readings_table import ReadingsTable
from harness.articles.sampling import draw_sample, write_sample
from harness.articles.shares import estimate_shares
from tests.articles.test_shares import labelled, path, readings, refusal, where

__all__ = ["path", "readings"]


def broken_sample(readings: ReadingsTable, path: Path) -> Path:
    labelled(readings, path)
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    rows[0] |= {"row": "nobody"}
    rows[1] |= {"pi": "2", "gold": "critcal"}
    rows[2] |= {"gold_voice": "his"}
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_every_problem_of_a_labelled_sample_is_named(readings: ReadingsTable, tmp_path: Path) -> None:
    path = broken_sample(readings, tmp_path / "gold.csv")
    assert where(refusal(lambda: read_gold(path, readings))) == [
        f"{path}:2: row", f"{path}:3: pi", f"{path}:3: gold", f"{path}:4: gold_voice",
    ]  # fmt: skip


def sample_of_another_table(readings: ReadingsTable, path: Path) -> Path:
    labelled(readings, path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-5]))
    return path


def test_a_sample_of_another_table_is_refused(readings: ReadingsTable, tmp_path: Path) -> None:
    path = sample_of_another_table(readings, tmp_path / "gold.csv")
    (problem,) = refusal(lambda: read_gold(path, readings)).problems
    assert problem.where == str(path)
    # Each of the 60 rows stands for two.
    assert re.findall(r"\d+", problem.what) == ["110", "120"]


def test_an_unlabelled_sample_is_refused(readings: ReadingsTable, tmp_path: Path) -> None:
    write_sample(draw_sample(readings, 40), tmp_path / "gold.csv")
    assert where(refusal(lambda: read_gold(tmp_path / "gold.csv", readings))) == ["gold"]


def test_refusals_of_samples_say_why(
    readings: ReadingsTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("gold.csv")
    refusals = {"the options": refusal(lambda: draw_sample(readings, 1, by=("targt", "voice")))}
    broken_sample(readings, path)
    refusals["broken rows"] = refusal(lambda: read_gold(path, readings))
    sample_of_another_table(readings, path)
    refusals["another table"] = refusal(lambda: read_gold(path, readings))
    write_sample(draw_sample(readings, 40), path)
    refusals["no labels"] = refusal(lambda: read_gold(path, readings))
    refusals["another group"] = refusal(lambda: estimate_shares(readings, by=("voice",)))
    refusals["no group"] = refusal(lambda: estimate_shares(readings, by=()))
    golden("articles/samples", "\n".join(f"[{name}]\n{error}" for name, error in refusals.items()))
