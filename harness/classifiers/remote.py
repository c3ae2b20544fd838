"""What a classifier can do whose labels come from elsewhere: say from where, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.classifiers.protocol import Examples, Labelled
from harness.values.errors import ClassifierError


class BudgetError(ClassifierError):
    """A request that might pass the budget; what was answered before is kept."""


@dataclass(frozen=True)
class Estimate:
    """What a classifier is going to ask of a server.

    Attributes
    ----------
    requests, input_tokens, output_tokens : int
        Tokens are estimated from the length of texts.
    cost : float
        In the currency of its prices; 0 where it has none.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Estimate) -> Estimate:
        """Add up the requests of two pieces of work."""
        return Estimate(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
        )

    def describe(self) -> str:
        """Say it in a few words.

        Examples
        --------
        >>> Estimate(1200, 260_400, 1200, 0.11).describe()
        '1,200 requests, about 260,000 tokens in and 1,200 out, about 0.11 in the currency of its prices'
        """
        # Here, and not above: what labels alone loads little.
        from harness.values.formatting import about, counted

        cost = f", about {self.cost:.3g} in the currency of its prices" if self.cost else ""
        tokens = f"about {about(self.input_tokens)} tokens in and {about(self.output_tokens)} out"
        return f"{counted(self.requests, 'request')}, {tokens}{cost}"


@runtime_checkable
class Estimating(Protocol):
    """A classifier that can say beforehand what its predictions take; nothing is fitted or sent for that."""

    def estimate(self, train: Labelled, examples: Examples) -> Estimate:
        """Estimate what it takes to predict the labels of examples."""


@runtime_checkable
class Probing(Protocol):
    """A classifier that first finds out how a server can be asked, itself or through its teacher."""

    def probes(self) -> Mapping[str, Estimate]:
        """Return server and model → what that takes at most; it is found out once for each."""


@runtime_checkable
class HasObstacles(Protocol):
    """A classifier that asks a server, itself or through its teacher, and can say why it could not now."""

    def obstacles(self) -> Sequence[str]:
        """Say what is missing on this machine, a clause each: a key that is not set, say; sends nothing."""


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
