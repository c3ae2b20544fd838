"""Probabilities and true labels in, a frozen map from raw to calibrated probabilities out.

Temperature scaling follows Guo et al. (2017), Platt scaling Platt (1999), isotonic regression Zadrozny &
Elkan (2002). The maps themselves are in :mod:`harness.serving.decisions.calibrators`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from harness.serving.decisions.calibrators import (
    Calibrator,
    Isotonic,
    Platt,
    Temperature,
    Unchanged,
    log_odds,
    tempered,
)
from harness.values.labels import LabelSet
from harness.values.minimums import MIN_PER_LABEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 100.0
"""Bounds of the search for a temperature, a hundred times either way."""


def fit(kind: str, proba: Array, truth: Codes, labels: LabelSet) -> tuple[Calibrator, tuple[str, ...]]:
    """Fit a calibrator.

    Parameters
    ----------
    kind : {"temperature", "platt", "isotonic", "none"}
    proba : (n, k) array
        Raw, in [0, 1], of rows that the classifier was not fitted on.
    truth : (n,) or (n, k) array
        Codes, or 0 and 1.
    labels : LabelSet

    Returns
    -------
    Calibrator
    tuple of str
        Labels that were not calibrated and why, one sentence each.
    """
    if kind == "none":
        return Unchanged(), ()
    few = few_items(truth, labels)
    if not labels.multi and len(truth) < 2 * MIN_PER_LABEL:
        return Unchanged(), (f"Probabilities are not calibrated: {len(truth)} calibration rows are too few.",)
    notes: tuple[str, ...] = ()
    # A single-label temperature is one number for all labels: rare ones are calibrated with the others.
    if few and (labels.multi or kind != "temperature"):
        names = ", ".join(labels.names[k] for k in few)
        notes = (
            f"Probabilities of {names} are not calibrated: fewer than {MIN_PER_LABEL} calibration rows"
            " have, or lack, the label.",
        )
    return FITS[kind](proba, truth, labels, few), notes


def few_items(truth: Codes, labels: LabelSet) -> tuple[int, ...]:
    """Return the indices of labels that too few rows have, or lack, to be calibrated."""
    applies = of_labels(truth, labels)
    support = applies.sum(axis=0)
    return tuple(k for k in range(len(labels)) if min(support[k], len(applies) - support[k]) < MIN_PER_LABEL)


def of_labels(truth: Codes, labels: LabelSet) -> Codes:
    """Return which labels apply: ``(n, k)`` of 0 and 1 for either kind of task."""
    return truth if labels.multi else np.eye(len(labels), dtype=np.int64)[truth]


def _temperature(proba: Array, truth: Codes, labels: LabelSet, few: Sequence[int]) -> Temperature:
    if not labels.multi:
        return Temperature((_best_temperature(proba, truth, multi=False),))
    return Temperature(
        tuple(
            1.0 if k in few else _best_temperature(proba[:, [k]], truth[:, [k]], multi=True)
            for k in range(len(labels))
        )
    )


def _best_temperature(proba: Array, truth: Codes, *, multi: bool) -> float:
    """Minimise the log loss over the temperature.

    A weak prior (the logarithm of the temperature is standard normal) keeps it finite where every row is
    right.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        scaled = tempered(proba, [math.exp(log_temperature)], multi=multi)
        of_truth = (
            np.where(truth == 1, scaled, 1 - scaled)[:, 0] if multi else scaled[np.arange(len(scaled)), truth]
        )
        return float(-np.log(np.maximum(of_truth, 1e-300)).sum() + log_temperature**2 / 2)

    bounds = (math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE))
    optimum = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(math.exp(optimum.x))


def _platt(proba: Array, truth: Codes, labels: LabelSet, few: Sequence[int]) -> Platt:
    odds, applies = log_odds(proba), of_labels(truth, labels)
    lines = [(1.0, 0.0) if k in few else _line(odds[:, k], applies[:, k]) for k in range(len(labels))]
    slopes, intercepts = zip(*lines, strict=True)
    return Platt(slopes, intercepts)


def _line(odds: Array, applies: Codes) -> tuple[float, float]:
    """Fit slope and intercept to Platt's smoothed targets, which keep both finite."""
    from sklearn.linear_model import LogisticRegression

    n_true = int(applies.sum())
    # Platt's targets: Laplace's rule for each class instead of 0 and 1, which perfectly separated rows would
    # follow to infinity.
    high, low = (n_true + 1) / (n_true + 2), 1 / (len(applies) - n_true + 2)
    target = np.where(applies == 1, high, low)
    # scikit-learn takes no soft targets: each row enters as a positive and as a negative, weighted. C is
    # large because the targets regularise already.
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(
        np.concatenate([odds, odds])[:, None],
        np.repeat([1, 0], len(odds)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope > 0:
        return slope, intercept
    # A slope of 0 or less: the probability tells nothing about the label, so its frequency is returned.
    return 0.0, math.log(target.mean() / (1 - target.mean()))


def _isotonic(proba: Array, truth: Codes, labels: LabelSet, few: Sequence[int]) -> Isotonic:
    from sklearn.isotonic import IsotonicRegression

    applies, knots = of_labels(truth, labels), []
    # No finite sample makes a label certain: probabilities stay within the bounds of Laplace's rule.
    least = 1 / (len(truth) + 2)
    for k in range(len(labels)):
        if k in few:
            knots.append(((0.0, 1.0), (0.0, 1.0)))
            continue
        model = IsotonicRegression(y_min=least, y_max=1 - least).fit(proba[:, k], applies[:, k])
        knots.append((tuple(model.X_thresholds_.tolist()), tuple(model.y_thresholds_.tolist())))
    return Isotonic(tuple(knots))


FITS: Mapping[str, Callable[[Array, Codes, LabelSet, Sequence[int]], Calibrator]] = MappingProxyType(
    {"temperature": _temperature, "platt": _platt, "isotonic": _isotonic}
)
