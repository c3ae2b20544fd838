"""What labels rows, as the labelling of files needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from harness.serving.input_rows import AbsentTargets

if TYPE_CHECKING:
    import pandas as pd


class RowLabeller(Protocol):
    """What labels rows: a model, or two models together."""

    @property
    def columns(self) -> list[str]:
        """The columns that :meth:`predict` returns, in order."""

    @property
    def digest(self) -> str:
        """Identifies the model, so that no other one resumes its output."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that :meth:`predict` cannot do without."""

    def problems(self, rows: pd.DataFrame) -> list[str]:
        """Say of each row why it cannot be labelled; an empty text where it can."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the labels made so far should know, a clause each."""

    @property
    def absent_targets(self) -> AbsentTargets:
        """Counts the rows, labelled so far, whose text does not name their target."""

    def forget(self) -> None:
        """Cache nothing of the rows so far: those that follow are computed as if they were the first."""

    def predict(self, rows: pd.DataFrame, *, first: int = 1) -> pd.DataFrame:
        """Label rows; ``first`` is the number of the first one in messages."""
