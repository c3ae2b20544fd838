"""Label codes in, confusion tables out; and ratios of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 for a denominator of 0: the convention of all metrics on counts."""
    zero = denominator == 0
    # Dividing by 1 there and setting 0 afterwards is several times faster than ``np.divide`` with a mask.
    quotient = np.asarray(numerator / np.where(zero, 1.0, denominator), dtype=np.float64)
    return np.where(zero, 0.0, quotient) if np.any(zero) else quotient


def cell_codes(truth: NDArray[np.int64], predicted: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return the cells of the flattened table that each item counts in.

    Parameters
    ----------
    truth, predicted : (n,) or (n, k) array
        Codes of a single-label task, or 0 and 1 for each label.
    k : int
        Number of declared labels.

    Returns
    -------
    ndarray of int64
        ``(n, 1)``, below ``k * k``, for a single-label task; ``(n, k)``, below ``4 * k``, if multi-label.
    """
    if truth.ndim == 1:
        return np.asarray(truth * k + predicted, dtype=np.int64)[:, None]
    return np.asarray(np.arange(k) * 4 + truth * 2 + predicted, dtype=np.int64)


def confusion(truth: NDArray[np.int64], predicted: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Count pairs of truth and prediction.

    Returns
    -------
    ndarray of int64
        ``(k, k)`` as ``[truth, predicted]``; for a multi-label task ``(k, 2, 2)``, one table per label.
    """
    shape = (k, k) if truth.ndim == 1 else (k, 2, 2)
    cells = cell_codes(truth, predicted, k)
    return np.bincount(cells.ravel(), minlength=int(np.prod(shape))).reshape(shape)


def one_vs_rest(table: Array) -> Array:
    """Turn one confusion table, ``(..., k, k)``, into one per label, ``(..., k, 2, 2)``."""
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    missed = table.sum(axis=-1) - hits
    wrong = table.sum(axis=-2) - hits
    rest = table.sum(axis=(-2, -1))[..., None] - hits - missed - wrong
    cells = np.stack([rest, wrong, missed, hits], axis=-1)
    return cells.reshape((*cells.shape[:-1], 2, 2))
