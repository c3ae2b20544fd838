"""Limits that all readers of files share."""

from __future__ import annotations

# Not sys.maxsize, which csv refuses where a C long has 32 bits, as on Windows.
MAX_FIELD_SIZE = 2**30
"""In characters, for the csv module: its default of 131,072 is less than a long article."""
