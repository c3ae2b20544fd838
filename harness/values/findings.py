"""What an audit found, as a value: a verdict, a plain sentence, measures, and tables of details."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["passed", "warning", "failed", "not applicable"]
Cell = str | int | float

WORST_FIRST: tuple[Verdict, ...] = ("failed", "warning", "passed", "not applicable")


@dataclass(frozen=True)
class Measure:
    """A number that an audit took.

    Attributes
    ----------
    name : str
        Letters, digits and ``_``; unique within its audit.
    value : float
    low, high : float
        95 % interval; NaN where there is none.
    n : int
        What it was taken on: items, cases, pairs.
    """

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {"name": self.name, "n": self.n} | {
            name: None if math.isnan(value) else float(value) for name, value in numbers.items()
        }


@dataclass(frozen=True)
class Detail:
    """A table that shows what stands behind a verdict.

    Attributes
    ----------
    name : str
        Of its file; letters, digits and ``_``.
    title : str
    columns : tuple of str
    rows : tuple of tuples
        Texts and numbers, as many as there are columns.
    texts : tuple of str
        The columns that hold sentences of the corpus.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    texts: tuple[str, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.columns))

    def without_texts(self) -> Detail:
        """Leave out the columns that hold sentences."""
        kept = [place for place, name in enumerate(self.columns) if name not in self.texts]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in kept), rows=rows, texts=())


@dataclass(frozen=True)
class Finding:
    """What one audit says of one classifier, or of a corpus.

    Attributes
    ----------
    audit : str
        As in the config.
    verdict : {"passed", "warning", "failed", "not applicable"}
    sentence : str
        Says why, in full sentences.
    measures : tuple of Measure
    details : tuple of Detail
    """

    audit: str
    verdict: Verdict
    sentence: str
    measures: tuple[Measure, ...] = ()
    details: tuple[Detail, ...] = ()

    def value(self, name: str) -> float:
        """Look a measure up; NaN where it was not taken."""
        return next((one.value for one in self.measures if one.name == name), math.nan)

    def without_texts(self) -> Finding:
        """Leave out the sentences of the corpus."""
        return replace(self, details=tuple(one.without_texts() for one in self.details))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; :func:`from_dict` turns it back."""
        return {
            "audit": self.audit,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "measures": [one.to_dict() for one in self.measures],
            "details": [
                {
                    "name": one.name,
                    "title": one.title,
                    "columns": list(one.columns),
                    "rows": [[_plain(cell) for cell in row] for row in one.rows],
                    "texts": list(one.texts),
                }
                for one in self.details
            ],
        }


Findings = Sequence[Finding]


def not_applicable(audit: str, why: str) -> Finding:
    """Say that an audit has nothing to look at, and why."""
    return Finding(audit, "not applicable", why)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict; ``"not applicable"`` where there is none."""
    found = {one.verdict for one in findings}
    return next((verdict for verdict in WORST_FIRST if verdict in found), "not applicable")


def from_dict(data: Mapping[str, Any]) -> Finding:
    """Make a finding of what :meth:`Finding.to_dict` returned."""
    measures = tuple(
        Measure(one["name"], _number(one["value"]), _number(one["low"]), _number(one["high"]), int(one["n"]))
        for one in data["measures"]
    )
    details = tuple(
        Detail(
            one["name"],
            one["title"],
            tuple(one["columns"]),
            tuple(tuple(_number(cell) if cell is None else cell for cell in row) for row in one["rows"]),
            tuple(one["texts"]),
        )
        for one in data["details"]
    )
    return Finding(data["audit"], data["verdict"], data["sentence"], measures, details)


def measure_table(findings: Findings) -> pd.DataFrame:
    """Return one row a measure, and one an audit without any: what was found, in numbers."""
    import pandas as pd

    rows = [
        (one.audit, one.verdict, measure.name, measure.value, measure.low, measure.high, measure.n)
        for one in findings
        for measure in one.measures or (Measure("", math.nan),)
    ]
    return pd.DataFrame(rows, columns=["audit", "verdict", "measure", "value", "low", "high", "n"])


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _plain(cell: Cell) -> Any:
    if isinstance(cell, str | bool):
        return cell
    if isinstance(cell, int):
        return int(cell)
    return None if math.isnan(cell) else float(cell)
