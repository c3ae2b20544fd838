"""Held-out predictions in, for each label where it is shown and how often it was right there out.

The threshold from which on a label is shown is the best for F0.3, which counts recall three tenths as much as
precision, on validation. The evidence is counted on rows that it was not tuned on: validation rows are
decided by the thresholds of other groups of validation, calibration rows by those of all of validation.
(Calibration rows fitted the map of probabilities, which keeps each label's ranking and so favours none.)

On drawn validation and calibration sets of 80 to 320 rows each, this shows more labels, and more of their
rows, than the thresholds for F1 and F0.5 do, and is right more often (``experiments/framing``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.evaluation.decisions.threshold_tuning import tune_thresholds
from harness.serving.decisions.label_support import LabelSupport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.serving.decisions.decider import Decider
    from harness.values.tables import Predictions

    Array = NDArray[np.float64]

BETA = 0.3


def shown_from(decider: Decider, validation: Predictions, thresholds: Sequence[float]) -> Array:
    """Tune the probability from which on each label is shown.

    Parameters
    ----------
    decider : Decider
        Its calibrator is used.
    validation : Predictions
        Raw; may be empty.
    thresholds : sequence of float
        From which on each label is predicted.

    Returns
    -------
    (k,) array
        At least the thresholds, in ``[0, 1]``.
    """
    if not len(validation):
        return np.asarray(thresholds, dtype=np.float64)
    tuned = tune_thresholds(decider.calibrated(validation.proba()), validation.truth(), beta=BETA)
    return np.maximum(thresholds, tuned)


def count_support(
    decider: Decider, limits: Array, parts: Iterable[tuple[Predictions, Array]]
) -> tuple[LabelSupport, ...]:
    """Count how often each label was given and right.

    Parameters
    ----------
    decider : Decider
        Its calibrator is used.
    limits : (k,) array
        From which probability on each label will be shown.
    parts : iterable of (Predictions, (k,) array)
        Raw predictions of rows that nothing was tuned on, and the limits that decide them. A row that stands
        in several, as of a cross-validation, counts once.

    Returns
    -------
    tuple of LabelSupport
        One per label, in order.
    """
    names = decider.labels.names
    given, right = np.zeros(len(names), dtype=np.int64), np.zeros(len(names), dtype=np.int64)
    ids_seen: set[str] = set()
    for rows, limits_of_part in parts:
        ids = rows.rows["id"].astype(str)
        new = ~(ids.duplicated() | ids.isin(ids_seen)).to_numpy()
        ids_seen.update(ids)
        shown = (decider.calibrated(rows.proba()) >= limits_of_part) & new[:, None]
        given += shown.sum(axis=0)
        right += (shown & (rows.truth() == 1)).sum(axis=0)
    return tuple(
        LabelSupport(name, float(limits[k]), int(given[k]), int(right[k])) for k, name in enumerate(names)
    )
