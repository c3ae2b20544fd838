"""What a classifier can do whose labels come from elsewhere: say from where, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from harness.classifiers.protocol import Estimate, Examples


@runtime_checkable
class Attributed(Protocol):
    """A classifier whose labels come from elsewhere, such as a model on a server."""

    def provenance(self) -> Mapping[str, str]:
        """Return who gave the labels, and when, by name: ``model`` as it names itself, ``answered``, …."""


@runtime_checkable
class AsksServer(Protocol):
    """A classifier, fitted or loaded, whose labels a server gives: it sends texts away and may cost money."""

    def server(self) -> str:
        """Say which model is asked where, in a clause; raise where texts or key may not go there."""

    def server_answers(self) -> bool:
        """Say whether anything listens at the address; True where that cannot be told."""

    def expected(self, examples: Examples) -> Estimate:
        """Estimate what it takes to predict the labels of examples."""

    def allow(self, budget: float) -> None:
        """Let it spend so much from now on, and no more; raise where it has no prices."""
