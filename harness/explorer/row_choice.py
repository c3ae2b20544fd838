"""Rows and which of them matter first in, positions of as many as there is room for out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.explorer.answers import AnsweredRows

EXPLAINED_SEED = 20_260_102


def rows_to_explain(rows: AnsweredRows, size: int) -> NDArray[np.intp]:
    """Choose rows of the test part: those that some classifier labels wrongly, then a random sample.

    Parameters
    ----------
    rows : AnsweredRows
    size : int
        Rows, at most. Of more wrong ones, a random sample.

    Returns
    -------
    (n,) array
        Positions, rising.
    """
    tested = rows.splits == "test"
    may = tested if tested.any() else np.ones(len(rows), dtype=bool)
    return first_and_sample(may & rows.wrong, may & ~rows.wrong, size, EXPLAINED_SEED)


def first_and_sample(
    first: NDArray[np.bool_], others: NDArray[np.bool_], size: int, seed: int
) -> NDArray[np.intp]:
    """Return positions: all of the first kind, or a random sample of them, then a random sample of others.

    Parameters
    ----------
    first, others : (n,) arrays
        Disjoint.
    size : int
        How many, at most.
    seed : int
    """
    generator = np.random.default_rng(seed)
    must, may = np.flatnonzero(first), np.flatnonzero(others)
    if len(must) >= size:
        return np.sort(generator.choice(must, size, replace=False))
    sampled = generator.choice(may, min(size - len(must), len(may)), replace=False)
    return np.sort(np.concatenate([must, sampled]))
