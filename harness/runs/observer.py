"""What an experiment reports while it runs; the screen, a notebook or a test listens."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from harness.evaluation.prepared import Prepared
from harness.runs.classifiers import ClassifierOutcome


class RunObserver:
    """Listens to a running experiment and does nothing; override what is of interest."""

    def stage(self, description: str) -> AbstractContextManager[object]:  # noqa: ARG002 (for subclasses)
        """Enter a stage that takes a while, such as ``"reading partyline"``; leave it with the block."""
        return nullcontext()

    def prepared(self, prepared: Prepared) -> None:
        """Hear that the corpus is read and the splits are drawn."""

    def note(self, text: str) -> None:
        """Hear something that a reader of the scores should know."""

    def classifier_ended(self, outcome: ClassifierOutcome) -> None:
        """Hear that a classifier has finished, or failed."""
