"""A corpus and its folds in, leaks out before anything is trained: repeats, shared groups, shortcuts."""

from __future__ import annotations

from harness.splits.leaks.gate import Gate, Leaks, leaks
from harness.splits.leaks.repeats import Fold

__all__ = ["Fold", "Gate", "Leaks", "leaks"]
