"""What every test stands on: no network, no one's own store or cache."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["MPLBACKEND"] = "Agg"
os.environ.pop("MLFLOW_TRACKING_URI", None)
os.environ.pop("HARNESS_STORE", None)
# Hints name `harness …` where the PATH leads to it: they read alike on every machine.
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])  # noqa: PTH120
# A folder of this process: what a person fetched, or another run of the tests left, is not what tests find.
os.environ["HARNESS_CACHE"] = tempfile.mkdtemp(prefix="cache-of-the-harness-")

# Tests name code of their own; those of trust take it away.
os.environ["HARNESS_TRUST"] = "1"
os.environ["XDG_CONFIG_HOME"] = f"{tempfile.gettempdir()}/no-settings-of-the-harness"

import pytest
from golden import OPTION, golden
from stores import folder, ladder, template, trained

atexit.register(shutil.rmtree, os.environ["HARNESS_CACHE"], ignore_errors=True)

__all__ = ["folder", "golden", "ladder", "template", "trained"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="write tests/golden anew; runs the tests that use it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption(OPTION):
        items[:] = [item for item in items if "golden" in getattr(item, "fixturenames", ())]
