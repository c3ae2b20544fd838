"""Raw probabilities in, decisions out: calibrated probabilities, labels, and whether to abstain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.serving.decisions import calibrators
from harness.serving.decisions.abstention_rule import AbstentionRule
from harness.serving.decisions.calibrators import Calibrator, Unchanged
from harness.values.labels import LabelSet, confidence, missing_rows, unstated_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.serving.decisions.label_support import LabelSupport
    from harness.values.tables import Predictions

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]


LEAST_COST = "A row gets the label of least expected cost"
"""Begins the note of a decider that decides by costs."""


@dataclass(frozen=True)
class Decider:
    """How raw probabilities become calibrated ones, labels, and abstentions.

    Attributes
    ----------
    labels : LabelSet
        With costs that decide, a row gets the label of least expected cost.
    calibrator : Calibrator
    thresholds : tuple of float or None
        One per label, for calibrated probabilities, in ``[0, 1]``; multi-label only. None stands for 0.5
        each.
    rule : AbstentionRule or None
        When to abstain; None: never.
    shift : tuple of float or None
        By how much more often each label occurs where the model is used than among the calibration rows;
        calibrated probabilities are multiplied by it (Saerens, Latinne & Decaestecker 2002). Single-label
        only.
    notes : tuple of str
        Limitations that the model's card lists, a sentence each.
    support : tuple of LabelSupport or None
        One per label, in order: where a predicted label is shown and where it is unsure; multi-label only.
        None where that was not measured: all are shown.
    """

    labels: LabelSet
    calibrator: Calibrator = field(default_factory=Unchanged)
    thresholds: tuple[float, ...] | None = None
    rule: AbstentionRule | None = None
    notes: tuple[str, ...] = ()
    shift: tuple[float, ...] | None = None
    support: tuple[LabelSupport, ...] | None = None

    def calibrated(self, proba: Array) -> Array:
        """Calibrate raw probabilities, ``(n, k)``, and adjust them to the label mix, if there is one.

        Rows without probabilities (NaN) stay without.
        """
        missing = unstated_rows(proba)
        if not missing.any():
            return self._calibrated(proba)
        # Not every map takes NaN, and none needs to.
        calibrated = np.full(proba.shape, np.nan)
        if not missing.all():
            calibrated[~missing] = self._calibrated(proba[~missing])
        return calibrated

    def _calibrated(self, proba: Array) -> Array:
        calibrated = self.calibrator.apply(proba, multi=self.labels.multi)
        if self.shift is None:
            return calibrated
        weighted = calibrated * np.asarray(self.shift)
        total = weighted.sum(axis=1, keepdims=True)
        # A row that is given a label with certainty, which is said not to occur, keeps its probabilities.
        return np.where(total > 0, weighted / np.where(total > 0, total, 1.0), calibrated)

    def decide(self, proba: Array) -> Codes:
        """Return the labels of calibrated probabilities, coded as :meth:`LabelSet.decide` does."""
        return self.labels.decide(proba, self.thresholds)

    def abstains(self, proba: Array, codes: Codes) -> NDArray[np.bool_]:
        """Decide which rows get no label: a missing prediction is withheld, whatever the rule.

        Parameters
        ----------
        proba : (n, k) array
            Calibrated.
        codes : array
            The labels of the rows, from :meth:`decide`.

        Returns
        -------
        (n,) array of bool
        """
        missing = missing_rows(codes)
        if self.rule is None:
            return missing
        return np.asarray(missing | (confidence(proba, codes) < self.rule.served_from))

    def shown(self, proba: Array, codes: Codes) -> Codes:
        """Return which of the predicted labels may be shown; the others are unsure.

        Parameters
        ----------
        proba : (n, k) array
            Calibrated.
        codes : array
            The labels of the rows, from :meth:`decide`.

        Returns
        -------
        array
            As ``codes``, with 0 for the labels that are unsure; ``codes`` where nothing was measured.
        """
        if self.support is None:
            return codes
        # Above every probability: a label without enough evidence is never shown.
        limits = [label.shown_from if label.holds else np.inf for label in self.support]
        return np.where((codes == 1) & ~(proba >= np.asarray(limits)), 0, codes)

    def apply(self, predictions: Predictions) -> Predictions:
        """Return a table of raw predictions with calibrated probabilities, labels, and abstentions."""
        # Imported here: a served model labels rows and never meets a table of predictions.
        from harness.values.label_columns import prediction_cells
        from harness.values.tables import ABSTAIN

        proba = self.calibrated(predictions.proba())
        codes = self.decide(proba)
        columns: dict[str, Any] = {f"p_{name}": proba[:, k] for k, name in enumerate(self.labels.names)}
        columns |= prediction_cells(codes, self.labels)
        if self.rule is not None:
            columns[ABSTAIN] = self.abstains(proba, codes)
        return replace(predictions, rows=predictions.rows.assign(**columns))

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data; :meth:`read` returns an equal one."""
        costs = self.labels.costs
        return {
            "calibration": self.calibrator.plain(),
            "thresholds": list(self.thresholds) if self.thresholds is not None else None,
            "abstention": self.rule.plain() if self.rule is not None else None,
            "notes": list(self.notes),
            # Models that decide without costs are described as before there were any.
            **({"costs": costs.table()} if costs is not None and costs.decides else {}),
            **({"shift": list(self.shift)} if self.shift is not None else {}),
            **({"support": [label.plain() for label in self.support]} if self.support is not None else {}),
        }

    @property
    def least_cost(self) -> bool:
        """Whether a row gets the label of least expected cost, not the most probable one."""
        return self.labels.costs is not None and self.labels.costs.decides

    @classmethod
    def read(cls, data: Mapping[str, Any], labels: LabelSet) -> Decider:
        """Return the decider that :meth:`plain` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where the data describe no decider for these labels.
        """
        thresholds, rule = data["thresholds"], data["abstention"]
        if data.get("costs"):
            from harness.values.costs import Costs, cost_problems

            if labels.multi or any(cost_problems(data["costs"], labels.names)):
                raise ValueError(f"costs {data['costs']!r}")
            labels = replace(labels, costs=Costs.of(data["costs"], decides=True))
        if thresholds is not None:
            thresholds = tuple(map(float, thresholds))
            if not labels.multi or len(thresholds) != len(labels) or not all(0 <= t <= 1 for t in thresholds):
                raise ValueError(f"thresholds {thresholds!r}")
        return cls(
            labels,
            calibrators.read(data["calibration"], labels),
            thresholds,
            None if rule is None else AbstentionRule.read(rule),
            tuple(map(str, data["notes"])),
            _shift(data.get("shift"), labels),
            _support(data.get("support"), labels),
        )


def _support(records: Any, labels: LabelSet) -> tuple[LabelSupport, ...] | None:
    # Models of earlier versions have none.
    if records is None:
        return None
    # Here, so that a model without it loads no more than it needs.
    from harness.serving.decisions.label_support import LabelSupport

    support = tuple(LabelSupport.read(record) for record in records)
    if not labels.multi or tuple(label.name for label in support) != labels.names:
        raise ValueError(f"support {records!r}")
    return support


def _shift(ratios: Any, labels: LabelSet) -> tuple[float, ...] | None:
    if ratios is None:
        return None
    shift = tuple(map(float, ratios))
    if labels.multi or len(shift) != len(labels) or not all(0 <= ratio < np.inf for ratio in shift):
        raise ValueError(f"shift {ratios!r}")
    return shift
