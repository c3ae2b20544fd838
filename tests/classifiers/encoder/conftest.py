"""A saved encoder to damage, and a processor on which every engine runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.classifiers.encoder.engines import choice
from tests.classifiers.conftest import EncoderFolder


@pytest.fixture
def folder(encoder_folder: EncoderFolder, tmp_path: Path) -> Path:
    """A copy of a model, to damage."""
    return Path(shutil.copytree(encoder_folder(), tmp_path / "model"))


@pytest.fixture
def every_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of its own, and a processor that has every instruction."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "has_instructions_for", lambda name: True)
