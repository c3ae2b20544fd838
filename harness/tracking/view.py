"""A plan in, the view of its runs that the UI opens with out."""

from __future__ import annotations

from harness.plan import Plan


def tags(plan: Plan) -> dict[str, str]:
    """Return the experiment tags that hold the shared view."""
    return {}
