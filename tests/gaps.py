"""Predictions with gaps: some of a table's rows without an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.values.label_columns import prediction_cells
from harness.values.labels import MISSING_CODE
from harness.values.tables import Predictions


def without_answers(table: Predictions, missing: NDArray[np.bool_]) -> Predictions:
    """Take the predictions of some rows away."""
    codes = table.predicted().copy()
    codes[missing] = MISSING_CODE
    proba = np.where(missing[:, None], np.nan, table.proba())
    columns = prediction_cells(codes, table.labels)
    columns |= {f"p_{name}": proba[:, k] for k, name in enumerate(table.labels.names)}
    return replace(table, rows=table.rows.assign(**columns))


def some(table: Predictions, share: float = 0.1, root: int = 0) -> NDArray[np.bool_]:
    """Draw rows."""
    return np.random.default_rng(root).random(len(table)) < share
