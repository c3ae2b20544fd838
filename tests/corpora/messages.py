"""What people read of one test module, kept in one golden file: ``tests/golden/corpora/MODULE.txt``.

A test takes the fixture ``messages`` and calls it with a text. Each text has a section of its own, named for
the test; a second call in the same test is numbered. ``make golden`` writes the files anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from golden import FOLDER, OPTION, Golden

Messages = Callable[[object], None]

_HEAD = re.compile(r"^\[(test_.*)\]$", re.MULTILINE)
_WRITTEN: dict[Path, dict[str, str]] = {}
"""The sections written in this run, by file: a text that no test has any more is dropped."""


def sections(text: str) -> dict[str, str]:
    """The texts of a golden file, by test."""
    _, *parts = _HEAD.split(text)
    return {name: body.strip("\n") for name, body in zip(parts[::2], parts[1::2], strict=True)}


@pytest.fixture
def messages(request: pytest.FixtureRequest, golden: Golden, tmp_path: Path) -> Messages:
    """Compare texts with the golden file of the test's module, without this run's folders and servers."""
    path = FOLDER / "corpora" / f"{Path(request.node.path).stem.removeprefix('test_')}.txt"
    names: list[str] = []

    def check(text: object) -> None:
        names.append(request.node.name if not names else f"{request.node.name} ({len(names) + 1})")
        lasting = str(text).replace(str(tmp_path), "FOLDER").strip("\n")
        lasting = re.sub(r"http://127\.0\.0\.1:\d+", "http://SERVER", lasting)
        if request.config.getoption(OPTION):
            written = _WRITTEN.setdefault(path, {})
            written[names[-1]] = lasting
            path.parent.mkdir(parents=True, exist_ok=True)
            blocks = [f"[{name}]\n{body}\n" for name, body in written.items()]
            path.write_text("\n".join(blocks), encoding="utf-8")
        assert path.is_file(), f"there is no golden file {path.name}: make golden"
        assert lasting == sections(path.read_text(encoding="utf-8")).get(names[-1])

    return check
