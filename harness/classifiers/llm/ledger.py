"""The worst case of a request in, permission to send it out: a budget that all trials and processes share.

What was spent on a model at an address is counted in the same file as its answers. Before a request is sent,
the most that it can cost is reserved; once it is answered, what it did cost replaces that. One that does not
fit beside those on their way waits until they are settled. A request whose process was killed stays reserved:
it may have been charged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.classifiers.llm.answer_store import Database
from harness.classifiers.llm.transports import token_counts
from harness.classifiers.remote import BudgetError

if TYPE_CHECKING:
    import sqlite3

MILLION = 1_000_000
_TOTAL = (
    "SELECT (SELECT coalesce(sum(amount), 0) FROM spent WHERE scope = ?)"
    " + (SELECT coalesce(sum(amount), 0) FROM reserved WHERE scope = ?)"
)
_SPENT = "SELECT coalesce(sum(amount), 0) FROM spent WHERE scope = ?"
_RESERVED = "SELECT amount, process, until FROM reserved WHERE scope = ?"
POLL = 0.05
"""Seconds between two looks at whether a request fits now: other processes settle theirs without a word."""

LONGEST = 600.0
"""Seconds that a request is taken to be on its way at most, where nothing else is said."""

Wait = Callable[[float], object]


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
    before : float
        What was spent before the budget began, and is part of it: messages leave it out.
    """

    database: Database
    scope: str
    budget: float | None = None
    before: float = 0.0

    @contextmanager
    def reserving(
        self,
        amount: float,
        wait: Wait = time.sleep,
        longest: float = LONGEST,
        remedy: str = "a higher budget",
    ) -> Iterator[Reservation]:
        """Reserve the worst case of a request inside a ``with`` block, which sets what it did cost.

        Where it does not fit beside requests that are on their way, they are waited for: most cost less.

        Parameters
        ----------
        amount : float
        wait : callable
            Seconds → nothing; raises where there is nothing to wait for any more.
        longest : float
            Seconds after which the request is no longer on its way.
        remedy : str
            What makes it fit, for the message.

        Raises
        ------
        BudgetError
            Where the budget might be passed with nothing else on its way.
        """
        reservation = Reservation(amount)
        key = self._reserved(amount, longest, remedy)
        if key is None:
            # One thread of a process looks, so that a hundred that wait do not keep the file busy.
            with self.database.queue:
                while (key := self._reserved(amount, longest, remedy)) is None:
                    wait(POLL)
        try:
            yield reservation
        finally:
            # Without a known cost the worst is assumed: an answer that did not arrive may be charged, too.
            cost = amount if reservation.cost is None else reservation.cost
            with self.database.writing() as connection:
                connection.execute("DELETE FROM reserved WHERE id = ?", (key,))
                connection.execute(
                    "INSERT INTO spent VALUES (?, ?)"
                    " ON CONFLICT (scope) DO UPDATE SET amount = amount + excluded.amount",
                    (self.scope, cost),
                )

    def _reserved(self, amount: float, longest: float, remedy: str) -> int | None:
        """Return the number of a new reservation; None where others have to be settled first."""
        now = time.time()
        with self.database.writing() as connection:
            spent, lost, on_their_way = self._parts(connection, now)
            if self.budget is None or spent + lost + on_their_way + amount <= self.budget:
                cursor = connection.execute(
                    "INSERT INTO reserved (scope, amount, process, until) VALUES (?, ?, ?, ?)",
                    (self.scope, amount, os.getpid(), now + longest),
                )
                return cursor.lastrowid
        if on_their_way:
            return None
        left = max(0.0, self.budget - spent - lost)
        unsettled = f" and {lost:.3g} more may have been, by requests that were killed" if lost else ""
        raise BudgetError(
            f"the next request may cost {amount:.3g} at worst, and of the budget of"
            f" {self.budget - self.before:g} {left:.3g} is left: {spent - self.before:.3g} was spent at"
            f" {self.scope}{unsettled}; what was answered is kept, and with {remedy} this goes on from there"
        )

    def _parts(self, connection: sqlite3.Connection, now: float) -> tuple[float, float, float]:
        """Return what is spent, what killed processes reserved, and what those on their way reserve."""
        spent = float(connection.execute(_SPENT, (self.scope,)).fetchone()[0])
        lost, on_their_way = 0.0, 0.0
        for amount, process, until in connection.execute(_RESERVED, (self.scope,)):
            if until is not None and now < until and _is_running(process):
                on_their_way += amount
            else:
                lost += amount
        return spent, lost, on_their_way

    def settled(self) -> float:
        """Return what is spent, or was reserved by requests whose process was killed."""
        with self.database.writing() as connection:
            spent, lost, _ = self._parts(connection, time.time())
        return spent + lost

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

    def reserving(
        self, wait: Wait = time.sleep, longest: float = LONGEST
    ) -> AbstractContextManager[Reservation]:
        """Reserve the worst case of one attempt; see :meth:`Ledger.reserving`."""
        # An answer of one token cannot be made shorter.
        shorter = f"a lower max_tokens ({self.output_tokens:,} now) or " if self.output_tokens > 1 else ""
        amount = self.prices.cost(self.input_tokens, self.output_tokens)
        return self.ledger.reserving(amount, wait, longest, f"{shorter}a higher budget")

    def cost(self, usage: Any) -> float | None:
        """Return the cost of an answered attempt by the tokens that the server counts; None without those."""
        counts = token_counts(usage)
        if min(counts.values()) < 0:
            return None
        return self.prices.cost(counts["input_tokens"], counts["output_tokens"])


def _is_running(process: int | None) -> bool:
    """Say whether a process of this machine is there; a number that was given anew counts, too."""
    if process is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
