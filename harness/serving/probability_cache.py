"""Distinct examples in, their probabilities out; what was asked lately is not computed again.

Headlines and agency copy repeat, often far apart in a file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.classifiers.protocol import Example, Examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Compute = Callable[[Examples], NDArray[Any]]

LONGEST = 2_000
"""Characters of a text that is remembered; longer ones seldom repeat, and many of them fill the memory."""


class ProbabilityCache:
    """The probabilities of the latest examples, whoever asks; safe among threads.

    Parameters
    ----------
    size : int
        How many are remembered at the most.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._rows: OrderedDict[Example, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def lookup(self, ask: Compute, examples: Sequence[Example]) -> NDArray[np.float64]:
        """Return ``(n, k)`` probabilities of distinct examples, in order; ``ask`` computes what is new."""
        with self._lock:
            known = {one: self._rows[one] for one in examples if one in self._rows}
            for one in known:
                self._rows.move_to_end(one)
        new = [one for one in examples if one not in known]
        if not new and known:
            return np.stack([known[one] for one in examples])
        computed = np.asarray(ask(new), dtype=np.float64)
        if len(computed) != len(new) or any(row.shape != computed.shape[1:] for row in known.values()):
            # Whoever asked refuses it.
            return computed
        rows = dict(zip(new, computed, strict=True))
        self._keep(rows)
        return (
            np.stack([known[one] if one in known else rows[one] for one in examples]) if known else computed
        )

    def _keep(self, computed: dict[Example, NDArray[np.float64]]) -> None:
        with self._lock:
            # Copies: a view would keep the whole table that it is a row of.
            self._rows |= {one: row.copy() for one, row in computed.items() if len(one.text) <= LONGEST}
            while len(self._rows) > self.size:
                self._rows.popitem(last=False)
