"""The README's Python example, executed: its sentence gets the label that the README names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import harness
from harness.config.load import load

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
UNSURE = "unsure"


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """What the example prints last, where the champion is the linear classifier of the quickstart."""
    folder = tmp_path_factory.mktemp("readme")
    before = Path.cwd()
    os.chdir(folder)
    try:
        config = load(TOP / "configs" / "quickstart.yaml").data
        # No other classifier and no audit but that of leaks: the model is the same without them, in seconds.
        config = {**config, "classifiers": {"linear": config["classifiers"]["linear"]}, "audits": ["leaks"]}
        (folder / "mine.yaml").write_text(json.dumps(config), encoding="utf-8")
        run = harness.run("mine.yaml")
        promoted = harness.promote(run)
        assert promoted.uri == address()
        printed: list[object] = []
        # Its run finds everything finished.
        exec(example(), {"print": printed.append})
        table = printed[-1]
        assert isinstance(table, pd.DataFrame)
        yield table
    finally:
        os.chdir(before)


def example() -> str:
    (block,) = [
        block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "predict" in block
    ]
    return str(block)


def address() -> str:
    (loaded,) = re.findall(r'load\("([^"]+)"\)', example())
    return str(loaded)


def test_the_sentence_of_the_readme_gets_the_label_that_it_names(labelled: pd.DataFrame) -> None:
    (named,) = re.findall(r"labels that sentence `(\w+)`", README)
    assert named in ("critical", "neutral", "supportive")
    (row,) = labelled.to_dict("records")
    # A model that abstains says so; it must not say another label with certainty.
    assert (UNSURE if row["abstain"] else row["label"]) in (named, UNSURE)
