"""Predicted probabilities in, the parts of a Brier score out: miscalibration, discrimination, …"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class BrierParts:
    """Decomposition of a Brier score: ``score = miscalibration - discrimination + uncertainty``.

    Attributes
    ----------
    miscalibration : float
        What perfect calibration would gain; 0 is best.
    discrimination : float
        What distinguishing items gains; 0 if all items get the same probability.
    uncertainty : float
        The score of predicting the share of each label for every item.
    """

    miscalibration: float
    discrimination: float
    uncertainty: float


def brier_parts(truth: Codes, proba: Array) -> BrierParts:
    """Decompose the Brier score, label by label, exactly and without bins.

    Parameters
    ----------
    truth, proba
        See :mod:`harness.scoring.metrics.metric`; at least one item. Scaled as
        :func:`harness.scoring.metrics.calibration.brier`.

    References
    ----------
    Dimitriadis, Gneiting & Jordan 2021, Stable reliability diagrams (CORP): probabilities are recalibrated by
    isotonic regression on the same items, so with few items part of ``discrimination`` is chance.
    """
    from sklearn.isotonic import IsotonicRegression

    multi = truth.ndim > 1
    applies = (truth if multi else np.eye(proba.shape[1])[truth]).astype(np.float64)
    losses = []
    for stated, true in zip(np.asarray(proba, dtype=np.float64).T, applies.T, strict=True):
        recalibrated = IsotonicRegression().fit_transform(stated, true)
        losses.append([((p - true) ** 2).mean() for p in (stated, recalibrated, true.mean())])
    score, calibrated, constant = np.mean(losses, axis=0) if multi else np.sum(losses, axis=0)
    return BrierParts(float(score - calibrated), float(constant - calibrated), float(constant))
