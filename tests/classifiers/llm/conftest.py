"""A server of words, and a cache and settings of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.classifiers.llm.asked_models import KEY
from tests.classifiers.llm.stub_server import Stub, serving
from tests.classifiers.llm.word_model import WordModel


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache and settings of the test's own."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LLM_KEY", KEY)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving(WordModel()) as server:
        yield server
