"""What `read` says where its champion has learned from invented news alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import toys

import harness
from harness.tracking.article_models import EXPERIMENT, advice
from harness.values.commands import command_line

TEXT = "Varna praised France on Monday."
CONFIG: dict[str, Any] = {
    "name": "small",
    "task": "stance",
    "corpus": {"kind": "partyline", "training": "core"},
    "audits": [],
    "classifiers": {"prior": {"kind": "prior"}},
}


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template / ".harness", tmp_path / ".harness")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_champion_of_invented_news_points_to_one_for_articles(folder: Path) -> None:
    harness.run(CONFIG)
    uri = harness.promote("small", force="a test").uri
    (note,) = harness.read(TEXT, frames=None).notes
    assert note == advice(uri)
    assert f"configs/{EXPERIMENT}.yaml" in note
    harness.run(CONFIG | {"name": EXPERIMENT})
    (note,) = harness.read(TEXT, frames=None).notes
    assert note.endswith(command_line("promote", "--replace", experiment=EXPERIMENT))
    assert harness.read(TEXT, stance=None, frames=None).notes == []


def test_nothing_is_said_of_other_corpora(folder: Path) -> None:
    run = harness.run(toys.prepared(folder, "  verbs: {kind: 'toys:verbs'}").plan.source, set={"audits": []})
    harness.promote("toys", force="a test")
    assert advice("models:/stance@champion") == ""
    assert advice(run["verbs"].address) == ""
    assert advice("some/folder") == ""
    assert advice("models:/other@champion") == ""
