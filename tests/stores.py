"""Stores for tests: one database is created and one experiment is run; everything else is a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import toys

from harness.runs.classifiers import run_classifiers
from harness.tracking.store import Store
from harness.tracking.store.relocate import relocate

LADDER = """\
  prior: {kind: prior}
  verbs: {kind: 'toys:verbs'}
  strong: {kind: 'toys:verbs', tune: {strength: [2.0, 30.0]}}
  unsaved: {kind: 'toys:unsaved'}"""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty store: creating the schema takes seconds, copying it does not."""
    folder = tmp_path_factory.mktemp("template")
    (folder / ".harness").mkdir()
    Store.open(folder)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an empty store."""
    shutil.copytree(template / ".harness", tmp_path / ".harness")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def ladder(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the experiment ``toys`` was run; tests must not change it."""
    root = tmp_path_factory.mktemp("ladder")
    shutil.copytree(template / ".harness", root / ".harness")
    for outcome in run_classifiers(toys.prepared(root, LADDER), Store.open(root)):
        assert outcome.error is None
    return root


@pytest.fixture
def trained(ladder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder for a single test."""
    shutil.copytree(ladder, tmp_path, dirs_exist_ok=True)
    relocate(Store.open(tmp_path, check=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path
