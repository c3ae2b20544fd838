"""How often a label was right where it was given in; whether it may be shown, and that in words, out.

A threshold that is best for F1 gives a label that is often wrong: of two frames that it gives, one may be
right. Whoever reads single sentences needs labels that can be relied on, so each label of a multi-label model
has a second, higher threshold, from which on it is *shown*, and the evidence for it: how often it was given
and right on rows that neither the classifier nor the threshold had seen. It is shown if it was right in at
least :data:`MIN_PRECISION` of them and more often right than wrong with :data:`CERTAINTY`; otherwise, and
below that threshold, the label is *unsure*.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

MIN_PRECISION = 0.6
"""Share of the rows with a shown label that should have it."""

# Three of three rows, or six of ten, are no evidence: of labels that are right every other time, one in
# eight, or three in eight, are as good by chance. With this bound, four of four rows are the fewest.
CERTAINTY = 0.9
"""With which a shown label should be more often right than wrong, by the exact binomial test."""

MORE_RIGHT_THAN_WRONG = 0.5


@dataclass(frozen=True)
class LabelSupport:
    """The evidence for one label of a multi-label model.

    Attributes
    ----------
    name : str
    shown_from : float
        The calibrated probability from which on the label is shown, in ``[0, 1]``; at least its threshold.
    given, right : int
        Held-out rows with at least this probability, and those of them that have the label.
    """

    name: str
    shown_from: float
    given: int
    right: int

    def __post_init__(self) -> None:
        if not 0 <= self.shown_from <= 1 or not 0 <= self.right <= self.given:
            raise ValueError(f"support {self!r}")

    @property
    def precision(self) -> float:
        """The share that is right, in ``[0, 1]``; NaN where the label was never given."""
        return self.right / self.given if self.given else math.nan

    @property
    def chance(self) -> float:
        """The probability of as many right rows, or more, if the label were right in half of them.

        The p-value of a one-sided exact binomial test, in ``(0, 1]``.

        Examples
        --------
        Four of four: a half to the fourth.

        >>> LabelSupport("conflict", 0.5, 4, 4).chance
        0.0625
        """
        ways = sum(math.comb(self.given, count) for count in range(self.right, self.given + 1))
        # Of integers, whose quotient is exact however many rows there are.
        return ways / (1 << self.given)

    @property
    def holds(self) -> bool:
        """Whether the label may be shown."""
        # A label that was never given has a precision of NaN, which is below nothing and above nothing.
        return self.precision >= MIN_PRECISION and self.chance <= 1 - CERTAINTY + 1e-12

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; :meth:`read` returns an equal one."""
        return asdict(self)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> LabelSupport:
        """Return the support that :meth:`plain` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where the data describe none.
        """
        return cls(str(data["name"]), float(data["shown_from"]), int(data["given"]), int(data["right"]))


def support_line(support: Iterable[LabelSupport]) -> str:
    """Say which labels are shown, which are unsure, and on how many rows that rests.

    Examples
    --------
    >>> support_line([LabelSupport("conflict", 0.6, 20, 16), LabelSupport("morality", 0.5, 0, 0)])
    'shows conflict (16 of 20 held-out rows right); unsure of morality (given in none)'
    """
    labels = list(support)
    shown = [_counts(label) for label in labels if label.holds]
    unsure = [_counts(label) for label in labels if not label.holds]
    sentence = f"shows {', '.join(shown) or 'no label'}"
    sentence += f"; unsure of {', '.join(unsure)}" if unsure else ""
    # Said once, of the first number.
    return sentence.replace(" right)", " held-out rows right)", 1)


def _counts(label: LabelSupport) -> str:
    name = label.name.replace("_", " ")
    return f"{name} ({label.right:,} of {label.given:,} right)" if label.given else f"{name} (given in none)"
