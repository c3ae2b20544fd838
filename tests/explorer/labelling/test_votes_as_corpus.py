"""What two people voted on the label screen, exported: a corpus with votes, as those that are published."""

from __future__ import annotations

import csv
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import harness
from tests.explorer.labelling.running_screen import Screen, running_screen

LABELS = ("critical", "neutral", "supportive")
ROWS = 90

CONFIG = """
name: labelled
corpus: {kind: files, path: votes.csv, columns: {stance: gold, votes: [stance by Ada, stance by Ben]}}
split: {kind: holdout}
audits: [annotators]
classifiers:
  majority: {kind: majority}
"""


def write_articles(path: Path, *, grouped: bool) -> None:
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "target", *(["group"] if grouped else [])])
        for number in range(ROWS):
            row = [f"s{number}", f"Saffron Party opened bridge {number}.", "Saffron Party"]
            writer.writerow([*row, *([f"article {7 * number % 20}"] if grouped else [])])


def label_all(screen: Screen, annotator: str, seed: int) -> None:
    """Label every row, as most people would; differ on some, and skip some."""
    drawn = random.Random(seed)
    state = screen.get("state", annotator=annotator)
    for number in range(ROWS):
        key = state["row"]["key"]
        label = LABELS[int(key, 16) % 3] if drawn.random() < 0.7 else drawn.choice(LABELS)
        action, value = ("skip", "1") if drawn.random() < 0.05 else ("stance", label)
        press = {"press": str(number), "annotator": annotator, "item": key, "action": action, "value": value}
        state = screen.post("press", **press, advance=True)


def labelled(folder: Path, settled: int = 0) -> dict[str, Any]:
    """Return what the screen says of two annotators; their votes are exported to ``votes.csv``."""
    with running_screen(folder, "rows.csv") as screen:
        label_all(screen, "Ada", 1)
        label_all(screen, "Ben", 2)
        for number in range(settled):
            key = screen.post("disagreement", annotator="Cy")["row"]["key"]
            press = {"press": str(number), "annotator": "Cy", "item": key, "role": "settle"}
            screen.post("press", **press, action="stance", value="neutral")
        shown = screen.get("agreement")
    exported = [sys.executable, "-m", "harness", "label", "rows.csv", "--output", "votes.csv"]
    environment = {**os.environ, "HARNESS_STORE": str(folder / "store")}
    subprocess.run(exported, cwd=folder, env=environment, check=True, capture_output=True)
    (folder / "labelled.yaml").write_text(CONFIG)
    return shown


def undecided(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(dict.fromkeys((f"p_{label}" for label in LABELS), 1 / 3), index=rows.index)


@pytest.mark.parametrize(("grouped", "settled"), [(True, 0), (False, 5)])
def test_agreement_on_the_screen_is_that_of_the_audit(tmp_path: Path, grouped: bool, settled: int) -> None:
    write_articles(tmp_path / "rows.csv", grouped=grouped)
    shown = labelled(tmp_path, settled)
    # Each row is tested in one of two folds.
    audit = harness.audit(
        undecided,
        corpus=str(tmp_path / "labelled.yaml"),
        set={"split": {"kind": "kfold", "k": 2}},
        track=False,
    )
    (finding,) = audit.findings
    alpha = next(measure for measure in finding.measures if measure.name == "alpha")
    (live,) = shown["questions"]
    assert 0.2 < live["value"] < 0.8
    assert (alpha.value, alpha.low, alpha.high, alpha.n) == pytest.approx(
        (live["value"], live["low"], live["high"], live["n"]), abs=1e-12
    )
    # What nobody settled is in the file without a label, and counts all the same.
    gold = pd.read_csv(tmp_path / "votes.csv")["gold"]
    assert gold.isna().sum() >= shown["open"] > 0
    assert not math.isnan(alpha.value)
