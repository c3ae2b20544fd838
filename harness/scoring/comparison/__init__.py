"""Predictions of several runs in, a ranking with paired tests out: which differences are established.

>>> from harness.scoring.comparison import compare
>>> compare([("linear", ours), ("theirs", theirs)], "f1_macro")              # doctest: +SKIP
"""

from __future__ import annotations

from harness.scoring.comparison.compare_runs import compare
from harness.scoring.comparison.ranking import Comparison, Pair, RankedRun

__all__ = ["Comparison", "Pair", "RankedRun", "compare"]
