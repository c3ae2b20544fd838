"""What a promotion or a rollback did, as a value; and the error of one that was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.tracking.promotion.versions import CHAMPION
from harness.values.errors import PromotionError
from harness.values.formatting import MISSING, counted, number
from harness.values.gates import GateResult, gates_table
from harness.values.minimums import MIN_SCORED_ROWS

if TYPE_CHECKING:
    import pandas as pd


class RefusedPromotionError(PromotionError):
    """A model that fails gates; ``gates`` is the table of all of them.

    Parameters
    ----------
    classifier : str
    results : sequence of GateResult
    """

    def __init__(self, classifier: str, results: Sequence[GateResult]) -> None:
        self.results = tuple(results)
        super().__init__("\n".join([f"{classifier} is not promoted:", *_failures(self.results)]))

    @property
    def gates(self) -> pd.DataFrame:
        """One row per gate: gate, verdict, value, limit, sentence."""
        return gates_table(self.results)


@dataclass(frozen=True)
class Promotion:
    """What a promotion or a rollback did, or would do.

    Attributes
    ----------
    model_name, version : str
        The version that is champion now; the version is empty for a dry run of a model that has none.
    classifier, run_id : str
        Its origin.
    metric : str
        The primary metric.
    validation, test : float
        Its scores; NaN where there are none.
    rows : mapping of str to int
        How many rows of ``validation`` and ``test`` they are of, where that is known: scores of few rows are
        not shown.
    previous : str or None
        The version that was champion before; None where there was none, or it is the same.
    changed : bool
        Whether the alias moved.
    dry : bool
        Whether nothing was done, on request.
    choice : str
        Why this classifier, of all of the experiment; empty where it was named.
    results : tuple of GateResult
        Of every gate; :attr:`gates` is their table.
    notes : tuple of str
        Limitations, in full sentences: that it is a baseline, that it was forced, …
    trained_on, not_for : str
        What it learned from, and what it must not be used for.
    """

    model_name: str
    version: str
    classifier: str
    run_id: str
    metric: str
    validation: float
    test: float
    rows: Mapping[str, int] = field(default_factory=dict)
    previous: str | None = None
    changed: bool = True
    dry: bool = False
    choice: str = ""
    results: tuple[GateResult, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    trained_on: str = ""
    not_for: str = ""

    @property
    def uri(self) -> str:
        """The champion's address, whichever version it is."""
        return f"models:/{self.model_name}@{CHAMPION}"

    @property
    def gates(self) -> pd.DataFrame:
        """One row per gate: gate, verdict, value, limit, sentence."""
        return gates_table(self.results)

    @property
    def failures(self) -> tuple[GateResult, ...]:
        """The gates that it failed: of a dry run, those that would stop it."""
        return tuple(result for result in self.results if result.stops)

    def describe(self) -> str:
        """Describe it in a few lines."""
        return "\n".join(
            [
                self._head(),
                *([self.choice] if self.choice else []),
                *(_failures(self.results) if self.dry else ()),
                *([f"trained on: {self.trained_on}"] if self.trained_on else []),
                *([f"not for: {self.not_for}"] if self.not_for else []),
                *(f"note: {note}" for note in self.notes),
            ]
        )

    def _head(self) -> str:
        before = f", in place of version {self.previous}" if self.previous is not None else ""
        validation, test = self._score("validation", self.validation), self._score("test", self.test)
        scores = f"{self.metric} {validation}, {test}"
        if not self.dry:
            verb = "is now" if self.changed else "already is"
            subject = f"{self.model_name} version {self.version} ({self.classifier})"
            return f"{subject} {verb} champion{before}: {scores}"
        verb = "would be refused as" if self.failures else "would be"
        return f"dry run: {self.classifier} {verb} champion of {self.model_name}{before}: {scores}"

    def _score(self, part: str, value: float) -> str:
        n = self.rows.get(part, MIN_SCORED_ROWS)
        if n < MIN_SCORED_ROWS:
            return f"not shown on {part}, {counted(n, 'row')} being too few"
        return f"{number(value, missing='unknown')} on {part}"


def _failures(results: Sequence[GateResult]) -> list[str]:
    return [f"  {result.words}: {_by_how_much(result)}" for result in results if result.stops]


def _by_how_much(result: GateResult) -> str:
    value, limit = (number(part) for part in (result.value, result.limit))
    measured = "" if MISSING in (value, limit) else f"{value}, allowed {limit}. "
    return measured + result.brief
