"""Golden files: what people read is kept in ``tests/golden``, so that a sentence is changed in one place.

A test takes the fixture ``golden`` and calls ``golden("name", text)``. ``make golden`` writes the files anew;
the difference is then read by whoever changed the words, and committed with the change.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
OPTION = "--write-golden"

Golden = Callable[[str, str], None]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with the golden file of that name, or write the file under ``--write-golden``."""
    write = bool(request.config.getoption(OPTION, default=False))

    def check(name: str, text: str) -> None:
        path = FOLDER / f"{name}.txt"
        text = text.rstrip("\n") + "\n"
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"there is no golden file {path.name}: make golden"
        assert text == path.read_text(encoding="utf-8")

    return check
