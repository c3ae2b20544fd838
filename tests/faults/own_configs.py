"""A config beside code that leaves a mark when it is run, on a machine that trusts nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import plan
from harness.config.load import load
from harness.values import own_code
from harness.values.errors import ConfigError

MINE = """
from pathlib import Path
import {helper}

Path({mark!r}).write_text("executed")


class Length:
    deterministic = True

    def __init__(self, cutoff, labels):
        self.cutoff, self.labels = cutoff, labels

    def fit(self, train, validation=None):
        pass

    def predict_proba(self, examples):
        import numpy as np

        return np.full((len(examples), len(self.labels)), 1 / len(self.labels))


def length(*, cutoff: int = 100, words: tuple[str, ...] = (), labels=None, seed: int = 0):
    return Length(cutoff, labels)


computed = length
"""
CONFIG = """
name: mine
corpus: {{kind: partyline}}
audits: []
classifiers:
  mine: {{kind: "{kind}"{options}}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a config beside code that leaves a mark when it is run, on a machine that trusts nothing."""
    monkeypatch.delenv(own_code.VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setattr(own_code, "LOADED", set())
    (tmp_path / "mine_of_test.py").write_text(
        MINE.format(helper="helper_of_test", mark=str(tmp_path / "mark")), encoding="utf-8"
    )
    (tmp_path / "helper_of_test.py").write_text("import json\n", encoding="utf-8")
    for name in ("mine_of_test", "helper_of_test"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def write(kind: str = "mine_of_test:length", options: str = "") -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(CONFIG.format(kind=kind, options=options), encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        plan.resolve(load(path))
    return "\n".join(str(problem) for problem in refused.value.problems)


def executed(folder: Path) -> bool:
    return (folder / "mark").exists()


def marking(folder: Path) -> str:
    """Return code that leaves the mark."""
    return f"open({str(folder / 'mark')!r}, 'w').close()\n"
