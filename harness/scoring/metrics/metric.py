"""A metric is a value that states its claims; the test-suite holds it to them.

Three kinds, by what they are computed from:

``counts``
    ``function(counts) -> value``. With ``tasks="single"`` one confusion table, shape ``(..., k, k)``:
    ``counts[..., truth, predicted]``. With ``"multi"`` or ``"both"`` one table a label, shape
    ``(..., k, 2, 2)``: ``counts[..., label, truth, predicted]``; a single-label task is
    then taken one label against the rest. With ``by_target`` one more axis, the targets, before these.
    Leading axes are draws of a bootstrap: every function is vectorised over them and drops only the axes
    named here. Counts may be fractional (weighted).
``items``
    ``function(truth, proba, predicted) -> (n,)``: one value an item; the metric is their mean. With
    ``of_sums`` it is ``(n, m)``, what an item adds to ``m`` sums, and the metric is ``of_sums(sums)``,
    from ``(..., m)``.
``table``
    ``function(truth, proba) -> value``: needs all items at once (ranks, bins). A ``weighted`` one is
    ``function(truth, proba, weights)`` with ``weights`` of shape ``(..., n)``, how often each item counts,
    and is vectorised over its leading axes; the draws of a bootstrap then cost one call. A ``decided`` one is
    ``function(truth, proba, predicted, weights)``.

``truth`` and ``predicted`` are codes, ``(n,)`` or ``(n, k)`` of 0 and 1; ``proba`` is ``(n, k)``. A
``per_label`` metric has one more axis at the end of its result, the labels; it is scored as ``name_<label>``.
For a metric that names ``needs_labels`` the label axes are reordered: those labels come first, in that order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from harness.values.labels import LabelSet


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
        Labels that must be in the label set, e.g. critical and supportive for ``favg_pooled``; they come
        first on the label axes of what the function is given.
    of_sums : callable, optional
        Of an ``items`` metric that is no mean (module docstring).
    weighted : bool
        Whether a table function takes ``weights``.
    decided : bool
        Whether a table function takes ``predicted`` too, before ``weights``.
    biased : bool
        Whether a sample of fewer different items shifts it, as bins and seldom named targets do. The draws
        of a bootstrap then stand beside its value, and its interval is moved back to it.
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
    of_sums: Callable[[Any], Any] | None = None
    weighted: bool = False
    decided: bool = False
    biased: bool = False

    def keys(self, labels: LabelSet) -> tuple[str, ...]:
        """Return the names it is scored under: its own, or one a label.

        Examples
        --------
        >>> F1 = Metric("f1", len, "counts", "both", per_label=True)
        >>> F1.keys(LabelSet(("critical", "supportive")))
        ('f1_critical', 'f1_supportive')
        """
        return tuple(f"{self.name}_{name}" for name in labels.names) if self.per_label else (self.name,)
