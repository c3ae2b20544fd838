"""A text that does not name its target is counted, and said, by whatever reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from harness.cli import main as cli
from harness.config.plan.objects import plan_of
from harness.evaluation.prepared import prepare
from harness.explorer import web_server
from harness.runs import external

ABSENT, ROWS = 10, 60
CONFIG = """\
name: mine
corpus: {kind: files, path: rows.csv}
split: {kind: holdout}
classifiers: {majority: {kind: majority}}
"""


@pytest.fixture(autouse=True)
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = [f"The Saffron Party won item {n}." for n in range(ROWS - ABSENT)]
    texts += [f"Nobody won item {n}." for n in range(ABSENT)]
    stances = ["critical", "neutral", "supportive"] * (ROWS // 3)
    table = pd.DataFrame({"text": texts, "target": "Saffron Party", "stance": stances})
    table.to_csv("rows.csv", index=False)
    Path("mine.yaml").write_text(CONFIG, encoding="utf-8")


def printed(*words: str) -> str:
    outcome: Any = CliRunner().invoke(cli.app, list(words))
    assert outcome.exception is None, outcome.exception
    return " ".join(outcome.output.split())


def counts(text: str) -> bool:
    return f"{ABSENT} of {ROWS} targets do not occur" in text


def test_validate_says_so() -> None:
    assert counts(printed("validate", "mine.yaml"))


def test_label_says_so_where_it_shows_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody opens the screen here.
    monkeypatch.setattr(web_server, "serve", lambda app, listening, ready: listening.close())
    assert counts(printed("label", "rows.csv"))


def test_label_is_silent_where_it_shows_no_row() -> None:
    assert not counts(printed("label", "rows.csv", "-o", "votes.csv"))


def test_score_says_so() -> None:
    prepared = prepare(plan_of(Path("mine.yaml")))
    ids = sorted(prepared.splits[0].test)
    predictions = pd.DataFrame({"id": ids, "prediction": "neutral"})
    scored = external.score(predictions, config=Path("mine.yaml"), track=False)
    assert [note for note in scored.notes if counts(note)] != []
