"""The table of ``make torture``: how often each fault was injected, and how often it did no harm."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Tally = Callable[..., None]

_counts: dict[str, tuple[int, int]] = {}


@pytest.fixture
def tally() -> Tally:
    """Count a fault that was injected: ``tally("a full disk", survived=True)``."""

    def count(fault: str, *, survived: bool, tried: int = 1) -> None:
        before = _counts.get(fault, (0, 0))
        _counts[fault] = (before[0] + tried, before[1] + tried * survived)

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _counts:
        return
    width = max(map(len, _counts))
    terminalreporter.section("injected faults")
    terminalreporter.line(f"{'fault':<{width}}  {'tried':>6}  {'survived':>8}")
    for fault, (tried, survived) in sorted(_counts.items()):
        terminalreporter.line(f"{fault:<{width}}  {tried:>6}  {survived:>8}")
