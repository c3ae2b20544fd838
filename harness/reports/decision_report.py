"""A finished classifier in, the effects of calibration, thresholds and abstention on test out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.evaluation.decisions.coverage import CoverageResult, measure_coverage
from harness.evaluation.results import ClassifierResult
from harness.scoring.metrics.brier_parts import BrierParts, brier_parts
from harness.scoring.metrics.calibration import (
    BRIER,
    ECE_EQUAL_MASS,
    LOG_LOSS,
    ReliabilityBin,
    claims,
    reliability_bins,
)
from harness.scoring.metrics.selective import errors, risk_coverage
from harness.scoring.retraining import first_repeat
from harness.scoring.score import score
from harness.serving.decisions.abstention_rule import SERVES_NOTHING
from harness.serving.decisions.decider import Decider
from harness.serving.decisions.label_support import LabelSupport
from harness.values.formatting import number
from harness.values.labels import confidence
from harness.values.tables import Predictions, Scores

# Metrics of probabilities: temperature, the default calibration, never changes the likeliest label.
METRICS = (ECE_EQUAL_MASS, BRIER, LOG_LOSS)
PROPER = (BRIER, LOG_LOSS)
"""Proper scores: the best that one can state by them is what one believes."""

MAX_POINTS = 200
"""Points of a risk-coverage curve that are drawn: more than the plot has pixels would only make it larger."""

MIN_COVERAGE = 0.02
"""The curve starts at this coverage: before it, one more error moves the risk by several points."""


@dataclass(frozen=True)
class DecisionReport:
    """How a classifier's raw probabilities became what is served, measured on test.

    Attributes
    ----------
    result : ClassifierResult
    seed : int
        Shown where only one seed can be.
    """

    result: ClassifierResult
    seed: int

    @property
    def decider(self) -> Decider | None:
        """Calibration, thresholds and abstention of the served model; None for external predictions."""
        return self.result.decider

    @cached_property
    def before(self) -> Predictions | None:
        """Raw test predictions of all seeds; None without calibration."""
        if self.decider is None or self.decider.calibrator.kind == "none":
            return None
        return self.result.raw.only(split="test")

    @cached_property
    def after(self) -> Predictions:
        """Test predictions of all seeds after calibration, thresholds and abstention."""
        return self.result.predictions.only(split="test")

    @cached_property
    def changes(self) -> tuple[tuple[str, Scores, Scores], ...]:
        """Name, scores before and scores after calibration for each metric; empty without calibration."""
        if self.before is None:
            return ()
        # All metrics at once: the rows are aligned and resampled once.
        before, after = score(self.before, METRICS).rows, score(self.after, METRICS).rows
        names = [metric.name for metric in METRICS]
        return tuple(
            (name, Scores(before[before["metric"] == name]), Scores(after[after["metric"] == name]))
            for name in names
        )

    @property
    def worsened(self) -> str:
        """Say that calibration made the probabilities worse on test, by both proper scores; else empty."""
        if self.before is None or not self.after.has_probabilities:
            return ""
        before, after = (score(table, PROPER, draws=0) for table in (self.before, self.after))
        pairs = [(before.value(metric.name), after.value(metric.name)) for metric in PROPER]
        if any(new <= old for old, new in pairs):
            return ""
        changes = ", ".join(
            f"{metric.name} {number(old)} before and {number(new)} after"
            for metric, (old, new) in zip(PROPER, pairs, strict=True)
        )
        return (
            f"calibration made the probabilities worse on test ({changes}): more calibration rows would help"
        )

    @cached_property
    def brier(self) -> tuple[tuple[str, BrierParts], ...]:
        """Components of one seed's Brier score, ``before`` calibration (if there is any) and ``after``."""
        tables = [("before", self.before), ("after", self.after)]
        # Isotonic regression on pooled seeds would take equal items for independent ones.
        of_seed = [
            (name, first_repeat(table.only(seed=self.seed))) for name, table in tables if table is not None
        ]
        answered = [(name, table.answered()) for name, table in of_seed]
        return tuple((name, brier_parts(table.truth(), table.proba())) for name, table in answered)

    @cached_property
    def bins_before(self) -> tuple[ReliabilityBin, ...]:
        """Ten bins of equal mass of one seed's raw probabilities; empty without calibration."""
        if self.before is None:
            return ()
        raw = first_repeat(self.before.only(seed=self.seed))
        stated, true = (
            np.concatenate(parts) for parts in zip(*claims(raw.truth(), raw.proba()), strict=True)
        )
        # As many as in the diagram after calibration (N_BINS of the summary): the two stand side by side.
        return reliability_bins(stated, true, bins=10)

    @cached_property
    def curve(self) -> tuple[tuple[float, float], ...]:
        """Coverage and risk of one seed, the most confident items first: at most :data:`MAX_POINTS` pairs."""
        predictions = first_repeat(self.after.only(seed=self.seed))
        codes = predictions.predicted()
        sure, wrong = confidence(predictions.proba(), codes), errors(predictions.truth(), codes)
        # As in the area under this curve, a missing prediction comes last.
        sure = np.where(predictions.missing(), -1.0, sure)
        # A single draw in which each item occurs once: the observed curve, not a resample.
        _, coverage, risk = risk_coverage(sure, wrong, np.ones((1, len(wrong))))
        steady = np.flatnonzero(coverage[0] >= min(MIN_COVERAGE, coverage[0, -1]))
        # Evenly spaced in coverage; the last point, all items, is always among them.
        points = np.unique(np.linspace(steady[0], len(coverage[0]) - 1, MAX_POINTS).round().astype(int))
        return tuple(zip(coverage[0, points].tolist(), risk[0, points].tolist(), strict=True))

    @cached_property
    def served(self) -> tuple[CoverageResult, ...]:
        """Coverage and risk of all test items, of each label and each target; empty if nothing abstains."""
        return measure_coverage(self.after)

    @property
    def threshold(self) -> str:
        """The confidence below which the served model abstains; empty where it never does, or always."""
        rule = self.decider.rule if self.decider is not None else None
        return "" if rule is None or rule.below >= SERVES_NOTHING else f"{rule.below:.3f}"

    @property
    def thresholds(self) -> tuple[tuple[str, float], ...]:
        """Each label of a multi-label task with the lowest probability at which it is predicted."""
        if self.decider is None or self.decider.thresholds is None:
            return ()
        return tuple(zip(self.decider.labels.names, self.decider.thresholds, strict=True))

    @property
    def support(self) -> tuple[LabelSupport, ...]:
        """Where each label of a multi-label task is shown, and the evidence; empty without any."""
        return (self.decider.support if self.decider is not None else None) or ()

    def values(self) -> dict[str, float]:
        """Return what a run logs by metric key, such as ``test/brier_uncalibrated``; NaN is left out."""
        values = dict(self._values()) if self.after.has_probabilities else {}
        return {key: value for key, value in values.items() if not math.isnan(value)}

    def _values(self) -> Iterator[tuple[str, float]]:
        for name, before, after in self.changes:
            for state, scores in (("uncalibrated", before), ("calibrated", after)):
                # One metric on one split, without slices: the table has this row alone.
                row = scores.rows.iloc[0]
                yield f"test/{name}_{state}", float(row["value"])
                for bound in ("low", "high"):
                    yield f"test/{name}_{state}_{bound}", float(row[bound])
        # Labels and targets stay in the report: as metrics, dozens of parties would crowd the UI.
        for of_all in self.served[:1]:
            for quantity in ("coverage", "risk"):
                for bound in ("", "_low", "_high"):
                    yield f"test/abstention_{quantity}{bound}", float(getattr(of_all, f"{quantity}{bound}"))
        if self.decider is not None and self.decider.rule is not None:
            yield "abstention/threshold", self.decider.rule.below
            yield "abstention/wanted_risk", self.decider.rule.risk
