"""Confusion tables in, scores under another label mix out.

How often each label is taken for which is kept, and how often it occurs is set: label shift, under which the
sentences of a label are the same as before and only their number differs (Saerens, Latinne & Decaestecker
2002; Lipton, Wang & Smola 2018). Recall does not change, precision and all that rests on it does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.scoring.metrics import classification
from harness.scoring.metrics.counts import one_vs_rest
from harness.scoring.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]


def reweighted(table: Array, prevalence: Array | None) -> Array:
    """Return tables whose labels occur as often as is stated.

    Parameters
    ----------
    table : (..., k, k) array
        Counts as ``[truth, predicted]``.
    prevalence : (k,) array or None
        Shares, summing to 1; None leaves the table alone.

    Returns
    -------
    (..., k, k) array
        Sums as before; NaN where a label that should occur has no item to tell what it is taken for.
    """
    if prevalence is None:
        return table
    of_label = table.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = table / of_label
    wanted = prevalence[:, None] * table.sum(axis=(-2, -1), keepdims=True)
    # A label that should not occur needs no items.
    return np.where(wanted > 0, shares * wanted, 0.0)


def accuracy(table: Array, prevalence: Array | None = None) -> Array:
    """Return the share of items labelled correctly, under the stated mix."""
    return classification.accuracy(reweighted(table, prevalence))


def expected_cost(table: Array, prevalence: Array | None = None, costs: Array | None = None) -> Array:
    """Return the mean cost of an item, under the stated mix."""
    return classification.expected_cost(reweighted(table, prevalence), costs)


def f1(table: Array, prevalence: Array | None = None) -> Array:
    """Return F1 of each label under the stated mix, ``(..., k, k)`` to ``(..., k)``."""
    return classification.f1(one_vs_rest(reweighted(table, prevalence)))


def f1_macro(table: Array, prevalence: Array | None = None) -> Array:
    """Return the mean of the labels' F1 under the stated mix."""
    return classification.f1_macro(one_vs_rest(reweighted(table, prevalence)))


def precision(table: Array, prevalence: Array | None = None) -> Array:
    """Return the precision of each label under the stated mix, ``(..., k, k)`` to ``(..., k)``."""
    return classification.precision(one_vs_rest(reweighted(table, prevalence)))


def _shifted(metric: Metric, function: Any, gloss: str) -> Metric:
    return replace(
        metric,
        name=f"{metric.name}_shifted",
        function=function,
        tasks="single",
        # Few items of a label stand for as many as the mix wants.
        averages_labels=not metric.per_label,
        needs_prevalence=True,
        reference=f"{metric.reference}; under the label mix that the config states, Saerens et al. 2002",
        gloss=f"under the label mix that the config states, {gloss}",
    )


ACCURACY_SHIFTED = _shifted(classification.ACCURACY, accuracy, "the share of items labelled correctly")
F1_MACRO_SHIFTED = _shifted(classification.F1_MACRO, f1_macro, "the mean over labels of F1")
F1_SHIFTED = _shifted(classification.F1, f1, "recognised and rightly given")
PRECISION_SHIFTED = _shifted(classification.PRECISION, precision, "how many given labels are right")
EXPECTED_COST_SHIFTED = _shifted(classification.EXPECTED_COST, expected_cost, "the mean cost of an item")
