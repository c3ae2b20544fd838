"""Label codes in, confusion tables out; and ratios of counts.

Where a prediction is missing, tables have one more column at the end, *no answer*: the item counts in the row
of its true label, and in the column of no label. So recall and accuracy fall, and precision stays as it is.
"""

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


def table_shape(k: int, *, multi: bool, missing: bool) -> tuple[int, ...]:
    """Return the shape of a table of ``k`` labels; ``missing`` adds the column for no answer."""
    return (k, 2, 2 + missing) if multi else (k, k + missing)


def cell_codes(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], k: int, *, missing: bool = False
) -> NDArray[np.int64]:
    """Return the cells of the flattened table that each item counts in.

    Parameters
    ----------
    truth, predicted : (n,) or (n, k) array
        Codes of a single-label task, or 0 and 1 for each label; missing predictions are below 0.
    k : int
        Number of declared labels.
    missing : bool
        Whether the table has a column for missing predictions.

    Returns
    -------
    ndarray of int64
        ``(n, 1)`` for a single-label task; ``(n, k)`` if multi-label. See :func:`table_shape`.
    """
    *_, width = table_shape(k, multi=truth.ndim > 1, missing=missing)
    column = np.where(predicted < 0, width - 1, predicted) if missing else predicted
    if truth.ndim == 1:
        return np.asarray(truth * width + column, dtype=np.int64)[:, None]
    return np.asarray(np.arange(k) * 2 * width + truth * width + column, dtype=np.int64)


def confusion(truth: NDArray[np.int64], predicted: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Count pairs of truth and prediction.

    Returns
    -------
    ndarray of int64
        ``(k, k)`` as ``[truth, predicted]``; for a multi-label task ``(k, 2, 2)``, one table per label. One
        column more where predictions are missing.
    """
    missing = bool((predicted < 0).any())
    shape = table_shape(k, multi=truth.ndim > 1, missing=missing)
    cells = cell_codes(truth, predicted, k, missing=missing)
    return np.bincount(cells.ravel(), minlength=int(np.prod(shape))).reshape(shape)


def one_vs_rest(table: Array) -> Array:
    """Turn one confusion table, ``(..., k, k)``, into one per label, ``(..., k, 2, 2)``.

    With a column for no answer, ``(..., k, k + 1)`` becomes ``(..., k, 2, 3)``.
    """
    k = table.shape[-2]
    if table.shape[-1] > k:
        # An item without an answer is no hit of another label either: it keeps a column of its own.
        unanswered = table[..., k]
        others = unanswered.sum(axis=-1)[..., None] - unanswered
        column = np.stack([others, unanswered], axis=-1)[..., None]
        return np.concatenate([one_vs_rest(table[..., :k]), column], axis=-1)
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    missed = table.sum(axis=-1) - hits
    wrong = table.sum(axis=-2) - hits
    rest = table.sum(axis=(-2, -1))[..., None] - hits - missed - wrong
    cells = np.stack([rest, wrong, missed, hits], axis=-1)
    return cells.reshape((*cells.shape[:-1], 2, 2))


def missed(tables: Array) -> Array:
    """Count the true ones of each label that were not predicted, from ``(..., k, 2, 2)`` to ``(..., k)``."""
    unanswered = tables[..., 1, 2] if tables.shape[-1] > 2 else 0
    return np.asarray(tables[..., 1, 0] + unanswered)


def unanswered_cells(tables: Array) -> Array | int:
    """Count the items without an answer in tables ``(..., k, 2, 3)``; 0 for tables without that column."""
    return tables[..., 2].sum(axis=-1) if tables.shape[-1] > 2 else 0
