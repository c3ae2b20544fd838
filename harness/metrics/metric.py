"""A metric is a value that states its claims; the test-suite holds it to them.

Three kinds, by what they are computed from:

``counts``
    ``function(counts) -> value``. Single-label: ``counts[..., truth, predicted]``, shape ``(..., k, k)``.
    Multi-label: ``counts[..., label, truth, predicted]``, shape ``(..., k, 2, 2)``. With ``by_target``
    one more axis, the targets, before these. Leading axes are draws of a bootstrap: every function is
    vectorised over them and drops only the axes named here. Counts may be fractional (weighted).
``items``
    ``function(truth, proba, predicted) -> (n,)``: one value an item; the metric is their mean.
``table``
    ``function(truth, proba) -> value``: needs all items at once (ranks, bins).

``truth`` and ``predicted`` are codes, ``(n,)`` or ``(n, k)`` of 0 and 1; ``proba`` is ``(n, k)``. A ``per_label`` metric has one
more axis at the end of its result, the labels; it is scored as ``name_<label>``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Metric:
    """Name, function and claims.

    Attributes
    ----------
    name : str
        As in configs and in MLflow.
    function : callable
        Of the kind's signature (module docstring).
    kind : {"counts", "items", "table"}
        What it is computed from.
    tasks : {"single", "multi", "both"}
        Which label sets it is defined for.
    direction : {"higher", "lower"}
        Which way is better.
    low, high : float
        Its range, bounds included.
    reference : str
        Where it is defined.
    probabilities : bool
        Whether it reads probabilities (else labels alone).
    by_target : bool
        Whether counts are kept apart by target.
    per_label : bool
        Whether it has one value a label.
    needs_labels : tuple of str
        Labels that must be in the label set, e.g. critical and supportive for ``favg_pooled``.
    """

    name: str
    function: Callable[..., Any]
    kind: Literal["counts", "items", "table"]
    tasks: Literal["single", "multi", "both"]
    direction: Literal["higher", "lower"] = "higher"
    low: float = 0.0
    high: float = 1.0
    reference: str = ""
    probabilities: bool = False
    by_target: bool = False
    per_label: bool = False
    needs_labels: tuple[str, ...] = ()
