"""What a served model loads of the harness: little, and nothing that trains, scores or tracks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MAX_MODULES = 25
NOT_SERVED = {"evaluation", "config", "reports", "tracking", "runs", "scoring", "corpora", "cli"}


@pytest.mark.parametrize("module", ["harness.serving", "harness.serving.inference", "harness.serving.pyfunc"])
def test_serving_loads_few_modules(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in sys.modules if name.startswith('harness')))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    loaded = answer.stdout.split()
    assert module in loaded
    assert len(loaded) <= MAX_MODULES
    assert {name.split(".")[1] for name in loaded if "." in name} & NOT_SERVED == set()
