"""What a model has to meet before it is promoted: each gate's result as a value, all of them as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

GateVerdict = Literal["passed", "failed", "warning", "undecided", "not applicable", "waived", "not checked"]
"""Of these ``failed`` alone stops a promotion."""

COLUMNS = ("gate", "verdict", "value", "limit", "sentence")


@dataclass(frozen=True)
class GateResult:
    """What one gate says of a model.

    Attributes
    ----------
    name : str
        An audit, or ``baseline``, ``test``, ``test_items``, ``calibration``, ``abstention``,
        ``reproduces``, ``size``, ``latency``.
    verdict : {"passed", "failed", "warning", "undecided", "not applicable", "waived", "not checked"}
    sentence : str
        The reason, in full sentences.
    value, limit : float
        What was measured, and how much is allowed; NaN where the gate has no single number.
    """

    name: str
    verdict: GateVerdict
    sentence: str
    value: float = math.nan
    limit: float = math.nan

    @property
    def words(self) -> str:
        """Its name as words."""
        return self.name.replace("_", " ")

    @property
    def brief(self) -> str:
        """The first sentence of the reason: audits go on with details."""
        first, stop, _ = self.sentence.partition(". ")
        return f"{first}." if stop else first

    @property
    def stops(self) -> bool:
        """Whether it stops a promotion."""
        return self.verdict == "failed"

    def waived(self, reason: str) -> GateResult:
        """Return it with a failure waived; anything else stays as it is."""
        if not self.stops:
            return self
        return replace(self, verdict="waived", sentence=f"Waived ({reason}). {self.sentence}")


def gates_table(results: Iterable[GateResult]) -> pd.DataFrame:
    """Return a table with a row per gate.

    Returns
    -------
    DataFrame
        Columns ``gate``, ``verdict``, ``value``, ``limit``, ``sentence``.
    """
    import pandas as pd

    rows = [(gate.name, gate.verdict, gate.value, gate.limit, gate.sentence) for gate in results]
    return pd.DataFrame(rows, columns=list(COLUMNS))
