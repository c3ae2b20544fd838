"""What learning from gold reports while it runs; the screen, a notebook or a test listens."""

from __future__ import annotations

from harness.runs.learning.account import Account
from harness.runs.learning.mended_test import MendedTest
from harness.runs.learning.pair import LearnCost
from harness.runs.learning.version_file import VersionFile
from harness.runs.observer import RunObserver


class LearnObserver(RunObserver):
    """Listens and does nothing; override what is of interest."""

    def accounted(self, account: Account, version: MendedTest | None, refusal: str) -> None:
        """Hear what becomes of each row of gold, and of test rows among them."""

    def version_written(self, file: VersionFile) -> None:
        """Hear where the new version of the test set was written."""

    def costs(self, cost: LearnCost) -> None:
        """Hear what is going to be trained, before anything is."""

    def curve_began(self, seconds: float) -> None:
        """Hear how long the first training of the learning curve took."""
