"""A page in the browser in; the faults that axe-core finds in it, serious ones and worse, out."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from experiments.performance.browser import Tab

HOLDERS = ("axe_playwright_python", "axe_core_python")
"""Packages that hold axe-core. The first has a newer one, but wants Playwright, which nothing here needs."""


def script() -> Path | None:
    """Return the file of axe-core; None where it is not installed."""
    specs = (find_spec(name) for name in HOLDERS)
    folders = (Path(spec.origin).parent for spec in specs if spec is not None and spec.origin)
    return next((folder / "axe.min.js" for folder in folders), None)


checked = pytest.mark.skipif(
    script() is None, reason="axe-core is not installed (pip install axe-core-python)"
)


def faults(tab: Tab) -> list[str]:
    """Return the rules that the page breaks seriously, each with the first element that does."""
    file = script()
    assert file is not None
    tab.evaluate(f"{file.read_text(encoding='utf-8')};0")
    result: list[str] = tab.evaluate(
        "axe.run(document).then((result) => result.violations"
        ".filter((rule) => ['serious', 'critical'].includes(rule.impact))"
        ".map((rule) => `${rule.id}: ${rule.nodes[0].target.join(' ')} ${rule.nodes[0].failureSummary}`))"
    )
    return result
