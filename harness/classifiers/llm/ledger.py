"""The worst case of a request in, permission to send it out: a budget that all trials and processes share.

What was spent on a model at an address is counted in the same file as its answers. Before a request is sent,
the most that it can cost is reserved; once it is answered, what it did cost replaces that. A request whose
process was killed stays reserved: it may have been charged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from harness.classifiers.llm.answer_store import Database
from harness.classifiers.llm.transports import token_counts
from harness.values.errors import ClassifierError

MILLION = 1_000_000
_TOTAL = (
    "SELECT (SELECT coalesce(sum(amount), 0) FROM spent WHERE scope = ?)"
    " + (SELECT coalesce(sum(amount), 0) FROM reserved WHERE scope = ?)"
)


class BudgetError(ClassifierError):
    """A request that might pass the budget; what was answered before is kept."""


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in any currency.

    Attributes
    ----------
    input, output : float
        At least 0.
    """

    input: float
    output: float = 0.0

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Return the cost of one request.

        Examples
        --------
        >>> Prices(2.0, 8.0).cost(500_000, 250_000)
        3.0
        """
        return (self.input * input_tokens + self.output * output_tokens) / MILLION


@dataclass
class Reservation:
    """What one request may cost, until it is known what it did.

    Attributes
    ----------
    amount : float
    cost : float or None
        None while that is not known; 0 for one that was not charged.
    """

    amount: float
    cost: float | None = None


@dataclass(frozen=True)
class Ledger:
    """The account of one model at one address.

    Attributes
    ----------
    database : Database
    scope : str
        The address and the model.
    budget : float or None
        Nothing is sent that might pass it; None for no limit.
    """

    database: Database
    scope: str
    budget: float | None = None

    @contextmanager
    def reserving(self, amount: float) -> Iterator[Reservation]:
        """Reserve the worst case of a request inside a ``with`` block, which sets what it did cost.

        Raises
        ------
        BudgetError
            Where the budget might be passed.
        """
        reservation = Reservation(amount)
        with self.database.writing() as connection:
            total = float(connection.execute(_TOTAL, (self.scope, self.scope)).fetchone()[0])
            if self.budget is not None and total + amount > self.budget:
                raise BudgetError(
                    f"the budget of {self.budget:g} would be passed: {total:.4g} are spent or reserved at"
                    f" {self.scope}, and the next request may cost {amount:.3g}; what was answered is kept,"
                    " and with a higher budget this goes on from there"
                )
            cursor = connection.execute(
                "INSERT INTO reserved (scope, amount) VALUES (?, ?)", (self.scope, amount)
            )
        try:
            yield reservation
        finally:
            # Without a known cost the worst is assumed: an answer that did not arrive may be charged, too.
            cost = amount if reservation.cost is None else reservation.cost
            with self.database.writing() as connection:
                connection.execute("DELETE FROM reserved WHERE id = ?", (cursor.lastrowid,))
                connection.execute(
                    "INSERT INTO spent VALUES (?, ?)"
                    " ON CONFLICT (scope) DO UPDATE SET amount = amount + excluded.amount",
                    (self.scope, cost),
                )

    def total(self) -> float:
        """Return what is spent or reserved."""
        return float(self.database.rows(_TOTAL, self.scope, self.scope)[0][0])


@dataclass(frozen=True)
class Charge:
    """What the attempts at one request may cost, and what an answered one did.

    Attributes
    ----------
    ledger : Ledger
    prices : Prices
    input_tokens, output_tokens : int
        At most.
    """

    ledger: Ledger
    prices: Prices
    input_tokens: int
    output_tokens: int

    def reserving(self) -> AbstractContextManager[Reservation]:
        """Reserve the worst case of one attempt; see :meth:`Ledger.reserving`."""
        return self.ledger.reserving(self.prices.cost(self.input_tokens, self.output_tokens))

    def cost(self, usage: Any) -> float | None:
        """Return the cost of an answered attempt by the tokens that the server counts; None without those."""
        counts = token_counts(usage)
        if min(counts.values()) < 0:
            return None
        return self.prices.cost(counts["input_tokens"], counts["output_tokens"])
