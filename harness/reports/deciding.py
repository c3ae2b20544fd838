"""A finished classifier in, what calibration, thresholds and abstention did to it out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.evaluation.decisions.coverage import Served, measure
from harness.evaluation.results import ClassifierResult
from harness.scoring.metrics.calibration import (
    BRIER,
    ECE_EQUAL_MASS,
    LOG_LOSS,
    BrierParts,
    ReliabilityBin,
    brier_parts,
    claims,
    reliability_bins,
)
from harness.scoring.metrics.selective import errors, risk_coverage
from harness.scoring.score import score
from harness.serving.decisions.abstention import SERVES_NOTHING
from harness.serving.decisions.decider import Decider
from harness.values.labels import confidence
from harness.values.tables import Predictions, Scores

METRICS = (ECE_EQUAL_MASS, BRIER, LOG_LOSS)
POINTS = 200
"""At most so many points of a risk-coverage curve are drawn."""


@dataclass(frozen=True)
class Deciding:
    """How a classifier's raw probabilities became what is served, seen on test.

    Attributes
    ----------
    result : ClassifierResult
    seed : int
        Shown where one seed has to be.
    """

    result: ClassifierResult
    seed: int

    @property
    def decider(self) -> Decider | None:
        """What the served model decides by; None for predictions that were made elsewhere."""
        return self.result.decider

    @cached_property
    def before(self) -> Predictions | None:
        """Raw test predictions of all seeds; None where nothing calibrates them."""
        if self.decider is None or self.decider.calibrator.kind == "none":
            return None
        return self.result.raw.only(split="test")

    @cached_property
    def after(self) -> Predictions:
        """Decided test predictions of all seeds."""
        return self.result.predictions.only(split="test")

    @cached_property
    def changes(self) -> tuple[tuple[str, Scores, Scores], ...]:
        """Of each metric its name, and its scores before and after calibration; empty where there is none."""
        if self.before is None:
            return ()
        return tuple((one.name, score(self.before, [one]), score(self.after, [one])) for one in METRICS)

    @cached_property
    def brier(self) -> tuple[tuple[str, BrierParts], ...]:
        """What the Brier score of the shown seed is made of, before (where it is calibrated) and after."""
        tables = [("before", self.before), ("after", self.after)]
        shown = [(name, table.only(seed=self.seed)) for name, table in tables if table is not None]
        return tuple((name, brier_parts(table.truth(), table.proba())) for name, table in shown)

    @cached_property
    def bins_before(self) -> tuple[ReliabilityBin, ...]:
        """Ten bins of equal mass of the raw probabilities of the shown seed; empty where nothing changes."""
        if self.before is None:
            return ()
        shown = self.before.only(seed=self.seed)
        stated, true = (
            np.concatenate(one) for one in zip(*claims(shown.truth(), shown.proba()), strict=True)
        )
        return reliability_bins(stated, true, bins=10)

    @cached_property
    def curve(self) -> tuple[tuple[float, float], ...]:
        """Coverage and risk of the shown seed, the surest items first: at most :data:`POINTS` pairs."""
        shown = self.after.only(seed=self.seed)
        codes = shown.predicted()
        sure, wrong = confidence(shown.proba(), codes), errors(shown.truth(), codes)
        _, coverage, risk = risk_coverage(sure, wrong, np.ones((1, len(wrong))))
        # The first few items alone swing between 0 and 1 and say nothing.
        steady = np.flatnonzero(coverage[0] >= min(0.02, coverage[0, -1]))
        places = np.unique(np.linspace(steady[0], len(coverage[0]) - 1, POINTS).round().astype(int))
        return tuple(zip(coverage[0, places].tolist(), risk[0, places].tolist(), strict=True))

    @cached_property
    def served(self) -> tuple[Served, ...]:
        """What was served of all test items, of each label's and each target's; empty if nothing abstains."""
        return measure(self.after)

    @property
    def threshold(self) -> str:
        """The confidence below which the served model abstains; empty where it never does, or always."""
        rule = self.decider.rule if self.decider is not None else None
        return "" if rule is None or rule.below >= SERVES_NOTHING else f"{rule.below:.3f}"

    @property
    def thresholds(self) -> tuple[tuple[str, float], ...]:
        """Each label of a multi-label task with the probability from which on it is given."""
        if self.decider is None or self.decider.thresholds is None:
            return ()
        return tuple(zip(self.decider.labels.names, self.decider.thresholds, strict=True))

    def values(self) -> dict[str, float]:
        """Return what a run logs of it by key, such as ``test/brier_uncalibrated``; NaN is left out."""
        found = dict(self._values()) if self.after.has_probabilities else {}
        return {key: value for key, value in found.items() if not math.isnan(value)}

    def _values(self) -> Iterator[tuple[str, float]]:
        for name, before, after in self.changes:
            for said, scores in (("uncalibrated", before), ("calibrated", after)):
                row = scores.rows.iloc[0]
                yield f"test/{name}_{said}", float(row["value"])
                for bound in ("low", "high"):
                    yield f"test/{name}_{said}_{bound}", float(row[bound])
        for one in self.served[:1]:
            for what in ("coverage", "risk"):
                for bound in ("", "_low", "_high"):
                    yield f"test/abstention_{what}{bound}", float(getattr(one, f"{what}{bound}"))
        if self.decider is not None and self.decider.rule is not None:
            yield "abstention/threshold", self.decider.rule.below
            yield "abstention/wanted_risk", self.decider.rule.risk
