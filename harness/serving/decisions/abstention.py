"""A confidence in, whether to abstain out; and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.values.minimums import MIN_GUARANTEE_GROUPS

SERVES_NOTHING = 2.0
"""A threshold above every confidence."""


@dataclass(frozen=True)
class Rule:
    """When to abstain, and what that rests on.

    Attributes
    ----------
    below : float
        A row whose decision is less sure than this abstains; :data:`SERVES_NOTHING` serves none.
    risk : float
        Share of served rows that may be wrong.
    method : {"conformal", "learn_then_test"}
    certainty : float
        Of ``learn_then_test``.
    n, groups, largest : int
        Rows of calibration that it was set on, their groups, and the rows of the largest group.
    refitted : bool
        Whether the served classifier was fitted on other rows than the one that it was set for.
    """

    below: float
    risk: float
    method: str
    certainty: float
    n: int
    groups: int
    largest: int
    refitted: bool = False

    @property
    def guarantees(self) -> bool:
        """Whether it may be said that the risk is met."""
        return self.method == "learn_then_test" and self.groups >= MIN_GUARANTEE_GROUPS and not self.refitted

    @property
    def statement(self) -> str:
        """Say what may be relied on, in one or two sentences."""
        on = f"{self.n:,} rows of {self.groups:,} groups (articles)"
        if self.below >= SERVES_NOTHING:
            return f"It abstains on every row: no threshold meets a risk of {self.risk:.0%} on {on}."
        if self.guarantees:
            return (
                f"Guarantee: with {self.certainty:.0%} certainty at most {self.risk:.0%} of the labels it"
                f" gives are wrong, tested on {on} that nothing else was fitted on. It holds for exchangeable"
                f" groups of at most {self.largest} rows, that is, for more of the same source only."
            )
        why = "conformal risk control meets the risk on average only, and if surer rows are more often right"
        if self.refitted:
            why = "the threshold was set for the folds' classifiers, not for the one that is served"
        elif self.groups < MIN_GUARANTEE_GROUPS:
            why = f"fewer than {MIN_GUARANTEE_GROUPS} groups"
        return f"The threshold aims at a risk of {self.risk:.0%}, judged by {on}. No guarantee: {why}."

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; :meth:`read` returns an equal one."""
        return asdict(self)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Rule:
        """Return the rule that :meth:`plain` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where the data are none.
        """
        below, risk, certainty = (float(data[name]) for name in ("below", "risk", "certainty"))
        if not (0 <= below <= SERVES_NOTHING and 0 < risk < 1 and 0 < certainty < 1):
            raise ValueError(f"abstention {dict(data)!r}")
        n, groups, largest = (int(data[name]) for name in ("n", "groups", "largest"))
        return cls(below, risk, str(data["method"]), certainty, n, groups, largest, bool(data["refitted"]))
