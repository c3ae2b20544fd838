"""Distinct examples in, their probabilities out; what was computed lately is not computed again.

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

MAX_TEXT_LENGTH = 2_000
"""Characters of a text that is cached; longer ones seldom repeat, and many of them would fill the memory."""


class ProbabilityCache:
    """The probabilities of the examples that were used last (LRU); safe to share among threads.

    Parameters
    ----------
    size : int
        Examples that are held at most; the least recently used is dropped first.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._rows: OrderedDict[Example, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def lookup(self, compute: Compute, examples: Sequence[Example]) -> NDArray[np.float64]:
        """Return the probabilities of examples, computing those that are not cached.

        Parameters
        ----------
        compute : callable
            Examples → ``(n, k)`` probabilities.
        examples : sequence of Example
            Distinct.

        Returns
        -------
        (n, k) array
            In the order of ``examples``. Where ``compute`` answers with another number of rows or columns
            than it should, its answer as it is: the caller checks the shape and knows which model to blame.
        """
        # The lock is not held while computing: another thread may compute the same example meanwhile, which
        # costs time but gives the same row.
        with self._lock:
            cached = {example: self._rows[example] for example in examples if example in self._rows}
            for example in cached:
                self._rows.move_to_end(example)
        new = [example for example in examples if example not in cached]
        if not new and cached:
            return np.stack([cached[example] for example in examples])
        # With no examples at all the classifier is still called: only it knows the number of columns.
        computed = np.asarray(compute(new), dtype=np.float64)
        if len(computed) != len(new) or any(row.shape != computed.shape[1:] for row in cached.values()):
            return computed
        rows = dict(zip(new, computed, strict=True))
        self._store(rows)
        if not cached:
            return computed
        rows |= cached
        return np.stack([rows[example] for example in examples])

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._rows.clear()

    def _store(self, computed: dict[Example, NDArray[np.float64]]) -> None:
        with self._lock:
            # Copies: a view would hold on to the whole table that it is a row of.
            self._rows |= {
                example: row.copy()
                for example, row in computed.items()
                if len(example.text) <= MAX_TEXT_LENGTH
            }
            while len(self._rows) > self.size:
                self._rows.popitem(last=False)
