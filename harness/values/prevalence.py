"""The label mix that a config names in; shares in the order of labels out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.values.errors import Problem, abbreviate, suggest

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 0.005
"""How far the shares may miss 1: three thirds that are written with two digits."""


@dataclass(frozen=True)
class Prevalence:
    """How often each label occurs where a model will be used.

    Attributes
    ----------
    stated : tuple of (str, float)
        Label and share, in the order of names; the shares sum to 1.
    adjusts : bool
        Whether the model's probabilities are adjusted to it.
    """

    stated: tuple[tuple[str, float], ...]
    adjusts: bool = False

    @classmethod
    def of(cls, shares: Mapping[str, float], *, adjusts: bool = False) -> Prevalence:
        """Take the shares of a config, which sum to about 1."""
        total = sum(shares.values())
        return cls(tuple(sorted((name, share / total) for name, share in shares.items())), adjusts)

    def vector(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the shares in the order of labels, ``(k,)``.

        Examples
        --------
        >>> Prevalence.of({"critical": 0.7, "supportive": 0.3}).vector(["supportive", "critical"]).tolist()
        [0.3, 0.7]
        """
        shares = dict(self.stated)
        return np.array([shares[name] for name in names])


def prevalence_problems(shares: Mapping[str, Any], names: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the label mix of a config."""
    for name, share in shares.items():
        if name not in names:
            yield Problem(f"prevalence.{name}", f"there is no label {name!r}", suggest(name, names))
        elif not (math.isfinite(share) and 0 <= share <= 1):
            yield Problem(f"prevalence.{name}", f"should be a share in [0, 1], got {abbreviate(share)}")
    for name in names:
        if name not in shares:
            yield Problem("prevalence", f"does not say how often {name!r} occurs")
    total = sum(shares.values())
    if math.isfinite(total) and abs(total - 1) > TOLERANCE:
        yield Problem("prevalence", f"the shares should sum to 1, got {total:g}")
