"""When a model abstains, and which guarantee that gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.values.minimums import MIN_GUARANTEE_GROUPS

SERVES_NOTHING = 2.0
"""A threshold above every confidence, which is at most 1: the model abstains on every row."""

ON_UNMET = ("refuse", "serve", "abstain")
"""What a model does where no threshold meets the risk."""


@dataclass(frozen=True)
class AbstentionRule:
    """When to abstain, and the evidence for it.

    Attributes
    ----------
    below : float
        A row abstains where the confidence of its label is below this, in ``[0, 1]``;
        :data:`SERVES_NOTHING` abstains on every row.
    risk : float
        Share of the labels that are given which may be wrong, in ``(0, 1)``.
    method : {"conformal", "learn_then_test", "empirical"}
        Conformal risk control (Angelopoulos et al. 2024), learn then test (Angelopoulos et al. 2025), or the
        share of calibration rows alone.
    certainty : float
        With which ``learn_then_test`` keeps the risk, in ``(0, 1)``.
    n, groups, largest : int
        Calibration rows, their groups, and the rows of the largest group.
    refitted : bool
        Whether the served classifier is another one than the threshold was set for: the refit of a k-fold
        run.
    on_unmet : {"refuse", "serve", "abstain"}
        Where no threshold meets the risk: ``abstain`` abstains on every row; ``serve`` labels every row all
        the same; ``refuse`` abstains, and the model is not promoted.
    """

    below: float
    risk: float
    method: str
    certainty: float
    n: int
    groups: int
    largest: int
    refitted: bool = False
    on_unmet: str = "abstain"

    @property
    def risk_met(self) -> bool:
        """Whether a threshold meets the risk, by the method."""
        return self.below < SERVES_NOTHING

    @property
    def served_from(self) -> float:
        """The confidence from which on a row is labelled: ``below``, or 0 where all are served anyway."""
        return 0.0 if not self.risk_met and self.on_unmet == "serve" else self.below

    @property
    def guarantees(self) -> bool:
        """Whether the risk is guaranteed to be met."""
        tested = self.method == "learn_then_test" and self.risk_met
        return tested and self.groups >= MIN_GUARANTEE_GROUPS and not self.refitted

    @property
    def statement(self) -> str:
        """What may be relied on, in one or two sentences."""
        # Here, and not above: what labels alone loads little.
        from harness.values.formatting import counted

        evidence = counted(self.n, "row")
        # Without groups every row is its own.
        if self.groups != self.n:
            evidence += f" of {counted(self.groups, 'group')} (articles)"
        if not self.risk_met:
            what = f"no threshold meets a risk of {self.risk:.0%} on {evidence}"
            if self.on_unmet == "serve":
                return f"It labels every row although {what}; risk_met is false in its output."
            refused = ", and is not promoted" if self.on_unmet == "refuse" else ""
            return f"It abstains on every row{refused}: {what}."
        if self.guarantees:
            return (
                f"Guarantee: with {self.certainty:.0%} certainty at most {self.risk:.0%} of the labels it"
                f" gives are wrong, tested on {evidence} that nothing else was fitted on. It holds for"
                f" more {'groups' if self.largest > 1 else 'rows'} of the same source only"
                f"{', each counting alike' if self.largest > 1 else ''}."
            )
        # Conformal risk control bounds the risk in expectation, not at the threshold that was drawn, and
        # takes for given that the risk falls as the threshold rises.
        reason = (
            "conformal risk control meets the risk on average only, and only if confident labels are more"
            " often right"
        )
        if self.method == "empirical":
            reason = "the share on these rows is an estimate, and the threshold was chosen to meet it"
        if self.refitted:
            reason = "the threshold was set for the folds' classifiers, not for the one that is served"
        elif self.groups < MIN_GUARANTEE_GROUPS:
            reason = f"there are fewer than {MIN_GUARANTEE_GROUPS} groups"
        aim = f"The threshold aims at a risk of {self.risk:.0%}, measured on {evidence}."
        return f"{aim} No guarantee: {reason}."

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; :meth:`read` returns an equal one."""
        return asdict(self)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> AbstentionRule:
        """Return the rule that :meth:`plain` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where the data describe no rule.
        """
        below, risk, certainty = (float(data[name]) for name in ("below", "risk", "certainty"))
        if not (0 <= below <= SERVES_NOTHING and 0 < risk < 1 and 0 < certainty < 1):
            raise ValueError(f"abstention {dict(data)!r}")
        n, groups, largest = (int(data[name]) for name in ("n", "groups", "largest"))
        # Models of earlier versions abstained where the risk was not met.
        on_unmet = str(data.get("on_unmet", "abstain"))
        if on_unmet not in ON_UNMET:
            raise ValueError(f"abstention {dict(data)!r}")
        refitted = bool(data["refitted"])
        return cls(below, risk, str(data["method"]), certainty, n, groups, largest, refitted, on_unmet)
