"""What an audit finds, as a value: a verdict, a plain sentence, measures, and tables of details."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["passed", "warning", "undecided", "failed", "not applicable"]
Cell = str | int | float

# Not applicable is best: an audit that measured nothing must not outweigh one that passed. A warning is of
# something that was seen, undecided of what may be there.
WORST_FIRST: tuple[Verdict, ...] = ("failed", "warning", "undecided", "passed", "not applicable")


@dataclass(frozen=True)
class Measure:
    """A number that an audit measured.

    Attributes
    ----------
    name : str
        Letters, digits and ``_``; unique within its audit.
    value : float
    low, high : float
        95 % interval; NaN where there is none.
    n : int
        How many items, cases or pairs it was measured on.
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
    """A table of the evidence for a verdict.

    Attributes
    ----------
    name : str
        Names its file; letters, digits and ``_``.
    title : str
    columns : tuple of str
    rows : tuple of tuples
        Strings and numbers, one per column.
    texts : tuple of str
        The columns that hold sentences of the corpus, which licences may not let a run keep.
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
        """Return the table without the columns that hold sentences."""
        indices = [index for index, name in enumerate(self.columns) if name not in self.texts]
        rows = tuple(tuple(row[index] for index in indices) for row in self.rows)
        return replace(self, columns=tuple(self.columns[index] for index in indices), rows=rows, texts=())


@dataclass(frozen=True)
class Finding:
    """The result of one audit of one classifier, or of a corpus.

    Attributes
    ----------
    audit : str
        Its name in the config.
    verdict : {"passed", "warning", "undecided", "failed", "not applicable"}
        Undecided where the measured interval contains the bound.
    sentence : str
        The reason for the verdict, in full sentences.
    measures : tuple of Measure
    details : tuple of Detail
    """

    audit: str
    verdict: Verdict
    sentence: str
    measures: tuple[Measure, ...] = ()
    details: tuple[Detail, ...] = ()

    def value(self, name: str) -> float:
        """Return the value of a measure; NaN where there is none of that name."""
        return next((measure.value for measure in self.measures if measure.name == name), math.nan)

    def without_texts(self) -> Finding:
        """Return the finding without sentences of the corpus."""
        return replace(self, details=tuple(detail.without_texts() for detail in self.details))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; :func:`from_dict` turns it back."""
        return {
            "audit": self.audit,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "measures": [measure.to_dict() for measure in self.measures],
            "details": [
                {
                    "name": detail.name,
                    "title": detail.title,
                    "columns": list(detail.columns),
                    "rows": [[_plain(cell) for cell in row] for row in detail.rows],
                    "texts": list(detail.texts),
                }
                for detail in self.details
            ],
        }


Findings = Sequence[Finding]


def not_applicable(audit: str, why: str) -> Finding:
    """Return the finding of an audit that has nothing to measure, with the reason as its sentence."""
    return Finding(audit, "not applicable", why)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict; ``"not applicable"`` where there is none."""
    verdicts = {finding.verdict for finding in findings}
    return next((verdict for verdict in WORST_FIRST if verdict in verdicts), "not applicable")


def audits_in_short(findings: Findings) -> str:
    """Say in a few words what audits found: what failed and what warns by name, the rest by number.

    Examples
    --------
    >>> audits_in_short([Finding("party_swap", "failed", ""), Finding("leaks", "passed", "")])
    'failed party swap; 1 of 2 passed'
    >>> audits_in_short([Finding("leaks", "passed", ""), not_applicable("unseen", "no party is new")])
    '1 of 2 passed, 1 not applicable'
    >>> audits_in_short([Finding("leaks", "warning", "")])
    'warning leaks'
    >>> audits_in_short([])
    'none run'
    """
    return verdicts_in_short({finding.audit: finding.verdict for finding in findings})


def verdicts_in_short(verdicts: Mapping[str, str]) -> str:
    """Say the same of verdicts by the names of their audits."""
    applied = {audit: verdict for audit, verdict in verdicts.items() if verdict != "not applicable"}
    if not applied:
        return "none apply" if verdicts else "none run"
    parts = []
    for unsettled in WORST_FIRST:
        audits = [audit.replace("_", " ") for audit, verdict in applied.items() if verdict == unsettled]
        if audits and unsettled != "passed":
            parts.append(f"{unsettled} {', '.join(audits)}")
    n_passed = sum(verdict == "passed" for verdict in applied.values())
    # Of all, as the screen shows them: what does not apply is not hidden in a smaller total.
    n_idle = len(verdicts) - len(applied)
    rest = [f"{n_passed} of {len(verdicts)} passed"] if n_passed else []
    rest += [f"{n_idle} not applicable"] if n_idle else []
    # "0 of 1 passed" would read as a failure beside a warning.
    return "; ".join([*parts, ", ".join(rest)] if rest else parts)


def from_dict(data: Mapping[str, Any]) -> Finding:
    """Return the finding that :meth:`Finding.to_dict` turned into plain data."""
    measures = tuple(
        Measure(
            record["name"],
            _from_json(record["value"]),
            _from_json(record["low"]),
            _from_json(record["high"]),
            int(record["n"]),
        )
        for record in data["measures"]
    )
    details = tuple(
        Detail(
            record["name"],
            record["title"],
            tuple(record["columns"]),
            tuple(
                tuple(_from_json(cell) if cell is None else cell for cell in row) for row in record["rows"]
            ),
            tuple(record["texts"]),
        )
        for record in data["details"]
    )
    return Finding(data["audit"], data["verdict"], data["sentence"], measures, details)


def measure_table(findings: Findings) -> pd.DataFrame:
    """Return a table with a row per measure, and one per audit that has none.

    Returns
    -------
    DataFrame
        Columns ``audit``, ``verdict``, ``measure``, ``value``, ``low``, ``high``, ``n``.
    """
    import pandas as pd

    rows = [
        (finding.audit, finding.verdict, measure.name, measure.value, measure.low, measure.high, measure.n)
        for finding in findings
        for measure in finding.measures or (Measure("", math.nan),)
    ]
    return pd.DataFrame(rows, columns=["audit", "verdict", "measure", "value", "low", "high", "n"])


def _from_json(value: float | None) -> float:
    # JSON knows no NaN: it is written as null.
    return math.nan if value is None else float(value)


def _plain(cell: Cell) -> Any:
    # bool is a subclass of int: without this, True would come back as 1.
    if isinstance(cell, str | bool):
        return cell
    if isinstance(cell, int):
        return int(cell)
    return None if math.isnan(cell) else float(cell)
