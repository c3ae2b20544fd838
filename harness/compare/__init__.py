"""Predictions of several runs in, which differences are real out; and what it would take to know.

>>> from harness.compare import compare
>>> compare([("linear", ours), ("theirs", theirs)], "f1_macro")              # doctest: +SKIP
"""

from __future__ import annotations

from harness.compare.comparing import compare
from harness.compare.comparison import Comparison, Entry, Pair

__all__ = ["Comparison", "Entry", "Pair", "compare"]
