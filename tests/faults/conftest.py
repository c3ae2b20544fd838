"""Fixtures of the fault injections, and the table of ``make torture``: what was tried, and what survived."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.tracking.store import credentials
from harness.values import secrets
from tests.classifiers.conftest import encoder_folder, worded
from tests.faults.own_configs import config

__all__ = ["config", "encoder_folder", "worded"]

Tally = Callable[..., None]

_counts: dict[str, tuple[int, int]] = {}


@pytest.fixture
def own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known to be secret before a test, and nothing of it afterwards."""
    monkeypatch.setattr(secrets, "_SHOWN", {})
    monkeypatch.setattr(credentials, "_LENT", {})
    for name in (credentials.USERNAME, credentials.PASSWORD, credentials.TOKEN):
        # Set first, so that the test's own changes are undone too.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def tally() -> Tally:
    """Count faults that were injected: ``tally("a full disk")``, ``tally("a flipped bit", 40, harm=1)``."""

    def count(fault: str, tried: int = 1, *, harm: int = 0) -> None:
        before = _counts.get(fault, (0, 0))
        _counts[fault] = (before[0] + tried, before[1] + tried - harm)

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _counts:
        return
    width = max(map(len, _counts))
    terminalreporter.section("injected faults")
    terminalreporter.line(f"{'fault':<{width}}  {'tried':>6}  {'survived':>8}")
    for fault, (tried, survived) in sorted(_counts.items()):
        terminalreporter.line(f"{fault:<{width}}  {tried:>6}  {survived:>8}")
