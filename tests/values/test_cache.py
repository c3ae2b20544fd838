"""One cache folder under one variable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.classifiers.encoder.engines import choice
from harness.corpora.fetch import checksums
from harness.values.cache import cache_folder


def test_a_home_in_the_variable_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_it_is_in_the_cache_folder_of_the_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.delenv("HARNESS_CACHE") if value is None else monkeypatch.setenv("HARNESS_CACHE", value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    assert cache_folder() == tmp_path / caches / "stance-harness"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is a variable of Linux")
def test_linux_may_name_another_folder_for_all_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "stance-harness"


def test_corpora_and_measurements_share_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    choice.cache_rates("a-model", {"fp32": 12.0})
    assert [path.name for path in tmp_path.iterdir()] == ["engines.json"]
    assert choice.cached_rates("a-model") == {"fp32": 12.0}
    assert checksums.corpus_folder("vast") == tmp_path / "corpora" / "vast"
