"""Fixtures of the contracts."""

from __future__ import annotations

from tests.corpora.messages import messages

__all__ = ["messages"]
