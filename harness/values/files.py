"""Limits that every reader of files shares."""

from __future__ import annotations

MAX_FIELD_SIZE = 2**30
"""Characters; Python's own limit is 131,072, less than a long article."""
