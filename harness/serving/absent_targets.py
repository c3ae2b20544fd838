"""Examples as a model labels them in; how many targets do not occur in their text out.

Training notes the same of its corpus (:mod:`harness.corpora.spans`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.classifiers.protocol import Example


@dataclass
class AbsentTargets:
    """Counts the rows whose target occurs in their text under no name.

    Attributes
    ----------
    rows : int
        Rows with a target.
    absent : int
        Those of them whose text does not name it.
    first : str
        The first target that is absent.
    """

    rows: int = 0
    absent: int = 0
    first: str = ""

    def reset(self) -> None:
        """Begin again, for another file."""
        self.rows, self.absent, self.first = 0, 0, ""

    def add(self, items: Sequence[Example]) -> None:
        """Count examples; those without a target count nowhere."""
        for item in items:
            if item.target is None:
                continue
            self.rows += 1
            if not item.spans:
                self.absent += 1
                self.first = self.first or item.target

    @property
    def note(self) -> str:
        """What a reader of the labels should know; empty where every target occurs."""
        if not self.absent:
            return ""
        return (
            f"{self.absent:,} of {self.rows:,} targets do not occur in their text by name, the first"
            f" {self.first!r}: the model reads them beside the text, and its labels there say little"
        )
