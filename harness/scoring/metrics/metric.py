"""Definition of a metric: a value that states its claims, which the tests check.

A metric is of one of three kinds, by what it is computed from:

``counts``
    ``function(counts) -> value``. With ``tasks="single"``, one confusion table of shape ``(..., k, k)``:
    ``counts[..., truth, predicted]``. With ``"multi"`` or ``"both"``, one table per label, shape
    ``(..., k, 2, 2)``: ``counts[..., label, truth, predicted]``; a single-label task is then taken as one
    label against the rest. With ``by_target``, one more axis, the targets, precedes these. Leading axes are
    draws of a bootstrap: every function is vectorised over them and drops only the axes named here. Counts
    may be fractional (weighted).
``items``
    ``function(truth, proba, predicted) -> (n,)``: one value per item; the metric is their mean. With
    ``of_sums`` it is ``(n, m)``, what an item adds to ``m`` sums, and the metric is ``of_sums(sums)``, which
    maps ``(..., m)`` to ``(...)``.
``table``
    ``function(truth, proba) -> value``: needs all items at once (ranks, bins). If ``weighted``, it is
    ``function(truth, proba, weights)`` with ``weights`` of shape ``(..., n)``, how often each item counts,
    and is vectorised over its leading axes; the draws of a bootstrap then cost one call. If
    ``takes_predicted`` too, it is ``function(truth, proba, predicted, weights)``.

Where predictions are missing, tables of counts have one more column at the end, *no answer*:
``(..., k, k + 1)`` and ``(..., k, 2, 3)``. In ``items`` and ``table`` such an item has -1 in ``predicted``,
of several labels for each, and NaN in ``proba``: a function counts it as a miss of what is true and a hit of
none.

``truth`` and ``predicted`` are codes, ``(n,)``, or ``(n, k)`` of 0 and 1; ``proba`` is ``(n, k)``. A
``per_label`` metric has one more axis at the end of its result, the labels; its scores are called
``name_<label>``. For a metric with ``needs_labels`` the label axes are reordered: those labels come first, in
that order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from harness.values.labels import LabelSet


@dataclass(frozen=True)
class Metric:
    """Name, function and claims of a metric.

    Attributes
    ----------
    name : str
        As in configs and in MLflow.
    function : callable
        With the signature of the kind, see the module.
    kind : {"counts", "items", "table"}
        What it is computed from.
    tasks : {"single", "multi", "both"}
        Label sets that it is defined for.
    direction : {"higher", "lower"}
        Which is better.
    low, high : float
        Range of its values, bounds included.
    reference : str
        Where it is defined.
    gloss : str
        What it says, in plain words, for readers who do not know it by name.
    probabilities : bool
        Whether it needs probabilities, not only labels.
    by_target : bool
        Whether it needs the counts of each target.
    per_label : bool
        Whether it has one value per label.
    averages_labels : bool
        Whether it is a mean over labels, so that few items of one label make it uncertain.
    needs_labels : tuple of str
        Labels that must be in the label set, such as critical and supportive for ``favg_pooled``; they come
        first on the label axes that the function gets.
    of_sums : callable, optional
        For an ``items`` metric that is not a mean, see the module.
    weighted : bool
        Whether a ``table`` function takes ``weights``.
    takes_predicted : bool
        Whether a ``table`` function takes ``predicted`` too, before ``weights``.
    debiased : bool
        Whether it takes off what chance adds: then an item that counts twice is not two items, and more items
        of the same kind give a higher value.
    biased : bool
        Whether its value depends on the number of distinct items, as with bins and rarely named targets. The
        bootstrap draws are then off its value, and the interval is shifted back to it.
    needs_costs : bool
        Whether it needs the costs of errors, which a config states; see :meth:`of`.
    needs_prevalence : bool
        Whether it is about the label mix that a config states.
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
    averages_labels: bool = False
    needs_labels: tuple[str, ...] = ()
    of_sums: Callable[[Any], Any] | None = None
    weighted: bool = False
    takes_predicted: bool = False
    debiased: bool = False
    biased: bool = False
    gloss: str = ""
    needs_costs: bool = False
    needs_prevalence: bool = False

    def of(self, labels: LabelSet) -> Metric:
        """Return the metric for a label set: with the costs and the label mix that it needs.

        Its function then has the keywords ``costs``, a ``(k, k)`` array as ``[true, given]``, and
        ``prevalence``, a ``(k,)`` array.
        """
        bound = self
        if self.needs_costs and labels.costs is not None:
            costs = labels.costs.matrix(labels.names)
            bound = replace(bound, function=partial(bound.function, costs=costs), high=float(costs.max()))
        if self.needs_prevalence and labels.prevalence is not None:
            prevalence = labels.prevalence.vector(labels.names)
            bound = replace(bound, function=partial(bound.function, prevalence=prevalence))
        return bound

    def keys(self, labels: LabelSet) -> tuple[str, ...]:
        """Return the names of its scores: its own, or one per label.

        Examples
        --------
        >>> F1 = Metric("f1", len, "counts", "both", per_label=True)
        >>> F1.keys(LabelSet(("critical", "supportive")))
        ('f1_critical', 'f1_supportive')
        """
        return tuple(f"{self.name}_{name}" for name in labels.names) if self.per_label else (self.name,)
